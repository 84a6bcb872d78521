import { type AccountInput, givenAccount, judgeAccount } from '../domain/account';
import { type AccountDetails, changedDetails, judgeDetails } from '../domain/account-details';
import { below, Refusal, userError } from '../domain/errors';
import { isChanged } from '../domain/history';
import { AccountRow } from '../store/account';
import { newId } from '../store/id';
import { insertChosenRows, lockRows, updateRows } from '../store/query/write';
import { findByKey, judgeVersion } from './key';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

export interface CreateAccountInput extends AccountInput {
  name: string;
  currency: string;
  orgId?: string | null;
}

export function createAccount(work: Work, asked: CreateAccountInput, dryRun = false): Promise<{ account: AccountRow }> {
  const input = givenAccount(asked);
  return work.run(dryRun, async (unit) => {
    const details = changedDetails(null, input.details);
    const errors = [
      ...judgeAccount(input),
      ...judgePaymentMethod(unit, input.paymentMethodToken),
      ...judgeDetails(details),
    ];
    const orgId = orgOf(unit, input.orgId);
    if (orgId === undefined) {
      const allowed = unit.caller.orgIds.join(', ');
      errors.push(
        input.orgId
          ? userError('NOT_FOUND', `The client has no org with this id; ${allowed} are allowed.`, ['orgId'])
          : userError('REQUIRED', `The client has several orgs; name one of ${allowed}.`, ['orgId']),
      );
    }
    if (errors.length) throw new Refusal(below(['input'], errors));
    const row = {
      id: newId(),
      ...unit.created(orgId!),
      accountNumber: input.accountNumber ?? (null as unknown as string),
      name: input.name,
      currency: input.currency,
      paymentTerm: input.paymentTerm ?? 'Net 30',
      paymentMethodToken: input.paymentMethodToken ?? null,
      details,
    };
    const numbering = unit.numbering('account', 'accountNumber', 1);
    const [account] = await insertChosenRows<AccountRow>(unit.db, AccountRow, [row], numbering);
    unit.note('Account', 'Create', null, account);
    return { account };
  });
}

/** The org of a new account: the org named in the request, or the caller's only org. */
function orgOf(unit: Unit, wanted: string | null | undefined): string | undefined {
  const { orgIds } = unit.caller;
  if (wanted) return orgIds.find((id) => id === wanted.replaceAll('-', '').toLowerCase());
  return orgIds.length === 1 ? orgIds[0] : undefined;
}

function judgePaymentMethod(unit: Unit, token: string | null | undefined) {
  return token != null && !unit.services.gateway.describe(token)
    ? [userError('INVALID_VALUE', 'The payment gateway does not know this token.', ['paymentMethodToken'])]
    : [];
}

export interface UpdateAccountInput {
  name?: string | null;
  paymentTerm?: string | null;
  paymentMethodToken?: string | null;
  details?: AccountDetails | null;
}

export function updateAccount(
  work: Work,
  key: string,
  asked: UpdateAccountInput,
  options: { expectedVersion?: number | null; dryRun?: boolean } = {},
): Promise<{ account: AccountRow }> {
  const input = givenAccount(asked);
  return work.run(options.dryRun ?? false, async (unit) => {
    const found = await findByKey<AccountRow>(unit.db, AccountRow, 'accountNumber', key);
    const [before] = found ? await lockRows<AccountRow>(unit.db, AccountRow, [found.id]) : [];
    if (!before) throw new Refusal([userError('NOT_FOUND', 'No account has this id or number.', ['key'])]);
    const details = changedDetails(before.details, input.details);
    const errors = [
      ...judgeVersion(before, options.expectedVersion),
      ...(Object.values(input).every((value) => value === undefined)
        ? [userError('REQUIRED', 'The update names no field to change.', ['input'])]
        : []),
      ...below(
        ['input'],
        [
          ...judgeAccount(input),
          ...judgePaymentMethod(unit, input.paymentMethodToken),
          ...(input.details === undefined ? [] : judgeDetails(details)),
        ],
      ),
    ];
    for (const field of ['name', 'paymentTerm'] as const) {
      if (input[field] === null) errors.push(userError('REQUIRED', `${field} must not be null.`, ['input', field]));
    }
    if (errors.length) throw new Refusal(errors);
    const account: AccountRow = {
      ...before,
      name: input.name ?? before.name,
      paymentTerm: input.paymentTerm ?? before.paymentTerm,
      paymentMethodToken: input.paymentMethodToken === undefined ? before.paymentMethodToken : input.paymentMethodToken,
      details,
      ...unit.touched(before),
    };
    if (!isChanged(before, account)) return { account: before };
    const columns = [
      'name',
      'paymentTerm',
      'paymentMethodToken',
      'details',
      'version',
      'updatedDate',
      'updatedById',
    ] as const;
    await updateRows(unit.db, AccountRow, [account], columns);
    unit.note('Account', 'Update', before, account);
    return { account };
  });
}
