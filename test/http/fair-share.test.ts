import { createServer } from '../../src/server';
import {
  type Answer,
  metricsOf,
  orderFor,
  type TestClient,
  type TestGatewayServer,
  testGateway,
} from '../support/gateway';

/*
 * Nobody starves anybody: what one client keeps waiting, or keeps the database busy with, leaves others their connections. Another
 * session holds what requests need, so that they wait for as long as the test wants. DATABASE_POOL is 10: one client has 5.
 */
let gateway: TestGatewayServer;
let greedy: TestClient;
let other: TestClient;
const waiting = 20;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 10, server: { limits: { waiting } } });
  greedy = await gateway.client();
  other = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['South'] }] });
}, 60_000);
afterEach(async () => {
  await gateway.database.owner('rollback');
  await gateway.server.settled();
  const { pools } = gateway.database.db;
  expect(pools.map(([, , turns]) => [turns?.inUse ?? 0, turns?.waiting ?? 0])).toEqual(pools.map(() => [0, 0]));
});
afterAll(() => gateway.close());

const hold = async (lock: string) => {
  await gateway.database.owner('begin');
  await gateway.database.owner(lock);
};
const codeOf = ({ status, body }: Answer): string =>
  body.errors?.[0].extensions.code ??
  Object.values<{ userErrors: { code: string }[] }>(body.data)[0]?.userErrors?.[0]?.code ??
  String(status);
const tally = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
};
const times = (count: number, act: (at: number) => Promise<Answer>) =>
  Array.from({ length: count }, (_, at) => act(at));

/** How many sessions wait for a lock, once so many do. More that would come are given the time to. */
async function blocked(count: number): Promise<number> {
  await gateway.database.blocked(count);
  await new Promise((done) => setTimeout(done, 300));
  await gateway.database.owner('select pg_stat_clear_snapshot()');
  const rows = await gateway.database.owner(
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  return rows.length;
}

const accounts = '{ accounts(first: 1) { nodes { id } } }';
const lines = '{ orderLineItems(first: 1) { nodes { id } } }';
const lineOf = async (client: TestClient) => (await orderFor(await client.work())).orderLineItems[0].id;
const create = (client: TestClient, line: string, headers?: Record<string, string>) =>
  client.graphql(
    `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) { fulfillments { id } userErrors { code } } }`,
    { line },
    headers,
  );
const postRest = (client: TestClient, line: string) =>
  client.request({
    method: 'POST',
    url: '/v1/fulfillments',
    payload: { fulfillments: [{ orderLineItemId: line, fulfillmentDate: '2022-01-01', quantity: 1 }] },
  });

describe('reads that take long', () => {
  test('have half of the connections where they are of one client, and all others read and write as ever', async () => {
    const line = await lineOf(other);
    await hold('lock table order_line_item in access exclusive mode');
    const slow = times(20, () => greedy.graphql(lines));
    expect(await blocked(5)).toBe(5);
    for (let time = 0; time < 10; time++) expect(codeOf(await other.graphql(accounts))).toBe('200');
    // The same client too may write, which takes connections of another pool.
    const made = `mutation { createAccount(input: { name: "Beside", currency: "USD" }) { userErrors { code } } }`;
    expect(codeOf(await greedy.graphql(made))).toBe('200');
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(slow))).toEqual({ '200': 20 });
    expect(codeOf(await create(other, line))).toBe('200');
  });

  test('of many clients leave one for a client that has none', async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => gateway.client()));
    await hold('lock table order_line_item in access exclusive mode');
    const slow = clients.flatMap((client) => times(10, () => client.graphql(lines)));
    // 5, 3 and 1: what a client may hold is what is left beside it.
    expect(await blocked(9)).toBe(9);
    expect(codeOf(await other.graphql(accounts))).toBe('200');
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(slow))).toEqual({ '200': 30 });
  });

  test('of a client with too many others waiting are refused at once, the whole request, with 429', async () => {
    await hold('lock table order_line_item in access exclusive mode');
    const slow = times(5 + waiting, () => greedy.graphql(lines));
    expect(await blocked(5)).toBe(5);
    const two = '{ __typename accounts(first: 1) { nodes { id } } orders(first: 1) { nodes { id } } }';
    for (const query of [lines, two]) {
      const { status, headers, body } = await greedy.graphql(query);
      expect([status, headers['retry-after'], body]).toEqual([
        429,
        '1',
        {
          errors: [
            {
              message: `${waiting} requests of the client wait for the database already; ${waiting} are allowed. Try again in 1 s.`,
              extensions: {
                ...{ code: 'RATE_LIMITED', limit: 'waiting', allowed: waiting, requested: waiting + 1 },
                retryable: true,
              },
            },
          ],
        },
      ]);
    }
    const rest = await greedy.request({ method: 'GET', url: '/v1/fulfillments/F-00000001' });
    expect([rest.status, rest.headers['retry-after'], rest.body.reasons[0].code]).toEqual([429, '1', 50000070]);
    expect(codeOf(await other.graphql(accounts))).toBe('200');
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(slow))).toEqual({ '200': 5 + waiting });
    expect(codeOf(await greedy.graphql(lines))).toBe('200');
  });

  test('end with their own time, and those that waited behind them with theirs', async () => {
    const { services } = gateway;
    const signingKey = 'a key of thirty-two characters or more';
    const { app } = await createServer({ services, signingKey, limits: { time: 500 } });
    try {
      await hold('lock table order_line_item in access exclusive mode');
      const headers = { authorization: `Bearer ${greedy.token}` };
      const replies = await Promise.all(
        Array.from({ length: 12 }, () =>
          app.inject({ method: 'POST', url: '/graphql', headers, payload: { query: lines } }),
        ),
      );
      expect(new Set(replies.map((reply) => reply.json().errors[0].extensions.code))).toEqual(new Set(['TIMEOUT']));
      await gateway.database.owner('rollback');
      while (gateway.database.db.reading.turns.inUse) await new Promise(setImmediate);
      expect(gateway.database.db.reading.turns.waiting).toBe(0);
      expect(codeOf(await greedy.graphql(lines))).toBe('200');
    } finally {
      await app.close();
    }
  });
});

