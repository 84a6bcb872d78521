import { enoughErrors, type UserError, userError } from './errors';
import { refusedCharacters } from './text';

/**
 * What an account keeps for other systems under its published names: contacts, notes, numbers. No rule here reads it. It is
 * given back as it came. What would change billing or payment is not among it, and neither are cards.
 * Source: Zuora, "Create an account".
 */
export const accountDetails = [
  ...(['billToContact', 'soldToContact', 'shipToContact', 'additionalEmailAddresses', 'notes', 'crmId'] as const),
  ...([
    'salesRep',
    'customerServiceRepName',
    'purchaseOrderNumber',
    'communicationProfileId',
    'profileNumber',
  ] as const),
  ...(['batch', 'billCycleDay', 'parentId', 'partnerAccount', 'tagging'] as const),
  ...(['invoiceDeliveryPrefsEmail', 'invoiceDeliveryPrefsPrint'] as const),
] as const;
export type AccountDetails = Readonly<Record<string, unknown>>;

/** The most characters of all details together, as JSON. A contact has some 500. */
const mostCharacters = 20_000;

/** Is this a detail? Custom fields of the account are details too. */
export const isAccountDetail = (name: string): boolean =>
  (accountDetails as readonly string[]).includes(name) || /^[A-Za-z0-9_]{1,80}__c$/.test(name);

/** Checks given details: their names, their characters (N23) and their size. */
export function checkDetails(details: AccountDetails | null | undefined): UserError[] {
  const errors: UserError[] = [];
  for (const [name, value] of Object.entries(details ?? {})) {
    if (errors.length >= enoughErrors) break;
    const path = ['details', name];
    if (!isAccountDetail(name)) {
      const allowed = `${accountDetails.join(', ')} and names that end in __c are allowed.`;
      errors.push(userError('INVALID_VALUE', `"${name.slice(0, 90)}" is no detail of an account. ${allowed}`, path));
    } else if (hasRefusedCharacters(value)) {
      errors.push(
        userError('INVALID_VALUE', `${name} must not contain control characters, or characters such as emoji.`, path),
      );
    }
  }
  return errors;
}

/** Refuses details that have become too long. */
export function judgeDetails(details: AccountDetails | null): UserError[] {
  const length = details ? JSON.stringify(details).length : 0;
  if (length <= mostCharacters) return [];
  return [
    userError('LIMIT_EXCEEDED', `details has ${length} characters as JSON; at most ${mostCharacters} are allowed.`, [
      'details',
    ]),
  ];
}

const hasRefusedCharacters = (value: unknown): boolean => {
  if (typeof value === 'string') return refusedCharacters.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => refusedCharacters.test(name) || hasRefusedCharacters(inner));
};

/** The details after a change: a given one replaces that before, and null removes it. Null if nothing is left. */
export function changedDetails(
  before: AccountDetails | null,
  given: AccountDetails | null | undefined,
): AccountDetails | null {
  if (given === undefined) return before;
  if (given === null) return null;
  const left = Object.entries({ ...before, ...given }).filter(([, value]) => value !== null);
  return left.length ? Object.fromEntries(left) : null;
}
