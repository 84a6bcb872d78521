import type { FormattedExecutionResult } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { eventType } from '../../domain/history';
import { prepare } from '../../graph/guard/operation';
import { InvalidDocument, type ParsedDocuments } from '../../graph/guard/parsed-document';
import { judgeRights } from '../../graph/guard/rights';
import { clientIdOf } from '../../service/client';
import type { Services } from '../../service/run/services';
import type { WebhookEvent } from '../../service/webhook-delivery';
import { extensionsOf, failureOf } from '../failure';
import type { RegisteredDocuments } from '../graphql/registered-document';
import { stringifyResult } from '../graphql/stringify';
import type { Reader } from './reader';

/* What a webhook says: the event, and the result of the client's registered query about its object. */

/** Milliseconds that the query may take. The claim of a delivery has room for it and for sending. */
export const mostQueryMs = 5_000;

export interface PayloadOptions {
  documents: RegisteredDocuments;
  parsed: ParsedDocuments;
  reader: Reader;
  onFailure: Services['onFailure'];
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

  private async result(caller: Caller, documentId: string, id: string): Promise<FormattedExecutionResult> {
    try {
      const result = await this.ran(caller, documentId, id);
      if (result.errors?.some(({ extensions }) => extensions?.code === 'RATE_LIMITED')) throw new BudgetUsedUp(1_000);
      return result;
    } catch (error) {
      if (error instanceof InvalidDocument) return { errors: error.errors.map((each) => each.toJSON()) };
      const failure = failureOf(error, caller.requestId);
      if (failure.code === 'RATE_LIMITED') throw new BudgetUsedUp((failure.retryAfter ?? 1) * 1000);
      // An outage of ours is no answer. The delivery is tried again.
      if (error instanceof BudgetUsedUp || failure.code === 'UNAVAILABLE') throw error;
      if (failure.code === 'INTERNAL') this.options.onFailure(error, 'running the query of a webhook');
      return { errors: [{ message: failure.message, extensions: extensionsOf(failure) }] };
    }
  }

  private async ran(caller: Caller, documentId: string, id: string): Promise<FormattedExecutionResult> {
    const { documents, parsed, reader } = this.options;
    const operation = prepare(parsed.read(await documents.textOf(caller.clientId, documentId)), null, { id });
    if (operation.node.operation !== 'query') throw new RequestError('BAD_REQUEST', 'The document is not a query.');
    judgeRights(operation, caller);
    return reader.run(operation, { callers: [caller], requestId: caller.requestId }, mostQueryMs);
  }
}
