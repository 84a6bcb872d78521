import { edges, manyEdges } from '../../src/graph/model/edges';
import { listOf, type Noun } from '../../src/graph/model/nouns';
import { Scoped, type TenantScope } from '../../src/store/connection/connection';
import { type EventFilter, eventPage } from '../../src/store/event';
import { summarize } from '../../src/store/fulfillment';
import { newId } from '../../src/store/id';
import { count, countsBy, type Order, page, pagesBy } from '../../src/store/query/list';
import { type TestDatabase, testDatabase } from '../support/database';
import {
  nodesOf,
  type Plan,
  pagesRead,
  planned,
  plannedPrepared,
  rowsRead,
  type Statement,
  shapeOf,
  statementOf,
} from '../support/plan';
import { type Probe, probesOf, rootLists } from '../support/probes';
import { fillVolume, type Volume } from '../support/volume';

/*
 * How PostgreSQL carries out the very statements that the store sends, over 100,000 fulfillments and what goes with them.
 * What there is to filter and to sort by is found in the lists and in the schema: what is new there is covered here.
 */

jest.setTimeout(300_000);

let database: TestDatabase;
let volume: Volume;
/** The tables that are large, and how many rows they have. Bill runs are not: one stands for thousands of items. */
let sizes: Map<string, number>;

beforeAll(async () => {
  database = await testDatabase();
  volume = await fillVolume(database);
  const tables = await database.owner<{ name: string; rows: number }>(
    "select relname as name, reltuples::integer as rows from pg_class where relkind = 'r' and reltuples >= 9000",
  );
  sizes = new Map(tables.map(({ name, rows }) => [name, rows]));
});
afterAll(() => database.close());

/** A page of 20 looks at no more rows, whatever is filtered by. */
const most = 5_000;

/**
 * Nor at more pages of tables and indexes than it takes to look rows up one by one: no index is walked as a whole, but that
 * of kinds, in which rows of one kind are kept together and 100,000 take up 130 pages.
 */
const pagesFor = (rows: number, parents: number) => 400 + 5 * rows + 20 * parents;

/**
 * What more may be looked at for, by the name of the probe. What is a span of another time than that of the order, and
 * leaves more than some thousands of rows, is walked to as well: `many` below.
 */
const exceptions: Record<string, string> = {
  'orderLineItems originalOrderNumber startsWith common': 'all orders begin so: this is no way to find a line item',
  'orderLineItems originalOrderNumber startsWith nothing': 'all orders begin so: this is no way to find a line item',
  'fulfillments billed true': 'the open ones are passed by: what is billed lies behind them, and claims have no order',
};
const excepted = new Set<string>();

/** So many of a list that they are not gathered and sorted, but walked to; and so many that counting them reads all. */
const many = 0.04;

const scanned = (plan: Plan): string[] =>
  nodesOf(plan).flatMap((node) =>
    node['Node Type'] === 'Seq Scan' && sizes.has(node['Relation Name']!) ? [shapeOf(plan)] : [],
  );

/** What is wrong with the plans of statements, by the statements' names. */
class Findings {
  readonly found: Record<string, string> = {};

  constructor(private readonly list: string) {}

  expectNoScan(name: string, plan: Plan): void {
    if (scanned(plan).length) this.note(name, shapeOf(plan));
  }

  expectNoMore(name: string, plan: Plan, rows = most, parents = 0): void {
    this.expectNoScan(name, plan);
    const read = { rows: rowsRead(plan), pages: pagesRead(plan) };
    if (read.rows > rows || read.pages > pagesFor(read.rows, parents))
      this.note(name, `${JSON.stringify(read)}: ${shapeOf(plan)}`);
  }

  private note(name: string, what: string): void {
    const known = Object.keys(exceptions).find((each) => `${this.list} ${name}`.startsWith(each));
    if (known) excepted.add(known);
    else this.found[name] = what;
  }
}

/** The plan for any value is one of the text alone: whatever scope and values it came with, it is asked for once. */
function plannedForAny(statement: Statement): Promise<Plan> {
  const plan = forAny.get(statement.text) ?? plannedPrepared(database, statement, 'always');
  forAny.set(statement.text, plan);
  return plan;
}
const forAny = new Map<string, Promise<Plan>>();

