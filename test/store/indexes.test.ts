import { type GraphQLInputObjectType, type GraphQLObjectType, getNamedType, isEnumType, isInputObjectType } from 'graphql';
import { manyEdges, type ManyEdge } from '../../src/graph/loaders';
import { listOf, nouns, type Noun } from '../../src/graph/nouns';
import { schema } from '../../src/graph/schema';
import { Connection, type Scope, Scoped } from '../../src/store/connection';
import { count, countsBy, type List, type Order, page, pagesBy } from '../../src/store/list';
import { newId } from '../../src/store/id';
import { type TestDatabase, testDatabase } from '../support/database';
import { fillVolume, type Volume } from '../support/volume';

jest.setTimeout(600_000);

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Node[];
}

let database: TestDatabase;
let volume: Volume;
let large: Set<string>;

const nodes = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
const looked = (plan: Node) =>
  nodes(plan)
    .filter((node) => node['Relation Name'])
    .reduce(
      (sum, node) =>
        sum +
        ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
          (node['Actual Loops'] ?? 1),
      0,
    );
const shape = (plan: Node) =>
  nodes(plan)
    .map((n) => `${n['Node Type']}${n['Index Name'] ? `:${n['Index Name']}` : n['Relation Name'] ? `:${n['Relation Name']}` : ''}`)
    .join(' > ');

type Act = (scoped: Scoped) => Promise<unknown>;

async function statementOf(scope: Scope, act: Act): Promise<{ text: string; values: unknown[] }> {
  const sent: { text: string; values: unknown[] }[] = [];
  class Recording extends Connection {
    override async query<T>(text: string, values: unknown[] = []): Promise<T[]> {
      sent.push({ text, values });
      return [{ count: 0 }] as T[];
    }
  }
  await act(new Scoped(new Recording(undefined as never), scope));
  expect(sent).toHaveLength(1);
  return sent[0];
}

async function custom(scope: Scope, act: Act): Promise<Node> {
  const { text, values } = await statementOf(scope, act);
  const [row] = await database.owner<{ 'QUERY PLAN': [{ Plan: Node }] }>(`explain (analyze, buffers, timing off, format json) ${text}`, values);
  return row['QUERY PLAN'][0].Plan;
}

const literal = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? `'{${value.map((v) => JSON.stringify(String(v))).join()}}'`.replaceAll("\\\\", "\\\\\\\\") : `'${String(value).replaceAll("'", "''")}'`;

async function generic(scope: Scope, act: Act, analyze = false): Promise<Node> {
  const { text, values } = await statementOf(scope, act);
  await database.owner(`prepare probe as ${text}`);
  try {
    const [row] = await database.owner<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `explain (${analyze ? 'analyze, buffers, timing off, ' : ''}format json) execute probe(${values.map(literal).join()})`,
    );
    return row['QUERY PLAN'][0].Plan;
  } finally {
    await database.owner('deallocate probe');
  }
}

beforeAll(async () => {
  database = await testDatabase();
  const t = Date.now();
  volume = await fillVolume(database);
  console.log('filled', Date.now() - t);
  const rows = await database.owner<{ name: string; n: number }>(
    "select relname as name, reltuples::integer as n from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples >= 1000",
  );
  console.log(rows);
  large = new Set(rows.map(({ name }) => name));
  await database.owner('set plan_cache_mode = force_generic_plan');
}, 600_000);
afterAll(() => database.close());

const queryFields = () => (schema().getQueryType() as GraphQLObjectType).getFields();
/** The lists of the root, each by its noun. */
const roots: [field: string, noun: Noun][] = (Object.keys(nouns) as Noun[]).flatMap((noun) =>
  queryFields()[`${noun}s`] ? [[`${noun}s`, noun] as [string, Noun]] : [],
);
const filterOf = (field: string) =>
  getNamedType(queryFields()[field].args.find(({ name }) => name === 'filter')!.type) as GraphQLInputObjectType;

/** Where the values of a filter field are found, where no column of the row has its name. */
const elsewhere: Record<string, string> = {
  orderNumber: 'select o.order_number as value from order_line_item t join orders o on o.id = t.order_id',
  originalOrderId: 'select o.order_id as value from order_line_item t join order_line_item o on o.id = t.original_order_line_item_id',
  originalOrderNumber:
    'select o.order_number as value from order_line_item t join order_line_item s on s.id = t.original_order_line_item_id join orders o on o.id = s.order_id',
};

interface Probe {
  name: string;
  filter: object;
}

