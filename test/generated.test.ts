import { readFileSync } from 'node:fs';
import { generated } from '../src/command/generate';
import { readConfig } from '../src/config';
import { edges } from '../src/graph/model/edges';
import { nouns } from '../src/graph/model/nouns';

const read = (file: string) => readFileSync(file, 'utf8');

describe('what is generated', () => {
  test.each(Object.entries(generated(read)))('%s is as npm run generate would write it', (file, text) => {
    expect(read(file)).toBe(text);
  });

  test('the pictures of docs/graph.md draw every edge once, between its two types', () => {
    const lines = [...read('docs/graph.md').matchAll(/^ {2}(\w+) [|}]\S+ (\w+) : "(.*)"$/gm)];
    const drawn = lines.map(([, a, b, fields]) => ({ ends: [a, b].sort(), fields: fields.split(' / ') }));
    for (const [edge, { target }] of Object.entries(edges)) {
      const [type, field] = edge.split('.');
      const ends = [type, nouns[target].typename].sort();
      const found = drawn.filter((line) => line.fields.includes(field) && String(line.ends) === String(ends));
      expect([edge, found.length]).toEqual([edge, 1]);
    }
  });

  test('docs/configuration.md and the table of docs/limits.md name every variable that the configuration reads, and no other', () => {
    const asked = new Set<string>();
    const spy = new Proxy({}, { get: (_target, name) => void asked.add(String(name)) });
    readConfig(spy);
    const [, limits] = /<!-- limits: npm run generate -->([\s\S]*)<!-- \/limits -->/.exec(read('docs/limits.md'))!;
    const named = [...`${read('docs/configuration.md')}\n${limits}`.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(named.sort()).toEqual([...asked].sort());
  });
});
