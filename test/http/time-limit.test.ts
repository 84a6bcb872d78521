import { Client } from 'pg';
import { createServer } from '../../src/server';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Statements that are really slow: another session holds what they need. */
let gateway: TestGatewayServer;
let client: TestClient;
let holder: Client;
const allowed = 1_000;

beforeAll(async () => {
  gateway = await testGateway({ gatewayTimeoutMs: 1_500, server: { limits: { time: allowed } } });
  client = await gateway.client();
  holder = new Client(gateway.database.direct);
  await holder.connect();
}, 60_000);
afterEach(async () => {
  await holder.query('rollback');
  await gateway.server.settled();
});
afterAll(async () => {
  await holder.end();
  await gateway.close();
});

const hold = async (lock: string) => {
  await holder.query('begin');
  await holder.query(lock);
};
const aLine = async () => (await orderFor(await client.work())).orderLineItems[0].id;
const fulfillments = (line: string) =>
  gateway.database.owner('select 1 from fulfillment where order_line_item_id = $1', [line]);
const create = `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [
  { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) { fulfillments { state NEXT } userErrors { code } } }`;
const plainly = create.replace('NEXT', '');
const lines = '{ orderLineItems { totalCount nodes { id } } }';

/** Resolves once no session of a gateway runs a statement or is in a transaction. */
async function idle({ database }: TestGatewayServer): Promise<void> {
  const busy = `select from pg_stat_activity where datname = current_database() and state <> 'idle'
    and application_name like 'order-fulfillment-gateway%'`;
  // Within a transaction the owner would see the sessions as they were when it first looked.
  do await database.owner('select pg_stat_clear_snapshot()');
  while ((await database.owner(busy)).length);
}

function expectTimeout(answer: Answer): void {
  expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
    503,
    '2',
    {
      errors: [
        {
          message: `The request took longer than ${allowed} ms and was ended. Nothing was changed.`,
          extensions: { code: 'TIMEOUT', limit: 'time', allowed, retryable: true },
        },
      ],
    },
  ]);
}

