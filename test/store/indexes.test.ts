import { appendFileSync, writeFileSync } from 'node:fs';
import { type ManyEdge, manyEdges } from '../../src/graph/loaders';
import { listOf, type Noun } from '../../src/graph/nouns';
import { type Scope, Scoped } from '../../src/store/connection';
import { count, countsBy, type Order, page, pagesBy } from '../../src/store/list';
import { type TestDatabase, testDatabase } from '../support/database';
import {
  nodesOf,
  type Plan,
  pagesRead,
  planned,
  plannedPrepared,
  rowsRead,
  shapeOf,
  statementOf,
} from '../support/plan';
import { type Probe, probesOf, rootLists } from '../support/probes';
import { fillVolume, type Volume } from '../support/volume';

jest.setTimeout(300_000);
let database: TestDatabase;
let volume: Volume;
let scopes: [string, Scope][];
let sizes: Map<string, number>;
beforeAll(async () => {
  writeFileSync('/tmp/explore.txt', '');
  database = await testDatabase();
  const t = Date.now();
  volume = await fillVolume(database);
  console.log('fill', Date.now() - t);
  scopes = Object.entries(volume);
  const tables = await database.owner<{ name: string; rows: number }>(
    "select relname as name, reltuples::integer as rows from pg_class where relkind = 'r' and reltuples >= 4000",
  );
  sizes = new Map(tables.map(({ name, rows }) => [name, rows]));
}, 300_000);
afterAll(() => database.close());

const seq = (plan: Plan) =>
  nodesOf(plan).filter((n) => n['Node Type'] === 'Seq Scan' && sizes.has(n['Relation Name']!));
const out = (s: string) => appendFileSync('/tmp/explore.txt', `${s}\n`);

const query = (more: object = {}) => ({
  properties: ['id', 'version'].slice(0, 1),
  limit: 21,
  backward: false,
  ...more,
});
const ordersOf = (noun: Noun): Order[] =>
  Object.keys(listOf(noun).sorts).flatMap((field) =>
    (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })),
  );
const time = async (what: string, f: () => Promise<void>) => {
  const t = Date.now();
  await f();
  out(`TIME ${what} ${Date.now() - t}`);
};

test.each(rootLists)('%s explore', async (field, noun) => {
  const definition = listOf(noun);
  const probes: Probe[] = [
    ...(await probesOf(database, noun, volume.large.entityId)),
    { name: 'none', filter: {}, span: false },
  ];
  await time(`${field} default`, async () => {
    for (const [scopeName, scope] of scopes)
      for (const { name, filter, span } of probes) {
        const statement = await statementOf(scope, (scoped) => page(scoped, definition, query({ filter })));
        const plan = await planned(database, statement, true);
        const matches = await count(new Scoped(database.db.reads(), scope), definition, filter);
        const rows = rowsRead(plan);
        if (seq(plan).length) out(`PAGE SEQ ${scopeName} ${field} ${name} of ${matches}: ${shapeOf(plan)}`);
        if (rows > 2000 || pagesRead(plan) > 2000)
          out(
            `PAGE READ ${rows} pages ${pagesRead(plan)} ${span ? 'SPAN' : ''} ${scopeName} ${field} ${name} of ${matches}: ${shapeOf(plan)}`,
          );
        const g = await plannedPrepared(database, statement, 'always');
        if (seq(g).length) out(`GENERIC PAGE SEQ ${scopeName} ${field} ${name} of ${matches}: ${shapeOf(g)}`);
        const counting = await statementOf(scope, (scoped) => count(scoped, definition, filter).catch(() => 0));
        for (const [mode, c] of [
          ['', await planned(database, counting, false)],
          ['GENERIC', await plannedPrepared(database, counting, 'always')],
        ] as const)
          if (seq(c).length)
            out(
              `${mode} TOTAL SEQ ${scopeName} ${field} ${name} of ${matches} ${(matches / sizes.get(definition.table.name)!).toFixed(3)}: ${shapeOf(c)}`,
            );
      }
  });
  await time(`${field} settled`, async () => {
    const scope = volume.large;
    for (const { name, filter } of probes.filter(
      (p) => / eq (rare|absent)| (rare|absent)$/.test(p.name) && !p.span && !/ in /.test(p.name),
    )) {
      const common = probes.find((p) => p.name === name.replace(/rare|absent/, 'common'));
      if (!common) continue;
      const before = await statementOf(scope, (scoped) => page(scoped, definition, query({ filter: common.filter })));
      const s = await statementOf(scope, (scoped) => page(scoped, definition, query({ filter })));
      const plan = await plannedPrepared(database, s, before);
      if (rowsRead(plan) > 2000 || seq(plan).length)
        out(`SETTLED READ ${rowsRead(plan)} ${field} ${name}: ${shapeOf(plan)}`);
    }
  });
  await time(`${field} cross`, async () => {
    for (const order of ordersOf(noun))
      for (const { name, filter } of probes) {
        const plan = await planned(
          database,
          await statementOf(volume.large, (scoped) => page(scoped, definition, query({ filter, order }))),
          false,
        );
        if (seq(plan).length) out(`CROSS SEQ ${field} ${name} ${order.field} ${order.direction}: ${shapeOf(plan)}`);
      }
  });
  await time(`${field} sorts`, async () => {
    for (const order of ordersOf(noun))
      for (const part of [null, 0.01, 0.5, 0.99])
        for (const backward of [false, true])
          for (const [scopeName, scope] of scopes) {
            const sort = definition.sorts[order.field];
            const [from] =
              part === null
                ? [null]
                : await database.owner<any>(
                    `select replace(t.id::text, '-', '') as id, ${sort.sql}::text as value from ${definition.table.name} t where t.entity_id = $1 order by ${sort.sql}, t.id limit 1 offset (select floor(count(*) * ${part})::integer from ${definition.table.name} where entity_id = $1)`,
                    [scope.entityId],
                  );
            const s = await statementOf(scope, (scoped) => page(scoped, definition, query({ order, from, backward })));
            const plan = await planned(database, s, true);
            const rows = rowsRead(plan);
            if (rows > (scopeName === 'corner' ? 2000 : 100) || seq(plan).length)
              out(
                `SORT READ ${rows} ${scopeName} ${field} ${order.field} ${order.direction} ${part} ${backward}: ${shapeOf(plan)}`,
              );
            const g = await plannedPrepared(database, s, 'always');
            if (seq(g).length)
              out(
                `GENERIC SORT SEQ ${scopeName} ${field} ${order.field} ${order.direction} ${part} ${backward}: ${shapeOf(g)}`,
              );
          }
  });
});

