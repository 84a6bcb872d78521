import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { documentsCommand } from '../../src/command/documents';
import { scopes } from '../../src/domain/caller';
import { schemaText } from '../../src/graph/build/schema';
import { createClient } from '../../src/service/client';
import { hashOf } from '../../src/service/registered-document';
import { noteUnknown, RegisteredDocumentRow } from '../../src/store/registered-document';
import { ClientProject } from '../support/client';
import { type TestDatabase, testDatabase } from '../support/database';
import { manifestOf } from '../support/manifest';

jest.setTimeout(60_000);

let database: TestDatabase;
let client: string;
const folder = mkdtempSync(path.join(tmpdir(), 'manifests-'));

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  const made = { name: 'ERP', scopes, grants: [{ entity: 'Acme', orgs: ['North'] }] };
  client = (await createClient(database.db.aside(), made)).clientId;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.close();
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const status = await documentsCommand(
    [...args],
    { DATABASE_URL: database.url, ...env },
    {
      out: (text) => lines.push(text),
      err: (text) => errors.push(text),
    },
  );
  return { status, lines, errors };
}

let files = 0;
/** A manifest of these texts in a file, as Relay writes it. */
function fileOf(...texts: string[]): string {
  const file = path.join(folder, `${++files}.json`);
  writeFileSync(file, manifestOf(...texts));
  return file;
}
const importing = (...texts: string[]) => run(['import', '--client', client, fileOf(...texts)]);
const registered = () =>
  database.owner<RegisteredDocumentRow>('select * from registered_document where client_id = $1 order by id', [client]);

const lines = 'query Lines { orderLineItems(first: 5) { nodes { itemName } } }';
const book = 'mutation Book($keys: [ID!]!) { bookFulfillments(keys: $keys) { userErrors { code } } }';

describe('importing', () => {
  const projects: ClientProject[] = [];
  afterAll(() => {
    for (const project of projects) project.remove();
  });

  test.each([
    [
      'Apollo',
      'apollo',
      '@apollo/generate-persisted-query-manifest',
      'generate-persisted-query-manifest',
      ['--config', 'persisted-queries.json'],
      'manifest.json',
      ['Deliver', 'Line', 'Shipments'],
    ],
    ['Relay', 'relay', 'relay-compiler', 'relay-compiler', [], 'operations.json', undefined],
    [
      'the code generator',
      'codegen',
      '@graphql-codegen/cli',
      'graphql-codegen',
      ['--config', 'codegen.json'],
      'generated/persisted-documents.json',
      undefined,
    ],
  ])(
    'takes what the tool of %s has written, as often as it comes',
    async (_name, name, tool, command, args, file, names) => {
      const project = new ClientProject(name, schemaText());
      projects.push(project);
      mkdirSync(path.join(project.folder, 'generated'), { recursive: true });
      if (name === 'relay') project.write('operations.json', '{}');
      expect(project.run(tool, command, ...args)).toMatchObject({ ok: true });
      const manifest = path.join(project.folder, file);

      const first = await run(['import', '--client', client, manifest]);
      const rows = await registered();
      expect(first).toEqual({
        status: 0,
        lines: [`${rows.length} documents, ${rows.length} of them new.`],
        errors: [],
      });
      expect(rows.length).toBeGreaterThan(2);
      if (names)
        expect(rows.map((row) => (row as unknown as { operation_name: string }).operation_name)).toEqual(names);
      const again = await run(['import', '--client', client, manifest]);
      expect(again.lines).toEqual([`${rows.length} documents, 0 of them new.`]);
      expect(await registered()).toEqual(rows);
    },
  );

  test('refuses the whole manifest where a document is not valid, and says which and why', async () => {
    const wrong = 'query Wrong { orderLineItems { nodes { colour } } }';
    const { status, errors } = await importing(lines, wrong);
    expect(status).toBe(2);
    expect(errors).toEqual([`${hashOf(wrong)}: line 1: Cannot query field "colour" on type "OrderLineItem".`]);
    expect(await registered()).toEqual([]);
  });

  test.each([
    ['no GraphQL', 'query {', /^\w{64}: line 1: Syntax Error/],
    [
      'two operations',
      'query A { __typename } query B { __typename }',
      /must hold exactly one operation; this document has A, B\.$/,
    ],
    ['a fragment alone', 'fragment F on OrderLineItem { id }', /Fragment "F" is never used|this document has none/],
  ])('refuses %s', async (_name, text, error) => {
    expect((await importing(text)).errors).toEqual([expect.stringMatching(error)]);
  });

  test('tells what a document may cost where that is more than a request may', async () => {
    const wide = `query Wide($n: Int) { orders(first: $n) { nodes { orderLineItems(first: $n) { nodes { fulfillments(first: $n) { nodes { id } } } } } } }`;
    expect((await importing(lines, wide)).lines).toEqual([
      '2 documents, 2 of them new.',
      expect.stringMatching(/^ {2}Wide may cost 14\d{7} with the longest pages; 64000000 is allowed in a request$/),
    ]);
  });

  test('adds what is new, and keeps what an older release still sends', async () => {
    await importing(lines);
    expect((await importing(book)).lines).toEqual(['1 documents, 1 of them new.']);
    expect(await registered()).toMatchObject([{ text: lines }, { text: book }]);
  });

  test('is for this client alone', async () => {
    await importing(lines);
    const made = { name: 'Other', scopes, grants: [{ entity: 'Acme', orgs: ['North'] }] };
    const other = (await createClient(database.db.aside(), made)).clientId;
    expect((await run(['list', '--client', other])).lines[0]).toMatch(/^0 documents/);
  });

  test('by two at once registers each document once', async () => {
    const results = await Promise.all([importing(lines, book), importing(book, lines)]);
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect(await registered()).toHaveLength(2);
  });
});

