import { setTimeout as delay } from 'node:timers/promises';
import { standardLimits } from '../../src/domain/limits';
import { Rates } from '../../src/http/rates';
import { ClientUse } from '../../src/service/client-use';
import { exchangeUse, purgeUse } from '../../src/store/client-use';
import { Database } from '../../src/store/connection/database';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { proxyTo, type TestProxy } from '../support/proxy';

/* The limits of a minute over several processes of one database. A process is a gateway, or what counts in one. */

let database: TestDatabase;
let proxy: TestProxy;
let behind: Database;
let port: number;
const open: ClientUse[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  database = await testDatabase();
  port = Number(new URL(database.url).port);
  proxy = await proxyTo(port);
  behind = await Database.open({ url: proxy.url(database.url) });
}, 60_000);
afterAll(async () => {
  await behind.close();
  await proxy.close();
  await database.close();
});
afterEach(async () => {
  for (const use of open.splice(0)) await use.close();
  await database.owner('truncate gateway_process, client_rate, client_subscription');
  failures.length = 0;
});

const soon = () => delay(10);
async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await soon();
  }
}

/** The counting part of one process. `exchanged` asks for an exchange that begins from now on, and resolves behind it. */
function processWith(limits: object, { db = database.db, now }: { db?: Database; now?: () => number } = {}) {
  const use = new ClientUse({ db, onFailure: (error) => failures.push(error) });
  const rates = new Rates({ ...standardLimits, ...limits }, now, use);
  open.push(use);
  const seen = { begun: 0, ended: 0 };
  use.rates = {
    tell: (most) => {
      seen.begun++;
      return rates.tell(most);
    },
    learn: (...found) => {
      rates.learn(...found);
      seen.ended = seen.begun;
    },
    forgotten: () => rates.forgotten(),
  };
  const isRefused = (act: () => void): boolean => {
    try {
      act();
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED' });
      return true;
    }
  };
  return {
    ...{ use, rates },
    /** Of so many requests, how many are admitted. */
    requests: (clientId: string, count: number) =>
      Array.from({ length: count }, () => isRefused(() => rates.count(clientId))).filter((refused) => !refused).length,
    spend: (clientId: string, cost: number) => !isRefused(() => rates.spend(clientId, cost)),
    exchanged: async () => {
      const { begun } = seen;
      use.soon();
      await until(() => seen.ended > begun);
    },
  };
}
const told = (clientId: string) =>
  database.owner<{ requests: number; cost: number }>(
    'select requests::integer, cost::integer from client_rate where client_id = $1 order by requests',
    [clientId],
  );

