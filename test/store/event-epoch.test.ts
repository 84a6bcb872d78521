import { Client } from 'pg';
import { migrate } from '../../src/store/connection/database';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';

let database: TestDatabase;
const made: string[] = [];
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(async () => {
  for (const name of made) await asked('postgres', `drop database if exists ${name} with (force)`);
  await database.close();
});

const urlOf = (name: string) => Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
async function asked(name: string, text: string): Promise<Record<string, string>[]> {
  const client = new Client(urlOf(name));
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
async function create(template: string): Promise<string> {
  const name = `test_epoch_${process.pid}_${newId()}`;
  await asked('postgres', `create database ${name} template ${template}`);
  made.push(name);
  return name;
}
const epochs = (name: string) => asked(name, 'select epoch, base::integer as base from event_epoch order by epoch');

test('a copy of a database begins an epoch at its first start, behind all events that it holds, and no other start does', async () => {
  const original = await create('template0');
  await migrate({ url: urlOf(original) });
  await migrate({ url: urlOf(original) });
  expect(await epochs(original)).toEqual([{ epoch: 1, base: 0 }]);
  await asked(
    original,
    `with e as (insert into entity (id, name) values (gen_random_uuid(), 'Acme') returning id)
     insert into history_entry (id, entity_id, org_ids, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
     select gen_random_uuid(), id, '{}', 'BillingSettings', id, now(), id, 'Update', '[]', 1, 123456789 from e`,
  );

  const copy = await create(original);
  await migrate({ url: urlOf(copy) });
  await migrate({ url: urlOf(copy) });
  expect(await epochs(copy)).toEqual([
    { epoch: 1, base: 0 },
    { epoch: 2, base: 123_456_789 },
  ]);
  const [{ position, horizon }] = await asked(copy, 'select event_position() as position, event_horizon() as horizon');
  expect(BigInt(position)).toBeGreaterThan(123_456_789n);
  expect(BigInt(horizon)).toBeGreaterThan(123_456_789n);

  // What an administrator says of a database that was set back in its place (docs/operations.md).
  await asked(original, "update event_epoch set database = 'before the restore'");
  await migrate({ url: urlOf(original) });
  expect(await epochs(original)).toEqual([
    { epoch: 1, base: 0 },
    { epoch: 2, base: 123_456_789 },
  ]);
}, 60_000);
