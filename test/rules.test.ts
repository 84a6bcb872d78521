import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { stop, transform } from 'esbuild';

/*
 * docs/rules.md names the rule behind each number in the titles of tests, and the test that holds it. A number counts where it
 * begins a literal, be that the title itself or an entry of a table of cases: "Q5, Q6: ...".
 */

interface Title {
  numbers: string[];
  /** As it stands in the source, with its `%s`. */
  title: string;
}

interface Code {
  titles: Title[];
  /** Numbers in other places or forms, which would be overlooked, and tests that are skipped, which hold nothing. */
  odd: string[];
}

/** The titles with numbers in a source. esbuild drops its comments, so that a test in a comment is none. */
async function codeOf(source: string): Promise<Code> {
  const { code } = await transform(source, {
    loader: 'ts',
    charset: 'utf8',
    minifyWhitespace: true,
    legalComments: 'none',
  });
  const literal = /(["'`])((?:[A-Z]\d+, )*[A-Z]\d+): (?:(?!\1)[^\\])+\1/g;
  const titles = [...code.matchAll(literal)].map(([text, , numbers]) => ({
    numbers: numbers.split(', '),
    title: text.slice(1, -1),
  }));
  const rest = code.replace(literal, '');
  const elsewhere = /\b[A-Z]\d{1,2}: .{0,30}|(?:\b(?:test|describe)|\))\(["'`][A-Z]\d{1,2}\b.{0,30}/g;
  const skipped = /\b(?:x(?:test|describe)|(?:test|describe)\.(?:skip|todo))\b.{0,30}/g;
  return { titles, odd: [...(rest.match(elsewhere) ?? []), ...(code.match(skipped) ?? [])] };
}

interface Row {
  number: string;
  tests: { file: string; title: string }[];
}

/** The rows of the tables with rules. What is no row of five cells throws. */
function rowsOf(page: string): Row[] {
  const tables = page
    .split('\n| # | rule | worked case | source | held by |\n| --- | --- | --- | --- | --- |\n')
    .slice(1);
  return tables
    .flatMap((table) => table.split('\n\n')[0].trim().split('\n'))
    .map((line) => {
      const [, number, tests] = /^\| ([A-Z]\d+) \| [^|]+ \| [^|]* \| [^|]+ \| ([^|]+) \|$/.exec(line) ?? [];
      if (!number) throw new Error(`no row: ${line}`);
      return { number, tests: tests.split('<br>').map(testOf) };
    });
}

/** A link to a file, and one title after it. */
function testOf(text: string): Row['tests'][number] {
  const [, name, kind, title] = /^\[([\w/-]+)\]\(\.\.\/test\/\1\.(test|long)\.ts\): "([^"]+)"$/.exec(text) ?? [];
  if (!name) throw new Error(`no test: ${text}`);
  return { file: `${name}.${kind}.ts`, title };
}

/** What is wrong between a page and the files with tests. */
function faults(rows: readonly Row[], files: ReadonlyMap<string, Code>): string[] {
  const there = new Set(rows.map(({ number }) => number));
  const named = [...files].flatMap(([file, { titles }]) => titles.map((each) => ({ file, ...each })));
  return [
    ...[...files].flatMap(([file, { odd }]) => odd.map((text) => `${file}: no title of a test that runs: ${text}`)),
    ...named.flatMap(({ file, numbers, title }) =>
      numbers.filter((number) => !there.has(number)).map((number) => `${number} has no row: ${file}: ${title}`),
    ),
    ...rows.flatMap(({ number }, at) =>
      rows.findIndex((row) => row.number === number) < at ? [`${number} has two rows`] : [],
    ),
    ...rows.flatMap(({ number, tests }) =>
      tests.flatMap(({ file, title }) => {
        const found = files.get(file)?.titles.find((each) => each.title === title);
        if (!found) return [`${number}: no such test: ${file}: ${title}`];
        return found.numbers.includes(number) ? [] : [`${number}: another number: ${file}: ${title}`];
      }),
    ),
  ];
}

const page = readFileSync('docs/rules.md', 'utf8');
const files = new Map<string, Code>();
beforeAll(async () => {
  const names = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => /\.(test|long)\.ts$/.test(name) && name !== 'rules.test.ts');
  await Promise.all(
    names.map(async (name) => files.set(name, await codeOf(readFileSync(path.join('test', name), 'utf8')))),
  );
});
afterAll(() => stop());

