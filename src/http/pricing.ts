import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { RequestError } from '../domain/errors';
import { LimitError, type Limits } from '../domain/limits';
import { costOf } from '../graph/cost';
import { schema } from '../graph/schema';
import { extensionsOf, failureOf, statusOf } from './errors';
import type { Context } from './graphql-context';
import type { Rates } from './rates';

/** Prices each operation before it is carried out, refuses what is too much, and tells the price where it is asked for. */
export const pricing = (limits: Limits, rates: Rates): ApolloServerPlugin<Context> => ({
  async requestDidStart() {
    return {
      async didResolveOperation({ document, operationName, request: { variables = {} }, contextValue }) {
        const { http } = contextValue;
        const requested = costOf(schema(), document, operationName, variables, limits.pageSize);
        try {
          if (requested > limits.cost) {
            throw new LimitError(
              { limit: 'cost', allowed: limits.cost, requested },
              `The reply may hold ${requested} objects; ${limits.cost} are allowed. Ask for shorter pages, or for less below them.`,
            );
          }
          http.cost = { requested, giveBack: rates.spend(http.request.caller!.clientId, requested) };
        } catch (error) {
          throw refusal(error as LimitError, http.request.id);
        }
      },
      async willSendResponse({ response: { body }, contextValue: { http } }) {
        if (body.kind !== 'single' || !http.cost) return;
        const { requested, giveBack } = http.cost;
        // The outermost object is nobody's.
        const actual = Math.max(0, objectsIn(body.singleResult.data) - 1);
        giveBack(Math.max(0, requested - actual));
        if (http.request.headers['show-cost'] !== 'true') return;
        const cost = { requested, actual, allowed: limits.cost };
        body.singleResult.extensions = { ...body.singleResult.extensions, cost };
      },
    };
  },
});

function objectsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : 1;
  for (const key in value) count += objectsIn((value as Record<string, unknown>)[key]);
  return count;
}

/** A refusal in Apollo's words. */
function refusal(error: RequestError, requestId: string): GraphQLError {
  const failure = failureOf(error, requestId);
  const headers = new HeaderMap();
  if (failure.retryAfter !== undefined) headers.set('retry-after', String(failure.retryAfter));
  return new GraphQLError(failure.message, {
    extensions: { ...extensionsOf(failure), http: { status: statusOf(failure.code), headers } },
  });
}
