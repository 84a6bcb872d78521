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
  if (data && Object.values(data).some((value) => value instanceof RawJson)) {
    // Apollo hands on what it gets, and does not look at it. As a string, it would be decoded and encoded for nothing.
    return spliced(result) as Buffer | string as string;
  }
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
function spliced(result: FormattedExecutionResult): Buffer {
  const parts: (Buffer | string)[] = [];
  let before = '{';
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined) continue;
    parts.push(`${before}${JSON.stringify(name)}:`);
    before = ',';
    if (name !== 'data') parts.push(JSON.stringify(value));
    else parts.push(...fieldsOf(value as object));
  }
  parts.push('}\n');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function* fieldsOf(data: object): Generator<Buffer | string> {
  let before = '{';
  for (const [name, value] of Object.entries(data)) {
    yield `${before}${JSON.stringify(name)}:`;
    yield value instanceof RawJson ? value.json : JSON.stringify(value ?? null);
    before = ',';
  }
  yield '}';
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
