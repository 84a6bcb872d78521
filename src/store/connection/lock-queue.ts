/** As PostgreSQL says it of a lock that is not granted. */
class QueueFull extends Error {
  readonly code = '55P03';
  constructor(key: string, most: number) {
    super(`${most} transactions of this pool hold or wait for ${key} already`);
  }
}

/**
 * How many transactions of a pool hold or want the same row, or the same advisory lock. Each that waits keeps a connection,
 * so that without a bound one locked row takes them all from everybody; beyond the bound a transaction is refused at once, as if
 * the lock had not been granted in time. Holders count as well as who waits, which makes the bound exact: only the server knows who
 * of them holds it, and its answer is on the way.
 */
export class LockQueues {
  private readonly counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @throws QueueFull, and then none of the keys counts */
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

  /** Keys that somebody holds or wants. */
  get size(): number {
    return this.counts.size;
  }
}
