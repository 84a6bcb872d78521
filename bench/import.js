import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryOf, tokenOf } from './subject.js';

/*
 * An import beside its yardstick: COPY of the rows that it has written. See README.md.
 */
const here = dirname(fileURLToPath(import.meta.url));
const main = resolve(here, '../dist/src/main.js');
const require = createRequire(main);
require('reflect-metadata');
const { Client } = require('pg');
const { startEmbedded } = require('./store/embedded/embedded.js');
const { Database, migrate } = require('./store/connection/database.js');
const { createClient } = require('./service/client.js');
const { entityByName } = require('./store/tenant.js');

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '200000' },
    'per-line': { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    form: { type: 'string', default: 'csv' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const size = Number(values.size);
const perLine = Number(values['per-line']);

const dir = resolve(here, '.data/import');
rmSync(dir, { recursive: true, force: true });
// As a server of its own would have it: the data in memory, and no checkpoint every few seconds of writing.
const settings = { shared_buffers: '1GB', max_wal_size: '4GB' };
const server = await startEmbedded({ dir, database: 'bench', settings });
const sql = new Client(server.url);
await sql.connect();
await migrate({ url: server.url });

/** Line items that take the fulfillments of the file, a hundred to an account. */
async function fill() {
  const db = await Database.open({ url: server.url });
  const client = await createClient(db.aside(), {
    name: 'bench',
    scopes: ['fulfill', 'read'],
    grants: [{ entity: 'Bench', orgs: ['Main'] }],
  });
  const entity = await entityByName(db.reads(), 'Bench');
  await db.close();
  const [org] = entity.orgIds;
  const audit = `1, now(), '${entity.id}', now(), '${entity.id}'`;
  const lines = Math.ceil(size / perLine);
  await sql.query(`
    insert into account (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_number, name, currency, payment_term)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, 'B' || n, 'Account ' || n, 'USD', 'Net 30' from generate_series(1, ${Math.ceil(lines / 100)}) n;
    insert into orders (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, order_number, order_date, category, state)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, id, 'O' || account_number, '2022-01-01', 'NewSales', 'Executing' from account;
    insert into order_line_item (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_id, account_id, item_number, item_name, item_type, item_category, item_state, billing_rule, quantity, fulfilled_quantity, sent_quantity, returned_quantity, fulfillment_count, open_fulfillment_count, currency, list_price_per_unit, amount_per_unit, inline_discount_type, transaction_start_date, transaction_end_date)
    select gen_random_uuid(), '${entity.id}', '${org}', ${audit}, o.id, o.account_id, n::text, 'Device', 'Product', 'Sales', 'Booked', 'TriggerAsFulfillmentOccurs', 1000, 0, 0, 0, 0, 0, 'USD', 9.95, 9.95, 'None', '2022-01-01', '2022-01-01'
    from orders o cross join generate_series(1, 100) n`);
  await sql.query('vacuum (freeze, analyze)');
  const { rows } = await sql.query('select id from order_line_item order by id');
  return { client, ids: rows.map(({ id }) => id) };
}

/** The gateway as `npm start` runs it. */
async function startGateway() {
  const flags = ['--max-semi-space-size=64', '--heap-growing-percent=100'];
  if (values['cpu-prof']) flags.push('--cpu-prof', `--cpu-prof-dir=${resolve(here, '.data/profiles')}`);
  const own = {
    DATABASE_URL: server.url,
    PORT: '4790',
    LOG_LEVEL: 'error',
    JWT_SIGNING_KEY: randomBytes(32).toString('hex'),
  };
  const child = spawn(process.execPath, [...flags, main], {
    env: { ...process.env, ...own },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const origin = `http://127.0.0.1:${own.PORT}`;
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) break;
    const ready = await fetch(`${origin}/readyz`).catch(() => undefined);
    if (ready?.ok) return { child, origin };
    await delay(100);
  }
  throw new Error('the gateway does not start');
}

function* file(ids) {
  let piece = values.form === 'csv' ? 'orderLineItemId,fulfillmentDate,quantity,state,carrier,trackingNumber\n' : '';
  for (let at = 0; at < size; at++) {
    const row = {
      orderLineItemId: ids[at % ids.length],
      fulfillmentDate: '2026-01-31',
      quantity: '1',
      state: 'Booked',
      carrier: 'UPS',
      trackingNumber: `1Z999AA1${String(at).padStart(10, '0')}`,
    };
    piece += `${values.form === 'csv' ? Object.values(row).join() : JSON.stringify(row)}\n`;
    if (piece.length > 65_536) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** Imports the file. Returns the seconds, and the memory of the gateway at each tenth of the file. */
async function send({ child, origin }, token, ids, key) {
  const memory = [];
  const start = performance.now();
  const request = http.request(`${origin}/v1/fulfillments/import`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': values.form === 'csv' ? 'text/csv' : 'application/jsonl',
      'idempotency-key': key,
    },
  });
  const answered = new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
  const sent = pipeline(Readable.from(file(ids)), request);
  let rest = '';
  let first;
  for await (const chunk of await answered) {
    first ??= (performance.now() - start) / 1000;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('{"progress"')) {
        if (!line.startsWith('{"line"')) rest = line === lines.at(-1) ? line : rest;
        continue;
      }
      const { progress } = JSON.parse(line);
      if (progress.lines >= ((memory.length + 1) * size) / 10) memory.push(memoryOf(child.pid));
    }
  }
  await sent;
  const { totals } = JSON.parse(rest);
  if (totals?.created !== size) throw new Error(rest);
  return { seconds: (performance.now() - start) / 1000, first, memory };
}

