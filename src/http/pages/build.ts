import { bundle, type PageSource } from './bundle';

// Bundles the pages that the server serves. Every start runs this step, so an unchanged page costs only the reading of
// some 150 small files.

const pages: PageSource[] = [
  {
    name: 'playground',
    folder: 'src/http/playground/page',
    packages: ['graphiql', '@graphiql/plugin-explorer', 'react', 'react-dom'],
    // The workers that graphiql requests from its MonacoEnvironment; 'editor' serves every other label.
    workers: {
      editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
      json: 'monaco-editor/esm/vs/language/json/json.worker.js',
      graphql: 'monaco-graphql/esm/graphql.worker.js',
    },
  },
  {
    name: 'board',
    folder: 'examples/board/page',
    packages: ['@apollo/client', '@radix-ui/react-dialog', 'openid-client', 'react', 'react-dom'],
    // The demo registers these documents when it starts.
    beside: { 'manifest.json': 'generated/persisted-documents.json' },
  },
];

async function main(): Promise<void> {
  // One after another: two bundles at once take as long, and twice the memory.
  for (const page of pages) {
    const done = await bundle(page);
    if (done) console.log(done);
  }
}

main().catch((error: unknown) => {
  console.error(`The pages could not be bundled: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
