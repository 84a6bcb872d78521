import type { Caller } from '../../domain/caller';

/** A reply that subscribers get: the value, and its JSON. It is written once for all of them. */
export interface Answer {
  value: object;
  text: string;
}

/** One subscription of a client. It takes an answer when it can send it; nothing is kept for it until then. */
export class Subscriber {
  private over = false;
  private reason: unknown;
  private wake: (() => void) | undefined;
  /** Answers that it got. */
  taken = 0;
  /** It can be answered. Before, a failure is told to its client; afterwards, its answers come late. */
  begun = false;

  constructor(
    readonly caller: Caller,
    readonly requestId: string,
    /** Called once, when the answers are over: by an error, or because the client has left. */
    private readonly onLeave: (error?: unknown) => void,
  ) {}

  get ended(): boolean {
    return this.over;
  }

  /**
   * Ends the subscription: with an error for the client, or without, if the client has left. Maybe nobody asks for another
   * answer, or has ever asked for one.
   */
  end(reason?: unknown): void {
    if (this.over) return;
    this.reason = reason;
    this.leave(reason);
    this.ring();
  }

  private leave(error?: unknown): void {
    if (this.over) return;
    this.over = true;
    this.onLeave(error);
  }

  /** Resolves with the next `ring`. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  ring(): void {
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }

  /**
   * The answers until the end. `return` ends the subscription also while it waits.
   * @throws the reason of the end, in the form that `shown` gives it
   */
  answers(source: AsyncGenerator<Answer>, shown: (error: unknown) => unknown): AsyncGenerator<Answer> {
    const next = async (): Promise<IteratorResult<Answer>> => {
      try {
        const result = await source.next();
        if (result.done && this.reason !== undefined) throw this.reason;
        if (result.done) this.leave();
        if (!result.done) this.taken++;
        return result;
      } catch (error) {
        this.leave(error);
        throw shown(error);
      }
    };
    const end = async (): Promise<IteratorResult<Answer>> => {
      this.end();
      await source.return(undefined);
      return { done: true, value: undefined };
    };
    const all = { next, return: end, throw: end, [Symbol.asyncIterator]: () => all };
    return all as unknown as AsyncGenerator<Answer>;
  }
}
