import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { allEdges } from '../../src/graph/model/edges';
import { listOf, type Noun } from '../../src/graph/model/nouns';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { type Estate, estate } from '../support/tenant-data';

/*
 * Every field of the graph that leads from one object to another, where it leads astray: the rows of a client name rows of
 * another tenant, and are named by them, as no code of ours and no foreign key would let them. What keeps them apart is then
 * the scope alone.
 */

let gateway: TestGatewayServer;
/** Who asks, what they have, and whose rows are tied to it. */
const astray: Record<string, { client: TestClient; own: Estate; foreign: Estate }> = {};
const names = ['another org of the entity', 'another entity'];
/** Sees both orgs: to be shown what the others are not. */
let both: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  both = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] });
  const owner = await gateway.client();
  const south = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] });
  const globex = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  for (const [at, client] of [south, globex].entries()) {
    const own = await estate(gateway, await client.work(), 'Own');
    const foreign = await estate(gateway, await owner.work(), 'Secret');
    astray[names[at]] = { client, own, foreign };
  }
  // What is tied to a foreign parent stands beside the parent's own.
  const unique = await gateway.database.owner<{ table: string; name: string }>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name from pg_constraint u
     where contype = 'u' and connamespace = 'public'::regnamespace
       and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = u.conindid)`,
  );
  for (const { table, name } of unique) await gateway.database.owner(`alter table ${table} drop constraint ${name}`);
  for (const { own, foreign } of Object.values(astray)) {
    await tie({ ...own, name: 'Own' }, foreign);
    await tie({ ...foreign, name: 'Secret' }, own);
  }
}, 120_000);
afterAll(() => gateway.close());

/** The line item of a return, which leads to a sale; the one of the estate is a sale. */
const returned = ({ parents }: Estate): string => parents['OrderLineItem.creditMemoItems']!;
const subjects: Record<string, (of: Estate) => string> = {
  Account: ({ ids }) => ids.account,
  Order: ({ ids }) => ids.order,
  OrderLineItem: ({ ids }) => ids.orderLineItem,
  Fulfillment: ({ ids }) => ids.fulfillment,
  Invoice: ({ ids }) => ids.invoice,
  CreditMemo: ({ ids }) => ids.creditMemo,
  Payment: ({ ids }) => ids.payment,
  BillRun: ({ ids }) => ids.billRun,
  BillingSettings: ({ entityId }) => entityId,
};

/** Has every reference of one estate lead to the other, by whatever foreign keys there are. */
async function tie(from: Estate & { name: string }, to: Estate): Promise<void> {
  const { owner } = gateway.database;
  const tables = Object.fromEntries(
    Object.keys(from.ids).map((noun) => [listOf(noun as Noun).table.name, noun as Noun]),
  );
  const references = await owner<{ table: string; column: string; target: string }>(
    `select conrelid::regclass::text as table, attname::text as column, confrelid::regclass::text as target
     from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any(conkey) and attname <> 'entity_id'
     where contype = 'f'`,
  );
  // Beyond the foreign keys, which hold the entity.
  await owner('set session_replication_role = replica');
  // Once both lead to the other, there are two of an account in a run.
  await owner('drop index if exists bill_run_account_once');
  for (const { table, column, target } of references) {
    const [noun, other] = [tables[table], tables[target]];
    if (!noun || !other) continue;
    const id = column === 'original_order_line_item_id' ? returned(from) : from.ids[noun];
    await owner(`update ${table} set ${column} = $1 where id = $2`, [to.ids[other], id]);
  }
  await owner('update history_entry set subject_id = $1 where id = $2', [to.ids.invoice, from.ids.historyEntry]);
  await owner('update bill_run_account set message = $1 where id = $2', [from.name, from.ids.billRunFailure]);
  for (const [type, idOf] of Object.entries(subjects)) {
    const [{ id }] = await owner<{ id: string }>(
      `update history_entry set subject_id = $1, subject_type = $2
       where id = (select id from history_entry where org_id = $3 and id <> all($4) limit 1) returning id`,
      [idOf(to), type, from.orgId, [from.ids.historyEntry, ...tied]],
    );
    tied.push(id.replaceAll('-', ''));
  }
  await owner('set session_replication_role = origin');
}
const tied: string[] = [];

const isNode = (type: GraphQLNamedType): boolean =>
  type.name === 'Node' || ('getInterfaces' in type && type.getInterfaces().some(({ name }) => name === 'Node'));
const leading = (type: GraphQLObjectType) =>
  Object.values(type.getFields()).filter((field) => isCompositeType(getNamedType(field.type)));

/** `Type.field` of what the queries below ask for. */
const walked = new Set<string>();

/** All that can be asked of an object that is no node, and of a node which it is. */
function selection(type: GraphQLNamedType): string {
  if (isNode(type) || !isObjectType(type)) return '{ __typename id }';
  const parts = Object.values(type.getFields()).map((field) => {
    const target = getNamedType(field.type);
    return isCompositeType(target) ? asked(type, field) : field.name;
  });
  return `{ ${parts.join(' ')} }`;
}
function asked(type: GraphQLObjectType, field: ReturnType<typeof leading>[number]): string {
  walked.add(`${type.name}.${field.name}`);
  if (field.args.some(isRequiredArgument))
    throw new Error(`${type.name}.${field.name} cannot be walked without arguments`);
  const first = field.args.some(({ name }) => name === 'first') ? '(first: 100)' : '';
  return `${field.name}${first} ${selection(getNamedType(field.type))}`;
}

/** Everything that leads on from the objects of an estate. */
const queries: { name: string; from: (of: Estate) => string[]; text: (id: string) => string }[] = [];
for (const type of Object.values(schema().getTypeMap())) {
  if (!isObjectType(type) || !isNode(type)) continue;
  const noun = (type.name[0].toLowerCase() + type.name.slice(1)) as Noun;
  for (const field of leading(type)) {
    const what = asked(type, field);
    queries.push({
      name: `${type.name}.${field.name}`,
      from: (of) => [of.ids[noun] ?? of.entityId, ...(noun === 'orderLineItem' ? [returned(of)] : [])],
      text: (id) => `{ node(id: "${id}") { ... on ${type.name} { ${what} } } }`,
    });
  }
}
/** What no object but the query leads to. */
const fieldsOfQuery = schema().getQueryType()!.getFields();
const roots = {
  viewer: '',
  billingSettings: '',
  previewBillRun: '(input: { targetDate: "2030-01-01" })',
  fulfillmentSummary: '(groupBy: account)',
};
for (const [name, args] of Object.entries(roots)) {
  const text = `{ ${name}${args} ${selection(getNamedType(fieldsOfQuery[name].type))} }`;
  queries.push({ name: `Query.${name}`, from: () => [''], text: () => text });
}

test('the walk comes by every field that leads to an object', () => {
  const all = Object.values(schema().getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__') ? leading(type).map((field) => `${type.name}.${field.name}`) : [],
  );
  // Those of the roots, with what they return, have their cases in scope.test; what a mutation returns is what it was about, which is found first.
  const elsewhere = /^(Query|Mutation|Subscription)\.|(Payload|Connection|Edge)\.|^VersionConflict\.current$/;
  expect(all.filter((name) => !walked.has(name) && !elsewhere.test(name))).toEqual([]);
  for (const edge of allEdges) expect(walked).toContain(edge);
  expect(queries.length).toBeGreaterThan(60);
});

const secrets = ({ ids, numbers, booked, sent, parents, documents }: Estate): string[] => [
  ...[...Object.values(ids), ...Object.values(numbers), ...Object.values(parents), booked, sent],
  ...Object.values(documents).map(({ id }) => id),
  'Secret',
];

describe.each(names)('to a client of %s', (name) => {
  test.each(queries)('$name shows nothing of others', async ({ from, text }) => {
    const { client, own, foreign } = astray[name];
    for (const id of from(own)) {
      const { status, text: reply } = await client.graphql(text(id));
      // Where an edge that always leads somewhere leads nowhere, the reply is an error: there is no such row in life.
      expect([200, 500]).toContain(status);
      const numbersOfBoth = Object.values(own.numbers);
      for (const secret of secrets(foreign)) {
        if (!numbersOfBoth.includes(secret)) expect(reply).not.toContain(secret);
      }
    }
  });
});

/** What names a bill run's failures is the run; a run is seen by who sees all of its orgs. */
test.each(allEdges.filter((edge) => !edge.startsWith('BillRunFailure')))(
  '%s does lead to others, for who may see them',
  async (edge) => {
    const { own, foreign } = astray[names[0]];
    const { from, text } = queries.find((query) => query.name === edge)!;
    const replies = await Promise.all(from(own).map(async (id) => (await both.graphql(text(id))).text));
    const known = [...secrets(foreign), ...tied];
    expect(known.filter((secret) => replies.join().includes(secret))).not.toEqual([]);
  },
);
