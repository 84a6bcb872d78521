import { smallRequestSeen, turn } from '../../../src/graph/read/event-loop';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const long = () => new Promise<void>((resolve) => setTimeout(resolve, 300));

/** Asks for pieces of work one after the other, and tells in which turn of the loop each went on. */
async function turnsOf(pieces: readonly number[]): Promise<number[]> {
  let at = 0;
  let over = false;
  const count = () => {
    at++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const seen = await Promise.all(pieces.map((units) => Promise.resolve(turn(units)).then(() => at)));
  over = true;
  return seen;
}

// What other tests have done in this process is over.
beforeEach(long);

test('work goes on at once as far as a turn goes, and then in the next, in the order in which it was asked for', async () => {
  const seen = await turnsOf([1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(seen.slice(0, 3)).toEqual([0, 0, 0]);
  expect(seen[3]).toBeGreaterThan(0);
  expect(seen.slice(3, 6)).toEqual(Array(3).fill(seen[3]));
  expect(seen[6]).toBeGreaterThan(seen[5]);
});

test('a piece that is larger than a turn has one to itself', async () => {
  const [one, large, last] = await turnsOf([1, 1_000_000, 1]);
  expect([one, large > one, last > large]).toEqual([0, true, true]);
});

test('once nothing waits, work goes on at once again', async () => {
  await turnsOf([3_000, 3_000]);
  await nextTurn();
  await nextTurn();
  expect(turn(3_000)).toBeUndefined();
});

test('a hundred thousand pieces all have their turn', async () => {
  const seen = await turnsOf(Array(100_000).fill(10));
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(new Set(seen).size).toBeGreaterThan(300);
});

test('while small requests come, a turn is followed by as much time for others', async () => {
  /** Turns of the loop that others have between two pieces that take 20 ms. */
  const between = async () => {
    let others = 0;
    let over = false;
    const count = () => {
      others++;
      if (!over) setImmediate(count);
    };
    const work = async () => {
      await turn(3_000);
      const counted = others;
      for (const until = performance.now() + 20; performance.now() < until; );
      return counted;
    };
    setImmediate(count);
    const seen = await Promise.all([work(), work(), work()]);
    over = true;
    return seen[2] - seen[1];
  };
  expect(await between()).toBeLessThan(5);
  smallRequestSeen();
  expect(await between()).toBeGreaterThan(50);
});
