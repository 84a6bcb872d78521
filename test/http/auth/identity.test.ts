import { RequestError } from '../../../src/domain/errors';
import { Identity } from '../../../src/http/auth/identity';
import { type Credentials, clientIdOf, createClient, grantsOf } from '../../../src/service/client';
import { Connection } from '../../../src/store/connection/connection';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';

const signingKey = 'a signing key of more than 32 characters';

let database: TestDatabase;
let identity: Identity;
/** One entity with its orgs North and South; one org of it; two entities. */
let one: Credentials;
let north: Credentials;
let both: Credentials;
let entity: { id: string; north: string; south: string };
let other: { id: string; north: string; south: string };

const aside = () => database.db.aside();
const entityOf = async (clientId: string, name: string) => {
  const found = (await grantsOf(aside(), clientId))?.entities.find((entry) => entry.name === name);
  const [north, south] = found?.orgs ?? [];
  return { id: found!.id, north: north.id, south: south.id };
};

beforeAll(async () => {
  database = await testDatabase();
  identity = new Identity({ db: database.db, signingKey });
  const all = ['Acme', 'Globex'].map((entity) => ({ entity, orgs: ['North', 'South'] }));
  both = await createClient(aside(), { name: 'both', scopes: ['read', 'bill'], grants: all });
  one = await createClient(aside(), { name: 'one', scopes: ['read'], grants: all.slice(0, 1) });
  north = await createClient(aside(), { name: 'n', scopes: ['read'], grants: [{ entity: 'Acme', orgs: ['North'] }] });
  entity = await entityOf(both.clientId, 'Acme');
  other = await entityOf(both.clientId, 'Globex');
}, 60_000);
afterAll(() => database.close());

const tokenOf = async ({ clientId, secret }: Credentials) => (await identity.issue(clientId, secret)).access_token;
const bearer = async (credentials: Credentials, more: Record<string, string> = {}) => ({
  authorization: `Bearer ${await tokenOf(credentials)}`,
  ...more,
});
const idOfClient = ({ clientId }: Credentials) => clientId.replaceAll('-', '');

async function refusal(headers: Record<string, string>, by = identity): Promise<[string, string]> {
  const error = await by.callerOf(headers, 'request').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RequestError);
  return [(error as RequestError).code, (error as RequestError).message];
}

