import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

// Copies the two files of the reader, Swagger UI, into <outDir>/docs, named by their content. They come bundled. bundle.ts of the pages
// says why an install without development dependencies keeps what is there.

const target = path.resolve(__dirname, '../../../../docs');

function main(): void {
  let from: string;
  try {
    from = path.dirname(require.resolve('swagger-ui-dist/package.json'));
  } catch {
    return;
  }
  const files = Object.entries({ script: 'swagger-ui-bundle.js', style: 'swagger-ui.css' }).map(([use, file]) => {
    const bytes = readFileSync(path.join(from, file));
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
    const { name, ext } = path.parse(file);
    return { use, name: `${name}-${hash}${ext}`, bytes };
  });
  if (files.every(({ name }) => existsSync(path.join(target, name)))) return;

  // Written beside the old files and then moved into their place, so that an interrupted start leaves no half.
  const next = `${target}.${process.pid}`;
  mkdirSync(next, { recursive: true });
  for (const { name, bytes } of files) {
    writeFileSync(path.join(next, name), bytes);
    writeFileSync(path.join(next, `${name}.gz`), gzipSync(bytes));
  }
  writeFileSync(
    path.join(next, 'files.json'),
    JSON.stringify(Object.fromEntries(files.map(({ use, name }) => [use, name]))),
  );
  rmSync(target, { recursive: true, force: true });
  renameSync(next, target);
}

main();
