import type { ApolloServerPlugin } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import type { Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { deprecatedIn, deprecationHeaders } from '../../graph/guard/deprecation';
import type { Context, RequestContext } from './context';
import { isLarge } from './stringify';

/* What comes with the data of a reply, whether Apollo writes it or not. */

/** Characters of a reply above which it is written in turns of the event loop. */
const largeReply = 1_000_000;

/** Records the cost of a reply, and says cost and statements if the request asks for them. */
export function complete(result: FormattedExecutionResult, http: RequestContext, limits: Limits): void {
  const { cost, graph, request } = http;
  const { reply, work } = graph;
  if (result.data && reply.characters > largeReply) isLarge(result.data);
  if (cost) {
    cost.actual = reply.cost;
    if (request.headers['show-cost'] === 'true') {
      const shown = { requested: cost.requested, actual: cost.actual, allowed: limits.cost };
      result.extensions = { ...result.extensions, cost: shown };
    }
  }
  if (request.headers['show-statements'] === 'true') {
    result.extensions = { ...result.extensions, statements: work.counter.statements };
  }
}

/** The headers that tell of deprecated parts of the schema. */
export const headersFor = ({ request, operation }: RequestContext): Record<string, string> =>
  request.deprecated && operation ? deprecationHeaders(deprecatedIn(schema(), operation.document)) : {};

/** Does what `complete` and `headersFor` do for replies that Apollo writes. */
export const completing = (limits: Limits): ApolloServerPlugin<Context> => ({
  async requestDidStart() {
    return {
      async willSendResponse({ response: { http, body }, contextValue }) {
        for (const [name, value] of Object.entries(headersFor(contextValue.http))) http.headers.set(name, value);
        if (body.kind === 'single') complete(body.singleResult, contextValue.http, limits);
      },
    };
  },
});
