import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';

/** The root of the project, from wherever this file was compiled to. */
function rootOf(folder: string): string {
  if (existsSync(path.join(folder, 'package.json')) && existsSync(path.join(folder, 'src/domain'))) return folder;
  return rootOf(path.dirname(folder));
}
const root = rootOf(__dirname);
const declared: string[] = Object.keys(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).dependencies);

interface Rule {
  folders: string[];
  packages: string[];
  /** Which files may use what comes with node. */
  builtins: RegExp;
}

/** CONTRIBUTING.md has the map. What is not named here (main, server, config, command, demo) may import anything. */
const rules: Record<string, Rule> = {
  domain: { folders: ['domain'], packages: ['big.js'], builtins: /^$/ },
  store: {
    folders: ['store', 'domain'],
    packages: ['typeorm', 'pg', 'pg-protocol', 'reflect-metadata'],
    builtins: /^(embedded\/\w+|connection\/(open-database|connection|lease|prepared|time-limit)|id)\.ts$/,
  },
  service: { folders: ['service', 'store', 'domain', 'gateway'], packages: ['typeorm'], builtins: /./ },
  graph: {
    folders: ['graph', 'service', 'domain', 'store'],
    packages: ['graphql', 'type-graphql', 'dataloader', 'lru-cache', 'reflect-metadata'],
    builtins: /^read\/(cursor|execution)\.ts$/,
  },
  http: {
    // Webhooks are sent through gateway/webhook.ts.
    folders: ['http', 'graph', 'service', 'domain', 'gateway'],
    packages: [
      'fastify',
      '@fastify/',
      '@apollo/server',
      'csv-parse',
      'fast-jwt',
      'graphql',
      'graphql-ws',
      'lru-cache',
      'negotiator',
      'prom-client',
      'ws',
    ],
    builtins: /./,
  },
  gateway: {
    folders: ['gateway', 'domain', 'store'],
    packages: ['stripe'],
    builtins: /^(port|stripe-account|webhook|webhook-address)\.ts$/,
  },
};

/** The files of src by their paths below it. The playground's page and its bundling are a build step apart. */
const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => /\.tsx?$/.test(name) && !/^http\/(playground\/page\/|pages\/(build|bundle)\.ts$)/.test(name))
  .sort();

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{(,])\/\/.*$/gm, '$1');
const sources = new Map(
  files.map((file) => [file, withoutComments(readFileSync(path.join(root, 'src', file), 'utf8'))] as const),
);
const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
const inFolder = (folder: string) => files.filter((file) => folderOf(file) === folder);

interface Import {
  file: string;
  /** A path below src, or a package or module of node. */
  target: string;
  local: boolean;
  names: string[];
}

