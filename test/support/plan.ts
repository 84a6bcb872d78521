import { Connection, Scoped, type TenantScope } from '../../src/store/connection/connection';
import { readerRole } from '../../src/store/connection/roles';
import type { TestDatabase } from './database';

/** A node of a plan, with what was counted where the statement was carried out. */
export interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Rows Removed by Join Filter'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Plan[];
}

export const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

const times = (node: Plan, ...rows: (number | undefined)[]): number =>
  rows.reduce<number>((sum, each) => sum + (each ?? 0), 0) * (node['Actual Loops'] ?? 0);

/** How many rows of tables were looked at, be it for nothing. */
export const rowsRead = (plan: Plan): number =>
  nodesOf(plan)
    .filter((node) => node['Relation Name'])
    .reduce(
      (sum, node) =>
        sum + times(node, node['Actual Rows'], node['Rows Removed by Filter'], node['Rows Removed by Index Recheck']),
      0,
    );

/** How many pages of tables and indexes were looked at. */
export const pagesRead = (plan: Plan): number => (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);

/** The plan in one line. */
export const shapeOf = (plan: Plan): string =>
  nodesOf(plan)
    .map((node) => [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean).join(' on '))
    .join(', ');

export interface Statement {
  text: string;
  values: unknown[];
}

/** What the store sends for an act that reads; nothing is carried out. */
export async function statementOf(scope: TenantScope, act: (scoped: Scoped) => Promise<unknown>): Promise<Statement> {
  const sent: Statement[] = [];
  class Recording extends Connection {
    override async query<T>(text: string, values: unknown[] = []): Promise<T[]> {
      sent.push({ text, values });
      return [{}] as T[];
    }
  }
  await act(new Scoped(new Recording(undefined as never), scope));
  if (sent.length !== 1) throw new Error(`${sent.length} statements`);
  return sent[0];
}

type Explained = { 'QUERY PLAN': [{ Plan: Plan }] };
const options = (analyze: boolean) => `(${analyze ? 'analyze, buffers, timing off, ' : ''}format json)`;

/** Row security has a say in plans: they are those of the role that queries run under. */
async function asReader<T>({ owner }: TestDatabase, act: () => Promise<T>): Promise<T> {
  await owner(`set role ${readerRole}`);
  try {
    return await act();
  } finally {
    await owner('reset role');
  }
}

/** How PostgreSQL plans a statement for its values. */
export function planned(database: TestDatabase, { text, values }: Statement, analyze: boolean): Promise<Plan> {
  return asReader(database, async () => {
    const [row] = await database.owner<Explained>(`explain ${options(analyze)} ${text}`, values);
    return row['QUERY PLAN'][0].Plan;
  });
}

/**
 * How PostgreSQL plans a prepared statement: `always` for whatever values, as it may do from the sixth time on, or as it
 * settles by itself after it was carried out with other values six times.
 */
export const plannedPrepared = (
  database: TestDatabase,
  statement: Statement,
  before: Statement | 'always',
): Promise<Plan> => asReader(database, () => probed(database, statement, before));

async function probed(
  { owner }: TestDatabase,
  { text, values }: Statement,
  before: Statement | 'always',
): Promise<Plan> {
  await owner(`prepare probe as ${text}`);
  try {
    if (before === 'always') await owner('set plan_cache_mode = force_generic_plan');
    else for (let time = 0; time < 6; time++) await owner(`execute probe(${before.values.map(literal)})`);
    const [row] = await owner<Explained>(
      `explain ${options(before !== 'always')} execute probe(${values.map(literal)})`,
    );
    return row['QUERY PLAN'][0].Plan;
  } finally {
    await owner('reset plan_cache_mode');
    await owner('deallocate probe');
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const literal = (value: unknown): string =>
  Array.isArray(value)
    ? quoted(`{${value.map((each) => `"${String(each).replace(/["\\]/g, '\\$&')}"`)}}`)
    : quoted(String(value));

/**
 * Carries statements out on the connection of a scope, and says how many pairs of rows their joins compared for nothing:
 * where each row meets each other, it is the square of their number.
 */
export async function comparedInVain(scoped: Scoped, act: (scoped: Scoped) => Promise<unknown>): Promise<number> {
  let compared = 0;
  class Explaining extends Connection {
    override async query<T>(text: string, values?: unknown[]): Promise<T[]> {
      const [row] = await scoped.connection.query<Explained>(`explain (analyze, format json) ${text}`, values);
      const inVain = nodesOf(row['QUERY PLAN'][0].Plan).map((node) => times(node, node['Rows Removed by Join Filter']));
      compared += inVain.reduce((sum, each) => sum + each, 0);
      return [];
    }
  }
  await act(new Scoped(new Explaining(undefined as never), scoped.scope));
  return compared;
}
