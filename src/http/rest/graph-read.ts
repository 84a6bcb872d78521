import { GraphQLError, parse } from 'graphql';
import type { Limits } from '../../domain/limits';
import { GraphContext } from '../../graph/context';
import { prepare } from '../../graph/guard/operation';
import { run } from '../../graph/read/execution';
import { hashOf } from '../../service/registered-document';
import type { Work } from '../../service/run/work';
import { price, wayFor } from '../graphql/pricing';
import { stringifyResult } from '../graphql/stringify';
import type { Rates } from '../rates';

/** The most objects that a query of this program lists, unless told otherwise. */
const longestPage = 100;

/**
 * A query of the graph that a REST operation reads by. So REST sees exactly what the graph shows, in one statement, and a rule about
 * reading has one place.
 */
export class GraphRead<Data> {
  private readonly parsed;

  /** @param text a valid query of the schema; a test runs each. @param longest the most objects of one of its lists */
  constructor(
    text: string,
    private readonly longest = longestPage,
  ) {
    this.parsed = { document: parse(text, { noLocation: true }), hash: hashOf(text) };
  }

  /**
   * `rates`: where the client decides how much is read, so that the query has its price there.
   * @throws what a resolver has thrown, such as an outage; LimitError QUERY_TOO_COMPLEX, RATE_LIMITED
   */
  async data(work: Work, limits: Limits, variables: Record<string, unknown>, rates?: Rates): Promise<Data> {
    // The pages that this program asks for are as long as they have to be.
    const context = new GraphContext(work, { ...limits, pageSize: Math.max(limits.pageSize, this.longest) });
    const operation = prepare(this.parsed, null, variables);
    const cost = rates && price(operation, work.caller.clientId, limits, rates);
    const result = await run(operation, context, cost ? wayFor(cost, limits) : 'planned');
    const [error] = result.errors ?? [];
    if (error) throw error instanceof GraphQLError ? (error.originalError ?? error) : error;
    return JSON.parse(String(await stringifyResult(result))).data;
  }
}