const query = (more: { filter?: object; order?: Order; from?: { id: string; value: string } | null }) => ({
  properties: ['id', 'entityId'],
  limit: 21,
  backward: false,
  ...more,
});
/** Values are looked for in whole tables, so once for each noun. */
function probesFor(noun: Noun): Promise<Probe[]> {
  const found = probes.get(noun) ?? probesOf(database, noun, volume.large.entityId);
  probes.set(noun, found);
  return found;
}
const probes = new Map<Noun, Promise<Probe[]>>();
const counted = new Map<string, Promise<number>>();
/** How much a filter leaves. Several tests ask for the same, and nothing is written meanwhile. */
function matchesOf(scope: TenantScope, noun: Noun, filter: object): Promise<number> {
  const key = JSON.stringify([scope, noun, filter]);
  const found = counted.get(key) ?? count(new Scoped(database.db.reads(), scope), listOf(noun), filter);
  counted.set(key, found);
  return found;
}
const none: Probe = { name: 'no filter', filter: {}, span: false };
const pageOf = (scope: TenantScope, noun: Noun, more: Parameters<typeof query>[0]): Promise<Statement> =>
  statementOf(scope, (scoped) => page(scoped, listOf(noun), query(more)));
const ordersOf = (noun: Noun): Order[] =>
  Object.keys(listOf(noun).sorts).flatMap((field) => [
    { field, direction: 'ASC' },
    { field, direction: 'DESC' },
  ]);
const sizeOf = (noun: Noun): number => sizes.get(listOf(noun).table.name) ?? Number.POSITIVE_INFINITY;

describe.each(rootLists)('the list of %s', (field, noun) => {
  let probes: Probe[];
  let findings: Findings;
  beforeAll(async () => {
    probes = [...(await probesFor(noun)), none];
  });
  beforeEach(() => {
    findings = new Findings(field);
  });
  afterEach(() => expect(findings.found).toEqual({}));

  test.each(['large', 'small', 'corner'] as const)('looks each filter up, in the %s scope', async (name) => {
    const scope = volume[name];
    for (const { name, filter, span } of probes) {
      const matches = await matchesOf(scope, noun, filter);
      const statement = await pageOf(scope, noun, { filter });
      const plan = await planned(database, statement, true);
      if (span && matches > many * sizeOf(noun)) findings.expectNoScan(name, plan);
      else findings.expectNoMore(name, plan);
      findings.expectNoScan(`${name} for any value`, await plannedForAny(statement));
    }
  });

  test('counts what a filter leaves by an index, unless that is most of the table', async () => {
    for (const { name, filter } of probes) {
      const matches = await matchesOf(volume.large, noun, filter);
      if (name !== none.name && matches > many * sizeOf(noun)) continue;
      const counting = await statementOf(volume.large, (scoped) => count(scoped, listOf(noun), filter));
      findings.expectNoScan(name, await planned(database, counting, false));
      findings.expectNoScan(`${name} for any value`, await plannedForAny(counting));
      if (noun !== 'fulfillment' || name === none.name) continue;
      const summary = await statementOf(volume.large, (scoped) => summarize(scoped, 'state', filter, 1_000));
      findings.expectNoScan(`${name} summed up`, await planned(database, summary, false));
    }
  });

  test('looks a rare value up, also by the plan that PostgreSQL has settled on with common ones', async () => {
    for (const { name, filter, span } of probes) {
      const common = probes.find((probe) => probe.name === name.replace(/(rare|absent)$/, 'common'));
      if (span || !common || common.name === name) continue;
      const before = await pageOf(volume.large, noun, common);
      const plan = await plannedPrepared(database, await pageOf(volume.large, noun, { filter }), before);
      findings.expectNoMore(name, plan);
    }
  });

  test('looks each filter up in each order', async () => {
    for (const order of ordersOf(noun)) {
      for (const { name, filter } of probes) {
        const plan = await planned(database, await pageOf(volume.large, noun, { filter, order }), false);
        findings.expectNoScan(`${name} by ${order.field} ${order.direction}`, plan);
      }
    }
  });

  test('walks along each order, wherever a page begins', async () => {
    const { table, sorts } = listOf(noun);
    for (const [name, scope] of Object.entries(volume)) {
      for (const field of Object.keys(sorts)) {
        const { sql } = sorts[field];
        const places = await database.owner<{ id: string; value: string }>(
          `select replace(id::text, '-', '') as id, value from (
             select t.id, ${sql}::text as value, row_number() over (order by ${sql}, t.id) as n, count(*) over () as of
             from ${table.name} t where t.entity_id = $1) as each where n in (2, of / 2, of - 1)`,
          [scope.entityId],
        );
        for (const order of ordersOf(noun).filter((each) => each.field === field)) {
          for (const from of [null, ...places]) {
            const statement = await pageOf(scope, noun, { order, from });
            // An org that has hardly anything is looked up as a filter is.
            const plan = await planned(database, statement, true);
            const what = `${name} by ${order.field} ${order.direction} from ${from?.value}`;
            findings.expectNoMore(what, plan, name === 'corner' ? most : 100);
            findings.expectNoScan(`${what} for any value`, await plannedForAny(statement));
          }
        }
      }
    }
  });
});

