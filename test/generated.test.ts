import { readFileSync } from 'node:fs';
import { generated } from '../src/command/generate';
import { readConfig } from '../src/config';

const read = (file: string) => readFileSync(file, 'utf8');
const readme = read('README.md');

describe('what is generated', () => {
  test.each(Object.entries(generated(read)))('%s is as npm run generate would write it', (file, text) => {
    expect(read(file)).toBe(text);
  });

  test('the README names every variable that the configuration reads, and no other', () => {
    const read = new Set<string>();
    const spy = new Proxy({}, { get: (_target, name) => void read.add(String(name)) });
    readConfig(spy);
    const section = readme.slice(readme.indexOf('## Configuration'), readme.indexOf('## Map'));
    const named = [...section.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(named.sort()).toEqual([...read].sort());
  });
});
