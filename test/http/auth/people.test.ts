import type { Scope } from '../../../src/domain/caller';
import { groupRightsOf } from '../../../src/http/auth/group-rights';
import { Identity } from '../../../src/http/auth/identity';
import { createLinkedClient, grantsOf } from '../../../src/service/client';
import { listClients, revokeClient, rotateSecret, updateClient } from '../../../src/service/client-change';
import { type Answer, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { Issuer, signingKey } from '../../support/issuer';
import { socketClient } from '../../support/live';

/* People whose tokens name groups, at both doors. The whole sign-in with a real issuer is in test/clients/sign-in.test.ts. */
const key = signingKey('ec');
const north = { entity: 'Acme', orgs: ['North'] };
const groups = {
  operators: { scopes: ['read', 'order', 'fulfill'], grants: [north] },
  clerks: { scopes: ['read', 'bill'], grants: [{ entity: 'Acme', orgs: ['South'] }] },
  watchers: { scopes: ['read', 'webhook'], grants: [{ entity: 'Acme', allOrgs: true }] },
};
const rights = (more: object = {}) => groupRightsOf(JSON.stringify({ claim: 'groups', groups, ...more }));

let issuer: Issuer;
let gateway: TestGatewayServer;
let own: TestClient;

const outside = (more: object = {}) => {
  const { issuer: name, audience, jwksUrl } = issuer;
  return { issuer: name, audience, jwksUrl, maxLifetime: 86_400, cooldownMs: 0, groups: rights(), ...more };
};

let address: string;
beforeAll(async () => {
  issuer = await Issuer.start(key);
  gateway = await testGateway({ server: { outside: outside() } });
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  own = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] });
}, 60_000);
afterAll(async () => {
  await gateway.close();
  await issuer.down();
});

const now = () => Math.floor(Date.now() / 1000);
let people = 0;
/** The subject of a person whom no test has met yet. */
const somebody = () => `person-${++people}`;
const tokenOf = (sub: string, names: unknown, claims: object = {}) =>
  issuer.token(key, { sub, groups: names, name: 'Ada Martin', ...claims });

const at = (token: string, query: string, variables: object = {}): Promise<Answer> =>
  own.graphql(query, variables, { authorization: `Bearer ${token}` });
const viewer = async (token: string) =>
  (await at(token, '{ viewer { clientId name scopes orgs { name } entities { name } } }')).body.data.viewer;
/** What a person may do, and where. */
async function rightsAt(token: string): Promise<[scopes: string, orgs: string]> {
  const { scopes, orgs } = await viewer(token);
  return [scopes.join(), orgs.map((org: { name: string }) => org.name).join()];
}
async function refusedWith(token: string): Promise<[status: number, code: string, message: string]> {
  const headers = { authorization: `Bearer ${token}` };
  const graph = await at(token, '{ viewer { clientId } }');
  const rest = await own.request({ method: 'GET', url: '/v1/fulfillments/F-00000001', headers });
  const [{ message, extensions }] = graph.body.errors;
  expect([rest.status, rest.body.reasons[0].message]).toEqual([graph.status, message]);
  return [graph.status, extensions.code, message];
}
const rowsOf = (subject: string) =>
  gateway.database.owner<{ id: string; name: string; scopes: string[]; groups: string[]; xmin: string }>(
    'select id, name, scopes, groups, xmin::text as xmin from client where subject = $1',
    [subject],
  );
const createAccount = `mutation ($name: String!) { createAccount(input: {name: $name, currency: "USD"}) {
  account { id history(first: 1) { nodes { actor actorName } } } userErrors { code } } }`;

