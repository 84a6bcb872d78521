import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createClient } from '../../src/service/client';
import { Database, migrate } from '../../src/store/connection/database';
import { openDatabase } from '../../src/store/connection/open-database';
import { rightsInFull } from '../../src/store/connection/rights';
import { type RunningPostgres, startEmbedded } from '../../src/store/embedded/embedded';
import { installedPostgres } from '../support/installed';
import { killAll, start } from '../support/process';

/*
 * The commands of docs/operations.md between two real clusters, and what a start says of a restore that went without them.
 * The tools have to be installed: the embedded PostgreSQL has none.
 */
jest.setTimeout(60_000);
const bin = installedPostgres();
if (!bin)
  throw new Error(
    'pg_dump, pg_dumpall, pg_restore, psql and a server of 15 or later are needed: apt-get install -y postgresql',
  );

const home = mkdtempSync(path.join(realpathSync(tmpdir()), 'restore-'));
const clusters: RunningPostgres[] = [];
let from: string;
let to: string;
let credentials: { clientId: string; secret: string };

const at = (url: string, pathname: string, more: object = {}): string =>
  Object.assign(new URL(url), { pathname, ...more }).href;
const owner = { username: 'keeper', password: 'of the books' };

async function ask(url: string, text: string): Promise<Record<string, string>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const cluster = async (name: string) => {
  const dir = path.join(home, name);
  mkdirSync(dir);
  const settings = { fsync: 'off', max_connections: '60' };
  const running = await startEmbedded({ dir, database: 'postgres', binaries: bin, settings });
  clusters.push(running);
  return running.url;
};

/** Runs a script of the shell in the folder of the test, as the reader of the page does. */
function shell(text: string, env: Record<string, string>): Promise<{ status: number; err: string }> {
  const all = { PATH: `${bin}:${process.env.PATH}`, ...env };
  return new Promise((resolve) => {
    execFile('bash', ['--norc', '-euo', 'pipefail', '-c', text], { cwd: home, env: all }, (error, _out, err) =>
      resolve({ status: error ? Number(error.code) : 0, err }),
    );
  });
}

/** The blocks of the page that are run here: back up, restore, analyze. */
const [backUp, restore, analyze] = Array.from(
  readFileSync('docs/operations.md', 'utf8').matchAll(
    /<!-- run in test\/store\/restore\.machine\.ts -->\n```sh\n(.*?)```/gs,
  ),
  ([, text]) => text,
);

const heldBy = async (url: string) => (await ask(url, rightsInFull))[0];

