import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { GraphQLInputObjectType } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { ImportFile } from '../../../src/http/rest/import/file';
import { Records } from '../../../src/http/rest/import/records';

const longest = 40;

/** The records of a text that comes in pieces of the given lengths. */
function recordsOf(bytes: Buffer, lengths: readonly number[], delimiter?: string) {
  const records = new Records(longest, delimiter?.charCodeAt(0));
  const found = [];
  let at = 0;
  for (const length of lengths) {
    found.push(...records.push(bytes.subarray(at, at + length)));
    at += length;
  }
  found.push(...records.push(bytes.subarray(at)), ...records.end());
  return found.map(({ line, bytes }) => [line, bytes?.toString('latin1') ?? null]);
}

const file = fc
  .array(fc.constantFrom('a', 'bc', '"', '""', ',', ';', '\n', '\r\n', 'é', 'x'.repeat(30)), { maxLength: 60 })
  .map((parts) => Buffer.from(parts.join('')));
const lengths = fc.array(fc.nat({ max: 9 }), { maxLength: 60 });

test.each([undefined, ',', ';'])('a file has the same records, whatever pieces it comes in (%s)', (delimiter) => {
  fc.assert(
    fc.property(file, lengths, (bytes, some) => {
      expect(recordsOf(bytes, some, delimiter)).toEqual(recordsOf(bytes, [], delimiter));
      expect(recordsOf(bytes, Array(bytes.length).fill(1), delimiter)).toEqual(recordsOf(bytes, [], delimiter));
    }),
    { numRuns: 1_000 },
  );
});

test('the records of JSON lines are its lines, without those that are empty', () => {
  fc.assert(
    fc.property(file, (bytes) => {
      const lines = bytes
        .toString('latin1')
        .split('\n')
        .map((text, at) => [at + 1, text.replace(/\r$/, '')] as const);
      const kept = lines.filter(([, text]) => text !== '');
      const all = kept.map(([line, text]) => [line, text.length > longest ? null : text]);
      // A record may have one byte more, if that is the carriage return.
      const found = recordsOf(bytes, []).filter((_, at) => kept[at]?.[1].length !== longest);
      expect(found).toEqual(all.filter((_, at) => kept[at][1].length !== longest));
    }),
  );
});

test('the records of a CSV are those of its parser, with the line that each begins in', () => {
  const cell = fc
    .array(fc.constantFrom('a', 'é', ',', '"', '\n', '\r\n', ' '), { maxLength: 6 })
    .map((x) => x.join(''));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), (rows) => {
      const texts = rows.map((cells) => cells.map(quoted).join(','));
      const found = recordsOf(Buffer.from(`${texts.join('\r\n')}\r\n`, 'latin1'), [3, 1, 4], ',');
      const expected = parse(texts.join('\n'), { relax_column_count: true, record_delimiter: '\n' });
      expect(expected).toEqual(rows);
      let line = 1;
      const begun = texts.map((text) => {
        const [first] = [line];
        line += text.split('\n').length;
        return [first, text.length > longest ? null : text] as const;
      });
      const long = begun.findIndex(([, text]) => text === null);
      const until = long < 0 ? begun.length : long;
      expect(found.slice(0, until)).toEqual(begun.slice(0, until));
    }),
  );
});

test('a quote that is never closed swallows no more than the longest record', () => {
  const text = `a,"${'b\n'.repeat(30)}c,d\ne,f\n`;
  const found = recordsOf(Buffer.from(text), [7], ',');
  expect(found[0]).toEqual([1, null]);
  expect(found.at(-1)).toEqual([32, 'e,f']);
});

test('long lines are read one by one in turns of the event loop', async () => {
  const line = JSON.stringify({ description: 'x'.repeat(100_000) });
  const type = schema().getType('CreateFulfillmentInput') as GraphQLInputObjectType;
  const body = Readable.from([Buffer.from(`${line}\n`.repeat(20))]);
  const file = new ImportFile(body, 'jsonl', type, 1_000, JSON.parse);
  await file.begin();
  let turns = 0;
  let counting: NodeJS.Immediate;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  count();
  const chunk = await file.next();
  clearImmediate(counting!);
  expect(chunk!.lines).toHaveLength(20);
  expect(turns).toBeGreaterThanOrEqual(20);
});
