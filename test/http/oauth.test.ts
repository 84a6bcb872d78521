import Fastify, { type FastifyInstance } from 'fastify';
import { Identity } from '../../src/http/auth';
import { addressOf, oauth } from '../../src/http/oauth';
import { type Credentials, clientIdOf, createClient, grantsOf } from '../../src/service/client';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';
import { testGateway } from '../support/gateway';

let database: TestDatabase;
let identity: Identity;
let one: Credentials;
let entityId: string;

beforeAll(async () => {
  database = await testDatabase();
  identity = new Identity({ db: database.db, signingKey: 'a signing key of more than 32 characters' });
  const grants = [{ entity: 'Acme', orgs: ['North', 'South'] }];
  one = await createClient(database.db.aside(), { name: 'one', scopes: ['read'], grants });
  entityId = (await grantsOf(database.db.aside(), one.clientId))!.entities[0].id;
}, 60_000);
afterAll(() => database.close());

describe('POST /oauth/token', () => {
  let app: FastifyInstance;
  beforeEach(async () => {
    app = Fastify();
    app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ masked: true }));
    app.register(oauth(identity));
    app.post('/elsewhere', async () => 'reached');
    await app.ready();
  });
  afterEach(() => app.close());

  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
  const credentials = (more: Record<string, string> = {}) =>
    form({ grant_type: 'client_credentials', client_id: one.clientId, client_secret: one.secret, ...more });
  const post = (payload: string, type = 'application/x-www-form-urlencoded', remoteAddress = '192.0.2.1') =>
    app.inject({ method: 'POST', url: '/oauth/token', headers: { 'content-type': type }, payload, remoteAddress });

  test('answers with a token that works, in the published fields, not to be cached', async () => {
    const type = 'application/x-www-form-urlencoded; charset=UTF-8';
    const reply = await post(credentials(), type);
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toContain('application/json');
    expect([reply.headers['cache-control'], reply.headers.pragma]).toEqual(['no-store', 'no-cache']);
    const body = reply.json();
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3599,
      scope: `entity.${entityId} read`,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const caller = await identity.callerOf({ authorization: `Bearer ${body.access_token}` }, 'r');
    expect(caller.clientId).toBe(one.clientId.replaceAll('-', ''));
  });

  test('takes the client_id without dashes too', async () => {
    expect((await post(credentials({ client_id: one.clientId.replaceAll('-', '') }))).statusCode).toBe(200);
  });

  test.each<[string, () => string, number, string]>([
    ['a wrong secret', () => credentials({ client_secret: 'wrong' }), 401, 'invalid_client'],
    ['an unknown client', () => credentials({ client_id: clientIdOf(newId()) }), 401, 'invalid_client'],
    ['a client_id of another form', () => credentials({ client_id: 'demo' }), 401, 'invalid_client'],
    ['another grant', () => credentials({ grant_type: 'password' }), 400, 'unsupported_grant_type'],
    ['an empty form', () => '', 400, 'invalid_request'],
    ['no grant_type', () => form({ client_id: one.clientId, client_secret: one.secret }), 400, 'invalid_request'],
    ['no client_id', () => credentials({ client_id: '' }), 400, 'invalid_request'],
    ['no secret', () => credentials({ client_secret: '' }), 400, 'invalid_request'],
    ['a repeated field', () => `${credentials()}&client_id=${one.clientId}`, 400, 'invalid_request'],
    ['too much', () => credentials({ client_secret: 'x'.repeat(5_000) }), 413, 'invalid_request'],
  ])('answers %s with the error of RFC 6749 and never with the secret', async (_name, payload, status, error) => {
    const reply = await post(payload());
    expect(reply.statusCode).toBe(status);
    expect(reply.json()).toEqual({ error, error_description: expect.stringMatching(/\.$/) });
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.body).not.toContain(one.secret);
  });

  test('answers an unknown client as it answers a wrong secret', async () => {
    const wrong = await post(credentials({ client_secret: 'wrong' }));
    const unknown = await post(credentials({ client_id: clientIdOf(newId()) }));
    expect(unknown.json()).toEqual(wrong.json());
  });

  test('takes forms only, and leaves the content types of other routes alone', async () => {
    const json = await post('{"grant_type":"client_credentials"}', 'application/json');
    expect([json.statusCode, json.json().error]).toEqual([415, 'invalid_request']);
    expect(json.json().error_description).toContain('application/x-www-form-urlencoded');
    const elsewhere = { method: 'POST', url: '/elsewhere' } as const;
    const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await app.inject({ ...elsewhere, headers: asForm, payload: credentials() })).body).not.toBe('reached');
    expect((await app.inject({ ...elsewhere, payload: { a: 1 } })).body).toBe('reached');
  });

  test('leaves an unexpected failure to the server', async () => {
    await database.owner('alter table client rename to client_away');
    const reply = await post(credentials());
    await database.owner('alter table client_away rename to client');
    expect([reply.statusCode, reply.json()]).toEqual([500, { masked: true }]);
  });

  test('answers the 101st request of an address in a minute with 429 and when to come back', async () => {
    for (let i = 0; i < 100; i++) expect((await post('')).statusCode).toBe(400);
    const reply = await post(credentials());
    expect([reply.statusCode, reply.json().error]).toEqual([429, 'temporarily_unavailable']);
    const wait = Number(reply.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect((await post(credentials(), undefined, '192.0.2.2')).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/elsewhere', payload: {} })).statusCode).toBe(200);
  });
});

describe('the address that token requests are counted by', () => {
  /** Which of 101 requests on behalf of each address, passed on by a peer, are one too many. */
  async function refused(trustProxy: string | undefined, peer: string, addresses: string[]): Promise<number[]> {
    const { server } = await testGateway({ database, server: { trustProxy } });
    const refused = await Promise.all(
      addresses.map(async (address) => {
        let count = 0;
        for (let i = 0; i < 101; i++) {
          const headers = { 'x-forwarded-for': address, 'content-type': 'application/x-www-form-urlencoded' };
          const asked = { method: 'POST', url: '/oauth/token', headers, payload: '', remoteAddress: peer } as const;
          if ((await server.app.inject(asked)).statusCode === 429) count++;
        }
        return count;
      }),
    );
    await server.app.close();
    return refused;
  }
  const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);

  test('is that of the peer, whatever it says, while no proxy is believed', async () => {
    expect(sum(await refused(undefined, '10.0.0.1', ['192.0.2.1', '192.0.2.2']))).toBe(102);
  });

  test('is the one that a proxy names which is believed, and of no other peer', async () => {
    const believed = '10.0.0.0/8, loopback';
    expect(await refused(believed, '10.0.0.1', ['192.0.2.1', '192.0.2.2'])).toEqual([1, 1]);
    expect(sum(await refused(believed, '198.51.100.1', ['192.0.2.1', '192.0.2.2']))).toBe(102);
  });

  test('is the last that no proxy stands behind: what a client puts before it changes nothing', async () => {
    const forwarded = ['203.0.113.1, 192.0.2.1, 10.0.0.7', '203.0.113.2, 192.0.2.1'];
    expect(sum(await refused('10.0.0.0/8', '10.0.0.1', forwarded))).toBe(102);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['1:2:3::', '1:2:3:0'],
    ['unknown', 'none'],
    ['x'.repeat(10_000), 'none'],
  ])('of %s is %s', (ip, counted) => {
    expect(addressOf(ip)).toBe(counted);
  });
});
