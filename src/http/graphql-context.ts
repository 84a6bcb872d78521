import type { FastifyRequest } from 'fastify';
import type { GraphContext } from '../graph/context';

/** What becomes known of a GraphQL request while Apollo carries it out. */
export interface RequestContext {
  graph: GraphContext;
  request: FastifyRequest;
  /** What its operation costs, once that is known, and how to give back what its reply does not hold of that. */
  cost?: { requested: number; giveBack: (unused: number) => void };
  /** An unexpected failure, which no reply may bury beside an effect. */
  failure?: unknown;
  /** Nothing could be answered for it: the request fails as a whole, with a status that says so. */
  failed?: boolean;
  /** A mutation has had its effect, whatever became of its result. */
  carriedOut?: boolean;
}

export type Context = GraphContext & { http: RequestContext };