describe('writes behind one locked row', () => {
  test('of one client keep half of the connections, and all are carried out when it is free: none is sent in vain', async () => {
    const [line, theirs] = [await lineOf(greedy), await lineOf(other)];
    await hold(`select from order_line_item where id = '${line}' for update`);
    const stuck = times(15, (at) =>
      at % 3 ? create(greedy, line) : create(greedy, line, { 'idempotency-key': `stuck ${at}` }),
    );
    expect(await blocked(5)).toBe(5);
    expect(tally(await Promise.all(times(10, () => create(other, theirs))))).toEqual({ '200': 10 });
    expect(codeOf(await greedy.graphql(lines))).toBe('200');
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(stuck))).toEqual({ '200': 15 });
    const made = await gateway.database.owner('select from fulfillment where order_line_item_id = $1', [line]);
    expect(made).toHaveLength(15);
  });

  test('of a second client are refused at once beyond the bound, with LOCKED_RETRY, and its other writes go on', async () => {
    const second = await gateway.client();
    const [line, free] = [await lineOf(greedy), await lineOf(second)];
    await hold(`select from order_line_item where id = '${line}' for update`);
    const stuck = times(10, () => create(greedy, line));
    expect(await blocked(5)).toBe(5);
    expect(tally(await Promise.all(times(10, () => create(second, line))))).toEqual({ LOCKED_RETRY: 10 });
    expect((await postRest(second, line)).body.reasons[0].code).toBe(58000050);
    expect(tally(await Promise.all(times(10, () => create(second, free))))).toEqual({ '200': 10 });
    expect(await blocked(5)).toBe(5);
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(stuck))).toEqual({ '200': 10 });
    expect(codeOf(await create(second, line))).toBe('200');
  });

  test('that were refused for it under a key are not kept', async () => {
    const second = await gateway.client();
    const line = await lineOf(greedy);
    await hold(`select from order_line_item where id = '${line}' for update`);
    const stuck = times(5, () => create(greedy, line));
    expect(await blocked(5)).toBe(5);
    const keyed = () => create(second, line, { 'idempotency-key': 'again' });
    expect(codeOf(await keyed())).toBe('LOCKED_RETRY');
    await gateway.database.owner('rollback');
    await Promise.all(stuck);
    expect([codeOf(await keyed()), (await keyed()).headers['idempotency-replayed']]).toEqual(['200', 'true']);
  });

  test('of a client with too many waiting are refused at once with 429, and nothing of them is carried out', async () => {
    const line = await lineOf(greedy);
    await hold(`select from order_line_item where id = '${line}' for update`);
    const stuck = times(5 + waiting, () => create(greedy, line));
    expect(await blocked(5)).toBe(5);
    const refused = [
      await create(greedy, line),
      await create(greedy, line, { 'idempotency-key': 'refused' }),
      await greedy.graphql(`mutation { createAccount(input: { name: "Refused", currency: "USD" }) { userErrors { code } }
        again: createAccount(input: { name: "Refused", currency: "USD" }) { userErrors { code } } }`),
    ];
    expect(refused.map(({ status, headers }) => [status, headers['retry-after']])).toEqual(Array(3).fill([429, '1']));
    expect((await postRest(greedy, line)).status).toBe(429);
    expect(tally(refused)).toEqual({ RATE_LIMITED: 3 });
    // Reads have connections of their own, and so has everybody else.
    expect(codeOf(await greedy.graphql(lines))).toBe('200');
    await gateway.database.owner('rollback');
    expect(tally(await Promise.all(stuck))).toEqual({ '200': 5 + waiting });
    expect(await gateway.database.owner("select from account where name = 'Refused'")).toEqual([]);
    const made = await gateway.database.owner('select from fulfillment where order_line_item_id = $1', [line]);
    expect(made).toHaveLength(5 + waiting);
  });

  test('ten at once on one line, as an ERP sends them, are all carried out', async () => {
    const line = await lineOf(greedy);
    for (let round = 0; round < 5; round++) {
      expect(tally(await Promise.all(times(10, () => create(greedy, line))))).toEqual({ '200': 10 });
    }
  });
});

