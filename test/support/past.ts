import fc from 'fast-check';
import { type GraphQLObjectType, parse } from 'graphql';
import { standardLimits } from '../../src/domain/limits';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { prepare } from '../../src/graph/guard/operation';
import { lists } from '../../src/graph/model/lists';
import { nouns } from '../../src/graph/model/nouns';
import { isRecorded, type PastNoun, pastNouns } from '../../src/graph/model/past';
import { run } from '../../src/graph/read/execution';
import { collectPayment } from '../../src/service/payment-collect';
import { refundPayment } from '../../src/service/payment-refund';
import { Work } from '../../src/service/run/work';
import { testGateway } from './gateway';
import { beginWorld, carryOut, commandsBy } from './sequences/commands';
import { look } from './sequences/world';

/* A memory of all objects that asOf can be asked of, as the graph has shown them after each step. */

type Shown = { id: string } & Record<string, unknown>;
interface Moment {
  at: string;
  /** By noun and id. */
  objects: Map<string, { noun: PastNoun; shown: Shown }>;
}

/** All fields that the history tells. */
const recordedFields = (noun: PastNoun): string =>
  Object.keys((schema().getType(nouns[noun].typename) as GraphQLObjectType).getFields())
    .filter((field) => isRecorded(noun, field))
    .join(' ');

const everything = `{ ${pastNouns.map((noun) => `${noun}s(first: 10000) { nodes { ${recordedFields(noun)} } }`).join(' ')} }`;
const limits = { ...standardLimits, pageSize: 10_000 };

async function ask(work: Work, query: string): Promise<Record<string, unknown>> {
  const operation = prepare({ document: parse(query), hash: '' });
  const { data, errors } = await run(operation, new GraphContext(new Work(work.services, work.caller), limits));
  if (errors) throw errors[0];
  return JSON.parse(JSON.stringify(data));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Memory {
  private readonly moments: Moment[] = [];

  constructor(private readonly work: Work) {}

  /** Remembers how all objects stand. What changes afterwards has a later millisecond. */
  async keep(): Promise<void> {
    // PostgreSQL rounds instants of its own to milliseconds, be it upwards.
    await pause(2);
    const at = new Date().toISOString();
    const data = (await ask(this.work, everything)) as Record<string, { nodes: Shown[] }>;
    const objects = pastNouns.flatMap((noun) =>
      data[`${noun}s`].nodes.map((shown) => [`${noun} ${shown.id}`, { noun, shown }] as const),
    );
    this.moments.push({ at, objects: new Map(objects) });
    await pause(2);
  }

  /**
   * Asks for each object as it stood at the first and at the last moment of each of its states: before it was made and
   * after it was deleted too. It also asks at the very millisecond of each change, and before that of the creation.
   * Returns how often it asked, and which answers differ from what is remembered.
   */
  async wrong(): Promise<{ asked: number; states: Record<string, number>; wrong: object[] }> {
    const cases: { noun: PastNoun; key: string; at: string; expected: Shown | null }[] = [];
    const states: Record<string, number> = {};
    const all = new Map(this.moments.flatMap(({ objects }) => [...objects]));
    for (const [name, { noun, shown }] of all) {
      const number = `${noun}Number` in shown ? String(shown[`${noun}Number`]) : shown.id;
      const told = this.moments.map(({ objects }) => JSON.stringify(objects.get(name)?.shown ?? null));
      for (const [at, moment] of this.moments.entries()) {
        if (told[at] === told[at - 1] && told[at] === told[at + 1]) continue;
        if (told[at] !== told[at - 1]) states[noun] = (states[noun] ?? 0) + 1;
        const key = at % 2 ? shown.id : number;
        const expected = JSON.parse(told[at]) as Shown | null;
        cases.push({ noun, key, at: moment.at, expected });
        if (expected) cases.push({ noun, key, at: String(expected.updatedDate), expected });
      }
      const before = new Date(Date.parse(String(shown.createdDate)) - 1).toISOString();
      cases.push({ noun, key: number, at: before, expected: null });
    }
    const wrong: object[] = [];
    for (let from = 0; from < cases.length; from += 50) {
      const some = cases.slice(from, from + 50);
      const fields = some.map(
        ({ noun, key, at }, n) =>
          `o${n}: ${noun}(${lists[noun].byKey.argument}: "${key}", asOf: "${at}") { ${recordedFields(noun)} }`,
      );
      const data = await ask(this.work, `{ ${fields.join(' ')} }`);
      for (const [n, { expected, ...each }] of some.entries()) {
        const actual = data[`o${n}`] as Shown | null;
        if (JSON.stringify(actual) !== JSON.stringify(expected)) wrong.push({ ...each, expected, actual });
      }
    }
    return { asked: cases.length, states, wrong };
  }
}

/** Carries out random commands, ten times so many. What asOf shows is held against what was there after each of them. */
export async function walkedInto(seed: number, tens: number) {
  const [commands] = fc.sample(commandsBy(tens), { seed, numRuns: 1 });
  const gateway = await testGateway({ gatewayTimeoutMs: 100 });
  try {
    const work = await beginWorld(gateway, seed % 4 !== 0);
    const memory = new Memory(work);
    // Few random commands pay, since few invoices are left to be paid.
    await memory.keep();
    const { invoices } = await look(work);
    const owed = invoices.find(({ balance, currency }) => currency === 'USD' && Number(balance) > 0)!;
    const { payments } = await collectPayment(work, [owed.id]);
    await memory.keep();
    await work.finish();
    await memory.keep();
    await refundPayment(work, payments[0].id, '1');
    await work.finish();
    for (const command of commands) {
      await memory.keep();
      await carryOut(gateway, work, [command], 1, {});
    }
    await memory.keep();
    return await memory.wrong();
  } finally {
    await gateway.close();
  }
}

interface EntryLeft {
  id: string;
  version: number;
  at: string;
  /** The object now; null if it was deleted. */
  now: { version: number; at: string } | null;
}

/** The entries of all objects by their versions, after random commands over so many connections. */
export async function entriesAfter(seed: number, connections: number): Promise<EntryLeft[]> {
  const [commands] = fc.sample(commandsBy(8), { seed, numRuns: 1 });
  const gateway = await testGateway({ gatewayTimeoutMs: 100, poolSize: connections + 1 });
  try {
    const work = await beginWorld(gateway, true);
    await carryOut(gateway, work, commands, connections, {});
    const of = pastNouns.map((noun) => {
      const { typename, list } = nouns[noun];
      return `select h.subject_id, h.version, h.at, h.action, t.version as now_version, t.updated_date as now_at from history_entry h
        left join ${list.table.name} t on t.entity_id = h.entity_id and t.id = h.subject_id where h.subject_type = '${typename}'`;
    });
    const rows = await gateway.database.owner<{
      id: string;
      version: number;
      at: string;
      nowVersion: number | null;
      nowAt: string;
    }>(
      `select subject_id as id, version, at, now_version as "nowVersion", now_at as "nowAt" from (${of.join(' union all ')}) e
       order by subject_id, version`,
    );
    return rows.map(({ nowVersion, nowAt, ...entry }) => ({
      ...entry,
      now: nowVersion === null ? null : { version: nowVersion, at: nowAt },
    }));
  } finally {
    await gateway.close();
  }
}
