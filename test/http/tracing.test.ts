import { type CollectedSpan, type Collector, startCollector } from '../support/collector';
import { behindPooler } from '../support/database';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, type Started, start } from '../support/process';

/* The real process, which sends its traces to a server that takes them in as a collector does. */
let gateway: TestGatewayServer;
let collector: Collector;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  collector = await startCollector();
}, 60_000);
afterAll(async () => {
  killAll();
  await collector.close();
  await gateway.close();
});

const signingKey = 'a key of thirty-two characters or more';
const begin = (more: Record<string, string>): Started =>
  start({ DATABASE_URL: gateway.database.url, JWT_SIGNING_KEY: signingKey, ...more });

/** As a body comes over a network: its second half is read in a turn of its own, where the request might be forgotten. */
const inParts = (text: string) =>
  new ReadableStream({
    async start(controller) {
      const half = text.length / 2;
      controller.enqueue(Buffer.from(text.slice(0, half)));
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.enqueue(Buffer.from(text.slice(half)));
      controller.close();
    },
  });

async function ask(origin: string, query: string, variables: object, headers: Record<string, string> = {}) {
  const reply = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json', ...headers },
    body: inParts(JSON.stringify({ query, variables })),
    duplex: 'half',
  } as RequestInit);
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  return (await reply.json()) as any;
}

const deliver = `mutation Deliver($entry: CreateFulfillmentInput!) {
  createFulfillments(input: {
    fulfillments: [$entry],
    processingOptions: { runBilling: true, collectPayment: true, billingOptions: { documentDate: "2022-01-01", targetDate: "2022-01-01" } }
  }) { fulfillments { fulfillmentNumber } userErrors { code message } }
}`;

