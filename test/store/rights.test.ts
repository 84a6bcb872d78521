import { readFileSync } from 'node:fs';
import { generatedRights, rightsFile } from '../../src/command/generate';
import { migrate } from '../../src/store/connection/database';
import { advised, type RightsHeld } from '../../src/store/connection/rights';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

/* A migrated database of its own, whose rights are then changed. What is of the whole cluster is in restore.machine.ts. */

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  // Its sequences come with it.
  await database.owner("insert into entity (id, name) values (gen_random_uuid(), 'Acme')");
}, 60_000);
afterAll(() => database.close());

/** What a start says, or undefined where it goes on. */
const refusal = (): Promise<string | undefined> =>
  migrate({ url: database.url }).then(
    () => undefined,
    ({ message }: Error) => message,
  );

test('the rights that a start expects are those of a fresh migration, as npm run generate writes them', async () => {
  const name = `test_rights_${process.pid}_${newId()}`;
  await database.owner(`create database ${name} template template0`);
  try {
    const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
    expect(readFileSync(rightsFile, 'utf8')).toBe(await generatedRights(url));
  } finally {
    await database.owner(`drop database ${name} with (force)`);
  }
});

const function_ = 'may_ask(uuid, uuid[])';
const sequence = `do $$ begin
  execute (select format('revoke usage on sequence %s from order_gateway_app', oid::regclass) from pg_class
    where relnamespace = 'number'::regnamespace and relkind = 'S' order by relname limit 1);
end $$`;

test.each([
  ['drop policy in_scope on account', ['-- missing policies: 1', /^create policy in_scope on public\.account as/]],
  [
    'alter policy in_scope on account to order_gateway_reader',
    [
      '-- missing policies: 1',
      'drop policy in_scope on public.account;',
      /^create policy in_scope on public\.account as/,
    ],
  ],
  [
    'alter table account disable row level security',
    ['-- missing row security of tables: 1', 'alter table public.account enable row level security;'],
  ],
  [
    'revoke select, update on account, refund from order_gateway_app',
    ['-- missing grants: 4', 'grant select, update on table public.account, public.refund to order_gateway_app;'],
  ],
  [
    'revoke select (id) on client_secret from order_gateway_reader',
    ['-- missing grants: 1', 'grant select (id) on table public.client_secret to order_gateway_reader;'],
  ],
  [
    `revoke execute on function ${function_} from order_gateway_reader`,
    [
      '-- missing grants: 1',
      'grant execute on function public.may_ask(entity uuid, orgs uuid[]) to order_gateway_reader;',
    ],
  ],
  [
    `grant execute on function ${function_} to public`,
    [
      '-- missing grants: 3',
      'grant execute on function public.may_ask(entity uuid, orgs uuid[]) to order_gateway_app;',
      'grant execute on function public.may_ask(entity uuid, orgs uuid[]) to order_gateway_reader;',
      'revoke execute on function public.may_ask(entity uuid, orgs uuid[]) from public;',
    ],
  ],
  [
    'revoke usage on schema number from order_gateway_app',
    ['-- missing grants: 1', 'grant usage on schema number to order_gateway_app;'],
  ],
  // In a block, since the names of sequences are made of ids.
  [sequence, ['-- missing grants: 1', 'grant usage on all sequences in schema number to order_gateway_app;']],
  [
    'alter default privileges in schema public revoke select on tables from order_gateway_reader',
    [
      '-- missing grants: 1',
      'alter default privileges for role postgres in schema public grant select on tables to order_gateway_reader;',
    ],
  ],
])('a start after "%s" says what is missing and the statement that mends it', async (damage, lines) => {
  await database.owner(damage);
  const said = await refusal();
  expect(said?.split('\n')).toEqual(
    lines.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
  );
  await database.owner(said!);
  expect(await refusal()).toBeUndefined();
});

test('a table or a function that is gone is named, since no grant brings it back', async () => {
  await database.owner('alter table refund rename to away; alter function analyze_documents() rename to gone');
  expect(await refusal()).toBe(
    '-- missing tables and functions, which no statement here makes: public.refund, public.analyze_documents()',
  );
  await database.owner('alter table away rename to refund; alter function gone() rename to analyze_documents');
  expect(await refusal()).toBeUndefined();
});

test('the right to temporary tables may come from everybody, or be granted', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.owner(`revoke temporary on database ${name} from public`);
  const said = await refusal();
  expect(said).toBe(`-- missing grants: 1\ngrant temporary on database ${name} to order_gateway_app;`);
  await database.owner(said!);
  expect(await refusal()).toBeUndefined();
});

describe('a right that no migration gives', () => {
  const held = async (): Promise<{ held: RightsHeld; known: readonly string[] }> => {
    const found: { held: RightsHeld; known: readonly string[] }[] = [];
    await migrate({ url: database.url }, (rights, known) => found.push({ held: rights, known }));
    return found[0];
  };

  test('stops no start, and is advised to be taken back', async () => {
    await database.owner(`
      grant select, update on client to order_gateway_app;
      grant select (hash) on client_secret to order_gateway_reader;
      create policy wide on account to order_gateway_app using (true);
      create table of_another (id integer)`);
    expect(await refusal()).toBeUndefined();
    const { held: rights, known } = await held();
    const advice = advised(rights, known);
    expect(advice).toEqual([
      'revoke select (hash) on table public.client_secret from order_gateway_reader',
      'revoke select, update on table public.client from order_gateway_app',
      'drop policy wide on public.account',
    ]);
    for (const each of advice) await database.owner(each);
    expect(advised((await held()).held, known)).toEqual([]);
  });

  test('and any that is missing, are no matter of a program that is older than the database', async () => {
    await database.owner("insert into migrations (timestamp, name) values (1, 'OfALaterVersion')");
    await database.owner(
      'revoke select on account from order_gateway_app; grant select on client to order_gateway_app',
    );
    expect(await refusal()).toBeUndefined();
    const { held: rights, known } = await held();
    expect(advised(rights, known)).toEqual([]);
  });
});
