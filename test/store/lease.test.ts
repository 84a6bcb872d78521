import { Client } from 'pg';
import { Lease } from '../../src/store/connection/connection';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

let database: TestDatabase;
const leases: Lease[] = [];
const scope = { entityId: newId(), orgIds: [newId()] };
beforeAll(async () => {
  database = await testDatabase({ poolSize: 1 });
  await database.owner('create table note (n integer)');
  await database.owner('grant select, insert on note to order_gateway_app');
}, 60_000);
afterAll(() => database.close());

async function take(): Promise<Lease> {
  const lease = await Lease.take(database.db.writing);
  leases.push(lease);
  return lease;
}
async function release(lease: Lease, open = false): Promise<void> {
  leases.splice(leases.indexOf(lease), 1);
  await lease.release(open);
}
// What a failed test has kept: the pool has one connection and is not closed while that is out.
afterEach(() => Promise.all(leases.splice(0).map((lease) => lease.release(true))));
const pidOf = async (lease: Lease) => (await lease.query<{ pid: number }>('select pg_backend_pid() as pid'))[0].pid;
const notes = async () => (await database.owner<{ n: number }>('select n from note order by n')).map((row) => row.n);

test('a leased connection goes back to the pool and is used again', async () => {
  const first = await take();
  const pid = await pidOf(first);
  await release(first);
  const second = await take();
  expect(await pidOf(second)).toBe(pid);
  await release(second);
});

test('what is committed stays, and what is still open when the connection is given back is rolled back', async () => {
  const committed = await take();
  await committed.begin(scope);
  await committed.query('insert into note values (1)');
  await committed.commit();
  await release(committed);
  const open = await take();
  await open.begin(scope);
  await open.query('insert into note values (2)');
  await release(open, true);
  expect(await notes()).toEqual([1]);
  // A transaction of its own again: were the other still open, its end would be one of both.
  const next = await take();
  await next.begin(scope);
  await next.query('insert into note values (3)');
  await next.commit();
  await release(next);
  expect(await notes()).toEqual([1, 3]);
});

test('statements that are asked for side by side run one after the other, a failed one among them', async () => {
  const lease = await take();
  const asked = [
    lease.begin(scope),
    lease.query('select 1 as n'),
    lease.control('savepoint effect'),
    lease.query('select 1 / 0').catch((error) => error.code),
    lease.control('rollback to savepoint effect'),
    lease.query('select 2 as n'),
    lease.control('rollback'),
  ];
  expect(await Promise.all(asked)).toEqual([
    undefined,
    [{ n: 1 }],
    undefined,
    '22012',
    undefined,
    [{ n: 2 }],
    undefined,
  ]);
  expect(lease.counter.statements).toBe(3);
  await release(lease);
});

test('a connection that breaks between two statements ends nothing else, and is not used again', async () => {
  const lease = await take();
  const pid = await pidOf(lease);
  await lease.begin(scope);
  const killer = new Client(database.url);
  await killer.connect();
  await killer.query('select pg_terminate_backend($1)', [pid]);
  await killer.end();
  await expect(lease.query('select 1')).rejects.toThrow();
  await release(lease, true);
  const next = await take();
  expect(await pidOf(next)).not.toBe(pid);
  await release(next);
});

test('a connection whose commit fails is not used again: nobody knows what became of it', async () => {
  const lease = await take();
  const pid = await pidOf(lease);
  await lease.begin(scope);
  await database.owner('create table parent (id integer primary key)');
  await database.owner('create table child (id integer references parent deferrable initially deferred)');
  await database.owner('grant select, insert on parent, child to order_gateway_app');
  await lease.query('insert into child values (1)');
  await expect(lease.commit()).rejects.toMatchObject({ code: '23503' });
  await release(lease);
  const next = await take();
  expect(await pidOf(next)).not.toBe(pid);
  await release(next);
});

test('a transaction in which a statement has failed is not told as committed', async () => {
  const lease = await take();
  await lease.begin(scope);
  await lease.query('select 1 / 0').catch(() => {});
  await expect(lease.commit()).rejects.toThrow('was rolled back');
  await release(lease);
});

test('nothing is asked of a connection that has been given back', async () => {
  const lease = await take();
  await release(lease);
  await expect(lease.query('select 1')).rejects.toThrow('has ended');
});
