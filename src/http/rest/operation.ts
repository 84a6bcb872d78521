import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLInputObjectType, type GraphQLInputType } from 'graphql';
import type { Scope } from '../../domain/caller';
import type { Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import type { Work } from '../../service/run/work';
import type { Rates } from '../rates';
import { sendReply } from '../request';
import { lookUp, performOnce, type RestOptions, read, render, workOf } from './adapter';
import { parameterError } from './envelope';
import type { JsonSchema } from './json-schema';
import type { Fields, Published } from './shape';
import { graphWords } from './words';

/** A parameter of the query string. */
export interface QueryParameter {
  description: string;
  schema: JsonSchema;
  required?: true;
  /** A value for the document, where one is needed. */
  example?: string | readonly string[];
}

/** A parameter that is `true` or `false`. Absent, it is false. */
export const flag = (description: string): QueryParameter => ({ description, schema: { type: 'boolean' } });

/**
 * Whether a flag is on, in upper or lower case: clients in Python write True.
 * @throws RequestError BAD_PARAMETER
 */
export function isOn(query: Asked<unknown>['query'], name: string): boolean {
  const given = String(query[name] ?? 'false');
  const value = given.toLowerCase();
  if (value === 'true' || value === 'false') return value === 'true';
  throw parameterError(name, 'True or false is expected.');
}

/** @throws RequestError BAD_PARAMETER for a parameter that is not among these, or is given twice: one that is ignored would mislead */
function onlyParameters(query: Asked<unknown>['query'], allowed: readonly string[]): void {
  for (const [name, value] of Object.entries(query)) {
    if (!allowed.includes(name)) {
      const choice = allowed.length ? `${allowed.join(', ')} are allowed.` : 'This operation takes none.';
      throw parameterError(name, `No parameter has this name. ${choice}`);
    }
    if (typeof value !== 'string') throw parameterError(name, 'Give it once.');
  }
}

/** The body of an operation: an input type of the graph, and how the published body differs from it. */
export interface Body {
  /** The name of the input type, or a function that makes one. */
  of: string | (() => GraphQLInputObjectType);
  /** Fields that the graph's type lacks, and with null the fields that the published body lacks. */
  but?: Readonly<Record<string, JsonSchema | null>>;
  /** Makes a body of the graph from a published body. */
  into?: (body: unknown) => unknown;
  /** The body's name for the graph's `input`, if the input is a list. */
  list?: string;
  /** A body that works in the demo as it stands, for the document. */
  example: object;
}

/** What a request asks. */
export interface Asked<Input> {
  /** The parameter of the path. */
  key: string;
  query: Readonly<Record<string, unknown>>;
  body: Input;
  limits: Limits;
  rates: Rates;
}

/** One published operation: the route and its part of the OpenAPI document. README.md says how to add one. */
export interface Operation<Input = unknown> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With the parameter in braces, such as `/v1/orders/{key}`. */
  path: string;
  /** A few words, such as "Retrieve an order"; unique among all operations. */
  summary: string;
  scope: Scope;
  /** The type of the graph that the operation is about. */
  noun: string;
  /** What the parameter of the path is; the id or number of the noun unless told otherwise. */
  key?: string;
  query?: Readonly<Record<string, QueryParameter>>;
  /** `act` judges the names of the parameters: those of object queries are read in any case, and some are patterns. */
  judgesParameters?: true;
  body?: Body;
  /** The reply beside `success: true`. */
  reply: Fields | Published;
  /** The published reply has no `success`, as those of /object-query. */
  bare?: true;
  /** @returns the reply, without `success` */
  act(work: Work, asked: Asked<Input>): Promise<object>;
}

/** Gives an operation the type of its body. */
export const operation = <Input = unknown>(declared: Operation<Input>): Operation => declared as Operation;

/** Adds the route of each operation. */
export function restRoutes(app: FastifyInstance, options: RestOptions, operations: readonly Operation[]): void {
  for (const each of operations) {
    const { method, path, scope } = each;
    const url = path.replace(/\{(\w+)\}/g, ':$1');
    app.route({ method, url, config: { scope }, handler: handlerOf(each, options) });
  }
}

/** The input type of a body. Whatever a body says to an operation without one is refused, since it would have no effect. */
export const inputTypeOf = (body: Body | undefined): GraphQLInputType =>
  !body ? noFields : typeof body.of === 'string' ? (schema().getType(body.of) as GraphQLInputType) : body.of();

const noFields = new GraphQLInputObjectType({ name: 'Body', fields: {} });

/** GET may read from a replica. POST happens once for the same Idempotency-Key. */
function handlerOf(operation: Operation, options: RestOptions) {
  const { services, afterwards, limits, rates } = options;
  const { body: declared } = operation;
  const type = inputTypeOf(declared);
  const words = graphWords(type);
  const flags = Object.entries(operation.query ?? {}).flatMap(([name, { schema }]) =>
    schema.type === 'boolean' ? [name] : [],
  );
  const askedOf = (request: FastifyRequest, body: unknown): Asked<unknown> => {
    const [key = ''] = Object.values(request.params as Record<string, string>);
    return { key, query: request.query as Record<string, unknown>, body, limits, rates };
  };
  const carryOut = async (work: Work, asked: Asked<unknown>) => ({
    ...(!operation.bare && { success: true }),
    ...(await operation.act(work, asked)),
  });
  const change = (request: FastifyRequest, work: Work, given: unknown) =>
    render(
      request,
      async () => carryOut(work, askedOf(request, read(type, declared?.into ? declared.into(given) : given))),
      declared?.list,
    );

  return async (request: FastifyRequest, reply: FastifyReply) => {
    // Judged before anything is carried out.
    const query = request.query as Record<string, unknown>;
    if (!operation.judgesParameters) onlyParameters(query, Object.keys(operation.query ?? {}));
    for (const name of flags) isOn(query, name);
    if (operation.method === 'GET') {
      return lookUp(services, { request, reply }, (work) => carryOut(work, askedOf(request, undefined)));
    }
    const body = words(request.body);
    if (operation.method === 'POST') {
      return performOnce(options, { request, reply, body }, (work) => change(request, work, body));
    }
    const work = workOf(request, services);
    const acted = change(request, work, body);
    afterwards.after(reply, work, acted);
    return sendReply(reply, await acted);
  };
}
