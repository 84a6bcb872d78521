import { AccountRow } from './account';
import { BillRunRow } from './bill-run';
import type { Scoped } from './connection/connection';
import { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from './credit-memo';
import { FulfillmentRow } from './fulfillment';
import { FulfillmentItemRow } from './fulfillment-item';
import { HistoryEntryRow } from './history';
import { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from './invoice';
import { OrderRow } from './order';
import { OrderLineItemRow } from './order-line-item';
import { PaymentApplicationRow, PaymentRow } from './payment';
import { inScope, listed, tableOf } from './query/table';

/** Row classes that can be found by id alone, by noun. */
export const nodes = {
  account: AccountRow,
  order: OrderRow,
  orderLineItem: OrderLineItemRow,
  fulfillment: FulfillmentRow,
  fulfillmentItem: FulfillmentItemRow,
  billRun: BillRunRow,
  invoice: InvoiceRow,
  invoiceItem: InvoiceItemRow,
  invoiceOffset: InvoiceOffsetRow,
  creditMemo: CreditMemoRow,
  creditMemoItem: CreditMemoItemRow,
  creditMemoApplication: CreditMemoApplicationRow,
  payment: PaymentRow,
  paymentApplication: PaymentApplicationRow,
  historyEntry: HistoryEntryRow,
};

const given = `t.id = any(${listed('$3::uuid[]')})`;
const kinds = [
  ...Object.entries(nodes).map(
    ([noun, row]) =>
      `select t.id, '${noun}' as noun from ${tableOf(row).name} t where ${inScope(tableOf(row))} and ${given}`,
  ),
  // They belong to a client: whoever reads them asks whether it is the caller's.
  ...['webhook_endpoint', 'webhook_delivery'].map(
    (table) => `select t.id, '${table}' as noun from ${table} t where t.entity_id = $1 and ${given}`,
  ),
].join(' union all ');

/** The noun of each id, or the table of what webhooks have: one statement over the primary keys, for any number of ids. */
export async function nounsOfIds(scoped: Scoped, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await scoped.query<{ id: string; noun: string }>(kinds, [ids]);
  return new Map(rows.map((row) => [row.id, row.noun]));
}
