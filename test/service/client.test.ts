import { scryptSync } from 'node:crypto';
import { scopes } from '../../src/domain/caller';
import { Refusal } from '../../src/domain/errors';
import { authenticateClient, clientIdOf, createClient, grantsOf, type NewClient } from '../../src/service/client';
import { hashSecret } from '../../src/service/client-secret';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(() => database.close());

const aside = () => database.db.aside();
let made = 0;
const input = (more: Partial<NewClient> = {}): NewClient => ({
  name: 'Warehouse',
  scopes: ['read', 'fulfill'],
  grants: [{ entity: `Entity ${++made}`, orgs: ['North', 'South'] }],
  ...more,
});

const namesOf = async (clientId: string) =>
  (await grantsOf(aside(), clientId))?.entities.map(({ name, orgs }) => [name, orgs.map((org) => org.name)]);

async function refusalOf(input: NewClient) {
  const error = await createClient(aside(), input).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refusal);
  return (error as Refusal).errors;
}

const addSecret = async (clientId: string, hash: string) => {
  const values = [newId(), clientId, hash];
  await database.owner(
    'insert into client_secret (id, client_id, hash, created_date) values ($1, $2, $3, now())',
    values,
  );
};

describe('creating a client', () => {
  test('returns credentials of the published lengths that sign in to the scopes, entities and orgs asked for', async () => {
    const wanted = input({ scopes: ['fulfill', 'read', 'fulfill'] });
    const { clientId, secret } = await createClient(aside(), wanted);
    expect(clientId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(secret).toMatch(/^[\w-]{40}$/);
    const grants = await authenticateClient(aside(), clientId, secret);
    expect(grants).toEqual({
      id: clientId.replaceAll('-', ''),
      name: 'Warehouse',
      scopes: new Set(['read', 'fulfill']),
      documentMode: 'Open',
      entities: [
        {
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
          name: wanted.grants[0].entity,
          orgs: [
            { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'North' },
            { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'South' },
          ],
        },
      ],
      secretIds: [grants?.secretId],
      secretId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(grants).toMatchObject((await grantsOf(aside(), clientId))!);
  });

  test('makes only the entities and orgs that are missing, and gives a new entity its number sequences', async () => {
    const entity = `Entity ${++made}`;
    const first = await createClient(aside(), input({ grants: [{ entity, orgs: ['North'] }] }));
    const second = await createClient(aside(), input({ grants: [{ entity, orgs: ['North', 'East'] }] }));
    const [one, two] = await Promise.all([first, second].map(({ clientId }) => grantsOf(aside(), clientId)));
    expect(two?.entities[0].id).toBe(one?.entities[0].id);
    expect(two?.entities[0].orgs).toContainEqual(one?.entities[0].orgs[0]);
    const id = one?.entities[0].id;
    expect(await database.raw.query(`select business_number('F-', 'fulfillment', $1) as number`, [id])).toEqual([
      { number: 'F-00000001' },
    ]);
  });

  test('grants several entities, and in each the orgs named there and no other of the same name', async () => {
    const [one, two] = [`Entity ${++made} a`, `Entity ${++made} b`];
    const grants = [
      { entity: one, orgs: ['North'] },
      { entity: two, orgs: ['North', 'South'] },
    ];
    await createClient(aside(), input({ grants: [{ entity: one, orgs: ['South'] }] }));
    const { clientId } = await createClient(aside(), input({ grants }));
    expect(await namesOf(clientId)).toEqual([
      [one, ['North']],
      [two, ['North', 'South']],
    ]);
  });

  test('a grant of all orgs covers an org made later, a grant of one org does not', async () => {
    const entity = `Entity ${++made}`;
    const all = await createClient(aside(), input({ grants: [{ entity, orgs: ['North'], allOrgs: true }] }));
    const one = await createClient(aside(), input({ grants: [{ entity, orgs: ['North'] }] }));
    await createClient(aside(), input({ grants: [{ entity, orgs: ['Later'] }] }));
    expect(await namesOf(all.clientId)).toEqual([[entity, ['Later', 'North']]]);
    expect(await namesOf(one.clientId)).toEqual([[entity, ['North']]]);
  });

  test('a grant of all orgs in one entity opens no more of another entity', async () => {
    const [one, two] = [`Entity ${++made} a`, `Entity ${++made} b`];
    await createClient(aside(), input({ grants: [{ entity: two, orgs: ['North', 'South'] }] }));
    const grants = [
      { entity: one, orgs: ['East', 'West'], allOrgs: true },
      { entity: two, orgs: ['South'] },
    ];
    const { clientId } = await createClient(aside(), input({ grants }));
    expect(await namesOf(clientId)).toEqual([
      [one, ['East', 'West']],
      [two, ['South']],
    ]);
  });

  test('lists an entity without orgs as one in which nothing is visible', async () => {
    const entity = `Entity ${++made}`;
    const { clientId } = await createClient(aside(), input({ grants: [{ entity, orgs: [], allOrgs: true }] }));
    expect(await namesOf(clientId)).toEqual([[entity, []]]);
  });

  test('many at once for one new entity all succeed and share it', async () => {
    const grants = [{ entity: `Entity ${++made}`, orgs: ['South', 'North'], allOrgs: true }];
    const clients = await Promise.all(Array.from({ length: 8 }, () => createClient(aside(), input({ grants }))));
    const found = await Promise.all(clients.map(({ clientId }) => grantsOf(aside(), clientId)));
    expect(new Set(found.map((grants) => JSON.stringify(grants?.entities))).size).toBe(1);
    expect(found[0]?.entities[0].orgs).toHaveLength(2);
  });

  test('takes a fixed id and secret once; the id again is DUPLICATE and changes nothing', async () => {
    const fixed = { clientId: '00000000-0000-4000-8000-000000000001', secret: 'demo-secret' };
    expect(await createClient(aside(), input({ ...fixed, scopes: scopes }))).toEqual(fixed);
    const before = await authenticateClient(aside(), fixed.clientId, fixed.secret);
    expect([...(before?.scopes ?? [])]).toEqual(scopes);
    const errors = await refusalOf(input({ ...fixed, secret: 'another' }));
    expect(errors).toEqual([
      { code: 'DUPLICATE', message: `There is a client ${fixed.clientId} already.`, path: ['clientId'] },
    ]);
    expect(await authenticateClient(aside(), fixed.clientId, fixed.secret)).toEqual(before);
    expect(await authenticateClient(aside(), fixed.clientId, 'another')).toBeUndefined();
  });

  test.each<[string, Partial<NewClient>, string, string[]]>([
    ['an unknown scope', { scopes: ['read', 'everything'] }, 'INVALID_VALUE', ['scopes']],
    ['no scope', { scopes: [] }, 'INVALID_VALUE', ['scopes']],
    ['no entity', { grants: [] }, 'REQUIRED', ['grants']],
    ['an entity without a name', { grants: [{ entity: ' ', orgs: ['North'] }] }, 'REQUIRED', ['grants', '0', 'entity']],
    ['no org and not all of them', { grants: [{ entity: 'E', orgs: [] }] }, 'REQUIRED', ['grants', '0', 'orgs']],
    ['a long org', { grants: [{ entity: 'E', orgs: ['x'.repeat(256)] }] }, 'INVALID_VALUE', ['grants', '0', 'org']],
    ['a nul byte', { name: 'a\u0000b' }, 'INVALID_VALUE', ['name']],
    ['an id that is none', { clientId: 'demo' }, 'INVALID_VALUE', ['clientId']],
    ['a long secret', { secret: 'x'.repeat(43) }, 'INVALID_VALUE', ['secret']],
    ['an empty secret', { secret: '' }, 'INVALID_VALUE', ['secret']],
  ])('refuses %s and makes nothing', async (_name, wrong, code, path) => {
    const count = 'select (select count(*) from entity) as entities, (select count(*) from client) as clients';
    const before = await database.owner(count);
    expect(await refusalOf(input(wrong))).toEqual([expect.objectContaining({ code, path })]);
    expect(await database.owner(count)).toEqual(before);
  });
});

describe('the secrets of a client', () => {
  test('are stored only as salted hashes: by scrypt where they were chosen', async () => {
    const secret = 'a-secret-to-look-for';
    const clients = [await createClient(aside(), input({ secret })), await createClient(aside(), input({ secret }))];
    const stored = await database.owner<{ hash: string }>('select hash from client_secret where client_id = any($1)', [
      clients.map(({ clientId }) => clientId),
    ]);
    expect(new Set(stored.map(({ hash }) => hash)).size).toBe(2);
    for (const { hash } of stored) expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
    const everything = await database.owner<{ text: string }>(
      `select t::text as text from client t union all select t::text from client_secret t
       union all select t::text from client_grant t`,
    );
    expect(everything.filter(({ text }) => text.includes(secret))).toEqual([]);
  });

  test('are all accepted while several are live, and no longer once removed', async () => {
    const { clientId, secret } = await createClient(aside(), input());
    for (const another of ['second', 'third']) await addSecret(clientId, await hashSecret(another, { chosen: true }));
    for (const live of [secret, 'second', 'third']) {
      expect(await authenticateClient(aside(), clientId, live)).toMatchObject({ name: 'Warehouse' });
    }
    expect(await authenticateClient(aside(), clientId, 'fourth')).toBeUndefined();
    await database.owner('delete from client_secret where client_id = $1', [clientId]);
    expect(await authenticateClient(aside(), clientId, secret)).toBeUndefined();
  });

  test('are checked with the parameters they were stored with', async () => {
    const { clientId } = await createClient(aside(), input());
    const salt = Buffer.from('salt of long ago');
    const hash = scryptSync('old secret', salt, 32, { N: 2 ** 10, r: 4, p: 2 });
    await addSecret(clientId, `$scrypt$ln=10,r=4,p=2$${salt.toString('base64url')}$${hash.toString('base64url')}`);
    expect(await authenticateClient(aside(), clientId, 'old secret')).toMatchObject({ name: 'Warehouse' });
  });

  test('of one client do not open another', async () => {
    const [one, two] = [await createClient(aside(), input()), await createClient(aside(), input())];
    expect(await authenticateClient(aside(), two.clientId, one.secret)).toBeUndefined();
  });

  test('are refused at the same cost for an unknown client, one with a secret and one with two', async () => {
    const one = await createClient(aside(), input());
    const two = await createClient(aside(), input());
    await addSecret(two.clientId, await hashSecret('second', { chosen: false }));
    // Processor time of all threads, which no other process adds to; the least of several rounds, since collections of garbage do.
    const least = [Infinity, Infinity, Infinity];
    const ids = [one.clientId, two.clientId, clientIdOf(newId())];
    for (let round = 0; round < 30; round++) {
      for (const [i, id] of ids.entries()) {
        const start = process.cpuUsage();
        expect(await authenticateClient(aside(), id, 'wrong')).toBeUndefined();
        const { user, system } = process.cpuUsage(start);
        least[i] = Math.min(least[i], user + system);
      }
    }
    expect(Math.max(...least) / Math.min(...least)).toBeLessThan(2);
  });
});
