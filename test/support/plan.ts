import { Connection, Scoped } from '../../src/store/connection';

interface Node {
  'Actual Loops': number;
  'Rows Removed by Join Filter'?: number;
  Plans?: Node[];
}

/** How many pairs of rows the joins of a node have compared for nothing. */
const inVain = (node: Node): number =>
  (node['Rows Removed by Join Filter'] ?? 0) * node['Actual Loops'] +
  (node.Plans ?? []).reduce((sum, each) => sum + inVain(each), 0);

/**
 * Carries statements out on the connection of a scope, and says how many pairs of rows their joins compared for nothing:
 * where each row meets each other, it is the square of their number.
 */
export async function comparedInVain(scoped: Scoped, act: (scoped: Scoped) => Promise<unknown>): Promise<number> {
  let compared = 0;
  class Explaining extends Connection {
    override async query<T>(text: string, values?: unknown[]): Promise<T[]> {
      const [row] = await scoped.connection.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `explain (analyze, format json) ${text}`,
        values,
      );
      compared += inVain(row['QUERY PLAN'][0].Plan);
      return [];
    }
  }
  await act(new Scoped(new Explaining(undefined as never), scoped.scope));
  return compared;
}
