import { Client } from 'pg';
import { Lease } from '../../src/store/connection/lease';
import { TimeLimit } from '../../src/store/connection/time-limit';
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
async function release(lease: Lease): Promise<void> {
  leases.splice(leases.indexOf(lease), 1);
  await lease.release();
}
// What a failed test has kept: the pool has one connection and is not closed while that is out.
afterEach(() => Promise.all(leases.splice(0).map((lease) => lease.release())));
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
  committed.begin(scope);
  await committed.query('insert into note values (1)');
  await committed.commit();
  await release(committed);
  const open = await take();
  open.begin(scope);
  await open.query('insert into note values (2)');
  await release(open);
  expect(await notes()).toEqual([1]);
  // A transaction of its own again: were the other still open, its end would be one of both.
  const next = await take();
  next.begin(scope);
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
  lease.begin(scope);
  const killer = new Client(database.url);
  await killer.connect();
  await killer.query('select pg_terminate_backend($1)', [pid]);
  await killer.end();
  await expect(lease.query('select 1')).rejects.toThrow();
  await release(lease);
  const next = await take();
  expect(await pidOf(next)).not.toBe(pid);
  await release(next);
});

test('a connection whose commit fails is not used again: nobody knows what became of it', async () => {
  const lease = await take();
  const pid = await pidOf(lease);
  lease.begin(scope);
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
  lease.begin(scope);
  await lease.query('select 1 / 0').catch(() => {});
  await expect(lease.commit()).rejects.toThrow('was rolled back');
  await release(lease);
});

test('nothing is asked of a connection that has been given back', async () => {
  const lease = await take();
  await release(lease);
  await expect(lease.query('select 1')).rejects.toThrow('has ended');
});

