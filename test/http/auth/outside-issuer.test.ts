import { createLinkedClient, type NewClient } from '../../../src/service/client';
import { revokeClient } from '../../../src/service/client-change';
import { type Answer, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { Issuer, jwkOf, type SigningKey, signingKey, tokenOf, withSecret } from '../../support/issuer';

/* An issuer on a port of its own signs with real keys; every token is tried at both doors. */
const ec = signingKey('ec');
const rsa = signingKey('rsa', 'RS256');
const ourKey = 'a key of thirty-two characters or more';
const ourName = 'order-fulfillment-gateway';

let issuer: Issuer;
let gateway: TestGatewayServer;
let own: TestClient;
let linked: string;

const link = (subject: string, more: Partial<NewClient> = {}) =>
  createLinkedClient(gateway.database.db.aside(), {
    ...{ subject, name: subject, scopes: ['read', 'order', 'fulfill'] },
    ...{ grants: [{ entity: 'Acme', orgs: ['North'] }], ...more },
  });

beforeAll(async () => {
  issuer = await Issuer.start(ec, rsa);
  const { issuer: name, audience, jwksUrl } = issuer;
  gateway = await testGateway({
    server: { signingKey: ourKey, outside: { issuer: name, audience, jwksUrl, maxLifetime: 86_400, cooldownMs: 0 } },
  });
  own = await gateway.client();
  linked = await link('erp@clients');
}, 60_000);
afterAll(async () => {
  await gateway.close();
  await issuer.down();
});

const at = (token: string, query: string) =>
  own.graphql(query, {}, { authorization: `Bearer ${token}` }).then(({ body }) => body);
const viewer = (token: string) => at(token, '{ viewer { clientId scopes orgs { name } } }');

interface Refused {
  status: number;
  code: string;
  message: string;
  headers: Answer['headers'];
}

/** How both doors refuse a token: with one status and one message. */
async function refusedWith(token: string): Promise<Refused> {
  const headers = { authorization: `Bearer ${token}` };
  const [graph, rest] = await Promise.all([
    own.graphql('{ viewer { clientId } }', {}, headers),
    own.request({ method: 'GET', url: '/v1/fulfillments/F-00000001', headers }),
  ]);
  const [error] = graph.body.errors;
  expect([rest.status, rest.body.success]).toEqual([graph.status, false]);
  expect(rest.body.reasons).toEqual([{ code: expect.anything(), message: error.message }]);
  return { status: graph.status, code: error.extensions.code, message: error.message, headers: graph.headers };
}

const unauthenticated = (message: string) => expect.objectContaining({ status: 401, code: 'UNAUTHENTICATED', message });
const again = 'Get another from POST /oauth/token, or from its issuer, and try again.';
const now = () => Math.floor(Date.now() / 1000);

describe('a token of an outside issuer', () => {
  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const)(
    'signed with %s stands for the client that its subject is linked to, with what that was granted here',
    async (alg) => {
      // Making one of RSA takes a second.
      const key = { ...(/^[RP]S/.test(alg) ? rsa : signingKey('', alg)), kid: `by ${alg}`, alg };
      issuer.keys.push(jwkOf(key));
      const { data } = await viewer(issuer.token(key, { aud: ['another', issuer.audience], entities: ['Globex'] }));
      const scopes = ['read', 'order', 'fulfill'];
      expect(data).toEqual({ viewer: { clientId: linked, scopes, orgs: [{ name: 'North' }] } });
    },
  );

  test('does not keep our own tokens from being taken', async () => {
    expect((await viewer(own.token)).data.viewer.clientId).toBe(own.clientId);
  });

  test.each<[string, object, string[]]>([
    ['one of ours among others', { scope: 'openid read' }, ['read']],
    ['more than its client has', { scope: 'read fulfill admin bill' }, ['read', 'fulfill']],
    ['a list of them', { scope: ['fulfill', 'read'] }, ['read', 'fulfill']],
    ['one under the name scp', { scp: 'read' }, ['read']],
  ])('that has the scope of %s is for no more than that and what its client may', async (_what, claims, scopes) => {
    expect((await viewer(issuer.token(ec, claims))).data.viewer.scopes).toEqual(scopes);
  });

  test.each([
    ['nothing of ours', { scope: 'openid profile' }],
    ['nothing', { scope: '' }],
    ['an empty list', { scp: [] }],
  ])('that has the scope of %s may do nothing', async (_what, claims) => {
    const { errors, data } = await viewer(issuer.token(ec, claims));
    expect([data, errors[0].extensions.code]).toEqual([{ viewer: null }, 'FORBIDDEN']);
  });

  test.each(['at+jwt', 'application/at+jwt', 'jwt', undefined])('of the typ %s is taken', async (typ) => {
    expect((await viewer(issuer.token(ec, { exp: now() + 86_400 }, { typ }))).data.viewer.clientId).toBe(linked);
  });

  test('that is for one scope is FORBIDDEN what needs another, in the graph and by REST', async () => {
    const token = issuer.token(ec, { scope: 'read' });
    const mutation = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
    expect((await at(token, mutation)).errors[0].extensions.code).toBe('FORBIDDEN');
    const headers = { authorization: `Bearer ${token}` };
    const rest = await own.request({ method: 'DELETE', url: '/v1/fulfillments/F-1', headers });
    expect([rest.status, rest.body.reasons[0].message]).toEqual([403, 'This operation needs the scope "fulfill".']);
    // Scopes of ours that the client has none of leave nothing.
    expect((await at(issuer.token(ec, { scope: 'admin' }), '{ viewer { clientId } }')).errors[0].message).toContain(
      'needs the scope "read"',
    );
  });

  test('signed with a key that has come since the last look is taken, without a restart', async () => {
    const next = signingKey('next');
    const token = issuer.token(next);
    expect((await refusedWith(token)).status).toBe(401);
    issuer.keys.push(jwkOf(next));
    expect((await viewer(token)).data.viewer.clientId).toBe(linked);
  });

  test('is an outage where its key is unknown and the issuer down; one with a known key is taken all the same', async () => {
    const token = issuer.token(ec);
    await viewer(token);
    await issuer.down();
    try {
      const { status, code, headers } = await refusedWith(issuer.token(signingKey('unheard of')));
      expect([status, code, headers['retry-after']]).toEqual([503, 'UNAVAILABLE', '2']);
      expect((await viewer(token)).data.viewer.clientId).toBe(linked);
      expect(gateway.failures.at(-1)?.what).toBe('fetching the keys from JWT_JWKS_URL');
    } finally {
      await issuer.up();
    }
    expect((await refusedWith(issuer.token(signingKey('unheard of')))).status).toBe(401);
  });
});

