/**
 * The key of an object is its id or its business number. An id is 32 hex digits; upper case and dashes are accepted. A
 * given number of that form is refused, so a key is never ambiguous.
 */
export function idOf(key: string): string | undefined {
  const digits = key.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

/**
 * Prefixes of the generated numbers, each followed by at least 8 digits, as in the samples: INV00000001, CM00000105.
 */
export const numberPrefixes = {
  account: 'A',
  order: 'O-',
  fulfillment: 'F-',
  invoice: 'INV',
  credit_memo: 'CM',
  payment: 'P-',
  bill_run: 'BR-',
} as const;

export type NumberedKind = keyof typeof numberPrefixes;

/** The prefix of numbers in a dry run. A given number must not begin with it. */
export const dryRunPrefix = 'DRYRUN-';

/**
 * The shown form of a number. The numbers of a dry run are stored with an id behind them. Without the id, the unique
 * index would make every other dry run wait for this run's DRYRUN-1.
 */
export const shownNumber = (number: string): string =>
  number.startsWith(dryRunPrefix) ? number.replace(/ .*$/, '') : number;