describe('the caller of a request', () => {
  test('is the client of the token, with its scopes, its only entity and all orgs it may see there', async () => {
    expect(await identity.callerOf(await bearer(one), 'request 1')).toEqual({
      clientId: idOfClient(one),
      entityId: entity.id,
      orgIds: [entity.north, entity.south],
      scopes: new Set(['read']),
      documentMode: 'Open',
      secret: { id: expect.stringMatching(/^[0-9a-f]{32}$/), isLimited: false },
      requestId: 'request 1',
      trackId: null,
    });
    expect((await identity.callerOf(await bearer(north), 'r')).orgIds).toEqual([entity.north]);
  });

  test('with several entities is in the one that Zuora-Entity-Ids names, in any form of its id', async () => {
    for (const form of [other.id, clientIdOf(other.id), other.id.toUpperCase()]) {
      const caller = await identity.callerOf(await bearer(both, { 'zuora-entity-ids': form }), 'r');
      expect([caller.entityId, caller.orgIds]).toEqual([other.id, [other.north, other.south]]);
    }
  });

  test('sees only the orgs that Zuora-Org-Ids lists, each once', async () => {
    const list = `${clientIdOf(entity.south).toUpperCase()} ,${entity.south}`;
    const caller = await identity.callerOf(await bearer(one, { 'zuora-org-ids': list }), 'r');
    expect(caller.orgIds).toEqual([entity.south]);
    const all = await identity.callerOf(await bearer(one, { 'zuora-org-ids': `${entity.south},${entity.north}` }), 'r');
    expect([...all.orgIds].sort()).toEqual([entity.north, entity.south].sort());
  });

  test('has the track id of Zuora-Track-Id, and none for an empty one', async () => {
    const longest = '~ !#$%&()*+,-./09<=>?@AZ[]^_`az{|}'.padEnd(64, 'x');
    expect((await identity.callerOf(await bearer(one, { 'zuora-track-id': longest }), 'r')).trackId).toBe(longest);
    expect((await identity.callerOf(await bearer(one, { 'zuora-track-id': '' }), 'r')).trackId).toBeNull();
  });

  test.each([['x'.repeat(65)], ['a:b'], ['a;b'], ['a"b'], ["a'b"], ['caf\u00e9'], ['a\tb'], ['\u007f']])(
    'is refused as BAD_REQUEST with the track id %j',
    async (trackId) => {
      const [code, message] = await refusal(await bearer(one, { 'zuora-track-id': trackId }));
      expect([code, message]).toEqual(['BAD_REQUEST', expect.stringContaining('at most 64 printable US-ASCII')]);
    },
  );

  test('with several entities and none named has no entity: reading one is BAD_REQUEST, and the message lists them', async () => {
    const caller = await identity.callerOf(await bearer(both), 'r');
    for (const read of [() => caller.entityId, () => caller.orgIds]) {
      expect(read).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
      expect(read).toThrow(entity.id);
      expect(read).toThrow(other.id);
    }
  });

  test.each([['Acme'], [''], ['0'.repeat(31)], [`${'0'.repeat(32)},${'1'.repeat(32)}`], [`${'0'.repeat(32)},`]])(
    'is refused as BAD_REQUEST with Zuora-Entity-Ids %j',
    async (header) => {
      for (const credentials of [one, both]) {
        expect((await refusal(await bearer(credentials, { 'zuora-entity-ids': header })))[0]).toBe('BAD_REQUEST');
      }
    },
  );

  test('is FORBIDDEN in an entity of someone else, as in one that does not exist', async () => {
    for (const id of [other.id, newId()]) {
      const [code, message] = await refusal(await bearer(one, { 'zuora-entity-ids': id }));
      expect([code, message]).toEqual([
        'FORBIDDEN',
        `The client has no entity ${id} (Zuora-Entity-Ids). The client may use ${entity.id}.`,
      ]);
    }
  });

  test.each([['North'], [''], [','], [`${'0'.repeat(32)},`], [`${'0'.repeat(32)} ${'1'.repeat(32)}`]])(
    'is refused as BAD_REQUEST with Zuora-Org-Ids %j',
    async (header) => {
      expect((await refusal(await bearer(one, { 'zuora-org-ids': header })))[0]).toBe('BAD_REQUEST');
    },
  );

  test('is FORBIDDEN with an org it may not see, one of another entity, or an unknown one, even beside its own', async () => {
    const cases: [Credentials, Record<string, string>][] = [
      [north, { 'zuora-org-ids': entity.south }],
      [north, { 'zuora-org-ids': `${entity.north},${entity.south}` }],
      [one, { 'zuora-org-ids': other.north }],
      [one, { 'zuora-org-ids': `${entity.north}, ${newId()}` }],
      [both, { 'zuora-entity-ids': entity.id, 'zuora-org-ids': other.north }],
    ];
    for (const [credentials, headers] of cases) {
      expect((await refusal(await bearer(credentials, headers)))[0]).toBe('FORBIDDEN');
    }
  });
});