const imports: Import[] = files.flatMap((file) => {
  const statement = /\b(?:(?:import|export)\s+([\w\s{},*$]*?)\s*from|import|require\(|import\()\s*(['"])([^'"\n]+)\2/g;
  return [...sources.get(file)!.matchAll(statement)].map(([, clause, , specifier]) => {
    const local = specifier.startsWith('.');
    return {
      file,
      target: local ? path.posix.join(path.posix.dirname(file), specifier) : specifier,
      local,
      names: (clause ?? '').match(/\b(?!type\b|as\b)[\w$]+/g) ?? [],
    };
  });
});

/** What a check finds, one line each: empty where all is well. */
const found = (pick: (entry: Import) => boolean): string[] =>
  imports.filter(pick).map(({ file, target }) => `${file} imports ${target}`);
const matching = (pattern: RegExp, among: readonly string[] = files): string[] =>
  among.flatMap((file) =>
    (sources.get(file)!.match(new RegExp(pattern, `g${pattern.flags}`)) ?? []).map((hit) => `${file}: ${hit}`),
  );

/** Walks from every file; a file that is met again on the way closes a circle. */
function circlesIn(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, way: readonly string[]) => {
    const at = way.indexOf(file);
    if (at >= 0) circles.push([...way.slice(at), file].join(' -> '));
    else if (!done.has(file)) for (const target of targets.get(file) ?? []) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of targets.keys()) walk(file, []);
  return circles;
}

describe('who imports whom', () => {
  test('is read from every folder, so that the tests below have something to say', () => {
    for (const folder of Object.keys(rules)) {
      expect([folder, inFolder(folder).length > 1]).toEqual([folder, true]);
      expect([folder, imports.some((entry) => folderOf(entry.file) === folder && entry.local)]).toEqual([folder, true]);
    }
    expect(imports.length).toBeGreaterThan(250);
    expect(imports.filter(({ local }) => local).filter(({ target }) => !/^[\w/.-]+$/.test(target))).toEqual([]);
    for (const { file, target } of imports.filter((entry) => entry.local)) {
      const exists = ['.ts', '.tsx'].some((end) => existsSync(path.join(root, 'src', target + end)));
      expect([file, target, exists]).toEqual([file, target, true]);
    }
  });

  test('no file of src lies in a folder without a rule', () => {
    const free = ['', 'command', 'demo'];
    expect(files.filter((file) => !free.includes(folderOf(file)) && !rules[folderOf(file)])).toEqual([]);
  });

  test.each(Object.entries(rules))('%s imports the folders it may', (folder, { folders }) => {
    expect(
      found(({ file, target, local }) => folderOf(file) === folder && local && !folders.includes(folderOf(target))),
    ).toEqual([]);
  });

  test.each(Object.entries(rules))('%s imports the packages it may', (folder, { packages, builtins }) => {
    const allowed = (target: string) =>
      packages.some((name) => (name.endsWith('/') ? target.startsWith(name) : `${target}/`.startsWith(`${name}/`)));
    expect(
      found(({ file, target, local }) => {
        if (folderOf(file) !== folder || local) return false;
        return isBuiltin(target) ? !builtins.test(file.slice(folder.length + 1)) : !allowed(target);
      }),
    ).toEqual([]);
  });

  test('modules of node are imported as node:', () => {
    expect(found(({ target, local }) => !local && isBuiltin(target) && !target.startsWith('node:'))).toEqual([]);
  });

  test('every package is a dependency of its own, not one that another happens to bring', () => {
    const name = (target: string) =>
      target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/');
    expect(found(({ target, local }) => !local && !isBuiltin(target) && !declared.includes(name(target)))).toEqual([]);
  });

  test('no files import one another in a circle, types included', () => {
    const ends = ['.ts', '.tsx'];
    const targets = new Map<string, string[]>(
      files.map((file) => [
        file,
        imports.flatMap((entry) =>
          entry.file === file && entry.local
            ? ends.map((end) => entry.target + end).filter((target) => sources.has(target))
            : [],
        ),
      ]),
    );
    expect(circlesIn(targets)).toEqual([]);
    // The search does find one.
    expect(
      circlesIn(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b -> c -> b']);
  });

  test('no noun of the graph imports the type of another: edges lead there by its name', () => {
    const types = imports
      .filter(({ file, target }) => file === 'graph/build/types.ts' && /^graph\/[\w-]+$/.test(target))
      .map(({ target }) => `${target}.ts`)
      // The interface over invoices and credit memos stands before both.
      .filter((file) => file !== 'graph/billing-document.ts');
    expect(types.length).toBeGreaterThan(10);
    expect(found(({ file, target }) => types.includes(file) && types.includes(`${target}.ts`))).toEqual([]);
  });

  test('graph takes row types and read queries from store, nothing that locks or writes', () => {
    const writes =
      /^(lock|hold|try|insert|update|delete|store|make|mark|fail|close|purge|open|migrate|empty)[A-Z]|^Database$/;
    expect(
      imports
        .filter(({ file, target }) => folderOf(file) === 'graph' && folderOf(target) === 'store')
        .flatMap(({ file, names }) => names.filter((name) => writes.test(name)).map((name) => `${file}: ${name}`)),
    ).toEqual([]);
  });
});

describe('files', () => {
  test('are none that only pass on others, and no grab-bags', () => {
    expect(files.filter((file) => /(^|\/)(index|utils?|helpers?|common|misc)\.tsx?$/.test(file))).toEqual([]);
    expect(matching(/^\s*export\s+(\*|\{[^}]*\})\s*(as \w+ )?from\b.*$/m)).toEqual([]);
    expect(matching(/\b(class|interface|type) \w+Dto\b/)).toEqual([]);
  });

  test('have at most 400 lines, migrations and generated ones apart', () => {
    const lines = (file: string) => readFileSync(path.join(root, 'src', file), 'utf8').split('\n').length - 1;
    // Migrations and what is generated are read by nobody from end to end.
    const read = files.filter((file) => !/^store\/(migrations\/|connection\/expected-rights\.ts)/.test(file));
    const long = read.filter((file) => lines(file) > 400);
    expect(long.map((file) => `${file} has ${lines(file)} lines`)).toEqual([]);
  });
});

describe('the environment of the process', () => {
  test('is read by config.ts alone: elsewhere no variable of it is named', () => {
    const others = files.filter((file) => file !== 'config.ts');
    expect(matching(/process\s*(\.\s*env\b|\[)\s*(\??\.\s*\w+|\[)|\{[^{}]*\}\s*=\s*process\.env\b/, others)).toEqual(
      [],
    );
    expect(matching(/\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/)).toEqual([]);
    expect(found(({ target, names }) => /^(node:)?process$/.test(target) && names.includes('env'))).toEqual([]);
  });

  test('is handed to config.ts by what is started, and to its children by the embedded PostgreSQL', () => {
    const starts = /^(main|command\/[\w-]+)\.ts$|^store\/embedded\/\w+\.ts$|^config\.ts$/;
    expect(files.filter((file) => !starts.test(file) && /process\s*\.\s*env\b/.test(sources.get(file)!))).toEqual([]);
  });
});

test('OpenTelemetry is imported by tracing.ts alone, which main loads where it is configured', () => {
  expect(found(({ file, target }) => target.startsWith('@opentelemetry/') && file !== 'tracing.ts')).toEqual([]);
  const loading = /^(import|export) (?!type\b).*'\.\.?\/tracing'|require\('\.\/tracing'\)/m;
  expect(matching(loading)).toEqual(["main.ts: require('./tracing')"]);
});

test('SQL is in store alone', () => {
  const sql =
    /(['"`])\s*(select\s[^'"`]*\bfrom\s|select\s+\d|insert\s+into\s|update\s+[\w.]+\s+(\w+\s+)?set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|truncate\s)/i;
  expect(
    matching(
      sql,
      files.filter((file) => folderOf(file) !== 'store'),
    ),
  ).toEqual([]);
  expect(matching(sql, inFolder('store')).length).toBeGreaterThan(20);
});

describe('the state of a fulfillment is written by `enter` alone, that of a line item by `enterLine`', () => {
  const writers = [...inFolder('service'), ...inFolder('store'), ...inFolder('gateway'), ...inFolder('graph')];

  test('nothing is assigned to a state', () => {
    const assigned = matching(/[\w)\]]\.(state|itemState)\s*=(?!=)/, [...writers, ...inFolder('domain')]);
    expect(assigned).toEqual([]);
  });

  test('a service names no state but the one a draft begins with, and the one that an action asks for', () => {
    const hits = matching(/\bstate:\s*[^\s,;}]+/, inFolder('service')).filter(
      // Types, the order's own state, that of a line to be billed, and the two that are meant.
      (hit) =>
        !/state: (FulfillmentState|OrderState|orderStateOf\(.*|line\.itemState|'Executing'|targetOf\[.*)$/.test(hit),
    );
    expect(hits).toEqual([]);
    const drafts = matching(/\bstate:\s*'Executing'/, inFolder('service'));
    expect(drafts).toEqual(["service/fulfillment.ts: state: 'Executing'"]);
  });

  test('a service that has fulfillments in hand spreads no state over them', () => {
    const holding = inFolder('service').filter((file) => /\bFulfillmentRow\b/.test(sources.get(file)!));
    expect(holding).toContain('service/fulfillment.ts');
    expect(matching(/\{\s*\.\.\.[^{}()]*[,{]\s*state\s*[,}]/, holding)).toEqual([]);
  });

  test('no statement sets one', () => {
    expect(matching(/\bset\s+(\w+\s*=[^'"`]*,\s*)?state\s*=/i)).toEqual([]);
  });

  test('and `enter` is called where fulfillments are made and changed', () => {
    expect(imports.filter(({ names }) => names.includes('enter')).map(({ file }) => file)).toEqual([
      'service/fulfillment-change.ts',
      'service/fulfillment.ts',
    ]);
  });

  test('and `enterLine` where line items are made, changed and complete themselves', () => {
    expect(imports.filter(({ names }) => names.includes('enterLine')).map(({ file }) => file)).toEqual([
      'service/order-line-item-change.ts',
      'service/order-line-item.ts',
      'service/order.ts',
    ]);
    const named = matching(/\bitemState:\s*[^\s,;}]+/, inFolder('service'));
    expect(named).toEqual(["service/order.ts: itemState: 'Executing'"]);
  });
});
