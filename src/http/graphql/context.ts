import type { FastifyRequest } from 'fastify';
import type { ExecutionResult } from 'graphql';
import type { GraphContext } from '../../graph/context';
import type { Operation } from '../../graph/guard/operation';
import type { Way } from '../../graph/read/execution';

/** The cost of an operation: about the bytes of memory that it takes to build its reply. */
export interface Cost {
  /** The most that the reply may cost. */
  requested: number;
  /** The cost of the finished reply. */
  actual?: number;
  giveBack: (unused: number) => void;
}

/** State of a GraphQL request while Apollo answers it. */
export interface RequestContext {
  graph: GraphContext;
  request: FastifyRequest;
  /** The prepared operation, which may run. Absent if the request has a form that Apollo refuses. */
  operation?: Operation;
  cost?: Cost;
  /** How a query is read. */
  way: Way;
  /** The result of a query that was run ahead. */
  ran?: Promise<ExecutionResult>;
  /** An unexpected failure. A reply must not hide it beside a committed effect. */
  failure?: unknown;
  /** No field could be answered: the whole request fails, with the status of the failure. */
  failed?: boolean;
  /** A mutation was carried out, even if its result could not be read. */
  carriedOut?: boolean;
}

export type Context = GraphContext & { http: RequestContext };
