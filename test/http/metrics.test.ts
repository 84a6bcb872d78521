import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  await orderFor(await client.work(), [{}, {}]);
});
afterAll(() => gateway.close());

const lines = '{ orderLineItems { nodes { id order { id account { id } } } } }';
const asked = { 'show-statements': 'true' };

describe('the statements of a request', () => {
  test('are in its extensions where a header asks for them, and else are not', async () => {
    expect((await client.graphql(lines, {}, asked)).body.extensions).toEqual({ statements: 3 });
    expect((await client.graphql(lines, {}, { 'show-statements': 'false' })).body).not.toHaveProperty('extensions');
    expect((await client.graphql(lines)).body).not.toHaveProperty('extensions');
  });

  test('are told of a mutation too, be it held until its reply is rendered', async () => {
    const create = (more: string) =>
      `mutation { createAccount(input: { name: "A", currency: "USD" }${more}) { account { id } userErrors { code } } }`;
    const plain = await client.graphql(create(''), {}, asked);
    const rehearsed = await client.graphql(create(', dryRun: true'), {}, asked);
    expect([plain.body.extensions, rehearsed.body.extensions]).toEqual([{ statements: 2 }, { statements: 2 }]);
  });

  test('and of one that fails', async () => {
    const { body } = await client.graphql('{ orders(first: 101) { nodes { id } } }', {}, asked);
    expect([body.errors[0].extensions.code, body.extensions]).toEqual(['PAGE_SIZE', { statements: 0 }]);
  });
});

describe('/metrics', () => {
  const metrics = async () => (await gateway.server.app.inject('/metrics')).body;
  const value = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length) ?? 0,
    );
  const series = (name: string, labels: string) => `gateway_request_${name}{${labels}}`;

  test('counts requests and their statements by the name of the operation', async () => {
    const labels = 'route="POST /graphql",operation="query Lines"';
    const before = await metrics();
    for (let time = 0; time < 3; time++) await client.graphql(`query Lines ${lines}`);
    const after = await metrics();
    const grown = (what: string) => value(after, what) - value(before, what);
    expect(grown(series('statements_sum', labels))).toBe(9);
    expect(grown(series('statements_count', labels))).toBe(3);
    expect(grown(series('duration_seconds_count', `${labels},status="200"`))).toBe(3);
  });

  test('counts REST requests by their route, whatever the key', async () => {
    for (const key of ['F-00000001', 'F-00000002']) {
      await client.request({ method: 'GET', url: `/v1/fulfillments/${key}` });
    }
    const text = await metrics();
    expect(value(text, series('statements_count', 'route="GET /v1/fulfillments/:key",operation=""'))).toBe(2);
  });

  test('counts what never got as far as a caller, and what has no route, without statements', async () => {
    await client.request({ method: 'POST', url: '/graphql', headers: { authorization: '' }, payload: {} });
    await client.request({ method: 'GET', url: '/nowhere' });
    const text = await metrics();
    expect(value(text, series('duration_seconds_count', 'route="POST /graphql",operation="",status="401"'))).toBe(1);
    expect(value(text, series('duration_seconds_count', 'route="GET (none)",operation="",status="404"'))).toBe(1);
    expect(text).not.toContain(series('statements_count', 'route="GET (none)",operation=""'));
  });

  test('knows only so many names of operations: the rest are counted together', async () => {
    for (let name = 0; name < 205; name++) await client.graphql(`query Name${name} { viewer { __typename } }`);
    const text = await metrics();
    const names = new Set(
      [...text.matchAll(/statements_count\{route="POST \/graphql",operation="([^"]*)"\}/g)].map(([, name]) => name),
    );
    expect(names.size).toBeLessThanOrEqual(201);
    expect(value(text, series('statements_count', 'route="POST /graphql",operation="(other)"'))).toBeGreaterThan(0);
  });

  test('tells of the connections to the database and of the process', async () => {
    const text = await metrics();
    expect(value(text, 'gateway_database_connections{state="open"}')).toBeGreaterThan(0);
    expect(value(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  });
});
