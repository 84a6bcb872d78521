import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Scope } from '../domain/caller';
import { add, type Decimal } from '../domain/decimal';
import { Refusal, RequestError, userError } from '../domain/errors';
import type { FulfillmentChange } from '../domain/fulfillment-change';
import { type InputProblem, readInput } from '../graph/coerce';
import { type CreateFulfillmentsInput, createFulfillments, findFulfillment } from '../service/fulfillment';
import { deleteFulfillment, updateFulfillment } from '../service/fulfillment-change';
import { hold, type Reply } from '../service/hold';
import { type Services, Work } from '../service/work';
import { pathText, type Reason, reasonOf, refusal } from './envelope';
import { type Afterwards, fingerprintOf, idempotencyKey, sendReply } from './request';

/**
 * The published REST operations on fulfillments: a thin adapter. Bodies are read by the graph's input types, so that
 * the two doors cannot drift apart, and the services do the rest.
 */
export function fulfillmentRoutes(app: FastifyInstance, services: Services, afterwards: Afterwards): void {
  refuseOtherMethods(app, '/v1/fulfillments', ['POST']);
  refuseOtherMethods(app, '/v1/fulfillments/:key', ['GET', 'PUT', 'DELETE']);

  app.post('/v1/fulfillments', async (request, reply) => {
    const caller = allowed(request, 'fulfill');
    const body = normalized(request.body);
    const act = async (work: Work): Promise<Reply> =>
      render(request, async () => {
        const result = await createFulfillments(work, read<CreateFulfillmentsInput>('CreateFulfillmentsInput', body));
        return {
          success: true,
          fulfillments: result.fulfillments.map((row) => ({
            id: row!.id,
            fulfillmentNumber: row!.fulfillmentNumber,
            fulfillmentItems: [],
          })),
          invoiceNumbers: result.invoices.length ? result.invoices.map((invoice) => invoice.invoiceNumber) : null,
          creditMemoNumbers: null,
          paidAmount: result.paidAmount === null ? null : number(result.paidAmount),
          // The published reply has room for one; with several accounts the graph lists them.
          paymentNumber: result.payments.length === 1 ? result.payments[0].paymentNumber : null,
        };
      });
    const key = idempotencyKey(request);
    if (key !== undefined) {
      const fingerprint = fingerprintOf('POST /v1/fulfillments', request, body);
      const held = hold(services, caller, { dryRun: false, key, fingerprint }, (work) => {
        afterwards.after(reply, work, held);
        return act(work);
      });
      const { reply: rendered, replayed } = await held;
      return sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller);
    const acted = act(work);
    afterwards.after(reply, work, acted);
    return sendReply(reply, await acted);
  });

  app.get<{ Params: { key: string }; Querystring: { fulfillmentItems?: string } }>(
    '/v1/fulfillments/:key',
    async (request, reply) => {
      const work = new Work(services, allowed(request, 'read'));
      const withItems = request.query.fulfillmentItems === 'true';
      const rendered = await render(request, async () => {
        const row = await findFulfillment(work, request.params.key);
        if (!row) throw new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.')]);
        const { customFields, quantity } = row;
        const shown = Object.fromEntries(published.map((field) => [field, row[field]]));
        return {
          success: true,
          ...shown,
          quantity: number(quantity),
          ...customFields,
          ...(withItems && { fulfillmentItems: [] }),
        };
      });
      return sendReply(reply, rendered);
    },
  );

  app.put<{ Params: { key: string } }>('/v1/fulfillments/:key', async (request, reply) => {
    const work = new Work(services, allowed(request, 'fulfill'));
    const rendered = await render(request, async () => {
      const change = read<FulfillmentChange>('UpdateFulfillmentInput', withCustomFields(request.body));
      const { fulfillment } = await updateFulfillment(work, request.params.key, change);
      return { success: true, id: fulfillment.id };
    });
    return sendReply(reply, rendered);
  });

  app.delete<{ Params: { key: string } }>('/v1/fulfillments/:key', async (request, reply) => {
    const work = new Work(services, allowed(request, 'fulfill'));
    const rendered = await render(request, async () => {
      await deleteFulfillment(work, request.params.key);
      return { success: true };
    });
    return sendReply(reply, rendered);
  });
}

