import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LimitError } from '../domain/limits';
import { addressOf } from './auth/oauth';

/** Why the gateway ended a connection, as the log says it: the variable of the bound, or too many requests ahead of their replies. */
export type Cut = 'SEND_TIMEOUT_MS' | 'MAX_UNSENT_TOTAL' | 'STOP_TIMEOUT_MS' | 'pipelined';

/** The connections that the gateway ended, and why. */
export const cuts = new WeakMap<Socket, Cut>();

/** Ends a connection at once: a reset frees what the kernel still holds for it, where an orderly end keeps that for minutes. */
export function cut(socket: Socket, why: Cut): void {
  if (socket.destroyed) return;
  cuts.set(socket, why);
  socket.resetAndDestroy();
}

export interface UnsentBounds {
  /** Bytes for each client. */
  perClient: number;
  /** Bytes for all of them. */
  total: number;
  /** How long a connection may take nothing. */
  timeoutMs: number;
}

/**
 * What a connection has to take within `timeoutMs`, unless that is its whole reply. 64 KB in 20 s are the speed of the first
 * mobile networks. What the kernel takes comes in steps: it buffers up to 4 MB, and takes more when a third of that is free.
 */
const leastTaken = 65_536;

/** When a client that is refused may try again. One that reads needs no longer. */
const retryAfter = 1;

/** A reply that is made, and not out yet. */
interface Reply {
  socket: Socket;
  /** Of the client, or of its address where the client is not known. */
  key: string;
  bytes: number;
}

/** What of a connection the kernel had taken, and for how long that has not grown, in milliseconds; undefined where nothing waits. */
interface Taken {
  bytes: number;
  silent: number | undefined;
}

/**
 * Replies that their clients do not read. All bytes of a reply count until the kernel has taken the last
 * one. So much memory it holds: as a text, in the socket, or ahead of gzip. A connection has one reply at a time
 * (under-way.ts). A stream counts for nothing: it makes no more than its reader takes.
 */
export class Unsent {
  private readonly replies = new Map<FastifyRequest, Reply>();
  private readonly byKey = new Map<string, number>();
  private readonly connections = new Map<Socket, Taken>();
  private readonly everyMs: number;
  private readonly timer: NodeJS.Timeout;
  /** Bytes of all replies that are not out yet. */
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

  /** Ahead of what compresses replies. */
  watch(app: FastifyInstance): void {
    app.addHook('onSend', (request, _reply, body, done) => {
      if (typeof body === 'string') this.add(request, Buffer.byteLength(body));
      else if (Buffer.isBuffer(body)) this.add(request, body.length);
      done(null, body);
    });
  }

  /**
   * Before anything runs for a client, by its id or address.
   * @throws LimitError RATE_LIMITED where it leaves too much unread
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
    // A reply that fails on its way out is followed by another, also where the connection is what has failed.
    this.end(request);
    const { socket } = request.raw;
    if (socket.destroyed) return;
    const key = request.caller?.clientId ?? addressOf(request.ip);
    this.replies.set(request, { socket, key, bytes });
    this.byKey.set(key, (this.byKey.get(key) ?? 0) + bytes);
    this.total += bytes;
    while (this.total > this.bounds.total) {
      const worst = this.worst(request);
      // One reply alone may be longer than the bound.
      if (!worst) return;
      this.end(worst);
      cut(worst.raw.socket, 'MAX_UNSENT_TOTAL');
    }
  }

  /** The reply to a request is out, or cannot be sent any more. */
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

  /** Ends the connections that take nothing. */
  cutUnread(why: Cut): void {
    for (const socket of this.connections.keys()) if (this.isUnread(socket)) cut(socket, why);
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Time is counted in looks: a process that was held up itself has sent nothing either. */
  private look(): void {
    for (const [socket, taken] of this.connections) {
      if (this.moves(socket, taken)) continue;
      taken.silent! += this.everyMs;
      if (taken.silent! >= this.bounds.timeoutMs) cut(socket, 'SEND_TIMEOUT_MS');
    }
  }

  /** The request whose reply goes first: of those that are not read, else of all, the one with the most bytes. */
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

  /** Whether nothing waits on a connection, or the kernel has taken enough of it since it last had. */
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
 * How many bytes of a connection the kernel has taken. A long reply is one write, and nothing that is public tells how far it
 * is: `writableLength` falls when it is over. Node's own `socket.setTimeout` looks at the same queue.
 */
function takenBy(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle: { bytesWritten: number; writeQueueSize: number } | null };
  return _handle ? _handle.bytesWritten - _handle.writeQueueSize : 0;
}