test('docs/rules.md has a row for each number in a title, once, and each row leads to tests of that number', () => {
  const rows = rowsOf(page);
  expect(rows.length).toBeGreaterThan(75);
  expect([...files.values()].flatMap(({ titles }) => titles).length).toBeGreaterThan(180);
  expect(faults(rows, files)).toEqual([]);
});

test('docs/rules.md has no table row beside those of rules and of letters', () => {
  const lines = page.split('\n').filter((line) => line.startsWith('|') && !/^\| (?:#|letter|---) /.test(line));
  const letters = lines.filter((line) => /^\| [A-Z] \| \[/.test(line));
  expect(lines.length - letters.length).toBe(rowsOf(page).length);
  const used = [...new Set(rowsOf(page).map(({ number }) => number[0]))];
  expect(letters.map((line) => line[2])).toEqual(used);
});

describe('what is told as a fault', () => {
  const table = (...rows: string[]) =>
    rowsOf(
      `\n| # | rule | worked case | source | held by |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n\nEnd`,
    );
  const row = (number: string, title = `${number}: a`, file = 'x/one') =>
    `| ${number} | rule |  | source | [${file}](../test/${file}.test.ts): "${title}" |`;
  const of = async (source: string, ...rows: string[]) =>
    faults(table(...rows), new Map([['x/one.test.ts', await codeOf(source)]]));

  test('is nothing where each number has its row, be it in a title or in a table of cases', async () => {
    const source = `test('Q1: a', () => {}); test.each([['T2: a', 1]])('%s', () => {});
      const cases = { 'T3: a': 1 }; describe.each([1])(\`T4: a\`, () => {}); test("Q5, Q6: it's", () => {});`;
    const both = [row('Q5', "Q5, Q6: it's"), row('Q6', "Q5, Q6: it's")];
    expect(await of(source, row('Q1'), row('T2'), row('T3'), row('T4'), ...both)).toEqual([]);
  });

  test('is a number without a row, a row without its test, and one that leads to another number', async () => {
    const source = "test('Q1: a', () => {}); test('Q1, Q2: b', () => {});";
    expect(await of(source, row('Q1'))).toEqual(['Q2 has no row: x/one.test.ts: Q1, Q2: b']);
    const rows = [row('Q1'), row('Q2', 'Q1, Q2: b')];
    expect(await of(source, ...rows, row('Q3'))).toEqual(['Q3: no such test: x/one.test.ts: Q3: a']);
    expect(await of(source, row('Q1'), row('Q2', 'Q1, Q2: b', 'x/two'))).toEqual([
      'Q2: no such test: x/two.test.ts: Q1, Q2: b',
    ]);
    expect(await of(source, row('Q1'), row('Q2', 'Q1: a'))).toEqual(['Q2: another number: x/one.test.ts: Q1: a']);
    expect(await of(source, ...rows, row('Q1'))).toEqual(['Q1 has two rows']);
  });

  test('is a test that is put in a comment', async () => {
    for (const source of ["// test('Q1: a', () => {});", "/* test('Q1: a', () => {}); */ test('b', () => {});"]) {
      expect(await of(source, row('Q1'))).toEqual(['Q1: no such test: x/one.test.ts: Q1: a']);
    }
  });

  test('is a number that stands elsewhere in a title or without its colon, and a test that is skipped', async () => {
    for (const title of ['a Q1: b', 'Q1 a', 'Q1,Q2: a', 'Q1: a \\\\ b', 'Q1']) {
      for (const call of ['test', 'describe', 'test.each([1])']) {
        const source = `${call}('${title}', () => {});`;
        expect([source, (await codeOf(source)).odd.length > 0]).toEqual([source, true]);
      }
    }
    for (const call of ['test.skip', 'describe.skip', 'test.todo', 'xtest', 'test.skip.each([1])']) {
      const fault = expect.stringContaining('no title of a test that runs');
      expect([call, await of(`${call}('Q1: a', () => {});`, row('Q1'))]).toEqual([call, [fault]]);
    }
  });

  test('is a line of a table that is no row', () => {
    expect(() => table(row('Q1').replace('](..', ']('))).toThrow('no test: ');
    expect(() => table('| Q1 | rule | source |')).toThrow('no row: ');
  });
});