test.each(Object.entries(manyEdges))('%s explore', async (edge, { target, by }) => {
  const definition = listOf(target);
  const columns = [by].flat().map((p) => definition.table.columns[p].name);
  await time(edge, async () => {
    const keys = (
      await database.owner<{ id: string }>(
        `select replace(t.${columns[0]}::text, '-', '') as id from ${definition.table.name} t where entity_id = $1 and t.${columns[0]} is not null group by 1 order by count(*) desc, 1 limit 100`,
        [volume.large.entityId],
      )
    ).map((r) => r.id);
    const probes = rootLists.some(([, n]) => n === target)
      ? await probesOf(database, target, volume.large.entityId)
      : [];
    probes.push({ name: 'none', filter: {}, span: false });
    for (const parents of [keys.slice(0, 1), keys]) {
      const counts = await countsBy(new Scoped(database.db.reads(), volume.large), definition, by, parents);
      const children = counts.reduce((s, c) => s + c.count, 0);
      for (const { name, filter } of probes)
        for (const order of name === 'none' ? ordersOf(target) : [undefined]) {
          const s = await statementOf(volume.large, (scoped) =>
            pagesBy(scoped, definition, by, parents, query({ filter, order })),
          );
          const plan = await planned(database, s, true);
          const g = await plannedPrepared(database, s, 'always');
          const c = await statementOf(volume.large, (scoped) => countsBy(scoped, definition, by, parents, filter));
          const cp = await planned(database, c, true);
          const cg = await plannedPrepared(database, c, 'always');
          const what = `${edge} ${parents.length} ${name} ${order?.field} ${order?.direction} children ${children}`;
          if (seq(plan).length) out(`EDGE SEQ ${what}: ${shapeOf(plan)}`);
          if (seq(g).length) out(`GENERIC EDGE SEQ ${what}: ${shapeOf(g)}`);
          if (seq(cp).length) out(`EDGE TOTAL SEQ ${what}: ${shapeOf(cp)}`);
          if (seq(cg).length) out(`GENERIC EDGE TOTAL SEQ ${what}: ${shapeOf(cg)}`);
          if (rowsRead(plan) > 3 * children + 200) out(`EDGE READ ${rowsRead(plan)} ${what}: ${shapeOf(plan)}`);
          if (rowsRead(cp) > 3 * children + 200) out(`EDGE TOTAL READ ${rowsRead(cp)} ${what}: ${shapeOf(cp)}`);
        }
    }
  });
});
void (null as unknown as ManyEdge);