describe('the grants of a client', () => {
  test('end for tokens that are out when they are revoked, first one org, then the entity, then the client', async () => {
    const grants = [{ entity: 'Initech', orgs: ['North', 'South'] }];
    const client = await createClient(aside(), { name: 'revoked', scopes: ['read', 'pay'], grants });
    const eager = new Identity({ db: database.db, signingKey, grantsTtlMs: 0 });
    const headers = await bearer(client);
    const { id, north, south } = await entityOf(client.clientId, 'Initech');
    expect((await eager.callerOf(headers, 'r')).orgIds).toEqual([north, south]);

    await database.owner(`update client set scopes = '{read}' where id = $1`, [client.clientId]);
    await database.owner('delete from client_grant where client_id = $1 and org_id = $2', [client.clientId, south]);
    expect(await eager.callerOf(headers, 'r')).toMatchObject({ orgIds: [north], scopes: new Set(['read']) });
    expect((await refusal({ ...headers, 'zuora-org-ids': south }, eager))[0]).toBe('FORBIDDEN');

    await database.owner('delete from client_grant where client_id = $1', [client.clientId]);
    expect((await refusal(headers, eager))[0]).toBe('FORBIDDEN');
    expect((await refusal({ ...headers, 'zuora-entity-ids': id }, eager))[0]).toBe('FORBIDDEN');

    await database.owner('delete from client where id = $1', [client.clientId]);
    expect((await refusal(headers, eager))[0]).toBe('UNAUTHENTICATED');
  });

  test('are read once for requests that come together, and again when the time is up', async () => {
    const counter = { statements: 0 };
    const brief = new Identity({
      db: { aside: () => new Connection(database.db.side, counter), side: database.db.side },
      signingKey,
      grantsTtlMs: 1_000,
    });
    const headers = await bearer(one);
    await Promise.all(Array.from({ length: 50 }, () => brief.callerOf(headers, 'r')));
    expect(counter.statements).toBe(1);
    await new Promise((done) => setTimeout(done, 1_050));
    await brief.callerOf(headers, 'r');
    expect(counter.statements).toBe(2);
  });

  test('in an entity that has no org give nothing to see and are FORBIDDEN', async () => {
    const grants = [{ entity: 'Empty', orgs: [], allOrgs: true }];
    const client = await createClient(aside(), { name: 'empty', scopes: ['read'], grants });
    expect(await refusal(await bearer(client))).toEqual(['FORBIDDEN', 'The client has no org in this entity.']);
  });

  test('of hundreds of entities are all in the reply, and the token stays short enough for a header', async () => {
    const grants = Array.from({ length: 300 }, (_, i) => ({ entity: `Branch ${i}`, orgs: ['Only'] }));
    const client = await createClient(aside(), { name: 'holding', scopes: ['read'], grants });
    const reply = await identity.issue(client.clientId, client.secret);
    expect(reply.scope.split(' ').filter((scope) => scope.startsWith('entity.'))).toHaveLength(300);
    expect(reply.access_token.length).toBeLessThan(4_000);
  });

  test('that could not be read fail the request and are asked for again by the next', async () => {
    const fresh = new Identity({ db: database.db, signingKey });
    const headers = await bearer(one);
    await database.owner('alter table client rename to client_away');
    await expect(fresh.callerOf(headers, 'r')).rejects.not.toBeInstanceOf(RequestError);
    await database.owner('alter table client_away rename to client');
    expect((await fresh.callerOf(headers, 'r')).entityId).toBe(entity.id);
  });
});

describe('while the signing key is changed', () => {
  const newKey = 'another signing key of more than 32 characters';
  const identityOf = (signingKey: string, previousSigningKey?: string) =>
    new Identity({ db: database.db, signingKey, previousSigningKey });
  const takes = async (by: Identity, token: string) =>
    by.callerOf({ authorization: `Bearer ${token}` }, 'r').then(
      () => true,
      (error: RequestError) => error.message,
    );

  test('tokens of both keys are taken by every process, whichever signs', async () => {
    const [before, after] = [identityOf(signingKey, newKey), identityOf(newKey, signingKey)];
    for (const signer of [before, after]) {
      const { access_token } = await signer.issue(one.clientId, one.secret);
      for (const taker of [before, after]) expect(await takes(taker, access_token)).toBe(true);
    }
  });

  test('a token of neither is refused, and so is one of the old key once that is left out', async () => {
    const old = await tokenOf(one);
    const { access_token: foreign } = await identityOf('a key that is nobody here has, of 32 characters').issue(
      one.clientId,
      one.secret,
    );
    expect(await takes(identityOf(newKey, signingKey), foreign)).toContain('is not valid');
    expect(await takes(identityOf(newKey), old)).toContain('is not valid');
  });
});
