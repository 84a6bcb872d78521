import { randomInt } from 'node:crypto';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import type { Work } from '../../src/service/run/work';
import { orderFor, type TestGatewayServer } from './gateway';

/*
 * Accounts with line items by the ten thousand that are due, written beside the services, which would take minutes. They
 * serve to be billed: histories and the counters of returned quantity are left out.
 */

/** Line items of one kind, in billing order behind those of the blocks before. */
export interface Block {
  count: number;
  /** Price of one: below 0 what is credited for a return. */
  price: string;
  /** Of returns: whether the sales that they take back are due as well, just before them; else they are not yet due. */
  salesDue?: boolean;
  taxed?: boolean;
  invoiceGroupNumber?: string | null;
}

const day = '2022-01-01';

/** An account with these line items; its id. */
export async function dueLines(gateway: TestGatewayServer, work: Work, blocks: readonly Block[]): Promise<string> {
  const { owner } = gateway.database;
  const itself = { billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: day } as const;
  const sale = await orderFor(work, [{ ...itself, quantity: '1', amountPerUnit: '1' }]);
  const { orderLineItems } = await createOrder(work, {
    ...{ existingAccountNumber: sale.account.accountNumber, orderDate: day, category: 'Return' },
    orderLineItems: [
      {
        ...{ ...itself, itemName: 'Back', itemCategory: 'Return', quantity: '1', itemState: 'Executing' },
        ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
      } as NewOrderLineItem,
    ],
  });
  const [sold, back] = [sale.orderLineItems[0].id, orderLineItems[0].id];
  await owner("update order_line_item set bill_target_date = '2030-01-01' where id = $1", [sold]);
  // Ids in the order of the blocks, and such that no other account has them.
  const prefix = randomInt(2 ** 32)
    .toString(16)
    .padStart(8, '0');
  const id = (from: string, n = 'n') => `('${prefix}-0000-7000-8000-' || lpad(to_hex(${from} + ${n}), 12, '0'))::uuid`;
  // Without the checks of foreign keys, which take longer than the rows.
  await owner('set session_replication_role = replica');
  let at = 0;
  for (const { count, price, salesDue = true, taxed = false, invoiceGroupNumber = null } of blocks) {
    const isReturn = price.startsWith('-');
    const insert = (template: string, from: number, more: string) =>
      owner(
        // In "from" the record is made once; taken apart by ".*" behind "select" it would be made once for each column.
        `insert into order_line_item select made.*
         from order_line_item l, generate_series(1, $5::integer) n,
           jsonb_populate_record(l, jsonb_build_object('id', ${id(String(from))},
             'item_number', '${prefix}' || ${from} + n, 'item_state', 'SentToBilling', 'sent_to_billing_date', now(),
             'amount_per_unit', $2::numeric, 'list_price_per_unit', $2::numeric, 'invoice_group_number', $3::text,
             'tax_code', $4::text ${more})) made
         where l.id = $1`,
        [template, price.replace('-', ''), invoiceGroupNumber, taxed ? 'VAT' : null, count],
      );
    const due = `, 'bill_target_date', '${isReturn && !salesDue ? '2030-01-01' : day}'`;
    await insert(sold, at, due);
    at += count;
    if (!isReturn) continue;
    await insert(back, at, `, 'bill_target_date', '${day}', 'original_order_line_item_id', ${id(String(at - count))}`);
    at += count;
  }
  await owner('set session_replication_role = origin');
  return sale.account.id;
}
