import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * A bill run beside its yardstick: one plain SQL transaction that writes the same rows. See README.md.
 */
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(resolve(here, '../dist/src/main.js'));
require('reflect-metadata');
const { Client } = require('pg');
const { startEmbedded } = require('./store/embedded/embedded.js');
const { Database, migrate } = require('./store/connection/database.js');
const { makeTenants, entityByName } = require('./store/tenant.js');
const { createBillRun, findBillRun } = require('./service/bill-run.js');
const { carryOn } = require('./service/bill-run-worker.js');
const { Work } = require('./service/run/work.js');

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '600000' },
    accounts: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '2' },
  },
});
const size = Number(values.size);
const accounts = Number(values.accounts);
const perLine = 10;

const dir = resolve(here, '.data/bill-run');
rmSync(dir, { recursive: true, force: true });
// As a server of its own would have it: the data in memory, and no checkpoint every few seconds of writing.
const settings = { shared_buffers: '1GB', max_wal_size: '4GB' };
const server = await startEmbedded({ dir, database: 'bench', settings });
const sql = new Client(server.url);
await sql.connect();
await migrate({ url: server.url });

async function fill() {
  const db = await Database.open({ url: server.url });
  await makeTenants(db.aside(), [{ entity: 'Bench', org: 'Main' }]);
  const entity = await entityByName(db.reads(), 'Bench');
  await db.close();
  const [org] = entity.orgIds;
  const lines = Math.ceil(size / perLine);
  const audit = `1, now(), '${entity.id}', now(), '${entity.id}'`;
  await sql.query(`
    insert into account (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_number, name, currency, payment_term)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, 'B' || n, 'Account ' || n, 'USD', 'Net 30' from generate_series(1, ${accounts}) n;
    insert into orders (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, order_number, order_date, category, state)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, id, 'O' || account_number, '2022-01-01', 'NewSales', 'Executing' from account;
    insert into order_line_item (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_id, account_id, item_number, item_name, item_type, item_category, item_state, billing_rule, quantity, fulfilled_quantity, sent_quantity, returned_quantity, fulfillment_count, open_fulfillment_count, currency, list_price_per_unit, amount_per_unit, inline_discount_type, transaction_start_date, transaction_end_date)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, o.id, o.account_id, n::text, 'Device', 'Product', 'Sales', 'Complete', 'TriggerAsFulfillmentOccurs', ${perLine}, ${perLine}, ${perLine}, 0, ${perLine}, 0, 'USD', 9.95, 9.95, 'None', '2022-01-01', '2022-01-01'
    from orders o cross join generate_series(1, ${Math.ceil(lines / accounts)}) n;
    insert into fulfillment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_line_item_id, order_id, account_id, fulfillment_number, fulfillment_type, state, fulfillment_date, quantity, amount, currency, bill_target_date, sent_to_billing_date, exclude_item_billing_from_revenue_accounting, exclude_item_booking_from_revenue_accounting)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, l.id, l.order_id, l.account_id, 'F' || row_number() over (), 'Delivery', 'SentToBilling', '2022-01-01', 1, 9.95, 'USD', '2022-01-01', now(), false, false
    from (select * from order_line_item limit ${lines}) l cross join generate_series(1, ${perLine})`);
  await sql.query('vacuum (freeze, analyze)');
  return entity;
}

/** What one who knows the schema would write by hand, all in one transaction; ids by time, which are cheaper to index. */
async function plain(entity) {
  await sql.query('begin');
  await sql.query(`
    create temp table due on commit drop as
    select f.id, f.org_id, f.account_id, f.order_line_item_id, f.quantity, f.amount, f.currency, f.fulfillment_date, l.item_name, l.amount_per_unit, l.unit_of_measure,
      coalesce(l.payment_term, a.payment_term) as payment_term, l.invoice_group_number, l.tax_mode, l.product_code, l.purchase_order_number
    from fulfillment f join order_line_item l on l.entity_id = f.entity_id and l.id = f.order_line_item_id join account a on a.entity_id = f.entity_id and a.id = f.account_id
    where f.entity_id = '${entity.id}' and f.state in ('SentToBilling', 'Complete') and f.bill_target_date <= '2022-01-31'
      and not exists (select from billing_claim c where c.entity_id = f.entity_id and c.id = f.id);
    create temp table header on commit drop as
    select uuidv7() as id, account_id, org_id, currency, payment_term, invoice_group_number, sum(amount) as amount, row_number() over () as n
    from due group by account_id, org_id, currency, payment_term, invoice_group_number;
    insert into invoice (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, invoice_number, status, invoice_date, due_date, target_date, currency, payment_term, invoice_group_number, amount, amount_without_tax, tax_amount, balance, source, reversed)
    select id, '${entity.id}', org_id, 1, now(), '${entity.id}', now(), '${entity.id}', account_id, 'PLAIN' || n, 'Draft', '2022-02-01', '2022-03-03', '2022-01-31', currency, payment_term, invoice_group_number, amount, amount, 0, amount, 'BillRun', false from header;
    insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, to_state, changes, version, transaction_id)
    select uuidv7(), '${entity.id}', org_id, 'Invoice', id, now(), '${entity.id}', 'Create', 'Draft', '[]', 1, pg_current_xact_id()::text::bigint from header;
    with item as (
      insert into invoice_item (id, entity_id, org_id, invoice_id, order_line_item_id, fulfillment_id, charge_name, currency, quantity, unit_price, unit_of_measure, charge_amount, tax_amount, tax_mode, service_start_date, service_end_date, product_code, purchase_order_number)
      select uuidv7(), '${entity.id}', d.org_id, h.id, d.order_line_item_id, d.id, d.item_name, d.currency, d.quantity, d.amount_per_unit, d.unit_of_measure, d.amount, 0, d.tax_mode, d.fulfillment_date, d.fulfillment_date, d.product_code, d.purchase_order_number
      from due d join header h on h.account_id = d.account_id and h.currency = d.currency and h.payment_term = d.payment_term and h.invoice_group_number is not distinct from d.invoice_group_number
      order by h.id
      returning id, fulfillment_id, org_id
    )
    insert into billing_claim (id, entity_id, org_id, invoice_item_id) select fulfillment_id, '${entity.id}', org_id, id from item`);
  await sql.query('commit');
  return {};
}