describe('the first token of a person', () => {
  test('makes a client with the rights of the groups that are known, and the name of the token', async () => {
    const subject = somebody();
    const seen = await viewer(tokenOf(subject, ['operators', 'book-club']));
    expect(seen).toEqual({
      ...{ clientId: expect.any(String), name: 'Ada Martin', scopes: ['read', 'order', 'fulfill'] },
      ...{ orgs: [{ name: 'North' }], entities: [{ name: 'Acme' }] },
    });
    const [row, ...others] = await rowsOf(subject);
    expect([row.id, row.groups, others]).toEqual([seen.clientId.replaceAll('-', ''), ['operators'], []]);
  });

  test('with several groups gives the union of their rights', async () => {
    expect(await rightsAt(tokenOf(somebody(), ['clerks', 'operators', 'clerks']))).toEqual([
      'read,order,fulfill,bill',
      'North,South',
    ]);
  });

  test('gives no more than its scope claim names', async () => {
    expect((await viewer(tokenOf(somebody(), ['operators'], { scope: 'openid read bill' }))).scopes).toEqual(['read']);
  });

  test('presented to two processes at once many times makes one client', async () => {
    const other = await testGateway({ database: gateway.database, server: { outside: outside() } });
    const subject = somebody();
    const payload = { query: '{ viewer { clientId } }' };
    const clients = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const headers = { authorization: `Bearer ${tokenOf(subject, ['operators'], { jti: `${i}` })}` };
        const { app } = (i % 2 ? other : gateway).server;
        return (await app.inject({ method: 'POST', url: '/graphql', headers, payload })).json().data.viewer.clientId;
      }),
    );
    await other.server.app.close();
    expect(new Set(clients).size).toBe(1);
    expect(await rowsOf(subject)).toHaveLength(1);
  });

  test('finds the client that another process makes at the same moment', async () => {
    const { owner, blocked } = gateway.database;
    const subject = somebody();
    await owner('begin');
    const id = '01a22ccd48157504b96e9ae9c2359553';
    await owner(
      "insert into client (id, name, scopes, subject, created_date, groups, groups_date) values ($1, '', '{}', $2, now(), '{}', 'epoch')",
      [id, subject],
    );
    const asked = viewer(tokenOf(subject, ['operators']));
    await blocked();
    await owner('commit');
    expect((await asked).clientId.replaceAll('-', '')).toBe(id);
    expect(await rowsOf(subject)).toMatchObject([{ id, name: 'Ada Martin', groups: ['operators'] }]);
  });

  test('does not touch a client that an operator has linked to the subject', async () => {
    const subject = somebody();
    const linked = await createLinkedClient(gateway.database.db.aside(), {
      ...{ subject, name: 'linked by hand', scopes: ['read'], grants: [{ entity: 'Acme', orgs: ['South'] }] },
    });
    const token = tokenOf(subject, ['operators']);
    expect(await viewer(token)).toMatchObject({ clientId: linked, name: 'linked by hand', scopes: ['read'] });
    expect(await viewer(tokenOf(subject, undefined))).toMatchObject({ clientId: linked });
    expect((await rowsOf(subject)).map(({ groups }) => groups)).toEqual([null]);
  });
});