describe('a token that is refused at both doors, with 401 and the same few words:', () => {
  const attacker = signingKey('ec');
  const publicPem = (key: SigningKey) => key.publicKey.export({ type: 'spki', format: 'pem' }) as string;

  test.each<[string, () => string]>([
    ['signed with a key of somebody else under a known kid', () => issuer.token(attacker)],
    ['whose claims were changed', () => swapped(issuer.token(ec), issuer.token(ec, { sub: 'admin@clients' }))],
    ['with a signature of zeros', () => issuer.token(ec, {}, {}, () => Buffer.alloc(64))],
    ['signed on another curve', () => issuer.token({ ...signingKey('ec', 'ES384'), alg: 'ES256' })],
    ['without a signature', () => issuer.token(ec, {}, {}, () => Buffer.alloc(0))],
    ['with alg none', () => issuer.token(ec, {}, { alg: 'none' }, () => Buffer.alloc(0))],
    ['with alg none, signed all the same', () => issuer.token(ec, {}, { alg: 'none' })],
    ['signed by HS256 with the public key', () => issuer.token(rsa, {}, { alg: 'HS256' }, withSecret(publicPem(rsa)))],
    [
      'signed by HS256 with the public key as it is published',
      () => issuer.token(rsa, {}, { alg: 'HS256' }, withSecret(JSON.stringify(jwkOf(rsa)))),
    ],
    ['signed by HS256 with our key', () => issuer.token(ec, {}, { alg: 'HS256' }, withSecret(ourKey))],
    ['with the algorithm of another kind of key', () => issuer.token(rsa, {}, { alg: 'ES256' })],
    ['with an algorithm that its key is not for', () => issuer.token({ ...rsa, alg: 'PS256' })],
    ['with a header that must be understood', () => issuer.token(ec, {}, { crit: ['b64'], b64: false })],
    ['that brings its key along', () => issuer.token(attacker, {}, { kid: 'mine', jwk: jwkOf(attacker) })],
    ['that says where its key is', () => issuer.token(attacker, {}, { kid: 'mine', jku: issuer.jwksUrl })],
    ['with an unknown kid', () => issuer.token(ec, {}, { kid: 'unknown' })],
    ['without a kid', () => issuer.token(ec, {}, { kid: undefined })],
    ['with a kid that is no text', () => issuer.token(ec, {}, { kid: ['ec'] })],
    ['for another audience', () => issuer.token(ec, { aud: 'https://elsewhere.example' })],
    ['for several others', () => issuer.token(ec, { aud: ['a', 'b'] })],
    ['for us as their issuer', () => issuer.token(ec, { aud: ourName })],
    ['of another issuer', () => issuer.token(ec, { iss: 'https://elsewhere.example' })],
    ['of an issuer whose name begins like it', () => issuer.token(ec, { iss: `${issuer.issuer}/` })],
    ['of a list of issuers', () => issuer.token(ec, { iss: [issuer.issuer] })],
    ['that says it is ours', () => issuer.token(ec, { iss: ourName, aud: ourName, jti: 'j', secret_id: 's' })],
    ['that is not valid yet', () => issuer.token(ec, { nbf: now() + 60 })],
    ['without an issuer', () => issuer.token(ec, { iss: undefined })],
    ['without an audience', () => issuer.token(ec, { aud: undefined })],
    ['without an expiry', () => issuer.token(ec, { exp: undefined })],
    ['with an expiry that is no number', () => issuer.token(ec, { exp: '9999999999' })],
    ['without a subject', () => issuer.token(ec, { sub: undefined })],
    ['with a subject that is no text', () => issuer.token(ec, { sub: 7 })],
    ['with a scope that cannot be read', () => issuer.token(ec, { scope: { read: true } })],
    ['with a scope that is null', () => issuer.token(ec, { scope: null, scp: 'read' })],
    ['that ends a session', () => issuer.token(ec, {}, { typ: 'logout+jwt' })],
    ['that tells an event', () => issuer.token(ec, {}, { typ: 'application/secevent+jwt' })],
    ['with a typ that is no text', () => issuer.token(ec, {}, { typ: ['JWT'] })],
    ['that lives for two days', () => issuer.token(ec, { exp: now() + 2 * 86_400 })],
    ['that has lived for most of two days', () => issuer.token(ec, { iat: now() - 2 * 86_400, exp: now() + 60 })],
    ['that is from the future', () => issuer.token(ec, { iat: now() + 2 * 86_400, exp: now() + 2 * 86_400 + 60 })],
    ['of no known age, for two days', () => issuer.token(ec, { iat: undefined, exp: now() + 2 * 86_400 })],
    ['of ours, signed with another key', () => tokenOf({ iss: ourName }, { alg: 'HS256' }, withSecret('another key'))],
    ['that is no token', () => 'a.b.c'],
    ['of which nothing is left', () => '..'],
  ])('one %s', async (_what, make) => {
    const token = make();
    expect(await refusedWith(token)).toEqual(unauthenticated(`The bearer token is not valid. ${again}`));
    // And not because it was the first time.
    expect((await refusedWith(token)).status).toBe(401);
  });

  test('one that has expired, once the clocks cannot be what differs', async () => {
    const expired = issuer.token(ec, { exp: now() - 10 });
    expect(await refusedWith(expired)).toEqual(unauthenticated(`The bearer token has expired. ${again}`));
    expect((await viewer(issuer.token(ec, { exp: now() - 1, nbf: now() + 2 }))).data.viewer.clientId).toBe(linked);
    // Whoever cannot sign does not learn whether the rest would do.
    const forged = issuer.token(attacker, { exp: now() - 10 });
    expect(await refusedWith(forged)).toEqual(unauthenticated(`The bearer token is not valid. ${again}`));
  });

  test.each([
    ['that nobody has', 'nobody'],
    ['of nothing', ''],
    ['of 256 characters', 'x'.repeat(256)],
    ['with a nul byte', 'erp\u0000'],
    ['with a space more', 'erp@clients '],
    ['in capitals', 'ERP@clients'],
  ])('one with a subject %s', async (_what, sub) => {
    const message = 'No client is linked to the subject of this bearer token.';
    expect(await refusedWith(issuer.token(ec, { sub }))).toEqual(unauthenticated(message));
  });

  test('one that names a client of ours by its id, as a subject or otherwise', async () => {
    const claims = { sub: own.clientId, client_id: own.clientId, azp: own.clientId };
    expect((await refusedWith(issuer.token(ec, claims))).status).toBe(401);
    expect((await refusedWith(issuer.token(ec, { ...claims, sub: linked }))).status).toBe(401);
  });

  test('one of a client that was revoked while the token was good', async () => {
    await link('brief@clients');
    const token = issuer.token(ec, { sub: 'brief@clients' });
    const { clientId } = (await viewer(token)).data.viewer;
    await revokeClient(gateway.database.db, clientId);
    expect(await refusedWith(token)).toEqual(
      unauthenticated('No client is linked to the subject of this bearer token.'),
    );
    // The subject is free for another.
    const next = await link('brief@clients');
    expect((await viewer(token)).data.viewer.clientId).toBe(next);
  });

  test('one of ours whose client was revoked, and one whose client never existed', async () => {
    const message = 'The client of this bearer token does not exist any more.';
    const brief = await gateway.client();
    await revokeClient(gateway.database.db, brief.clientId);
    expect(await refusedWith(brief.token)).toEqual(unauthenticated(message));
    const claims = { iss: ourName, aud: ourName, jti: 'j', secret_id: 's', exp: now() + 60 };
    const sub = '00000000-0000-4000-8000-00000000dead';
    const token = tokenOf({ ...claims, sub }, { alg: 'HS256', typ: 'JWT' }, withSecret(ourKey));
    expect(await refusedWith(token)).toEqual(unauthenticated(message));
  });

  test('one of an issuer where none is configured', async () => {
    const plain = await testGateway({ database: gateway.database });
    const headers = { authorization: `Bearer ${issuer.token(ec)}` };
    const reply = await plain.server.app.inject({ method: 'POST', url: '/graphql', headers, payload: {} });
    expect([reply.statusCode, reply.json().errors[0].message]).toEqual([
      401,
      'The bearer token is not valid. Get another from POST /oauth/token and try again.',
    ]);
    await plain.server.app.close();
  });
});

/** The claims of one token with the signature of the other. */
function swapped(signed: string, claims: string): string {
  const [header, , signature] = signed.split('.');
  return [header, claims.split('.')[1], signature].join('.');
}
