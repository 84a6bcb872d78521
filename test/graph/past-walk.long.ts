import { randomInt } from 'node:crypto';
import { type PastNoun, pastNouns } from '../../src/graph/model/past';
import { walkedInto } from '../support/past';

/*
 * A hundred and twenty commands over the whole domain: bill runs with their steps, collections, refunds, credits, reversals and
 * deletions among them. The seeds are fixed but for one, drawn anew on every run.
 */
const seeds = process.env.SEQUENCE_SEEDS?.split(',').map(Number) ?? [1, randomInt(2 ** 31)];
const met: Partial<Record<PastNoun, number>> = {};

test.each(seeds)(
  'asOf shows each object as it stood after each of 120 random commands (seed %i)',
  async (seed) => {
    const { states, wrong } = await walkedInto(seed, 12);
    expect(wrong).toEqual([]);
    for (const noun of pastNouns) met[noun] = Math.max(met[noun] ?? 0, states[noun] ?? 0);
  },
  60_000,
);

test('all kinds of objects were met in many states', () => {
  for (const noun of pastNouns) expect({ [noun]: (met[noun] ?? 0) > 5 }).toEqual({ [noun]: true });
});
