import { existsSync } from 'node:fs';
import LongestFirst, { longest } from './support/longest-first';

test('the longest test files are there, and are begun with', async () => {
  expect(longest.filter((name) => !existsSync(`test/${name}.test.ts`))).toEqual([]);
  type Tests = Parameters<LongestFirst['sort']>[0];
  const context = {
    config: { id: 'none', name: 'none', cacheDirectory: '/nowhere', haste: {} },
    hasteFS: { getSize: () => 1 },
  };
  const files = ['graph/node', ...[...longest].reverse()].map((name) => `/x/dist/test/${name}.test.js`);
  const tests = files.map((path) => ({ path, context, duration: 1 }));
  const sorted = await new LongestFirst({} as never).sort(tests as unknown as Tests);
  expect(sorted.map(({ path }) => path)).toEqual(
    [...longest, 'graph/node'].map((name) => `/x/dist/test/${name}.test.js`),
  );
});
