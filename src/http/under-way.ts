import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cut } from './unsent';

type Socket = FastifyRequest['raw']['socket'];

/** How a request has come to its end. */
export interface End {
  /** Its connection ended before its reply was out. */
  gone: boolean;
  /** Its reply was made. */
  replied: boolean;
}

interface Each extends End {
  request: FastifyRequest;
  reply: FastifyReply;
  /** Begins it. Absent once it has begun. */
  begin?: () => void;
}

/** Requests of one connection that may wait for their turn. One takes 4 KB beside its headers, and one packet may bring thousands. */
const mostPipelined = 100;

/**
 * The requests that have arrived and not come to their end, by connection. The end is the reply that is out; where the client
 * has gone, it is the reply that could not be sent, since a mutation is carried out all the same. Fastify tells of the
 * first kind alone (`onResponse`).
 *
 * A connection has one request at work at a time: the next one begins when the reply before it is out. Node begins all that
 * have arrived, and keeps their replies until their turn comes: 20 requests in one packet were 20 replies of some MB for a client that
 * reads none of them. RFC 9112 (section 9.3.2) lets a server work on several only if all of them are safe.
 */
export class UnderWay {
  private readonly all = new Set<Each>();
  private readonly byReply = new WeakMap<FastifyReply, Each>();
  /** In the order of their arrival. */
  private readonly bySocket = new WeakMap<Socket, Set<Each>>();
  private waiting: (() => void)[] = [];

  /** `onEnd` is told of each request once. */
  constructor(private readonly onEnd: (request: FastifyRequest, reply: FastifyReply, end: End) => void) {}

  /** Ahead of all other hooks. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => this.arrive(request, reply, done));
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

  private arrive(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { socket } = request.raw;
    const mine = this.bySocket.get(socket) ?? this.meet(socket);
    if (mine.size > mostPipelined) {
      // Never begun, and no more told of than what has not arrived.
      cut(socket, 'pipelined');
      return;
    }
    const each: Each = { request, reply, replied: false, gone: false };
    this.all.add(each);
    this.byReply.set(reply, each);
    mine.add(each);
    if (mine.size === 1) {
      done();
      return;
    }
    // By a promise, so that it goes on as a part of its own trace.
    new Promise<void>((resolve) => {
      each.begin = resolve;
    }).then(done);
  }

  private meet(socket: Socket): Set<Each> {
    const mine = new Set<Each>();
    this.bySocket.set(socket, mine);
    // One listener for each connection: pipelined requests would have too many.
    socket.once('close', () => {
      for (const each of mine) this.lose(each);
    });
    return mine;
  }

  private lose(each: Each): void {
    each.gone = true;
    // Neither is one begun whose turn has not come, nor carried out one whose body was not read.
    if (each.replied || each.begin || lacksBody(each.request)) this.end(each);
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
    const { socket } = each.request.raw;
    const mine = this.bySocket.get(socket);
    mine?.delete(each);
    this.onEnd(each.request, each.reply, each);
    const [next] = mine ?? [];
    // A connection that ends in the middle of a reply ends that first, and tells the others a moment later.
    if (next?.begin && !socket.destroyed) {
      const { begin } = next;
      next.begin = undefined;
      begin();
    }
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

  /** Whether a request has arrived whole on this connection, and has no reply yet. */
  owesReply(socket: Socket): boolean {
    const [first] = this.bySocket.get(socket) ?? [];
    return first?.request.raw.complete ?? false;
  }

  /** Resolves once there is none. */
  async none(): Promise<void> {
    if (this.all.size > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/**
 * Whether a request whose connection has ended never gets its body: all of it may have arrived, but what was not read by then
 * cannot be read any more. Fastify may never reply to such a request, since it waits for the end of the body.
 */
function lacksBody({ raw, method, headers }: FastifyRequest): boolean {
  if (!raw.complete) return true;
  if (raw.readableEnded || method === 'GET' || method === 'HEAD') return false;
  const length = headers['content-length'] ?? '0';
  return length !== '0' || ['transfer-encoding', 'content-type'].some((name) => name in headers);
}
