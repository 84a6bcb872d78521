/**
 * Resolvers of a large reply resolve by the ten thousand in one turn of the event loop: dataloader hands out a whole batch at
 * once, and what follows runs in microtasks, ahead of every other request, timer and health check. So the rows of all replies
 * share turns of a bounded size, in the order in which they come.
 */

/** Values that are shown in one turn: some 5 milliseconds. */
const mostValues = 5_000;

let shown = 0;
let scheduled = false;
const waiting: { values: number; go: () => void }[] = [];
let first = 0;

/**
 * Asks to show so many values now. Undefined: go on at once; otherwise go on when it resolves. A list that has more values than
 * a turn gets a turn of its own.
 */
export function turn(values: number): Promise<void> | undefined {
  if (!scheduled) {
    scheduled = true;
    setImmediate(next);
  }
  if (waiting.length === first && (shown === 0 || shown + values <= mostValues)) {
    shown += values;
    return undefined;
  }
  return new Promise((go) => waiting.push({ values, go }));
}

function next(): void {
  shown = 0;
  while (first < waiting.length) {
    const { values, go } = waiting[first];
    if (shown > 0 && shown + values > mostValues) break;
    shown += values;
    first++;
    go();
  }
  if (first === waiting.length) {
    waiting.length = 0;
    first = 0;
  } else if (first > 100_000) {
    waiting.splice(0, first);
    first = 0;
  }
  scheduled = shown > 0;
  if (scheduled) setImmediate(next);
}
