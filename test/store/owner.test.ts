import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { Breakers } from '../../src/gateway/breaker';
import { createAccount } from '../../src/service/account';
import { createClient } from '../../src/service/client';
import { Database, migrate } from '../../src/store/connection/database';
import { Lease } from '../../src/store/connection/lease';
import { readerRole } from '../../src/store/connection/roles';
import { type RunningPostgres, startEmbedded } from '../../src/store/embedded/embedded';
import { workFor } from '../support/gateway';

/*
 * A server of its own, whose roles nobody has made yet, and owners of databases who are no superusers.
 */
jest.setTimeout(120_000);

let home: string;
let server: RunningPostgres;
let admin: Client;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'owner-'));
  server = await startEmbedded({ dir: path.join(home, 'postgres'), database: 'postgres' });
  admin = new Client(server.url);
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** The URL of a database that such a user owns. */
async function ownedBy(user: string, rights: string): Promise<string> {
  await admin.query(`create role ${user} login ${rights} password 'secret'`);
  await admin.query(`create database of_${user} owner ${user}`);
  return Object.assign(new URL(server.url), { username: user, password: 'secret', pathname: `/of_${user}` }).href;
}

async function works(url: string): Promise<void> {
  const db = await Database.open({ url });
  try {
    expect(await db.state()).toBe('ready');
    const services = { db, gateway: undefined as never, breakers: new Breakers(), onFailure: () => {} };
    const made = async (entity: string) => {
      const grants = [{ entity, orgs: ['North'] }];
      const work = await workFor(
        services,
        (await createClient(db.aside(), { name: entity, scopes: ['order'], grants })).clientId,
      );
      const { account } = await createAccount(work, { name: entity, currency: 'USD' });
      return { account, scope: work.caller };
    };
    const [acme, globex] = [await made('Acme'), await made('Globex')];
    expect(await db.reads().query('select name from account order by name')).toEqual([
      { name: 'Acme' },
      { name: 'Globex' },
    ]);
    await expect(db.reads().query('delete from account')).rejects.toMatchObject({ code: '42501' });
    const lease = await Lease.take(db.writing);
    try {
      lease.begin(acme.scope);
      expect(await lease.query('select name from account')).toEqual([{ name: 'Acme' }]);
      const taken = lease.query('update account set entity_id = $1, org_id = $2', [
        globex.account.entityId,
        globex.account.orgId,
      ]);
      await expect(taken).rejects.toMatchObject({ code: '42501' });
    } finally {
      await lease.release();
    }
  } finally {
    await db.close();
  }
}

test('one who may create roles makes what the gateway works under, and the walls stand', async () => {
  const url = await ownedBy('maker', 'createrole');
  expect(await migrate({ url })).toBeGreaterThan(10);
  await works(url);
  // It may not give this away; the policies let the role that reads see what it sees.
  const { rows } = await admin.query('select rolbypassrls from pg_roles where rolname = $1', [readerRole]);
  expect(rows).toEqual([{ rolbypassrls: false }]);
});

test('one who may not is told what an administrator does once, after which all works', async () => {
  const url = await ownedBy('plain', '');
  let asked = 0;
  for (;;) {
    const error = await migrate({ url }).then(
      () => undefined,
      ({ message }: Error) => message,
    );
    if (error === undefined) break;
    // The roles are there already, from the test before: what is left is to lend them.
    const [, told] = /An administrator runs once: create role \w+ nologin; (grant \w+ to plain);/.exec(error) ?? [];
    expect([error, told]).toEqual([error, expect.any(String)]);
    await admin.query(told);
    asked++;
  }
  expect(asked).toBe(3);
  await works(url);
});
