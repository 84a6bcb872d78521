import type { OutgoingHttpHeaders } from 'node:http';
import { getIntrospectionQuery } from 'graphql';
import { type LimitName, type Limits, tokenCost } from '../../src/domain/limits';
import { countCosts } from '../../src/graph/guard/cost';
import { deliver } from '../support/billed';
import { behindPooler } from '../support/database';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { multiplied } from '../support/many';

let gateway: TestGatewayServer;
let client: TestClient;
/** Ten line items, which take a hundred fulfillments each. */
let lines: string[];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  lines = (await orderFor(await client.work(), Array(10).fill({}))).orderLineItems.map(({ id }) => id);
}, 60_000);
afterAll(() => gateway.close());

const times = (count: number, text: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ');
const extensionsOf = ({ body }: Answer) => body.errors?.[0].extensions;
const rows = async (table: string) =>
  (await gateway.database.owner<{ n: number }>(`select count(*)::integer as n from ${table}`))[0].n;

async function withGateway(
  options: { limits?: Partial<Limits>; introspection?: boolean },
  act: (client: TestClient, gateway: TestGatewayServer) => Promise<void>,
): Promise<void> {
  const other = await testGateway({ server: options });
  try {
    await act(await other.client(), other);
  } finally {
    await other.close();
  }
}

describe('the limits admit', () => {
  const documents = `fulfillments { id fulfillmentNumber fulfillmentItems(first: 100) { nodes { id } } }
    invoices { invoiceNumber invoiceItems(first: 100) { totalCount nodes { id fulfillment { id } } } }
    creditMemos { creditMemoNumber creditMemoItems(first: 100) { nodes { id } } } userErrors { code message path }`;
  const processing = 'processingOptions: { runBilling: true }';
  const shape = { fulfillmentDate: '2022-01-01', state: 'SentToBilling', billTargetDate: '2022-01-01', quantity: '1' };
  const entries = () => lines.flatMap((orderLineItemId) => Array(100).fill({ orderLineItemId, ...shape }));

  test('a create of 1,000 fulfillments that returns its documents with 100 items each, by variables', async () => {
    const { status, body } = await client.graphql(
      `mutation ($fulfillments: [CreateFulfillmentInput!]!) {
        createFulfillments(input: { fulfillments: $fulfillments, ${processing} }, dryRun: true) { ${documents} } }`,
      { fulfillments: entries() },
    );
    expect([status, body.errors, body.data?.createFulfillments.userErrors]).toEqual([200, undefined, []]);
    const { fulfillments, invoices } = body.data.createFulfillments;
    expect([fulfillments.length, invoices.length, invoices[0].invoiceItems.totalCount]).toEqual([1000, 1, 1000]);
  }, 60_000);

  test('and written out', async () => {
    const written = entries().map(
      ({ orderLineItemId }) =>
        `{ orderLineItemId: "${orderLineItemId}" fulfillmentDate: "2022-01-01" quantity: 1 state: SentToBilling billTargetDate: "2022-01-01" }`,
    );
    const { status, body } = await client.graphql(
      `mutation { createFulfillments(input: { fulfillments: [${written.join(' ')}] ${processing} }, dryRun: true) { ${documents} } }`,
    );
    expect([status, body.errors, body.data?.createFulfillments.userErrors]).toEqual([200, undefined, []]);
    expect(body.data.createFulfillments.fulfillments).toHaveLength(1000);
  }, 60_000);

  const line = 'id itemNumber itemName itemState quantity amountPerUnit';
  const fulfillment = 'id fulfillmentNumber state quantity amount fulfillmentDate';
  test.each([
    [
      'one line item',
      `query ($id: ID!) { orderLineItem(id: $id) { ${line} itemType billingRule currency updatedDate } }`,
    ],
    [
      'a page of 50 fulfillments with line item and order',
      `{ fulfillments(first: 50, filter: { state: { eq: SentToBilling } }, orderBy: { field: billTargetDate, direction: ASC }) {
        nodes { ${fulfillment} orderLineItem { ${line} order { id orderNumber } } } pageInfo { hasNextPage endCursor } } }`,
    ],
    [
      'an order with whole pages of line items and their fulfillments, to the invoice',
      `query ($order: ID!) { order(key: $order) { id orderLineItems(first: 100) { nodes { ${line} fulfillments(first: 100) {
        nodes { ${fulfillment} invoiceItems { id chargeAmount invoice { id invoiceNumber balance } } } } } } } }`,
    ],
    [
      '100 line items with 10 fulfillments each, and how many there are',
      `{ orderLineItems(first: 100) { nodes { ${line} fulfillments(first: 10) { totalCount nodes { ${fulfillment} } } } } }`,
    ],
  ])('a query of a screen or report: %s', async (_what, query) => {
    const { status, body } = await client.graphql(query, { id: lines[0], order: 'O-00000001' });
    expect([status, body.errors]).toEqual([200, undefined]);
  });

  test('introspection with all that can be asked of a schema', async () => {
    const whole = getIntrospectionQuery({
      ...{ descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true },
      ...{ inputValueDeprecation: true, oneOf: true },
    });
    const { status, body } = await client.graphql(whole);
    expect([status, body.errors]).toEqual([200, undefined]);
    expect(body.data.__schema.types.length).toBeGreaterThan(100);
  });
});

describe('the limits refuse, with what is allowed and what the request has,', () => {
  const levels = (count: number): string => {
    const open = times(count, (at) => (at % 3 === 0 ? '{ account' : at % 3 === 1 ? '{ orders(first: 1)' : '{ nodes'));
    return `{ orders(first: 1) { nodes ${open} { id } ${'}'.repeat(count)} } }`;
  };
  const bomb = (count: number): string =>
    `{ viewer { ...F0 } } ${times(count, (at) => `fragment F${at} on Viewer { ...F${at + 1} ...F${at + 1} }`)}
      fragment F${count} on Viewer { clientId }`;
  const account = 'createAccount(input: { name: "Flood", currency: "USD" }) { account { id } }';
  const line = 'orderLineItem(id: "x") { id }';

  test.each<[what: string, document: string, limit: LimitName, allowed: number, requested: number]>([
    ['thirty levels', levels(27), 'depth', 20, 30],
    ['aliases in thousands', `{ viewer { ${times(5_000, (at) => `a${at}: clientId`)} } }`, 'aliases', 500, 5_000],
    ['the same root field over and over', `{ ${times(500, (at) => `a${at}: ${line}`)} }`, 'rootFields', 50, 500],
    [
      'root fields through fragments',
      `{ ...A ...A ...A } fragment A on Query { ${times(20, (at) => `a${at}: ${line}`)} }`,
      'rootFields',
      50,
      60,
    ],
    ['fields in thousands', `{ viewer { ${'clientId '.repeat(5_000)} } }`, 'fields', 2_000, 5_001],
    [
      'fields of fragments that nobody spreads',
      `{ viewer { clientId } } fragment A on Viewer { ${'clientId '.repeat(5_000)} }`,
      'fields',
      2_000,
      5_002,
    ],
    ['fragments that double at each level', bomb(20), 'fields', 2_000, 1_048_577],
    ['and far more often', bomb(190), 'fields', 2_000, Number.MAX_SAFE_INTEGER],
    [
      'directives in thousands on one field',
      `{ viewer { clientId ${'@include(if: true) '.repeat(5_000)} } }`,
      'directives',
      200,
      5_000,
    ],
    [
      'directives on a variable',
      `query ($a: Int ${'@x '.repeat(300)}) { orders(first: $a) { totalCount } }`,
      'directives',
      200,
      300,
    ],
    [
      'a list thousands deep',
      `{ orders(filter: { orderNumber: { in: ${'['.repeat(5_000)}${']'.repeat(5_000)} } }) { totalCount } }`,
      'nesting',
      60,
      61,
    ],
    [
      'a type of a variable thousands deep',
      `query ($a: ${'['.repeat(5_000)}Int${']'.repeat(5_000)}) { viewer { clientId } }`,
      'nesting',
      60,
      61,
    ],
    ['selections thousands deep', `${'{ viewer '.repeat(5_000)}${'}'.repeat(5_000)}`, 'nesting', 60, 61],
    [
      'many operations in one document',
      times(500, (at) => `query Q${at} { viewer { clientId } }`),
      'definitions',
      200,
      500,
    ],
    [
      'a document of more tokens than are read',
      `{ viewer { clientId } } ${'a '.repeat(200_000)}`,
      'tokens',
      50_000,
      50_001,
    ],
    ['mutations in numbers', `mutation { ${times(100, (at) => `a${at}: ${account}`)} }`, 'mutations', 10, 100],
    [
      'pages within pages within pages',
      '{ accounts(first: 100) { nodes { orders(first: 100) { nodes { orderLineItems(first: 100) { nodes { id } } } } } } }',
      'cost',
      64_000_000,
      142_312_223,
    ],
  ])('%s', async (_what, document, limit, allowed, requested) => {
    const before = await rows('account');
    const answers = [await client.graphql(document)];
    if (limit === 'mutations') answers.push(await client.graphql(document, {}, { 'idempotency-key': 'flood' }));
    if (document.length < 1_000 && !document.startsWith('mutation')) {
      answers.push(
        await client.request({
          method: 'GET',
          url: `/graphql?query=${encodeURIComponent(document)}`,
        }),
      );
    }
    for (const answer of answers) {
      expect([answer.status, extensionsOf(answer)]).toEqual([
        400,
        { code: 'QUERY_TOO_COMPLEX', limit, allowed, requested },
      ]);
      expect(answer.body.data).toBeUndefined();
      expect(answer.body.errors[0].message).toContain(String(allowed));
    }
    expect(await rows('account')).toBe(before);
  });

  test.each([
    ['{ orders(first: 1000000) { nodes { id } } }', {}, 1_000_000],
    ['query ($n: Int) { orders(last: $n) { nodes { id } } }', { n: 101 }, 101],
    [`{ nodes(ids: [${times(101, (at) => `"${at}"`)}]) { id } }`, {}, 101],
  ])('a page that is too long: %.50s', async (document, variables, requested) => {
    const answer = await client.graphql(document, variables);
    expect(extensionsOf(answer)).toEqual({ code: 'PAGE_SIZE', limit: 'pageSize', allowed: 100, requested });
  });

  test('fragments that spread one another in a circle, as what they are', async () => {
    const circle = '{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { clientId ...A }';
    const answer = await client.graphql(circle);
    expect([answer.status, extensionsOf(answer).code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    expect(answer.body.errors[0].message).toBe('Cannot spread fragment "A" within itself via "B".');
  });

  test('several operations in one body', async () => {
    const payload = Array(100).fill({ query: `mutation { ${account} }` });
    const before = await rows('account');
    const answer = await client.request({ method: 'POST', url: '/graphql', payload });
    expect([answer.status, extensionsOf(answer).code]).toEqual([400, 'BAD_REQUEST']);
    expect(answer.body.errors[0].message).toBe(
      'Batched operations are not supported: send one operation in each request.',
    );
    expect(await rows('account')).toBe(before);
  });

  test('a body that is too long, by GraphQL and by REST', async () => {
    const payload = { query: `{ viewer { clientId } } # ${'x'.repeat(2_200_000)}` };
    const answer = await client.request({ method: 'POST', url: '/graphql', payload });
    expect([answer.status, extensionsOf(answer)]).toEqual([
      413,
      { code: 'PAYLOAD_TOO_LARGE', limit: 'body', allowed: 2_097_152 },
    ]);
    expect((await client.request({ method: 'POST', url: '/v1/fulfillments', payload })).status).toBe(413);
  });
});

test('a page may be as long as the server says', async () => {
  await withGateway({ limits: { pageSize: 5 } }, async (one) => {
    expect((await one.graphql('{ orders(first: 5) { nodes { id } } }')).body.errors).toBeUndefined();
    // And is no longer by itself.
    const { body } = await one.graphql('{ orders { nodes { id } } }', {}, { 'show-cost': 'true' });
    expect([body.errors, body.extensions.cost.requested]).toEqual([undefined, 110 + 11 + 5 * 140]);
    for (const query of [
      '{ orders(first: 6) { nodes { id } } }',
      '{ nodes(ids: ["1", "2", "3", "4", "5", "6"]) { id } }',
    ]) {
      const details = { limit: 'pageSize', allowed: 5, requested: 6 };
      expect(extensionsOf(await one.graphql(query))).toEqual({ code: 'PAGE_SIZE', ...details });
    }
  });
});

test('the longest page that a server may allow tells whether there are more rows, with a filter as without', async () => {
  await withGateway({ limits: { pageSize: 1_000 } }, async (one, { database }) => {
    const work = await one.work();
    const { orderLineItems } = await orderFor(work);
    await deliver(work, orderLineItems[0].id, ['1'], {});
    await multiplied(database, orderLineItems[0].id, 1_000);
    const next = 'first: 1000) { pageInfo { hasNextPage } nodes { id } }';
    const { body } = await one.graphql(`{
      all: fulfillments(${next}
      sent: fulfillments(filter: {state: {eq: SentToBilling}}, ${next}
    }`);
    for (const { pageInfo, nodes } of [body.data.all, body.data.sent]) {
      expect([pageInfo.hasNextPage, nodes.length]).toEqual([true, 1_000]);
    }
  });
}, 60_000);

describe('the cost of an operation', () => {
  const pages =
    'query ($n: Int) { orderLineItems(first: $n) { nodes { id fulfillments(first: 10) { totalCount nodes { id } } } } }';
  const asked = { 'show-cost': 'true' };

  test('is told where a header asks for it: what the reply may hold, and what it holds', async () => {
    const { body } = await client.graphql(pages, { n: 100 }, asked);
    const { cost } = body.extensions;
    expect(cost).toEqual({ requested: 368_729, actual: expect.any(Number), allowed: 64_000_000 });
    // Ten line items with a count each, and no fulfillments.
    expect(cost.actual).toBeGreaterThan(10 * countCosts.edge);
    expect(cost.actual).toBeLessThan(10 * countCosts.edge + 5_000);
    expect((await client.graphql(pages, { n: 100 })).body).not.toHaveProperty('extensions');
  });

  test('stands beside the number of statements', async () => {
    const { body } = await client.graphql(pages, { n: 1 }, { ...asked, 'show-statements': 'true' });
    expect(body.extensions).toEqual({
      cost: expect.objectContaining({ requested: 3_815 }),
      statements: behindPooler ? 3 : 1,
    });
  });
});

describe('the requests of a client in a minute', () => {
  test('are counted down in the headers of every reply, and beyond them is 429, for that client alone', async () => {
    await withGateway({ limits: { requests: 3 } }, async (one, other) => {
      const answers = [
        await one.graphql('{ viewer { clientId } }'),
        await one.request({ method: 'GET', url: '/v1/fulfillments/F-1' }),
        await one.graphql('{'),
      ];
      expect(answers.map(({ headers }) => headers['ratelimit-remaining'])).toEqual(['2', '1', '0']);
      for (const { headers } of answers) {
        expect(headers['ratelimit-limit']).toBe('3');
        expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(30);
        expect(Number(headers['ratelimit-reset'])).toBeLessThanOrEqual(60);
      }
      const graphql = await one.graphql('{ viewer { clientId } }', {}, { 'idempotency-key': 'a' });
      expect([graphql.status, extensionsOf(graphql)]).toEqual([
        429,
        { code: 'RATE_LIMITED', limit: 'requests', allowed: 3, requested: 4, retryable: true },
      ]);
      const rest = await one.request({ method: 'POST', url: '/v1/fulfillments', payload: {} });
      expect([rest.status, rest.body.reasons[0].code]).toEqual([429, 58000070]);
      for (const { headers } of [graphql, rest]) {
        expect(Number(headers['retry-after'])).toBeGreaterThan(30);
        expect(headers['ratelimit-remaining']).toBe('0');
      }
      expect((await (await other.client()).graphql('{ viewer { clientId } }')).status).toBe(200);
    });
  });

  test('are not told to whom has no token', async () => {
    const { status, headers } = await client.request({
      method: 'GET',
      url: '/graphql',
      headers: { authorization: '' },
    });
    expect([status, headers['ratelimit-limit']]).toEqual([401, undefined]);
  });

  test('have so much cost together, of which what the replies do not hold is given back', async () => {
    // Besides what reading both documents costs.
    await withGateway({ limits: { cost: 15_000, costPerMinute: 15_000 + 310 * tokenCost } }, async (one) => {
      const page = '{ orders(first: 99) { nodes { id } } }';
      for (let time = 0; time < 3; time++) expect((await one.graphql(page)).body.data.orders.nodes).toEqual([]);
      const held = `{ ${times(49, (at) => `a${at}: viewer { clientId }`)} }`;
      for (let time = 0; time < 2; time++) expect((await one.graphql(held)).status).toBe(200);
      const answer = await one.graphql(page);
      expect([answer.status, extensionsOf(answer)]).toEqual([
        429,
        {
          code: 'RATE_LIMITED',
          limit: 'costPerMinute',
          allowed: 170_000,
          requested: expect.any(Number),
          retryable: true,
        },
      ]);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(30);
      expect([answer.headers['ratelimit-limit'], answer.headers['ratelimit-remaining']]).toEqual([
        '170000',
        expect.stringMatching(/^\d{1,4}$/),
      ]);
    });
  });
});

describe('a document that is read for the first time', () => {
  /** The cost that is left in the minute, of a million. */
  const left = ({ headers }: { headers: OutgoingHttpHeaders }) => 1_000_000 - Number(headers['ratelimit-remaining']);
  const named = (name: string, fields = '__typename') => `query ${name} { ${fields} }`;

  test('costs by its tokens, and nothing of that the second time', async () => {
    await withGateway({ limits: { cost: 1_000_000, costPerMinute: 1_000_000 } }, async (one) => {
      const first = left(await one.graphql(named('A')));
      expect(first).toBeGreaterThanOrEqual(5 * tokenCost);
      expect(left(await one.graphql(named('A'))) - first).toBeLessThan(tokenCost);
      expect(left(await one.graphql(named('B'))) - first).toBeGreaterThanOrEqual(5 * tokenCost);
    });
  });

  test('costs where it is refused too, be it no GraphQL, not valid or too large', async () => {
    await withGateway({ limits: { cost: 1_000_000, costPerMinute: 1_000_000, fields: 10 } }, async (one) => {
      let before = left(await one.graphql('{ __typename }'));
      for (const query of [
        named('A', 'a b c d }'),
        named('A', 'a b c d'),
        named(
          'A',
          times(12, () => '__typename '),
        ),
      ]) {
        const answer = await one.graphql(query);
        expect(answer.status).toBe(400);
        expect(left(answer) - before).toBeGreaterThanOrEqual(8 * tokenCost);
        before = left(answer);
      }
    });
  });

  test('is refused once the minute is used up, while known ones still run', async () => {
    await withGateway({ limits: { cost: 9_900, costPerMinute: 9_900 } }, async (one) => {
      for (const name of ['A', 'B', 'C']) expect((await one.graphql(named(name))).status).toBe(200);
      expect(extensionsOf(await one.graphql(named('D')))).toMatchObject({
        ...{ code: 'RATE_LIMITED', limit: 'costPerMinute' },
      });
      expect((await one.graphql(named('A'))).status).toBe(200);
    });
  });
});

test('where introspection is off, the schema is neither answered nor suggested', async () => {
  await withGateway({ introspection: false }, async (one) => {
    for (const query of [
      '{ __schema { types { name } } }',
      'query A { ...A } fragment A on Query { a: __type(name: "Order") { name } }',
    ]) {
      const answer = await one.graphql(query);
      expect([answer.status, extensionsOf(answer).code]).toEqual([403, 'FORBIDDEN']);
      expect(answer.body.errors[0].message).toContain('Introspection is off on this server');
    }
    expect((await one.graphql('{ __typename viewer { __typename } }')).body.data.viewer.__typename).toBe('Viewer');
    const wrong: [string, object?][] = [
      ['{ viewer { clientIdd } }'],
      ['{ orders(filter: { orderNumberr: {} }) { totalCount } }'],
      ['query ($f: OrderFilter) { orders(filter: $f) { totalCount } }', { f: { orderNumberr: {} } }],
      ['query ($f: OrderFilter) { orders(filter: $f) { totalCount } }', { f: { state: { eq: 'Execute' } } }],
    ];
    for (const [query, variables] of wrong) {
      const hidden = await one.graphql(query, variables);
      expect([query, hidden.status, hidden.text.includes('Did you mean')]).toEqual([query, 400, false]);
    }
    expect((await client.graphql(...wrong[0])).text).toContain('Did you mean');
    // The OpenAPI document and its page are made of the schema.
    for (const url of ['/v1/openapi.json', '/v1/docs']) {
      expect((await one.request({ method: 'GET', url })).status).toBe(404);
    }
    // The page is there where it was built.
    expect((await client.request({ method: 'GET', url: '/v1/openapi.json' })).status).toBe(200);
  });
});
