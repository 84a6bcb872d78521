import { type IncomingHttpHeaders, IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { GraphQLError } from 'graphql';
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { schema } from '../../graph/build/schema';
import type { Operation } from '../../graph/guard/operation';
import { InvalidDocument } from '../../graph/guard/parsed-document';
import type { Identity } from '../auth/identity';
import { unreadableReply } from '../errors';
import { extensionsOf, failureOf, statusOf } from '../failure';
import { newRequestId } from '../headers';
import type { Ending, Live, Session } from './live';
import { Nameless, tryAgain } from './nameless';
import { inTurn } from './socket-turns';
import type { Answer } from './subscriber';

/* Subscriptions over WebSockets, in the protocol graphql-transport-ws. */

/** The longest message of a client. The longest documents of real clients have a tenth of it. */
const longestMessage = 262_144;
/** How often a connection is tested. One that does not answer within the same time is ended. */
const pingEveryMs = 12_000;

/** Close codes. Clients of graphql-ws connect again after all of them but 4400 and 4500. */
const codes = {
  goingAway: 1001,
  tryAgain,
  badRequest: 4400,
  forbidden: 4403,
  changed: 4205,
  slow: 4413,
  fault: 4500,
};

const stopping = 'The server is stopping: connect again';
const changed = 'The grants of the client have changed: connect again';
const slow = 'The client does not read: connect again, and resume from the last cursor';

export interface SocketOptions {
  live: Live;
  identity: Identity;
  log: FastifyBaseLogger;
  /** @throws RequestError if the host name is not allowed */
  checkHost(request: IncomingMessage): void;
  /** Whether an earlier request on the connection has no reply yet. */
  isBusy(socket: Duplex): boolean;
  /** The operation of a message, after all checks of a request. @throws InvalidDocument, RequestError, LimitError */
  prepare(caller: Caller, payload: unknown): Promise<Operation>;
  /** Counts a connection as a request of its client. @throws LimitError RATE_LIMITED */
  count(clientId: string): void;
  /** WebSockets whose client is not known. */
  mostNameless: number;
  /** Bytes that one connection, and all connections together, may leave unread. */
  mostUnread: { one: number; all: number };
}

/** What graphql-ws keeps for each connection. */
interface Extra {
  headers: IncomingHttpHeaders;
  isOpen: boolean;
  /** The client is known. */
  named(): void;
  end(reason: Ending): void;
  /** Once the client is known. */
  session?: Session;
}

/** The connection is refused, with a close code. */
class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * A request that asks for another protocol is served as it is, unless it asks for a WebSocket. Node would take all of them out
 * of HTTP once somebody listens for upgrades. Java's client asks for HTTP/2 in its first request.
 */
export class WebSocketOnly extends IncomingMessage {
  private asked = false;

  get upgrade(): boolean {
    return this.asked && String(this.headers.upgrade).toLowerCase() === 'websocket' && this.method === 'GET';
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked === true;
  }
}

/** The path for WebSockets is that of requests. */
export const socketPath = '/graphql';

/** Serves WebSockets on a server. Returns the function that ends them. */
export function serveSockets(server: Server, options: SocketOptions): () => void {
  const { live, log } = options;
  const sockets = new WebSocketServer({
    ...{ noServer: true, handleProtocols, maxPayload: longestMessage, perMessageDeflate: false },
  });
  const protocol = makeServer<Record<string, unknown>, Extra>(protocolOf(options));
  const unread = new Unread(options.mostUnread);
  const nameless = new Nameless(options.mostNameless);

  const serve = (socket: WebSocket, { headers }: IncomingMessage) => {
    const extra: Extra = {
      ...{ headers, isOpen: true, named: () => nameless.delete(socket) },
      end(reason) {
        end(reason, socket, extra, live);
        // At a stop there are many, and all have to hear of it.
        if (reason.kind !== 'stopping') nameless.add(socket);
      },
    };
    nameless.add(socket);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => unread.send(socket, text),
        close: (code, reason = '') => socket.close(code, short(reason)),
        onMessage: (handle) => {
          const handleInTurn = inTurn(socket, (text) => handle(text).catch((err) => fail(err, socket, log)));
          socket.on('message', (data) => handleInTurn(String(data)));
        },
      },
      extra,
    );
    const pinging = keepAlive(socket);
    // A message that is too long, or no valid frame: ws closes the connection with the code that says so.
    socket.on('error', (error) => log.info({ reason: error.message }, 'a WebSocket is ended'));
    socket.on('close', (code, reason) => {
      clearInterval(pinging);
      extra.isOpen = false;
      nameless.delete(socket);
      if (extra.session) live.close(extra.session);
      void closed(code, String(reason));
    });
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    // The reply that is still to come would stand in the middle of the frames.
    if (options.isBusy(socket)) {
      socket.destroy();
      return;
    }
    try {
      if (request.url?.split('?')[0] !== socketPath)
        throw new RequestError('NO_SUCH_PATH', `WebSockets are at ${socketPath}.`);
      options.checkHost(request);
      live.check();
      sockets.handleUpgrade(request, socket, head, serve);
    } catch (error) {
      refuse(socket, error);
    }
  };
  server.on('upgrade', onUpgrade);
  return () => {
    server.off('upgrade', onUpgrade);
    for (const socket of sockets.clients) socket.close(codes.goingAway, stopping);
    sockets.close();
  };
}

