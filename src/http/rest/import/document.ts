import type { Caller } from '../../../domain/caller';
import { isDay } from '../../../domain/date';
import { RequestError } from '../../../domain/errors';
import type { ProcessingOptions } from '../../../domain/payment';
import { requestHeaders } from '../document-headers';
import { parameterError } from '../envelope';
import { flag, type QueryParameter } from '../operation';

/* What the import is, for its route and for the OpenAPI document. */

export const importPath = '/v1/fulfillments/import';
export const importScope = 'fulfill';

const day = (description: string): QueryParameter => ({ description, schema: { type: 'string', format: 'date' } });

/** The parameters of the query string. */
export const importParameters: Readonly<Record<string, QueryParameter>> = {
  runBilling: flag('`true` bills the fulfillments of the file after its last line, chunk by chunk. Scope: `bill`.'),
  targetDate: day('Fulfillments with a billTargetDate on this day or earlier are billed; today (UTC) if absent.'),
  documentDate: day('The day on the documents; `targetDate` if absent.'),
};

/**
 * The processing options of an import; undefined if its fulfillments are not billed.
 * @throws RequestError BAD_PARAMETER, FORBIDDEN
 */
export function billingOf(query: Readonly<Record<string, unknown>>, { scopes }: Caller): ProcessingOptions | undefined {
  for (const [name, value] of Object.entries(query)) {
    if (!Object.hasOwn(importParameters, name)) {
      throw parameterError(name, `An import takes ${Object.keys(importParameters).join(', ')}.`);
    }
    if (name === 'runBilling' && value !== 'true' && value !== 'false') {
      throw parameterError(name, 'It is true or false.');
    }
    if (name !== 'runBilling' && !(typeof value === 'string' && isDay(value))) {
      throw parameterError(name, 'It is a day such as 2026-01-31.');
    }
  }
  const { runBilling, targetDate, documentDate } = query as Record<string, string | undefined>;
  if (runBilling !== 'true') {
    const [useless] = Object.keys(query).filter((name) => name !== 'runBilling');
    if (useless) throw parameterError(useless, 'It needs runBilling=true.');
    return undefined;
  }
  if (!scopes.has('bill')) throw new RequestError('FORBIDDEN', 'runBilling needs the scope "bill".');
  return { runBilling: true, billingOptions: { targetDate, documentDate } };
}

const described = (type: string, description: string) => ({ type, description });

const replyExample = [
  { line: 1, fulfillmentNumber: 'F-00000012' },
  {
    line: 2,
    errors: [{ code: 'NOT_FOUND', message: 'No order line item has this id.', path: ['orderLineItemId'] }],
  },
  { progress: { lines: 2, created: 1, refused: 1 } },
  { totals: { lines: 2, created: 1, refused: 1, replayed: 0 } },
];

const entry = {
  orderLineItemId: '4028828c82819b740182821bb23e15c4',
  fulfillmentDate: '2022-01-01',
  quantity: '1',
};
const linesOf = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** The operation in the OpenAPI document, but for its responses, and its reply. docs/import.md tells the rest. */
export const importOperation = {
  object: {
    operationId: 'importFulfillments',
    summary: 'Import fulfillments',
    description: `Needs the scope \`${importScope}\`. Creates a fulfillment for each line of a file, and answers with a line for each. The same file with the same Idempotency-Key goes on after a cut.`,
    security: [{ client: [importScope] }],
    parameters: [
      ...Object.entries(importParameters).map(([name, parameter]) => ({ name, in: 'query', ...parameter })),
      ...requestHeaders.map((header) =>
        header.name === 'Idempotency-Key'
          ? { ...header, required: true, example: 'shipments-2022-01-01' }
          : { $ref: `#/components/parameters/${header.name}` },
      ),
    ],
    requestBody: {
      required: true,
      content: {
        'application/jsonl': {
          schema: described('string', 'An entry of "Create fulfillments" on each line, as JSON.'),
          example: linesOf([entry]),
        },
        'text/csv': {
          schema: described('string', 'A line with the names of the fields, then a fulfillment on each line.'),
          example: `${Object.keys(entry).join(',')}\n${Object.values(entry).join(',')}\n`,
        },
      },
    },
  },
  reply: {
    description: 'A line for each line of the file, news of the progress, and at the end `totals` or `error`.',
    content: {
      'application/jsonl': {
        schema: described('string', 'A JSON object on each line.'),
        example: linesOf(replyExample),
      },
    },
  },
};
