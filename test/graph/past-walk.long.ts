import { randomInt } from 'node:crypto';
import { type PastNoun, pastNouns } from '../../src/graph/model/past';
import { entriesAfter, walkedInto } from '../support/past';

/*
 * Eighty commands over the whole domain: bill runs with their steps, collections, refunds, credits, reversals and
 * deletions among them. The seeds are fixed but for one, drawn anew on every run.
 */
const seeds = process.env.SEQUENCE_SEEDS?.split(',').map(Number) ?? [1, randomInt(2 ** 31)];
const met: Partial<Record<PastNoun, number>> = {};

test.each(seeds)(
  'asOf shows each object as it stood after each of eighty random commands (seed %i)',
  async (seed) => {
    const { states, wrong } = await walkedInto(seed, 8);
    expect(wrong).toEqual([]);
    for (const noun of pastNouns) met[noun] = Math.max(met[noun] ?? 0, states[noun] ?? 0);
  },
  60_000,
);

test('all kinds of objects were met in many states', () => {
  for (const noun of pastNouns) expect({ [noun]: (met[noun] ?? 0) > 3 }).toEqual({ [noun]: true });
});

test('of changes side by side none is missing, and times do not decrease with the versions', async () => {
  const entries = await entriesAfter(seeds[seeds.length - 1], 8);
  const odd = entries.filter(({ id, version, at }, n) => {
    const before = n && entries[n - 1].id === id ? entries[n - 1] : { version: 0, at: '' };
    return version !== before.version + 1 || at < before.at;
  });
  expect(odd).toEqual([]);
  // The last of an object: none was made without an entry.
  const unlike = entries.filter(({ now, id, version, at }, n) => {
    const isLast = entries[n + 1]?.id !== id;
    return isLast && now !== null && (now.version !== version || now.at !== at);
  });
  expect(unlike).toEqual([]);
  expect(entries.length).toBeGreaterThan(100);
}, 60_000);
