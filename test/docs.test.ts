import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, validate } from 'graphql';
import { demoClientId, demoSecret } from '../src/demo/fill';
import { schema } from '../src/graph/build/schema';
import { killAll, type Started, start } from './support/process';

/*
 * What holds for every page: README and docs are read by strangers, who follow the links, paste the commands and read each
 * sentence once.
 */
const read = (file: string) => readFileSync(file, 'utf8');
const docs = readdirSync('docs')
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);
const readmes = ['bench', 'examples', 'src', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'README.md' && !file.includes('node_modules'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/'))),
);
const front = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];
const pages = [...front, ...docs];

/** The lines of a page, without those of code blocks and comments. */
function linesOf(page: string): { text: string; at: number }[] {
  let fence = '';
  let comment = false;
  return page
    .split('\n')
    .map((text, index) => ({ text, at: index + 1 }))
    .filter(({ text }) => {
      const mark = /^\s*(```|~~~)/.exec(text)?.[1];
      if (mark && (!fence || fence === mark)) {
        fence = fence ? '' : mark;
        return false;
      }
      if (fence) return false;
      const inside = comment || text.startsWith('<!--');
      comment = inside && !text.includes('-->');
      return !inside;
    });
}

describe('the README', () => {
  const text = read('README.md');

  test('has at most 9,000 bytes, and no line of more than 200 characters', () => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(9000);
    expect(text.split('\n').filter((line) => line.length > 200)).toEqual([]);
  });

  test('leads to every page of docs', () => {
    expect(docs.filter((file) => !text.includes(`](${file})`))).toEqual([]);
  });

  test('shows a picture of less than 200 KB', () => {
    const pictures = [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file]) => file);
    expect(pictures).toHaveLength(1);
    expect(statSync(pictures[0]).size).toBeLessThan(200_000);
  });
});

describe('links', () => {
  /** The anchors of a page, as GitHub makes them of its headings. */
  const anchors = (file: string) => {
    const seen = new Map<string, number>();
    return linesOf(read(file)).flatMap(({ text }) => {
      const title = /^#{1,6} (.*)$/.exec(text)?.[1];
      if (title === undefined) return [];
      const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = plain.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return [times ? `${anchor}-${times}` : anchor];
    });
  };

  test.each([...pages, ...readmes])('of %s lead to files and headings that there are', (file) => {
    const lost = linesOf(read(file)).flatMap(({ text, at }) =>
      [...text.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
        if (/^https?:/.test(link)) return [];
        const [target, anchor] = link.split('#');
        const to = target ? path.posix.join(path.posix.dirname(file), target) : file;
        if (!existsSync(to)) return [`${file}:${at} ${link}: no such file`];
        return anchor && !anchors(to).includes(anchor) ? [`${file}:${at} ${link}: no such heading`] : [];
      }),
    );
    expect(lost).toEqual([]);
  });

  test('are found at all', () => {
    expect(anchors('docs/http.md')).toContain('graphql-over-http');
    expect(anchors('docs/operations.md')).toContain('outcome_unknown');
    expect(read('README.md').match(/\]\([^)]+\)/g)!.length).toBeGreaterThan(20);
  });
});

describe('sentences', () => {
  interface Sentence {
    at: number;
    text: string;
    words: number;
  }

  /** The sentences of paragraphs and list items: tables, headings and code are exempt. */
  function sentencesOf(page: string): Sentence[] {
    const blocks: { at: number; text: string }[] = [];
    let open = false;
    for (const { text, at } of linesOf(page)) {
      const exempt = /^\s*$|^\s*\||^#/.test(text);
      const item = /^\s*(?:[-*]|\d+\.) (.*)$/.exec(text);
      if (exempt) open = false;
      else if (item || !open) {
        blocks.push({ at, text: item ? item[1] : text });
        open = true;
      } else blocks.at(-1)!.text += ` ${text.trim()}`;
    }
    return blocks.flatMap(({ at, text }) =>
      text
        .replace(/`[^`]*`/g, 'code')
        .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
        .split(/(?<=[.!?][*"')]*)\s+/)
        .map((each) => ({ at, text: each, words: each.split(/\s+/).filter((word) => /\w/.test(word)).length }))
        .filter(({ words }) => words > 0),
    );
  }

  const averageOf = (sentences: Sentence[]) => sentences.reduce((sum, { words }) => sum + words, 0) / sentences.length;

  test.each([...pages, ...readmes])('of %s have at most 30 words, and 16 on average', (file) => {
    const sentences = sentencesOf(read(file));
    const long = sentences.filter(({ words }) => words > 30);
    expect(long.map(({ at, text, words }) => `${file}:${at} has ${words} words: ${text}`)).toEqual([]);
    expect(sentences.length).toBeGreaterThan(0);
    expect(averageOf(sentences)).toBeLessThanOrEqual(16);
  });

  test('are counted over the lines of a paragraph, without code and links', () => {
    const text =
      'One `a b c` two.\nThree [four](five six)\nfive! Six\n\n| seven eight. nine |\n\n- Ten.\n- Eleven twelve';
    expect(sentencesOf(text).map(({ at, words }) => [at, words])).toEqual([
      ...[
        [1, 3],
        [1, 3],
        [1, 1],
      ],
      ...[
        [7, 1],
        [8, 2],
      ],
    ]);
  });
});

interface Block {
  at: number;
  language: string;
  text: string;
  /** What the comment before it says, if there is one. */
  mark?: string;
  /** What the block of JSON or text behind it shows. */
  answer?: unknown;
}

/** The fenced blocks of a page. */
function blocksOf(file: string): Block[] {
  const text = read(file);
  const found = [
    ...text.matchAll(/(?:^<!-- ([^>]*?) -->\n)?^```(\w*)\n([\s\S]*?)^```$(?=\n+(?:```json\n([\s\S]*?)^```$)?)/gm),
  ];
  return found.map((match) => ({
    at: text.slice(0, match.index).split('\n').length,
    mark: match[1],
    language: match[2],
    text: match[3],
    answer: match[4] && /^(?:sh|graphql)$/.test(match[2]) ? JSON.parse(match[4]) : undefined,
  }));
}

const runs = /^run(?:, status (\d+): .+)?$/;

describe('blocks of shell', () => {
  test.each(pages)('of %s say whether they are run, and if not why', (file) => {
    const shell = blocksOf(file).filter(({ language }) => language === 'sh');
    const elsewhere = (mark: string) => existsSync(/^run in (test\/\S+)$/.exec(mark)?.[1] ?? '');
    const silent = shell.filter(
      ({ mark = '' }) => !runs.test(mark) && !elsewhere(mark) && !/^not run: .{5,}$/.test(mark),
    );
    expect(silent.map(({ at }) => `${file}:${at}`)).toEqual([]);
  });

  test.each(pages)('of %s are fenced and named, so that none is overlooked', (file) => {
    const names = ['sh', 'graphql', 'json', 'js', 'yaml', 'mermaid', 'text', 'sql'];
    // TypeScript is run, by test/clients/frontend.test.ts.
    if (file === 'docs/frontend.md') names.push('ts');
    expect(blocksOf(file).filter(({ language }) => !names.includes(language))).toEqual([]);
    expect(read(file).match(/^\s*(```|~~~)/gm) ?? []).toHaveLength(2 * blocksOf(file).length);
    const indented = linesOf(read(file)).filter(({ text }, index, lines) => {
      const before = lines[index - 1]?.text ?? '';
      return /^ {4}\S/.test(text) && /^\s*$/.test(before);
    });
    expect(indented.map(({ at }) => `${file}:${at}`)).toEqual([]);
  });
});

describe('operations', () => {
  const written = [...pages, ...readmes].flatMap((file) =>
    blocksOf(file)
      .filter(({ language }) => language === 'graphql')
      .map(({ at, text }) => ({ where: `${file}:${at}`, text })),
  );

  test('of every page fit the schema', () => {
    expect(written.length).toBeGreaterThan(20);
    const unfit = written.map(({ where, text }) => [where, ...validate(schema(), parse(text)).map(String)]);
    expect(unfit.filter(([, ...problems]) => problems.length)).toEqual([]);
  });
});

describe('on a demo of their own', () => {
  let gateway: Started;
  let origin: string;
  const folder = mkdtempSync(path.join(tmpdir(), 'docs-'));

  beforeAll(async () => {
    gateway = start({ DATA_DIR: path.join(folder, 'data') });
    origin = await gateway.origin;
  }, 180_000);
  afterAll(async () => {
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    killAll();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** A script of package.json is run as it stands there, without compiling what is compiled already. */
  const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;
  const here = (text: string) =>
    text
      .replace(/(https?:\/\/)?(localhost|127\.0\.0\.1):4000/g, origin)
      .replace(/npm run (?:-s )?([\w:-]+) --(?= |$)/gm, (_, name) => scripts[name]);

  const shell = (text: string) =>
    new Promise<{ status: number; out: string }>((resolve) => {
      const env = { PATH: process.env.PATH, DATA_DIR: path.join(folder, 'data') };
      execFile('bash', ['-euo', 'pipefail', '-c', here(text)], { env }, (error, stdout, stderr) => {
        resolve({ status: error ? Number(error.code) : 0, out: `${stdout}${stderr}` });
      });
    });

  async function graphql(query: string): Promise<unknown> {
    const form = { grant_type: 'client_credentials', client_id: demoClientId, client_secret: demoSecret };
    const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token } = (await issued.json()) as { access_token: string };
    const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
    const reply = await fetch(`${origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return reply.json();
  }

  /** Three points stand for a text that differs from run to run. */
  const expected = (shown: unknown): unknown =>
    shown === '...'
      ? expect.stringMatching(/./)
      : Array.isArray(shown)
        ? shown.map(expected)
        : shown && typeof shown === 'object'
          ? Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, expected(value)]))
          : shown;

  // The tutorial calls by number what it makes, so it comes first.
  const order = ['docs/tutorial.md', ...pages.filter((file) => file !== 'docs/tutorial.md')];
  const steps = order.flatMap((file) =>
    blocksOf(file)
      .filter(({ mark }) => mark && runs.test(mark))
      .map((block) => ({ ...block, where: `${file}:${block.at}` })),
  );

  test('the README and the tutorial have steps', () => {
    for (const file of ['README.md', 'docs/tutorial.md']) {
      expect([file, steps.some(({ where }) => where.startsWith(file))]).toEqual([file, true]);
    }
  });

  test.each(steps)(
    '$where does what it says',
    async ({ language, text, mark, answer }) => {
      if (language === 'graphql') {
        expect(await graphql(text)).toEqual(expected(answer));
        return;
      }
      const { status, out } = await shell(text);
      expect({ status, out }).toEqual({ status: Number(runs.exec(mark!)![1] ?? 0), out: expect.any(String) });
      expect(out).not.toMatch(/"errors":|"success":false|"error":/);
      expect(out.trim()).not.toBe('');
      if (answer !== undefined) expect(JSON.parse(out)).toEqual(expected(answer));
    },
    120_000,
  );

  test('sent again under its key, the published request of the README is replayed', async () => {
    const block = steps.find(({ where }) => where.startsWith('README.md'))!;
    const again = await shell(block.text.replace('curl -s localhost:4000/v1', 'curl -si localhost:4000/v1'));
    expect(again.out).toMatch(/idempotency-replayed: true/i);
    expect(again.out).toContain('"success":true');
  });
});
