import { LimitError, type Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { costOf } from '../../graph/guard/cost';
import type { Operation } from '../../graph/guard/operation';
import type { Way } from '../../graph/read/execution';
import type { Rates } from '../rates';
import type { Cost } from './context';

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

/**
 * A reply that PostgreSQL writes comes whole, and nothing can cut it off while it grows. So a query that may have a very
 * long one is read by the loaders, which stop at the limit and leave turns to other requests.
 */
export const wayFor = (cost: Cost | undefined, { reply }: Limits): Way =>
  cost && cost.requested <= reply / 2 ? 'planned' : 'loaders';