describe('a person who has signed in', () => {
  test('has the rights of the groups in the token, which the database follows', async () => {
    const subject = somebody();
    const clientId = (await viewer(tokenOf(subject, ['operators']))).clientId;
    const more = tokenOf(subject, ['clerks', 'operators'], { iat: now() });
    expect(await rightsAt(more)).toEqual(['read,order,fulfill,bill', 'North,South']);
    const less = tokenOf(subject, ['clerks'], { iat: now() });
    expect(await rightsAt(less)).toEqual(['read,bill', 'South']);
    const stored = (await grantsOf(gateway.database.db.aside(), clientId))!;
    expect([[...stored.scopes], stored.entities[0].orgs.map(({ name }) => name)]).toEqual([
      ['read', 'bill'],
      ['South'],
    ]);
  });

  test('loses a group that a later token does not name, whatever the older token says', async () => {
    const subject = somebody();
    const older = tokenOf(subject, ['clerks', 'operators'], { iat: now() - 20 });
    expect(await rightsAt(older)).toEqual(['read,order,fulfill,bill', 'North,South']);
    expect(await rightsAt(tokenOf(subject, ['clerks'], { iat: now() - 10 }))).toEqual(['read,bill', 'South']);
    expect(await rightsAt(older)).toEqual(['read,bill', 'South']);
    const oldest = tokenOf(subject, ['operators'], { iat: now() - 30, name: 'Former Name' });
    expect(await refusedWith(oldest)).toEqual([
      403,
      'FORBIDDEN',
      'The bearer token names no group that has rights here.',
    ]);
    expect((await rowsOf(subject))[0]).toMatchObject({ groups: ['clerks'], name: 'Ada Martin' });
  });

  test('is not written by an older token that comes at the same moment as a later one', async () => {
    const { owner, blocked } = gateway.database;
    const subject = somebody();
    await viewer(tokenOf(subject, ['operators'], { iat: now() - 20 }));
    await owner('begin');
    await owner("update client set groups = '{clerks}', groups_date = now() where subject = $1", [subject]);
    const asked = viewer(tokenOf(subject, ['operators', 'clerks'], { iat: now() - 10 }));
    await blocked();
    await owner('commit');
    await asked;
    expect((await rowsOf(subject))[0].groups).toEqual(['clerks']);
  });

  test('has the grants of one token where two processes write them at the same moment', async () => {
    const { owner, blocked } = gateway.database;
    const other = new Identity({
      ...{ db: gateway.database.db, signingKey: 'a key of thirty-two characters or more', grantsTtlMs: 0 },
      outside: { ...outside(), onFailure: () => {} },
    });
    const subject = somebody();
    const { clientId } = await viewer(tokenOf(subject, ['operators']));
    const authorization = `Bearer ${tokenOf(subject, ['clerks'])}`;
    await owner('begin');
    await owner('select from client where subject = $1 for update', [subject]);
    const asked = [gateway.server.identity, other].map((each) => each.callerOf({ authorization }, 'r'));
    await blocked(2);
    await owner('commit');
    await Promise.all(asked);
    expect(await owner('select from client_grant where client_id = $1', [clientId])).toHaveLength(1);
  });

  test('has no rights without a known group, and none are left in the database', async () => {
    const subject = somebody();
    const { clientId } = await viewer(tokenOf(subject, ['operators']));
    const refused = [403, 'FORBIDDEN', 'The bearer token names no group that has rights here.'];
    expect(await refusedWith(tokenOf(subject, ['book-club']))).toEqual(refused);
    expect(await refusedWith(tokenOf(subject, []))).toEqual(refused);
    const stored = (await grantsOf(gateway.database.db.aside(), clientId))!;
    expect([stored.scopes.size, stored.entities]).toEqual([0, []]);
    // The client waits for the person.
    expect((await viewer(tokenOf(subject, ['operators']))).clientId).toBe(clientId);
  });

  test('has the name of the latest token, also in the history of what was changed before', async () => {
    const subject = somebody();
    const token = tokenOf(subject, ['operators'], { name: 'Ada Martin' });
    const made = await at(token, createAccount, { name: 'Named' });
    const { clientId } = await viewer(token);
    const { account } = made.body.data.createAccount;
    expect(account.history.nodes).toEqual([{ actor: clientId, actorName: 'Ada Martin' }]);
    expect((await viewer(tokenOf(subject, ['operators'], { name: 'Ada Lovelace' }))).name).toBe('Ada Lovelace');
    const history = `{ account(key: "${account.id}") { history(first: 1) { nodes { actorName } } } }`;
    const { data } = (await own.graphql(history)).body;
    expect(data.account.history.nodes).toEqual([{ actorName: 'Ada Lovelace' }]);
    // The reply is rendered in the transaction, which may not read clients.
    const headers = { authorization: `Bearer ${tokenOf(subject, ['operators'])}`, 'idempotency-key': 'a name' };
    const keyed = await own.graphql(createAccount, { name: 'Keyed' }, headers);
    expect(keyed.body.data.createAccount.account.history.nodes).toEqual([{ actor: clientId, actorName: 'Ada Martin' }]);
  });

  test('is written when something differs, and not by requests', async () => {
    const subject = somebody();
    const token = tokenOf(subject, ['operators']);
    await viewer(token);
    const [before] = await rowsOf(subject);
    for (let i = 0; i < 3; i++) await viewer(token);
    await viewer(tokenOf(subject, ['operators', 'book-club'], { jti: 'another' }));
    expect(await rowsOf(subject)).toEqual([before]);
    await viewer(tokenOf(subject, ['operators'], { name: 'Ada Lovelace' }));
    expect((await rowsOf(subject))[0].xmin).not.toBe(before.xmin);
  });

  test('has a budget of requests of their own', async () => {
    const limited = await testGateway({
      database: gateway.database,
      server: { outside: outside(), limits: { requests: 3 } },
    });
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const payload = { query: '{ viewer { name } }' };
      return (await limited.server.app.inject({ method: 'POST', url: '/graphql', headers, payload })).statusCode;
    };
    const subject = somebody();
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push(await ask(tokenOf(subject, ['operators'], { jti: `${i}` })));
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(await ask(tokenOf(somebody(), ['operators']))).toBe(200);
    await limited.server.app.close();
  });

  test('has idempotency keys of their own', async () => {
    const keyed = (token: string, name: string) =>
      own.graphql(createAccount, { name }, { authorization: `Bearer ${token}`, 'idempotency-key': 'same' });
    const [ada, bo] = [somebody(), somebody()].map((subject) => tokenOf(subject, ['operators']));
    const first = await keyed(ada, 'By Ada');
    expect((await keyed(ada, 'By Ada')).body).toEqual(first.body);
    expect((await keyed(bo, 'By Bo')).body.data.createAccount.account.id).not.toBe(
      first.body.data.createAccount.account.id,
    );
  });

  test('has no secret to replace, and is told so', async () => {
    const token = tokenOf(somebody(), ['operators']);
    const { body } = await at(token, 'mutation { made: rotateClientSecret { secret userErrors { code message } } }');
    expect(body.data.made).toMatchObject({ secret: null, userErrors: [{ code: 'PERMISSION_DENIED' }] });
    const seen = await at(token, '{ viewer { client { secrets { id } documents { totalCount } } } }');
    expect(seen.body.data.viewer.client).toEqual({ secrets: [], documents: { totalCount: 0 } });
  });

  test('that was revoked stays so, whatever groups the token names', async () => {
    const subject = somebody();
    const { clientId } = await viewer(tokenOf(subject, ['operators']));
    await revokeClient(gateway.database.db, clientId);
    const refused = [401, 'UNAUTHENTICATED', 'The client of the person of this bearer token was revoked.'];
    expect(await refusedWith(tokenOf(subject, ['operators']))).toEqual(refused);
    expect(await refusedWith(tokenOf(subject, ['operators', 'clerks'], { name: 'New Name' }))).toEqual(refused);
    expect(await rowsOf(subject)).toHaveLength(1);
    // An operator may let the person in again, with rights of a client.
    const linked = await createLinkedClient(gateway.database.db.aside(), {
      ...{ subject, name: 'again', scopes: ['read'], grants: [north] },
    });
    expect((await viewer(tokenOf(subject, ['operators']))).clientId).toBe(linked);
    await revokeClient(gateway.database.db, linked);
    expect(await refusedWith(tokenOf(subject, ['operators']))).toEqual(refused);
  });

  test('does not get a client of their own in place of a linked one that was revoked', async () => {
    const subject = somebody();
    const linked = await createLinkedClient(gateway.database.db.aside(), {
      ...{ subject, name: 'linked by hand', scopes: ['read'], grants: [north] },
    });
    await revokeClient(gateway.database.db, linked);
    expect(await refusedWith(tokenOf(subject, ['operators']))).toEqual([401, 'UNAUTHENTICATED', expect.any(String)]);
    expect(await rowsOf(subject)).toHaveLength(1);
  });

  test('whose token is from the future loses nothing that a later one names, and keeps nothing', async () => {
    const subject = somebody();
    await viewer(tokenOf(subject, ['operators'], { iat: now() + 500, exp: now() + 600 }));
    expect(await rightsAt(tokenOf(subject, ['clerks'], { iat: now() + 1 }))).toEqual(['read,bill', 'South']);
    expect((await rowsOf(subject))[0].groups).toEqual(['clerks']);
  });

  test('can be listed and revoked by operators, and neither changed nor given a secret', async () => {
    const subject = somebody();
    const { clientId } = await viewer(tokenOf(subject, ['operators']));
    const { db } = gateway.database;
    const listed = (await listClients(db)).find((client) => client.subject === subject);
    expect(listed).toMatchObject({ groups: ['operators'], entities: [{ name: 'Acme', orgs: ['North'] }] });
    await expect(rotateSecret(db, clientId)).rejects.toThrow('of a person who signs in');
    await expect(updateClient(db, clientId, { scopes: ['admin'] })).rejects.toThrow('of a person who signs in');
  });
});

