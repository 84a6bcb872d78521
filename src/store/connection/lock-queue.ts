/** Has the code of PostgreSQL's "lock not available". */
class QueueFull extends Error {
  readonly code = '55P03';
  constructor(key: string, most: number) {
    super(`${most} transactions of this pool hold or wait for ${key} already`);
  }
}

/**
 * Counts the transactions of a pool that hold or want the same row, or the same advisory lock. Each waiting transaction
 * keeps a connection. Without a bound, one locked row would take all connections. Beyond the bound a transaction is
 * refused at once, as after a lock timeout.
 *
 * Holders count too, which makes the bound exact: only the server knows which transaction holds the lock, and its
 * answer is still on the way.
 */
export class LockQueues {
  private readonly counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @throws QueueFull; then none of the keys is counted */
  enter(keys: readonly string[]): void {
    const full = keys.find((key) => (this.counts.get(key) ?? 0) >= this.most);
    if (full !== undefined) throw new QueueFull(full, this.most);
    for (const key of keys) this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** At the end of a transaction. */
  leave(keys: Iterable<string>): void {
    for (const key of keys) {
      const left = this.counts.get(key)! - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    }
  }

  /** Number of keys that a transaction holds or wants. */
  get size(): number {
    return this.counts.size;
  }
}
