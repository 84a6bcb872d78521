import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/*
 * The data that requests are measured on: made by SQL over sets on a PostgreSQL of its own, and kept between runs. Every
 * value follows from its place, so that two runs have the same rows; counters, invoices and claims agree with the fulfillments.
 */
const here = import.meta.dirname;
const require = createRequire(resolve(here, '../dist/src/main.js'));
require('reflect-metadata');
const { Client } = require('pg');
const { startEmbedded } = require('./store/embedded/embedded.js');
const { migrate, Database } = require('./store/connection/database.js');
const { makeTenants, entityByName } = require('./store/tenant.js');

/** As a server of its own would have it: the data in memory, and nothing of its own accord while somebody is measured. */
const settings = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  autovacuum: 'off',
  jit: 'off',
  shared_preload_libraries: 'pg_stat_statements',
};

/** Every twentieth account buys in bulk, 14 deliveries to a line item; the others have this many, in turns. */
const deliveries = 'array[0,1,1,2,2,3,3,4,9]';
/** Orders of two line items each that M1 writes to, beside those that are read. */
const writtenOrders = 500;

/** @returns the server, a connection as its owner, and the entity that everything belongs to. */
export async function openData({ lineItems, fresh }) {
  const database = `items_${lineItems}`;
  const start = () => startEmbedded({ dir: resolve(here, '.data/requests'), database, settings });
  let server = await start();
  // One that a run left behind when it was killed has the settings of that run; another run's is not stopped by this.
  if (!server.started) {
    await server.stop();
    server = await start();
  }
  if (!server.started) {
    await server.stop();
    throw new Error(
      'Another measurement, or a server of one that was killed, uses the database in bench/.data/requests.',
    );
  }
  const url = server.url;
  try {
    if (fresh || !(await isFilled(url))) {
      await recreate(url, database);
      await migrate({ url });
      await fill(url, lineItems);
    }
    const sql = new Client(url);
    await sql.connect();
    // The gateway's index has days that may be missing at the end of time. Who sorts by the bare column has one too.
    await sql.query(
      'create index if not exists bench_bill_target_date on fulfillment (entity_id, state, bill_target_date, id)',
    );
    const { id, orgIds } = await tenant(url);
    const close = async () => {
      await sql.end();
      await server.stop();
    };
    return { url, sql, entityId: id, orgId: orgIds[0], close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Which statements made the data: kept data of others is made anew. */
const version = createHash('sha256')
  .update(statements('entity', 'org', 0).join())
  .digest('hex')
  .slice(0, 16);

async function using(url, work) {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const isFilled = (url) =>
  using(url, async (sql) => {
    const { rows } = await sql.query(
      "select shobj_description(oid, 'pg_database') as made from pg_database where datname = current_database()",
    );
    return rows[0].made === version;
  });

function recreate(url, database) {
  const admin = new URL(url);
  admin.pathname = '/postgres';
  return using(admin.href, async (sql) => {
    await sql.query(`drop database ${database} with (force)`);
    await sql.query(`create database ${database}`);
  });
}

async function tenant(url) {
  const db = await Database.open({ url });
  try {
    await makeTenants(db.aside(), [{ entity: 'Bench', org: 'Main' }]);
    return await entityByName(db.reads(), 'Bench');
  } finally {
    await db.close();
  }
}

async function fill(url, lineItems) {
  const entity = await tenant(url);
  await using(url, async (sql) => {
    const start = performance.now();
    for (const statement of statements(entity.id, entity.orgIds[0], lineItems)) await sql.query(statement);
    await sql.query('vacuum analyze');
    await sql.query(`comment on database items_${lineItems} is '${version}'`);
    console.log(`data for ${lineItems} line items made in ${Math.round((performance.now() - start) / 1000)} s`);
  });
}

function statements(entityId, orgId, lineItems) {
  const scope = `'${entityId}'::uuid, '${orgId}'::uuid`;
  const audited = 'id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id';
  /** Each row of a kind has an instant of its own: the order of lists is never left to chance. */
  const audit = (kind, n) =>
    `bench.id('${kind}', ${n}), ${scope}, 1, bench.at(${n}), '${entityId}'::uuid, bench.at(${n}), '${entityId}'::uuid`;
  const orders = Math.ceil(lineItems / 15) * 5;
  const accounts = Math.ceil(orders / 50);
  const sequence = (kind) => `'number.${kind}_${entityId.replaceAll('-', '')}'`;
  return [
    'create schema bench',
    'create extension pg_stat_statements schema bench',
    // The peers: with the rights of the application, and past row security, since they set no scope.
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'bench_peer') then
         create role bench_peer nologin bypassrls in role order_gateway_app;
       end if;
     end $$`,
    'grant usage on schema bench to bench_peer',
    `create function bench.at(n bigint) returns timestamptz immutable language sql
       return timestamptz '2025-01-01 00:00:00+00' + n * interval '1 second'`,
    // As the gateway's own: by time, as far as their first digits go.
    `create function bench.id(kind text, n bigint) returns uuid immutable language sql
       return (lpad(to_hex(1735689600000 + n), 12, '0') || overlay(overlay(left(md5(kind || n), 20) placing '7' from 1) placing '8' from 5))::uuid`,

    `create temp table o as
       select k, k / 50 as a, date '2024-01-01' + k % 700 as order_date from generate_series(0, ${orders - 1}) k
       union all select ${orders} + k, ${accounts}, date '2024-01-01' from generate_series(1, ${writtenOrders}) k`,
    `create temp table l as
       select row_number() over (order by k, j) as n, k, a, j, order_date from (
         select k, a, j, order_date from o cross join lateral generate_series(1, k % 5 + 1) j where a < ${accounts}
         order by k, j limit ${lineItems}
       ) as sold`,
    `insert into l select ${lineItems} + row_number() over (order by k, j), k, a, j, order_date
       from o cross join generate_series(1, 2) j where a = ${accounts}`,
    'alter table l add price numeric',
    'update l set price = round((500 + n % 9500)::numeric / 100, 2)',
    `create temp table f as
       select n, line, k, a, s, quantity, round(quantity * price, 2) as amount, order_date + (n % 30)::integer as delivered,
         case when s <> 18 then date '2025-01-01' + (n * 7919 % 365)::integer end as due,
         (case when s < 7 then 'Complete' when s < 16 then 'SentToBilling' when s < 18 then 'Booked'
           when s = 18 then 'Executing' else 'Canceled' end)::fulfillment_state as state
       from (
         select row_number() over (order by l.n, i) as n, l.n as line, k, a, price, order_date,
           row_number() over (order by l.n, i) % 20 as s, (1 + row_number() over (order by l.n, i) % 5)::numeric as quantity
         from l cross join lateral generate_series(1, case when a = ${accounts} then 0 when a % 20 = 0 then 14 else (${deliveries})[1 + l.n % 9] end) i
       ) as delivered`,
    'analyze o',
    'analyze l',
    'analyze f',

    `insert into account (${audited}, account_number, name, currency, payment_term, payment_method_token)
       select ${audit('account', 'a')}, 'A-' || lpad((a + 1)::text, 8, '0'), case when a = ${accounts} then 'Written' else 'Account ' || a end, 'USD', 'Net 30', null
       from generate_series(0, ${accounts}) a`,
    'analyze account',
    `insert into orders (${audited}, account_id, order_number, order_date, category, state)
       select ${audit('order', 'k')}, bench.id('account', a), 'O-' || lpad((k + 1)::text, 8, '0'), order_date, 'NewSales', 'Executing' from o order by k`,
    'analyze orders',
    `insert into order_line_item (${audited}, order_id, account_id, item_number, item_name, item_type, item_category, item_state,
         billing_rule, quantity, fulfilled_quantity, sent_quantity, returned_quantity, fulfillment_count, open_fulfillment_count,
         currency, list_price_per_unit, amount_per_unit, inline_discount_type, transaction_start_date, transaction_end_date, product_code)
       select ${audit('line', 'l.n')}, bench.id('order', l.k), bench.id('account', l.a), l.j::text,
         (array['Sensor unit', 'Ger\u00e4t 12"', 'Cable, 3 m', 'Station d\u2019accueil'])[1 + l.n % 4], 'Product', 'Sales', 'Booked',
         'TriggerAsFulfillmentOccurs', case when l.a = ${accounts} then 1000000 else 100 end,
         coalesce(c.fulfilled, 0), coalesce(c.sent, 0), 0, coalesce(c.count, 0), coalesce(c.open, 0),
         'USD', l.price, l.price, 'None', l.order_date, l.order_date, 'P-' || l.n % 100
       from l left join (
         select line, count(*)::integer as count, (count(*) filter (where state in ('Executing', 'Booked')))::integer as open,
           sum(quantity) filter (where state in ('Booked', 'SentToBilling', 'Complete')) as fulfilled,
           sum(quantity) filter (where state in ('SentToBilling', 'Complete')) as sent
         from f group by line
       ) as c on c.line = l.n order by l.n`,
    'analyze order_line_item',
    `insert into fulfillment (${audited}, order_line_item_id, order_id, account_id, fulfillment_number, fulfillment_type, state,
         fulfillment_date, quantity, amount, currency, bill_target_date, sent_to_billing_date, carrier, tracking_number, external_id,
         exclude_item_billing_from_revenue_accounting, exclude_item_booking_from_revenue_accounting)
       select ${audit('fulfillment', 'n')}, bench.id('line', line), bench.id('order', k), bench.id('account', a),
         'F-' || lpad(n::text, 8, '0'), 'Delivery', state, delivered, quantity, amount, 'USD', due,
         case when s < 16 then bench.at(n) end, (array['UPS', 'DHL', 'FedEx', null])[1 + n % 4], '1Z' || lpad(n::text, 16, '0'), 'EXT-' || n, false, false
       from f order by n`,
    'analyze fulfillment',

    // 14 of 20 are billed: one invoice for each account and month that has any.
    `create temp table i as select a * 12 + extract(month from due)::integer - 1 as n, a, extract(month from due)::integer as month, sum(amount) as amount
       from f where s < 14 group by a, month, extract(month from due)`,
    `insert into invoice (${audited}, account_id, invoice_number, status, invoice_date, due_date, target_date, posted_date, currency,
         payment_term, amount, amount_without_tax, tax_amount, balance, source, reversed)
       select ${audit('invoice', 'n')}, bench.id('account', a), 'INV' || lpad((n + 1)::text, 8, '0'), 'Posted',
         make_date(2026, month, 1), make_date(2026, month, 1) + 30, make_date(2025, month, 1) + 31, make_date(2026, month, 1), 'USD',
         'Net 30', amount, amount, 0, amount, 'BillRun', false from i order by n`,
    'analyze invoice',
    `insert into invoice_item (id, entity_id, org_id, invoice_id, order_line_item_id, fulfillment_id, charge_name, currency, quantity,
         unit_price, charge_amount, tax_amount, service_start_date, service_end_date)
       select bench.id('item', f.n), ${scope}, bench.id('invoice', a * 12 + extract(month from due)::integer - 1), bench.id('line', line), bench.id('fulfillment', f.n),
         'Delivery', 'USD', quantity, round(amount / quantity, 2), amount, 0, delivered, delivered
       from f where s < 14 order by f.n`,
    'analyze invoice_item',
    `insert into billing_claim (id, entity_id, org_id, invoice_item_id)
       select bench.id('fulfillment', n), ${scope}, bench.id('item', n) from f where s < 14 order by n`,
    `select setval(${sequence('account')}, ${accounts + 1}), setval(${sequence('order')}, ${orders + writtenOrders + 1}),
       setval(${sequence('fulfillment')}, (select max(n) from f)), setval(${sequence('invoice')}, (select max(n) + 1 from i))`,
    'discard temp',
  ];
}

const tables = ['account', 'orders', 'order_line_item', 'fulfillment', 'invoice', 'invoice_item'];

/** How many rows there are to read, and what they take. */
export async function sizeOf(sql) {
  const { rows } = await sql.query(
    `select ${tables.map((table) => `(select count(*)::integer from ${table}) as ${table}`).join(', ')},
       pg_size_pretty(pg_database_size(current_database())) as size`,
  );
  return rows[0];
}

/** Takes away what M1 has written, so that each turn begins as the first did. */
export async function undoWrites(sql) {
  const written = "(select id from account where name = 'Written')";
  await sql.query(`delete from fulfillment where account_id = ${written}`);
  await sql.query(
    `update order_line_item set fulfilled_quantity = 0, fulfillment_count = 0, open_fulfillment_count = 0, version = 1
     where account_id = ${written} and (version > 1 or fulfillment_count > 0)`,
  );
  await sql.query('truncate history_entry, webhook_delivery');
  await sql.query('vacuum analyze fulfillment');
  await sql.query('vacuum analyze order_line_item');
}
