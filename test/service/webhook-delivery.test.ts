import { mostInFlight } from '../../src/domain/webhook-endpoint';
import type { Work } from '../../src/service/run/work';
import {
  claimDeliveries,
  fanOut,
  forgetDelivered,
  newEvents,
  type Outcome,
  recordOutcomes,
  redeliver,
} from '../../src/service/webhook-delivery';
import { testWebhookEndpoint, updateWebhookEndpoint } from '../../src/service/webhook-endpoint';
import type { Connection } from '../../src/store/connection/connection';
import { newId } from '../../src/store/id';
import { claimDue } from '../../src/store/webhook-queue';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { rowsRead } from '../support/plan';
import { endpoint, fulfillments, ofFulfillments } from '../support/webhooks';

/* What workers do in the database: cursors, lanes and claims, without a receiver. */

let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  work = await client.work();
}, 60_000);
afterEach(() => gateway.database.owner('delete from webhook_endpoint'));
afterAll(() => gateway.close());

const claim = (leaseMs = 10_000, busy = new Map<string, number>()) =>
  claimDeliveries(gateway.services, { most: 200, leaseMs, busy });
const outcome = (claimed: Awaited<ReturnType<typeof claim>>[number], more: Partial<Outcome> = {}): Outcome => ({
  ...claimed,
  ...{ status: 'Delivered', pauseMs: null, attempts: 1, responseStatus: 204, error: null, ...more },
});
const look = async () => {
  while (await fanOut(gateway.services, work.caller));
};
/** Resolves once all that was written is complete. Transactions of tests beside hold events up too. */
const complete = async () => {
  const [{ end }] = await gateway.database.owner<{ end: string }>('select event_position()::text as end');
  const passed = 'select event_horizon() > $1::bigint as passed';
  while (!(await gateway.database.owner<{ passed: boolean }>(passed, [end]))[0].passed) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const all = async () => {
  await complete();
  await look();
};
const count = async (where: string) =>
  (await gateway.database.owner<{ n: number }>(`select count(*)::integer as n from webhook_delivery where ${where}`))[0]
    .n;
const url = 'https://partner.example.com/';

/** Deliveries of made-up tests, as many and about as many subjects as one likes. */
const insertMany = (id: string, deliveries: number, subjects: number) =>
  gateway.database.owner(
    `with made as (select n, ('00000000-0000-4000-8000-' || lpad(to_hex(n % $3), 12, '0'))::uuid as subject from generate_series(1, $2) n)
     insert into webhook_delivery (entity_id, id, endpoint_id, position, subject_id, status, attempts, next_attempt_date, created_date)
     select e.entity_id, gen_random_uuid(), e.id, n + (select coalesce(max(position), 0) from webhook_delivery), subject, 'Pending', 0, case when n <= $3 then now() end, now()
     from made cross join webhook_endpoint e where e.id = $1`,
    [id, deliveries, subjects],
  );

describe('events', () => {
  test('become deliveries once, whoever looks, and only while something is new', async () => {
    await endpoint(client, url, ofFulfillments);
    await endpoint(client, url, { eventTypes: ['Order.'] });
    await fulfillments(client, 5);
    await complete();
    expect((await newEvents(gateway.services)).behind).toHaveLength(1);
    await Promise.all([all(), all(), all()]);
    await all();
    expect([await count('true'), await count('next_attempt_date is not null')]).toEqual([6, 6]);
    expect(await newEvents(gateway.services)).toEqual({ enabled: true, behind: [] });
  });

  test('wait for a transaction that is open and wrote before them', async () => {
    const { id } = await endpoint(client, url, ofFulfillments);
    const other = await gateway.database.pool.connect();
    try {
      await other.query('begin');
      await other.query('select pg_current_xact_id()');
      await fulfillments(client, 1);
      await look();
      expect(await count('true')).toBe(0);
      await other.query('commit');
      await all();
      expect(await count(`endpoint_id = '${id}'`)).toBe(1);
    } finally {
      other.release();
    }
  });
});

describe('a replay', () => {
  test('goes on behind a page that ends within the last transaction of before', async () => {
    const { id } = await endpoint(client, url, ofFulfillments);
    const [first] = await fulfillments(client, 600);
    await all();
    // As on a quiet server, where no transaction has begun since.
    await gateway.database.owner(
      'update webhook_endpoint set position = (select transaction_id from history_entry where subject_id = $1)',
      [first],
    );
    await redeliver(await client.work(), id, { after: { value: '0', id: 'f'.repeat(32) } });
    await all();
    const [last] = await fulfillments(client, 1);
    await all();
    expect(await count(`subject_id = '${last}'`)).toBe(1);
    expect(await gateway.database.owner('select resent_until from webhook_endpoint')).toEqual([{ resent_until: null }]);
  });
});

describe('what somebody asks for', () => {
  const silent = (id: string) => new Map([[id, mostInFlight - 1]]);
  const next = async (id: string) => (await claim(10_000, silent(id)))[0];
  const setAll = (id: string, to: string) =>
    gateway.database.owner(`update webhook_delivery set ${to} where endpoint_id = '${id}'`);
  const overdue = "next_attempt_date = now() - interval '1 hour'";

  test('comes before all that is due: an endpoint that does not answer is asked one thing at a time', async () => {
    const { id } = await endpoint(client, url);
    await insertMany(id, 100, 100);
    await setAll(id, overdue);
    await testWebhookEndpoint(await client.work(), id);
    expect((await next(id)).subjectId).not.toMatch(/^00000000/);
    const [{ id: old }] = await gateway.database.owner<{ id: string }>(
      'select id from webhook_delivery order by position desc offset 50 limit 1',
    );
    await redeliver(await client.work(), id, { deliveryIds: [old] });
    expect((await next(id)).id).toBe(old.replaceAll('-', ''));
  });

  test.each([
    ['enables an endpoint', true],
    ['names another URL', false],
  ])('who %s asks for all that waits for its retry, which begins anew', async (_, enables) => {
    const { id } = await endpoint(client, url);
    await insertMany(id, 30, 10);
    await setAll(id, "attempts = 11, error = 'status 503'");
    await gateway.database.owner(
      "update webhook_delivery set next_attempt_date = now() + interval '20 hours' where next_attempt_date is not null",
    );
    const [{ failed }] = await gateway.database.owner<{ failed: string }>(
      `update webhook_delivery set status = 'Failed', next_attempt_date = null where position = 5 returning id as failed`,
    );
    const change = async (input: object) => updateWebhookEndpoint(await client.work(), id, input, () => undefined);
    if (enables) await change({ enabled: false });
    await change(enables ? { enabled: true } : { url: 'https://other.example.com/' });
    if (enables) expect((await next(id)).id).toBe(failed.replaceAll('-', ''));
    const claimed = await claim();
    expect(claimed.map(({ attempts }) => attempts)).toEqual(Array(mostInFlight).fill(0));
  });
});

test('what was not tried again leaves the last reason of the endpoint', async () => {
  const { id } = await endpoint(client, url);
  await insertMany(id, 1, 1);
  const error = 'status 503';
  for (const more of [
    { error, responseStatus: 503 },
    { attempts: 0 as const, responseStatus: null },
  ]) {
    const [claimed] = await claim();
    await recordOutcomes(gateway.services, [outcome(claimed, { status: 'Pending', pauseMs: -1, ...more })]);
  }
  const shown = await gateway.database.owner('select attempts, response_status, error from webhook_delivery');
  expect(shown).toEqual([{ attempts: 1, response_status: 503, error }]);
});

describe('a claim', () => {
  test('takes the first of each lane, as many as an endpoint has room for, and no other process takes them too', async () => {
    const { id } = await endpoint(client, url);
    await insertMany(id, 100, 20);
    const [one, two] = await Promise.all([claim(), claim()]);
    const subjects = [...one, ...two].map(({ subjectId }) => subjectId);
    expect(new Set(subjects).size).toBe(subjects.length);
    for (const each of [one, two]) expect(each.length).toBeLessThanOrEqual(mostInFlight);
    expect(await claim(10_000, new Map([[id, mostInFlight]]))).toEqual([]);
    expect(await claim(10_000, new Map([[id, mostInFlight - 1]]))).toHaveLength(1);
  });

  test('ends after its time, and what its process says then does not count', async () => {
    const { id } = await endpoint(client, url);
    await insertMany(id, 2, 1);
    const [late] = await claim(50);
    expect(await claim()).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const [now] = await claim();
    expect([now.id, now.claim === late.claim]).toEqual([late.id, false]);
    await recordOutcomes(gateway.services, [outcome(late)]);
    expect(await count("status = 'Delivered'")).toBe(0);
    expect(await claim()).toEqual([]);
    await recordOutcomes(gateway.services, [outcome(now)]);
    expect(await count("status = 'Delivered'")).toBe(1);
    expect(await claim()).toHaveLength(1);
  });

  test('is fair: no endpoint with a long queue keeps another waiting', async () => {
    const long = await endpoint(client, url);
    await insertMany(long.id, 5_000, 5_000);
    const short = await endpoint(client, url);
    await insertMany(short.id, 1, 1);
    const claimed = await claim();
    expect(claimed.filter(({ endpointId }) => endpointId === short.id)).toHaveLength(1);
    expect(claimed).toHaveLength(mostInFlight + 1);
  });

  test.each([
    ['of as many objects', 50_000, 50_000],
    ['of one object', 50_000, 1],
    ['of many objects, of which each waits for its retry', 50_000, 1_000],
  ])(
    'among 50,000 pending deliveries %s reads no more than it takes',
    async (name, deliveries, subjects) => {
      const { id } = await endpoint(client, url);
      // The planner expects a queue of one row, as after an hour in which all was sent and forgotten.
      await insertMany(id, 10_000, 100);
      await gateway.database.owner('delete from webhook_delivery');
      await gateway.database.owner('analyze webhook_delivery');
      await insertMany(id, deliveries, subjects);
      const waits = name.includes('retry');
      if (waits) {
        await gateway.database.owner(
          "update webhook_delivery set next_attempt_date = now() + interval '1 hour' where next_attempt_date is not null",
        );
      }
      const most = waits ? 0 : Math.min(subjects, mostInFlight);
      const { delivering } = gateway.services.db;
      // Rows and not time: a busy machine takes seconds to write the commit down.
      let asked: [string, unknown[]] | undefined;
      const spy = {
        query: async (...statement: [string, unknown[]]) => {
          asked = statement;
          return [];
        },
      };
      await claimDue(spy as unknown as Connection, newId(), { most: 200, leaseMs: 1, busy: new Map() });
      const { rows } = await delivering.query(`explain (analyze, format json) ${asked![0]}`, asked![1]);
      expect(rowsRead(rows[0]['QUERY PLAN'][0].Plan)).toBeLessThan(100);
      await gateway.database.owner('update webhook_delivery set next_attempt_date = now() where claim is not null');
      const claimed = await claim();
      expect(claimed).toHaveLength(most);
      await recordOutcomes(
        gateway.services,
        claimed.map((each) => outcome(each)),
      );
      expect(await count("status = 'Delivered'")).toBe(most);
    },
    60_000,
  );
});

describe('a lane', () => {
  test('goes on though its last delivery ends while the next is put behind it, time and again', async () => {
    await endpoint(client, url, ofFulfillments);
    const [key] = await fulfillments(client, 1);
    let recorded = 0;
    let ended = false;
    const sending = (async () => {
      while (!ended || recorded < 41) {
        const claimed = await claim();
        await recordOutcomes(
          gateway.services,
          claimed.map((each) => outcome(each)),
        );
        recorded += claimed.length;
        if (ended && claimed.length === 0 && (await count("status = 'Pending'")) > 0) {
          expect(await count('next_attempt_date is not null')).toBeGreaterThan(0);
        }
      }
    })();
    for (let at = 0; at < 40; at++) {
      await client.graphql(
        `mutation { updateFulfillment(key: "${key}", input: { carrier: "C${at}" }) { userErrors { code } } }`,
      );
      await all();
    }
    await all();
    ended = true;
    await sending;
    expect([recorded, await count("status = 'Delivered'")]).toEqual([41, 41]);
  }, 60_000);
});

test('what was delivered a month ago is forgotten, and what is pending or failed is not', async () => {
  const { id } = await endpoint(client, url);
  await insertMany(id, 40, 40);
  const date = (days: number) => `now() - interval '${days} days'`;
  await gateway.database.owner(
    `update webhook_delivery set status = 'Delivered', delivered_date = ${date(31)} where position <= 10`,
  );
  await gateway.database.owner(
    `update webhook_delivery set status = 'Delivered', delivered_date = ${date(29)} where position between 11 and 20`,
  );
  await gateway.database.owner("update webhook_delivery set status = 'Failed' where position between 21 and 30");
  await gateway.database.owner(`update webhook_delivery set created_date = ${date(40)}`);
  await forgetDelivered(gateway.services, () => false);
  expect([await count('position <= 10'), await count('true')]).toEqual([0, 30]);
});

// The last: events of the epoch lie ahead of those of later tests.
test('events of a new epoch are found, though the cursor had gone further in the old one', async () => {
  await endpoint(client, url, ofFulfillments);
  await fulfillments(client, 2);
  await all();
  // As if the server that the database was restored from had counted far more transactions.
  await gateway.database.owner('update webhook_endpoint set position = 1000000000000');
  await gateway.database.owner(
    'insert into event_epoch select 2, max(transaction_id), database, now() from history_entry, event_epoch where epoch = 1 group by database',
  );
  try {
    await all();
    await fulfillments(client, 3);
    await all();
    expect(await count('true')).toBe(5);
    expect(await gateway.database.owner('select epoch from webhook_endpoint')).toEqual([{ epoch: 2 }]);
  } finally {
    await gateway.database.owner('delete from webhook_endpoint');
    await gateway.database.owner('delete from event_epoch where epoch = 2');
  }
});