async function probesOf(field: string, noun: Noun, scope: Scope): Promise<Probe[]> {
  const definition = listOf(noun);
  const probes: Probe[] = [];
  for (const [name, input] of Object.entries(filterOf(field).getFields())) {
    const type = getNamedType(input.type);
    if (type.name === 'Boolean') {
      for (const value of [true, false]) probes.push({ name: `${name} ${value}`, filter: { [name]: value } });
      continue;
    }
    const column = definition.table.columns[name];
    const own = `select t.${column?.name} as value from ${definition.table.name} t`;
    const source = column ? own : elsewhere[name];
    if (!source) throw new Error(`${field}.${name}: say where its values are found`);
    const found = await database.owner<{ value: string; n: number }>(
      `select value::text, count(*)::integer as n from (${source} where t.entity_id = $1) v where value is not null group by 1 order by 2, 1`,
      [scope.entityId],
    );
    const [rare, common] = [found[0].value, found[found.length - 1].value];
    const scalar = (value: string, what: string) => ({ name: `${name} ${what}`, filter: { [name]: value } });
    if (isEnumType(type)) {
      for (const { name: value } of type.getValues()) probes.push(scalar(value, value));
      continue;
    }
    if (!isInputObjectType(type)) {
      probes.push(scalar(rare, 'rare'), scalar(common, 'common'), scalar('XXX', 'absent'));
      continue;
    }
    const sorted = found.map(({ value }) => value);
    const kind = getNamedType(Object.values(type.getFields())[0].type);
    sorted.sort(/^(Decimal)$/.test(kind.name) ? (a, b) => Number(a) - Number(b) : undefined);
    const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)];
    const absent = type.name === 'IDFilter' ? newId() : kind.name === 'Date' ? '1990-01-01' : kind.name === 'Decimal' ? '-99999' : isEnumType(kind) ? rare : '~absent~';
    for (const operator of Object.keys(type.getFields())) {
      const put = (what: string, value: unknown) => probes.push({ name: `${name} ${operator} ${what}`, filter: { [name]: { [operator]: value } } });
      if (operator === 'isNull') for (const value of [true, false]) put(`${value}`, value);
      else if (operator === 'eq') {
        if (isEnumType(kind)) for (const { name: value } of kind.getValues()) put(value, value);
        else for (const [what, value] of Object.entries({ rare, common, absent })) put(what, value);
      } else if (operator === 'in') {
        put('rare', [rare]);
        put('several', [...new Set([rare, common, at(0.5)])]);
        put('empty', []);
        if (!isEnumType(kind)) put('1000', sorted.slice(0, 1000));
      } else if (operator === 'startsWith') {
        put('rare', rare);
        put('common', common.slice(0, 1));
        put('absent', absent);
        put('empty', '');
      } else for (const [what, part] of Object.entries({ first: 0, low: 0.01, middle: 0.5, high: 0.99, last: 1 })) put(what, at(part));
    }
  }
  return probes;
}

const query = (order?: Order, more: object = {}) => ({ properties: ['id', 'version'], order, limit: 21, backward: false, ...more });

const report: string[] = [];
const scopes = () => Object.entries({ large: volume.large, small: volume.small, corner: volume.corner });
const seq = (plan: Node) => nodes(plan).filter((n) => n['Node Type'] === 'Seq Scan' && large.has(n['Relation Name']!)).map((n) => n['Relation Name']);

test('explore roots', async () => {
  const t0 = Date.now();
  let n = 0;
  for (const [field, noun] of roots) {
    const definition: List<any, any> = listOf(noun);
    const own = volume.large;
    const probes = await probesOf(field, noun, own);
    probes.push({ name: 'none', filter: {} });
    for (const [scopeName, scope] of scopes()) {
      for (const { name, filter } of probes) {
        const total: Act = (scoped) => count(scoped, definition, filter);
        const counted = await custom(scope, total);
        const [{ count: matches }] = [{ count: await count(new Scoped(database.db.reads(), scope), definition, filter) }];
        if (seq(counted).length) report.push(`TOTAL SEQ ${scopeName} ${field} ${name} matches ${matches}: ${shape(counted)}`);
        const gcounted = await generic(scope, total);
        if (seq(gcounted).length) report.push(`GENERIC TOTAL SEQ ${scopeName} ${field} ${name} matches ${matches}: ${shape(gcounted)}`);
        n += 2;
        const orders = Object.keys(definition.sorts).flatMap((f) => (['ASC', 'DESC'] as const).map((direction) => ({ field: f, direction })));
        for (const order of orders) {
          const act: Act = (scoped) => page(scoped, definition, query(order));
          void act;
          const paged: Act = (scoped) => page(scoped, definition, { ...query(order), filter });
          const plan = await custom(scope, paged);
          n++;
          const rows = looked(plan);
          const isDefault = order.field === 'updatedDate' && order.direction === 'DESC';
          if (seq(plan).length) report.push(`PAGE SEQ ${scopeName} ${field} ${name} ${order.field} ${order.direction} matches ${matches}: ${shape(plan)}`);
          if (rows > 3000) report.push(`PAGE LOOKED ${rows} ${isDefault ? 'DEFAULT ' : ''}${scopeName} ${field} ${name} ${order.field} ${order.direction} matches ${matches}: ${shape(plan)}`);
          if (isDefault || name === 'none') {
            const g = await generic(scope, paged, true);
            n++;
            if (seq(g).length) report.push(`GENERIC PAGE SEQ ${scopeName} ${field} ${name} ${order.field} ${order.direction} matches ${matches}: ${shape(g)}`);
            if (looked(g) > 3000) report.push(`GENERIC PAGE LOOKED ${looked(g)} ${scopeName} ${field} ${name} ${order.field} ${order.direction} matches ${matches}: ${shape(g)}`);
          }
        }
      }
    }
  }
  report.push(`${n} statements in ${Date.now() - t0} ms`);
  require('node:fs').writeFileSync('/tmp/explore.txt', report.join('\n'));
});
void manyEdges; void countsBy; void pagesBy; export type E = ManyEdge;
