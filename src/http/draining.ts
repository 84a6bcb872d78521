import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { UnderWay } from './under-way';

/** A kept-alive connection in use sends a request within this time, and its reply then closes the connection. */
const momentMs = 1_000;
const lookEveryMs = 50;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/**
 * Stops a server without resetting a connection in use. HTTP/1.1 has one safe way to end a kept-alive connection, which
 * no request can run into: a reply with `connection: close`. So for a moment all requests are answered as before, with
 * that header.
 */
export class Draining {
  private readonly sockets = new Set<Socket>();
  /** Replies close their connection, and /readyz is 503. */
  isOn = false;

  constructor(
    server: Server,
    private readonly underWay: UnderWay,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Resolves when the server may be closed: after the moment, or as soon as no connection is left. */
  async moment(): Promise<void> {
    this.isOn = true;
    const end = performance.now() + momentMs;
    while (this.sockets.size > 0 && performance.now() < end) await pause(lookEveryMs);
  }

  /**
   * Ends connections without a request, from a moment after the server was closed. Node closes connections that are
   * idle between two requests. It would wait forever for a connection without any request yet, such as the spare
   * connections of browsers and load balancers.
   */
  closeUnused(): void {
    this.isOn = true;
    const timer = setInterval(() => {
      for (const socket of this.sockets) if (!this.underWay.isBusy(socket)) socket.destroy();
      if (this.sockets.size === 0) clearInterval(timer);
    }, momentMs).unref();
  }
}