describe('with a collector', () => {
  const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const exporting = { traceId: '1af7651916cd43dd8448eb211c80319d', spanId: 'c7ad6b7169203331' };
  const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
  const rootOf = (name: string): CollectedSpan => collector.spans.find((span) => span.name === name)!;
  const parentOf = ({ parentSpanId }: CollectedSpan) => collector.spans.find(({ spanId }) => spanId === parentSpanId)!;
  let log: Record<string, unknown>[];
  let written: string;

  beforeAll(async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{ itemName: 'Item-of-one-customer' }]);
    const { endpoint } = collector;
    const process = begin({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      LOG_LEVEL: 'trace',
      METRICS_TOKEN: 'a-token-for-metrics',
    });
    const origin = await process.origin;
    await fetch(`${origin}/readyz`);
    await ask(
      origin,
      'query Lines($name: String) { orderLineItems(filter: { itemName: { startsWith: $name } }) { nodes { itemName order { id } } } }',
      { name: 'Item-of-one' },
      { traceparent: `00-${remote.traceId}-${remote.spanId}-01` },
    );
    const { data } = await ask(origin, deliver, {
      entry: {
        ...{ orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
        ...{ quantity: 1, state: 'SentToBilling', trackingNumber: 'Tracking-4711' },
      },
    });
    expect(data.createFulfillments.userErrors).toEqual([]);
    await orderFor(await client.work(), [
      { billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: '2022-01-01' },
    ]);
    const run = await ask(
      origin,
      'mutation Run { createBillRun(input: { targetDate: "2022-01-01" }) { billRun { id } userErrors { code } } }',
      {},
    );
    const { id } = run.data.createBillRun.billRun;
    for (let status = 'Pending'; status !== 'Completed'; ) {
      ({ status } = (await ask(origin, 'query Run($id: ID!) { billRun(key: $id) { status } }', { id })).data.billRun);
    }
    // Each row has a page of its own, at this price.
    const costly = 'fulfillments(first: 100) { nodes { fulfillmentItems(first: 100) { nodes { id } } } }';
    // And it is longer than what the socket takes at once.
    const long = Array.from({ length: 300 }, (_, at) => `${'a'.repeat(200)}${at}: itemName`).join(' ');
    const query = `query Export { orderLineItems { nodes { ${costly} ${long} } } }`;
    const exported = await fetch(`${origin}/graphql`, {
      ...{ method: 'POST', body: JSON.stringify({ query }) },
      headers: {
        ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
        ...{ accept: 'application/jsonl', traceparent: `00-${exporting.traceId}-${exporting.spanId}-01` },
      },
    });
    expect((await exported.text()).split('\n')).toHaveLength(4);
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    written = process.out();
    log = written
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }, 60_000);

  test('a query is a span of the trace that its client began, with its operation and its statements below', () => {
    const root = spansOf(remote.traceId).find(({ parentSpanId }) => parentSpanId === remote.spanId)!;
    const statements = behindPooler ? ['select order_line_item', 'select orders'] : ['select orderLineItems'];
    expect(collector.tree(root)).toEqual([
      'POST /graphql',
      [['select client_secret'], ['query Lines', statements.map((each) => [each])]],
    ]);
    expect(root.attributes).toMatchObject({
      ...{ 'http.request.method': 'POST', 'http.route': '/graphql', 'http.response.status_code': 200 },
    });
  });

  test('the pages of an export are spans of its request, and no traces of their own', () => {
    const spans = spansOf(exporting.traceId);
    const root = spans.find(({ parentSpanId }) => parentSpanId === exporting.spanId)!;
    const pages = spans.filter(({ name }) => name === 'query Export');
    expect(pages.map(({ parentSpanId }) => parentSpanId)).toEqual([root.spanId, root.spanId]);
    expect(collector.spans.filter(({ name }) => name === 'query Export')).toHaveLength(2);
  });

  test('a mutation shows its transaction, and the payment gateway, that is asked before and behind the reply', () => {
    const root = parentOf(rootOf('mutation Deliver'));
    const [[mutation, effect], ...behind] = collector.tree(root)[1] as [string, [string][]][];
    expect(mutation).toBe('mutation Deliver');
    expect(effect.slice(0, 2)).toEqual([['connect'], ['begin']]);
    expect(effect.at(-1)).toEqual(['commit']);
    const charge = [['insert test_gateway.charge'], ['select test_gateway.charge']];
    expect(effect).toContainEqual(['payment gateway authorize', charge]);
    expect(behind.map(([name]) => name)).toEqual(
      expect.arrayContaining(['connect', 'begin', 'payment gateway capture', 'update payment', 'commit']),
    );
    expect(rootOf('payment gateway capture').attributes).toMatchObject({ 'gateway.outcome': 'ok' });
  });

  test('a chunk of a bill run is a trace of its own', () => {
    const chunk = collector.spans.find(
      ({ name, attributes }) => name === 'bill run chunk Processing' && attributes['gateway.found'],
    )!;
    expect(chunk.parentSpanId ?? '').toBe('');
    expect(collector.tree(chunk)[1]).toEqual(
      expect.arrayContaining([['begin'], ['select bill_run_chunk'], ['commit']]),
    );
  });

  test('a request says in the log which trace it is, and asking whether the process is well makes none', () => {
    const lines = log.filter(({ msg }) => msg === 'request');
    expect(lines.find(({ operation }) => operation === 'query Lines')).toMatchObject({ traceId: remote.traceId });
    expect(collector.text()).not.toMatch(/readyz/);
  });

  test('neither the traces nor the log, at its finest level, hold a secret or a value of a request', () => {
    const password = new URL(gateway.database.url).password;
    const secrets = [
      client.token,
      client.secret,
      signingKey,
      'a-token-for-metrics',
      'tok_ok',
      ...(password ? [password] : []),
    ];
    const values = ['Item-of-one', 'Tracking-4711', '2022-01-01'];
    for (const word of [...secrets, ...values]) {
      expect([word, collector.text().includes(word)]).toEqual([word, false]);
      expect([word, written.includes(word)]).toEqual([word, false]);
    }
    expect(log.filter(({ msg }) => msg === 'statement').length).toBeGreaterThan(20);
  });
});

test('without its collector the process serves and ends as ever', async () => {
  const process = begin({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const origin = await process.origin;
  expect((await ask(origin, '{ viewer { __typename } }', {})).data).toEqual({ viewer: { __typename: 'Viewer' } });
  process.child.kill('SIGTERM');
  expect(await process.ended).toBe(0);
});
