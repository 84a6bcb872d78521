import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import type { Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { deprecatedIn } from '../../graph/guard/deprecation';
import { DocumentLimits } from '../../graph/guard/limits';
import { type Operation, prepare } from '../../graph/guard/operation';
import { ParsedDocuments } from '../../graph/guard/parsed-document';
import { judgeRights } from '../../graph/guard/rights';
import { turn } from '../../graph/read/event-loop';
import type { Changes } from '../../service/changes';
import type { ClientDays } from '../../service/client-day';
import type { ClientUse } from '../../service/client-use';
import type { Services } from '../../service/run/services';
import type { Identity } from '../auth/identity';
import { checkShape, turnFor } from '../body';
import { Live } from '../live/live';
import { LiveMeter } from '../live/meter';
import { Reader } from '../live/reader';
import { notStreamed, sendEvents } from '../live/sse';
import { acceptsEvents, exportFormFor, wantsEvents } from '../media-type';
import type { Rates } from '../rates';
import { type Afterwards, idempotencyKeyOf } from '../request';
import type { Unsent } from '../unsent';
import { Answering, holdOf } from './answering';
import { apolloOver } from './apollo';
import { type Asked, inBody, operationIn } from './document-request';
import { Exports } from './export';
import { InFlight } from './in-flight';
import { graphqlOverHttp } from './over-http';
import { payer, price } from './pricing';
import { RegisteredDocuments } from './registered-document';

/** Characters of a document above which it is parsed, and started, in its own turn of the event loop. */
const longText = 4_000;

const documentParts = 'query, documentId or extensions.persistedQuery, and may have operationName and variables';

/** Length of the operation's document, with its fragments. */
const textOf = ({ document }: Operation): number => document.loc?.end ?? 0;

interface GraphQLOptions {
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  rates: Rates;
  unsent: Unsent;
  introspection: boolean;
  /** How long a change of grants or of registered documents may take to have effect. */
  grantsTtlMs: number;
  identity: Identity;
  changes: Changes;
  use: ClientUse;
  /** How long a client may read nothing of its reply. */
  sendTimeoutMs: number;
  days: ClientDays;
}

/** What serves the graph, for what else serves it or watches it. */
interface Graph {
  documents: RegisteredDocuments;
  inFlight: InFlight;
  live: Live;
  meter: LiveMeter;
  exports: Exports;
  prepareMessage(caller: Caller, payload: unknown): Promise<Operation>;
  parsed: ParsedDocuments;
  reader: Reader;
}

export async function graphqlRoute(app: FastifyInstance, options: GraphQLOptions): Promise<Graph> {
  const { services, afterwards, limits, rates, unsent, introspection, grantsTtlMs, identity, changes, use, days } =
    options;
  const hideSuggestions = !introspection;
  const documentLimits = new DocumentLimits(limits, introspection);
  const parsed = new ParsedDocuments(schema(), documentLimits, hideSuggestions);
  const inFlight = new InFlight(limits);
  const documents = new RegisteredDocuments(services, documentLimits, parsed, app.log, grantsTtlMs, days);
  app.addHook('onClose', () => documents.close());
  const meter = new LiveMeter();
  const reader = new Reader({ services, limits, documentLimits, rates, inFlight, log: app.log, meter });
  const live = new Live({ identity, changes, reader, limits, grantsTtlMs, log: app.log, meter, use });
  const exports = new Exports({ ...options, documentLimits, inFlight, live });
  const apollo = apolloOver(parsed, limits, hideSuggestions, app.log);
  const answering = new Answering({ apollo, services, afterwards, limits, documentLimits });
  app.decorateRequest('search', '');
  app.decorateRequest('byId', false);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  /** All checks before execution. Undefined if the request has no operation; Apollo refuses such a request. */
  const prepared = async (
    request: FastifyRequest,
    asked: Asked & { text?: string },
  ): Promise<Operation | undefined> => {
    if (asked.text === undefined) {
      const given = (request.method === 'GET' ? request.query : request.body) as { query?: unknown } | null;
      // What is not a text, or no object, Apollo refuses in words that fit.
      if (given && !Array.isArray(given) && given.query === undefined)
        throw new RequestError('BAD_REQUEST', `The request has no document: it must have ${documentParts}.`);
      return undefined;
    }
    if (asked.text.length > longText && !parsed.knows(asked.text)) await turn(asked.text.length);
    const document = parsed.read(asked.text, payer(request.caller!.clientId, rates));
    await turnFor(request);
    const wanted = operationIn(asked);
    return wanted && prepare(document, wanted.name, wanted.variables, { hideSuggestions });
  };

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = request.caller!;
    const operation = await prepared(request, await documents.resolve(request));
    if (request.method === 'GET' && operation?.node.operation === OperationTypeNode.MUTATION) {
      reply.header('allow', 'POST');
      throw new RequestError('METHOD_NOT_ALLOWED', 'GET is allowed only for queries. Send the mutation by POST.');
    }
    if (operation) judgeRights(operation, caller);
    if (operation && isStreamed(request, operation)) {
      note(request, operation);
      return sendEvents(live, operation, request, reply);
    }
    const form = exportFormFor(request);
    if (form) {
      if (operation) note(request, operation);
      return exports.send(operation, form, request, reply);
    }
    if (idempotencyKeyOf(request) !== undefined) await turnFor(request);
    const what = holdOf(request, operation, limits);
    const cost = operation && price(operation, caller.clientId, limits, rates);
    if (operation) note(request, operation);
    // Without this turn, sixteen documents of fifty root fields each ran one after another, and all other requests
    // waited.
    if (operation && textOf(operation) > longText) await turn(textOf(operation));
    const leave = cost && (await inFlight.enter(caller.clientId, cost.requested, request.counter!.limit!));
    let send: () => FastifyReply;
    try {
      // Checked again: while the operation waited, earlier replies may have been left unread.
      unsent.admit(caller.clientId);
      send = await answering.carryOut(request, reply, what, { operation, cost });
    } finally {
      leave?.();
    }
    // Sent after the turn ends: sending waits for the client, and no other operation may wait for a client that does
    // not read.
    return send();
  };
  /** The operation of a message over a WebSocket, after all checks that a request has. */
  const prepareMessage = async (caller: Caller, payload: unknown): Promise<Operation> => {
    rates.count(caller.clientId);
    checkShape(payload, limits.values);
    const asked = inBody(payload);
    let unknown: ((operationName: string | null) => void) | undefined;
    const text = await documents.textFor(caller, asked, (record) => {
      unknown = record;
    });
    const wanted = operationIn(asked);
    if (text === undefined || !wanted) {
      throw new RequestError('BAD_REQUEST', `The payload must have ${documentParts}.`);
    }
    if (text.length > longText && !parsed.knows(text)) await turn(text.length);
    const document = parsed.read(text, payer(caller.clientId, rates));
    const operation = prepare(document, wanted.name, wanted.variables, { hideSuggestions });
    judgeRights(operation, caller);
    unknown?.(operation.node.name?.value ?? null);
    return operation;
  };
  graphqlOverHttp(app, '/graphql', handler);
  graphqlOverHttp(app, '/graphql/:documentId', handler);
  return { documents, inFlight, live, meter, exports, prepareMessage, parsed, reader };
}

/**
 * Whether the answer is a stream of events: to a subscription always, to others if the client takes nothing else.
 * @throws RequestError NOT_ACCEPTABLE
 */
function isStreamed(request: FastifyRequest, { node }: Operation): boolean {
  if (node.operation !== OperationTypeNode.SUBSCRIPTION) return wantsEvents(request);
  if (acceptsEvents(request)) return true;
  throw notStreamed();
}

/** Sets the operation name and the deprecated parts for log and metrics, and records an unregistered document. */
function note(request: FastifyRequest, { node, document }: Operation): void {
  const name = node.name?.value ?? null;
  request.operation = `${node.operation} ${name ?? '(unnamed)'}`;
  request.noteUnknown?.(name);
  const uses = deprecatedIn(schema(), document);
  if (uses.length) request.deprecated = uses.map(({ coordinate }) => coordinate);
}
