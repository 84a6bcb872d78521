import { type ExecutionResult, GraphQLError, isNonNullType, locatedError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { faultOf } from '../../../store/connection/failure';
import { Values } from '../../../store/query/filter';
import { leftMark, requested, withRequested } from '../../../store/query/json';
import { statement } from '../../../store/query/tree';
import { schema } from '../../build/schema';
import type { GraphContext } from '../../context';
import { countCosts, readingCosts } from '../../guard/cost';
import type { Operation } from '../../guard/operation';
import { filled } from './deferred';
import type { Plan, PlannedRoot } from './plan';

/** JSON that goes out as PostgreSQL has written it. */
export class RawJson {
  constructor(readonly json: Buffer | string) {}

  /** For whoever writes the reply in another way. */
  toJSON(): unknown {
    return JSON.parse(this.json.toString());
  }
}

/** Answers root fields in another way: those that have no plan, or whose arguments a plan refuses. */
type Otherwise = (names: ReadonlySet<string>) => Promise<ExecutionResult>;

/** Answers a query by its plan: one statement for all root fields that can be planned. */
export async function runPlanned(
  plan: Plan,
  operation: Operation,
  context: GraphContext,
  otherwise: Otherwise,
): Promise<ExecutionResult> {
  const binding = { values: new Values(), variables: operation.variables };
  const asked: PlannedRoot[] = [];
  const printed: string[][] = [];
  for (const root of plan.planned) {
    if (!context.caller.scopes.has(root.scope)) continue;
    const before = binding.values.list.length;
    try {
      printed.push(requested(root.value, binding));
      asked.push(root);
    } catch {
      // The resolver refuses the same arguments, with the place in the reply.
      binding.values.list.length = before;
    }
  }
  const left = new Set(plan.fields.map(([name]) => name));
  for (const { name } of asked) left.delete(name);
  const ask = () => {
    const text = textOf(plan, asked, printed, context.reply.allowed);
    return answered(plan, asked, text, binding.values.list, operation, context, otherwise);
  };
  const [answers, rest] = await Promise.all([
    asked.length ? ask() : undefined,
    left.size ? otherwise(left) : undefined,
  ]);
  return merged(plan, [answers, rest]);
}

/**
 * The statements that were used last, by their plan and by what was printed for a request. A text that is found here has
 * been hashed before. Bounded by characters: a text may have 100,000, and each combination of filters makes another.
 */
export const texts = new LRUCache<string, string>({
  maxSize: 30_000_000,
  sizeCalculation: (text, key) => text.length + key.length,
});

export function textOf(
  { number }: Pick<Plan, 'number'>,
  roots: readonly PlannedRoot[],
  printed: readonly (readonly string[])[],
  most: number,
): string {
  const key = [number, ...roots.map(({ name }, at) => `${name} ${printed[at].join('\n')}`)].join('\n');
  let text = texts.get(key);
  if (text === undefined) {
    const called = [...new Set(roots.map(({ nodes }) => nodes[0].name.value))].join(', ');
    const values = roots.map(({ value }, at) => withRequested(value, printed[at]));
    const usesSettings = roots.some((root) => root.usesSettings);
    text = statement(called, values, usesSettings, most);
    texts.set(key, text);
  }
  return text;
}

/** The results in the order of the fields. A null of a field that cannot be null is that of the whole. */
function merged(plan: Plan, results: readonly (ExecutionResult | undefined)[]): ExecutionResult {
  const errors = [...new Set(results.flatMap((result) => result?.errors ?? []))];
  const more = errors.length ? { errors } : {};
  if (results.some((result) => result && !result.data)) return { ...more, data: null };
  // An alias may be called __proto__.
  const all: Record<string, unknown> = Object.assign(Object.create(null), ...results.map((result) => result?.data));
  const data: Record<string, unknown> = Object.create(null);
  for (const [name] of plan.fields) if (name in all) data[name] = all[name];
  return { ...more, data };
}

async function answered(
  plan: Plan,
  roots: readonly PlannedRoot[],
  text: string,
  values: unknown[],
  operation: Operation,
  context: GraphContext,
  otherwise: Otherwise,
): Promise<ExecutionResult> {
  try {
    const row = await context.work.reads().bytes(text, values);
    const { fragments, deferred } = plan;
    const { variables, node } = operation;
    const info = { schema: schema(), fragments, variableValues: variables as Record<string, unknown>, operation: node };
    const data: Record<string, RawJson> = Object.create(null);
    const left = new Set(roots.flatMap(({ name }, at) => (row[at]?.includes(leftMark) ? [name] : [])));
    const others = left.size ? otherwise(left) : undefined;
    await Promise.all(
      roots.map(async (root, at) => {
        if (left.has(root.name)) return;
        const written = row[at] ?? context.reply.tooLong();
        const json = deferred.length ? await filled(written, deferred, context, info) : written;
        note(root, json, context);
        data[root.name] = new RawJson(json);
      }),
    );
    return others ? merged(plan, [{ data }, await others]) : { data };
  } catch (error) {
    if (isUnforeseen(error) && !context.work.isVoid) {
      context.work.services.onFailure(error, 'answering a query by one statement');
      return otherwise(new Set(roots.map(({ name }) => name)));
    }
    return failed(roots, error);
  }
}

/** PostgreSQL refuses the statement itself, or a target that must exist does not. The other way says more. */
const isUnforeseen = (error: unknown): boolean =>
  typeof (error as { severity?: unknown }).severity === 'string' && faultOf(error) === undefined;

/** One error for each field, as if each had its own statement. */
function failed(roots: readonly PlannedRoot[], error: unknown): ExecutionResult {
  const fields = schema().getQueryType()!.getFields();
  const errors = roots.map(({ name, nodes }) => locatedError(error, nodes, [name]) as GraphQLError);
  if (roots.some(({ nodes }) => isNonNullType(fields[nodes[0].name.value].type))) return { errors, data: null };
  return { errors, data: Object.fromEntries(roots.map(({ name }) => [name, null])) };
}

/** Counts the reply towards the cost of the request. */
function note({ nodes, totals }: PlannedRoot, json: Buffer | string, { reply }: GraphContext): void {
  reply.addJson(json.length);
  reply.addReading(readingCosts[`Query.${nodes[0].name.value}`] ?? 0);
  reply.addReading(countCosts.root * totals.root.length);
  for (const name of new Set(totals.edges)) reply.addReading(countCosts.edge * occurrences(json, `"${name}":`));
}

function occurrences(json: Buffer | string, part: string): number {
  let count = 0;
  for (let at = json.indexOf(part); at >= 0; at = json.indexOf(part, at + part.length)) count++;
  return count;
}
