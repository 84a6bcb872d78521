import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLInputType } from 'graphql';
import { add, type Decimal } from '../../domain/decimal';
import { Refusal } from '../../domain/errors';
import { isObject } from '../../domain/json';
import type { Limits } from '../../domain/limits';
import { collects, type ProcessingOptions } from '../../domain/payment';
import { type InputProblem, readInput } from '../../graph/guard/coerce';
import { hold, type Reply } from '../../service/run/idempotency';
import { tellRefused } from '../../service/run/refusal-channel';
import { type Services } from '../../service/run/services';
import { Work } from '../../service/run/work';
import type { Rates } from '../rates';
import { type Afterwards, fingerprintOf, idempotencyKeyOf, sendReply } from '../request';
import { pathText, type Reason, reasonOf, refusal } from './envelope';

/*
 * Shared code of the published REST operations, which are thin adapters over the graph's input types and the services.
 */

/** The work of a request without an open transaction. */
export const workOf = (request: FastifyRequest, services: Services): Work =>
  new Work(services, request.caller!, request.counter!);

/** Shared dependencies of the routes. */
export interface RestOptions {
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  rates: Rates;
}

/** Carries out a POST, only once for the same Idempotency-Key. `body` is the normalized body, for the fingerprint. */
export async function performOnce(
  { services, afterwards, limits }: RestOptions,
  { request, reply, body }: { request: FastifyRequest; reply: FastifyReply; body: unknown },
  act: (work: Work) => Promise<Reply>,
): Promise<FastifyReply> {
  const caller = request.caller!;
  const idempotencyKey = idempotencyKeyOf(request);
  if (idempotencyKey !== undefined) {
    const fingerprint = fingerprintOf(`POST ${request.routeOptions.url}`, request, body);
    const options = isObject(body) ? (body.processingOptions as ProcessingOptions | null | undefined) : undefined;
    const keyed = { idempotencyKey, fingerprint, longest: limits.keptReply, mayPay: collects(options) };
    const held = hold(services, caller, keyed, request.counter!, (work) => {
      afterwards.after(reply, work, held);
      return act(work);
    });
    const { reply: rendered, replayed } = await held;
    return sendReply(reply, rendered, replayed);
  }
  const work = new Work(services, caller, request.counter!);
  const acted = act(work);
  afterwards.after(reply, work, acted);
  return sendReply(reply, await acted);
}

/** Carries out a GET, which may read from a replica. */
export async function lookUp(
  services: Services,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  find: (work: Work) => Promise<object>,
): Promise<FastifyReply> {
  const work = workOf(request, services);
  const rendered = await work.whole(async () => {
    await work.onlyReads();
    return render(request, () => find(work));
  });
  return sendReply(reply, rendered);
}

/** Thrown for a body that does not fit the schema. Its problems become reasons. */
class BodyError extends Error {
  constructor(readonly problems: readonly InputProblem[]) {
    super('the body does not fit');
  }
}

export function read<T>(type: string | GraphQLInputType, body: unknown): T {
  const input = readInput<T>(type, body ?? {});
  if ('problems' in input) throw new BodyError(input.problems);
  return input.value;
}

const categories = { unknown: 21, missing: 22, value: 20 };
const codeOf = ({ kind }: InputProblem) => ({ code: kind === 'missing' ? 'REQUIRED' : 'INVALID_VALUE' }) as const;
const reasonOfProblem = ({ kind, path, message }: InputProblem): Reason => ({
  category: categories[kind],
  message: path.length ? `${pathText(path)}: ${message}` : message,
});

/**
 * The reply to an operation: its result, or its refusal as the published envelope. Other failures are thrown. `list` is
 * the body's name for the graph's `input`, if the input is a list.
 */
export async function render(request: FastifyRequest, act: () => Promise<object>, list?: string): Promise<Reply> {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  try {
    return { status: 200, headers, body: json(await act()) };
  } catch (error) {
    const reasons =
      error instanceof BodyError
        ? error.problems.map(reasonOfProblem)
        : error instanceof Refusal
          ? error.errors.map((each) => reasonOf(each, list))
          : undefined;
    if (!reasons) throw error;
    const refused = error instanceof Refusal ? error.errors : (error as BodyError).problems.map(codeOf);
    tellRefused(refused);
    // What a unit of work refuses is told of by the unit.
    if (error instanceof BodyError || request.method === 'GET') request.refused = refused.map(({ code }) => code);
    return { status: 200, headers, body: json(refusal(request, reasons)) };
  }
}

/** Marks a decimal that REST writes as an exact JSON number; a double would lose digits. No stored text holds a nul. */
export const number = (value: Decimal): string => `\0number:${add(value)}`;
const json = (value: object): string => JSON.stringify(value).replace(/"\\u0000number:(-?[\d.]+)"/g, '$1');
