import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cut } from './unsent';

type Socket = FastifyRequest['raw']['socket'];

/** How a request has ended. */
export interface End {
  /** The connection ended before the reply was sent. */
  gone: boolean;
  /** The reply was made. */
  replied: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * What UnderWay knows of the request. Node keeps the keys of a WeakMap until it collects the old objects, so a map from
     * requests would move each request to the old ones. That took a tenth of a small request.
     */
    underWay?: Each;
  }
}

interface Each extends End {
  request: FastifyRequest;
  reply: FastifyReply;
  /** Starts the request. Absent once it is started. */
  begin?: () => void;
}

/**
 * The most requests of one connection that may wait for their turn. Each takes 4 KB besides its headers, and one packet
 * may bring thousands.
 */
const mostPipelined = 100;

/**
 * The requests that have arrived and not ended, by connection. A request ends when its reply is sent. If the client has
 * gone, it ends when the reply is made, since a mutation is carried out all the same. Fastify reports only the first
 * kind (`onResponse`).
 *
 * A connection runs one request at a time: the next request starts once the previous reply is sent. Node alone would
 * start all pipelined requests, and keep their replies until their turn. With Node alone, 20 requests in one packet
 * were 20 replies of some MB for a client that reads none of them. RFC 9112 (section 9.3.2) allows a server to run them
 * in parallel only if all are safe.
 */
export class UnderWay {
  private readonly all = new Set<Each>();
  /** In the order of arrival. */
  private readonly bySocket = new WeakMap<Socket, Set<Each>>();
  /** Requests that were answered before they had arrived, the latest of each connection. */
  private readonly early = new WeakMap<Socket, FastifyRequest['raw']>();
  private waiting: (() => void)[] = [];

  /** `onEnd` is called once for each request. */
  constructor(private readonly onEnd: (request: FastifyRequest, reply: FastifyReply, end: End) => void) {}

  /** Must come before all other hooks. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => this.arrive(request, reply, done));
    app.addHook('onSend', (request, _reply, body, done) => {
      const each = request.underWay;
      if (each) each.replied = true;
      // After the other onSend hooks.
      if (each?.gone) setImmediate(() => this.end(each));
      done(null, body);
    });
    app.addHook('onResponse', (request, _reply, done) => {
      const each = request.underWay;
      // Node also calls a reply finished if its connection ends in the middle of it.
      if (each && request.raw.socket.destroyed) each.gone = true;
      if (each) this.end(each);
      done();
    });
  }

  private arrive(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { socket } = request.raw;
    const mine = this.bySocket.get(socket) ?? this.meet(socket);
    if (mine.size > mostPipelined) {
      // Never started, and reported no more than a request that has not arrived.
      cut(socket, 'pipelined');
      return;
    }
    const each: Each = { request, reply, replied: false, gone: false };
    this.all.add(each);
    request.underWay = each;
    mine.add(each);
    if (mine.size === 1) {
      done();
      return;
    }
    // A promise keeps the request in its own trace.
    new Promise<void>((resolve) => {
      each.begin = resolve;
    }).then(done);
  }

  private meet(socket: Socket): Set<Each> {
    const mine = new Set<Each>();
    this.bySocket.set(socket, mine);
    // One listener for each connection: with a listener for each request, pipelining would exceed Node's limit.
    socket.once('close', () => {
      for (const each of mine) this.lose(each);
    });
    return mine;
  }

  private lose(each: Each): void {
    each.gone = true;
    // A request whose turn has not come is not started. A request whose body was not read is not carried out.
    if (each.replied || each.begin || lacksBody(each.request)) this.end(each);
    // Node closes the reply whose turn it is, but no reply that waits behind it on the same connection.
    setImmediate(() => {
      if (each.reply.raw.destroyed) return;
      // The state in which Node leaves a closed reply. Code that later checks for it must not wait for the close event.
      Object.assign(each.reply.raw, { destroyed: true, _closed: true });
      each.reply.raw.emit('close');
    });
  }

  private end(each: Each): void {
    if (!this.all.delete(each)) return;
    const { raw } = each.request;
    const { socket } = raw;
    if (!raw.complete) this.early.set(socket, raw);
    const mine = this.bySocket.get(socket);
    mine?.delete(each);
    this.onEnd(each.request, each.reply, each);
    const [next] = mine ?? [];
    // A connection that ends in the middle of a reply ends that reply first. The waiting requests are told a moment
    // later.
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

  /**
   * Whether a refusal on this connection would be taken for another reply. A reply may be under way, or be owed to a request that
   * has fully arrived. Or a request was answered and still arrives.
   */
  hasOtherReply(socket: Socket): boolean {
    const early = this.early.get(socket);
    if (early && !early.complete) return true;
    const [first] = this.bySocket.get(socket) ?? [];
    return first !== undefined && (first.request.raw.complete || first.reply.raw.headersSent);
  }

  /** Resolves once no request is left. */
  async none(): Promise<void> {
    if (this.all.size > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/**
 * Whether a request whose connection has ended will never get its body. The body may have arrived, but its unread part
 * cannot be read any more. Fastify may never reply to such a request, since it waits for the end of the body.
 */
function lacksBody({ raw, method, headers }: FastifyRequest): boolean {
  if (!raw.complete) return true;
  if (raw.readableEnded || method === 'GET' || method === 'HEAD') return false;
  const length = headers['content-length'] ?? '0';
  return length !== '0' || ['transfer-encoding', 'content-type'].some((name) => name in headers);
}
