import type { InjectOptions } from 'fastify';
import { nounNamed } from '../../src/graph/model/nouns';
import { views } from '../../src/http/rest/object-query/views';
import { operations } from '../../src/http/rest/operations';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { everything } from '../support/stored';
import { type Estate, estate } from '../support/tenant-data';

/*
 * Every REST route, asked by another org of the entity and by another entity for what is not theirs.
 */
let gateway: TestGatewayServer;
let owner: TestClient;
let victim: Estate;
const intruders: Record<string, { client: TestClient; own: Estate }> = {};
const names = ['another org of the entity', 'another entity'];

beforeAll(async () => {
  gateway = await testGateway();
  owner = await gateway.client();
  const south = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] });
  const globex = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  for (const [at, client] of [south, globex].entries()) {
    intruders[names[at]] = { client, own: await estate(gateway, await client.work(), 'Own') };
  }
  // Numbers count up in each entity: those of the second estate exist nowhere in Globex.
  await estate(gateway, await owner.work(), 'Secret');
  victim = await estate(gateway, await owner.work(), 'Secret');
}, 120_000);
afterAll(() => gateway.close());

const delivery = (of: Estate) => ({
  orderLineItemId: of.ids.orderLineItem,
  fulfillmentDate: '2022-01-01',
  quantity: 1,
});
const keysOf = (of: Estate) => [of.ids.fulfillment, of.numbers.fulfillment];
const onFulfillment = (method: 'GET' | 'PUT' | 'DELETE', payload?: object) => (of: Estate) =>
  keysOf(of).map((key) => ({ method, url: `/v1/fulfillments/${key}`, payload }));
const onItem = (method: 'GET' | 'PUT' | 'DELETE', payload?: object) => (of: Estate) => [
  { method, url: `/v1/fulfillment-items/${of.ids.fulfillmentItem}`, payload },
];

const onLine = (method: 'GET' | 'PUT', query: string, payload?: object) => (of: Estate) => [
  { method, url: `/v1/order-line-items/${of.ids.orderLineItem}${query}`, payload },
];

const shown = (path: string, noun: 'account' | 'order' | 'invoice' | 'creditMemo') => (of: Estate) =>
  [of.ids[noun], of.numbers[noun]].map((key) => ({ method: 'GET' as const, url: `/v1/${path}/${key}` }));

const ofAccount = (path: string) => (of: Estate) =>
  [`accountId=${of.ids.account}`, `accountNumber=${of.numbers.account}`].map((query) => ({
    ...{ method: 'GET' as const, url: `/v1/${path}?${query}` },
  }));

const onRun =
  (method: 'GET' | 'PUT' | 'DELETE', act = '') =>
  (of: Estate) =>
    [of.ids.billRun, of.numbers.billRun].map((key) => ({ method, url: `/v1/bill-runs/${key}${act}` }));

