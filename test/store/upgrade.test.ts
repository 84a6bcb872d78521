import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Client, Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { FieldChange } from '../../src/domain/history';
import { AccountRow } from '../../src/store/account';
import { Connection, Scoped } from '../../src/store/connection/connection';
import { dataSourceOptions, migrate } from '../../src/store/connection/database';
import { CreditMemoRow } from '../../src/store/credit-memo';
import { HistoryEntryRow } from '../../src/store/history';
import { newId } from '../../src/store/id';
import { InvoiceRow } from '../../src/store/invoice';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { insertRows } from '../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../support/database';
import { accountRow, creditMemoRow, historyRow, invoiceRow, lineRow, orderRow, tenant } from '../support/rows';

/* What becomes of the rows that an earlier version of the program has written. */

jest.setTimeout(60_000);

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const migrations = readdirSync(path.resolve(__dirname, '../../src/store/migrations'))
  .filter((file) => file.endsWith('.js'))
  .sort();

/** Takes the migrations from a named one on back, lets rows be made as they were then, and migrates anew. */
async function upgraded(
  from: string,
  now: (scoped: Scoped) => Promise<void>,
  then: (query: DataSource) => Promise<unknown>,
  check: (query: DataSource) => Promise<unknown>,
): Promise<void> {
  const name = `test_upgrade_${process.pid}_${newId()}`;
  const admin = new Client(Object.assign(new URL(database.url), { pathname: '/postgres' }).href);
  await admin.connect();
  await admin.query(`create database ${name} template template0`);
  const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
  let dataSource: DataSource | undefined;
  try {
    await migrate({ url });
    const pool = new Pool({ connectionString: url, max: 1, options: '-c timezone=UTC' });
    const connection = new Connection(pool);
    await now(new Scoped(connection, await tenant(connection, 'Acme'))).finally(() => pool.end());
    dataSource = await new DataSource(dataSourceOptions({ url }, 'owner')).initialize();
    const length = migrations.length - migrations.findIndex((file) => file.includes(from));
    for (let at = 0; at < length; at++) await dataSource.undoLastMigration();
    await then(dataSource);
    expect(await migrate({ url })).toBe(length);
    await check(dataSource);
  } finally {
    await dataSource?.destroy();
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

test('N11: documents that were canceled before owe nothing any more', async () => {
  const balances = 'select invoice_number as number, balance::float from invoice order by 1';
  await upgraded(
    '-canceled-documents',
    async (scoped) => {
      const account = accountRow(scoped.scope);
      await insertRows(scoped, AccountRow, [account]);
      await insertRows(scoped, InvoiceRow, [
        invoiceRow(account, { invoiceNumber: 'canceled', status: 'Canceled', balance: '0' }),
        invoiceRow(account, { invoiceNumber: 'draft', status: 'Draft' }),
      ]);
      await insertRows(scoped, CreditMemoRow, [creditMemoRow(account, { status: 'Canceled' })]);
    },
    async (dataSource) => {
      const before = await dataSource.query(balances);
      expect(before).toEqual([
        { number: 'canceled', balance: 10 },
        { number: 'draft', balance: 10 },
      ]);
    },
    async (dataSource) => {
      expect(await dataSource.query(balances)).toEqual([
        { number: 'canceled', balance: 0 },
        { number: 'draft', balance: 10 },
      ]);
    },
  );
});

test('N15: of line items that exist, an amountPerUnit other than the list price counts as given', async () => {
  await upgraded(
    '-given-price',
    async (scoped) => {
      const account = accountRow(scoped.scope);
      const order = orderRow(account);
      await insertRows(scoped, AccountRow, [account]);
      await insertRows(scoped, OrderRow, [order]);
      const discount = { inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '1', amountPerUnit: '9' } as const;
      await insertRows(scoped, OrderLineItemRow, [
        lineRow(order, { itemName: 'discounted', ...discount }),
        lineRow(order, { itemName: 'equal' }),
        lineRow(order, { itemName: 'other', amountPerUnit: '8' }),
      ]);
    },
    async () => {},
    async (dataSource) => {
      const given = 'select item_name as name, amount_per_unit_given as given from order_line_item order by 1';
      expect(await dataSource.query(given)).toEqual([
        { name: 'discounted', given: false },
        { name: 'equal', given: false },
        { name: 'other', given: true },
      ]);
    },
  );
});

test('invoices that were canceled without a change of their balance have owed it until then', async () => {
  const balances = `select h.action, c.before, c.after from history_entry h cross join jsonb_to_recordset(h.changes)
      as c(field text, before text, after text) where c.field = 'balance' order by h.version, 2`;
  await upgraded(
    '-past',
    async (scoped) => {
      const account = accountRow(scoped.scope);
      await insertRows(scoped, AccountRow, [account]);
      const canceled = (more: object) => invoiceRow(account, { status: 'Canceled', balance: '0', ...more });
      const [old, recent, free] = [{}, {}, { amount: '0', amountWithoutTax: '0' }].map(canceled);
      await insertRows(scoped, InvoiceRow, [old, recent, free]);
      const status = { field: 'status', before: 'Posted', after: 'Canceled' };
      const entry = (invoice: InvoiceRow, more: object[] = []) => ({
        ...historyRow(invoice, { subjectType: 'Invoice', action: 'Cancel' }),
        changes: [status, ...more] as FieldChange[],
      });
      const balance = { field: 'balance', before: '7', after: '0' };
      await insertRows(scoped, HistoryEntryRow, [entry(old), entry(recent, [balance]), entry(free)]);
    },
    async () => {},
    async (dataSource) => {
      expect(await dataSource.query(balances)).toEqual([
        { action: 'Cancel', before: '10', after: '0' },
        { action: 'Cancel', before: '7', after: '0' },
      ]);
    },
  );
});