test('a name of 10 KB with control characters is bounded and cleaned before it is stored', async () => {
  const subject = somebody();
  const { name } = await viewer(tokenOf(subject, ['operators'], { name: `Ada\u0000\r\n\u202e${'x'.repeat(10_000)}` }));
  expect(name).toBe(`Ada ${'x'.repeat(251)}`);
  expect((await rowsOf(subject))[0].name).toBe(name);
});

describe('a subscription of a person', () => {
  const query = 'subscription { accounts(first: 1) { totalCount } }';
  async function subscribed(token: string) {
    const socket = socketClient(address, { authorization: `Bearer ${token}` }, { retryAttempts: 0 });
    const received = socket.subscribe({ query });
    await received.next();
    return { socket, ended: received.ending() };
  }

  test('ends when the token ends', async () => {
    // Five seconds are allowed for clocks that differ.
    const { socket, ended } = await subscribed(tokenOf(somebody(), ['operators'], { exp: now() - 3 }));
    await ended;
    expect(socket.closes.map(({ code, reason }) => [code, reason])).toEqual([
      [4403, expect.stringMatching(/^The bearer token has expired/)],
    ]);
  });

  test('ends when a later token does not name the group any more', async () => {
    const subject = somebody();
    const { socket, ended } = await subscribed(tokenOf(subject, ['operators', 'clerks'], { iat: now() - 10 }));
    await rightsAt(tokenOf(subject, ['clerks']));
    await ended;
    expect(socket.closes.map(({ code }) => code)).toEqual([4205]);
    expect(await refusedWith(tokenOf(subject, []))).toEqual([403, 'FORBIDDEN', expect.any(String)]);
  });
});

