import { AccountRow } from '../../src/store/account';
import { BillingClaimRow, freeClaims } from '../../src/store/billing-claim';
import { Scoped } from '../../src/store/connection/connection';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { InvoiceItemRow, InvoiceRow } from '../../src/store/invoice';
import { ofOthers } from '../../src/store/migrations/1763834400052-entity-statistics';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { insertRows } from '../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../support/database';
import {
  accountRow,
  claimRow,
  fulfillmentRow,
  invoiceItemRow,
  invoiceRow,
  lineRow,
  orderRow,
  tenant,
} from '../support/rows';

/*
 * Every key begins with the entity, so each table can be read by its entity alone. PostgreSQL must not choose that for
 * the rows of a document: it would if it expected an entity to have no rows, as one that came after the last ANALYZE.
 */

const many = 2_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

/** A billed invoice with this many items. */
async function billed(name: string, count: number) {
  const scoped = new Scoped(database.raw, await tenant(database.raw, name));
  const account = accountRow(scoped.scope);
  const order = orderRow(account);
  const line = lineRow(order, { quantity: String(count) });
  const fulfillments = Array.from({ length: count }, () => fulfillmentRow(line));
  const invoice = invoiceRow(account);
  const items = fulfillments.map((each) => invoiceItemRow(invoice, each));
  await insertRows(scoped, AccountRow, [account]);
  await insertRows(scoped, OrderRow, [order]);
  await insertRows(scoped, OrderLineItemRow, [line]);
  await insertRows(scoped, FulfillmentRow, fulfillments);
  await insertRows(scoped, InvoiceRow, [invoice]);
  await insertRows(scoped, InvoiceItemRow, items);
  await insertRows(scoped, BillingClaimRow, items.map(claimRow));
  return { scope: scoped.scope, invoice };
}

test('the claims of a canceled invoice are found by its items, also for an entity that no statistics know', async () => {
  await billed('Old', 10);
  await database.owner('analyze');
  const { scope, invoice } = await billed('New', many);
  await database.owner('select pg_stat_reset()');
  await freeClaims(new Scoped(database.raw, scope), [invoice.id], []);
  await database.raw.query('select pg_stat_force_next_flush()');
  const [{ claims }] = await database.owner<{ claims: number }>(
    'select count(*)::integer as claims from billing_claim',
  );
  expect(claims).toBe(10);
  const read = await database.owner<{ rows: number }>(
    `select sum(idx_tup_fetch + seq_tup_read)::integer as rows from pg_stat_user_tables
     where relname in ('billing_claim', 'invoice_item')`,
  );
  expect(read[0].rows).toBeGreaterThan(0);
  expect(read[0].rows).toBeLessThan(10 * many);
});

test('no statistics are kept of the entity of rows that are found by what they belong to', async () => {
  const rows = await database.owner<{ name: string; target: number }>(
    `select attrelid::regclass::text as name, attstattarget as target from pg_attribute
     where attname = 'entity_id' and attrelid = any($1::regclass[]) order by 1`,
    [ofOthers],
  );
  expect(rows).toEqual([...ofOthers].sort().map((name) => ({ name, target: 0 })));
});
