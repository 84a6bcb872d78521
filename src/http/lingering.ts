import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/**
 * Lets clients read a reply that comes before the end of their request. A reply that closes its connection would end the
 * connection at once. To what the client still sends, the system would answer with a reset, and the client would lose the reply.
 * So the rest of the request is read and dropped first, for `ms` at most, as nginx does with lingering_close.
 *
 * Node closes the connection by `destroySoon`, and has no option for this.
 */
export function linger(app: FastifyInstance, ms: number): void {
  app.addHook('onSend', ({ raw }, _reply, body, done) => {
    if (!raw.complete) lingerFor(raw, ms);
    done(null, body);
  });
}

function lingerFor(raw: IncomingMessage, ms: number): void {
  const { socket } = raw;
  const closeNow = socket.destroySoon;
  socket.destroySoon = () => {
    socket.destroySoon = closeNow;
    if (raw.complete || raw.destroyed) {
      socket.destroySoon();
      return;
    }
    socket.end();
    const timer = setTimeout(() => socket.destroy(), ms).unref();
    raw.resume().once('close', () => {
      clearTimeout(timer);
      socket.destroySoon();
    });
  };
}
