import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LimitError } from '../domain/limits';
import { addressOf } from './auth/oauth';
import { uploading } from './uploading';

/** Why the gateway ended a connection, as logged: the variable of the bound, too many pipelined requests, or a table that is not whole. */
type Cut = 'SEND_TIMEOUT_MS' | 'MAX_UNSENT_TOTAL' | 'STOP_TIMEOUT_MS' | 'pipelined' | 'export';

/** The connections that the gateway ended, and why. */
export const cuts = new WeakMap<Socket, Cut>();

/** Ends a connection at once. A reset frees the kernel's send buffer; an orderly end keeps it for minutes. */
export function cut(socket: Socket, why: Cut): void {
  if (socket.destroyed) return;
  cuts.set(socket, why);
  socket.resetAndDestroy();
}

interface UnsentBounds {
  /** Bytes for each client. */
  perClient: number;
  /** Bytes for all clients. */
  total: number;
  /** How long a connection may take no bytes. */
  timeoutMs: number;
}

/**
 * The bytes that a connection must take within `timeoutMs`, unless its whole reply is shorter. 64 KB in 20 s is the
 * speed of the first mobile networks. The kernel takes bytes in steps: it buffers up to 4 MB, and takes more when a
 * third of the buffer is free.
 */
const leastTaken = 65_536;

/** Seconds until a refused client may retry. A client that reads needs no longer. */
const retryAfter = 1;

/** A reply that is made and not fully sent. */
interface Reply {
  socket: Socket;
  /** The client id, or the address if the client is not known. */
  key: string;
  bytes: number;
}

/**
 * The bytes that the kernel has taken from a connection. `silent`: milliseconds since that number grew; undefined if
 * nothing waits.
 */
interface Taken {
  bytes: number;
  silent: number | undefined;
}

/**
 * Bounds the replies that clients do not read. All bytes of a reply count until the kernel has taken the last byte,
 * because so much memory is held: as text, in the socket, or before gzip. A connection has one reply at a time
 * (under-way.ts). A stream does not count, since it makes no more than its reader takes.
 */
export class Unsent {
  private readonly replies = new Map<FastifyRequest, Reply>();
  private readonly byKey = new Map<string, number>();
  private readonly connections = new Map<Socket, Taken>();
  private readonly everyMs: number;
  private readonly timer: NodeJS.Timeout;
  /** Bytes of all replies that are not fully sent. */
  total = 0;

  constructor(
    server: Server,
    private readonly bounds: UnsentBounds,
  ) {
    server.on('connection', (socket) => {
      this.connections.set(socket, { bytes: 0, silent: undefined });
      socket.once('close', () => this.connections.delete(socket));
    });
    this.everyMs = Math.min(1_000, bounds.timeoutMs / 10);
    this.timer = setInterval(() => this.look(), this.everyMs).unref();
  }

  /** Must come before compression. */
  watch(app: FastifyInstance): void {
    app.addHook('onSend', (request, _reply, body, done) => {
      if (typeof body === 'string') this.add(request, Buffer.byteLength(body));
      else if (Buffer.isBuffer(body)) this.add(request, body.length);
      done(null, body);
    });
  }

  /**
   * Must be called before anything runs for a client. `key` is the client id or the address.
   * @throws LimitError RATE_LIMITED if the client leaves too many bytes unread
   */
  admit(key: string): void {
    const requested = this.byKey.get(key) ?? 0;
    const allowed = this.bounds.perClient;
    if (requested < allowed) return;
    throw new LimitError(
      { limit: 'unsent', allowed, requested },
      `The client has not read ${requested} bytes of replies; ${allowed} are allowed. Read the replies or close their connections, and try again.`,
      retryAfter,
    );
  }

  private add(request: FastifyRequest, bytes: number): void {
    // A reply that fails while it is sent is followed by another reply, also if the connection has failed.
    this.end(request);
    const { socket } = request.raw;
    if (socket.destroyed) return;
    const key = request.caller?.clientId ?? addressOf(request.ip);
    this.replies.set(request, { socket, key, bytes });
    this.byKey.set(key, (this.byKey.get(key) ?? 0) + bytes);
    this.total += bytes;
    while (this.total > this.bounds.total) {
      const worst = this.worst(request);
      // A single reply may be longer than the bound.
      if (!worst) return;
      this.end(worst);
      cut(worst.raw.socket, 'MAX_UNSENT_TOTAL');
    }
  }

  /** The reply to a request is sent, or can no longer be sent. */
  end(request: FastifyRequest): void {
    const reply = this.replies.get(request);
    if (!reply) return;
    const { socket, key, bytes } = reply;
    this.replies.delete(request);
    this.total -= bytes;
    const left = this.byKey.get(key)! - bytes;
    if (left > 0) this.byKey.set(key, left);
    else this.byKey.delete(key);
    const taken = this.connections.get(socket);
    if (taken) taken.silent = undefined;
  }

  /** Ends the connections that take no bytes. */
  cutUnread(why: Cut): void {
    for (const socket of this.connections.keys()) if (this.isUnread(socket)) cut(socket, why);
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Counts time in calls of this function: while the process was held up, it sent nothing itself. */
  private look(): void {
    for (const [socket, taken] of this.connections) {
      if (uploading.has(socket) || this.moves(socket, taken)) continue;
      taken.silent! += this.everyMs;
      if (taken.silent! >= this.bounds.timeoutMs) cut(socket, 'SEND_TIMEOUT_MS');
    }
  }

  /** The request whose reply is dropped first: the largest unread reply, or the largest of all if none is unread. */
  private worst(but: FastifyRequest): FastifyRequest | undefined {
    let worst: { request: FastifyRequest; unread: boolean; bytes: number } | undefined;
    for (const [request, { socket, bytes }] of this.replies) {
      if (request === but) continue;
      const unread = this.isUnread(socket);
      const isWorse = !worst || (unread === worst.unread ? bytes > worst.bytes : unread);
      if (isWorse) worst = { request, unread, bytes };
    }
    return worst?.request;
  }

  private isUnread(socket: Socket): boolean {
    const taken = this.connections.get(socket);
    if (!taken || this.moves(socket, taken)) return false;
    return taken.silent! >= Math.min(1_000, this.bounds.timeoutMs / 2);
  }

  /** Whether nothing waits on a connection, or the kernel has taken enough bytes since the last progress. */
  private moves(socket: Socket, taken: Taken): boolean {
    if (socket.writableLength === 0) {
      taken.silent = undefined;
      return true;
    }
    const bytes = takenBy(socket);
    if (taken.silent !== undefined && bytes - taken.bytes < leastTaken) return false;
    Object.assign(taken, { bytes, silent: 0 });
    return true;
  }
}

/**
 * The bytes that the kernel has taken from a connection. A long reply is one write, and no public property shows its
 * progress: `writableLength` falls only when the write is over. Node's own `socket.setTimeout` reads the same queue.
 */
function takenBy(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle: { bytesWritten: number; writeQueueSize: number } | null };
  return _handle ? _handle.bytesWritten - _handle.writeQueueSize : 0;
}
