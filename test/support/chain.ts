import { AccountRow } from '../../src/store/account';
import { BillRunRow } from '../../src/store/bill-run';
import { BillRunAccountRow, insertChunks, saveAccounts } from '../../src/store/bill-run-chunk';
import { BillingClaimRow } from '../../src/store/billing-claim';
import { type Connection, Scoped, type TenantScope } from '../../src/store/connection/connection';
import { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from '../../src/store/credit-memo';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { FulfillmentItemRow } from '../../src/store/fulfillment-item';
import { HistoryEntryRow } from '../../src/store/history';
import { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from '../../src/store/invoice';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { PaymentApplicationRow, PaymentRow } from '../../src/store/payment';
import type { RowClass } from '../../src/store/query/table';
import { insertRows } from '../../src/store/query/write';
import { RefundRow } from '../../src/store/refund';
import {
  accountRow,
  applicationRow,
  billRunRow,
  claimRow,
  creditMemoItemRow,
  creditMemoRow,
  creditRow,
  failureRow,
  fulfillmentItemRow,
  fulfillmentRow,
  historyRow,
  invoiceItemRow,
  invoiceRow,
  lineRow,
  offsetRow,
  orderRow,
  paymentRow,
  refundRow,
} from './rows';

/** One row of every kind, each of the others' chain: an account with a fulfillment that a run billed, paid and then credited. */
function chain(scope: TenantScope) {
  const account = accountRow(scope);
  const order = orderRow(account);
  const line = lineRow(order);
  const fulfillment = fulfillmentRow(line);
  const asset = fulfillmentItemRow(fulfillment);
  const run = billRunRow(scope);
  const failure = failureRow(run, account);
  const invoice = invoiceRow(account, { billRunId: run.id });
  const item = invoiceItemRow(invoice, fulfillment);
  const memo = creditMemoRow(account, { billRunId: run.id });
  const memoItem = creditMemoItemRow(memo, fulfillment);
  const credit = creditRow(memo, invoice);
  const claim = claimRow(item);
  const payment = paymentRow(account);
  const application = applicationRow(payment, invoice);
  const refund = refundRow(payment);
  const offset = offsetRow(invoice, invoice);
  const history = historyRow(fulfillment);
  return {
    ...{ account, order, line, fulfillment, asset, run, failure },
    ...{ invoice, item, memo, memoItem, credit, claim, payment, application, refund, offset, history },
  };
}

export type Chain = ReturnType<typeof chain>;

export const classes: { [K in keyof Chain]: RowClass<Chain[K]> } = {
  account: AccountRow,
  order: OrderRow,
  line: OrderLineItemRow,
  fulfillment: FulfillmentRow,
  asset: FulfillmentItemRow,
  run: BillRunRow,
  failure: BillRunAccountRow,
  invoice: InvoiceRow,
  item: InvoiceItemRow,
  memo: CreditMemoRow,
  memoItem: CreditMemoItemRow,
  credit: CreditMemoApplicationRow,
  claim: BillingClaimRow,
  payment: PaymentRow,
  application: PaymentApplicationRow,
  refund: RefundRow,
  offset: InvoiceOffsetRow,
  history: HistoryEntryRow,
};

/** Writes the accounts of a run that is written already, as the workers do: its chunks come along. Those of items follow. */
export async function insertFailures(db: Connection, run: BillRunRow, failures: readonly BillRunAccountRow[]) {
  await insertChunks(db, run, failures);
  await saveAccounts(db, run, failures);
  await db.query(
    `update bill_run_account t set order_line_item_id = r."orderLineItemId", fulfillment_id = r."fulfillmentId"
     from json_to_recordset($1::json) as r("id" uuid, "orderLineItemId" uuid, "fulfillmentId" uuid)
     where t.entity_id = $2 and t.id = r.id`,
    [JSON.stringify(failures), run.entityId],
  );
}

/** Writes a chain, parents first. */
export async function insertChain(db: Connection, scope: TenantScope): Promise<Chain> {
  const rows = chain(scope);
  const scoped = new Scoped(db, scope);
  for (const [kind, row] of Object.entries(classes)) {
    if (kind === 'failure') await insertFailures(db, rows.run, [rows.failure]);
    else await insertRows(scoped, row as RowClass<{ id: string }>, [rows[kind as keyof Chain]]);
  }
  return rows;
}
