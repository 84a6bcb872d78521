import type { Limits } from '../../src/domain/limits';
import { type StatementRun, statements } from '../../src/store/connection/connection';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
/** Ten line items of one order, with ten fulfillments each. */
let lines: string[];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  lines = (await orderFor(await client.work(), Array(10).fill({}))).orderLineItems.map(({ id }) => id);
  const entries = lines.flatMap((orderLineItemId) => Array(10).fill({ orderLineItemId, ...delivery }));
  const made = await client.graphql(create, { entries });
  expect(made.body.errors).toBeUndefined();
}, 60_000);
afterAll(() => gateway.close());

const delivery = { fulfillmentDate: '2022-01-01', quantity: '1' };
const create = `mutation ($entries: [CreateFulfillmentInput!]!) {
  createFulfillments(input: { fulfillments: $entries }) { fulfillments { fulfillmentNumber } userErrors { code } } }`;
const times = (count: number, text: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ');
const count = async ({ database }: TestGatewayServer) =>
  (await database.owner<{ n: number }>('select count(*)::integer as n from fulfillment'))[0].n;

/** A gateway over the same database, with limits of its own, and the same client. */
async function withLimits(
  limits: Partial<Limits>,
  act: (
    ask: (query: string, variables?: object, headers?: object) => ReturnType<TestClient['graphql']>,
  ) => Promise<void>,
): Promise<void> {
  const other = await testGateway({ database: gateway.database, server: { limits } });
  const { token } = client;
  try {
    await act(async (query, variables, headers) => {
      const {
        statusCode: status,
        headers: given,
        body,
      } = await other.server.app.inject({
        ...{ method: 'POST', url: '/graphql', payload: { query, variables } },
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
      return { status, headers: given, text: body, body: JSON.parse(body) };
    });
  } finally {
    await other.server.app.close();
  }
}

describe('a reply that is longer than the limit', () => {
  const wide = `{ fulfillments(first: 100) { nodes { ${times(20, (at) => `a${at}: fulfillmentNumber`)} } } }`;

  test('is cut off, and says at which length', async () => {
    await withLimits({ reply: 10_000 }, async (ask) => {
      const { status, body } = await ask(wide);
      expect([status, body]).toEqual([
        400,
        {
          errors: [
            {
              message:
                'The reply has more than 10000 bytes and was cut off. Nothing was changed. Request shorter pages or fewer fields.',
              extensions: { code: 'QUERY_TOO_COMPLEX', limit: 'reply', allowed: 10_000 },
            },
          ],
        },
      ]);
      // What is within the limit is answered by the same process.
      expect((await ask('{ fulfillments(first: 100) { nodes { fulfillmentNumber } } }')).status).toBe(200);
    });
  });

  test('is cut off while it is built: what lies below is not read any more', async () => {
    const below = wide.replace('nodes {', 'nodes { ').replace(/ \} \} \}$/, ' orderLineItem { itemNumber } } } }');
    const read: string[] = [];
    const note = (run: unknown) => {
      const { text, result } = run as StatementRun;
      if (result) read.push(text);
    };
    statements.asyncEnd.subscribe(note);
    try {
      const lines = () => read.filter((text) => text.includes('from order_line_item')).length;
      await withLimits({ reply: 10_000 }, async (ask) => {
        expect((await ask(below)).body.errors[0].extensions.limit).toBe('reply');
        expect(lines()).toBe(0);
      });
      expect((await client.graphql(below)).body.errors).toBeUndefined();
      expect(lines()).toBe(1);
    } finally {
      statements.asyncEnd.unsubscribe(note);
    }
  });

  test('is cut off by its bytes, where its characters are few', async () => {
    const name = 'ä'.repeat(255);
    await client.graphql(
      'mutation ($name: String!) { createAccount(input: { name: $name, currency: "USD" }) { userErrors { code } } }',
      { name },
    );
    const query = `{ accounts(first: 1, orderBy: { field: createdDate, direction: DESC }) { nodes { ${times(30, (at) => `a${at}: name`)} } } }`;
    await withLimits({ reply: 14_000 }, async (ask) => {
      const { status, body } = await ask(query);
      expect([status, body.errors?.[0].extensions.limit]).toEqual([400, 'reply']);
    });
    const { text } = await client.graphql(query);
    expect([text.length < 14_000, Buffer.byteLength(text) > 14_000]).toEqual([true, true]);
  });

  test.each([
    ['under a key', { 'idempotency-key': 'too-long' }, false, 0],
    ['as a dry run', {}, true, 0],
    ['without a key', {}, false, 100],
  ])('of a mutation %s says whether it was carried out', async (_how, headers, dryRun, made) => {
    const before = await count(gateway);
    const entries = lines.flatMap((orderLineItemId) => Array(10).fill({ orderLineItemId, ...delivery }));
    const query = `mutation ($entries: [CreateFulfillmentInput!]!, $dryRun: Boolean!) {
      createFulfillments(input: { fulfillments: $entries }, dryRun: $dryRun) {
        fulfillments { ${times(20, (at) => `a${at}: fulfillmentNumber`)} } userErrors { code } } }`;
    await withLimits({ reply: 10_000 }, async (ask) => {
      const { status, body } = await ask(query, { entries, dryRun }, headers);
      const [{ message, extensions }] = body.errors;
      expect([status, extensions]).toEqual([400, { code: 'QUERY_TOO_COMPLEX', limit: 'reply', allowed: 10_000 }]);
      expect(message).toContain(made ? 'Mutations of this request were carried out' : 'Nothing was changed');
      expect(body).not.toHaveProperty('data');
    });
    expect((await count(gateway)) - before).toBe(made);
  });
});

