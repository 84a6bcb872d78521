import type { Scoped } from '../../src/store/connection/connection';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { type Key, rowAt } from '../../src/store/past';
import { insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import { nodesOf, planned, plannedPrepared, rowsRead, statementOf } from '../support/plan';
import { tenant } from '../support/rows';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

test('one object is looked up among the entries of all others, by its id and by a number that was deleted', async () => {
  const scope = await tenant(database.raw, 'Acme');
  const { fulfillment } = await insertChain(database.raw, scope);
  const changes = (number: string) => `jsonb_build_array(
    jsonb_build_object('field', 'carrier', 'before', 'UPS'), jsonb_build_object('field', 'fulfillmentNumber', 'before', ${number}))`;
  const entries = (subject: string, action: string, count: number) =>
    database.owner(
      `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
       select gen_random_uuid(), $1, $2, 'Fulfillment', ${subject}, now() + n * interval '1 ms', $1, '${action}', ${changes("'F-' || n")}, n, 1
       from generate_series(1, ${count}) n`,
      [scope.entityId, scope.orgIds[0]],
    );
  await entries('gen_random_uuid()', 'Update', 20_000);
  await entries('gen_random_uuid()', 'Delete', 5_000);
  await entries(`'${fulfillment.id}'`, 'Update', 10);
  await database.owner('analyze');

  const number = (text: string): Key => ({ column: 'fulfillmentNumber', number: text });
  for (const key of [{ id: fulfillment.id }, number(fulfillment.fulfillmentNumber), number('F-4711'), number('none')]) {
    const ask = (scoped: Scoped) => rowAt(scoped, FulfillmentRow, 'Fulfillment', key, fulfillment.updatedDate);
    const statement = await statementOf(scope, ask);
    const plan = await planned(database, statement, true);
    expect([key, rowsRead(plan) <= 50]).toEqual([key, true]);
    const prepared = nodesOf(await plannedPrepared(database, statement, 'always'));
    const scans = prepared.filter(
      (node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'history_entry',
    );
    expect(scans).toEqual([]);
  }
});
