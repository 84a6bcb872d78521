import { spawn } from 'node:child_process';
import path from 'node:path';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* OAuth libraries that partners use, each in a process of its own as it is written in its manual. */

let gateway: TestGatewayServer;
let client: TestClient;
let origin: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client({ scopes: ['read', 'order'] });
  origin = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => gateway.close());

interface Told {
  issuer?: string;
  token: string;
  read: string;
  refused: string;
  unknown?: number;
}

function run(name: string): Promise<Told[]> {
  const script = path.resolve('test/clients/oauth', `${name}.mjs`);
  const child = spawn(process.execPath, [script, origin, client.clientId, client.secret]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('close', (status) => (status === 0 ? resolve(JSON.parse(out)) : reject(new Error(err))));
  });
}

async function expectServed({ token, read, refused }: Told): Promise<void> {
  const answer = await client.graphql('{ viewer { scopes } }', {}, { authorization: `Bearer ${token}` });
  expect(answer.body).toEqual({ data: { viewer: { scopes: ['read', 'order'] } } });
  expect([read.split(' ').at(-1), refused]).toEqual(['read', 'invalid_scope']);
}

test('openid-client discovers the gateway and gets tokens, by each way to sign in', async () => {
  const told = await run('openid-client');
  expect(told.map(({ issuer }) => issuer)).toEqual([origin, origin, origin]);
  for (const each of told) await expectServed(each);
});

test('simple-oauth2 gets tokens', async () => {
  const [told] = await run('simple-oauth2');
  await expectServed(told);
  expect(told.unknown).toBe(401);
});