/** What asks for the estate through each route. */
const routes: Record<string, (of: Estate) => InjectOptions[]> = {
  'POST /v1/fulfillments': (of) => [
    { method: 'POST', url: '/v1/fulfillments', payload: { fulfillments: [delivery(of)] } },
  ],
  'GET /v1/fulfillments/:key': (of) => [
    ...onFulfillment('GET')(of),
    { method: 'GET', url: `/v1/fulfillments/${of.sent}?fulfillment-items=true` },
  ],
  'PUT /v1/fulfillments/:key': onFulfillment('PUT', { carrier: 'X' }),
  'DELETE /v1/fulfillments/:key': onFulfillment('DELETE'),
  'POST /v1/fulfillment-items': (of) =>
    [of.sent, of.numbers.fulfillment].map((fulfillmentNumber) => ({
      method: 'POST',
      url: '/v1/fulfillment-items',
      payload: { fulfillmentItems: [{ fulfillmentNumber, itemIdentifier: 'X' }] },
    })),
  'GET /v1/fulfillment-items/:id': onItem('GET'),
  'PUT /v1/fulfillment-items/:id': onItem('PUT', { description: 'X' }),
  'DELETE /v1/fulfillment-items/:id': onItem('DELETE'),
  'POST /v1/bill-runs': (of) => [
    {
      method: 'POST',
      url: '/v1/bill-runs',
      payload: { targetDate: '2000-01-01', billRunFilters: [{ filterType: 'Account', accountId: of.ids.account }] },
    },
  ],
  'GET /v1/bill-runs/:id': onRun('GET'),
  'PUT /v1/bill-runs/:id/post': onRun('PUT', '/post'),
  'PUT /v1/bill-runs/:id/cancel': onRun('PUT', '/cancel'),
  'DELETE /v1/bill-runs/:id': onRun('DELETE'),
  'POST /v1/orders': (of) => [
    {
      method: 'POST',
      url: '/v1/orders',
      payload: {
        existingAccountNumber: of.numbers.account,
        orderDate: '2022-01-01',
        orderLineItems: [{ itemName: 'X', itemType: 'Fee', quantity: 1, amountPerUnit: 1 }],
      },
    },
  ],
  'GET /v1/orders/:key': shown('orders', 'order'),
  'POST /v1/accounts': (of) => [
    { method: 'POST', url: '/v1/accounts', payload: { name: 'X', currency: 'USD', orgId: of.orgId } },
  ],
  'GET /v1/accounts/:key': shown('accounts', 'account'),
  'PUT /v1/accounts/:key': (of) =>
    [of.ids.account, of.numbers.account].map((key) => ({
      ...{ method: 'PUT', url: `/v1/accounts/${key}`, payload: { notes: 'X' } },
    })),
  'GET /v1/invoices': ofAccount('invoices'),
  'GET /v1/creditmemos': ofAccount('creditmemos'),
  'GET /v1/invoices/:key/items': (of) =>
    [of.ids.invoice, of.numbers.invoice].map((key) => ({ method: 'GET', url: `/v1/invoices/${key}/items` })),
  'GET /v1/invoices/:key': shown('invoices', 'invoice'),
  'GET /v1/creditmemos/:key': shown('creditmemos', 'creditMemo'),
  'GET /v1/order-line-items/:id': onLine('GET', '?fulfillment=true'),
  'PUT /v1/order-line-items/:id': onLine('PUT', '', { paymentTerm: 'Net 30' }),
  'POST /v1/order-line-items/bulk': (of) => [
    {
      method: 'POST',
      url: '/v1/order-line-items/bulk',
      payload: { orderLineItems: [{ id: of.ids.orderLineItem, billTargetDate: '2022-01-01' }] },
    },
  ],
};
/** The queries of objects: a page of those of the estate, and one by its keys. They have no `success`. */
const queries = views.flatMap(({ path, object, parents }): [string, (of: Estate) => string[]][] => {
  const noun = nounNamed(object.type)!;
  const of = (estate: Estate) => [estate.ids[noun], estate.numbers[noun as 'account']].filter(Boolean);
  const list = `/object-query/${path}`;
  return [
    [list, (estate) => (parents ? [`${list}?filter[]=id.EQ:${estate.ids[noun]}`] : [list, `${list}?pageSize=99`])],
    [`${list}/:key`, (estate) => of(estate).map((key) => `${list}/${key}`)],
  ];
});

/** Routes that show nothing of any tenant, or have a walk of their own. */
// A document that is registered is carried out as any other.
const elsewhere =
  /^(GET (\/|\/livez|\/readyz|\/metrics)|POST \/oauth\/token|GET \/v1\/(openapi\.json|docs(\/:file)?)|POST \/v1\/fulfillments\/import|GET \/\.well-known\/oauth-authorization-server|\w+ \/graphql(\/:documentId)?|\w+ \/(playground|board)\*?)$/;

/** The routes that are served, as fastify prints them; those of a method that is refused are no routes. */
async function served(): Promise<string[]> {
  const all: (readonly [string, string])[] = [];
  // A tree, in which each line goes on from the one that it is indented below.
  const above: string[] = [];
  for (const line of gateway.server.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, part, methods] = /^(.*?[├└]── )(\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    if (!part) continue;
    const depth = indent.length / 4;
    above.splice(depth - 1, above.length, part);
    const url = above.join('');
    for (const method of methods?.split(', ') ?? []) all.push([method, url]);
  }
  const found: string[] = [];
  for (const [method, url] of all) {
    if (method === 'HEAD' || method === 'OPTIONS') continue;
    const { status } = await owner.request({
      method: method as 'GET',
      url: url.replace(/:\w+/, 'x').replace('*', '/x'),
    });
    if (status !== 405) found.push(`${method} ${url}`);
  }
  return found;
}

