import { GraphQLError, parse } from 'graphql';
import type { Limits } from '../../domain/limits';
import { GraphContext } from '../../graph/context';
import { prepare } from '../../graph/guard/operation';
import { run } from '../../graph/read/execution';
import { hashOf } from '../../service/registered-document';
import type { Work } from '../../service/run/work';
import { stringifyResult } from '../graphql/stringify';

/** The most objects that one query of this program lists. */
const longestPage = 100;

/**
 * A query of the graph that a REST operation reads by. So REST sees exactly what the graph shows, in one statement, and a rule about
 * reading has one place.
 */
export class GraphRead<Data> {
  private readonly parsed;

  /** @param text a valid query of the schema; a test runs each */
  constructor(text: string) {
    this.parsed = { document: parse(text, { noLocation: true }), hash: hashOf(text) };
  }

  /** @throws what a resolver has thrown, such as an outage */
  async data(work: Work, limits: Limits, variables: Record<string, unknown>): Promise<Data> {
    // The pages that this program asks for are as long as they have to be.
    const context = new GraphContext(work, { ...limits, pageSize: Math.max(limits.pageSize, longestPage) });
    const result = await run(prepare(this.parsed, null, variables), context);
    const [error] = result.errors ?? [];
    if (error) throw error instanceof GraphQLError ? (error.originalError ?? error) : error;
    return JSON.parse(String(await stringifyResult(result))).data;
  }
}
