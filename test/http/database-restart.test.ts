import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '../../src/service/client';
import { Database, migrate } from '../../src/store/connection/database';
import { type RunningPostgres, startEmbedded } from '../../src/store/embedded/embedded';
import { socketClient } from '../support/live';
import { killAll, start } from '../support/process';

/* The whole process over a PostgreSQL of its own, which is stopped and started again under it. */

const dir = mkdtempSync(path.join(realpathSync(tmpdir()), 'restart-'));
chmodSync(dir, 0o755);
const lockFile = path.join(dir, 'cluster/data/postmaster.pid');
const open = () => startEmbedded({ dir, database: 'gateway' });

let postgres: RunningPostgres;
let credentials: { clientId: string; secret: string };

beforeAll(async () => {
  postgres = await open();
  await migrate({ url: postgres.url });
  const db = await Database.open({ url: postgres.url });
  credentials = await createClient(db.aside(), {
    name: 'restart',
    scopes: ['read', 'order', 'bill'],
    grants: [{ entity: 'Acme', orgs: ['North'] }],
  });
  await db.close();
}, 60_000);

afterAll(async () => {
  killAll();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

const running = (): boolean => {
  try {
    return readFileSync(lockFile, 'utf8') !== '';
  } catch {
    return false;
  }
};
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test('a process whose database goes away says so at every door, stays, and goes on by itself once it is back', async () => {
  const METRICS_TOKEN = 'a-token-of-the-tests';
  const gateway = start({ DATABASE_URL: postgres.url, METRICS_TOKEN });
  const origin = await gateway.origin;
  const token = () =>
    fetch(`${origin}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.secret,
      }),
    });
  const { access_token } = (await (await token()).json()) as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  const bodyOf = (answer: Response): Promise<any> => answer.json();
  const graphql = (query: string, more: Record<string, string> = {}) =>
    fetch(`${origin}/graphql`, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify({ query }) });
  const read = (more?: Record<string, string>) => graphql('{ accounts { totalCount } }', more);
  const write = (key?: string) =>
    graphql(
      'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { accountNumber } } }',
      key ? { 'idempotency-key': key } : {},
    );
  const rest = () => fetch(`${origin}/v1/fulfillments/F-00000001`, { headers });
  expect((await bodyOf(await read())).data.accounts.totalCount).toBe(0);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  const socket = socketClient(origin, { authorization: `Bearer ${access_token}` });
  const live = socket.subscribe({ query: 'subscription { accounts { totalCount } }' });
  expect((await live.next()).data.accounts.totalCount).toBe(0);
  const events = socket.subscribe({ query: 'subscription { events { node { type } } }' });
  // It says nothing until something happens.
  for (let each = 0; each < 20; each++) await soon();

  process.kill(Number.parseInt(readFileSync(lockFile, 'utf8'), 10), 'SIGINT');
  while (running()) await soon();

  // The grants of the client are still known here: it is the resolvers that find nobody there.
  const accept = 'application/graphql-response+json; charset=utf-8';
  for (const answer of [
    await read({ accept }),
    await write(),
    await write('a'),
    await rest(),
    await read({ accept }),
  ]) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    const text = await answer.text();
    expect(text).not.toMatch(/ECONN|127\.0\.0\.1|terminat|administrator|stack/);
    if (answer.url.endsWith('/graphql')) {
      const { code, retryable } = JSON.parse(text).errors[0].extensions;
      expect([code, retryable, JSON.parse(text).data]).toEqual(['UNAVAILABLE', true, undefined]);
    } else {
      expect(JSON.parse(text).reasons[0].code).toBe(50000061);
    }
  }
  expect((await read({ accept })).headers.get('content-type')).toBe(accept);
  const partly = await graphql('{ __typename accounts { totalCount } }');
  expect([partly.status, (await bodyOf(partly)).data]).toEqual([200, { __typename: 'Query', accounts: null }]);
  expect((await token()).status).toBe(503);
  const ready = await fetch(`${origin}/readyz`);
  expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await ready.json()).toEqual({ status: 'not ready', reason: 'database unreachable' });
  const bearing = { headers: { authorization: `Bearer ${METRICS_TOKEN}` } };
  for (const path of ['/livez', '/metrics']) expect((await fetch(`${origin}${path}`, bearing)).status).toBe(200);

  const again = await open();
  expect([again.started, again.url]).toEqual([true, postgres.url]);
  postgres = again;
  while ((await fetch(`${origin}/readyz`)).status !== 200) await soon();
  for (let each = 0; each < 20; each++) expect((await read()).status).toBe(200);
  expect((await token()).status).toBe(200);
  expect((await bodyOf(await write('a'))).data.createAccount.account.accountNumber).toBe('A00000001');
  expect((await bodyOf(await rest())).reasons[0].code).toBe(50000040);
  // Who has subscribed before is told.
  expect((await live.next()).data.accounts.totalCount).toBe(1);
  expect((await events.next()).data.events.node.type).toBe('Account.Create');
  // So does what is done in the background.
  const run = await graphql(
    'mutation { createBillRun(input: {targetDate: "2022-01-01"}) { billRun { id } userErrors { code } } }',
  );
  const { id } = (await bodyOf(run)).data.createBillRun.billRun;
  const status = async () => (await bodyOf(await graphql(`{ billRun(key: "${id}") { status } }`))).data.billRun.status;
  while (!/Completed|Error/.test(await status())) await soon();
  expect(await status()).toBe('Completed');

  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);
  expect(gateway.err()).toBe('');
  // A line for the outage, none for each request, connection or round of housekeeping.
  const logged = (gateway.out().match(/^\{.*\}$/gm) ?? []).map((line) => JSON.parse(line));
  const loud = logged.filter(({ level, msg }) => level >= 40 && !msg.startsWith('JWT_SIGNING_KEY'));
  expect(loud.map(({ outage, msg }) => outage ?? msg)).toEqual(['away']);
  expect(socket.closes.map(({ code }) => code)).toEqual([1001]);
}, 60_000);