describe('without a token', () => {
  const caller = (identity: Identity, clientId: string, entityId: string) => identity.present(clientId, entityId, 'r');
  async function signedIn(claims: object = {}) {
    const subject = somebody();
    const seen = await viewer(tokenOf(subject, ['watchers'], claims));
    const { entities } = (await grantsOf(gateway.database.db.aside(), seen.clientId))!;
    return { subject, clientId: seen.clientId as string, entityId: entities[0].id };
  }

  test('a person has the groups of the latest token: what is taken away is gone', async () => {
    const { subject, clientId, entityId } = await signedIn();
    const { identity } = gateway.server;
    const before = await caller(identity, clientId, entityId);
    expect([...before!.scopes]).toEqual(['read', 'webhook']);
    await viewer(tokenOf(subject, ['clerks', 'watchers']));
    expect([...(await caller(identity, clientId, entityId))!.scopes]).toEqual(['read', 'bill', 'webhook']);
    await viewer(tokenOf(subject, ['clerks']));
    expect(await caller(identity, clientId, entityId)).toBeUndefined();
    await viewer(tokenOf(subject, ['watchers']));
    expect(await caller(identity, clientId, entityId)).toBeDefined();
    await refusedWith(tokenOf(subject, []));
    expect(await caller(identity, clientId, entityId)).toBeUndefined();
  });

  test('a person has none any more once no token may live that was issued with the latest', async () => {
    const { subject, clientId, entityId } = await signedIn({ iat: now() - 86_300, exp: now() + 90 });
    const brief = new Identity({
      ...{ db: gateway.database.db, signingKey: 'a key of thirty-two characters or more', grantsTtlMs: 0 },
      outside: { ...outside({ maxLifetime: 3_600 }), onFailure: () => {} },
    });
    expect(await caller(brief, clientId, entityId)).toBeUndefined();
    expect(await caller(gateway.server.identity, clientId, entityId)).toBeDefined();
    // The next token counts, though nothing else differs.
    await viewer(tokenOf(subject, ['watchers']));
    expect(await caller(brief, clientId, entityId)).toBeDefined();
  });

  test('a configuration that has changed counts from the start on, for people with and without a token', async () => {
    const { subject, clientId, entityId } = await signedIn();
    const scopes: Scope[] = ['read', 'webhook'];
    const { orgIds } = (await caller(gateway.server.identity, clientId, entityId))!;
    expect(orgIds).toHaveLength(2);
    const changed = await testGateway({
      database: gateway.database,
      server: { outside: outside({ groups: rights({ groups: { watchers: { scopes, grants: [north] } } }) }) },
    });
    const { identity, app } = changed.server;
    expect((await caller(identity, clientId, entityId))!.orgIds).toHaveLength(1);
    const quiet = rights({ groups: { watchers: { scopes: ['read'], grants: [north] } } });
    const options = { db: gateway.database.db, signingKey: 'a key of thirty-two characters or more', grantsTtlMs: 0 };
    const silent = new Identity({ ...options, outside: { ...outside({ groups: quiet }), onFailure: () => {} } });
    expect(await caller(silent, clientId, entityId)).toBeUndefined();
    const headers = { authorization: `Bearer ${tokenOf(subject, ['watchers'])}` };
    const payload = { query: '{ viewer { scopes orgs { name } } }' };
    const reply = await app.inject({ method: 'POST', url: '/graphql', headers, payload });
    expect(reply.json().data.viewer).toEqual({ scopes, orgs: [{ name: 'North' }] });
    await app.close();

    const without = await testGateway({
      database: gateway.database,
      server: { outside: outside({ groups: undefined }) },
    });
    expect(await caller(without.server.identity, clientId, entityId)).toBeUndefined();
    const refused = await without.server.app.inject({ method: 'POST', url: '/graphql', headers, payload });
    expect([refused.statusCode, refused.json().errors[0].message]).toEqual([
      401,
      'No client is linked to the subject of this bearer token.',
    ]);
    await without.server.app.close();
  });
});

