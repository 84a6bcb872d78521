/** Refused at once: a client has as many waiting as it may. */
export class TooManyWaiting extends Error {
  constructor(readonly allowed: number) {
    super(`${allowed} requests wait already`);
  }
}

interface Waiting {
  weight: number;
  go: () => void;
  fail: (reason: unknown) => void;
}

interface Client {
  held: number;
  waiting: Waiting[];
}

/** How often others may go ahead of a client that holds nothing, since its request is too heavy for what is free. */
const mostPassed = 16;

/**
 * A capacity that clients share: connections, or the cost of what runs. Clients take turns, not requests: a client with a
 * thousand requests waits as long for the next as a client with one.
 *
 * A client may hold as much as is left free beside it. So one client alone gets half, a second half of the rest, and a client
 * that holds nothing finds something unless several others use all they may. (This is the "dynamic threshold" of Choudhury and
 * Hahne for buffers that ports of a switch share; a fixed share would leave capacity idle or let two clients take all.)
 */
export class Turns {
  private free: number;
  private readonly clients = new Map<string, Client>();
  /** Clients with requests that wait: whose turn is next comes first. */
  private readonly line = new Set<string>();
  private passed = 0;

  constructor(
    readonly capacity: number,
    /** Requests of one client that may wait. */
    private readonly mostWaiting: number = Number.POSITIVE_INFINITY,
  ) {
    this.free = capacity;
  }

  get inUse(): number {
    return this.capacity - this.free;
  }

  get waiting(): number {
    let count = 0;
    for (const client of this.line) count += this.clients.get(client)!.waiting.length;
    return count;
  }

  /** What a client holds now. */
  heldBy(client: string): number {
    return this.clients.get(client)?.held ?? 0;
  }

  /** How many requests of a client wait now. */
  waitingOf(client: string): number {
    return this.clients.get(client)?.waiting.length ?? 0;
  }

  /**
   * Takes the weight where it is the client's turn at once: what gives it back, a second call does nothing. A weight of more
   * than half the capacity counts as half, or no client could ever take it.
   */
  tryTake(id: string, weight = 1): (() => void) | undefined {
    if (this.line.size > 0) return undefined;
    const counted = this.counted(weight);
    const client = this.clients.get(id) ?? { held: 0, waiting: [] };
    if (!this.fits(client, counted)) return undefined;
    this.clients.set(id, client);
    this.hold(client, counted);
    return this.giveBack(id, client, counted);
  }

  /**
   * Resolves when it is the client's turn, as `tryTake` does. A request that is aborted while it waits gives up its place, and
   * fails with the signal's reason.
   * @throws TooManyWaiting
   */
  async take(id: string, weight = 1, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const taken = this.tryTake(id, weight);
    if (taken) return taken;
    if (this.waitingOf(id) >= this.mostWaiting) throw new TooManyWaiting(this.mostWaiting);
    const client = this.clients.get(id) ?? { held: 0, waiting: [] };
    this.clients.set(id, client);
    const counted = this.counted(weight);
    await this.wait(id, client, counted, signal);
    return this.giveBack(id, client, counted);
  }

  private counted(weight: number): number {
    return Math.min(weight, Math.max(1, Math.floor(this.capacity / 2)));
  }

  private giveBack(id: string, client: Client, counted: number): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.free += counted;
      client.held -= counted;
      this.leave(id, client);
      this.next();
    };
  }

  /** Fails every request that waits: what they wait for has turned out not to be there. */
  refuseWaiting(reason: unknown): void {
    for (const id of [...this.line]) {
      const client = this.clients.get(id)!;
      for (const { fail } of client.waiting.splice(0)) fail(reason);
      this.leave(id, client);
    }
  }

  private async wait(id: string, client: Client, weight: number, signal?: AbortSignal): Promise<void> {
    let giveUp: (() => void) | undefined;
    const turn = new Promise<void>((go, fail) => {
      const waiting = { weight, go, fail };
      client.waiting.push(waiting);
      giveUp = () => {
        const at = client.waiting.indexOf(waiting);
        if (at < 0) return;
        client.waiting.splice(at, 1);
        this.leave(id, client);
        fail(signal!.reason);
        // It may have been the heavy one that the others waited for.
        this.next();
      };
    });
    this.line.add(id);
    signal?.addEventListener('abort', giveUp!, { once: true });
    // Others may wait for more than is free, or for more than they may hold.
    this.next();
    try {
      await turn;
    } finally {
      signal?.removeEventListener('abort', giveUp!);
    }
  }

  /** A client with nothing that waits is not in line, and one with nothing at all is forgotten. */
  private leave(id: string, client: Client): void {
    if (client.waiting.length) return;
    this.line.delete(id);
    if (client.held === 0) this.clients.delete(id);
  }

  private fits(client: Client, weight: number): boolean {
    return client.held + weight <= this.free;
  }

  private hold(client: Client, weight: number): void {
    this.free -= weight;
    client.held += weight;
  }

  /** Lets go on whoever can, by turns. */
  private next(): void {
    for (let found = true; found; ) {
      found = false;
      let first = true;
      for (const id of this.line) {
        const client = this.clients.get(id)!;
        const { weight } = client.waiting[0];
        if (this.fits(client, weight)) {
          if (first) this.passed = 0;
          else this.passed++;
          this.advance(id, client);
          found = true;
          break;
        }
        if (first && client.held === 0 && this.passed >= mostPassed) return;
        first = false;
      }
    }
  }

  private advance(id: string, client: Client): void {
    const { weight, go } = client.waiting.shift()!;
    this.hold(client, weight);
    this.line.delete(id);
    if (client.waiting.length) this.line.add(id);
    go();
  }
}
