import { randomInt } from 'node:crypto';
import { walkedInto } from '../support/past';

const seed = Number(process.env.SEQUENCE_SEEDS ?? randomInt(2 ** 31));

test(`asOf shows each object as it stood after each of twenty random commands (seed ${seed})`, async () => {
  const { asked, wrong } = await walkedInto(seed, 2);
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(100);
});
