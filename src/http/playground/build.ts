import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

// Bundles page/ into <outDir>/playground with esbuild. The third column of the table in README.md lists the results.
// Every start runs this step, so an unchanged page costs only the reading of some 150 small files.

const outDir = path.resolve(__dirname, '../../..');
const bundle = path.join(outDir, 'playground');
const root = projectRoot(__dirname);
const page = path.join(root, 'src/http/playground/page');

// The workers that graphiql requests from its MonacoEnvironment; 'editor' serves every other label.
const workers = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};

// esbuild's own types are not used, so that the project compiles after `npm ci --omit=dev`.
interface Bundler {
  build(options: Record<string, unknown>): Promise<Bundled>;
}
interface Bundled {
  outputFiles: { path: string; contents: Uint8Array }[];
  metafile: { inputs: Record<string, unknown>; outputs: Record<string, { entryPoint?: string }> };
}

/** The inputs of a bundle: our files by content, packages by version. Paths are relative to the project. */
interface Stamp {
  files: Record<string, string>;
  packages: Record<string, string>;
}

async function main(): Promise<void> {
  if (isFresh()) return;
  const esbuild = installed();
  if (!esbuild) {
    if (!existsSync(path.join(bundle, 'index.html'))) {
      console.log('No playground: it is bundled from development dependencies, which are not installed.');
    }
    return;
  }
  const started = performance.now();
  await build(esbuild);
  console.log(`Playground bundled in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function installed(): Bundler | undefined {
  try {
    for (const name of ['graphiql', '@graphiql/plugin-explorer', 'react', 'react-dom'])
      require.resolve(`${name}/package.json`, { paths: [root] });
    return require(require.resolve('esbuild', { paths: [root] }));
  } catch {
    return undefined;
  }
}

async function build(esbuild: Bundler): Promise<void> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    target: 'es2022',
    outdir: bundle,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  };
  const made = await Promise.all([
    esbuild.build({
      ...common,
      entryPoints: [path.join(page, 'main.tsx')],
      format: 'esm',
      splitting: true,
      jsx: 'automatic',
      // Monaco's modules import their styles one by one; graphiql/style.css, in page.css, holds them all.
      loader: { '.css': 'empty' },
    }),
    esbuild.build({ ...common, entryPoints: [path.join(page, 'page.css')] }),
    // Classic scripts without imports, so that a worker needs no right to load scripts.
    esbuild.build({ ...common, entryPoints: Object.values(workers), format: 'iife' }),
  ]);

  const outputs = Object.assign({}, ...made.map((one) => one.metafile.outputs)) as Bundled['metafile']['outputs'];
  const urlOf = (entry: string) => {
    const found = Object.keys(outputs).find((file) => outputs[file].entryPoint?.endsWith(entry));
    if (!found) throw new Error(`esbuild made nothing of ${entry}`);
    return `/playground/${path.basename(found)}`;
  };
  const urls = {
    script: urlOf('page/main.tsx'),
    style: urlOf('page/page.css'),
    workers: Object.fromEntries(Object.entries(workers).map(([label, entry]) => [label, urlOf(entry)])),
  };

  // Written beside the old bundle and then moved into its place, so that an interrupted start leaves no half bundle.
  const next = `${bundle}.${process.pid}`;
  mkdirSync(next, { recursive: true });
  try {
    const compress = promisify(gzip);
    await Promise.all(
      made
        .flatMap((one) => one.outputFiles)
        .map(async (file) => {
          const target = path.join(next, path.basename(file.path));
          writeFileSync(target, file.contents);
          writeFileSync(`${target}.gz`, await compress(file.contents));
        }),
    );
    writeFileSync(path.join(next, 'index.html'), readFileSync(path.join(page, 'index.html')));
    writeFileSync(path.join(next, 'urls.json'), JSON.stringify(urls));
    writeFileSync(path.join(next, 'stamp.json'), JSON.stringify(stampOf(made.map((one) => one.metafile.inputs))));
    rmSync(bundle, { recursive: true, force: true });
    renameSync(next, bundle);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function stampOf(inputs: Record<string, unknown>[]): Stamp {
  const stamp: Stamp = { files: {}, packages: {} };
  const own = [path.relative(root, __filename), path.relative(root, path.join(page, 'index.html'))];
  for (const file of [...own, ...inputs.flatMap((some) => Object.keys(some)), 'node_modules/esbuild/package.json']) {
    const inPackage = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (inPackage) stamp.packages[inPackage] ??= versionOf(inPackage);
    else stamp.files[file] ??= hashOf(file);
  }
  return stamp;
}

function isFresh(): boolean {
  try {
    const stamp: Stamp = JSON.parse(readFileSync(path.join(bundle, 'stamp.json'), 'utf8'));
    return (
      Object.entries(stamp.files).every(([file, hash]) => hashOf(file) === hash) &&
      Object.entries(stamp.packages).every(([folder, version]) => versionOf(folder) === version)
    );
  } catch {
    // No bundle, or one of its inputs is gone.
    return false;
  }
}

function hashOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(root, file)))
    .digest('hex');
}

function versionOf(folder: string): string {
  return JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')).version;
}

function projectRoot(from: string): string {
  let folder = from;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${from}`);
    folder = parent;
  }
  return folder;
}

main().catch((error: unknown) => {
  console.error(`The playground could not be bundled: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
