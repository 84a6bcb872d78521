import type { Caller } from '../domain/caller';
import { add, subtract } from '../domain/decimal';
import { below, Refusal, userError } from '../domain/errors';
import { type InvoicePart, judgeRefund, refunded, refundFailed } from '../domain/payment';
import { lockAccountsForBilling } from '../store/account';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { PaymentApplicationRow, PaymentRow } from '../store/payment';
import { deleteRows, insertRows, lockRows, rowsBy, updateRows } from '../store/query/write';
import { closeRefund, openRefundsOfAll, RefundRow, tryRefund } from '../store/refund';
import { findByKey } from './key';
import { balanceColumns } from './payment';
import { refuse } from './run/batch';
import { type Services } from './run/services';
import { Unit } from './run/unit';
import { type Work } from './run/work';
import { settling, sweep, type Waiting } from './settling';

/** A refunded payment, and the invoices that are owed again. */
export interface Refunded {
  payment: PaymentRow;
  invoices: InvoiceRow[];
}

/**
 * Refunds a payment, in full if no amount is given. Applied amounts are taken back from the invoices only as needed,
 * the last application first. The refund is committed before the gateway is called with the refund's id. So nothing is
 * paid back without a record, and repeated calls pay once.
 */
export function refundPayment(
  work: Work,
  key: string,
  amount: string | null = null,
  { dryRun = false } = {},
): Promise<Refunded> {
  return work.run(dryRun, async (unit) => {
    const columns = ['id', 'accountId'];
    const found = await findByKey<PaymentRow>(unit.db, PaymentRow, 'paymentNumber', key, columns);
    if (!found) throw new Refusal([userError('NOT_FOUND', 'No payment has this id or number.', ['key'])]);
    const { payment, applications } = await lockPayment(unit, found);
    refuse(judgeRefund(payment, amount));
    const asked = amount ?? subtract(payment.amount, payment.refundAmount);
    refuse(below(['amount'], unit.services.gateway.judge(payment.entityId, asked, payment.currency)));
    const { taken, ...behind } = refunded(payment, applications, asked);
    const parts = taken.map(({ from, amount }): InvoicePart => ({ invoiceId: from.invoiceId, amount }));
    const invoices = await lockInvoicesOf(unit, parts);
    const refund: RefundRow = {
      id: newId(),
      entityId: payment.entityId,
      orgId: payment.orgId,
      paymentId: payment.id,
      amount: asked,
      currency: payment.currency,
      status: 'Processing',
      taken: parts,
      createdById: unit.caller.clientId,
      trackId: unit.caller.trackId,
      createdDate: unit.now,
    };
    await insertRows(unit.db, RefundRow, [refund]);
    unit.note('Refund', 'Create', null, kept(refund, 1));
    const rest = taken.map(({ from, amount }) => ({ ...from, amount: subtract(from.amount, amount) }));
    const isGone = ({ amount }: PaymentApplicationRow) => amount === '0';
    const gone = rest.filter(isGone).map(({ id }) => id);
    if (gone.length) await deleteRows(unit.db, PaymentApplicationRow, gone);
    await updateRows(
      unit.db,
      PaymentApplicationRow,
      rest.filter((row) => !isGone(row)),
      ['amount'],
    );
    const owed = await moveBalances(unit, 'Refund', invoices, parts, add);
    const after = await changePayment(unit, 'Refund', payment, behind);
    unit.onCommit.push(() => settleRefund(unit.services, refund));
    return { payment: after, invoices: owed };
  });
}

/**
 * Completes one refund by calling the gateway with the refund's id. Both the request that has just committed the refund
 * and the sweep call this. Repeated calls are safe.
 */
export function settleRefund(services: Services, waiting: Waiting): Promise<void> {
  return settling(services, waiting, async (connection) => {
    const refund = await tryRefund(connection, waiting);
    if (!refund) return;
    const done = await services.gateway.refund({ entityId: refund.entityId, id: refund.attemptId }, refund);
    const status = done ? 'Processed' : 'Error';
    await closeRefund(connection, refund, status);
    const { entityId, orgId, createdById: clientId, trackId } = refund;
    const caller: Caller = { clientId, entityId, orgIds: [orgId], scopes: new Set(), requestId: '', trackId };
    const unit = new Unit(connection, services, caller, false);
    unit.note('Refund', done ? 'Complete' : 'FailRefund', kept(refund, 1), kept({ ...refund, status }, 2));
    if (!done) await takeBack(unit, refund);
    await unit.writeHistory();
  });
}

