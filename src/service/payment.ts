import { dayOf } from '../domain/date';
import { add } from '../domain/decimal';
import { Refusal, userError } from '../domain/errors';
import { amountsToCollect } from '../domain/invoice';
import type { AccountRow } from '../store/account';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { PaymentApplicationRow, PaymentRow } from '../store/payment';
import { closeAttempts, holdAttempts, type OpenAttempt, openAttempts } from '../store/payment-attempt';
import { insertNumberedRows, insertRows, updateRows } from '../store/write';
import { settleAttempt } from './payment-attempt';
import type { Unit } from './work';

/** How many authorizations one request has under way at once. */
const concurrency = 8;

/**
 * Collects the balances of invoices just posted, one payment per account and currency, by each account's payment
 * method. Nobody is charged without a record: the attempts are committed on a connection of their own before the
 * gateway is asked; every account is authorized before anything is written; and money is captured only after the unit
 * has been committed. A refusal or an unknown outcome rolls the unit back and gives every authorization up. `paid` are
 * the invoices that something was owed on, as they are now.
 */
export async function collect(
  unit: Unit,
  invoices: readonly InvoiceRow[],
  accounts: ReadonlyMap<string, AccountRow>,
  path: string[],
): Promise<{ paid: InvoiceRow[]; payments: PaymentRow[] }> {
  const groups = [...amountsToCollect(invoices).values()];
  if (groups.length === 0) return { paid: [], payments: [] };
  const missing = groups.map(([first]) => accounts.get(first.accountId)!).filter((a) => !a.paymentMethodToken);
  if (missing.length) {
    const numbers = missing.map((account) => account.accountNumber).join(', ');
    throw new Refusal([userError('PAYMENT_METHOD_MISSING', `No payment method on account ${numbers}.`, path)]);
  }
  const attempts: OpenAttempt[] = groups.map((group) => ({
    id: newId(),
    entityId: unit.caller.entityId,
    orgId: group[0].orgId,
    accountId: group[0].accountId,
    amount: add(...group.map((invoice) => invoice.balance)),
    currency: group[0].currency,
    createdById: unit.caller.clientId,
    trackId: unit.caller.trackId,
    createdDate: unit.now,
  }));
  if (!unit.dryRun) await authorize(unit, attempts, accounts, path);
  return record(unit, attempts, groups);
}

async function authorize(
  unit: Unit,
  attempts: readonly OpenAttempt[],
  accounts: ReadonlyMap<string, AccountRow>,
  path: string[],
): Promise<void> {
  const { services } = unit;
  // Held to the end of this transaction, so that the sweep leaves alone what is still under way.
  await holdAttempts(
    unit.db.connection,
    attempts.map((attempt) => attempt.id),
  );
  await openAttempts(services.db.aside(), attempts);
  unit.onRollback.push(
    ...attempts.map(
      ({ id }) =>
        () =>
          settleAttempt(services, id),
    ),
  );

  const refused: { attempt: OpenAttempt; declined: boolean; reason: string }[] = [];
  const queue = [...attempts];
  const worker = async () => {
    for (let attempt = queue.shift(); attempt && refused.length === 0; attempt = queue.shift()) {
      const { id: key, amount, currency, accountId } = attempt;
      const token = accounts.get(accountId)!.paymentMethodToken!;
      try {
        const answer = await services.gateway.authorize({ key, token, amount, currency });
        if (!answer.approved) refused.push({ attempt, declined: true, reason: answer.reason });
      } catch (error) {
        services.onFailure(error, `authorizing attempt ${key}`);
        refused.push({ attempt, declined: false, reason: (error as Error).message });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, attempts.length) }, worker));
  if (refused.length === 0) return;

  const declined = refused.filter((entry) => entry.declined);
  await closeAttempts(
    services.db.aside(),
    declined.map(({ attempt, reason }) => ({ id: attempt.id, status: 'Declined', message: reason })),
  );
  throw new Refusal(
    refused.map(({ attempt, declined, reason }) => {
      const { accountNumber } = accounts.get(attempt.accountId)!;
      return declined
        ? userError('PAYMENT_DECLINED', `The payment of account ${accountNumber} was refused: ${reason}.`, path)
        : userError(
            'PAYMENT_FAILED',
            `The payment of account ${accountNumber} failed; nothing was charged. Try again.`,
            path,
          );
    }),
  );
}

/** Writes what has been authorized: payments that are Processing until captured, applied to their invoices. */
async function record(unit: Unit, attempts: readonly OpenAttempt[], groups: readonly InvoiceRow[][]) {
  const drafts = attempts.map((attempt) => ({
    id: newId(),
    ...unit.created(attempt.orgId),
    accountId: attempt.accountId,
    paymentNumber: null as unknown as string,
    status: 'Processing' as const,
    amount: attempt.amount,
    appliedAmount: attempt.amount,
    refundAmount: '0',
    currency: attempt.currency,
    effectiveDate: dayOf(unit.now),
    attemptId: attempt.id,
  }));
  const numbering = unit.numbering('payment', 'paymentNumber', drafts.length);
  const payments = await insertNumberedRows<PaymentRow>(unit.db, PaymentRow, drafts, numbering);
  const applications = groups.flatMap((group, at) =>
    group.map(
      (invoice): PaymentApplicationRow => ({
        id: newId(),
        entityId: invoice.entityId,
        orgId: invoice.orgId,
        paymentId: payments[at].id,
        invoiceId: invoice.id,
        currency: invoice.currency,
        amount: invoice.balance,
        appliedDate: unit.now,
      }),
    ),
  );
  await insertRows(unit.db, PaymentApplicationRow, applications);
  const paid = groups.flat().map((invoice) => ({ ...invoice, balance: '0', ...unit.touched(invoice) }));
  await updateRows(unit.db, InvoiceRow, paid, ['balance', 'version', 'updatedDate', 'updatedById']);
  for (const payment of payments) unit.note('Payment', 'Create', null, payment);
  for (const [at, invoice] of groups.flat().entries()) unit.note('Invoice', 'Pay', invoice, paid[at]);
  unit.onCommit.push(
    ...attempts.map(
      ({ id }) =>
        () =>
          settleAttempt(unit.services, id),
    ),
  );
  return { paid, payments };
}
