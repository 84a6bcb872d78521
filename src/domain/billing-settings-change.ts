import { checkFilled } from './account';
import type { BillingSettings, CreditMemoRule, InclusiveTaxRule, TaxCode } from './billing-settings';
import { compare, type Decimal, maxDecimals, type RoundingMode } from './decimal';
import { below, type UserError, userError } from './errors';
import { checkTexts } from './text';

export interface UnitOfMeasureInput {
  name: string;
  decimals: number;
  /** HALF_UP where absent. */
  roundingMode?: RoundingMode | null;
}

/** A given field replaces the setting. An absent field changes nothing. */
export interface BillingSettingsInput {
  invoiceSettlement?: boolean | null;
  creditMemoRule?: CreditMemoRule | null;
  inclusiveTaxRule?: InclusiveTaxRule | null;
  roundingMode?: RoundingMode | null;
  taxCodes?: readonly TaxCode[] | null;
  units?: readonly UnitOfMeasureInput[] | null;
  carriers?: readonly string[] | null;
  fulfillmentSystems?: readonly string[] | null;
  fulfillmentLocations?: readonly string[] | null;
}

/** The facts besides the settings, over the whole entity. */
export interface SettingsFacts {
  /** The removed tax codes that a line item still has. */
  taxCodesInUse: ReadonlySet<string>;
  creditMemoExists: boolean;
}

/** None of these limits is published. */
const maxListed = 1000;
const maxLength = 255;
const highestRate = '1';

const always = [
  'invoiceSettlement',
  'creditMemoRule',
  'inclusiveTaxRule',
  'roundingMode',
  'taxCodes',
  'units',
] as const;
/** Null empties these lists: any value is allowed again. */
const lists = ['carriers', 'fulfillmentSystems', 'fulfillmentLocations'] as const;

/**
 * May the caller change settings that hold for all orgs of its entity? A caller that sees only some orgs may not: the
 * change would affect how the other orgs bill. Our choice. The reason does not matter: the client may be granted only
 * some orgs, or the request may narrow itself.
 */
export function judgeReach(seesAllOrgs: boolean): UserError[] {
  if (seesAllOrgs) return [];
  const message =
    'The settings apply to all orgs of the entity, but this request sees only some of them. Leave Zuora-Org-Ids out, and use a client that is granted every org.';
  return [userError('PERMISSION_DENIED', message)];
}

/** The tax codes that the change removes. */
export function removedTaxCodes({ taxCodes }: BillingSettingsInput, current: BillingSettings): string[] {
  const kept = new Set(taxCodes?.map(({ code }) => code));
  return taxCodes ? current.taxCodes.map(({ code }) => code).filter((code) => !kept.has(code)) : [];
}

/**
 * May the settings be changed like this? Returns every reason against it. Our choice throughout: Zuora does not publish
 * what its settings pages refuse.
 *
 * A tax code that a line item has cannot be removed, since billing needs it. Its rate may change: items keep the rate
 * at which they were billed. Units and list entries can be removed freely, because they are checked only on input.
 * Settlement stays on while a credit memo exists, because without settlement the memo could not be applied.
 */
export function judgeSettings(
  input: BillingSettingsInput,
  current: BillingSettings,
  facts: SettingsFacts,
): UserError[] {
  if ([...always, ...lists].every((field) => input[field] === undefined)) {
    return [userError('REQUIRED', 'The update names no field to change.')];
  }
  const errors = always
    .filter((field) => input[field] === null)
    .map((field) => userError('REQUIRED', `${field} must not be null.`, [field]));
  errors.push(...checkTaxCodes(input.taxCodes ?? []), ...checkUnits(input.units ?? []));
  for (const field of lists) errors.push(...checkList(field, input[field] ?? []));

  for (const code of removedTaxCodes(input, current)) {
    if (!facts.taxCodesInUse.has(code)) continue;
    const message = `The tax code ${code} is in use and cannot be removed. Its rate may change.`;
    errors.push(userError('FIELD_LOCKED', message, ['taxCodes']));
  }
  if (current.invoiceSettlement && input.invoiceSettlement === false && facts.creditMemoExists) {
    errors.push(
      userError('SETTLEMENT_REQUIRED', 'Invoice settlement cannot be turned off, because credit memos exist.', [
        'invoiceSettlement',
      ]),
    );
  }
  return errors;
}

/** The settings after a change that judgeSettings allowed. */
export function changedSettings<S extends BillingSettings>(current: S, input: BillingSettingsInput): S {
  const { units, ...rest } = input;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const inFull = units && { units: units.map((unit) => ({ ...unit, roundingMode: unit.roundingMode ?? 'HALF_UP' })) };
  return { ...current, ...given, ...inFull };
}

function checkTaxCodes(taxCodes: readonly TaxCode[]): UserError[] {
  return checkEach('taxCodes', taxCodes, 'code', ({ rate }) => checkRate(rate));
}

/** A rate above 100 % is a slip, such as 10 written for 10 %. */
const checkRate = (rate: Decimal): UserError[] =>
  compare(rate, '0') < 0 || compare(rate, highestRate) > 0
    ? [userError('INVALID_VALUE', `rate is ${rate}; 0 to ${highestRate} is allowed, where 0.1 is 10 %.`, ['rate'])]
    : [];

function checkUnits(units: readonly UnitOfMeasureInput[]): UserError[] {
  return checkEach('units', units, 'name', ({ decimals }) =>
    Number.isInteger(decimals) && decimals >= 0 && decimals <= maxDecimals
      ? []
      : [userError('INVALID_VALUE', `decimals is ${decimals}; 0 to ${maxDecimals} are allowed.`, ['decimals'])],
  );
}

function checkList(field: string, values: readonly string[]): UserError[] {
  const named = checkEach(
    field,
    values.map((value) => ({ value })),
    'value',
    () => [],
  );
  // The list holds plain texts, so the path ends at the position.
  return named.map((error) => ({ ...error, path: error.path.slice(0, 2) }));
}

/** Checks the entries of a list that one text identifies: filled, not too long, and each listed once. */
function checkEach<K extends string, E extends Record<K, string>>(
  list: string,
  entries: readonly E[],
  key: K,
  more: (entry: E) => UserError[],
): UserError[] {
  if (entries.length > maxListed) {
    return [
      userError('LIMIT_EXCEEDED', `${list} has ${entries.length} entries; at most ${maxListed} are allowed.`, [list]),
    ];
  }
  const seen = new Set<string>();
  return entries.flatMap((entry, at) => {
    const text = entry[key];
    const errors = [...checkTexts(entry, { [key]: maxLength }), ...checkFilled(key, text), ...more(entry)];
    if (seen.has(text)) errors.push(userError('INVALID_VALUE', `${text.slice(0, maxLength)} is listed twice.`, [key]));
    seen.add(text);
    return below([list, at], errors);
  });
}