/** The methods that a path has not: told apart from a path that does not exist. */
function refuseOtherMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const method = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((each) => !allowed.includes(each));
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allowed.join(', '));
    throw Object.assign(new Error(`${request.method} is not supported here; ${allowed.join(', ')} are.`), {
      statusCode: 405,
    });
  };
  app.route({ method, url, handler });
}

/** What GET shows of a fulfillment, in the published order. */
const published = [
  'id',
  'fulfillmentNumber',
  'orderLineItemId',
  'fulfillmentDate',
  'fulfillmentType',
  'quantity',
  'state',
  'billTargetDate',
  'description',
  'carrier',
  'trackingNumber',
  'fulfillmentSystem',
  'fulfillmentLocation',
  'externalId',
  'excludeItemBillingFromRevenueAccounting',
  'excludeItemBookingFromRevenueAccounting',
] as const;

function allowed(request: FastifyRequest, scope: Scope) {
  const caller = request.caller!;
  if (!caller.scopes.has(scope)) throw new RequestError('FORBIDDEN', `This operation needs the scope "${scope}".`);
  return caller;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** REST writes custom fields beside the others and spells Canceled in two ways; the graph does neither. */
function withCustomFields(entry: unknown): unknown {
  if (!isObject(entry)) return entry;
  const fields = Object.entries(entry);
  const custom = fields.filter(([name]) => name.endsWith('__c'));
  const rest = Object.fromEntries(fields.filter(([name]) => !name.endsWith('__c')));
  if (rest.state === 'Cancelled') rest.state = 'Canceled';
  // What is no object is left for the schema to refuse.
  if (custom.length === 0 || (rest.customFields != null && !isObject(rest.customFields))) return rest;
  return {
    ...rest,
    customFields: { ...(rest.customFields as object | null | undefined), ...Object.fromEntries(custom) },
  };
}

const normalized = (body: unknown): unknown =>
  isObject(body) && Array.isArray(body.fulfillments)
    ? { ...body, fulfillments: body.fulfillments.map(withCustomFields) }
    : body;

/** Thrown for a body that does not fit; its problems become reasons. */
class BodyError extends Error {
  constructor(readonly problems: readonly InputProblem[]) {
    super('the body does not fit');
  }
}

function read<T>(type: string, body: unknown): T {
  const input = readInput<T>(type, body ?? {});
  if ('problems' in input) throw new BodyError(input.problems);
  return input.value;
}

const categories = { unknown: 21, missing: 22, value: 20 };
const reasonOfProblem = ({ kind, path, message }: InputProblem): Reason => ({
  category: categories[kind],
  message: path.length ? `${pathText(path)}: ${message}` : message,
});

/** The reply to an act: what it returns, or its refusal as the published envelope. Other failures are thrown on. */
async function render(request: FastifyRequest, act: () => Promise<object>): Promise<Reply> {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  try {
    return { status: 200, headers, body: json(await act()) };
  } catch (error) {
    const reasons =
      error instanceof BodyError
        ? error.problems.map(reasonOfProblem)
        : error instanceof Refusal
          ? error.errors.map(reasonOf)
          : undefined;
    if (!reasons) throw error;
    return { status: 200, headers, body: json(refusal(request, reasons)) };
  }
}

/** Marks a decimal that REST writes as a JSON number, exactly: a double would lose digits. No stored text holds a nul. */
const number = (value: Decimal): string => `\0number:${add(value)}`;
const json = (value: object): string => JSON.stringify(value).replace(/"\\u0000number:(-?[\d.]+)"/g, '$1');
