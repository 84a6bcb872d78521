import type { FastifyBaseLogger } from 'fastify';
import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { LimitError, type Limits, ReplyTooLong } from '../../domain/limits';
import { GraphContext } from '../../graph/context';
import type { DocumentLimits } from '../../graph/guard/limits';
import type { Operation } from '../../graph/guard/operation';
import { presentCursor } from '../../graph/read/events';
import { run } from '../../graph/read/execution';
import { levelOf } from '../../service/run/outage';
import type { Services } from '../../service/run/services';
import { timed } from '../../service/run/time-limit';
import { Work } from '../../service/run/work';
import { isFailure, shownErrors } from '../graphql/errors';
import type { InFlight } from '../graphql/in-flight';
import { price, settle, wayFor } from '../graphql/pricing';
import { stringifyResult } from '../graphql/stringify';
import type { Rates } from '../rates';
import type { LiveMeter } from './meter';
import type { Answer } from './subscriber';

export interface ReaderOptions {
  services: Services;
  limits: Limits;
  documentLimits: DocumentLimits;
  rates: Rates;
  inFlight: InFlight;
  log: FastifyBaseLogger;
  meter: LiveMeter;
}

/** On whose behalf something is read: the subscribers of one read see the same, and one of their clients pays. */
export interface Reading {
  callers: readonly Caller[];
  requestId: string;
}

/** Runs queries for subscriptions and webhooks, under the limits of requests. On the primary: a replica may not have the change yet. */
export class Reader {
  readonly meter: LiveMeter;

  constructor(private readonly options: ReaderOptions) {
    this.meter = options.meter;
  }

  /**
   * The answer to a query, as a request would get it.
   * @throws RequestError, LimitError if there is no answer, such as in an outage
   */
  async answer(query: Operation, reading: Reading): Promise<Answer> {
    const result = await this.run(query, reading);
    const text = String(await stringifyResult(result)).trimEnd();
    if (Buffer.byteLength(text) > this.options.limits.reply) throw new ReplyTooLong(this.options.limits.reply);
    return { text, value: JSON.parse(text) };
  }

  /** The result itself, within some milliseconds. @throws as `answer` does */
  async run(
    query: Operation,
    { callers, requestId }: Reading,
    mostMs = this.options.limits.time,
  ): Promise<FormattedExecutionResult> {
    const { limits, documentLimits, inFlight } = this.options;
    const { caller, cost } = this.payer(query, callers);
    const result = await this.within(caller, requestId, mostMs, async (work, signal) => {
      const leave = await inFlight.enter(caller.clientId, cost.requested, signal);
      try {
        const graph = new GraphContext(work, limits, documentLimits);
        const ran = await run(query, graph, wayFor(cost, limits));
        cost.actual = graph.reply.cost;
        return ran;
      } finally {
        leave();
      }
    });
    settle(cost);
    return this.shown(result, requestId);
  }

  /** The cursor behind all events that are complete now. */
  presentCursor({ callers: [caller], requestId }: Reading): Promise<string> {
    const { limits, documentLimits } = this.options;
    return this.within(caller, requestId, limits.time, (work) =>
      presentCursor(new GraphContext(work, limits, documentLimits)),
    );
  }

  private within<T>(
    caller: Caller,
    requestId: string,
    mostMs: number,
    act: (work: Work, limit: { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const { limits, services } = this.options;
    return timed(mostMs, (counter) => {
      Object.assign(counter, { requestId, clientId: caller.clientId, mostWaiting: limits.waiting });
      return act(new Work(services, caller, counter), counter.limit!);
    });
  }

  /** The first client that can pay. @throws LimitError of the last that cannot */
  private payer(query: Operation, callers: readonly Caller[]) {
    const { limits, rates } = this.options;
    let refused: unknown;
    for (const caller of callers) {
      try {
        return { caller, cost: price(query, caller.clientId, limits, rates) };
      } catch (error) {
        refused = error;
        if (!(error instanceof LimitError && error.details.limit === 'costPerMinute')) break;
      }
    }
    throw refused;
  }

  private shown({ data, errors }: ExecutionResult, requestId: string): FormattedExecutionResult {
    if (!errors?.length) return { data };
    let failure: unknown;
    const shown = shownErrors(errors, requestId, (err, path) => {
      failure ??= err;
      this.options.log[levelOf(err)]({ err, path, requestId }, 'resolver failed');
    });
    const result = { errors: shown, data };
    if (isFailure(result)) throw failure ?? new RequestError('UNAVAILABLE');
    return result;
  }
}