describe('a reply with many values', () => {
  test('is refused for its price before anything runs: 400 aliases on orders of accounts of orders', async () => {
    const aliases = times(400, (at) => `a${at}: orderNumber`);
    const { status, body } = await client.graphql(
      `{ orders(first: 60) { nodes { account { orders(first: 60) { nodes { account { orders(first: 60) { nodes { ${aliases} } } } } } } } } }`,
      {},
      { 'show-statements': 'true' },
    );
    expect([status, body.errors[0].extensions.limit]).toEqual([400, 'cost']);
  });

  test('is built by turns, between which others are answered', async () => {
    // 100 fulfillments of 10 line items, each of which leads to the 10 line items of the order: 1,000 objects of 200 values.
    const values = times(200, (at) => `a${at}: quantity`);
    const query = `{ fulfillments(first: 100) { nodes { orderLineItem { order { orderLineItems(first: 10) { nodes { ${values} } } } } } } }`;
    // Its price is above half of this, so PostgreSQL does not write it.
    await withLimits({ reply: 6_000_000 }, async (ask) => {
      let heavyIsDone = false;
      let light = 0;
      const done = ask(query).then((answer) => {
        heavyIsDone = true;
        return answer;
      });
      let turns = 0;
      const count = () => {
        turns++;
        if (!heavyIsDone) setImmediate(count);
      };
      setImmediate(count);
      while (!heavyIsDone) {
        expect((await ask('{ viewer { clientId } }')).status).toBe(200);
        light++;
      }
      const { status, body } = await done;
      expect([status, body.errors]).toEqual([200, undefined]);
      const { nodes } = body.data.fulfillments;
      expect(nodes).toHaveLength(100);
      expect(Object.keys(nodes[99].orderLineItem.order.orderLineItems.nodes[9])).toHaveLength(200);
      // 200,000 values, 5,000 in a turn.
      expect(turns).toBeGreaterThan(40);
      expect(light).toBeGreaterThan(1);
    });
  });

  test('says the same as one that is built at once', async () => {
    const wide = times(60, (at) => `a${at}: quantity`);
    const body = (aliases: string) =>
      `{ fulfillments(first: 100) { totalCount nodes { fulfillmentNumber ${aliases} orderLineItem { itemNumber } } } }`;
    const [narrow, broad] = [await client.graphql(body('')), await client.graphql(body(wide))];
    const without = broad.body.data.fulfillments.nodes.map(
      ({ fulfillmentNumber, orderLineItem }: Record<string, unknown>) => ({ fulfillmentNumber, orderLineItem }),
    );
    expect({ ...broad.body.data.fulfillments, nodes: without }).toEqual(narrow.body.data.fulfillments);
  });
});

describe('the operations of a process', () => {
  const heavy = `{ orderLineItems(first: 100) { nodes { fulfillments(first: 100) { nodes { ${times(5, (at) => `a${at}: quantity`)} } } } } }`;

  test('run as far as their cost goes, and the rest waits and is answered too', async () => {
    await withLimits({ costInFlight: 1_000_000 }, async (ask) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(heavy)));
      expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    });
  });

  test('that do not get their turn in a third of their time are told so, and not that the server is away', async () => {
    await withLimits({ costInFlight: 1_000_000, time: 200 }, async (ask) => {
      // Those that have their turn wait for the table, and so keep it.
      const holder = await gateway.database.pool.connect();
      await holder.query('begin; lock table order_line_item in access exclusive mode');
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(heavy)));
      await holder.query('rollback');
      holder.release();
      const late = answers.filter(({ body }) => body.errors?.[0].extensions.limit === 'costInFlight');
      expect(late.length).toBeGreaterThan(0);
      for (const { status, headers, body } of late) {
        expect([status, headers['retry-after']]).toEqual([429, '1']);
        expect(body.errors[0].message).toContain('waited 67 ms for other operations to end');
      }
    });
  });

  test('of one client wait up to a number, beyond which it is told to send fewer', async () => {
    await withLimits({ costInFlight: 1_000_000, waiting: 2 }, async (ask) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(heavy)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(answers.filter(({ status }) => status === 200).length).toBe(12 - refused.length);
      for (const { headers, body } of refused) {
        expect(headers['retry-after']).toBe('1');
        expect(body.errors[0].extensions).toEqual({
          ...{ code: 'RATE_LIMITED', limit: 'waiting', allowed: 2, retryable: true },
        });
      }
      expect((await ask(heavy)).status).toBe(200);
    });
  });
});

test('introspection costs what it shows, and leaves turns to others', async () => {
  const query = `{ __schema { types { fields { ${times(300, (at) => `a${at}: name`)} } } } }`;
  const order: string[] = [];
  const said = async <T>(what: string, asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    order.push(what);
    return answer;
  };
  const asking = said('introspection', client.graphql(query, {}, { 'show-cost': 'true' }));
  // Others ask again and again while the schema is read.
  let served = 0;
  while (order.length === 0) {
    await client.graphql('{ __typename }');
    served++;
  }
  const { body, text } = await asking;
  expect(body.extensions.cost.actual).toBeGreaterThan(text.length / 2);
  expect(served).toBeGreaterThan(20);
});
