import { dayOf } from '../domain/date';
import { add } from '../domain/decimal';
import { Refusal, type UserErrorCode, userError } from '../domain/errors';
import { amountsToCollect, balancesBehind, offsetsOf } from '../domain/invoice';
import { judgePayment } from '../domain/payment';
import { GatewayTimeout } from '../gateway/port';
import type { AccountRow } from '../store/account';
import { type Connection } from '../store/connection/connection';
import { transaction } from '../store/connection/lease';
import { newId } from '../store/id';
import { InvoiceOffsetRow, InvoiceRow, lockNegativeInvoices } from '../store/invoice';
import { PaymentApplicationRow, PaymentRow } from '../store/payment';
import { closeAttempts, holdAttempts, type OpenAttempt, openAttempts } from '../store/payment-attempt';
import { insertNumberedRows, insertRows, updateRows } from '../store/query/write';
import { settleAttempt } from './payment-attempt';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';

export const balanceColumns = ['balance', 'version', 'updatedDate', 'updatedById'] as const;

/** The number of authorizations that one request has under way at once. */
const concurrency = 8;

/** The argument path of an invoice, for errors. */
type PathOf = (invoice: InvoiceRow) => string[];

/** The payments and invoices of a collection. */
export interface Collected {
  /** All invoices that were to be collected, in their order. */
  invoices: InvoiceRow[];
  payments: PaymentRow[];
}

/**
 * Collects the balances of Posted invoices: one payment per account and currency, by the account's payment method.
 * Credit on the account's negative invoices is deducted first. The accounts are locked for billing. The invoices are
 * new, or locked.
 *
 * No customer is charged without a record. The attempts are committed on a separate connection before the gateway is
 * called. Every account is authorized before a payment is written. Money is captured only after the unit was committed.
 * A refusal or an unknown outcome rolls the unit back and voids every authorization.
 */
export async function collect(
  unit: Unit,
  invoices: readonly InvoiceRow[],
  accounts: ReadonlyMap<string, AccountRow>,
  pathOf: PathOf,
): Promise<Collected> {
  const reduced = await offset(unit, invoices);
  const groups = [...amountsToCollect(reduced).values()];
  if (groups.length === 0) return { invoices: reduced, payments: [] };
  const without = groups.filter(([first]) => !accounts.get(first.accountId)!.paymentMethodToken);
  if (without.length) {
    // One error per account, whatever the number of its currencies.
    const missing = new Map(without.map(([first]) => [accounts.get(first.accountId)!.accountNumber, pathOf(first)]));
    throw new Refusal(
      [...missing].map(([number, path]) =>
        userError('PAYMENT_METHOD_MISSING', `The account ${number} has no payment method.`, path),
      ),
    );
  }
  const amounts = groups.map((group) => add(...group.map((invoice) => invoice.balance)));
  refuse(
    groups.flatMap(([first], at) =>
      [
        ...judgePayment(amounts[at], first.currency, accounts.get(first.accountId)!.accountNumber),
        ...unit.services.gateway.judge(unit.caller.entityId, amounts[at], first.currency),
      ].map((error) => ({ ...error, path: pathOf(first) })),
    ),
  );
  const attempts: OpenAttempt[] = groups.map((group, at) => ({
    id: newId(),
    entityId: unit.caller.entityId,
    orgId: group[0].orgId,
    accountId: group[0].accountId,
    amount: amounts[at],
    currency: group[0].currency,
    createdById: unit.caller.clientId,
    trackId: unit.caller.trackId,
    createdDate: unit.now,
  }));
  const paths = new Map(attempts.map((attempt, at) => [attempt.id, pathOf(groups[at][0])]));
  if (!unit.dryRun) await authorize(unit, attempts, accounts, paths);
  const { payments, paid } = await record(unit, attempts, groups);
  return { payments, invoices: reduced.map((invoice) => paid.get(invoice.id) ?? invoice) };
}

/** Deducts the credit on negative invoices from the balances of each account. Returns the invoices afterwards. */
async function offset(unit: Unit, invoices: readonly InvoiceRow[]): Promise<InvoiceRow[]> {
  const owing = [...amountsToCollect(invoices).values()].flat();
  if (owing.length === 0) return [...invoices];
  const negative = await lockNegativeInvoices(unit.db, [...new Set(owing.map(({ accountId }) => accountId))]);
  const offsets = offsetsOf(owing, negative);
  if (offsets.length === 0) return [...invoices];
  const balances = balancesBehind([...owing, ...negative], offsets);
  const before = [...owing, ...negative].filter(({ id }) => balances.has(id));
  const after = before.map((row) => ({ ...row, balance: balances.get(row.id)!, ...unit.touched(row) }));
  const byId = new Map(after.map((row) => [row.id, row]));
  await insertRows(
    unit.db,
    InvoiceOffsetRow,
    offsets.map((each): InvoiceOffsetRow => {
      const { entityId, orgId, currency } = byId.get(each.invoiceId)!;
      return { id: newId(), entityId, orgId, ...each, currency, appliedDate: unit.now };
    }),
  );
  await updateRows(unit.db, InvoiceRow, after, balanceColumns);
  for (const [at, row] of after.entries()) unit.note('Invoice', 'Offset', before[at], row);
  return invoices.map((invoice) => byId.get(invoice.id) ?? invoice);
}

