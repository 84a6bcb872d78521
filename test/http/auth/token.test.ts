import { createHmac } from 'node:crypto';
import { createDecoder, createSigner } from 'fast-jwt';
import { RequestError } from '../../../src/domain/errors';
import { Identity } from '../../../src/http/auth/identity';
import { type Credentials, clientIdOf, createClient, grantsOf } from '../../../src/service/client';
import { revokeSecret, rotateSecret } from '../../../src/service/client-change';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';

const signingKey = 'a signing key of more than 32 characters';
const issuer = 'order-fulfillment-gateway';

let database: TestDatabase;
let identity: Identity;
let one: Credentials;
let both: Credentials;
let secretId: string;

beforeAll(async () => {
  database = await testDatabase();
  identity = new Identity({ db: database.db, signingKey });
  const all = ['Acme', 'Globex'].map((entity) => ({ entity, orgs: ['North'] }));
  both = await createClient(database.db.aside(), { name: 'both', scopes: ['read', 'bill'], grants: all });
  one = await createClient(database.db.aside(), { name: 'one', scopes: ['read'], grants: all.slice(0, 1) });
  [secretId] = (await grantsOf(database.db.aside(), one.clientId))!.secretIds;
}, 60_000);
afterAll(() => database.close());

async function refusal(headers: Record<string, string>): Promise<[string, string]> {
  const error = await identity.callerOf(headers, 'request').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RequestError);
  return [(error as RequestError).code, (error as RequestError).message];
}

describe('a bearer token', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const claims = (more: object = {}) => ({
    ...{ iss: issuer, aud: issuer, sub: one.clientId, jti: 'j', secret_id: secretId, iat: now(), exp: now() + 60 },
    ...more,
  });
  const signed = (more: object = {}, key = signingKey, algorithm: 'HS256' | 'HS512' = 'HS256') =>
    createSigner({ key, algorithm, noTimestamp: true })(claims(more));
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const using = (token: string) => refusal({ authorization: `Bearer ${token}` });

  test('is a JWT that names the client and lasts an hour', async () => {
    const reply = await identity.issue(both.clientId, both.secret);
    const { header, payload } = createDecoder({ complete: true })(reply.access_token);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    const grants = (await grantsOf(database.db.aside(), both.clientId))!;
    const scope = [...grants.entities.map(({ id }) => `entity.${id}`), 'read', 'bill'].join(' ');
    expect(payload).toEqual({
      ...{ iss: issuer, aud: issuer, sub: both.clientId, jti: reply.jti, secret_id: grants.secretIds[0], scope },
      ...{ iat: expect.any(Number), exp: payload.iat + 3600 },
    });
    expect(JSON.stringify(payload)).not.toContain(both.secret);
  });

  test('signed with our key and carrying our claims is taken', async () => {
    const caller = await identity.callerOf({ authorization: `bearer ${signed()}` }, 'r');
    expect(caller.clientId).toBe(one.clientId.replaceAll('-', ''));
  });

  test.each<[string, () => string]>([
    ['signed with another key', () => signed({}, 'some other key of more than 32 characters')],
    ['signed with an algorithm that we do not use', () => signed({}, signingKey, 'HS512')],
    ['without a signature, alg none', () => `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims())}.`],
    ['without a signature, alg HS256', () => `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims())}.`],
    [
      'whose alg none is signed all the same',
      () => {
        const content = `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims())}`;
        return `${content}.${createHmac('sha256', signingKey).update(content).digest('base64url')}`;
      },
    ],
    [
      'whose claims were changed',
      () => {
        const [header, , signature] = signed().split('.');
        return `${header}.${encoded(claims({ sub: both.clientId }))}.${signature}`;
      },
    ],
    ['for another audience', () => signed({ aud: 'another-service' })],
    ['of another issuer', () => signed({ iss: 'https://issuer.example' })],
    ['without an audience', () => signed({ aud: undefined })],
    ['without an expiry', () => signed({ exp: undefined })],
    ['that names no secret', () => signed({ secret_id: undefined })],
    ['that is not valid yet', () => signed({ nbf: now() + 60 })],
    ['that is no JWT', () => 'a.b.c'],
  ])('%s is UNAUTHENTICATED, twice', async (_name, make) => {
    const token = make();
    for (let i = 0; i < 2; i++) {
      const [code, message] = await using(token);
      expect([code, message]).toEqual(['UNAUTHENTICATED', expect.stringContaining('The bearer token is not valid.')]);
      expect(message).not.toContain(token);
    }
  });

  test('that has expired is UNAUTHENTICATED, also when it was taken before', async () => {
    expect(await using(signed({ exp: now() - 1 }))).toEqual([
      'UNAUTHENTICATED',
      'The bearer token has expired. Get another from POST /oauth/token and try again.',
    ]);
    const short = signed({ exp: now() + 1 });
    await identity.callerOf({ authorization: `Bearer ${short}` }, 'r');
    await new Promise((done) => setTimeout(done, 2_000));
    expect((await using(short))[1]).toContain('expired');
  });

  test('ends with the secret that it was issued for; one for another secret works at once', async () => {
    const { db } = database;
    const client = await createClient(db.aside(), {
      name: 'c',
      scopes: ['read'],
      grants: [{ entity: 'A', orgs: ['N'] }],
    });
    const slow = new Identity({ db, signingKey, grantsTtlMs: 60_000 });
    const eager = new Identity({ db, signingKey, grantsTtlMs: 0 });
    const headersFor = async (secret: string) => {
      const { access_token: token } = await identity.issue(client.clientId, secret);
      return { authorization: `Bearer ${token}` };
    };
    const before = await headersFor(client.secret);
    await slow.callerOf(before, 'r');
    const { secret } = await rotateSecret(db, client.clientId);
    const after = await headersFor(secret);
    // Although what was known of the client is younger than a minute.
    await slow.callerOf(after, 'r');

    const [oldest] = (await grantsOf(db.aside(), client.clientId))!.secretIds.slice(-1);
    await revokeSecret(db, client.clientId, oldest);
    await expect(eager.callerOf(before, 'r')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'The client_secret that this bearer token was issued for does not exist any more.',
    });
    await eager.callerOf(after, 'r');
  });

  test('of a client that does not exist is UNAUTHENTICATED', async () => {
    expect((await using(signed({ sub: clientIdOf(newId()) })))[0]).toBe('UNAUTHENTICATED');
    expect((await using(signed({ sub: 'nobody' })))[0]).toBe('UNAUTHENTICATED');
  });

  test.each([[''], ['Basic Zm9vOmJhcg=='], ['Bearer'], ['Bearer '], ['Bearer a b'], ['token']])(
    'is asked for where Authorization is %j',
    async (authorization) => {
      expect((await refusal({ authorization }))[0]).toBe('UNAUTHENTICATED');
    },
  );

  test('is asked for where there is no Authorization', async () => {
    expect((await refusal({}))[0]).toBe('UNAUTHENTICATED');
  });
});
