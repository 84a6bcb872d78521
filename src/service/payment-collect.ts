import { judgeDocument } from '../domain/billing-document';
import { Refusal, type UserError, userError } from '../domain/errors';
import { paidAmount } from '../domain/payment';
import { AccountRow, lockAccountsForBilling } from '../store/account';
import { InvoiceRow } from '../store/invoice';
import { lockRows, rowsBy } from '../store/query/write';
import { findAllByKeys } from './key';
import { type Collected, collect } from './payment';
import { judgeCount, refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** The result of collectPayment. */
export interface Payments extends Collected {
  /** The total authorized. Null if there is no payment, or if the payments have several currencies. */
  paidAmount: string | null;
}

/**
 * Collects the balances of existing invoices, all or nothing. The invoices are judged after their accounts are locked
 * for billing: of two requests for one invoice, the second finds no balance.
 */
export function collectPayment(work: Work, keys: readonly string[], { dryRun = false } = {}): Promise<Payments> {
  return work.run({ dryRun, mayPay: true }, async (unit) => {
    refuse(judgeCount(keys.length, ['invoiceKeys']));
    const invoices = await lockInvoices(unit, keys);
    const accountIds = [...new Set(invoices.map(({ accountId }) => accountId))];
    const accounts = await rowsBy<AccountRow>(unit.db, AccountRow, 'id', accountIds);
    const positions = new Map(invoices.map(({ id }, at) => [id, at]));
    const collected = await collect(
      unit,
      invoices,
      new Map(accounts.map((account) => [account.id, account])),
      ({ id }) => ['invoiceKeys', String(positions.get(id))],
    );
    return { ...collected, paidAmount: paidAmount(collected.payments) };
  });
}

/** The invoices that keys name, in the order of the keys, locked and judged as owed. @throws Refusal */
async function lockInvoices(unit: Unit, keys: readonly string[]): Promise<InvoiceRow[]> {
  const columns = ['id', 'invoiceNumber', 'accountId'];
  const found = await findAllByKeys<InvoiceRow>(unit.db, InvoiceRow, 'invoiceNumber', keys, columns);
  const named = [...found.values()];
  // The account of an invoice never changes, so it may be looked up before the lock.
  await lockAccountsForBilling(unit.db, [...new Set(named.map(({ accountId }) => accountId))]);
  const locked = await lockRows<InvoiceRow>(unit.db, InvoiceRow, [...new Set(named.map(({ id }) => id))]);
  const byId = new Map(locked.map((invoice) => [invoice.id, invoice]));
  const errors: UserError[] = [];
  const seen = new Set<string>();
  const invoices = keys.flatMap((key, at) => {
    const path = ['invoiceKeys', at];
    const invoice = byId.get(found.get(key)?.id ?? '');
    if (!invoice) errors.push(userError('NOT_FOUND', 'No invoice has this id or number.', path));
    else if (seen.has(invoice.id)) errors.push(userError('INVALID_VALUE', 'The same invoice is named twice.', path));
    else {
      const problems = judgeDocument('CollectPayment', invoice, { caller: unit.caller, paymentMethod: true });
      errors.push(...problems.map((problem) => ({ ...problem, path: path.map(String) })));
    }
    if (invoice) seen.add(invoice.id);
    return invoice ?? [];
  });
  if (errors.length) throw new Refusal(errors);
  return invoices;
}