/** The gateway's own run, with so many workers. */
async function run(entity, workers) {
  const db = await Database.open({ url: server.url });
  const services = { db, gateway: undefined, onFailure: (error) => console.error(error) };
  const caller = {
    clientId: entity.id,
    entityId: entity.id,
    orgIds: entity.orgIds,
    scopes: new Set(['bill']),
    requestId: 'bench',
    trackId: null,
  };
  const work = new Work(services, caller);
  const start = performance.now();
  const { billRun } = await createBillRun(work, { targetDate: '2022-01-31', invoiceDate: '2022-02-01' });
  const steps = [];
  let done = 0;
  let peak = 0;
  const watch = setInterval(async () => {
    peak = Math.max(peak, process.memoryUsage().rss);
    const seen = await findBillRun(work, billRun.id);
    if (seen && seen.done > done) {
      done = seen.done;
      steps.push({ at: performance.now() - start, done });
    }
  }, 50);
  await Promise.all(Array.from({ length: workers }, () => carryOn(services)));
  clearInterval(watch);
  const finished = await findBillRun(work, billRun.id);
  if (finished.status !== 'Completed' || finished.done !== size) throw new Error(JSON.stringify(finished));
  await db.close();
  const gaps = steps
    .slice(1)
    .map((step, at) => (step.at - steps[at].at) / (step.done - steps[at].done))
    .map((ms) => ms * 10_000);
  gaps.sort((a, b) => a - b);
  return {
    first: steps[0] ? steps[0].at / 1000 : 0,
    chunk: gaps.length
      ? [gaps[Math.floor(gaps.length * 0.05)], gaps[gaps.length >> 1], gaps[Math.floor(gaps.length * 0.95)]]
      : [],
    memory: peak / 1_048_576,
  };
}

/** Takes away what a turn has written, so that the next begins as it did. */
async function undo() {
  await sql.query(
    'truncate billing_claim, invoice_item, invoice, credit_memo, credit_memo_item, credit_memo_application, payment_application, invoice_offset, bill_run_account, bill_run_chunk, bill_run, history_entry, webhook_delivery',
  );
  await sql.query('vacuum (freeze, analyze)');
  await sql.query('checkpoint');
}

try {
  const entity = await fill();
  const contenders = { 'plain SQL': plain, 'one worker': (e) => run(e, 1), 'two workers': (e) => run(e, 2) };
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  const notes = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, bill] of Object.entries(contenders)) {
      await undo();
      const start = performance.now();
      notes[name] = await bill(entity);
      times[name].push((performance.now() - start) / 1000);
      const { rows } = await sql.query(
        'select count(*)::integer as items, count(distinct invoice_id)::integer as invoices, sum(charge_amount) as total from invoice_item',
      );
      console.log(
        `${name}: ${times[name].at(-1).toFixed(1)} s, ${rows[0].items} items on ${rows[0].invoices} invoices, ${rows[0].total}`,
      );
    }
  }
  const best = (name) => Math.min(...times[name]);
  console.log(
    '\n| | seconds | against plain SQL | first progress s | 10,000 items ms (5 %, middle, 95 %) | memory MB |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const name of Object.keys(contenders)) {
    const { first, chunk = [], memory } = notes[name];
    console.log(
      `| ${name} | ${best(name).toFixed(1)} | ${(best(name) / best('plain SQL')).toFixed(2)} | ${first?.toFixed(1) ?? ''} | ${chunk.map((ms) => Math.round(ms)).join(', ')} | ${memory ? Math.round(memory) : ''} |`,
    );
  }
} finally {
  await sql.end();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