test('events are walked along from any position, and looked up by type, by noun and by object', async () => {
  const findings = new Findings('events');
  const positions = await database.owner<{ id: string; value: string }>(
    `select replace(id::text, '-', '') as id, transaction_id::text as value from (
       select id, transaction_id, row_number() over (order by transaction_id, id) as n, count(*) over () as of
       from history_entry where entity_id = $1) as each where n in (2, of / 2, of - 1)`,
    [volume.large.entityId],
  );
  const [{ id }] = await database.owner<{ id: string }>('select id from invoice where entity_id = $1 limit 1', [
    volume.large.entityId,
  ]);
  const filters: EventFilter[] = [
    {},
    { type: { eq: 'Fulfillment.Create' } },
    { type: { eq: 'CreditMemo.Create' } },
    { type: { eq: 'Nothing.Create' } },
    { type: { in: ['Invoice.Create', 'Nothing.Create'] } },
    { type: { startsWith: 'Fulfillment.' } },
    { type: { startsWith: 'Nothing.' } },
    { subjectId: { eq: id } },
    { subjectId: { eq: newId() } },
  ];
  for (const filter of filters) {
    for (const from of [null, ...positions]) {
      const name = `${JSON.stringify(filter)} from ${from?.value}`;
      const statement = await statementOf(volume.large, (scoped) =>
        eventPage(scoped, { properties: ['id', 'entityId'], filter, from, limit: 21 }),
      );
      const plan = await planned(database, statement, true);
      findings.expectNoMore(name, plan);
      findings.expectNoScan(`${name} for any value`, await plannedForAny(statement));
    }
  }
  expect(findings.found).toEqual({});
});

/** What is open lies at the end of an order by time, and is asked for from there too: the oldest first. */
test.each<[Noun, string, string]>([
  ['fulfillment', 'state', 'updatedDate'],
  ['fulfillment', 'state', 'billTargetDate'],
  ['orderLineItem', 'itemState', 'updatedDate'],
  ['order', 'state', 'updatedDate'],
])(
  'a list of %s objects by %s is walked along by %s from both ends, however many stand so',
  async (noun, field, by) => {
    const findings = new Findings(noun);
    const states = (await probesFor(noun)).filter(({ name }) => new RegExp(`^${field} (eq )?[A-Z]`).test(name));
    expect(states.length).toBeGreaterThan(2);
    for (const { name, filter } of states) {
      for (const order of ordersOf(noun).filter((each) => each.field === by)) {
        const plan = await planned(database, await pageOf(volume.large, noun, { filter, order }), true);
        findings.expectNoMore(`${name} ${order.direction}`, plan, 1500);
      }
    }
    expect(findings.found).toEqual({});
  },
);

describe.each(manyEdges)('the edge %s', (edge) => {
  const { target, by } = edges[edge];
  let keys: string[];
  beforeAll(async () => {
    const { table } = listOf(target);
    const column = table.columns[[by].flat()[0]].name;
    const parents = await database.owner<{ key: string }>(
      `select replace(${column}::text, '-', '') as key from ${table.name}
       where entity_id = $1 and ${column} is not null group by 1 order by count(*) desc, 1 limit 100`,
      [volume.large.entityId],
    );
    keys = parents.map(({ key }) => key);
  });

  /** At most the children of the parents, each with what belongs to it. */
  test('looks at the children of its parents alone, in each order and by each filter', async () => {
    const findings = new Findings(edge);
    const filtered = rootLists.some(([, noun]) => noun === target);
    const probes = [none, ...(filtered ? await probesFor(target) : [])];
    const children = await countsBy(new Scoped(database.db.reads(), volume.large), listOf(target), by, keys);
    const total = children.reduce((sum, each) => sum + each.count, 0);
    expect(total).toBeGreaterThan(0);
    const most = 4 * total + 100;
    for (const { name, filter } of probes) {
      for (const order of name === none.name ? ordersOf(target) : [undefined]) {
        const paged = await statementOf(volume.large, (scoped) =>
          pagesBy(scoped, listOf(target), by, keys, query({ filter, order })),
        );
        const what = order ? `${name} by ${order.field} ${order.direction}` : name;
        findings.expectNoMore(what, await planned(database, paged, true), most, keys.length);
        findings.expectNoScan(`${what} for any value`, await plannedForAny(paged));
      }
      const counted = await statementOf(volume.large, (scoped) => countsBy(scoped, listOf(target), by, keys, filter));
      findings.expectNoMore(`${name} counted`, await planned(database, counted, true), most, keys.length);
      findings.expectNoScan(`${name} counted for any value`, await plannedForAny(counted));
    }
    expect(findings.found).toEqual({});
  });
});

test('each exception is one', () => expect([...excepted].sort()).toEqual(Object.keys(exceptions).sort()));