describe('when the time of a request is up', () => {
  test('a read is answered so at once, its statements are canceled, and the connections go on', async () => {
    await hold('lock table order_line_item');
    const began = Date.now();
    expectTimeout(await client.graphql(lines));
    // Before the lock could be given up by itself.
    expect(Date.now() - began).toBeLessThan(9_000);
    await idle(gateway);
    await holder.query('rollback');
    for (let time = 0; time < 12; time++) expect((await client.graphql(lines)).body.errors).toBeUndefined();
  });

  test('REST says so in its envelope', async () => {
    await hold('lock table fulfillment');
    const { status, headers, body } = await client.request({ method: 'GET', url: '/v1/fulfillments/F-00000001' });
    expect([status, headers['retry-after'], body.reasons]).toEqual([
      503,
      '2',
      [
        {
          code: 50000061,
          message: `The request took longer than ${allowed} ms and was ended. Nothing was changed.`,
        },
      ],
    ]);
    await idle(gateway);
  });

  test('a mutation is rolled back while what it waited for is still held, and can be sent again', async () => {
    const line = await aLine();
    await hold(`select from order_line_item where id = '${line}' for update`);
    expectTimeout(await client.graphql(plainly, { line }));
    await idle(gateway);
    await holder.query('rollback');
    expect(await fulfillments(line)).toEqual([]);
    expect((await client.graphql(plainly, { line })).body.data.createFulfillments.userErrors).toEqual([]);
    expect(await fulfillments(line)).toHaveLength(1);
  });

  test('the outcome of one with a key is not kept, and the key is free', async () => {
    const line = await aLine();
    const send = () => client.graphql(plainly, { line }, { 'idempotency-key': 'slow' });
    await hold(`select from order_line_item where id = '${line}' for update`);
    expectTimeout(await send());
    await idle(gateway);
    await holder.query('rollback');
    expect(await fulfillments(line)).toEqual([]);
    const answers = [await send(), await send()];
    expect(answers.map(({ status, headers }) => [status, headers['idempotency-replayed']])).toEqual([
      [200, undefined],
      [200, 'true'],
    ]);
    expect(await fulfillments(line)).toHaveLength(1);
  });

  test.each(['', 'under a key'])('a commit that is under way %s is let be, and its outcome is unknown', async (key) => {
    const line = await aLine();
    const { owner } = gateway.database;
    await owner(`create or replace function dawdle() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(4711); return null; end'`);
    await owner(`create constraint trigger dawdling after insert on fulfillment
      deferrable initially deferred for each row execute function dawdle()`);
    try {
      await hold('select pg_advisory_xact_lock(4711)');
      const { status, body } = await client.graphql(plainly, { line }, key ? { 'idempotency-key': key } : {});
      expect([status, body.errors[0].extensions]).toEqual([500, { code: 'OUTCOME_UNKNOWN' }]);
      expect(await fulfillments(line)).toEqual([]);
      await holder.query('rollback');
      await gateway.server.settled();
      expect(await fulfillments(line)).toHaveLength(1);
    } finally {
      await owner('drop trigger dawdling on fulfillment');
    }
    if (key) {
      const again = await client.graphql(plainly, { line }, { 'idempotency-key': key });
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
  });

  test('a mutation that was carried out says so, and what could not be read of it is missing', async () => {
    const line = await aLine();
    await hold('lock table invoice_item');
    const { status, body } = await client.graphql(create.replace('NEXT', 'invoiceItems { id }'), { line });
    expect([status, body.data.createFulfillments]).toEqual([200, { fulfillments: [null], userErrors: [] }]);
    expect(body.errors[0].message).toMatch(
      /^The mutation was carried out, but this part of its result could not be read/,
    );
    expect(body.errors[0].extensions).toEqual({ code: 'TIMEOUT' });
    expect(await fulfillments(line)).toHaveLength(1);
  });

  test('of several mutations those carried out are told, and the others have not been', async () => {
    const { account, orderLineItems } = await orderFor(await client.work());
    const [{ id: line }] = orderLineItems;
    await hold(`select from order_line_item where id = '${line}' for update`);
    const { status, body } = await client.graphql(
      `mutation ($line: ID!, $account: ID!) {
        updateAccount(key: $account, input: { name: "Told" }) { account { name } } ${plainly.slice(plainly.indexOf('{') + 1)}`,
      { line, account: account.id },
    );
    expect([status, body.data]).toEqual([
      200,
      { updateAccount: { account: { name: 'Told' } }, createFulfillments: null },
    ]);
    const [{ path, extensions }] = body.errors;
    expect([body.errors.length, path, extensions]).toEqual([
      1,
      ['createFulfillments'],
      { code: 'TIMEOUT', retryable: true },
    ]);
    await idle(gateway);
    expect(await fulfillments(line)).toEqual([]);
  });

  test('nothing of another request is canceled', async () => {
    const [one, other] = [await aLine(), await aLine()];
    // On the same connections, with more time.
    const { app } = await createServer({
      services: gateway.services,
      signingKey: 'a key of thirty-two characters or more',
    });
    try {
      await hold(`select from order_line_item where id in ('${one}', '${other}') for update`);
      const headers = { authorization: `Bearer ${client.token}` };
      const payload = { query: plainly, variables: { line: other } };
      const second = app.inject({ method: 'POST', url: '/graphql', headers, payload }).then((reply) => reply.json());
      expectTimeout(await client.graphql(plainly, { line: one }));
      await gateway.server.settled();
      await holder.query('rollback');
      expect((await second).data?.createFulfillments.userErrors).toEqual([]);
    } finally {
      await app.close();
    }
    expect([(await fulfillments(one)).length, (await fulfillments(other)).length]).toEqual([0, 1]);
  });

  test('what was authorized for it is given up', async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{}], { paymentMethodToken: 'tok_timeout' });
    const [{ id: line }] = orderLineItems;
    const { status, body } = await client.request({
      method: 'POST',
      url: '/v1/fulfillments',
      payload: {
        fulfillments: [
          {
            ...{ orderLineItemId: line, fulfillmentDate: '2022-01-01', quantity: 1 },
            ...{ state: 'SentToBilling', billTargetDate: '2022-01-01' },
          },
        ],
        processingOptions: { runBilling: true, collectPayment: true },
      },
    });
    expect([status, body.reasons[0].code]).toEqual([503, 58000061]);
    await gateway.server.settled();
    expect(await fulfillments(line)).toEqual([]);
    expect(await gateway.database.owner('select status from payment_attempt')).toEqual([{ status: 'Voided' }]);
    expect(await gateway.database.owner('select from payment')).toEqual([]);
  });

  test('while it waits for a connection, it takes none', async () => {
    const small = await testGateway({ poolSize: 1, server: { limits: { time: allowed } } });
    try {
      const one = await small.client();
      await small.database.owner('begin');
      await small.database.owner('lock table order_line_item');
      const answers = await Promise.all([one.graphql(lines), one.graphql(lines), one.graphql(plainly, { line: '0' })]);
      answers.forEach(expectTimeout);
      await small.database.owner('rollback');
      await idle(small);
      expect((await one.graphql(lines)).body.data.orderLineItems.nodes).toEqual([]);
    } finally {
      await small.close();
    }
  });
});

describe('when the client has gone', () => {
  let patient: TestGatewayServer;
  let origin: string;
  beforeAll(async () => {
    patient = await testGateway();
    origin = await patient.server.app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => patient.close());

  /** Asks, and goes as soon as the request waits for a lock. */
  async function askAndGo(query: string, variables: object, lock: string): Promise<void> {
    const { token } = await patient.client();
    const gone = new AbortController();
    await patient.database.owner('begin');
    await patient.database.owner(lock);
    const asked = fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: gone.signal,
    });
    await patient.database.blocked();
    gone.abort();
    await expect(asked).rejects.toThrow('aborted');
  }

  test('a read ends', async () => {
    await askAndGo(lines, {}, 'lock table order_line_item');
    await idle(patient);
    await patient.database.owner('rollback');
  });

  test('a mutation is carried out', async () => {
    const writer = await patient.client();
    const { orderLineItems } = await orderFor(await writer.work());
    const [{ id: line }] = orderLineItems;
    await askAndGo(plainly, { line }, `select from order_line_item where id = '${line}' for update`);
    await patient.database.owner('rollback');
    await patient.server.settled();
    expect(await patient.database.owner('select 1 from fulfillment')).toHaveLength(1);
  });
});
