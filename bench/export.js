// What an export of a whole list takes: `npm run build && node bench/export.js [fulfillments]`.
// Starts the real process over a PostgreSQL of its own, exports all fulfillments in several forms, and prints how long each
// took and the memory of the process at its highest. Linux only (`/proc`).
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { cpuOf, memoryOf, tokenOf } from './subject.js';

const here = import.meta.dirname;
const require = createRequire(resolve(here, '../dist/src/main.js'));
require('reflect-metadata');
const { Client } = require('pg');
const { startEmbedded } = require('./store/embedded/embedded.js');
const { Database, migrate } = require('./store/connection/database.js');
const { entityByName } = require('./store/tenant.js');
const { createClient } = require('./service/client.js');

const size = Number(process.argv[2] ?? 1_000_000);
const perLine = 10;
const dir = resolve(here, '.data/export');
rmSync(dir, { recursive: true, force: true });
const settings = { shared_buffers: '1GB', max_wal_size: '4GB', autovacuum: 'off' };
const server = await startEmbedded({ dir, database: 'bench', settings });

async function fill() {
  await migrate({ url: server.url });
  const db = await Database.open({ url: server.url });
  const grants = [{ entity: 'Bench', orgs: ['Main'] }];
  const client = await createClient(db.aside(), { name: 'bench', scopes: ['read'], grants });
  const entity = await entityByName(db.reads(), 'Bench');
  await db.close();
  const sql = new Client(server.url);
  await sql.connect();
  const [org] = entity.orgIds;
  const audit = (n) => `1, now(), '${entity.id}', now() - ${n} * interval '1 second', '${entity.id}'`;
  const lines = Math.ceil(size / perLine);
  await sql.query(`
    insert into account (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_number, name, currency, payment_term)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit('n')}, 'B' || n, 'Account ' || n, 'USD', 'Net 30' from generate_series(1, 100) n;
    insert into orders (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, order_number, order_date, category, state)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit('1')}, id, 'O' || account_number, '2022-01-01', 'NewSales', 'Executing' from account;
    insert into order_line_item (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_id, account_id, item_number, item_name, item_type, item_category, item_state, billing_rule, quantity, fulfilled_quantity, sent_quantity, returned_quantity, fulfillment_count, open_fulfillment_count, currency, list_price_per_unit, amount_per_unit, inline_discount_type, transaction_start_date, transaction_end_date)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit('n')}, o.id, o.account_id, n::text, 'Device', 'Product', 'Sales', 'Complete', 'TriggerAsFulfillmentOccurs', ${perLine}, ${perLine}, ${perLine}, 0, ${perLine}, 0, 'USD', 9.95, 9.95, 'None', '2022-01-01', '2022-01-01'
    from orders o cross join generate_series(1, ${Math.ceil(lines / 100)}) n;
    insert into fulfillment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_line_item_id, order_id, account_id, fulfillment_number, fulfillment_type, state, fulfillment_date, quantity, amount, currency, bill_target_date, sent_to_billing_date, carrier, tracking_number, exclude_item_billing_from_revenue_accounting, exclude_item_booking_from_revenue_accounting)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit('n')}, l.id, l.order_id, l.account_id, 'F' || row_number() over (), 'Delivery', 'SentToBilling', '2022-01-01', 1, 9.95, 'USD', '2022-01-01', now(), 'Carrier ' || n, 'T-' || hashint8(row_number() over ()), false, false
    from (select * from order_line_item limit ${lines}) l cross join generate_series(1, ${perLine}) n limit ${size}`);
  await sql.query('vacuum (freeze, analyze)');
  await sql.end();
  return client;
}

/** Starts the gateway as `npm start` does, and returns it with its address. */
async function start() {
  const flags = ['--enable-source-maps', '--max-semi-space-size=64', '--heap-growing-percent=100'];
  const env = { ...process.env, PORT: '0', DATABASE_URL: server.url, LOG_LEVEL: 'info' };
  const child = spawn(process.execPath, [...flags, resolve(here, '../dist/src/main.js')], { env });
  const port = await new Promise((done, fail) => {
    let text = '';
    const look = (chunk) => {
      text += chunk;
      const found = /127\.0\.0\.1:(\d+)/.exec(text);
      if (found) done(Number(found[1]));
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', () => fail(new Error(`the gateway ended: ${text}`)));
  });
  return { child, port };
}

const fields = `id fulfillmentNumber fulfillmentType state fulfillmentDate quantity amount billTargetDate sentToBillingDate
  carrier trackingNumber externalId version createdDate updatedDate`;
const forms = {
  'lines, 15 values': [`{ fulfillments { nodes { ${fields} } } }`, 'application/jsonl'],
  'lines, 15 values, gzip': [`{ fulfillments { nodes { ${fields} } } }`, 'application/jsonl', 'gzip'],
  'table, 15 values': [`{ fulfillments { nodes { ${fields} } } }`, 'text/csv'],
  'lines, filtered and sorted': [
    `{ fulfillments(filter: { state: { eq: SentToBilling } }, orderBy: { field: fulfillmentNumber, direction: ASC }) { nodes { ${fields} } } }`,
    'application/jsonl',
  ],
  'lines, with line item, order and allowedTransitions': [
    `{ fulfillments { nodes { id state allowedTransitions { to } orderLineItem { itemName order { orderNumber } } } } }`,
    'application/jsonl',
  ],
};

const client = await fill();
const { child, port } = await start();
const megabytes = () => Math.round(memoryOf(child.pid));
const cpu = () => cpuOf(child.pid) / 1000;

async function measure(query, accept, encoding = 'identity') {
  const headers = {
    authorization: `Bearer ${await tokenOf(`http://127.0.0.1:${port}`, client)}`,
    'content-type': 'application/json',
    accept,
    'accept-encoding': encoding,
  };
  const [began, spent] = [performance.now(), cpu()];
  let highest = 0;
  const memory = [];
  const watch = setInterval(() => {
    highest = Math.max(highest, megabytes());
    memory.push(megabytes());
  }, 50);
  const { bytes, last } = await new Promise((done, fail) => {
    const sent = request({ port, path: '/graphql', method: 'POST', headers }, (reply) => {
      let bytes = 0;
      let last = '';
      reply.on('data', (chunk) => {
        bytes += chunk.length;
        if (encoding === 'identity') last = (last + chunk.toString('latin1')).slice(-300);
      });
      reply.on('end', () => done({ bytes, last: last.split('\n').at(-2) }));
      reply.on('error', fail);
    });
    sent.on('error', fail).end(JSON.stringify({ query }));
  });
  clearInterval(watch);
  const half = memory[memory.length >> 1];
  const seconds = (performance.now() - began) / 1000;
  return { seconds, bytes, highest, half, cpu: cpu() - spent, last };
}

try {
  process.stdout.write(`${size} fulfillments; the process has ${megabytes()} MB\n`);
  for (const [name, form] of Object.entries(forms)) {
    const { seconds, bytes, highest, half, cpu: spent, last } = await measure(...form);
    process.stdout.write(
      `${name}: ${seconds.toFixed(1)} s, ${Math.round(size / seconds)} rows/s, ${Math.round(bytes / 1e6)} MB sent, ${spent.toFixed(1)} s of the process's CPU, memory ${half} MB in the middle and ${highest} MB at most${last?.includes('errors') ? ` ${last}` : ''}\n`,
    );
  }
} finally {
  child.kill();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
