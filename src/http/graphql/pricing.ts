import type { ApolloServerPlugin } from '@apollo/server';
import { LimitError, type Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { costOf } from '../../graph/guard/cost';
import type { Operation } from '../../graph/guard/operation';
import type { Rates } from '../rates';
import type { Context, Cost } from './context';
import { isLarge } from './stringify';

/** Characters of a reply above which it is written in turns of the event loop. */
const largeReply = 1_000_000;

/**
 * Prices an operation before it runs, and takes the price from the client's budget.
 * @throws LimitError QUERY_TOO_COMPLEX, RATE_LIMITED
 */
export function price(operation: Operation, clientId: string, limits: Limits, rates: Rates): Cost {
  const { document, node, variables } = operation;
  const requested = costOf(schema(), document, node.name?.value, variables, limits.pageSize);
  if (requested > limits.cost) {
    throw new LimitError(
      { limit: 'cost', allowed: limits.cost, requested },
      `The operation may cost ${requested}; ${limits.cost} is allowed. Request shorter pages, fewer fields, or fewer counts and sums.`,
    );
  }
  return { requested, giveBack: rates.spend(clientId, requested) };
}

/** Gives back the part of the price that the reply did not cost. */
export const settle = ({ requested, actual = 0, giveBack }: Cost): void => giveBack(Math.max(0, requested - actual));

/** Records the cost of a reply. Shows cost and price if the request asks for them. */
export const pricing = (limits: Limits): ApolloServerPlugin<Context> => ({
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body }, contextValue: { http } }) {
        if (body.kind !== 'single' || !http.cost) return;
        const { data } = body.singleResult;
        if (data && http.graph.reply.characters > largeReply) isLarge(data);
        const actual = http.graph.reply.cost;
        http.cost.actual = actual;
        if (http.request.headers['show-cost'] !== 'true') return;
        const cost = { requested: http.cost.requested, actual, allowed: limits.cost };
        body.singleResult.extensions = { ...body.singleResult.extensions, cost };
      },
    };
  },
});