describe('a token that says nothing of groups', () => {
  test.each<[string, unknown, string]>([
    ['has no such claim', undefined, 'The bearer token has no claim "groups", which lists groups.'],
    ['has null', null, 'The bearer token has no claim "groups", which lists groups.'],
    ['has a text', 'operators', 'The claim "groups" of the bearer token must be a list of groups.'],
    ['has an object', { operators: true }, 'The claim "groups" of the bearer token must be a list of groups.'],
    ['has a number', 7, 'The claim "groups" of the bearer token must be a list of groups.'],
    ['has an empty list', [], 'The bearer token names no group that has rights here.'],
    ['has a list in a list', [['operators']], 'The bearer token names no group that has rights here.'],
    [
      'names what every object has',
      ['constructor', '__proto__'],
      'The bearer token names no group that has rights here.',
    ],
    ['writes a group otherwise', ['Operators', ' operators'], 'The bearer token names no group that has rights here.'],
  ])('because it %s is FORBIDDEN, and makes no client', async (_what, names, message) => {
    const subject = somebody();
    expect(await refusedWith(tokenOf(subject, names))).toEqual([403, 'FORBIDDEN', message]);
    expect(await rowsOf(subject)).toEqual([]);
  });

  test('because its subject is none that we take is FORBIDDEN', async () => {
    const message = 'The subject of the bearer token must have 1 to 255 ASCII characters.';
    for (const subject of ['', 'x'.repeat(256), 'erp\u0000', 'jürgen']) {
      expect(await refusedWith(tokenOf(subject, ['operators']))).toEqual([403, 'FORBIDDEN', message]);
    }
  });

  test('with 10,000 groups is as good as any where it fits a header, and refused as too large where it does not', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `g${i}`);
    const subject = somebody();
    const token = tokenOf(subject, [...many, 'operators']);
    // As app.inject does not bound headers, the token is read.
    const began = performance.now();
    expect(await rightsAt(token)).toEqual(['read,order,fulfill', 'North']);
    expect(performance.now() - began).toBeLessThan(500);
    const reply = await fetch(`${address}/graphql`, { headers: { authorization: `Bearer ${token}` } });
    expect(reply.status).toBe(431);
    expect((await rowsOf(subject))[0].groups).toEqual(['operators']);
  });
});
