import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/* Comments and descriptions are read in a hurry, as messages are: no sentence is so long that it must be read twice. */

const mostWords = 30;

/** The prose of a TypeScript file: block comments, and runs of line comments. */
function commentsOf(text: string): string[] {
  const blocks = [...text.matchAll(/\/\*\*?([\s\S]*?)\*\//g)].map(([, inner]) => inner.replace(/^\s*\*/gm, ''));
  const lines = [...text.matchAll(/(?:^[ \t]*\/\/.*\n)+/gm)].map(([run]) => run.replace(/^\s*\/\//gm, ''));
  return [...blocks, ...lines];
}

const descriptionsOf = (schema: string): string[] =>
  [...schema.matchAll(/"""([\s\S]*?)"""/g)].map(([, inner]) => inner);

/** Sentences end at . ! or ?, paragraphs and list items at the end of their line. A piece of code is one word. */
const longIn = (prose: string): string[] =>
  prose
    .split(/\n\s*\n|\n\s*[-*] |@(?:throws|param|returns)\b/)
    .flatMap((paragraph) => paragraph.replace(/`[^`]*`/g, 'x').split(/(?<=[.!?])\s+/))
    .map((sentence) => sentence.trim().replace(/\s+/g, ' '))
    .filter((sentence) => sentence.split(' ').filter((word) => /\w/.test(word)).length > mostWords);

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => path.join('src', file))
  // What a migration says stays as it was when it ran.
  .filter((file) => /\.tsx?$/.test(file) && !file.includes('migrations'));

test(`the comments of src have at most ${mostWords} words in a sentence`, () => {
  const long = files.flatMap((file) =>
    commentsOf(readFileSync(file, 'utf8')).flatMap((comment) => longIn(comment).map((each) => `${file}: ${each}`)),
  );
  expect(long).toEqual([]);
  expect(files.length).toBeGreaterThan(250);
});

test(`the descriptions of the schema have at most ${mostWords} words in a sentence`, () => {
  const descriptions = descriptionsOf(readFileSync('schema.graphql', 'utf8'));
  expect(descriptions.flatMap(longIn)).toEqual([]);
  expect(descriptions.length).toBeGreaterThan(1000);
});

test('a sentence that is too long is found, in comments of both kinds and in descriptions', () => {
  const long = `${'word '.repeat(mostWords)}end.`;
  const found = (prose: string[]) => prose.flatMap(longIn);
  expect(found(commentsOf(`/**\n * Short. ${long}\n */\nconst a = 1;`))).toEqual([long]);
  expect(found(commentsOf(`  // ${long.replace('word word', 'word\n  // word')}\n`))).toEqual([long]);
  expect(found(descriptionsOf(`"""\n${long} Short.\n"""`))).toEqual([long]);
  expect(found([`${'word '.repeat(mostWords - 1)}end.`])).toEqual([]);
});
