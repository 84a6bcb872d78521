import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { carryToEnd } from '../../src/service/bill-run-worker';
import { migrate } from '../../src/store/connection/database';
import { testDatabase } from '../support/database';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, start } from '../support/process';

/*
 * A process that is frozen at its work, as by a debugger, a swapping machine or a paused container: PostgreSQL holds its locks for
 * ten seconds at most, another process goes on, and what thaws comes too late for anything.
 */
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
let client: TestClient;
let worker: Promise<Awaited<ReturnType<typeof freezeWorker>>>;
let migrator: Promise<Awaited<ReturnType<typeof freezeMigrator>>>;

const idleMs = 10_000;
const deliver = `mutation ($line: ID!, $run: Boolean!) { createFulfillments(input: { fulfillments: [
  { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1, state: SentToBilling, billTargetDate: "2022-01-01" }],
  processingOptions: { runBilling: $run } }) { fulfillments { id } invoices { id } userErrors { code } } }`;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  // Both take their time, so both begin at once.
  worker = freezeWorker();
  migrator = freezeMigrator();
  for (const each of [worker, migrator]) each.catch(() => {});
}, 60_000);
afterAll(async () => {
  killAll();
  await gateway?.close();
});

/** Milliseconds that an act takes, and what comes of it. */
async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now();
  return [await act(), performance.now() - began];
}

async function freezeWorker() {
  const { database, services } = gateway;
  const work = await client.work();
  const { orderLineItems, account } = await orderFor(work);
  const line = orderLineItems[0].id;
  const due = async (run: boolean) =>
    (await client.graphql(deliver, { line, run })).body.data.createFulfillments as {
      invoices: { id: string }[];
      userErrors: { code: string }[];
    };
  await due(false);
  const env = { DATABASE_URL: database.url, BILL_RUN_WORKERS: '1', LOG_LEVEL: 'warn' };
  const process = start(env);
  const origin = await process.origin;
  const holder = new Client(database.url);
  await holder.connect();
  // The worker waits for this with its chunk taken.
  await holder.query('begin');
  await holder.query('select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 4902))', [account.id]);
  const created = await client.graphql(
    'mutation { createBillRun(input: { targetDate: "2022-01-01" }) { billRun { id } userErrors { code } } }',
  );
  await database.blocked();
  process.child.kill('SIGSTOP');
  await holder.query('rollback');
  await holder.end();
  const { id } = created.body.data.createBillRun.billRun;
  const [run, tookOver] = await timed(() => carryToEnd(services, work, id));
  const [billed, billing] = await timed(() => due(true));
  process.child.kill('SIGCONT');
  // It has noticed what happened, and works again.
  await due(false);
  const again = await client.graphql(
    'mutation { createBillRun(input: { targetDate: "2022-01-01" }) { billRun { id } userErrors { code } } }',
  );
  const next = again.body.data.createBillRun.billRun.id;
  const status = async () =>
    (await client.graphql('query ($id: ID!) { billRun(key: $id) { status } }', { id: next })).body.data.billRun.status;
  while ((await status()) !== 'Completed') await delay(100);
  const claims = await database.owner('select from billing_claim');
  return { run, tookOver, billed, billing, claims: claims.length, alive: (await fetch(`${origin}/livez`)).status };
}

async function freezeMigrator() {
  const database = await testDatabase();
  try {
    const name = `empty_${Date.now()}`;
    await database.owner(`create database ${name}`);
    const url = Object.assign(new URL(database.url), { pathname: name }).href;
    const process = start({ DATABASE_URL: url, LOG_LEVEL: 'silent' });
    const held = `select from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = $1 and l.locktype = 'advisory' and l.objid = 724601`;
    while (!(await database.owner(held, [name])).length) await delay(1);
    // Somewhere in the migrations.
    await delay(300);
    process.child.kill('SIGSTOP');
    const [count, took] = await timed(() => migrate({ url }));
    process.child.kill('SIGCONT');
    const [left] = [await migrate({ url })];
    return { count, took, left, ended: await process.ended };
  } finally {
    await database.close();
  }
}

test('the bill run of a worker that is frozen is taken over, its accounts are free, and nothing is billed twice', async () => {
  const { run, tookOver, billed, billing, claims, alive } = await worker;
  expect([run.status, billed.userErrors, billed.invoices.length]).toEqual(['Completed', [], 1]);
  expect(tookOver).toBeGreaterThan(idleMs - 1_000);
  expect(tookOver).toBeLessThan(idleMs + 5_000);
  expect(billing).toBeLessThan(2_000);
  expect([claims, alive]).toEqual([3, 200]);
});

test('a migrator that is frozen makes way for the next, and comes too late to migrate anything', async () => {
  const { count, took, left, ended } = await migrator;
  expect(took).toBeLessThan(idleMs + 8_000);
  expect([count > 0, left, ended]).toEqual([true, 0, 1]);
});