/** A refund as the history records it. It is created and completed once, so its versions are 1 and 2. */
const kept = (refund: RefundRow, version: number) => ({ ...refund, version, updatedDate: refund.createdDate });

/** Settles every refund that no running request is about to settle. Runs at start and every minute. */
export async function sweepRefunds(services: Services, ended = () => false): Promise<void> {
  await sweep(services, 'refund', await openRefundsOfAll(services.db.aside()), settleRefund, ended);
}

/**
 * The gateway will never pay the refund. The payment returns to its state before, in the name of the client that asked
 * for the refund.
 */
async function takeBack(unit: Unit, refund: NonNullable<Awaited<ReturnType<typeof tryRefund>>>): Promise<void> {
  const { entityId, orgId } = refund;
  const { payment, applications } = await lockPayment(unit, { id: refund.paymentId, accountId: refund.accountId });
  const invoices = await lockInvoicesOf(unit, refund.taken);
  const { putBack, ...behind } = refundFailed(payment, refund, new Map(invoices.map((row) => [row.id, row])));
  const known = new Map(applications.map((row) => [row.invoiceId, row]));
  const raised = putBack.flatMap(({ invoiceId, amount }) => {
    const row = known.get(invoiceId);
    return row ? [{ ...row, amount: add(row.amount, amount) }] : [];
  });
  const { currency, id: paymentId } = payment;
  const fresh = putBack
    .filter(({ invoiceId }) => !known.has(invoiceId))
    .map((part) => ({ id: newId(), entityId, orgId, paymentId, currency, ...part, appliedDate: unit.now }));
  await updateRows(unit.db, PaymentApplicationRow, raised, ['amount']);
  await insertRows(unit.db, PaymentApplicationRow, fresh);
  await moveBalances(unit, 'FailRefund', invoices, putBack, subtract);
  await changePayment(unit, 'FailRefund', payment, behind);
}

/**
 * The payment and its applications in the order of their creation, read after the account and the payment are locked.
 */
async function lockPayment(unit: Unit, { id, accountId }: { id: string; accountId: string }) {
  await lockAccountsForBilling(unit.db, [accountId]);
  const [payment] = await lockRows<PaymentRow>(unit.db, PaymentRow, [id]);
  const applications = await rowsBy<PaymentApplicationRow>(unit.db, PaymentApplicationRow, 'paymentId', [id]);
  return { payment, applications: applications.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

const lockInvoicesOf = async (unit: Unit, parts: readonly InvoicePart[]): Promise<InvoiceRow[]> =>
  parts.length ? lockRows<InvoiceRow>(unit.db, InvoiceRow, [...new Set(parts.map(({ invoiceId }) => invoiceId))]) : [];

async function moveBalances(
  unit: Unit,
  action: 'Refund' | 'FailRefund',
  invoices: readonly InvoiceRow[],
  parts: readonly InvoicePart[],
  move: (balance: string, amount: string) => string,
): Promise<InvoiceRow[]> {
  const before = invoices.filter(({ id }) => parts.some(({ invoiceId }) => invoiceId === id));
  const after = before.map((row) => {
    const own = parts.filter(({ invoiceId }) => invoiceId === row.id);
    return { ...row, balance: own.reduce((sum, { amount }) => move(sum, amount), row.balance), ...unit.touched(row) };
  });
  await updateRows(unit.db, InvoiceRow, after, balanceColumns);
  for (const [at, row] of after.entries()) unit.note('Invoice', action, before[at], row);
  return after;
}

async function changePayment(
  unit: Unit,
  action: 'Refund' | 'FailRefund',
  before: PaymentRow,
  behind: Pick<PaymentRow, 'status' | 'appliedAmount' | 'refundAmount'>,
): Promise<PaymentRow> {
  const after = { ...before, ...behind, ...unit.touched(before) };
  const columns = ['status', 'appliedAmount', 'refundAmount', 'version', 'updatedDate', 'updatedById'] as const;
  await updateRows(unit.db, PaymentRow, [after], columns);
  unit.note('Payment', action, before, after);
  return after;
}
