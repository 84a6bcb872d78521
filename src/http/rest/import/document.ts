import type { Caller } from '../../../domain/caller';
import { isDay } from '../../../domain/date';
import { RequestError } from '../../../domain/errors';
import type { ProcessingOptions } from '../../../domain/payment';
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
