import Fastify, { type FastifyInstance } from 'fastify';
import { scopes } from '../../../src/domain/caller';
import { Identity } from '../../../src/http/auth/identity';
import { addressOf, oauth } from '../../../src/http/auth/oauth';
import type { ServerOptions } from '../../../src/server';
import { type Credentials, clientIdOf, createClient, grantsOf } from '../../../src/service/client';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

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

describe('HTTP Basic at /oauth/token', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = Fastify();
    app.register(oauth(identity));
    await app.ready();
  });
  afterAll(() => app.close());

  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const post = (authorization: string, fields: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization },
      payload: new URLSearchParams({ grant_type: 'client_credentials', ...fields }).toString(),
    });
  const own = () => `Basic ${base64(`${one.clientId}:${one.secret}`)}`;

  test('signs a client in, whose id and secret are encoded as in a form', async () => {
    const odd = await createClient(database.db.aside(), {
      name: 'odd',
      scopes: ['read'],
      grants: [{ entity: 'Acme', orgs: ['North'] }],
      secret: 'a:b+c d%20é&=',
    });
    const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
    const credentials = `${encoded(odd.clientId)}:${encoded(odd.secret)}`;
    expect((await post(`Basic ${base64(credentials)}`)).statusCode).toBe(200);
    expect((await post(`basic   ${base64(credentials.replaceAll('+', '%20'))}`)).statusCode).toBe(200);
    expect((await post(`Basic ${base64(`${odd.clientId}:${odd.secret}`)}`)).statusCode).toBe(401);
  });

  test.each<[string, () => Record<string, string>]>([
    ['the same client_id', () => ({ client_id: one.clientId })],
    ['the same client_id in another spelling', () => ({ client_id: one.clientId.replaceAll('-', '').toUpperCase() })],
    ['an empty client_id and client_secret', () => ({ client_id: '', client_secret: '' })],
  ])('goes with %s in the form', async (_what, fields) => {
    const { statusCode, headers } = await post(own(), fields());
    expect([statusCode, headers['www-authenticate']]).toEqual([200, undefined]);
  });

  test.each<[string, () => Record<string, string>]>([
    ['the secret in the form', () => ({ client_secret: one.secret })],
    ['both in the form', () => ({ client_id: one.clientId, client_secret: one.secret })],
    ['another client_id in the form', () => ({ client_id: clientIdOf(newId()) })],
  ])('and %s are two ways to sign in: invalid_request', async (_what, fields) => {
    const { statusCode, body, headers } = await post(own(), fields());
    expect([statusCode, JSON.parse(body).error, headers['www-authenticate']]).toEqual([
      400,
      'invalid_request',
      undefined,
    ]);
    expect(body).not.toContain(one.secret);
  });

  test.each<[string, () => string]>([
    ['a wrong secret', () => `Basic ${base64(`${one.clientId}:wrong`)}`],
    ['an unknown client', () => `Basic ${base64(`${clientIdOf(newId())}:${one.secret}`)}`],
    ['an id that is none', () => `Basic ${base64(`demo:${one.secret}`)}`],
    ['no colon', () => `Basic ${base64(one.clientId)}`],
    ['no secret', () => `Basic ${base64(`${one.clientId}:`)}`],
    ['no id', () => `Basic ${base64(`:${one.secret}`)}`],
    ['a percent sign that begins nothing', () => `Basic ${base64(`${one.clientId}:%zz`)}`],
    ['a nul', () => `Basic ${base64(`${one.clientId}:\0`)}`],
    ['what is no base64', () => 'Basic ::::'],
    ['nothing', () => 'Basic'],
  ])('with %s is invalid_client, and asks for Basic', async (_what, authorization) => {
    const { statusCode, body, headers } = await post(authorization());
    expect([statusCode, JSON.parse(body).error, headers['www-authenticate'], headers['cache-control']]).toEqual([
      401,
      'invalid_client',
      'Basic realm="oauth", charset="UTF-8"',
      'no-store',
    ]);
    expect(body).not.toContain(one.secret);
  });

  test('is not asked for where the form signs in, which would have a browser ask for a password', async () => {
    const form = { client_id: one.clientId, client_secret: 'wrong' };
    const { statusCode, headers } = await post('Bearer some.old.token', form);
    expect([statusCode, headers['www-authenticate']]).toEqual([401, undefined]);
    expect((await post('Bearer some.old.token', { ...form, client_secret: one.secret })).statusCode).toBe(200);
  });
});

