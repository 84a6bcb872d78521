import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type DocumentNode, Kind, type OperationDefinitionNode, parse, validate } from 'graphql';
import { schema } from '../../src/graph/build/schema';

/* The operations that stand in the tests and the docs, found in their texts. */

const filesBelow = (folder: string, extension: string): string[] =>
  readdirSync(path.resolve(folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.resolve(folder, file));

export interface Found {
  text: string;
  operation: OperationDefinitionNode;
}

/** Each operation that is written out whole and is valid by itself, once. */
export function foundOperations(): Found[] {
  const docs = [path.resolve('README.md'), ...filesBelow('docs', '.md')].map((file) => readFileSync(file, 'utf8'));
  const sources = [...filesBelow('test', '.ts'), ...filesBelow('src/http/playground', '.ts')];
  const texts = [
    ...docs.flatMap((doc) => [...doc.matchAll(/```graphql\n([^`]*)```/g)]),
    ...sources.flatMap((file) => [
      // Texts with parts that are put in have no one form.
      ...readFileSync(file, 'utf8').matchAll(
        /[`']\s*((?:query|mutation|fragment|\{)[^`'$]*(?:\$[^`'{][^`'$]*)*\})\s*[`']/g,
      ),
    ]),
  ].map(([, text]) => text);
  return [...new Set(texts)].flatMap((text) => {
    const document = valid(text);
    const operations = document?.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION) ?? [];
    return operations.length === 1 ? [{ text, operation: operations[0] }] : [];
  });
}

function valid(text: string): DocumentNode | undefined {
  try {
    const document = parse(text);
    return validate(schema(), document).length ? undefined : document;
  } catch {
    return undefined;
  }
}
