import type { FormattedExecutionResult } from 'graphql';
import { turn } from '../../graph/read/event-loop';
import { RawJson } from '../../graph/read/plan/run';

const large = new WeakSet<object>();

/** Marks the data of a result as large. */
export const isLarge = (data: object): void => {
  large.add(data);
};

/** Pieces written between two looks at the clock, and the time after which other requests get a turn. */
const piecesAtOnce = 500;
const mostMs = 5;
/** About the work of that time, in units of `turn`. */
const asManyUnits = 3_000;

/**
 * Writes a result as JSON. A large result is written in turns of the event loop: JSON.stringify blocks all requests for
 * 300 milliseconds at the greatest reply of 32 MB.
 */
export async function stringifyResult(result: FormattedExecutionResult): Promise<string> {
  const { data } = result;
  if (data && Object.values(data).some((value) => value instanceof RawJson)) return `${spliced(result)}\n`;
  if (!data || !large.has(data)) return `${JSON.stringify(result)}\n`;
  const written: string[] = [];
  let began = performance.now();
  let count = 0;
  for (const piece of pieces(result)) {
    written.push(piece);
    if (++count % piecesAtOnce || performance.now() - began < mostMs) continue;
    await turn(asManyUnits);
    began = performance.now();
  }
  written.push('\n');
  return written.join('');
}

/** A result whose data PostgreSQL has written, in whole or in part. */
function spliced(result: FormattedExecutionResult): string {
  const whole = Object.entries(result).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (name !== 'data') return [`${JSON.stringify(name)}:${JSON.stringify(value)}`];
    const fields = Object.entries(value as object).map(([field, each]) => {
      const json = each instanceof RawJson ? each.text : JSON.stringify(each ?? null);
      return `${JSON.stringify(field)}:${json}`;
    });
    return [`"data":{${fields.join()}}`];
  });
  return `{${whole.join()}}`;
}

/** An object without nested objects is one piece. */
function* pieces(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null || isFlat(value)) {
    yield JSON.stringify(value);
    return;
  }
  let before = Array.isArray(value) ? '[' : '{';
  const end = Array.isArray(value) ? ']' : '}';
  if (Array.isArray(value)) {
    for (const each of value) {
      yield before;
      yield* pieces(each ?? null);
      before = ',';
    }
  } else {
    for (const [name, each] of Object.entries(value)) {
      if (each === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* pieces(each);
      before = ',';
    }
  }
  yield before === '[' || before === '{' ? before + end : end;
}

function isFlat(value: object): boolean {
  for (const name in value) {
    const each = (value as Record<string, unknown>)[name];
    if (typeof each === 'object' && each !== null) return false;
  }
  return true;
}
