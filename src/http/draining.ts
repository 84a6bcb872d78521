import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { UnderWay } from './under-way';

/** A kept-alive connection that is in use has a request within this time, and with its reply is told to close. */
const momentMs = 1_000;
const lookEveryMs = 50;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/**
 * How a server stops without resetting a connection that is in use. HTTP/1.1 has one way to end a kept-alive connection that no
 * request can run into: a reply with `connection: close`. So for a moment everything is answered as before, with that header.
 */
export class Draining {
  private readonly sockets = new Set<Socket>();
  /** Replies are their connection's last, and /readyz is 503. */
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

  /** Resolves when the server may be closed: after the moment, or sooner where no connection is left. */
  async moment(): Promise<void> {
    this.isOn = true;
    const end = performance.now() + momentMs;
    while (this.sockets.size > 0 && performance.now() < end) await pause(lookEveryMs);
  }

  /**
   * Ends connections without a request, from a moment after the server was closed. Node closes those that rest between two
   * requests. It would wait for ever for one on which nothing has come yet, such as the spare ones of browsers and balancers.
   */
  closeUnused(): void {
    this.isOn = true;
    const timer = setInterval(() => {
      for (const socket of this.sockets) if (!this.underWay.isBusy(socket)) socket.destroy();
      if (this.sockets.size === 0) clearInterval(timer);
    }, momentMs).unref();
  }
}
