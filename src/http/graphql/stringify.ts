import type { FormattedExecutionResult } from 'graphql';
import { turn } from '../../graph/read/event-loop';

const large = new WeakSet<object>();

/** Says of the data of a result that it is large. */
export const isLarge = (data: object): void => {
  large.add(data);
};

/** Pieces that are made without a look at the clock, and how long they may take before others have their turn. */
const piecesAtOnce = 500;
const mostMs = 5;
/** About as much as that, for the turn. */
const asManyUnits = 3_000;

/**
 * Writes a result as JSON; a large one by turns of the event loop, since JSON.stringify holds everybody up for 300 milliseconds
 * where a reply has the 32 MB that it may have.
 */
export async function stringifyResult(result: FormattedExecutionResult): Promise<string> {
  if (!result.data || !large.has(result.data)) return `${JSON.stringify(result)}\n`;
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

/** An object without objects in it is one piece. */
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
