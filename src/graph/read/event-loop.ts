/**
 * Divides long work into turns of the event loop: the rows of large replies, and the reading of large bodies and
 * documents. dataloader hands out rows by the ten thousand. Without turns, microtasks would show all of them before any
 * other request, timer or health check. Work is measured in units of about a microsecond: showing one value is one
 * unit.
 */

/** Units of work in one turn. A larger piece has a turn to itself. */
const mostUnits = 3_000;
/** While small requests arrive, long work pauses after a turn for as long as the turn took. */
const recentMs = 200;
const longestPauseMs = 250;

let left = mostUnits;
let began = 0;
let scheduled = false;
let lastSmall = Number.NEGATIVE_INFINITY;
let waiting: { units: number; go: () => void }[] = [];
let first = 0;

/** Called when a small request was answered: for a while, long work leaves half of the time to others. */
export function smallRequestSeen(): void {
  lastSmall = performance.now();
}

/** Asks for a turn of so many units. Undefined: go on at once. A promise: go on when it resolves. */
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

/** Runs after all work of the turn, because microtasks come first. */
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
