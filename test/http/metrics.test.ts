import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { InjectOptions } from 'fastify';
import { createServer, type Server } from '../../src/server';
import { createBillRun, findBillRun } from '../../src/service/bill-run';
import { carryOn, step } from '../../src/service/bill-run-worker';
import { behindPooler } from '../support/database';
import {
  metricsOf,
  metricsToken,
  orderFor,
  type TestClient,
  type TestGatewayServer,
  testGateway,
} from '../support/gateway';

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
const form = { 'content-type': 'application/x-www-form-urlencoded' };

const metrics = () => metricsOf(gateway.server);
const value = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length) ?? 0,
  );

describe('the statements of a request', () => {
  test('are in its extensions where a header asks for them, and else are not', async () => {
    expect((await client.graphql(lines, {}, asked)).body.extensions).toEqual({ statements: behindPooler ? 3 : 1 });
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
  const series = (name: string, labels: string) => `gateway_request_${name}{${labels}}`;

  test('counts requests and their statements by the name of the operation', async () => {
    const labels = 'route="POST /graphql",operation="query Lines"';
    const before = await metrics();
    for (let time = 0; time < 3; time++) await client.graphql(`query Lines ${lines}`);
    const after = await metrics();
    const grown = (what: string) => value(after, what) - value(before, what);
    expect(grown(series('statements_sum', labels))).toBe(behindPooler ? 9 : 3);
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

  test('counts requests, operations and errors by client, and by what the client says it is', async () => {
    const told = { 'apollographql-client-name': 'board'.repeat(20), 'apollographql-client-version': '1.2' };
    await client.graphql('query Mine { viewer { clientId } }', {}, told);
    await client.graphql('query Mine { nonsense }', {}, told);
    const text = await metrics();
    const labels = `client="${client.clientId.replaceAll('-', '')}"`;
    const application = 'board'.repeat(20).slice(0, 64);
    expect(value(text, `gateway_client_requests_total{${labels},application="${application}",version="1.2"}`)).toBe(2);
    expect(value(text, `gateway_client_operations_total{${labels},operation="query Mine"}`)).toBe(1);
    expect(value(text, `gateway_client_errors_total{${labels},code="GRAPHQL_VALIDATION_FAILED"}`)).toBeGreaterThan(0);
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

  test('tells 200 applications apart, whatever clients call themselves', async () => {
    for (let name = 0; name < 205; name++) {
      await client.graphql('{ viewer { clientId } }', {}, { 'apollographql-client-name': `"${name}"\\\u00e9` });
    }
    const series = [...(await metrics()).matchAll(/^gateway_client_requests_total\{/gm)];
    expect(series.length).toBeLessThanOrEqual(201 + 5);
    expect(await metrics()).toContain('application="(other)",version="(other)"');
  });

  test('tells of the connections to the database by pool, and of the process', async () => {
    const text = await metrics();
    for (const pool of ['reading', 'writing', 'paying', 'side', 'settling', 'working']) {
      expect(value(text, `gateway_database_connections_max{pool="${pool}"}`)).toBeGreaterThan(0);
    }
    expect(value(text, 'gateway_database_connections{pool="reading",state="open"}')).toBeGreaterThan(0);
    expect(value(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(text).toContain('nodejs_eventloop_lag_seconds ');
    const { version } = JSON.parse(readFileSync(path.resolve('package.json'), 'utf8'));
    expect(value(text, `gateway_build_info{version="${version}",node="${process.versions.node}"}`)).toBe(1);
  });

  test('counts errors by code, and what the rules refuse apart from them, at every door', async () => {
    const before = await metrics();
    await client.graphql('{ nonsense }');
    await client.graphql('{ orders(first: 101) { nodes { id } } }');
    await client.request({ method: 'GET', url: '/v1/nowhere' });
    await client.request({ method: 'POST', url: '/oauth/token', payload: 'grant_type=password', headers: form });
    const booking = 'mutation { bookFulfillments(keys: ["F-none"]) { userErrors { message } } }';
    await client.graphql(booking);
    await client.request({ method: 'GET', url: '/v1/fulfillments/F-none' });
    await client.request({ method: 'POST', url: '/v1/fulfillments', payload: { fulfillments: [{}] } });
    const after = await metrics();
    const grown = (what: string) => value(after, what) - value(before, what);
    const codes = ['GRAPHQL_VALIDATION_FAILED', 'PAGE_SIZE', 'NO_SUCH_PATH', 'unsupported_grant_type'];
    expect(codes.map((code) => grown(`gateway_request_errors_total{code="${code}"}`))).toEqual([1, 1, 1, 1]);
    expect(grown('gateway_user_errors_total{code="NOT_FOUND"}')).toBe(2);
    expect(grown('gateway_user_errors_total{code="REQUIRED"}')).toBeGreaterThan(0);
  });

  test('counts calls of the payment gateway by how they ended', async () => {
    const { gateway: payments } = gateway.services;
    const before = await metrics();
    const call = { accountId: randomUUID(), amount: '1', currency: 'USD' };
    const [one, two, three, four] = Array.from({ length: 4 }, () => ({ entityId: randomUUID(), id: randomUUID() }));
    await payments.authorize({ ...call, ...one, token: 'tok_ok' });
    await payments.authorize({ ...call, ...two, token: 'tok_declined' });
    await expect(payments.authorize({ ...call, ...three, token: 'tok_error' })).rejects.toThrow('failed');
    await expect(payments.authorize({ ...call, ...four, token: 'tok_timeout' })).rejects.toThrow('did not answer');
    await payments.capture(one);
    await payments.capture(two);
    await payments.refund(one, { id: randomUUID(), amount: '1', currency: 'USD' });
    await payments.void(three);
    const after = await metrics();
    const ended = [
      ...['authorize ok', 'authorize declined', 'authorize error', 'authorize timeout'],
      ...['capture ok', 'capture declined', 'refund ok', 'void ok'],
    ];
    const counts = ended.map((which) => {
      const [call, outcome] = which.split(' ');
      const name = `gateway_payment_gateway_call_duration_seconds_count{provider="test",call="${call}",outcome="${outcome}"}`;
      return [which, value(after, name) - value(before, name)];
    });
    expect(counts).toEqual(ended.map((which) => [which, 1]));
  });
});

describe('what waits to be done', () => {
  /** As another process would tell it: each remembers for some seconds what it has seen. */
  const seen = async () => {
    const other = await createServer({
      services: gateway.services,
      signingKey: 'a key of thirty-two characters or more',
      metricsToken,
    });
    const body = await metricsOf(other);
    await other.app.close();
    const names = [
      ...['bill_runs_open', 'bill_run_chunks_waiting'],
      ...['payment_attempts_open{provider="test"}', 'refunds_open{provider="test"}', 'database_up'],
    ];
    return {
      counts: names.map((name) => value(body, `gateway_${name}`)),
      attemptAge: value(body, 'gateway_payment_attempt_oldest_age_seconds{provider="test"}'),
      text: body,
    };
  };

  test('is told by the metrics of every process: bill runs, their chunks, payment attempts and refunds', async () => {
    expect((await seen()).counts).toEqual([0, 0, 0, 0, 1]);
    const work = await client.work();
    const { account } = await orderFor(work, [
      { billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: '2022-01-01' },
    ]);
    await gateway.database.owner(
      `insert into payment_attempt (id, entity_id, org_id, account_id, amount, currency, status, created_by_id, created_date, updated_date)
       select gen_random_uuid(), entity_id, org_id, id, 1, 'USD', 'Open', created_by_id, now() - interval '90 seconds', now()
       from account where id = $1`,
      [account.id],
    );
    const { billRun } = await createBillRun(work, { targetDate: '2022-01-01', autoPost: true });
    const made = await seen();
    expect(made.counts).toEqual([1, 0, 1, 0, 1]);
    expect(Math.floor(made.attemptAge / 10)).toBe(9);
    await step(gateway.services, (await findBillRun(work, billRun.id))!);
    expect((await seen()).counts).toEqual([1, 1, 1, 0, 1]);

    const before = await metrics();
    await carryOn(gateway.services);
    const after = await metrics();
    for (const phase of ['Processing', 'PostInProgress']) {
      const name = `gateway_bill_run_chunk_duration_seconds_count{phase="${phase}",outcome="done"}`;
      expect([phase, value(after, name) - value(before, name)]).toEqual([phase, 1]);
    }
    expect((await seen()).counts).toEqual([0, 0, 1, 0, 1]);
  });

  test('is left out where the database does not say, and the rest is told all the same', async () => {
    const { side } = gateway.database.db;
    const was = { ...side.options };
    const clients = await Promise.all(Array.from({ length: was.max! }, () => side.connect()));
    try {
      const { text } = await seen();
      expect(text).toContain('gateway_database_up 0');
      expect(text).not.toMatch(/^gateway_(bill_run|payment_attempt|refund)\w*(open|waiting|age_seconds)[ {]/m);
      expect(text).toContain('gateway_database_connections{pool="side",state="idle"} 0');
    } finally {
      for (const each of clients) each.release();
    }
  });
});

describe('docs/operations.md', () => {
  const text = readFileSync(path.resolve('docs/operations.md'), 'utf8');
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

  test('tells of each metric that there is, and of no other', async () => {
    const there = [...(await metrics()).matchAll(/^# TYPE (gateway_\w+)/gm)].map(([, name]) => name);
    const told = [...text.matchAll(/`(gateway_\w+)`/g)].map(([, name]) => name);
    expect(sorted(told)).toEqual(sorted(there));
  });

  test('has a dashboard that asks for metrics that there are', async () => {
    const dashboard = readFileSync(path.resolve('docs/dashboard.json'), 'utf8');
    const exprs = JSON.parse(dashboard).panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    );
    const asked = exprs.join(' ').match(/\b(?:gateway|nodejs|process)_\w+/g) as string[];
    const there = new Set([...(await metrics()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !there.has(name.replace(/_(bucket|count|sum)$/, '')))).toEqual([]);
    expect(text).toContain('(dashboard.json)');
  });

  test('says of each alert what to do, and of no other', () => {
    const alerts = readFileSync(path.resolve('docs/alerts.yml'), 'utf8');
    const there = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    expect(sorted([...text.matchAll(/^\| `(Gateway\w+)`/gm)].map(([, name]) => name))).toEqual(sorted(there));
  });
});

describe('who may read /metrics', () => {
  const ask = async (server: Server, more: InjectOptions = {}) => {
    const { statusCode, headers } = await server.app.inject({ url: '/metrics', ...more });
    return [statusCode, headers['www-authenticate']];
  };

  test('is nobody where there is no token: a proxy on this machine may leave no mark', async () => {
    const { services } = gateway;
    const server = await createServer({ services, signingKey: 'a key of thirty-two characters or more' });
    expect(await ask(server, { remoteAddress: '127.0.0.1' })).toEqual([403, undefined]);
    expect((await server.app.inject('/metrics')).json().message).toContain('METRICS_TOKEN is not set');
    await server.app.close();
  });

  test('is this machine alone on a demo without a token, and nobody through a proxy that names itself', async () => {
    const { services } = gateway;
    const demo = { clientId: client.clientId, clientSecret: client.secret };
    const server = await createServer({ services, signingKey: 'a key of thirty-two characters or more', demo });
    for (const remoteAddress of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect([remoteAddress, ...(await ask(server, { remoteAddress }))]).toEqual([remoteAddress, 200, undefined]);
    }
    expect(await ask(server, { remoteAddress: '10.0.0.9' })).toEqual([403, undefined]);
    expect(await ask(server, { headers: { 'x-forwarded-for': '10.0.0.9' } })).toEqual([403, undefined]);
    expect(await ask(server, { headers: { authorization: `Bearer ${client.token}` }, remoteAddress: '::2' })).toEqual([
      403,
      undefined,
    ]);
    await server.app.close();
  });

  test('is whoever has the token where there is one', async () => {
    const own = 'a-token-for-the-collector';
    const { services } = gateway;
    const server = await createServer({
      services,
      signingKey: 'a key of thirty-two characters or more',
      metricsToken: own,
    });
    const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    expect(await ask(server)).toEqual([401, 'Bearer']);
    expect(await ask(server, bearing(`${own}s`))).toEqual([401, 'Bearer']);
    expect(await ask(server, bearing(client.token))).toEqual([401, 'Bearer']);
    expect(await ask(server, { ...bearing(own), remoteAddress: '10.0.0.9' })).toEqual([200, undefined]);
    await server.app.close();
  });
});
