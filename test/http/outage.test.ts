import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Databases of their own, which are then broken or taken away. */
let gateway: TestGatewayServer;
let client: TestClient;

beforeEach(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterEach(() => gateway.close());

const codeOf = ({ body }: Answer) => body.errors?.[0].extensions.code;

describe('a fault that nobody has foreseen', () => {
  test('goes out as a code and a request id, without its text and without a stack', async () => {
    await gateway.database.owner('alter table fulfillment rename to away');
    const answer = await client.graphql('{ fulfillments { nodes { id } } viewer { __typename } }');
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({ fulfillments: null, viewer: { __typename: 'Viewer' } });
    const [error] = answer.body.errors;
    const requestId = answer.headers['zuora-request-id'];
    expect(error.message).toBe(`An unexpected failure. The request id is ${requestId}.`);
    expect(error.extensions).toEqual({ code: 'INTERNAL', retryable: true });
    expect(answer.text).not.toMatch(/relation|select|stack|node_modules|42P01/);

    const rest = await client.request({ method: 'GET', url: '/v1/fulfillments/F-1' });
    expect(rest.status).toBe(500);
    expect(rest.body.reasons).toEqual([
      { code: 50000060, message: expect.stringContaining(String(rest.headers['zuora-request-id'])) },
    ]);
    expect(rest.text).not.toMatch(/relation|select|stack|42P01/);
  });

  test('behind a mutation does not hide that the mutation was carried out', async () => {
    const { orderLineItems } = await orderFor(await client.work());
    await gateway.database.owner('alter table orders rename to away');
    const answer = await client.graphql(
      `mutation ($id: ID!) { createFulfillments(input: {fulfillments: [
        {orderLineItemId: $id, fulfillmentDate: "2022-01-01", quantity: 1}]}) {
          fulfillments { fulfillmentNumber orderLineItem { order { orderNumber } } } userErrors { code } } }`,
      { id: orderLineItems[0].id },
    );
    expect(codeOf(answer)).toBe('INTERNAL');
    expect(await gateway.database.owner('select fulfillment_number from fulfillment')).toEqual([
      { fulfillment_number: 'F-00000001' },
    ]);
  });
});

describe('a database that is away', () => {
  test('is UNAVAILABLE at every door, and everything goes on once it is back', async () => {
    const { orderLineItems } = await orderFor(await client.work());
    const read = () => client.graphql('{ orderLineItems { nodes { id } } }');
    const write = (key?: string) =>
      client.request({
        method: 'POST',
        url: '/v1/fulfillments',
        headers: key ? { 'idempotency-key': key } : {},
        payload: {
          fulfillments: [{ orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', quantity: 1 }],
        },
      });
    expect((await read()).status).toBe(200);

    // Nobody listens on port 1: the connections there were are cut, and new ones are refused.
    const pools = gateway.database.db.pools.map(([, { options }]) => ({ options, was: { ...options } }));
    const away = { connectionString: 'postgres://app@127.0.0.1:1/none', host: '127.0.0.1', port: 1 };
    try {
      for (const { options } of pools) Object.assign(options, away);
      await gateway.database.owner(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like 'order-fulfillment-gateway%'`,
      );
      for (const answer of [await read(), await write(), await write('key')]) {
        expect(answer.status).toBe(503);
        expect(answer.headers['retry-after']).toBe('2');
        expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|stack/);
      }
      expect(codeOf(await read())).toBe('UNAVAILABLE');
      expect((await write()).body.reasons[0].code).toBe(58000061);
      const ready = await client.request({ method: 'GET', url: '/readyz' });
      expect([ready.status, ready.body.reason]).toEqual([503, 'database unreachable']);
      expect((await client.request({ method: 'GET', url: '/livez' })).status).toBe(200);
    } finally {
      for (const { options, was } of pools) Object.assign(options, was);
    }

    expect((await read()).body.data.orderLineItems.nodes).toHaveLength(1);
    expect((await write('key')).body.success).toBe(true);
    expect((await client.request({ method: 'GET', url: '/readyz' })).status).toBe(200);
  });

  test('that breaks off under a mutation leaves nothing of it behind', async () => {
    const { orderLineItems } = await orderFor(await client.work());
    const [{ id }] = orderLineItems;
    const { owner } = gateway.database;
    await owner('begin');
    await owner('select 1 from order_line_item where id = $1 for update', [id]);
    const running = client.graphql(
      `mutation ($id: ID!) { createFulfillments(input: {fulfillments: [
        {orderLineItemId: $id, fulfillmentDate: "2022-01-01", quantity: 1}]}) { userErrors { code } } }`,
      { id },
    );
    await gateway.database.blocked();
    await owner(
      "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    await owner('rollback');
    const answer = await running;
    expect(codeOf(answer)).toBe('UNAVAILABLE');
    expect(answer.body.errors[0].extensions.retryable).toBe(true);
    expect(await owner('select 1 from fulfillment')).toEqual([]);
  });
});

describe('what takes too long', () => {
  /** From here on every connection of a request is opened with another limit. */
  async function limited(setting: 'lock_timeout' | 'statement_timeout'): Promise<void> {
    const { reading, writing, paying } = gateway.database.db;
    for (const { pool } of [reading, writing, paying]) {
      const { options } = pool as unknown as { options: { options: string } };
      options.options = options.options.replace(new RegExp(`(-c ${setting})=\\d+`), '$1=100');
      expect(options.options).toContain(`${setting}=100`);
    }
    await gateway.database.owner(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name ~ '^order-fulfillment-gateway (reading|writing|paying)$'`,
    );
    // Until the pools have noticed.
    while ([reading, writing, paying].some(({ pool }) => pool.totalCount > 0)) await new Promise(setImmediate);
  }

  async function asked(id: string) {
    const payload = { fulfillments: [{ orderLineItemId: id, fulfillmentDate: '2022-01-01', quantity: 1 }] };
    const query = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
      fulfillments { id } userErrors { code retryable } } }`;
    const rest = (method: 'GET' | 'POST') =>
      client.request({
        method,
        url: `/v1/fulfillments${method === 'GET' ? '/F-1' : ''}`,
        payload: method === 'POST' ? payload : undefined,
      });
    const change = (key?: string) => client.graphql(query, { input: payload }, key ? { 'idempotency-key': key } : {});
    return {
      read: await client.graphql('{ fulfillments { totalCount } }'),
      change: await change(),
      keyed: await change('key'),
      restRead: await rest('GET'),
      restChange: await rest('POST'),
    };
  }

  test('because others hold what it needs can be sent again: LOCKED_RETRY, category 50, or TIMEOUT for what only reads', async () => {
    const [{ id }] = (await orderFor(await client.work())).orderLineItems;
    await limited('lock_timeout');
    await gateway.database.owner('begin');
    await gateway.database.owner('lock table order_line_item, fulfillment in access exclusive mode');
    const held = await asked(id);
    await gateway.database.owner('rollback');

    expect([held.read.status, codeOf(held.read), held.read.headers['retry-after']]).toEqual([503, 'TIMEOUT', '2']);
    expect(held.read.body.errors[0].extensions.retryable).toBe(true);
    for (const { status, body } of [held.change, held.keyed]) {
      const userErrors = [{ code: 'LOCKED_RETRY', retryable: true }];
      expect([status, body]).toEqual([200, { data: { createFulfillments: { fulfillments: [null], userErrors } } }]);
    }
    expect([held.restRead.status, held.restRead.body.reasons[0].code]).toEqual([503, 50000061]);
    expect([held.restChange.status, held.restChange.body.reasons[0].code]).toEqual([200, 58000050]);
    expect(await gateway.database.owner('select 1 from fulfillment')).toEqual([]);

    const free = await asked(id);
    expect(free.keyed.body.data.createFulfillments.userErrors).toEqual([]);
    expect(free.keyed.headers['idempotency-replayed']).toBeUndefined();
  });

  test('by itself can be sent again: TIMEOUT, status 503, category 61', async () => {
    const [{ id }] = (await orderFor(await client.work())).orderLineItems;
    await limited('statement_timeout');
    await gateway.database.owner('begin');
    await gateway.database.owner('lock table order_line_item, fulfillment in access exclusive mode');
    const { read, change, keyed, restRead, restChange } = await asked(id);
    await gateway.database.owner('rollback');

    for (const answer of [read, change, keyed]) {
      expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
        503,
        '2',
        { errors: [{ message: expect.any(String), extensions: { code: 'TIMEOUT', retryable: true } }] },
      ]);
    }
    expect([restRead.status, restRead.body.reasons[0].code]).toEqual([503, 50000061]);
    expect([restChange.status, restChange.body.reasons[0].code]).toEqual([503, 58000061]);
    expect(await gateway.database.owner('select 1 from fulfillment')).toEqual([]);
    expect((await asked(id)).keyed.headers['idempotency-replayed']).toBeUndefined();
  });
});

describe('a database that is silent', () => {
  test('keeps nobody waiting who asks to be let in, and is not ready', async () => {
    const { owner } = gateway.database;
    await owner('begin');
    await owner('lock table client, migrations in access exclusive mode');
    const order: string[] = [];
    const ask = async (what: string, asked: Promise<Answer>) => {
      const answer = await asked;
      order.push(what);
      return [answer.status, answer.headers['retry-after'], answer.body];
    };
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret };
    const [graphql, token, ready] = await Promise.all([
      ask('graphql', client.graphql('{ viewer { name } }')),
      ask(
        'token',
        client.request({
          method: 'POST',
          url: '/oauth/token',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams(form).toString(),
        }),
      ),
      ask('ready', client.request({ method: 'GET', url: '/readyz' })),
    ]);
    await owner('rollback');
    const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' });
    expect(graphql).toEqual([503, '2', { errors: [expect.objectContaining({ extensions: unavailable })] }]);
    expect(token).toEqual([503, '2', unavailable]);
    expect(ready).toEqual([503, '2', { status: 'not ready', reason: 'database unreachable' }]);
    // Its patience is shorter than that of those who are let in.
    expect(order[0]).toBe('ready');
    expect((await client.graphql('{ viewer { name } }')).status).toBe(200);
  });
});
