import { type BillRunStatus, openBillRuns } from '../../src/domain/bill-run';
import type { Decimal } from '../../src/domain/decimal';
import { createBillRun } from '../../src/service/bill-run';
import { createFulfillments } from '../../src/service/fulfillment';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import type { Work } from '../../src/service/run/work';
import type { AccountRow } from '../../src/store/account';
import { BillRunRow } from '../../src/store/bill-run';
import { BillRunAccountRow } from '../../src/store/bill-run-chunk';
import { newId } from '../../src/store/id';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { orderFor, type TestGatewayServer } from './gateway';

/* What was billed, posted as runBilling leaves it, for tests of what is done to the documents. */

export const bills = { runBilling: true };
const dates = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', state: 'SentToBilling' as const };

/** Deliveries of one line item of 500, at 10.00 each unless told otherwise, on one invoice. */
export async function invoiced(
  work: Work,
  quantities: readonly Decimal[] = ['5'],
  line: Partial<NewOrderLineItem> = {},
  account: object = {},
) {
  const sale = await orderFor(work, [line], account);
  const { fulfillments, invoices } = await deliver(work, sale.orderLineItems[0].id, quantities);
  return { ...sale, fulfillments: fulfillments.map((row) => row!), invoice: invoices[0] };
}

/** Further deliveries on a line item, on an invoice of their own. */
export const deliver = (work: Work, orderLineItemId: string, quantities: readonly Decimal[], options: object = bills) =>
  createFulfillments(work, {
    fulfillments: quantities.map((quantity) => ({ orderLineItemId, quantity, ...dates })),
    processingOptions: options,
  });

type Sale = { account: AccountRow; order: { orderNumber: string }; orderLineItems: { id: string }[] };

/** A return of part of a sale, which takes fulfillments; none is received yet. */
export const returning = async (work: Work, sale: Sale, quantity: Decimal): Promise<string> => {
  const { orderLineItems } = await createOrder(work, {
    existingAccountNumber: sale.account.accountNumber,
    orderDate: '2022-01-05',
    category: 'Return',
    orderLineItems: [
      {
        ...{ itemName: 'Back', itemCategory: 'Return', itemState: 'Booked', quantity },
        billingRule: 'TriggerAsFulfillmentOccurs',
        ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
      },
    ],
  });
  return orderLineItems[0].id;
};

/** A return of part of a sale, received and credited. */
export async function credited(work: Work, sale: Sale, quantity: Decimal) {
  const line = await returning(work, sale, quantity);
  const { creditMemos, fulfillments } = await deliver(work, line, [quantity]);
  return { memo: creditMemos[0], fulfillment: fulfillments[0]! };
}

/** A delivery and a return billed by one act: an invoice of 50, and its sister, a credit memo of 20. */
export async function sisters(work: Work) {
  const sale = await invoiced(work, ['10']);
  const line = await returning(work, sale, '2');
  const { invoices, creditMemos, fulfillments } = await createFulfillments(work, {
    fulfillments: [
      { orderLineItemId: sale.orderLineItems[0].id, quantity: '5', ...dates },
      { orderLineItemId: line, quantity: '2', ...dates },
    ],
    processingOptions: bills,
  });
  return { sale, invoice: invoices[0], memo: creditMemos[0], fulfillments: fulfillments.map((row) => row!) };
}

/** Puts an invoice on a bill run of its own, which has come so far. */
export async function ofBillRun(
  { database: { owner } }: TestGatewayServer,
  { id, entityId, orgId, accountId }: InvoiceRow,
  status: BillRunStatus,
): Promise<string> {
  const [run, chunk] = [newId(), newId()];
  await owner(
    `insert into bill_run (id, entity_id, org_ids, version, created_date, created_by_id, updated_date, updated_by_id,
       bill_run_number, status, target_date, invoice_date, auto_post, total, done, failed, finished_date)
     values ($1::uuid, $2, $3, 1, now(), $1, now(), $1, $1::text, $4, '2022-01-01', '2022-01-01', false, 1, 1, 0, $5)`,
    [run, entityId, [orgId], status, openBillRuns.includes(status) ? null : new Date()],
  );
  await owner(
    `insert into history_entry (id, entity_id, org_ids, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
     select gen_random_uuid(), entity_id, org_ids, 'BillRun', id, created_date, created_by_id, 'Create', '[]', 1, 1 from bill_run where id = $1`,
    [run],
  );
  await owner('insert into bill_run_chunk values ($1, $2, $3, $4)', [
    ...[chunk, entityId, run, status === 'Posted' ? 'Posted' : 'Billed'],
  ]);
  await owner('insert into bill_run_account values ($1, $2, $3, $4, $5, $6, 1, 1)', [
    ...[newId(), entityId, orgId, run, chunk, accountId],
  ]);
  await owner("update invoice set bill_run_id = $2, source = 'BillRun' where id = $1", [id, run]);
  return run;
}

/** Makes posted documents drafts, as a bill run leaves them. */
export async function drafted({ database }: TestGatewayServer, ...ids: string[]): Promise<void> {
  for (const table of ['invoice', 'credit_memo']) {
    await database.owner(`update ${table} set status = 'Draft', posted_date = null where id = any($1)`, [ids]);
  }
}

/** What tests do with bill runs of a caller, and see of them. */
export const runsOf = (work: () => Work) => ({
  due: (lineId: string) => deliver(work(), lineId, ['1'], {}),
  created: async () => (await createBillRun(work(), { targetDate: '2022-01-01' })).billRun.id,
  look: async (id: string) => (await rowsBy<BillRunRow>(work().reads(), BillRunRow, 'id', [id]))[0],
  statuses: async (id: string) =>
    (await rowsBy<InvoiceRow>(work().reads(), InvoiceRow, 'billRunId', [id])).map(({ status }) => status),
  failures: async (id: string) =>
    (await rowsBy<BillRunAccountRow>(work().reads(), BillRunAccountRow, 'billRunId', [id])).filter(({ code }) => code),
});
