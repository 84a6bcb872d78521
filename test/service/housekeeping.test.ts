import { GatewayFailure } from '../../src/gateway/port';
import { createFulfillments } from '../../src/service/fulfillment';
import { keepHouse } from '../../src/service/housekeeping';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { Connection } from '../../src/store/connection/connection';
import { newId } from '../../src/store/id';
import { purgeOutcomes } from '../../src/store/idempotency';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let owner: TestGatewayServer['database']['owner'];

beforeAll(async () => {
  gateway = await testGateway();
  owner = gateway.database.owner;
  const { clientId } = await gateway.client();
  await owner(`create function outcomes(count integer, age interval) returns void language sql as $$
    insert into idempotency_outcome (entity_id, client_id, key, fingerprint, status, headers, body, created_date)
    select (select id from entity where name = 'Acme'), '${clientId}', age::text || n, 'f', 200, '{}', '{}', now() - age - n * interval '1 millisecond'
    from generate_series(1, count) n $$`);
}, 60_000);
afterAll(() => gateway.close());
afterEach(() => owner('delete from idempotency_outcome'));

const left = async () => (await owner<{ n: number }>('select count(*)::integer as n from idempotency_outcome'))[0].n;
const old = (count: number) => owner("select outcomes($1, interval '24 hours 1 second')", [count]);
const young = (count: number) => owner("select outcomes($1, interval '23 hours 59 minutes')", [count]);

test('what the loss of the database has left open is settled right after it is back, long before the next minute', async () => {
  await old(1);
  const stop = keepHouse(gateway.services);
  const work = await (await gateway.client()).work();
  const { orderLineItems } = await orderFor(work);
  // The round at the start has passed, and the next is a minute away.
  while ((await left()) > 0);
  const { payments } = await createFulfillments(work, {
    fulfillments: [
      {
        ...{ orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
        ...{ state: 'SentToBilling', quantity: '1' },
      },
    ],
    processingOptions: { runBilling: true, collectPayment: true },
  });
  const status = async () => (await owner<{ status: string }>('select status::text from payment'))[0].status;
  expect([payments.length, await status()]).toEqual([1, 'Processing']);
  await owner(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name like 'order-fulfillment-gateway%'`,
  );
  // Nobody asks for anything meanwhile; a test that takes a minute has failed.
  while ((await status()) !== 'Processed') await new Promise((resolve) => setTimeout(resolve, 20));
  await stop();
  gateway.failures.splice(0);
});

test('an entity whose gateway does not answer keeps no other waiting, and after five failures has to wait for the next round', async () => {
  const openFor = async (entity: string, count: number) => {
    const work = await (await gateway.client({ grants: [{ entity, orgs: ['North'] }] })).work();
    const { account } = await orderFor(work);
    const keys = Array.from({ length: count }, newId);
    await owner(
      `insert into payment_attempt (id, entity_id, org_id, account_id, amount, currency, status, created_by_id, created_date, updated_date)
       select key, $2, $3, $4, 12.34, 'USD', 'Open', key, now(), now() from unnest($1::uuid[]) as key`,
      [keys, account.entityId, account.orgId, account.id],
    );
    return keys;
  };
  const silent = await openFor('Silent', 12);
  const well = [...(await openFor('Well', 7)), ...(await openFor('Also well', 7))];
  const { gateway: payments } = gateway.services;
  const { void: giveUp } = payments;
  let asked = 0;
  payments.void = (attempt) => {
    if (!silent.includes(attempt.id)) return giveUp(attempt);
    asked++;
    // Those that are well do not wait for it.
    return new Promise((_, reject) => setTimeout(() => reject(new GatewayFailure('no answer')), 50));
  };
  const statuses = async (keys: string[]) =>
    (
      await owner<{ status: string }>('select distinct status::text from payment_attempt where id = any($1)', [keys])
    ).map(({ status }) => status);
  try {
    await sweepAttempts(gateway.services);
    expect([asked, await statuses(silent), await statuses(well)]).toEqual([5, ['Open'], ['Voided']]);
    await sweepAttempts(gateway.services);
    expect(asked).toBe(10);
    expect(gateway.failures.splice(0)).toHaveLength(10);
  } finally {
    payments.void = giveUp;
  }
  await sweepAttempts(gateway.services);
  expect(await statuses(silent)).toEqual(['Voided']);
});

describe('outcomes that are older than 24 hours', () => {
  test('are forgotten by housekeeping, and no younger ones', async () => {
    await old(20_001);
    await young(7);
    const stop = keepHouse(gateway.services);
    while ((await left()) > 7);
    await stop();
    expect(await left()).toBe(7);
    expect(gateway.failures).toEqual([]);
  });

  test('go in pieces, of one statement each, the oldest first', async () => {
    await old(25);
    await owner("select outcomes(5, interval '3 days')");
    const connection = new Connection(gateway.database.db.side);
    expect(await purgeOutcomes(connection, 10)).toBe(true);
    expect(await left()).toBe(20);
    expect(await owner("select from idempotency_outcome where created_date < now() - interval '2 days'")).toEqual([]);
    expect(await purgeOutcomes(connection, 10)).toBe(true);
    expect(await purgeOutcomes(connection, 11)).toBe(false);
    expect([await left(), connection.counter.statements]).toEqual([0, 3]);
  });

  test('stay where a request replaces them meanwhile', async () => {
    await old(30);
    await owner('begin');
    await owner(`update idempotency_outcome set created_date = now() where key like '%1'`);
    const purged = purgeOutcomes(gateway.database.db.aside(), 100);
    await gateway.database.blocked();
    await owner('commit');
    expect(await purged).toBe(false);
    expect(await left()).toBe(3);
  });

  test('are left alone once the process is about to stop', async () => {
    await old(10);
    await keepHouse(gateway.services)();
    // What had begun is ended; the purge, which comes last, had not.
    expect(await left()).toBe(10);
  });
});
