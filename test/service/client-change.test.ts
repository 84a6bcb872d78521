import { Refusal } from '../../src/domain/errors';
import {
  authenticateClient,
  type Credentials,
  createClient,
  createLinkedClient,
  grantsOf,
  grantsOfSubject,
  isDemo,
} from '../../src/service/client';
import {
  type ClientUpdate,
  listClients,
  revokeClient,
  revokeSecret,
  rotateSecret,
  updateClient,
} from '../../src/service/client-change';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(() => database.close());

const aside = () => database.db.aside();
const acme = [{ entity: 'Acme', orgs: ['North', 'South'] }];
const input = { name: 'Warehouse', scopes: ['read', 'fulfill'], grants: acme };
const make = () => createClient(aside(), input);
const opens = async ({ clientId }: Credentials, secret: string) =>
  (await authenticateClient(aside(), clientId, secret)) !== undefined;
const listed = async (clientId: string, withRevoked = false) =>
  (await listClients(database.db, withRevoked)).find(({ id }) => id === clientId.replaceAll('-', ''));
const seen = async ({ clientId }: Credentials) =>
  (await grantsOf(aside(), clientId))!.entities.map(({ name, orgs }) => [name, ...orgs.map((org) => org.name)]);

async function refusal(act: Promise<unknown>) {
  const error = await act.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refusal);
  return (error as Refusal).errors[0];
}

describe('rotating the secret of a client', () => {
  test('keeps the one before beside it, ends older ones and says which', async () => {
    const client = await make();
    const second = await rotateSecret(database.db, client.clientId);
    expect(second).toEqual({ clientId: client.clientId, secret: expect.stringMatching(/^[\w-]{40}$/), ended: [] });
    expect([await opens(client, client.secret), await opens(client, second.secret)]).toEqual([true, true]);

    const [oldest] = (await listed(client.clientId))!.secrets;
    const third = await rotateSecret(database.db, client.clientId);
    expect(third.ended.map(({ id }) => id)).toEqual([oldest.id]);
    const open = [client.secret, second.secret, third.secret].map((secret) => opens(client, secret));
    expect(await Promise.all(open)).toEqual([false, true, true]);
  });

  test('ends all others at once where that is asked for', async () => {
    const client = await make();
    const second = await rotateSecret(database.db, client.clientId);
    const third = await rotateSecret(database.db, client.clientId, true);
    expect(third.ended).toHaveLength(2);
    const open = [client.secret, second.secret, third.secret].map((secret) => opens(client, secret));
    expect(await Promise.all(open)).toEqual([false, false, true]);
  });

  test('several times at once leaves two', async () => {
    const client = await make();
    await database.owner('begin');
    await database.owner('select from client where id = $1 for update', [client.clientId]);
    const rotating = Promise.all([1, 2, 3].map(() => rotateSecret(database.db, client.clientId)));
    await database.blocked(3);
    await database.owner('rollback');
    expect((await rotating).flatMap(({ ended }) => ended)).toHaveLength(2);
    expect((await listed(client.clientId))!.secrets).toHaveLength(2);
  });

  test('touches no other client', async () => {
    const [client, other] = [await make(), await make()];
    await rotateSecret(database.db, client.clientId, true);
    expect(await opens(other, other.secret)).toBe(true);
  });
});

describe('revoking', () => {
  test('a secret ends it and says how many are left; the other stays', async () => {
    const client = await make();
    const second = await rotateSecret(database.db, client.clientId);
    const [oldest, newest] = (await listed(client.clientId))!.secrets;
    expect(await revokeSecret(database.db, client.clientId, oldest.id)).toBe(1);
    expect([await opens(client, client.secret), await opens(client, second.secret)]).toEqual([false, true]);
    expect(await revokeSecret(database.db, client.clientId, newest.id)).toBe(0);
    expect(await opens(client, second.secret)).toBe(false);
  });

  test('a secret of another client is refused, and ends nothing', async () => {
    const [client, other] = [await make(), await make()];
    const [{ id }] = (await listed(other.clientId))!.secrets;
    for (const wrong of [id, newId(), 'demo']) {
      expect(await refusal(revokeSecret(database.db, client.clientId, wrong))).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await opens(other, other.secret)).toBe(true);
  });

  test('a client ends its secrets and its grants, for good; the record of it stays', async () => {
    const client = await make();
    await revokeClient(database.db, client.clientId);
    expect(await opens(client, client.secret)).toBe(false);
    expect(await grantsOf(aside(), client.clientId)).toBeUndefined();
    const acts = [
      () => revokeClient(database.db, client.clientId),
      () => rotateSecret(database.db, client.clientId),
      () => updateClient(database.db, client.clientId, { name: 'Back' }),
    ];
    for (const act of acts) expect(await refusal(act())).toMatchObject({ code: 'NOT_FOUND', path: ['clientId'] });
    expect(await refusal(createClient(aside(), { ...input, clientId: client.clientId }))).toMatchObject({
      code: 'DUPLICATE',
    });
    expect(await listed(client.clientId)).toBeUndefined();
    expect(await listed(client.clientId, true)).toMatchObject({
      ...{ name: 'Warehouse', secrets: [], revokedDate: expect.any(String) },
      entities: [{ name: 'Acme', orgs: ['North', 'South'] }],
    });
    // Of a demo others are left, with the secret that everybody knows.
    expect(await isDemo(aside(), client.clientId)).toBe(true);
  });

  test.each([['00000000-0000-4000-8000-00000000dead'], ['demo'], ['']])(
    'or anything else of the client %j, which there is not, is refused',
    async (clientId) => {
      expect(await refusal(revokeClient(database.db, clientId))).toMatchObject({ code: 'NOT_FOUND' });
      expect(await refusal(rotateSecret(database.db, clientId))).toMatchObject({ code: 'NOT_FOUND' });
    },
  );
});

