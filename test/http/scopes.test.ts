import Fastify from 'fastify';
import { type Scope, scopes } from '../../src/domain/caller';
import { authenticated } from '../../src/http/request';
import { type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
afterAll(() => gateway.close());

const routes: ['GET' | 'POST' | 'PUT' | 'DELETE', string, Scope][] = [
  ['POST', '/v1/fulfillments', 'fulfill'],
  ['POST', '/v1/fulfillments/import', 'fulfill'],
  ['GET', '/v1/fulfillments/F-1', 'read'],
  ['PUT', '/v1/fulfillments/F-1', 'fulfill'],
  ['DELETE', '/v1/fulfillments/F-1', 'fulfill'],
  ['POST', '/v1/fulfillment-items', 'fulfill'],
  ['GET', '/v1/fulfillment-items/1', 'read'],
  ['PUT', '/v1/fulfillment-items/1', 'fulfill'],
  ['DELETE', '/v1/fulfillment-items/1', 'fulfill'],
  ['GET', '/v1/order-line-items/1', 'read'],
  ['PUT', '/v1/order-line-items/1', 'order'],
  ['POST', '/v1/order-line-items/bulk', 'order'],
  ['POST', '/v1/orders', 'order'],
  ['POST', '/v1/bill-runs', 'bill'],
  ['GET', '/v1/bill-runs/1', 'read'],
  ['PUT', '/v1/bill-runs/1/post', 'bill'],
  ['PUT', '/v1/bill-runs/1/cancel', 'bill'],
  ['DELETE', '/v1/bill-runs/1', 'bill'],
  ['GET', '/v1/orders/O-1', 'read'],
  ['POST', '/v1/accounts', 'order'],
  ['GET', '/v1/accounts/A-1', 'read'],
  ['PUT', '/v1/accounts/A-1', 'order'],
  ['GET', '/v1/invoices', 'read'],
  ['GET', '/v1/invoices/INV-1/items', 'read'],
  ['GET', '/v1/creditmemos', 'read'],
  ['GET', '/object-query/fulfillments', 'read'],
  ['GET', '/v1/invoices/INV-1', 'read'],
  ['GET', '/v1/creditmemos/CM-1', 'read'],
];

describe('a published operation', () => {
  test('is open to its scope alone; to a client with all others it is 403, before its body is read', async () => {
    for (const scope of new Set(routes.map(([, , scope]) => scope))) {
      const it = await gateway.client({ scopes: [scope] });
      const others = await gateway.client({ scopes: scopes.filter((each) => each !== scope) });
      for (const [method, url] of routes.filter((route) => route[2] === scope)) {
        const headers = { 'content-type': 'application/json' };
        const asked = { method, url, headers, ...(method !== 'GET' && { payload: '{"no JSON' }) };
        const refused = await others.request(asked);
        const message = `This operation needs the scope "${scope}".`;
        expect([url, refused.status, refused.body.reasons?.[0].message]).toEqual([url, 403, message]);
        expect([url, (await it.request(asked)).status]).toEqual([url, method === 'GET' ? 200 : 400]);
      }
    }
  });

  test('that named no scope would stop the start', async () => {
    const { server } = gateway;
    const start = async (config?: { scope: Scope | null }) => {
      const app = Fastify();
      await app.register(async (inside) => {
        authenticated(inside, server.identity);
        inside.get('/v1/new', { config }, async () => 'open to all');
      });
      await app.ready();
      await app.close();
    };
    await expect(start()).rejects.toThrow('GET /v1/new names no scope');
    await start({ scope: 'read' });
  });
});
