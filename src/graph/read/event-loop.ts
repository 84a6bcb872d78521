/**
 * Turns of the event loop for work that takes long: the rows of large replies, which dataloader hands out by the ten thousand at
 * once and which would all be shown in microtasks, ahead of every other request, timer and health check; the reading of large
 * bodies and documents. Work is measured in units of about a microsecond: a value that is shown is one.
 */

/** Work of one turn. A piece that is larger has a turn to itself. */
const mostUnits = 3_000;
/** While small requests come, long work pauses after a turn for as long as the turn took. */
const recentMs = 200;
const longestPauseMs = 250;

let left = mostUnits;
let began = 0;
let scheduled = false;
let lastSmall = Number.NEGATIVE_INFINITY;
let waiting: { units: number; go: () => void }[] = [];
let first = 0;

/** Tells of a small request that was answered: for a while, long work leaves half of the time to others. */
export function smallRequestSeen(): void {
  lastSmall = performance.now();
}

/** Asks to do so much now. Undefined: go on at once; otherwise go on when it resolves. */
export function turn(units: number): Promise<void> | undefined {
  schedule();
  if (first === waiting.length && fits(units)) {
    left -= units;
    return undefined;
  }
  return new Promise((go) => waiting.push({ units, go }));
}

const fits = (units: number): boolean => left === mostUnits || units <= left;

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  began = performance.now();
  setImmediate(end);
}

/** All that the turn let go on has been done: microtasks come before this. */
function end(): void {
  const now = performance.now();
  if (first < waiting.length && now - lastSmall < recentMs) {
    setTimeout(begin, Math.min(now - began, longestPauseMs));
  } else begin();
}

function begin(): void {
  scheduled = false;
  left = mostUnits;
  while (first < waiting.length && fits(waiting[first].units)) {
    const { units, go } = waiting[first++];
    left -= units;
    go();
  }
  if (first > 10_000 || first === waiting.length) {
    waiting = waiting.slice(first);
    first = 0;
  }
  if (left < mostUnits) schedule();
}