describe('two gateways', () => {
  let first: TestGatewayServer;
  let second: TestGatewayServer;
  let client: TestClient;
  const limits = { requests: 1_000 };

  beforeAll(async () => {
    first = await testGateway({ database, server: { limits } });
    second = await testGateway({ database, server: { limits } });
  });
  afterAll(async () => {
    await first.server.app.close();
    await second.server.app.close();
  });
  beforeEach(async () => {
    client = await first.client();
  });
  const ask = (gateway: TestGatewayServer) =>
    gateway.server.app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${client.token}` },
      payload: { query: '{ __typename }' },
    });

  test('admit the limit together, and not much more', async () => {
    const admitted = { 200: 0, 429: 0 };
    // Some 400 requests a second each, until both refuse.
    const use = async (gateway: TestGatewayServer) => {
      for (let refused = 0; refused < 20; await delay(2)) {
        const { statusCode } = await ask(gateway);
        admitted[statusCode as 200 | 429]++;
        if (statusCode === 429) refused++;
      }
    };
    await Promise.all([use(first), use(second)]);
    expect(admitted[200]).toBeGreaterThanOrEqual(1_000);
    expect(admitted[200]).toBeLessThanOrEqual(1_250);
  });

  test('say what is left of both, and refuse as one does', async () => {
    // Past the limit by more than a process that knows of no other keeps to itself: however the exchanges fall, one is due beyond it.
    const requests = 1_110;
    const burst = await Promise.all(Array.from({ length: requests }, () => ask(first)));
    // Alone it admits the whole minute's allowance at once, and exactly that.
    expect(burst.filter(({ statusCode }) => statusCode === 200).length).toBe(1_000);
    await until(async () => (await told(client.clientId)).some((row) => row.requests >= 1_000));
    let answer = await ask(second);
    let admitted = 0;
    while (answer.statusCode === 200) {
      admitted++;
      // Slowly: the exchange may take a second on a busy machine.
      await delay(10);
      answer = await ask(second);
    }
    // A tenth of the limit for two, and what came while it asked.
    expect(admitted).toBeGreaterThanOrEqual(49);
    expect(admitted).toBeLessThanOrEqual(200);
    const { 'retry-after': after, 'ratelimit-limit': limit, 'ratelimit-remaining': left } = answer.headers;
    expect([Number(after) > 50, limit, left]).toEqual([true, '1000', '0']);
    expect(answer.json().errors[0].extensions).toMatchObject({
      ...{ code: 'RATE_LIMITED', limit: 'requests', allowed: 1_000, retryable: true },
    });
    // What the first was asked for since it told is not known here.
    const { requested } = answer.json().errors[0].extensions;
    expect(requested).toBeGreaterThan(1_000);
    expect(requested).toBeLessThanOrEqual(requests + admitted + 1);
  });

  test('send no statement for a request more than one alone, and none for a client with few requests', async () => {
    for (let request = 0; request < 40; request++) await ask(first);
    await delay(1_200);
    expect(await told(client.clientId)).toEqual([]);
    expect(first.failures).toEqual([]);
  });
});

describe('what a process has counted', () => {
  test('counts for the others in the same minute, which ends for all at once', async () => {
    const clock = { a: 0, b: 0 };
    const a = processWith({ requests: 100 }, { now: () => clock.a });
    const b = processWith({ requests: 100 }, { now: () => clock.b });
    const clientId = newId();
    expect(a.requests(clientId, 60)).toBe(60);
    await a.exchanged();
    clock.a = 20_000;
    // First, since what the other counts may be told at once.
    await database.owner("update client_rate set ends_date = ends_date - interval '20 s'");
    // Its minute would end in 60 s, that of the other ends in 40: as the database counts, some milliseconds have passed.
    expect(b.requests(clientId, 30)).toBe(30);
    await b.exchanged();
    expect(b.rates.headersFor(clientId)).toMatchObject({ 'ratelimit-remaining': 10, 'ratelimit-reset': 40 });
    expect(b.requests(clientId, 20)).toBe(10);
    clock.b = 40_001;
    expect(b.rates.headersFor(clientId)).toMatchObject({ 'ratelimit-remaining': 100, 'ratelimit-reset': 60 });
  });

  test('ends with its minute though the process is dead, and until then a new process goes on with it', async () => {
    const clientId = newId();
    const dead = processWith({ requests: 100 });
    dead.requests(clientId, 100);
    await dead.exchanged();
    open.splice(open.indexOf(dead.use), 1);
    const next = processWith({ requests: 100 });
    next.requests(clientId, 20);
    await next.exchanged();
    expect(next.requests(clientId, 1)).toBe(0);
    await database.owner('update client_rate set ends_date = now() where process_id = $1', [dead.use.processId]);
    await next.exchanged();
    expect(next.requests(clientId, 100)).toBe(80 - 1);
    await dead.use.close();
  });

  test('is measured by each process against its own limit', async () => {
    const clientId = newId();
    const small = processWith({ requests: 50 });
    const large = processWith({ requests: 100 });
    large.requests(clientId, 45);
    await large.exchanged();
    small.requests(clientId, 10);
    await small.exchanged();
    expect(small.requests(clientId, 5)).toBe(0);
    await small.exchanged();
    await large.exchanged();
    large.requests(clientId, 11);
    await large.exchanged();
    // The other's refused requests count, as they do in one process.
    expect(large.requests(clientId, 100)).toBe(100 - 45 - 11 - 15);
  });

  test('is the cost that stays, when a reply has cost less', async () => {
    const clientId = newId();
    const a = processWith({ costPerMinute: 1_000 });
    const b = processWith({ costPerMinute: 1_000 });
    const giveBack = a.rates.spend(clientId, 900);
    await a.exchanged();
    b.spend(clientId, 101);
    await b.exchanged();
    expect(b.spend(clientId, 1)).toBe(false);
    giveBack(800);
    await a.exchanged();
    // It was refused for what another has, so it looks again.
    await b.exchanged();
    expect([b.spend(clientId, 799), b.spend(clientId, 1)]).toEqual([true, false]);
  });
});

describe('an outage of the database', () => {
  test('refuses nobody, and lets nobody have more than the limit of one process', async () => {
    const clientId = newId();
    const process = processWith({ requests: 100 }, { db: behind });
    process.requests(clientId, 20);
    await process.exchanged();
    proxy.lead(1);
    proxy.cut();
    expect(process.requests(clientId, 200)).toBe(80);
    await until(() => failures.length > 0);
    await delay(300);
    expect(failures).toHaveLength(1);
    proxy.lead(port);
    await until(async () => (await told(clientId))[0].requests === 220);
  });

  test('in the middle of an exchange counts nothing twice', async () => {
    const clientId = newId();
    const a = processWith({ requests: 1_000 }, { db: behind });
    const b = processWith({ requests: 1_000 });
    a.requests(clientId, 300);
    await a.exchanged();
    // The statement has its effect, and its answer does not arrive.
    await database.owner(`create function late() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.3); return new; end $$`);
    await database.owner('create trigger late before update on client_rate for each row execute function late()');
    a.requests(clientId, 200);
    const connections = proxy.connections;
    await delay(200);
    proxy.cut();
    await until(async () => (await told(clientId))[0].requests === 500);
    await database.owner('drop function late cascade');
    await until(() => proxy.connections > connections);
    await a.exchanged();
    b.requests(clientId, 101);
    await b.exchanged();
    expect(failures).toHaveLength(1);
    expect(b.requests(clientId, 1_000)).toBe(1_000 - 500 - 101);
  });

  test('that ends its rows has them told again', async () => {
    const clientId = newId();
    const a = processWith({ requests: 100 });
    a.requests(clientId, 60);
    await a.exchanged();
    // Unlogged tables are empty after a crash.
    await database.owner('truncate gateway_process, client_rate');
    await a.exchanged();
    await until(async () => (await told(clientId))[0]?.requests === 60);
  });
});

describe('the rows', () => {
  test('of an older exchange do not overwrite those of a later one', async () => {
    const [processId, clientId] = [newId(), newId()];
    const exchange = (turn: number, count: number) =>
      exchangeUse(database.db.counts(), {
        ...{ processId, turn, subscriptions: [{ clientId, count }] },
        rates: [{ clientId, requests: count, cost: 0, leftMs: 60_000, joins: true }],
      });
    expect(await exchange(2, 7)).toMatchObject({ isNew: true, others: 0 });
    await expect(exchange(1, 5)).rejects.toThrow('came too late');
    expect(await told(clientId)).toEqual([{ requests: 7, cost: 0 }]);
    expect(await database.owner('select count from client_subscription')).toEqual([{ count: 7 }]);
  });

  test('that a clock has left far in the future do not count, and go', async () => {
    const clientId = newId();
    const a = processWith({ requests: 100 });
    const b = processWith({ requests: 100 });
    a.requests(clientId, 100);
    await a.exchanged();
    await database.owner("update client_rate set ends_date = ends_date + interval '1 hour'");
    await database.owner("update gateway_process set seen_date = seen_date + interval '1 hour'");
    b.requests(clientId, 50);
    await b.exchanged();
    expect(b.requests(clientId, 100)).toBe(50);
    await purgeUse(database.db.counts());
    expect(await told(clientId)).toEqual([{ requests: 50, cost: 0 }]);
  });

  test('of two hundred thousand clients are bounded, and go when their minutes have ended', async () => {
    const process = processWith({ requests: 1 }, { now: () => 0 });
    const ids = Array.from({ length: 200_000 }, newId);
    for (const id of ids) process.rates.count(id);
    await process.exchanged();
    await process.exchanged();
    const [{ count }] = await database.owner<{ count: number }>('select count(*)::integer from client_rate');
    expect(count).toBeGreaterThanOrEqual(1_000);
    expect(count).toBeLessThanOrEqual(10_000);
    await process.use.close();
    await database.owner(
      `insert into client_rate select gen_random_uuid(), $1, 1, 1, now() from generate_series(1, 25000)`,
      [newId()],
    );
    while (await purgeUse(database.db.counts()));
    const live = await database.owner<{ count: number }>('select count(*)::integer from client_rate');
    expect(live[0].count).toBeLessThanOrEqual(10_000);
  });

  test('of a process that has not been seen for a minute go with it', async () => {
    const clientId = newId();
    const subscriptions = [{ clientId, count: 3 }];
    const ids = [newId(), newId()];
    for (const processId of ids)
      await exchangeUse(database.db.counts(), { processId, turn: 1, rates: [], subscriptions });
    await database.owner("update gateway_process set seen_date = now() - interval '61 s' where id = $1", [ids[0]]);
    await purgeUse(database.db.counts());
    const left = await database.owner('select process_id from client_subscription');
    expect(left).toEqual([{ process_id: ids[1] }]);
  });
});
