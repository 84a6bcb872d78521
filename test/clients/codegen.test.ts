import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSchema, type GraphQLInterfaceType, isInterfaceType, parse, validate } from 'graphql';
import { standardLimits } from '../../src/domain/limits';
import { schemaText } from '../../src/graph/build/schema';
import { DocumentLimits } from '../../src/graph/guard/limits';
import { ClientProject } from '../support/client';

const projects: ClientProject[] = [];
afterAll(() => {
  for (const project of projects) project.remove();
});

function generated(schema: string) {
  const project = new ClientProject('codegen', schema);
  projects.push(project);
  return { project, ran: project.run('@graphql-codegen/cli', 'graphql-codegen', '--config', 'codegen.json') };
}

describe('the board', () => {
  const page = 'examples/board/page';
  const board = new ClientProject('../../examples/board', schemaText(), 'examples/board');
  projects.push(board);

  test('has the types and documents that the Code Generator makes of its operations now', () => {
    const ran = board.run('@graphql-codegen/cli', 'graphql-codegen', '--config', 'examples/board/codegen.ts');
    expect([ran.ok, ran.output]).toEqual([true, expect.stringContaining('Generate outputs')]);
    for (const file of ['graphql.ts', 'persisted-documents.json']) {
      const committed = readFileSync(path.resolve(page, 'generated', file), 'utf8');
      // npm run generate
      expect([file, board.read(`${page}/generated/${file}`) === committed]).toEqual([file, true]);
    }
  });

  test('tells its cache the objects behind each interface that its fragments are on', () => {
    const [, name, list] = /(\w+): \[([^\]]*)\]/.exec(board.read(`${page}/possible-types.ts`))!;
    const built = buildSchema(schemaText());
    const behind = built.getPossibleTypes(built.getType(name) as GraphQLInterfaceType).map((type) => type.name);
    expect(list.match(/\w+/g)).toEqual(behind.sort());
    const fragments = board.read(`${page}/fragments.graphql`).match(/(?<=\bon )\w+/g) ?? [];
    const interfaces = fragments.filter((type) => isInterfaceType(built.getType(type)));
    expect([...new Set(interfaces)]).toEqual([name]);
  });
});

describe('the GraphQL Code Generator', () => {
  const { project, ran } = generated(schemaText());

  test('accepts the schema, with a type of its own for each of its scalars', () => {
    expect([ran.ok, ran.output]).toEqual([true, expect.stringContaining('Generate outputs')]);
    expect(ran.output).not.toMatch(/warn|deprecat/i);
    const code = project.read('generated/graphql.ts').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(code).not.toMatch(/\bany\b/);
  });

  test('gives code that passes a strict check, and types that a strict client uses', () => {
    expect(project.checked()).toEqual({ ok: true, output: '' });
  });

  test('gives types by which a mistake is found', () => {
    const source = project.read('src/screen.ts');
    project.write('src/screen.ts', source.replace("'Executing', 'Booked'", "'Executing', 'Boked'"));
    const { ok, output } = project.checked();
    project.write('src/screen.ts', source);
    expect([ok, output]).toEqual([false, expect.stringContaining('"Boked"')]);
  });

  test('gives persisted documents that are valid against the schema, and within its limits', () => {
    const documents = Object.values<string>(JSON.parse(project.read('generated/persisted-documents.json')));
    expect(documents).toHaveLength(3);
    const limits = new DocumentLimits(standardLimits, true);
    for (const text of documents) {
      expect(validate(buildSchema(schemaText()), parse(text))).toEqual([]);
      limits.parse(text);
    }
  });

  test('refuses a schema in which pages do not say where they end', () => {
    const changed = schemaText().replace('  endCursor: String\n', '  lastCursor: String\n');
    expect(changed).not.toBe(schemaText());
    const { ran } = generated(changed);
    expect([ran.ok, ran.output]).toEqual([false, expect.stringContaining('endCursor')]);
  });
});
