import { type AccountDetails, checkDetails } from './account-details';
import { isCurrency } from './currency';
import { type UserError, userError } from './errors';
import { dryRunPrefix, idOf } from './key';
import { checkTexts, isBlank, withoutEmptyTexts } from './text';

export interface AccountInput {
  name?: string | null;
  accountNumber?: string | null;
  currency?: string | null;
  paymentTerm?: string | null;
  paymentMethodToken?: string | null;
  details?: AccountDetails | null;
}

/**
 * The input of an account without its empty texts. An empty token stays, and is refused: a program that lost it would else
 * remove the payment method.
 */
export const givenAccount = <I extends AccountInput>(input: I): I =>
  withoutEmptyTexts(input, ['accountNumber', 'paymentTerm']);

const longestTerm = 999;

/** Days from the document date to the due date of an invoice; undefined for an unknown payment term. */
export function paymentTermDays(term: string): number | undefined {
  if (term === 'Due Upon Receipt') return 0;
  const days = /^Net ([1-9]\d{0,2})$/.exec(term)?.[1];
  return days === undefined ? undefined : Number(days);
}

export function checkPaymentTerm(term: string | null | undefined): UserError[] {
  if (term == null || paymentTermDays(term) !== undefined) return [];
  return [
    userError('INVALID_VALUE', `paymentTerm must be "Net <days>" (1 to ${longestTerm}) or "Due Upon Receipt".`, [
      'paymentTerm',
    ]),
  ];
}

/** Checks a number that a caller chose: not empty, and not of the form of an id, so that a key is never ambiguous. */
export function checkNumber(field: string, value: string | null | undefined): UserError[] {
  if (value == null) return [];
  if (isBlank(value)) return [userError('INVALID_VALUE', `${field} must not be empty.`, [field])];
  if (value.startsWith(dryRunPrefix)) {
    return [userError('INVALID_VALUE', `${field} must not begin with ${dryRunPrefix}.`, [field])];
  }
  return idOf(value) ? [userError('INVALID_VALUE', `${field} must not have the form of an id.`, [field])] : [];
}

/** Refuses a text that is given but blank. */
export const checkFilled = (field: string, value: string | null | undefined): UserError[] =>
  value != null && isBlank(value) ? [userError('REQUIRED', `${field} must not be empty.`, [field])] : [];

/** Checks the fields of an account. An update is checked for the given fields only. */
export function judgeAccount(input: AccountInput): UserError[] {
  const errors = [
    ...checkTexts(input, { name: 255, accountNumber: 70, paymentTerm: 255, paymentMethodToken: 255 }),
    ...checkFilled('name', input.name),
    ...checkNumber('accountNumber', input.accountNumber),
    ...checkPaymentTerm(input.paymentTerm),
    ...checkDetails(input.details),
  ];
  if (input.currency != null && !isCurrency(input.currency)) {
    errors.push(userError('INVALID_VALUE', 'currency must be a code of ISO 4217, such as USD.', ['currency']));
  }
  return errors;
}
