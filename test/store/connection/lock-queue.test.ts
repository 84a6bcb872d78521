import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AccountRow, lockAccountsForBilling } from '../../../src/store/account';
import { billingSettings } from '../../../src/store/billing-settings';
import { Connection, Scoped } from '../../../src/store/connection/connection';
import { faultOf } from '../../../src/store/connection/failure';
import { Lease } from '../../../src/store/connection/lease';
import { LockQueues } from '../../../src/store/connection/lock-queue';
import { SharedPool } from '../../../src/store/connection/pool';
import { openPool } from '../../../src/store/connection/session';
import { lockOrderLineItems, OrderLineItemRow } from '../../../src/store/order-line-item';
import { insertChosenRows, insertRows, lockRows } from '../../../src/store/query/write';
import { type Chain, insertChain } from '../../support/chain';
import { type TestDatabase, testDatabase } from '../../support/database';
import { accountRow, lineRow, tenant } from '../../support/rows';

let database: TestDatabase;
let chain: Chain;
let lines: OrderLineItemRow[];
let queues: LockQueues;
let shared: SharedPool;
const leases = new Set<Lease>();
const most = 3;

beforeAll(async () => {
  database = await testDatabase();
  chain = await insertChain(database.raw, await tenant(database.raw, 'Acme'));
  lines = Array.from({ length: 4 }, () => lineRow(chain.order));
  await insertRows(new Scoped(database.raw, scope()), OrderLineItemRow, lines);
}, 60_000);
beforeEach(() => {
  queues = new LockQueues(most);
  shared = new SharedPool(openPool({ url: database.url }, 20), queues);
});
afterEach(async () => {
  await Promise.all([...leases].map((lease) => end(lease)));
  expect([queues.size, shared.turns.inUse]).toEqual([0, 0]);
  await shared.pool.end();
});
afterAll(() => database.close());

const scope = () => ({ entityId: chain.account.entityId, orgIds: [chain.account.orgId] });

/** A transaction of a client of its own. */
async function begun(): Promise<{ lease: Lease; scoped: Scoped }> {
  const lease = await Lease.take(shared, { statements: 0, clientId: `client ${leases.size}` });
  leases.add(lease);
  lease.begin(scope());
  return { lease, scoped: new Scoped(lease, scope()) };
}
async function end(lease: Lease): Promise<void> {
  leases.delete(lease);
  await lease.release();
}
type Locks = Record<string, (scoped: Scoped) => Promise<unknown>>;
const locks: Locks = {
  'rows by their ids': (scoped) => lockRows(scoped, OrderLineItemRow, [lines[0].id]),
  'line items with what they return': (scoped) => lockOrderLineItems(scoped, [lines[0].id]),
  'the billing of an account': (scoped) => lockAccountsForBilling(scoped, [chain.account.id]),
  'a number that is chosen': (scoped) => {
    const account = accountRow(scope(), { accountNumber: 'WANTED' });
    const numbering = { kind: 'account' as const, column: 'accountNumber', dryRun: null };
    return insertChosenRows(scoped, AccountRow, [account], numbering);
  },
  'the settings that are changed': (scoped) => billingSettings(scoped, 'update'),
};

test.each(Object.entries(locks))(
  'of %s so many may wait behind the holder, and the rest is refused at once',
  async (_what, lock) => {
    const holder = await begun();
    await lock(holder.scoped);
    const others = await Promise.all(Array.from({ length: 6 }, begun));
    const asked = others.map(({ scoped }) => lock(scoped));
    const refused = await Promise.allSettled(asked.slice(most - 1));
    expect(refused.map((each) => each.status === 'rejected' && faultOf(each.reason))).toEqual(
      Array(4).fill('contention'),
    );
    await database.blocked(most - 1);
    await end(holder.lease);
    // One after another gets it.
    await Promise.all(
      asked.slice(0, most - 1).map(async (granted, at) => {
        await granted;
        await end(others[at].lease);
      }),
    );
    // A transaction that was refused is none that has failed: it may go on.
    expect(await others[5].lease.query('select 1 as n')).toEqual([{ n: 1 }]);
    await lock(others[5].scoped);
  },
);

