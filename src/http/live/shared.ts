import type { Caller } from '../../domain/caller';
import type { SubjectsRead } from '../../graph/model/subjects';
import type { Changes, Subjects } from '../../service/changes';
import { failureOf, statusOf } from '../failure';
import type { Reading } from './reader';
import type { Answer, Subscriber } from './subscriber';

/** Pauses after a read that failed. They double. */
const retryMs = { first: 1_000, last: 30_000 };

/** Whether a failure passes by itself, and how long to wait before the next read at least. */
function judged(error: unknown): { passes: boolean; waitMs: number } {
  const { code, retryAfter = 0 } = failureOf(error, '');
  return { passes: statusOf(code) >= 500 || code === 'RATE_LIMITED', waitMs: retryAfter * 1_000 };
}

/**
 * What any number of subscribers share: the same query with the same variables, in the same scope. It is read once for all
 * of them, and while there are any.
 */
export abstract class Shared {
  protected readonly subscribers = new Set<Subscriber>();
  private watching: Promise<() => void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private pause = retryMs.first;

  constructor(
    private readonly changes: Changes,
    private readonly entityId: string,
    private readonly subjects: SubjectsRead,
    /** Called when nobody is left. */
    private readonly onEmpty: () => void,
  ) {}

  /** The answers for a subscriber, from now until it ends. */
  async *follow(subscriber: Subscriber, after?: string): AsyncGenerator<Answer> {
    this.subscribers.add(subscriber);
    try {
      this.watching ??= this.watch();
      await this.watching;
      yield* this.answers(subscriber, after);
    } finally {
      this.subscribers.delete(subscriber);
      if (this.subscribers.size === 0) await this.close();
    }
  }

  protected abstract answers(subscriber: Subscriber, after?: string): AsyncGenerator<Answer>;
  /** Objects have changed that are read here. */
  protected changed(): void {}
  /** The events of such changes can be read. */
  protected complete(): void {}

  /** One caller of each client. */
  protected reading(): Reading {
    const callers = new Map<string, Caller>();
    let requestId = '';
    for (const subscriber of this.subscribers) {
      const { clientId } = subscriber.caller;
      if (!callers.has(clientId)) callers.set(clientId, subscriber.caller);
      requestId ||= subscriber.requestId;
    }
    return { callers: [...callers.values()], requestId };
  }

  /**
   * A read has failed. Who has no answer yet is told. To the others it comes late: an outage ends, and so does the minute in
   * which their clients have spent their cost. Any other refusal ends all.
   */
  protected fail(error: unknown, again: () => void): void {
    const { passes, waitMs } = judged(error);
    for (const subscriber of [...this.subscribers]) if (!passes || !subscriber.begun) subscriber.end(error);
    if (!passes || this.subscribers.size === 0) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(again, Math.max(this.pause, waitMs)).unref();
    this.pause = Math.min(this.pause * 2, retryMs.last);
  }

  /** The same for a read of one subscriber, which waits and tries again. @throws what does not pass */
  protected async patiently<T>(subscriber: Subscriber, read: () => Promise<T>): Promise<T | undefined> {
    for (let pause = retryMs.first; !subscriber.ended; pause = Math.min(pause * 2, retryMs.last)) {
      try {
        return await read();
      } catch (error) {
        const { passes, waitMs } = judged(error);
        if (!passes || !subscriber.begun) throw error;
        const timer = setTimeout(() => subscriber.ring(), Math.max(pause, waitMs));
        await subscriber.wait();
        clearTimeout(timer);
      }
    }
    return undefined;
  }

  protected succeed(): void {
    this.pause = retryMs.first;
  }

  protected ringAll(): void {
    for (const subscriber of this.subscribers) subscriber.ring();
  }

  /** The first of all that fails here fails for everybody who waits; the next subscriber tries again. */
  private watch(): Promise<() => void> {
    const has = (changed: Subjects) =>
      changed === 'all' ||
      this.subjects === 'all' ||
      [...changed].some((each) => (this.subjects as Set<string>).has(each));
    const watching = this.changes.watch(this.entityId, {
      changed: (subjects) => has(subjects) && this.changed(),
      complete: (subjects) => has(subjects) && this.complete(),
    });
    watching.catch(() => {
      this.watching = undefined;
    });
    return watching;
  }

  private async close(): Promise<void> {
    clearTimeout(this.retry);
    const { watching } = this;
    this.watching = undefined;
    this.onEmpty();
    (await watching?.catch(() => undefined))?.();
  }
}
