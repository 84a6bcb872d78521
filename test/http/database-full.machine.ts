import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createClient } from '../../src/service/client';
import { Database, migrate } from '../../src/store/connection/database';
import { type RunningPostgres, startEmbedded } from '../../src/store/embedded/embedded';
import { killAll, type Started, start } from '../support/process';

/* The whole process over a PostgreSQL of its own that is up, and has no room: on its disk, in its memory, for connections. */
jest.setTimeout(60_000);

const dir = mkdtempSync(path.join(realpathSync(tmpdir()), 'full-'));
chmodSync(dir, 0o755);
const small = path.join(dir, 'small');
mkdirSync(small);
// A disk that is full: as root alone.
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'none', small], { stdio: 'inherit' });

let postgres: RunningPostgres;
let gateway: Started;
let origin: string;
let headers: Record<string, string>;
let owner: Client;

beforeAll(async () => {
  // As few locks and connections as fit the gateway itself.
  const settings = { max_connections: '20', superuser_reserved_connections: '0', max_locks_per_transaction: '10' };
  postgres = await startEmbedded({ dir, database: 'gateway', settings });
  await migrate({ url: postgres.url });
  const db = await Database.open({ url: postgres.url });
  const grants = [{ entity: 'Acme', orgs: ['North'] }];
  const { clientId, secret } = await createClient(db.aside(), { name: 'full', scopes: ['read', 'order'], grants });
  await db.close();
  owner = await connected();
  // With all that a start warns of without it.
  gateway = start({
    ...{ DATABASE_URL: postgres.url, BILL_RUN_WORKERS: '1' },
    JWT_SIGNING_KEY: 'a key of thirty-two characters or more',
    METRICS_TOKEN: 'a-token-for-metrics',
  });
  origin = await gateway.origin;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
  const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token } = (await issued.json()) as { access_token: string };
  headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
});
afterAll(async () => {
  killAll();
  await gateway?.ended;
  // A server stays up, and its disk mounted, while anybody is connected.
  for (const client of clients) await client.end();
  await postgres?.stop();
  execFileSync('umount', ['-l', small]);
  rmSync(dir, { recursive: true, force: true });
});

const clients: Client[] = [];
async function connected(): Promise<Client> {
  const client = new Client(postgres.url);
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}
const codeOf = (act: Promise<unknown>): Promise<string | undefined> =>
  act.then(
    () => undefined,
    ({ code }) => code,
  );

const graphql = (query: string) =>
  fetch(`${origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
const read = () => graphql('{ accounts { totalCount } }');
const write = () =>
  graphql(`mutation { createAccount(input: {name: "${'A'.repeat(200)}", currency: "USD"}) { account { name } } }`);

interface Line {
  level: number;
  outage?: string;
  code?: string;
  err?: object;
  msg: string;
}

/** How often something is asked for that has to come, so that a test that fails also ends. */
const mostRounds = 200;

/** What the log says at the level of warnings or above, once an outage of a kind is in it. */
async function loggedWith(outage: string): Promise<Line[]> {
  for (let round = 0; round < mostRounds; round++) {
    const lines = gateway.out().match(/^\{.*\}$/gm) ?? [];
    const found = lines.map((line) => JSON.parse(line) as Line).filter(({ level }) => level >= 40);
    if (found.some((line) => line.outage === outage)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no line with the outage ${outage}`);
}

/** So many requests fail as they do in an outage. Others may be served meanwhile. */
async function unavailable(ask: () => Promise<Response>, count: number): Promise<void> {
  let failed = 0;
  for (let round = 0; failed < count && round < mostRounds; round++) {
    for (const reply of await Promise.all(Array.from({ length: 5 }, ask))) {
      const body = (await reply.json()) as { errors?: { extensions: object }[] };
      if (reply.status === 200 && !body.errors) continue;
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '2']);
      expect(body.errors!.map(({ extensions }) => extensions)).toEqual([{ code: 'UNAVAILABLE', retryable: true }]);
      failed++;
    }
  }
  expect(failed).toBeGreaterThanOrEqual(count);
}
const served = async (ask: () => Promise<Response>) => {
  const body = (await (await ask()).json()) as { errors?: object[] };
  expect(body.errors).toBeUndefined();
};

const known: Line[] = [];
/** The log has exactly one line more than before: that of the outage. */
async function toldOnce(outage: string, code: string): Promise<void> {
  const lines = await loggedWith(outage);
  const added = lines.slice(known.length);
  expect(added).toEqual([expect.objectContaining({ level: 50, outage, code })]);
  known.push(...added);
}

test('a full disk is one line of the log: writes are UNAVAILABLE, and reads are served', async () => {
  const { uid, gid } = statSync(path.join(dir, 'cluster/data'));
  chownSync(small, uid, gid);
  await owner.query(`create tablespace small location '${small}'`);
  await owner.query('alter table account set tablespace small');
  await owner.query('create table filler (text text) tablespace small');
  await owner.query('alter table filler alter text set storage plain');
  const fill = (kilobytes: number) =>
    owner.query("insert into filler select repeat('x', 4000) from generate_series(1, $1::integer)", [kilobytes / 4]);
  for (const step of [1024, 64, 8]) {
    let code: string | undefined;
    while (!code) code = await codeOf(fill(step));
    expect(code).toBe('53100');
  }
  await unavailable(write, 20);
  await served(read);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  await toldOnce('diskFull', '53100');
  await owner.query('drop table filler');
  await served(write);
});

test('no memory for locks is one line of the log, and requests are UNAVAILABLE until there is some', async () => {
  const greedy = await connected();
  // Locks of a session outlive the statement that fails.
  let code: string | undefined;
  for (let first = 0; code !== '53200' && first < 1_000_000; first += 10_000) {
    code = await codeOf(
      greedy.query('select pg_advisory_lock(n) from generate_series($1::bigint, $1 + 9999) n', [first]),
    );
  }
  expect(code).toBe('53200');
  await unavailable(write, 20);
  await toldOnce('outOfMemory', '53200');
  await greedy.end();
  await served(write);
});

test('no free connection is one line of the log, requests are UNAVAILABLE, and the process is not ready', async () => {
  const before = clients.length;
  const takeAll = async () => {
    for (;;) {
      const code = await codeOf(connected());
      if (code === '53300') return;
      expect(code).toBeUndefined();
    }
  };
  await takeAll();
  // The gateway reuses its connections at rest, and loses them one by one.
  const ours =
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'order-fulfillment-gateway%'";
  for (let left = 1; left > 0; left = (await owner.query(ours)).rowCount ?? 0) await takeAll();
  await unavailable(read, 20);
  await unavailable(write, 20);
  const ready = await fetch(`${origin}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready', reason: 'database unreachable' }]);
  const lines = (await loggedWith('tooManyConnections')).slice(known.length);
  // The connections that were ended above are an outage of their own.
  expect(lines.map(({ outage, code }) => [outage, code]).sort()).toEqual([
    ['away', '57P01'],
    ['tooManyConnections', '53300'],
  ]);
  for (const client of clients.splice(before)) await client.end();
  for (let round = 0; round < mostRounds && (await fetch(`${origin}/readyz`)).status !== 200; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await served(read);
  await served(write);
});
