import type { WebSocket } from 'ws';

/** Close code of a WebSocket that may try again later. */
export const tryAgain = 1013;

const crowded = 'Too many WebSockets wait to say whose they are: connect again';

/**
 * The WebSockets whose client is not known: before connection_init, after a refusal, and after the end of a session whose close
 * the client leaves unanswered. No limit of a client bounds them. Beyond the bound the one that has waited longest is cut off.
 * If new ones were refused, a thousand silent connections would keep everybody out. An honest client says who it is at once.
 */
export class Nameless {
  private readonly sockets = new Set<WebSocket>();
  /** Kept, because each new iterator would first pass over all entries that were deleted. */
  private readonly oldest = this.sockets.values();

  constructor(private readonly most: number) {}

  add(socket: WebSocket): void {
    this.sockets.add(socket);
    if (this.sockets.size <= this.most) return;
    const { value: longest } = this.oldest.next();
    this.sockets.delete(longest!);
    longest!.close(tryAgain, crowded);
    longest!.terminate();
  }

  delete(socket: WebSocket): void {
    this.sockets.delete(socket);
  }
}