describe('a database that moves into another cluster', () => {
  beforeAll(async () => {
    chmodSync(home, 0o755);
    [from, to] = await Promise.all(['old', 'new'].map(cluster));
    // An owner who may do little, as in production: an administrator makes the roles (docs/security.md).
    const roles = ['app', 'system', 'reader'].map((each) => `order_gateway_${each}`);
    await ask(
      from,
      `create role keeper login password '${owner.password}';
       ${roles.map((role) => `create role ${role} nologin ${role.endsWith('reader') ? 'bypassrls' : ''};`).join('\n')}
       grant ${roles.join(', ')} to keeper`,
    );
    await ask(from, 'create database shop owner keeper');
    from = at(from, '/shop');
    const url = at(from, '/shop', owner);
    await migrate({ url });
    const db = await Database.open({ url });
    const grants = [{ entity: 'Acme', orgs: ['North'] }];
    credentials = await createClient(db.aside(), { name: 'moves', scopes: ['read', 'order'], grants });
    await db.close();
    expect(await shell(backUp, { FROM: from })).toEqual({ status: 0, err: '' });
  });
  afterAll(async () => {
    killAll();
    for (const { stop } of clusters) await stop();
    rmSync(home, { recursive: true, force: true });
  });
  afterEach(() => ask(to, 'drop database if exists shop with (force)'));

  /** A started gateway takes a write and reads it back. */
  async function works(url: string): Promise<void> {
    const gateway = start({ DATABASE_URL: url });
    const origin = await gateway.origin;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.secret,
    });
    const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: form });
    const { access_token } = (await issued.json()) as { access_token: string };
    const query = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { accountNumber name } } }';
    const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
    for (const [body, answer] of [
      [query, { createAccount: { account: { accountNumber: 'A00000001', name: 'A' } } }],
      ['{ accounts { nodes { name } } }', { accounts: { nodes: [{ name: 'A' }] } }],
    ] as const) {
      const reply = await fetch(`${origin}/graphql`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: body }),
      });
      expect(await reply.json()).toEqual({ data: answer });
    }
    gateway.child.kill('SIGTERM');
    expect([await gateway.ended, gateway.err()]).toEqual([0, '']);
    expect(gateway.out()).not.toContain('an administrator should run');
  }

  test('without its roles is refused by a start in one message, which is the script that gives all rights back', async () => {
    const before = await heldBy(at(from, '/shop', owner));
    await ask(to, `create role keeper login password '${owner.password}'`);
    const { err } = await shell('pg_restore --dbname="$TO" --create gateway.dump', { TO: to });
    expect(err).toMatch(/role "order_gateway_app" does not exist[\s\S]*errors ignored on restore: \d{3}/);
    const url = at(to, '/shop', owner);

    const refused = start({ DATABASE_URL: url });
    expect(await refused.ended).toBe(1);
    const [said, ...script] = refused.err().trimEnd().split('\n');
    expect(said).toMatch(/^The database shop on \S+ lacks rights .*, as after a restore without the roles\.$/);
    expect(script.filter((line) => !/^(--|create|grant|revoke|alter) /.test(line))).toEqual([]);
    const missing = script.flatMap((line) => /^-- missing (.*): (\d+)$/.exec(line)?.slice(1, 2) ?? []);
    expect(missing).toEqual(['roles', 'properties of roles', 'memberships', 'grants', 'policies']);

    writeFileSync(path.join(home, 'rights.sql'), script.join('\n'));
    const mended = await shell('psql "$AT" --set=ON_ERROR_STOP=1 --quiet --file=rights.sql', { AT: at(to, '/shop') });
    expect(mended).toEqual({ status: 0, err: '' });
    expect(await heldBy(url)).toEqual(before);
    await migrate({ url });
    await ask(to, 'drop database shop with (force)');
    await ask(to, 'drop role order_gateway_app, order_gateway_reader, order_gateway_system, keeper');
  });

  test('by the commands of the page brings its owner, roles, grants, policies and rows, and begins an epoch', async () => {
    expect(await shell(restore, { TO: to })).toEqual({ status: 0, err: '' });
    const url = at(to, '/shop', owner);
    expect(await shell(analyze, { DATABASE_URL: url })).toEqual({ status: 0, err: '' });
    expect(await heldBy(url)).toEqual(await heldBy(at(from, '/shop', owner)));
    const [{ owner: of }] = await ask(
      at(to, '/shop'),
      'select pg_get_userbyid(datdba) as owner from pg_database where datname = current_database()',
    );
    expect(of).toBe('keeper');
    await works(url);
    expect(await ask(url, 'select epoch from event_epoch order by epoch')).toEqual([{ epoch: 1 }, { epoch: 2 }]);
  });

  test.each([
    ['revoke order_gateway_app from keeper', 'memberships', 'grant order_gateway_app to keeper'],
    ['alter role order_gateway_app bypassrls', 'properties of roles', 'alter role order_gateway_app nobypassrls'],
    ['alter role order_gateway_system superuser', 'properties of roles', 'alter role order_gateway_system nosuperuser'],
    ['alter table account owner to postgres', 'owners', 'alter table public.account owner to keeper'],
    [
      'alter function analyze_documents() owner to postgres',
      'owners',
      'alter function public.analyze_documents() owner to keeper',
    ],
  ])('is refused after "%s", and taken after what the message says', async (damage, kind, mends) => {
    const url = at(from, '/shop', owner);
    await ask(from, damage);
    const refused: Error = await migrate({ url }).then(
      () => new Error('it was taken'),
      (error) => error,
    );
    expect(refused.message.split('\n').slice(0, 2)).toEqual([`-- missing ${kind}: 1`, `${mends};`]);
    await ask(from, refused.message);
    await migrate({ url });
  });

  test('starts where the role that reads may not pass policies, with the advice of a statement', async () => {
    await ask(from, 'alter role order_gateway_reader nobypassrls');
    const advice: string[][] = [];
    const options = { databaseUrl: at(from, '/shop', owner), dataDir: home };
    const { close } = await openDatabase({ ...options, onAdvice: (statements) => advice.push(statements) });
    await close();
    expect(advice).toEqual([['alter role order_gateway_reader bypassrls']]);
    await ask(from, advice[0][0]);
  });
});
