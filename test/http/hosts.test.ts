import { demoClientId, demoSecret } from '../../src/demo/fill';
import { type TestGatewayServer, testGateway } from '../support/gateway';

// A web page can have its own name lead to this machine: the browser then sends that name along as Host.

let demo: TestGatewayServer;
let production: TestGatewayServer;
beforeAll(async () => {
  const options = { demo: { clientId: demoClientId, clientSecret: demoSecret }, allowedHosts: ['Demo.example.com'] };
  demo = await testGateway({ server: { ...options, metricsToken: undefined } });
  production = await testGateway({ database: demo.database });
});
afterAll(async () => {
  await production.server.app.close();
  await demo.close();
});

const paths = [
  '/playground',
  '/board',
  '/',
  '/graphql',
  '/v1/fulfillments/F-1',
  '/metrics',
  '/livez',
  '/oauth/token',
  '/nothing',
];
const asked = async (gateway: TestGatewayServer, url: string, host: string, headers: object = {}, more: object = {}) =>
  (await gateway.server.app.inject({ url, headers: { host, ...headers }, ...more })).statusCode;

describe('the demo', () => {
  test.each([
    'attacker.example',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    '0.0.0.0',
    '10.0.0.1',
    'localhost:4000.a',
  ])('answers nothing for the Host "%s"', async (host) => {
    for (const url of paths) expect([url, await asked(demo, url, host)]).toEqual([url, 403]);
  });

  test.each([
    'localhost',
    'LOCALHOST:4000',
    'localhost.',
    '127.0.0.1:4000',
    '[::1]:4000',
    'demo.example.com',
    'demo.example.com:443',
  ])('answers for the Host "%s"', async (host) => {
    expect(await asked(demo, '/livez', host)).toBe(200);
    expect(await asked(demo, '/graphql', host)).toBe(401);
  });

  test('N26: does not take X-Forwarded-Host for one', async () => {
    const forwarded = { 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' };
    expect(await asked(demo, '/livez', 'attacker.example', forwarded)).toBe(403);
  });

  test('N26: shows its metrics to this machine alone, whatever a Host or X-Forwarded-Host says', async () => {
    const forwarded = { 'x-forwarded-host': 'localhost' };
    const elsewhere = { remoteAddress: '192.0.2.1' };
    expect(await asked(demo, '/metrics', 'localhost:9090')).toBe(200);
    expect(await asked(demo, '/metrics', 'localhost', {}, elsewhere)).toBe(403);
    expect(await asked(demo, '/metrics', 'localhost', forwarded, elsewhere)).toBe(403);
    expect(await asked(demo, '/metrics', 'demo.example.com', forwarded)).toBe(403);
  });
});

describe('with a database of its own, the gateway', () => {
  test('answers for every Host', async () => {
    expect(await asked(production, '/livez', 'gateway.example.com')).toBe(200);
  });
});