describe('changing a client', () => {
  test('replaces what is given, and leaves the rest', async () => {
    const client = await make();
    await updateClient(database.db, client.clientId, { scopes: ['bill', 'bill'] });
    await updateClient(database.db, client.clientId, { name: 'ERP' });
    expect(await grantsOf(aside(), client.clientId)).toMatchObject({ name: 'ERP', scopes: new Set(['bill']) });
    expect(await seen(client)).toEqual([['Acme', 'North', 'South']]);
    expect(await opens(client, client.secret)).toBe(true);
  });

  test('gives, narrows, widens and takes what it sees of one entity, and of no other', async () => {
    const client = await make();
    const steps: [ClientUpdate['grant'], string[][]][] = [
      [
        { entity: 'Globex', orgs: ['East'] },
        [
          ['Acme', 'North', 'South'],
          ['Globex', 'East'],
        ],
      ],
      [
        { entity: 'Acme', orgs: ['South'] },
        [
          ['Acme', 'South'],
          ['Globex', 'East'],
        ],
      ],
      [
        { entity: 'Acme', orgs: [], allOrgs: true },
        [
          ['Acme', 'North', 'South'],
          ['Globex', 'East'],
        ],
      ],
      [{ entity: 'Acme', nothing: true }, [['Globex', 'East']]],
      [{ entity: 'Globex', nothing: true }, []],
    ];
    for (const [grant, sees] of steps) {
      await updateClient(database.db, client.clientId, { grant });
      expect(await seen(client)).toEqual(sees);
    }
  });

  test.each<[string, ClientUpdate, string, string[]]>([
    ['an unknown scope', { scopes: ['everything'] }, 'INVALID_VALUE', ['scopes']],
    ['no scope', { scopes: [] }, 'INVALID_VALUE', ['scopes']],
    ['no name', { name: ' ' }, 'REQUIRED', ['name']],
    ['no org', { grant: { entity: 'Acme', orgs: [] } }, 'REQUIRED', ['orgs']],
    ['an empty subject', { subject: '' }, 'INVALID_VALUE', ['subject']],
    ['a subject beyond ASCII', { subject: 'caf\u00e9' }, 'INVALID_VALUE', ['subject']],
    ['a long subject', { subject: 'x'.repeat(256) }, 'INVALID_VALUE', ['subject']],
    ['taking what it does not see', { grant: { entity: 'Acne', nothing: true } }, 'NOT_FOUND', ['grant', 'entity']],
  ])('refuses %s, and changes nothing of the rest', async (_what, change, code, path) => {
    const [{ id }] = await listClients(database.db);
    const before = await listed(id);
    expect(await refusal(updateClient(database.db, id, { name: 'New', ...change }))).toMatchObject({ code, path });
    expect(await listed(id)).toEqual(before);
  });
});

describe('a client that is linked to a subject', () => {
  test('is found by it and has no secret, until it is given one', async () => {
    const clientId = await createLinkedClient(aside(), { ...input, subject: 'erp@clients' });
    expect(await grantsOfSubject(aside(), 'erp@clients')).toEqual(await grantsOf(aside(), clientId));
    expect(await listed(clientId)).toMatchObject({ subject: 'erp@clients', secrets: [] });
    const { secret } = await rotateSecret(database.db, clientId);
    expect(await authenticateClient(aside(), clientId, secret)).toMatchObject({ name: 'Warehouse' });
  });

  test('is the only one with it, and can be unlinked', async () => {
    const clientId = await createLinkedClient(aside(), { ...input, subject: 'one' });
    const other = await make();
    const taken = { code: 'DUPLICATE', message: 'Another client is linked to this subject.', path: ['subject'] };
    expect(await refusal(createLinkedClient(aside(), { ...input, subject: 'one' }))).toEqual(taken);
    expect(await refusal(updateClient(database.db, other.clientId, { subject: 'one' }))).toEqual(taken);
    await updateClient(database.db, clientId, { subject: null });
    expect(await grantsOfSubject(aside(), 'one')).toBeUndefined();
    await updateClient(database.db, other.clientId, { subject: 'one' });
    expect((await grantsOfSubject(aside(), 'one'))?.id).toBe(other.clientId.replaceAll('-', ''));
  });

  test('refuses a subject that no issuer has', async () => {
    expect(await refusal(createLinkedClient(aside(), { ...input, subject: 'a\u0000' }))).toMatchObject({
      ...{ code: 'INVALID_VALUE', path: ['subject'] },
    });
  });
});

describe('the list of clients', () => {
  test('says of each secret when it was made and last used, to the minute, and never what it is', async () => {
    const client = await make();
    expect((await listed(client.clientId))!.secrets).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        ...{ createdDate: expect.any(String), lastUsedDate: null, endsDate: null },
      },
    ]);
    await opens(client, 'wrong');
    expect((await listed(client.clientId))!.secrets[0].lastUsedDate).toBeNull();
    await opens(client, client.secret);
    const used = (await listed(client.clientId))!.secrets[0].lastUsedDate!;
    expect(Date.now() - Date.parse(used)).toBeLessThan(120_000);
    expect(used).toMatch(/:00\b/);
    expect(JSON.stringify(await listClients(database.db, true))).not.toContain('scrypt');
  });

  test('tells all orgs from those that there are', async () => {
    const grants = [...acme, { entity: 'Globex', orgs: ['East'], allOrgs: true }];
    const { clientId } = await createClient(aside(), { ...input, grants });
    expect((await listed(clientId))!.entities).toEqual([
      { name: 'Acme', orgs: ['North', 'South'] },
      { name: 'Globex', orgs: null },
    ]);
  });
});