test('the process is ready while clients keep all connections of requests busy', async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => gateway.client()));
  await hold('lock table order_line_item in access exclusive mode');
  const slow = clients.flatMap((client) => times(4, () => client.graphql(lines)));
  expect(await blocked(10)).toBe(10);
  expect((await other.request({ method: 'GET', url: '/readyz' })).status).toBe(200);
  const body = await metricsOf(gateway.server);
  expect(body).toContain('gateway_database_connections{pool="reading",state="in_use"} 10');
  expect(body).toContain('gateway_database_connections{pool="reading",state="waiting"} 14');
  expect(body).toContain('gateway_database_connections{pool="writing",state="waiting"} 0');
  await gateway.database.owner('rollback');
  expect(tally(await Promise.all(slow))).toEqual({ '200': 24 });
});

test('what only reads is ended by its own limit on statements, before what writes', async () => {
  const short = await testGateway({ readStatementTimeoutMs: 200 });
  try {
    const client = await short.client();
    const line = await lineOf(client);
    await short.database.owner('begin');
    await short.database.owner('lock table order_line_item in access exclusive mode');
    const written = create(client, line);
    expect(codeOf(await client.graphql(lines))).toBe('TIMEOUT');
    const held = create(client, line, { 'idempotency-key': 'patient' });
    expect(codeOf(await client.graphql(lines))).toBe('TIMEOUT');
    await short.database.owner('rollback');
    expect([codeOf(await written), codeOf(await held)]).toEqual(['200', '200']);
  } finally {
    await short.close();
  }
});

test('looks at whether the server is ready take one connection, however many ask, and nobody has signed in', async () => {
  await hold('lock table migrations in access exclusive mode');
  const looks = times(20, () => greedy.request({ method: 'GET', url: '/readyz', headers: { authorization: '' } }));
  expect(await blocked(1)).toBe(1);
  await gateway.database.owner('rollback');
  expect(new Set((await Promise.all(looks)).map(({ status }) => status))).toEqual(new Set([200]));
  // The next look is a new one.
  expect((await greedy.request({ method: 'GET', url: '/readyz' })).status).toBe(200);
});
