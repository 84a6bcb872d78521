import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { eventType } from '../../domain/history';
import { LimitError, type Limits } from '../../domain/limits';
import { GraphContext } from '../../graph/context';
import type { DocumentLimits } from '../../graph/guard/limits';
import { type Operation, prepare } from '../../graph/guard/operation';
import { InvalidDocument, type ParsedDocuments } from '../../graph/guard/parsed-document';
import { judgeRights } from '../../graph/guard/rights';
import { run } from '../../graph/read/execution';
import { clientIdOf } from '../../service/client';
import type { Services } from '../../service/run/services';
import { timed } from '../../service/run/time-limit';
import { Work } from '../../service/run/work';
import type { WebhookEvent } from '../../service/webhook-delivery';
import { extensionsOf, failureOf } from '../failure';
import type { Cost } from '../graphql/context';
import type { InFlight } from '../graphql/in-flight';
import { price, settle, wayFor } from '../graphql/pricing';
import type { RegisteredDocuments } from '../graphql/registered-document';
import { stringifyResult } from '../graphql/stringify';
import type { Rates } from '../rates';

/* What a webhook says: the event, and the result of the client's registered query about its object. */

/** Milliseconds that the query may take. The claim of a delivery has room for it and for sending. */
export const mostQueryMs = 5_000;

export interface PayloadOptions {
  services: Services;
  documents: RegisteredDocuments;
  parsed: ParsedDocuments;
  documentLimits: DocumentLimits;
  limits: Limits;
  rates: Rates;
  inFlight: InFlight;
}

/** The client's budget is used up for now. The delivery waits, and nothing was tried. */
export class BudgetUsedUp extends Error {
  constructor(readonly retryAfterMs: number) {
    super('the budget of the client for queries is used up for now');
  }
}

/** An event under the names of the graph. */
const shownEvent = ({ id, at, actor, trackId, action, fromState, toState, ...event }: WebhookEvent) => ({
  ...{ id, type: eventType({ subjectType: event.subjectType, action }), at, actor: clientIdOf(actor), trackId },
  ...{ action, fromState, toState, subjectType: event.subjectType, subjectId: event.subjectId },
  ...{ changes: event.changes, version: event.version },
});

/** Writes the bodies of webhooks. */
export class Payloads {
  constructor(private readonly options: PayloadOptions) {}

  /**
   * The body for an event. A query that fails is sent as what it is: a result with errors.
   * @throws BudgetUsedUp
   */
  async body(caller: Caller, event: WebhookEvent, documentId: string | null): Promise<string> {
    const shown = shownEvent(event);
    const begin = `{"type":${JSON.stringify(shown.type)},"timestamp":${JSON.stringify(shown.at)},"data":{"event":${JSON.stringify(shown)}`;
    if (documentId === null) return `${begin}}}`;
    const result = await this.result(caller, documentId, event.subjectId);
    return `${begin},"result":${String(await stringifyResult(result)).trimEnd()}}}`;
  }

  private async result(caller: Caller, documentId: string, id: string): Promise<ExecutionResult> {
    try {
      return await this.ran(caller, documentId, id);
    } catch (error) {
      const failure = failureOf(error, caller.requestId);
      if (failure.code === 'RATE_LIMITED') throw new BudgetUsedUp((failure.retryAfter ?? 1) * 1000);
      if (error instanceof InvalidDocument) return { errors: error.errors };
      if (failure.code === 'INTERNAL') this.options.services.onFailure(error, 'running the query of a webhook');
      const { code: _, ...extensions } = extensionsOf(failure);
      return { errors: [{ message: failure.message, extensions: { code: failure.code, ...extensions } }] as never };
    }
  }

  private async ran(caller: Caller, documentId: string, id: string): Promise<ExecutionResult> {
    const { documents, parsed, limits, rates, inFlight } = this.options;
    const operation = prepare(parsed.read(await documents.textOf(caller.clientId, documentId)), null, { id });
    if (operation.node.operation !== 'query') throw new RequestError('BAD_REQUEST', 'The document is not a query.');
    judgeRights(operation, caller);
    const cost = price(operation, caller.clientId, limits, rates);
    try {
      return await timed(mostQueryMs, async (counter) => {
        const leave = await inFlight.enter(caller.clientId, cost.requested, counter.limit!);
        try {
          return await this.execute(operation, caller, counter, cost);
        } finally {
          leave();
        }
      });
    } finally {
      settle(cost);
    }
  }

  private async execute(
    operation: Operation,
    caller: Caller,
    counter: Work['counter'],
    cost: Cost,
  ): Promise<ExecutionResult> {
    const { services, limits, documentLimits } = this.options;
    const { requestId, clientId } = caller;
    const work = new Work(services, caller, Object.assign(counter, { requestId, clientId }));
    const graph = new GraphContext(work, limits, documentLimits);
    const { data, errors } = await run(operation, graph, wayFor(cost, limits));
    cost.actual = graph.reply.cost;
    return { ...(errors && { errors: errors.map((error) => this.shown(error, requestId)) as never }), data };
  }

  /** An error of a field, as a reply would show it. */
  private shown({ message, path, locations, originalError, extensions }: GraphQLError, requestId: string): object {
    if (!originalError || extensions.code) return { message, locations, path, extensions };
    const failure = failureOf(originalError, requestId);
    if (failure.code === 'RATE_LIMITED' && originalError instanceof LimitError) throw originalError;
    if (failure.code === 'INTERNAL') this.options.services.onFailure(originalError, 'running the query of a webhook');
    return { message: failure.message, locations, path, extensions: extensionsOf(failure) };
  }
}
