import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Message } from './support/messages';

/* Messages are read in a hurry, many times by people whose first language is not English. */

const texts: Message[] = JSON.parse(
  execFileSync(process.execPath, [path.join(__dirname, 'support/messages.js')], { encoding: 'utf8', maxBuffer: 1e7 }),
);
const words = (text: string): number => text.split(/\s+/).filter((word) => /\w/.test(word)).length;
const shown = (found: Message[]): string[] => found.map(({ at, text }) => `${at} ${text}`);

/** Whatever helper takes the text: by its name a new one could escape. */
const sentences = texts.filter(({ text }) => text.endsWith('.') && words(text) > 1);
/** An `Error` alone is for the log. */
const refusals = texts.filter(({ place, text }) => /^(userError|wrong|\w+Error)$/.test(place) && words(text) > 1);
const logged = texts.filter(({ place, text }) => /(^|\.)(log\.\w+|onFailure)$/.test(place) && words(text) > 1);

describe('messages', () => {
  test('are found, those to clients, to operators and to the log', () => {
    const found = (list: Message[], text: string) => list.filter((message) => message.text === text).length;
    expect(found(refusals, 'No fulfillment has this id or number.')).toBeGreaterThan(1);
    expect(found(refusals, 'X must be set too: X belong together.')).toBe(1);
    expect(found(sentences, 'The fulfillment is X already.')).toBe(1);
    expect(found(logged, 'a database connection was lost')).toBe(1);
    expect([refusals.length > 250, sentences.length > 350, logged.length > 25]).toEqual([true, true, true]);
  });

  test('have at most 25 words in a sentence', () => {
    const long = [...sentences, ...refusals, ...logged].filter(({ text }) =>
      text.split(/(?<=[.!?])\s+|\n/).some((sentence) => words(sentence) > 25),
    );
    expect(shown(long)).toEqual([]);
  });

  test('of refusals are whole sentences, which begin with a capital letter or the name of what is wrong', () => {
    const beginning = /^(["/]|--|[A-Z]|[a-z]\w*([.[]\w+\]?)* (is|has|must|needs|of) )/;
    // Others end with another sentence, or with a command to paste.
    const end = /(\.|\. X|: openssl rand -base64 32)$/;
    expect(shown(refusals.filter(({ text }) => !beginning.test(text)))).toEqual([]);
    expect(shown(refusals.filter(({ text }) => !end.test(text)))).toEqual([]);
  });

  test('of the log begin in lower case or with the name of a variable, and have no full stop', () => {
    expect(shown(logged.filter(({ text }) => !/^([a-z]|[A-Z_]+ )/.test(text) || text.endsWith('.')))).toEqual([]);
  });
});
