import { InMemoryCache } from '@apollo/client';
import type { CodegenConfig } from '@graphql-codegen/cli';
import type { DocumentNode } from 'graphql';

// Apollo Client asks for each __typename. Written into the documents here, it is part of what is registered too.
const cache = new InMemoryCache();
const withTypenames = <File extends { document?: DocumentNode }>(file: File): File => ({
  ...file,
  document: file.document && cache.transformDocument(file.document),
});

// From the project's root: npx graphql-codegen --config examples/board/codegen.ts
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'examples/board/page/*.graphql',
  generates: {
    'examples/board/page/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      documentTransforms: [{ transform: ({ documents }) => documents.map(withTypenames) }],
      config: {
        strictScalars: true,
        // The types tell refusals apart by their __typename.
        skipTypename: false,
        nonOptionalTypename: true,
        scalars: {
          Date: 'string',
          DateTime: 'string',
          // Money and quantities are text, so that no digit is lost. Do not calculate with them as numbers.
          Decimal: 'string',
          JSONObject: 'Record<string, unknown>',
        },
      },
    },
  },
};

export default config;
