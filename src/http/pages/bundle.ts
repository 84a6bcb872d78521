import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const outDir = path.resolve(__dirname, '../../..');
const root = projectRoot(__dirname);

/** A page to bundle: its sources, and what its bundle needs beside them. */
export interface PageSource {
  /** The page is served at `/<name>`, from `dist/<name>`. */
  name: string;
  /** Folder of `main.tsx`, `page.css` and `index.html`, relative to the project. */
  folder: string;
  /** Development dependencies without which there is no bundle. */
  packages: string[];
  /** Entry points of web workers, by label. */
  workers?: Record<string, string>;
  /** Files of the folder that lie beside the bundle under another name. They are not served. */
  beside?: Record<string, string>;
}

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

/**
 * Bundles a page into `dist/<name>` with esbuild, unless its inputs are unchanged. Returns a line for the terminal;
 * undefined if nothing was done. Without the development dependencies an existing bundle is left as it is.
 */
export async function bundle(page: PageSource): Promise<string | undefined> {
  if (isFresh(page)) return undefined;
  const esbuild = installed(page);
  if (!esbuild) {
    if (existsSync(path.join(outDir, page.name, 'index.html'))) return undefined;
    return `No ${page.name}: it is bundled from development dependencies, which are not installed.`;
  }
  const started = performance.now();
  await build(page, esbuild);
  return `Bundled the ${page.name} in ${((performance.now() - started) / 1000).toFixed(1)} s`;
}

function installed({ packages }: PageSource): Bundler | undefined {
  // Some packages do not export their package.json, so that require.resolve would not find it.
  const all = ['esbuild', ...packages].every((name) =>
    existsSync(path.join(root, 'node_modules', name, 'package.json')),
  );
  return all ? require(path.join(root, 'node_modules/esbuild')) : undefined;
}

async function build(page: PageSource, esbuild: Bundler): Promise<void> {
  const folder = path.join(root, page.folder);
  const target = path.join(outDir, page.name);
  const workers = page.workers ?? {};
  const common = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    target: 'es2022',
    outdir: target,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', 'globalThis.__DEV__': 'false' },
  };
  const made = await Promise.all([
    esbuild.build({
      ...common,
      entryPoints: [path.join(folder, 'main.tsx')],
      format: 'esm',
      splitting: true,
      jsx: 'automatic',
      // Monaco's modules import their styles one by one; graphiql/style.css, in page.css, holds them all.
      loader: { '.css': 'empty' },
    }),
    esbuild.build({ ...common, entryPoints: [path.join(folder, 'page.css')] }),
    // Classic scripts without imports, so that a worker needs no right to load scripts.
    esbuild.build({ ...common, entryPoints: Object.values(workers), format: 'iife' }),
  ]);

  const outputs = Object.assign({}, ...made.map((one) => one.metafile.outputs)) as Bundled['metafile']['outputs'];
  const urlOf = (entry: string) => {
    const found = Object.keys(outputs).find((file) => outputs[file].entryPoint?.endsWith(entry));
    if (!found) throw new Error(`esbuild made nothing of ${entry}`);
    return `/${page.name}/${path.basename(found)}`;
  };
  const urls = {
    script: urlOf(`${page.folder}/main.tsx`),
    style: urlOf(`${page.folder}/page.css`),
    workers: Object.fromEntries(Object.entries(workers).map(([label, entry]) => [label, urlOf(entry)])),
  };
  const copied = { 'index.html': 'index.html', ...page.beside };

  // Written beside the old bundle and then moved into its place, so that an interrupted start leaves no half bundle.
  const next = `${target}.${process.pid}`;
  mkdirSync(next, { recursive: true });
  try {
    const compress = promisify(gzip);
    await Promise.all(
      made
        .flatMap((one) => one.outputFiles)
        .map(async (file) => {
          const name = path.join(next, path.basename(file.path));
          writeFileSync(name, file.contents);
          writeFileSync(`${name}.gz`, await compress(file.contents));
        }),
    );
    for (const [name, from] of Object.entries(copied))
      writeFileSync(path.join(next, name), readFileSync(path.join(folder, from)));
    writeFileSync(path.join(next, 'urls.json'), JSON.stringify(urls));
    const inputs = [
      ...['bundle', 'build'].map((name) => path.relative(root, path.join(__dirname, `${name}.js`))),
      ...Object.values(copied).map((name) => `${page.folder}/${name}`),
      ...made.flatMap((one) => Object.keys(one.metafile.inputs)),
      'node_modules/esbuild/package.json',
    ];
    writeFileSync(path.join(next, 'stamp.json'), JSON.stringify(stampOf(inputs)));
    rmSync(target, { recursive: true, force: true });
    renameSync(next, target);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function stampOf(inputs: string[]): Stamp {
  const stamp: Stamp = { files: {}, packages: {} };
  for (const file of inputs) {
    const inPackage = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (inPackage) stamp.packages[inPackage] ??= versionOf(inPackage);
    else stamp.files[file] ??= hashOf(file);
  }
  return stamp;
}

function isFresh({ name }: PageSource): boolean {
  try {
    const stamp: Stamp = JSON.parse(readFileSync(path.join(outDir, name, 'stamp.json'), 'utf8'));
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