test('a batch that runs into one full queue is refused as a whole, and leaves no mark on the others', async () => {
  const holder = await begun();
  await lockRows(holder.scoped, OrderLineItemRow, [lines[0].id]);
  const waiting = await Promise.all([begun(), begun()]);
  const asked = waiting.map(({ scoped }) => lockRows(scoped, OrderLineItemRow, [lines[0].id]));
  const batch = await begun();
  const ids = lines.map(({ id }) => id);
  await expect(lockRows(batch.scoped, OrderLineItemRow, ids)).rejects.toMatchObject({ code: '55P03' });
  expect(queues.size).toBe(1);
  await end(holder.lease);
  await Promise.all(
    asked.map(async (granted, at) => {
      await granted;
      await end(waiting[at].lease);
    }),
  );
  expect(await lockRows(batch.scoped, OrderLineItemRow, ids)).toHaveLength(4);
});

test('a transaction that locks the same row again counts once', async () => {
  const [one, two, three] = await Promise.all([begun(), begun(), begun()]);
  for (let time = 0; time < 5; time++) {
    await lockRows(one.scoped, OrderLineItemRow, [lines[0].id, lines[0].id]);
  }
  const asked = [two, three].map(({ scoped }) => lockRows(scoped, OrderLineItemRow, [lines[0].id]));
  await database.blocked(2);
  await end(one.lease);
  const first = await Promise.race(asked.map((each, at) => each.then(() => at)));
  await end([two, three][first].lease);
  await Promise.all(asked);
});

test('the settings are shared by any number, and by few while somebody changes them', async () => {
  const sharing = await Promise.all(Array.from({ length: 8 }, begun));
  await Promise.all(sharing.map(({ scoped }) => billingSettings(scoped, 'share')));
  expect(queues.size).toBe(0);
  for (const { lease } of sharing) await end(lease);
  const changing = await begun();
  await billingSettings(changing.scoped, 'update');
  const others = await Promise.all(Array.from({ length: 5 }, begun));
  const asked = others.map(({ scoped }) => billingSettings(scoped, 'share'));
  const settled = Promise.allSettled(asked);
  await database.blocked(most - 1);
  await end(changing.lease);
  const codes = (await settled).map((each) => (each.status === 'rejected' ? faultOf(each.reason) : 'done')).sort();
  expect(codes).toEqual(['contention', 'contention', 'contention', 'done', 'done']);
});

test('what is no transaction of a request is not counted', async () => {
  const client = await shared.pool.connect();
  const connection = new Connection(client);
  await connection.control('begin');
  for (let time = 0; time < 5; time++) await connection.lock(['some row'], 'select 1');
  expect(queues.size).toBe(0);
  await connection.control('rollback');
  client.release();
});

test('every statement that waits for a lock is sent by `lock`', () => {
  const folder = path.resolve('src/store');
  const statement = /\bfor (no key )?(update|share)\b(?! skip locked)|\bfor \$\{lock\}|pg_advisory(_xact)?_lock\b/g;
  // A migrator has one connection for its lock, and the embedded server is no database of ours.
  const exempt = ['connection/database.ts', 'embedded/embedded.ts'];
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !exempt.includes(file) && !file.startsWith('migrations'),
  );
  const found = files.flatMap((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    return [...text.matchAll(statement)].map(({ index }) => {
      const around = text.slice(text.lastIndexOf('\nexport ', index), text.indexOf('\n}\n', index));
      return [file, /\.lock(<\w+>)?\(/.test(around)];
    });
  });
  expect(found.length).toBeGreaterThanOrEqual(10);
  expect(found.filter(([, sent]) => !sent)).toEqual([]);
});