describe('a registered document', () => {
  test('is listed, retired from a day on, and restored', async () => {
    await importing(lines, book);
    const id = hashOf(lines);
    expect((await run(['retire', '--client', client, '--from', '2031-01-01', id])).lines).toEqual([
      'Lines is retired from 2031-01-01.',
    ]);
    const listed = await run(['list', '--client', client]);
    expect(listed.lines).toEqual([
      expect.stringMatching(/^2 documents; Open: /),
      expect.stringMatching(new RegExp(`^  ${id}  query Lines  cost \\d+  .{10}  retired from 2031-01-01$`)),
      expect.stringMatching(new RegExp(`^  ${hashOf(book)}  mutation Book  cost \\d+  .{10}$`)),
    ]);
    expect((await run(['restore', '--client', client, `sha256:${id}`])).lines).toEqual(['Lines is served again.']);
    expect((await registered())[0]).toMatchObject({ retired_date: null });
  });

  test('that was retired is not restored by importing it again, which says so', async () => {
    await importing(lines);
    await run(['retire', '--client', client, hashOf(lines)]);
    expect((await importing(lines)).lines).toEqual([
      '1 documents, 0 of them new.',
      'These documents are still retired: Lines.',
    ]);
  });

  test('that is unknown is neither retired nor is any other with it', async () => {
    await importing(lines);
    const { status, errors } = await run(['retire', '--client', client, hashOf(lines), 'f00']);
    expect([status, errors]).toEqual([2, ['The client has no document f00.']]);
    expect((await registered())[0]).toMatchObject({ retired_date: null });
  });
});