describe('a message', () => {
  /** The messages that a lease sends from now on. */
  function messagesOf(lease: Lease): { sent: number } {
    const count = { sent: 0 };
    const { client } = lease as unknown as { client: Client };
    const { query } = client;
    client.query = ((...given: Parameters<Client['query']>) => {
      count.sent++;
      return query.apply(client, given);
    }) as Client['query'];
    onRelease.push(() => {
      client.query = query;
    });
    return count;
  }
  const onRelease: (() => void)[] = [];
  afterEach(() => {
    for (const act of onRelease.splice(0)) act();
  });
  const noted = (text: string) => `insert into note select n from (${text}) as rows(n)`;

  beforeEach(() => database.owner('truncate note'));

  test('has the begin, the scope and all that is asked for at one moment; the commit takes along what was posted', async () => {
    const lease = await take();
    const messages = messagesOf(lease);
    lease.begin(scope);
    const [a, b] = await Promise.all([lease.query('select 1 as n'), lease.query('select current_user::text as role')]);
    expect([a, b]).toEqual([[{ n: 1 }], [{ role: 'order_gateway_app' }]]);
    await lease.post('insert into note values ($1)', [1]);
    await lease.post('insert into note values ($1)', [2]);
    expect(messages.sent).toBe(1);
    await lease.commit();
    expect(messages.sent).toBe(2);
    expect(lease.counter.statements).toBe(4);
    await release(lease);
    expect(await notes()).toEqual([1, 2]);
  });

  test('that is asked for takes along what was posted, in the order of asking', async () => {
    const lease = await take();
    const messages = messagesOf(lease);
    lease.begin(scope);
    const used: unknown[] = [];
    await lease.post('insert into note values (1) returning n', [], (rows) => used.push(...rows));
    expect(used).toEqual([]);
    expect(await lease.query('select n from note')).toEqual([{ n: 1 }]);
    expect(used).toEqual([{ n: 1 }]);
    expect(messages.sent).toBe(1);
    await lease.post('insert into note values (2)');
    await lease.flush();
    expect(messages.sent).toBe(2);
    await release(lease);
    expect(await notes()).toEqual([]);
  });

  test('is sent at once for a long statement', async () => {
    const lease = await take();
    lease.begin(scope);
    const used: unknown[] = [];
    const many = JSON.stringify(Array.from({ length: 20_000 }, (_, n) => n));
    await lease.post(
      `${noted('select n::integer from json_array_elements_text($1::json) as n')} returning n`,
      [many],
      (rows) => used.push(...rows),
    );
    expect(used).toHaveLength(20_000);
    await release(lease);
  });

  test('ends at a failure: what was posted behind it is not carried out, a commit neither', async () => {
    const lease = await take();
    const pid = await pidOf(lease);
    lease.begin(scope);
    await lease.post('insert into note values (1)');
    await lease.post('insert into note values (1 / $1::integer)', [0]);
    await lease.post('insert into note values (2)');
    await expect(lease.commit()).rejects.toMatchObject({ code: '22012' });
    expect(lease.mayHaveCommitted).toBe(false);
    await release(lease);
    expect(await notes()).toEqual([]);
    // The outcome is known, so the connection is used again.
    const next = await take();
    expect(await pidOf(next)).toBe(pid);
    await release(next);
  });

  test('behind a failed one says what failed first, and not that something had', async () => {
    const lease = await take();
    lease.begin(scope);
    const failure = { code: '22012' };
    await lease.post('insert into note values (1 / $1::integer)', [0]);
    await expect(lease.query('select 1')).rejects.toMatchObject(failure);
    await expect(lease.query('select 2')).rejects.toMatchObject(failure);
    await expect(lease.commit()).rejects.toThrow('was rolled back');
    await release(lease);
  });

  test('whose answer never came leaves the outcome of its commit unknown', async () => {
    const lease = await take();
    const pid = await pidOf(lease);
    lease.begin(scope);
    await lease.query('select 1');
    await lease.post('select pg_sleep(1)');
    const committed = lease.commit();
    const killed = new Promise((done) => setTimeout(done, 200)).then(() => {
      const { client } = lease as unknown as { client: { connection: { stream: { destroy(): void } } } };
      client.connection.stream.destroy();
    });
    await expect(committed).rejects.toThrow();
    await killed;
    expect(lease.mayHaveCommitted).toBe(true);
    await release(lease);
    const next = await take();
    expect(await pidOf(next)).not.toBe(pid);
    await release(next);
  });

  test('goes back to a savepoint: what was posted since is not sent, what failed since is forgotten', async () => {
    const lease = await take();
    lease.begin(scope);
    lease.savepoint('effect');
    await lease.post('insert into note values (1)');
    await lease.rollbackTo('effect');
    lease.savepoint('effect');
    expect(await lease.query('select n from note')).toEqual([]);
    await lease.post('insert into note values (2)');
    await expect(lease.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await lease.rollbackTo('effect');
    await lease.post('insert into note values (3)');
    await lease.commit();
    await release(lease);
    expect(await notes()).toEqual([3]);
  });

  test('of a request whose time is up is a rollback alone', async () => {
    const limit = new TimeLimit(60_000);
    const lease = await Lease.take(database.db.writing, { statements: 0, limit });
    leases.push(lease);
    const pid = await pidOf(lease);
    lease.begin(scope);
    await lease.query('insert into note values (1)');
    await lease.post('insert into note values (2)');
    limit.pass();
    await expect(lease.query('select 1')).rejects.toMatchObject({ code: '57014' });
    await expect(lease.commit()).rejects.toMatchObject({ code: '57014' });
    expect(lease.mayHaveCommitted).toBe(false);
    await release(lease);
    const next = await take();
    expect(await pidOf(next)).toBe(pid);
    expect(await next.query('select n from note')).toEqual([]);
    await release(next);
  });

  test('with a value that cannot be sent fails, and the connection takes the next one', async () => {
    const lease = await take();
    lease.begin(scope);
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    await expect(lease.query('select $1::json', [circle])).rejects.toThrow('circular');
    expect(await lease.query('select 2 as n')).toEqual([{ n: 2 }]);
    await release(lease);
  });

  test('with a statement twice, prepared for the first time and behind one that fails, prepares it once', async () => {
    const text = 'select $1::integer + 40 as n';
    const lease = await take();
    await lease.query(text, [1]);
    lease.begin(scope);
    const failed = [lease.query('select 1 / 0'), lease.query(text, [1]), lease.query(text, [2])];
    for (const each of await Promise.allSettled(failed)) expect(each).toMatchObject({ reason: { code: '22012' } });
    await lease.control('rollback');
    lease.begin(scope);
    expect(await Promise.all([lease.query(text, [1]), lease.query(text, [2])])).toEqual([[{ n: 41 }], [{ n: 42 }]]);
    const prepared = await lease.query('select 1 from pg_prepared_statements where statement = $1', [text]);
    expect(prepared).toHaveLength(1);
    await release(lease);
  });
});