describe('the scope of a token', () => {
  let gateway: TestGatewayServer;
  let client: TestClient;
  let entities: Record<string, string>;
  const viewer = '{ viewer { scopes entity { name } entities { name } } }';

  beforeAll(async () => {
    gateway = await testGateway();
    const grants = ['Acme', 'Birch', 'Cedar'].map((entity) => ({ entity, orgs: ['North'] }));
    client = await gateway.client({ scopes: ['read', 'order', 'bill'], grants });
    const granted = await grantsOf(gateway.services.db.aside(), client.clientId);
    entities = Object.fromEntries(granted!.entities.map(({ id, name }) => [name, id]));
    await gateway.client({ grants: [{ entity: 'Dogwood', orgs: ['North'] }] });
  });
  afterAll(() => gateway.close());

  const ask = (scope?: string) =>
    gateway.server.app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret },
        ...(scope !== undefined && { scope }),
      }).toString(),
    });
  const words = (text: string) => text.split(' ').sort();
  const ofAll = () => ['bill', 'order', 'read', ...Object.values(entities).map((id) => `entity.${id}`)].sort();
  const bearing = async (scope: string, query: string, headers: Record<string, string> = {}) => {
    const { access_token } = (await ask(scope)).json();
    const answer = await client.graphql(query, {}, { authorization: `Bearer ${access_token}`, ...headers });
    return { status: answer.status, data: answer.body.data, code: answer.body.errors?.[0].extensions.code };
  };

  test('is all that the client has where the request names none', async () => {
    for (const scope of [undefined, '', '  ']) expect(words((await ask(scope)).json().scope)).toEqual(ofAll());
  });

  test('is what the request names, and the token is good for no more', async () => {
    expect(words((await ask('read  bill read')).json().scope)).toEqual(ofAll().filter((word) => word !== 'order'));
    const inAcme = { 'zuora-entity-ids': entities.Acme };
    expect((await bearing('read', viewer, inAcme)).data.viewer.scopes).toEqual(['read']);
    const account = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
    expect((await bearing('read', account, inAcme)).code).toBe('FORBIDDEN');
    expect((await bearing('order', account, inAcme)).data.createAccount.account).not.toBeNull();
    expect((await bearing('order', viewer, inAcme)).code).toBe('FORBIDDEN');
  });

  test('limits entities too: of one the request need not name it, and another is forbidden', async () => {
    const { Acme, Birch, Cedar } = entities;
    expect(words((await ask(`entity.${Birch}`)).json().scope)).toEqual(['bill', `entity.${Birch}`, 'order', 'read']);
    expect((await bearing(`entity.${Birch}`, viewer)).data.viewer).toEqual({
      scopes: ['read', 'order', 'bill'],
      entity: { name: 'Birch' },
      entities: [{ name: 'Birch' }],
    });
    expect(await bearing(`entity.${Birch}`, viewer, { 'zuora-entity-ids': Acme })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
    const spelt = `read entity.${Acme.toUpperCase()} entity.${clientIdOf(Cedar)}`;
    expect((await bearing(spelt, viewer)).code).toBe('BAD_REQUEST');
    const { viewer: seen } = (await bearing(spelt, viewer, { 'zuora-entity-ids': Cedar })).data;
    expect([seen.scopes, seen.entities.map(({ name }: { name: string }) => name).sort()]).toEqual([
      ['read'],
      ['Acme', 'Cedar'],
    ]);
  });

  test.each<[string, () => string]>([
    ['does not exist', () => 'read everything'],
    ['the client does not have', () => 'read pay'],
    ['has another case', () => 'READ'],
    ['is an entity of another client', () => 'entity.Dogwood'],
    ['is an entity that does not exist', () => `entity.${newId()}`],
    ['is an entity without an id', () => 'entity.'],
    ['is separated by a comma', () => 'read,order'],
    ['cannot be quoted', () => '"\\é\u0000'],
  ])('that %s is invalid_scope, whatever stands beside it', async (_what, scope) => {
    const answer = await ask(scope());
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_scope']);
    // The characters that RFC 6749 allows in error_description.
    expect(answer.json().error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  test('is told only to who has the secret, and once', async () => {
    const payload = (more: string) =>
      `grant_type=client_credentials&client_id=${client.clientId}&client_secret=wrong&scope=everything${more}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = '/oauth/token';
    const post = (more: string) => gateway.server.app.inject({ method: 'POST', url, headers, payload: payload(more) });
    expect([(await post('')).statusCode, (await post('')).json().error]).toEqual([401, 'invalid_client']);
    expect([(await post('&scope=read')).statusCode, (await post('&scope=read')).json().error]).toEqual([
      400,
      'invalid_request',
    ]);
  });

  test('shrinks with what the client is granted, and does not grow with it', async () => {
    const { access_token } = (await ask('read order')).json();
    const all = (await ask()).json().access_token;
    const seen = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'zuora-entity-ids': entities.Acme };
      return (await client.graphql(viewer, {}, headers)).body.data.viewer.scopes;
    };
    await gateway.database.owner("update client set scopes = '{read,pay}' where id = $1", [client.clientId]);
    expect([await seen(access_token), await seen(all)]).toEqual([['read'], ['read', 'pay']]);
    await gateway.database.owner("update client set scopes = '{read,order,bill}' where id = $1", [client.clientId]);
  });
});

describe('GET /.well-known/oauth-authorization-server', () => {
  const url = '/.well-known/oauth-authorization-server';
  const metadata = async (
    server: Partial<ServerOptions>,
    headers: Record<string, string>,
    remoteAddress = '127.0.0.1',
  ) => {
    const gateway = await testGateway({ database, server });
    const answer = await gateway.server.app.inject({ url, headers, remoteAddress });
    await gateway.server.app.close();
    return answer;
  };

  test('tells OAuth libraries what there is', async () => {
    const answer = await metadata({}, { host: 'gateway.example:4000' });
    expect([answer.statusCode, answer.headers['cache-control'], answer.json()]).toEqual([
      200,
      'no-store',
      {
        issuer: 'http://gateway.example:4000',
        token_endpoint: 'http://gateway.example:4000/oauth/token',
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        scopes_supported: [...scopes],
        response_types_supported: [],
      },
    ]);
  });

  test('may be read by pages that may call the API', async () => {
    const answer = await metadata({ corsOrigins: ['https://app.example'] }, { origin: 'https://app.example' });
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
  });

  const forwarded = { host: 'inside:4000', 'x-forwarded-host': 'gateway.example', 'x-forwarded-proto': 'https' };
  test.each<[string, Partial<ServerOptions>, Record<string, string>, string]>([
    ['the configured origin, whatever Host says', { publicUrl: 'https://a.example' }, forwarded, 'https://a.example'],
    ['what a proxy says that is believed', { trustProxy: 'loopback' }, forwarded, 'https://gateway.example'],
    ['Host where no proxy is believed', {}, forwarded, 'http://inside:4000'],
    ['Host where this peer is not believed', { trustProxy: '10.0.0.0/8' }, forwarded, 'http://inside:4000'],
    ['an address of IPv6', {}, { host: '[::1]:4000' }, 'http://[::1]:4000'],
  ])('has as its issuer %s', async (_what, server, headers, issuer) => {
    expect((await metadata(server, headers)).json().issuer).toBe(issuer);
  });

  test.each(['evil.example/path', 'user@evil.example', 'a b', 'a?b', 'a#b', 'a:99999', 'a"b'])(
    'refuses the Host %s',
    async (host) => {
      const answer = await metadata({}, { host });
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'BAD_REQUEST']);
    },
  );
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
