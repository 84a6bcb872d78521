/** Thrown at once if the client already has the most waiting requests that it may have. */
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

/**
 * How often other clients may pass a client that holds nothing and whose request does not fit into the free capacity.
 */
const mostPassed = 16;

/**
 * A capacity that clients share: connections, or the cost of running operations. Turns go by client, not by request: a
 * client with a thousand requests waits as long for the next turn as a client with one.
 *
 * A client may hold at most as much as stays free beside it. So a single client gets half, and a second client half of
 * the rest. A client that holds nothing finds something free, unless several others use all that they may.
 *
 * This is the "dynamic threshold" of Choudhury and Hahne, for buffers that the ports of a switch share. A fixed share
 * was rejected: it leaves capacity idle, or lets two clients take everything.
 */
export class Turns {
  private free: number;
  private readonly clients = new Map<string, Client>();
  /** Clients with waiting requests, in the order of their turns. */
  private readonly line = new Set<string>();
  private passed = 0;

  constructor(
    readonly capacity: number,
    /** The most requests of one client that may wait. */
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

  /** The weight that a client holds now. */
  heldBy(client: string): number {
    return this.clients.get(client)?.held ?? 0;
  }

  /** The number of a client's requests that wait now. */
  waitingOf(client: string): number {
    return this.clients.get(client)?.waiting.length ?? 0;
  }

  /**
   * Takes the weight if the request can go at once. Returns the function that gives the weight back; a second call of
   * it does nothing. A weight above half the capacity counts as half, since no client could take more.
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
   * Resolves at the client's turn, with the function that `tryTake` returns. An aborted request leaves the line, and
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

  /** Fails every waiting request, because the capacity itself is not available. */
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
        // The aborted request may have been a heavy one that held the others up.
        this.next();
      };
    });
    this.line.add(id);
    signal?.addEventListener('abort', giveUp!, { once: true });
    // The clients in line may wait for more than is free, or for more than they may hold.
    this.next();
    try {
      await turn;
    } finally {
      signal?.removeEventListener('abort', giveUp!);
    }
  }

  /** Removes a client without waiting requests from the line, and forgets a client that also holds nothing. */
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

  /** Lets clients go on in turns, as far as the capacity allows. */
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
