import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * The reply of an import, which never holds more than one chunk that its client has not read. While the client does not read,
 * chunks are left out, and read back from the database when it does. So a client that reads nothing before its whole file is
 * sent waits for nothing, and no reply piles up.
 */
export class Outlet {
  /** The first chunk that is left out so far; all later ones are left out too. */
  private missing: number | undefined;

  constructor(
    private readonly stream: Writable,
    /** The lines of a chunk. */
    private readonly stored: (number: number) => Promise<string>,
    private readonly signal: AbortSignal,
  ) {}

  /** Writes the lines of a chunk, or leaves them for later. Chunks come in the order of their numbers. */
  async chunk(number: number, lines: string): Promise<void> {
    while (this.missing !== undefined && this.missing < number && this.isReady) await this.catchUp();
    if (this.missing === number) this.missing = undefined;
    if (this.missing === undefined && this.isReady) this.stream.write(lines);
    else this.missing ??= number;
  }

  /** Writes what was left out, up to a number of chunks. Waits for the client. */
  async upTo(chunks: number): Promise<void> {
    while (this.missing !== undefined && this.missing < chunks) {
      await this.drained();
      await this.catchUp();
    }
    this.missing = undefined;
  }

  /** Writes a line of news, unless the client does not read. */
  news(line: string): void {
    if (this.missing === undefined && this.isReady) this.stream.write(line);
  }

  /** Writes a line. Waits for the client before it. */
  async line(line: string): Promise<void> {
    await this.drained();
    this.stream.write(line);
  }

  private get isReady(): boolean {
    return !this.stream.writableNeedDrain;
  }

  private async catchUp(): Promise<void> {
    this.stream.write(await this.stored(this.missing!++));
  }

  private async drained(): Promise<void> {
    if (!this.isReady && !this.signal.aborted) await once(this.stream, 'drain', { signal: this.signal });
  }
}
