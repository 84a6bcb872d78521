import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

type Socket = FastifyRequest['raw']['socket'];

interface Each {
  request: FastifyRequest;
  reply: FastifyReply;
  /** Its reply has been made, and is on its way out. */
  replied: boolean;
  /** Its connection ended before its reply was out. */
  gone: boolean;
}

/**
 * The requests that have arrived and not come to their end, by connection. The end is the reply that is out; where the client
 * has gone, it is the reply that could not be sent, since a mutation is carried out all the same. Fastify tells of the
 * first kind alone (`onResponse`).
 */
export class UnderWay {
  private readonly all = new Set<Each>();
  private readonly byReply = new WeakMap<FastifyReply, Each>();
  private readonly bySocket = new WeakMap<Socket, Set<Each>>();
  private waiting: (() => void)[] = [];

  /** `onEnd` is told of each request once. */
  constructor(private readonly onEnd: (request: FastifyRequest, reply: FastifyReply, gone: boolean) => void) {}

  /** Ahead of all other hooks. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      this.begin(request, reply);
      done();
    });
    app.addHook('onSend', (_request, reply, body, done) => {
      const each = this.byReply.get(reply);
      if (each) each.replied = true;
      // Once the other hooks have had their say.
      if (each?.gone) setImmediate(() => this.end(each));
      done(null, body);
    });
    app.addHook('onResponse', (request, reply, done) => {
      const each = this.byReply.get(reply);
      // Node calls a reply finished as well when its connection ends in the middle of it.
      if (each && request.raw.socket.destroyed) each.gone = true;
      if (each) this.end(each);
      done();
    });
  }

  private begin(request: FastifyRequest, reply: FastifyReply): void {
    const { socket } = request.raw;
    const each = { request, reply, replied: false, gone: false };
    this.all.add(each);
    this.byReply.set(reply, each);
    const known = this.bySocket.get(socket);
    if (known) return void known.add(each);
    const mine = new Set([each]);
    this.bySocket.set(socket, mine);
    // One listener for each connection: pipelined requests would have too many.
    socket.once('close', () => {
      for (const open of mine) this.lose(open);
    });
  }

  private lose(each: Each): void {
    each.gone = true;
    // Without its body it is never carried out, and Fastify may never reply: it waits for the end of a body that was cut off already.
    if (each.replied || !each.request.raw.complete) this.end(each);
    // Node tells the reply whose turn it is, and none that waits behind it on the same connection.
    setImmediate(() => {
      if (each.reply.raw.destroyed) return;
      // As Node leaves one that it has told: whoever asks later whether it is closed must not wait for the end.
      Object.assign(each.reply.raw, { destroyed: true, _closed: true });
      each.reply.raw.emit('close');
    });
  }

  private end(each: Each): void {
    if (!this.all.delete(each)) return;
    this.bySocket.get(each.request.raw.socket)?.delete(each);
    this.onEnd(each.request, each.reply, each.gone);
    if (this.all.size > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  get requests(): FastifyRequest[] {
    return [...this.all].map(({ request }) => request);
  }

  /** Whether a request on this connection has no reply yet. */
  isBusy(socket: Socket): boolean {
    return (this.bySocket.get(socket)?.size ?? 0) > 0;
  }

  /** Resolves once there is none. */
  async none(): Promise<void> {
    if (this.all.size > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