/** What the import has written, into files of the server. */
const tables = ['fulfillment', 'history_entry'];
const fileOf = (table) => resolve(tmpdir(), `bench-import-${process.pid}-${table}`);

async function copyOut() {
  for (const table of tables) await sql.query(`copy ${table} to '${fileOf(table)}'`);
}

async function copyIn(some) {
  const start = performance.now();
  for (const table of some) await sql.query(`copy ${table} from '${fileOf(table)}'`);
  return (performance.now() - start) / 1000;
}

async function undo() {
  await sql.query(
    'truncate bill_run_account, bill_run_chunk, bill_run, fulfillment, fulfillment_item, history_entry, fulfillment_import, fulfillment_import_chunk, webhook_delivery, billing_claim, invoice_item, credit_memo_item, invoice, credit_memo, credit_memo_application, payment_application, invoice_offset',
  );
  await sql.query(
    'update order_line_item set fulfilled_quantity = 0, sent_quantity = 0, fulfillment_count = 0, open_fulfillment_count = 0',
  );
  await sql.query('vacuum (full, freeze, analyze)');
  await sql.query('checkpoint');
}

let gateway;
try {
  const { client, ids } = await fill();
  gateway = await startGateway();
  const results = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    await undo();
    const { seconds, first, memory } = await send(
      gateway,
      await tokenOf(gateway.origin, client),
      ids,
      `round ${round}`,
    );
    await copyOut();
    await undo();
    const both = await copyIn(tables);
    await undo();
    const alone = await copyIn(['fulfillment']);
    const each = { import: size / seconds, copy: size / alone, both: size / both, first, memory };
    results.push(each);
    console.log(
      `import ${Math.round(each.import)} rows/s, first reply after ${first.toFixed(2)} s; COPY ${Math.round(each.copy)}, with history ${Math.round(each.both)}; memory at each tenth: ${memory.map(Math.round).join(', ')} MB`,
    );
  }
  const best = (name) => Math.max(...results.map((each) => each[name]));
  console.log('\n| | rows per second | import against it |\n| --- | --- | --- |');
  for (const [name, what] of [
    ['import', 'import'],
    ['copy', 'COPY of the fulfillments'],
    ['both', 'COPY of the fulfillments and their history'],
  ]) {
    console.log(`| ${what} | ${Math.round(best(name))} | ${(best('import') / best(name)).toFixed(2)} |`);
  }
} finally {
  if (gateway) {
    const ended = new Promise((done) => gateway.child.once('exit', done));
    gateway.child.kill('SIGTERM');
    await ended;
  }
  await sql.end();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
  for (const table of tables) rmSync(fileOf(table), { force: true });
}
