import { standardLimits } from '../../src/domain/limits';
import { Rates } from '../../src/http/rates';
import { createClient } from '../../src/service/client';
import { ClientDays, forgetDays } from '../../src/service/client-day';
import type { Services } from '../../src/service/run/services';
import { Connection } from '../../src/store/connection/connection';
import { systemRole } from '../../src/store/connection/roles';
import { openPool } from '../../src/store/connection/session';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

/* What clients use, as processes count it and add it up. */

let database: TestDatabase;
const failures: string[] = [];
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterEach(() => expect(failures.splice(0)).toEqual([]));
afterAll(() => database.close());

const services = () => ({ db: database.db, onFailure: (_: unknown, what: string) => failures.push(what) });
const grants = [{ entity: 'Acme', orgs: ['North'] }];
const make = async () => {
  const { clientId } = await createClient(database.db.aside(), { name: 'Partner', scopes: ['read'], grants });
  return clientId.replaceAll('-', '');
};
const rowsOf = (clientId: string) =>
  database.owner<{ day: string; code: string; count: string; cost: string }>(
    'select day::text, code, count, cost from client_day where client_id = $1 order by day, code',
    [clientId],
  );

/** Two processes. Each has one connection for its counts. */
function twoProcesses() {
  const pools = [1, 2].map(() => openPool({ url: database.url }, 1, {}, {}, systemRole));
  const processes = pools.map((pool) => {
    const db = { counts: () => new Connection(pool) } as Services['db'];
    return new ClientDays({ ...services(), db });
  });
  return { pools, processes };
}

test('two processes write the rows of clients and documents in one order, whatever order they have counted in', async () => {
  const { owner } = database;
  const clients = [await make(), await make()];
  await owner(
    `insert into registered_document (id, client_id, document_id, text, hash, operation_name, operation_type, cost, registered_date)
     select gen_random_uuid(), $1, n::text, '', '', null, 'query', 1, now() from generate_series(1, 2) n`,
    [clients[0]],
  );
  const documents = (await owner<{ id: string }>('select id from registered_document')).map(({ id }) => id);
  // Where PostgreSQL knows that there are few, it joins them to the counts, which stay in the order in which they are told.
  await owner('analyze client, registered_document');
  // Each row takes a while, so that the statements of both processes meet.
  await owner(
    `create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return new; end $$`,
  );
  for (const table of ['client_day', 'client_document_use']) {
    await owner(`create trigger slowly before insert on ${table} for each row execute function slowly()`);
  }
  const { pools, processes } = twoProcesses();
  const count = (what: 'request' | 'document', ids: string[]) => {
    for (const id of ids) processes[0][what](id);
    for (const id of ids.toReversed()) processes[1][what](id);
    return Promise.all(processes.map((days) => days.flush()));
  };
  await count('request', clients);
  await count('document', documents);
  for (const pool of pools) await pool.end();
  for (const client of clients) expect(await rowsOf(client)).toMatchObject([{ count: '2' }]);
  const runs = await owner('select count from client_document_use');
  expect(runs).toEqual([{ count: '2' }, { count: '2' }]);
  await owner('truncate client_document_use');
  await owner('drop function slowly cascade');
});

test('two processes that count the same clients at once add up', async () => {
  const clients = await Promise.all(Array.from({ length: 100 }, make));
  const { pools, processes } = twoProcesses();
  for (let round = 0; round < 10; round++) {
    for (const [at, days] of processes.entries()) {
      for (const client of at ? [...clients].reverse() : clients) {
        days.request(client);
        days.cost(client, 100);
        days.cost(client, -25.4);
        days.errors(client, at ? ['B', 'A'] : ['A', 'B']);
      }
    }
    await Promise.all(processes.map((days) => days.flush()));
  }
  for (const pool of pools) await pool.end();
  for (const client of clients) {
    const rows = (await rowsOf(client)).map(({ code, count, cost }) => [code, count, cost]);
    expect(rows).toEqual([
      ['', '20', '1500'],
      ['A', '20', '0'],
      ['B', '20', '0'],
    ]);
  }
});

