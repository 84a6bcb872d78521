import type { FastifyRequest } from 'fastify';
import type { GraphContext } from '../../graph/context';
import type { Operation } from '../../graph/guard/operation';

/** What an operation costs: about the bytes of memory that it takes to build its reply. */
export interface Cost {
  /** What its reply may cost. */
  requested: number;
  /** What its reply has cost, once it is there. */
  actual?: number;
  giveBack: (unused: number) => void;
}

/** What becomes known of a GraphQL request while Apollo answers it. */
export interface RequestContext {
  graph: GraphContext;
  request: FastifyRequest;
  /** What was judged ahead, and may run. Without it the request has a form that Apollo refuses. */
  operation?: Operation;
  cost?: Cost;
  /** An unexpected failure, which no reply may bury beside an effect. */
  failure?: unknown;
  /** Nothing could be answered for it: the request fails as a whole, with a status that says so. */
  failed?: boolean;
  /** A mutation has had its effect, whatever became of its result. */
  carriedOut?: boolean;
}

export type Context = GraphContext & { http: RequestContext };