test('the walk has a case for every route', async () => {
  const all = await served();
  expect(all.length).toBeGreaterThan(10);
  const walked = [...Object.keys(routes), ...queries.map(([route]) => `GET ${route}`)];
  expect(all.filter((route) => !elsewhere.test(route)).sort()).toEqual(walked.sort());
  // The OpenAPI document has them all.
  const declared = operations.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
  expect(walked.sort()).toEqual(declared.sort());
});

describe.each(names)('a client of %s', (name) => {
  test.each(Object.keys(routes))('finds nothing of others by %s, and changes nothing', async (route) => {
    const { client, own } = intruders[name];
    const before = await everything(gateway.database, victim);
    for (const options of routes[route](victim)) {
      for (const headers of options.method === 'POST' ? [{}, { 'idempotency-key': `${name} ${route}` }] : [{}]) {
        const { status, body, text } = await client.request({ ...options, headers });
        expect([status, body.success]).toEqual([200, false]);
        expect(body.reasons.map(({ code }: { code: number }) => code % 100)).toEqual([40]);
        expect(text).not.toContain('Secret');
        if (options.method === 'POST') break;
      }
    }
    expect(await everything(gateway.database, victim)).toEqual(before);
    const mixed = { fulfillments: [delivery(own), delivery(victim)] };
    if (route === 'POST /v1/fulfillments') {
      const { body } = await client.request({ method: 'POST', url: '/v1/fulfillments', payload: mixed });
      expect([body.success, body.reasons.length]).toEqual([false, 1]);
      expect(await everything(gateway.database, victim)).toEqual(before);
    }
  });

  test.each(queries)('finds nothing of others by GET %s', async (route, asked) => {
    const { client } = intruders[name];
    for (const url of asked(victim)) {
      const { status, text, body } = await client.request({ method: 'GET', url });
      expect([url, status]).toEqual([url, route.endsWith(':key') ? 404 : 200]);
      for (const each of [...Object.values(victim.ids), 'Secret']) expect(text).not.toContain(each);
      if (url.includes('filter')) expect(body).toEqual({ data: [] });
      // Its owner sees it.
      const shown = await owner.request({ method: 'GET', url });
      expect([url, shown.status, shown.text.length > 20]).toEqual([url, 200, true]);
    }
  });

  test('imports nothing on line items of others, and its own lines beside them', async () => {
    const { client, own } = intruders[name];
    const shipped = async () => {
      const { fulfillment, order_line_item } = await everything(gateway.database, victim);
      return { fulfillment, order_line_item };
    };
    const before = await shipped();
    const answer = await client.request({
      ...{ method: 'POST', url: '/v1/fulfillments/import' },
      headers: { 'content-type': 'application/jsonl', 'idempotency-key': name },
      payload: [delivery(victim), delivery(own)].map((each) => JSON.stringify(each)).join('\n'),
    });
    const [refused, created] = answer.text.split('\n').map((line) => line && JSON.parse(line));
    expect([answer.status, refused.errors[0].code]).toEqual([200, 'NOT_FOUND']);
    expect(created).toEqual({ line: 2, fulfillmentNumber: expect.any(String) });
    expect(answer.text).not.toContain('Secret');
    expect(await shipped()).toEqual(before);
  });

  test('is refused the org by its header on every route', async () => {
    const { client } = intruders[name];
    for (const [options] of Object.values(routes).map((asked) => asked(victim))) {
      const { status } = await client.request({ ...options, headers: { 'zuora-org-ids': victim.orgId } });
      expect(status).toBe(403);
    }
  });
});

/** Last: what it asks is done. */
test.each([...Object.keys(routes)].sort((a, b) => Number(a.startsWith('DELETE')) - Number(b.startsWith('DELETE'))))(
  'the owner may ask %s',
  async (route) => {
    const [options] = routes[route](victim);
    const { status, body } = await owner.request(options);
    // The run is done with: its owner is told so, and not that there is none.
    const isKnown = route.includes('/v1/bill-runs/') && body.reasons?.[0].code % 100 === 30;
    expect([status, body.success || isKnown]).toEqual([200, true]);
  },
);
