import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Config, readConfig } from '../../src/config';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * People sign in at a real issuer: oidc-provider as `npm run demo:issuer` runs it, with openid-client as the application. The
 * gateway is configured by the command that the issuer prints. What tokens may say besides is in test/http/auth/people.test.ts.
 */
let issuer: ChildProcess;
let person: ChildProcess;
let config: Config;
let gateway: TestGatewayServer;
let own: TestClient;

interface SignedIn {
  token: string;
  renewed: string;
  again: string;
  withoutVerifier: string;
}

beforeAll(async () => {
  issuer = spawn(process.execPath, [path.resolve('examples/issuer/issuer.mjs'), '--port', '0']);
  person = fork(path.resolve('test/clients/oauth/person.mjs'));
  const command = await new Promise<string>((resolve, reject) => {
    let out = '';
    issuer.stdout!.on('data', (chunk) => {
      out += chunk;
      const found = /\n(JWT_ISSUER[\s\S]*)npm start/.exec(out);
      if (found) resolve(found[1]);
    });
    issuer.on('close', () => reject(new Error('the issuer has ended')));
  });
  config = readConfig(
    Object.fromEntries([...command.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
  );
  gateway = await testGateway({ server: { outside: config.outside } });
  own = await gateway.client({ grants: [{ entity: 'Northwind Devices', orgs: ['Americas', 'Europe'] }] });
}, 60_000);
afterAll(async () => {
  issuer.kill();
  person.kill();
  await gateway.close();
});

/** The whole way: to the issuer, through its login page, back with a code, and for a token. */
async function signIn(who: string, ...groups: string[]): Promise<SignedIn> {
  const { issuer, clientId, scope, resource } = config.boardSignIn!;
  person.send({ issuer, clientId, scope, resource, person: who, groups });
  const [told] = await once(person, 'message');
  if (told.error) throw new Error(`${told.error} ${told.cause}`);
  return told;
}

const at = (token: string, query: string) => own.graphql(query, {}, { authorization: `Bearer ${token}` });
const viewer = async (token: string) =>
  (await at(token, '{ viewer { clientId name scopes orgs { name } } }')).body.data.viewer;

test('a person who signs in has a client, the rights of the groups, and a name in the history', async () => {
  const { token, renewed, again, withoutVerifier } = await signIn('person-chi', 'warehouse-europe');
  const seen = await viewer(token);
  expect(seen).toEqual({
    ...{ clientId: expect.any(String), name: 'Chi Nguyen', scopes: ['read', 'fulfill'], orgs: [{ name: 'Europe' }] },
  });
  expect(await viewer(renewed)).toEqual(seen);
  // A code is good for one token, and none is given without a verifier.
  expect([again, withoutVerifier]).toEqual(['invalid_grant', 'invalid_request']);

  const operator = await signIn('person-bo', 'fulfillment-operators');
  const create = `mutation { createAccount(input: {name: "A", currency: "USD", orgId: "${await orgId(operator.token)}"}) {
    account { history(first: 1) { nodes { actor actorName } } } userErrors { message } } }`;
  const { createAccount } = (await at(operator.token, create)).body.data;
  const { clientId } = await viewer(operator.token);
  expect(createAccount).toEqual({
    ...{ account: { history: { nodes: [{ actor: clientId, actorName: 'Bo Lindqvist' }] } }, userErrors: [] },
  });
  expect(clientId).not.toBe(seen.clientId);
});

const orgId = async (token: string): Promise<string> =>
  (await at(token, '{ viewer { orgs { id } } }')).body.data.viewer.orgs[0].id;

test('a group that is taken away is gone with the next token, and the client stays', async () => {
  const before = await viewer((await signIn('person-ada', 'fulfillment-operators', 'billing-clerks')).token);
  expect(before.scopes).toEqual(['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay', 'webhook']);
  const after = await viewer((await signIn('person-ada', 'billing-clerks')).token);
  expect(after).toEqual({ ...before, scopes: ['read', 'bill', 'pay'] });
});

test('a person whose groups have no rights is told so', async () => {
  const { token } = await signIn('person-dee', 'book-club');
  const { status, body } = await at(token, '{ viewer { name } }');
  expect([status, body.errors[0].message]).toEqual([403, 'The bearer token names no group that has rights here.']);
});

test('while the issuer is down, people with a token go on, and a process that does not know its keys is UNAVAILABLE', async () => {
  const { token } = await signIn('person-bo', 'fulfillment-operators');
  await viewer(token);
  issuer.kill();
  await once(issuer, 'close');
  expect((await viewer(token)).name).toBe('Bo Lindqvist');
  const started = await testGateway({ database: gateway.database, server: { outside: config.outside } });
  const headers = { authorization: `Bearer ${token}` };
  const payload = { query: '{ viewer { name } }' };
  const reply = await started.server.app.inject({ method: 'POST', url: '/graphql', headers, payload });
  expect([reply.statusCode, reply.json().errors[0].extensions.code]).toEqual([503, 'UNAVAILABLE']);
  await started.server.app.close();
});