test('what is counted before midnight belongs to the day before, whenever it is added', async () => {
  const client = await make();
  let now = Date.parse('2026-03-31T23:59:59.999Z');
  const days = new ClientDays(services(), () => now);
  days.request(client);
  now += 1;
  days.request(client);
  // A clock that is set back counts for the day that it shows.
  now -= 2;
  days.request(client);
  await days.flush();
  expect((await rowsOf(client)).map(({ day, count }) => [day, count])).toEqual([
    ['2026-03-31', '2'],
    ['2026-04-01', '1'],
  ]);
});

test('cost that is given back after midnight is taken from the day on which it was paid', async () => {
  const client = await make();
  let now = Date.parse('2026-03-31T23:59:59.999Z');
  const days = new ClientDays(services(), () => now);
  const giveBack = new Rates(standardLimits, undefined, undefined, days).spend(client, 1_000);
  now += 1;
  giveBack(400);
  await days.flush();
  expect(await rowsOf(client)).toEqual([{ day: '2026-03-31', code: '', count: '0', cost: '600' }]);
});

test('counts that could not be added are kept for the next time, and the failure is told once', async () => {
  const client = await make();
  const days = new ClientDays(services());
  await database.owner('alter table client_day rename to gone');
  days.errors(client, ['TIMEOUT']);
  await days.flush();
  days.errors(client, ['TIMEOUT']);
  await days.flush();
  await database.owner('alter table gone rename to client_day');
  await days.flush();
  expect(await rowsOf(client)).toMatchObject([{ code: 'TIMEOUT', count: '2' }]);
  expect(failures.splice(0)).toEqual(['counting what clients use: this is tried again every 5 seconds']);
  // And nothing is added twice.
  await days.close();
  expect(await rowsOf(client)).toMatchObject([{ code: 'TIMEOUT', count: '2' }]);
});

test('counters are bounded while nothing can be added, and clients that are gone do not hold up the others', async () => {
  const client = await make();
  const days = new ClientDays(services());
  days.request(client);
  for (let at = 0; at < 30_000; at++) days.request(newId());
  for (let at = 0; at < 10; at++) days.document(newId());
  days.request(client);
  await days.flush();
  expect(await rowsOf(client)).toMatchObject([{ code: '', count: '2' }]);
  const [{ count }] = await database.owner<{ count: string }>('select count(*) from client_document_use');
  expect(count).toBe('0');
});

test('a process that ends adds its last counts, and waits a second for it at most', async () => {
  const client = await make();
  const days = new ClientDays(services());
  days.request(client);
  await days.close();
  expect(await rowsOf(client)).toMatchObject([{ count: '1' }]);

  const late = new ClientDays(services());
  late.request(client);
  await database.owner('begin');
  await database.owner('lock table client_day');
  const began = performance.now();
  await late.close();
  expect(performance.now() - began).toBeLessThan(1_900);
  await database.owner('rollback');
});

test('days older than a month and secrets that have ended are deleted, a piece at a time', async () => {
  const client = await make();
  await database.owner(
    `insert into client_day select $1, (now() at time zone 'UTC')::date - d, 'C' || n, 1, 0
     from generate_series(29, 30) d, generate_series(1, 12000) n`,
    [client],
  );
  await database.owner(
    `insert into client_secret (id, client_id, hash, created_date, ends_date)
     select gen_random_uuid(), $1, 'x', now(), now() + n * interval '1 hour' from (values (-1), (1)) as t(n)`,
    [client],
  );
  await forgetDays(services() as unknown as Services, () => false);
  const days = await database.owner<{ count: string }>(
    'select count(*) from client_day where client_id = $1 group by day',
    [client],
  );
  expect(days).toEqual([{ count: '12000' }]);
  const secrets = await database.owner('select from client_secret where client_id = $1', [client]);
  expect(secrets).toHaveLength(2);
});