describe('the mode', () => {
  test('is set, and the report tells what was run without being registered', async () => {
    const mode = await run(['mode', '--client', client, 'LogUnknown']);
    expect(mode.lines).toEqual([expect.stringMatching(/^LogUnknown: /)]);
    const unknown = [lines, book].map((text) => ({
      ...{ clientId: client, hash: hashOf(text), text, operationName: /(\w+)[ (]/.exec(text.slice(6))![1], count: '2' },
    }));
    await noteUnknown(database.db.aside(), unknown);
    await noteUnknown(database.db.aside(), [unknown[0]]);
    await importing(book);
    expect((await run(['report', '--client', client])).lines).toEqual([
      '1 unregistered documents are on record.',
      expect.stringMatching(new RegExp(`^  ${hashOf(lines)}  Lines  4 times, `)),
    ]);
  });

  test('is one of three', async () => {
    expect((await run(['mode', '--client', client, 'Closed'])).errors).toEqual([
      'mode must be one of Open, LogUnknown, RegisteredOnly.',
    ]);
  });
});

test('what a router asks is a document where the graph is a subgraph, and nowhere else', async () => {
  const text = 'query Refer($of: [_Any!]!) { _entities(representations: $of) { ... on Order { orderNumber } } }';
  const args = ['import', '--client', client, fileOf(text)];
  expect(await run(args, { FEDERATION: 'on' })).toMatchObject({ status: 0, errors: [] });
  expect(await run(['check'], { FEDERATION: 'on' })).toMatchObject({ status: 0 });
  expect(await run(['check'])).toMatchObject({ status: 3 });
  await run(['retire', '--client', client, hashOf(text)]);
});

describe('check', () => {
  test('leaves the database as it is, migrations that are missing included', async () => {
    const first = '(select min(id) from migrations)';
    const [row] = await database.owner<{ id: number; timestamp: string; name: string }>(
      `delete from migrations where id = ${first} returning *`,
    );
    try {
      expect(await run(['check'])).toMatchObject({ status: 0, errors: [] });
      // The others would migrate. The first migration cannot be applied twice.
      expect(await run(['list', '--client', client])).toMatchObject({ status: 1 });
    } finally {
      await database.owner('insert into migrations values ($1, $2, $3)', [row.id, row.timestamp, row.name]);
    }
  });

  test('names client, operation and field of what would not run, but of nothing that is retired', async () => {
    await importing(lines, book);
    expect(await run(['check'])).toMatchObject({ status: 0 });
    await database.owner(
      "update registered_document set text = replace(text, 'itemName', 'colour') where client_id = $1",
      [client],
    );
    const { status, lines: found } = await run(['check']);
    expect(status).toBe(3);
    expect(found).toContain(`ERP (${client.replaceAll('-', '')}), Lines, ${hashOf(lines)}:`);
    expect(found).toContain('  line 1: Cannot query field "colour" on type "OrderLineItem".');
    expect(found.at(-1)).toMatch(/ 1 of them not valid\.$/);
    await run(['retire', '--client', client, hashOf(lines)]);
    expect(await run(['check'])).toMatchObject({ status: 0 });
    await run(['restore', '--client', client, hashOf(lines)]);
    expect(await run(['check'])).toMatchObject({ status: 3 });
    // Nobody runs what a revoked client has registered.
    await database.owner('update client set revoked_date = now() where id = $1', [client]);
    expect(await run(['check'])).toMatchObject({ status: 0 });
  });
});

test.each([
  ['nothing', [], 'Say what to do: import, list, retire, restore, mode, report, check.'],
  [
    'another word',
    ['drop'],
    '"drop" is not a command; these are allowed: import, list, retire, restore, mode, report, check.',
  ],
  ['no client', ['list'], '--client is missing.'],
  ['no file', ['import', '--client', 'x'], 'Name the file of the manifest.'],
  ['a file that is not there', ['import', '--client', 'x', '/no/such'], '/no/such cannot be read: '],
  ['no id', ['retire', '--client', 'x'], 'Name the ids of the documents.'],
  ['an unknown option', ['list', '--tenant', 'x'], "Unknown option '--tenant'"],
])('answers %s with one line, the usage and exit status 2', async (_name, args, line) => {
  const { status, errors } = await run(args);
  expect(status).toBe(2);
  expect(errors[0]).toContain(line);
  expect(errors[0]).toContain('Usage: npm run documents');
});

test('answers a client that does not exist with exit status 2', async () => {
  const { status, errors } = await run(['list', '--client', '00000000-0000-4000-8000-00000000dead']);
  expect([status, errors]).toEqual([2, ['No client has this id, or you may not manage its documents.']]);
});