/** Writes in the unit's scope, in a separate transaction that survives a rollback of the unit. */
const aside = (unit: Unit, act: (connection: Connection) => Promise<void>): Promise<void> =>
  transaction(unit.services.db.side, unit.caller, act);

async function authorize(
  unit: Unit,
  attempts: readonly OpenAttempt[],
  accounts: ReadonlyMap<string, AccountRow>,
  paths: ReadonlyMap<string, string[]>,
): Promise<void> {
  const { services } = unit;
  if (!unit.mayPay)
    throw new Error('this transaction must not wait for the payment gateway: its connection is for other writes');
  const { entityId } = unit.caller;
  const account = services.gateway.accountOf(entityId);
  if (!services.breakers.admits(account)) {
    const why =
      'The payment gateway has not answered for a while, so the payment was not sent to it. Nothing was charged. Try again.';
    throw new Refusal(attempts.map(({ id }) => userError('PAYMENT_FAILED', why, paths.get(id)!)));
  }
  // Held to the end of this transaction, so that the sweep leaves these attempts alone.
  await holdAttempts(
    unit.db.connection,
    attempts.map((attempt) => attempt.id),
  );
  await aside(unit, (connection) => openAttempts(connection, attempts));
  unit.onRollback.push(...attempts.map((attempt) => () => settleAttempt(services, attempt)));

  const refused: { attempt: OpenAttempt; declined?: UserErrorCode; reason: string }[] = [];
  const queue = [...attempts];
  const worker = async () => {
    for (let attempt = queue.shift(); attempt && refused.length === 0; attempt = queue.shift()) {
      const { id, amount, currency, accountId } = attempt;
      const token = accounts.get(accountId)!.paymentMethodToken!;
      try {
        const answer = await services.gateway.authorize({ entityId, id, accountId, token, amount, currency });
        services.breakers.answered(account);
        if (!answer.approved)
          refused.push({ attempt, declined: answer.code ?? 'PAYMENT_DECLINED', reason: answer.reason });
      } catch (error) {
        if (error instanceof GatewayTimeout) services.breakers.timedOut(account);
        services.onFailure(error, `authorizing payment attempt ${id}`);
        refused.push({ attempt, reason: (error as Error).message });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, attempts.length) }, worker));
  if (refused.length === 0) return;

  const declined = refused.filter((entry) => entry.declined);
  const outcomes = declined.map(
    ({ attempt, reason }) => ({ id: attempt.id, status: 'Declined', message: reason }) as const,
  );
  await aside(unit, (connection) => closeAttempts(connection, entityId, outcomes));
  throw new Refusal(
    refused.map(({ attempt, declined, reason }) => {
      const { accountNumber } = accounts.get(attempt.accountId)!;
      const path = paths.get(attempt.id)!;
      return declined
        ? userError(declined, `The payment of account ${accountNumber} was refused: ${reason}.`, path)
        : userError(
            'PAYMENT_FAILED',
            `The payment of account ${accountNumber} failed. Nothing was charged. Try again.`,
            path,
          );
    }),
  );
}

/**
 * Writes payments for the authorized attempts. They are applied to their invoices, and stay Processing until captured.
 */
async function record(unit: Unit, attempts: readonly OpenAttempt[], groups: readonly InvoiceRow[][]) {
  const payments = attempts.map((attempt) => ({
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
    disputeStatus: null,
    disputeAmount: null,
    disputeWithdrawn: false,
  }));
  const numbering = unit.numbering('payment', 'paymentNumber', payments.length);
  await insertNumberedRows<PaymentRow>(unit.db, PaymentRow, payments, numbering);
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
  await updateRows(unit.db, InvoiceRow, paid, balanceColumns);
  for (const payment of payments) unit.note('Payment', 'Create', null, payment);
  for (const [at, invoice] of groups.flat().entries()) unit.note('Invoice', 'Pay', invoice, paid[at]);
  unit.onCommit.push(...attempts.map((attempt) => () => settleAttempt(unit.services, attempt)));
  return { payments, paid: new Map(paid.map((row) => [row.id, row])) };
}