/** Ends a connection: its subscriptions after it, since one that ends on an open connection is complete. */
function end(reason: Ending, socket: WebSocket, { session }: Extra, live: Live): void {
  if (reason.kind === 'stopping') socket.close(codes.goingAway, stopping);
  else if (reason.kind === 'changed') socket.close(codes.changed, changed);
  else socket.close(codes.forbidden, short(reason.error.message));
  // A client may leave the close unanswered.
  if (session) live.close(session);
}

/** A message could not be handled. graphql-ws throws a plain error for one that only a server may send. */
function fail(err: unknown, socket: WebSocket, log: FastifyBaseLogger): void {
  if (socket.readyState !== socket.OPEN) return;
  const { message } = err as Error;
  if (err instanceof Refused) socket.close(err.code, short(message));
  else if (message.startsWith('Unexpected message of type')) socket.close(codes.badRequest, short(message));
  else {
    log.error({ err }, 'a message over a WebSocket failed');
    socket.close(codes.fault, 'An unexpected failure');
  }
}

/** Tests a connection again and again. A peer that has vanished says nothing. */
function keepAlive(socket: WebSocket): NodeJS.Timeout {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  return setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEveryMs);
}

/** Bounds the messages that are made and not out yet. A connection that takes no bytes at all is cut off by unsent.ts. */
class Unread {
  private readonly bySocket = new WeakMap<WebSocket, number>();
  private all = 0;

  constructor(private readonly most: SocketOptions['mostUnread']) {}

  /** Resolves when the message is out. */
  send(socket: WebSocket, text: string): Promise<void> {
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    const bytes = Buffer.byteLength(text);
    const own = this.add(socket, bytes);
    return new Promise((resolve, reject) => {
      socket.send(text, (error) => {
        this.add(socket, -bytes);
        if (error) reject(error);
        else resolve();
      });
      // A single message may be longer than the bound.
      if (own === bytes || (own <= this.most.one && this.all <= this.most.all)) return;
      socket.close(codes.slow, slow);
      socket.terminate();
    });
  }

  private add(socket: WebSocket, bytes: number): number {
    const own = (this.bySocket.get(socket) ?? 0) + bytes;
    this.bySocket.set(socket, own);
    this.all += bytes;
    return own;
  }
}

function protocolOf({ live, identity, prepare, count }: SocketOptions): ServerOptions<Record<string, unknown>, Extra> {
  return {
    onConnect: async ({ extra, connectionParams }) => {
      const requestId = newRequestId();
      try {
        const headers = { ...extra.headers, ...headersIn(connectionParams) };
        const caller = await identity.callerOf(headers, requestId);
        if (!extra.isOpen) return false;
        count(caller.clientId);
        const session = { caller, headers, requestId, end: extra.end };
        live.open(session);
        extra.session = session;
        extra.named();
        return { requestId };
      } catch (error) {
        const { code, message } = failureOf(error, requestId);
        const status = statusOf(code);
        const close =
          status === 401 || status === 403 ? codes.forbidden : status === 400 ? codes.badRequest : codes.tryAgain;
        throw new Refused(close, message);
      }
    },
    onSubscribe: async ({ extra }, _id, payload) => {
      const requestId = newRequestId();
      try {
        const operation = await prepare(extra.session!.caller, payload);
        const answers = live.subscribe(extra.session!, operation, requestId, (error) => errorsOf(error, requestId)[0]);
        const { document, node } = operation;
        return { schema: schema(), document, operationName: node.name?.value, contextValue: answers };
      } catch (error) {
        return errorsOf(error, requestId);
      }
    },
    subscribe: ({ contextValue }) => contextValue as AsyncGenerator<never>,
    execute: ({ contextValue }) => contextValue as AsyncGenerator<never>,
    onNext: (_context, _id, _payload, _args, result) => (result as unknown as Answer).value as never,
  };
}

/** Headers of a request, as a browser gives them in the payload of connection_init, in any spelling. */
function headersIn(params: Readonly<Record<string, unknown>> = {}): IncomingHttpHeaders {
  const given = Object.entries(params).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(
    given.filter(([name, value]) => named.has(name) && typeof value === 'string'),
  ) as IncomingHttpHeaders;
}

const named = new Set(['authorization', 'zuora-entity-ids', 'zuora-org-ids', 'zuora-track-id']);

function errorsOf(error: unknown, requestId: string): readonly GraphQLError[] {
  if (error instanceof InvalidDocument) return error.errors;
  const failure = failureOf(error, requestId);
  return [new GraphQLError(failure.message, { extensions: extensionsOf(failure) })];
}

/** A reason may have 123 bytes. */
function short(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}

/** Answers a request for a WebSocket that gets none. */
function refuse(socket: Duplex, error: unknown): void {
  const id = newRequestId();
  const { code, message } = failureOf(error, id);
  const { status, body } = unreadableReply(code, message, id);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, `zuora-request-id: ${id}`, 'connection: close'];
  lines.push('content-type: application/json; charset=utf-8', `content-length: ${Buffer.byteLength(body)}`);
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
