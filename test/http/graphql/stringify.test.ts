import fc from 'fast-check';
import { isLarge, stringifyResult } from '../../../src/http/graphql/stringify';

test('a large result is written as JSON.stringify writes it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), async (data) => {
      isLarge(data);
      const result = { data, errors: undefined, extensions: { cost: 1 } } as never;
      expect(await stringifyResult(result)).toBe(`${JSON.stringify(result)}\n`);
    }),
    { numRuns: 500 },
  );
});

test('a large result leaves turns to others while it is written', async () => {
  const data = { rows: Array.from({ length: 200_000 }, (_, at) => ({ id: String(at), row: { quantity: at } })) };
  isLarge(data);
  let turns = 0;
  let written = false;
  const count = () => {
    turns++;
    if (!written) setImmediate(count);
  };
  setImmediate(count);
  const text = await stringifyResult({ data } as never);
  written = true;
  expect(text).toBe(`${JSON.stringify({ data })}\n`);
  expect(turns).toBeGreaterThan(3);
});
