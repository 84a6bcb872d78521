import { buildSchema, parse, validate } from 'graphql';
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
