import { readFileSync } from 'node:fs';
import { isObjectType } from 'graphql';
import { generated } from '../src/command/generate';
import { readConfig } from '../src/config';
import { schema } from '../src/graph/build/schema';
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

  test('docs/frontend.md lists every type whose description says that it has no id, and none that has one', () => {
    const [, rows] = /<!-- objects without an id: npm run generate -->([\s\S]*?)<!-- \//.exec(
      read('docs/frontend.md'),
    )!;
    const listed = [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, type]) => type);
    const types = Object.values(schema().getTypeMap()).filter(isObjectType);
    const saying = types.filter(({ description }) => description?.includes('No id: ')).map(({ name }) => name);
    expect(listed).toEqual(saying.sort());
    expect(types.filter((type) => listed.includes(type.name) && 'id' in type.getFields())).toEqual([]);
    expect(listed.length).toBeGreaterThan(10);
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
