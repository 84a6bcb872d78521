import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/*
 * Files that survive a kill at any point, and a power cut. They stand for the database of an ERP: there, what is written
 * together here belongs into one transaction.
 */

export const folder = path.resolve(process.env.ERP_FOLDER ?? 'erp-data');
mkdirSync(folder, { recursive: true });

export const fileOf = (name) => path.join(folder, name);

// What a kill has left beside a file. A young one may be in use by another process.
for (const name of readdirSync(folder).filter((each) => /\.json\.[0-9a-f-]{36}$/.test(each))) {
  const { mtimeMs } = statSync(fileOf(name), { throwIfNoEntry: false }) ?? { mtimeMs: Number.POSITIVE_INFINITY };
  if (Date.now() - mtimeMs > 3_600_000) rmSync(fileOf(name), { force: true });
}

/** The content of a file of JSON; undefined if there is none yet. */
export function load(name) {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file as a whole. Whoever reads it later finds the old content or the new one, and never a part. */
export function save(name, value) {
  // A name of its own: another process may save the same file.
  const next = `${fileOf(name)}.${randomUUID()}`;
  // The owner alone may read it: some files hold secrets.
  write(openSync(next, 'wx', 0o600), JSON.stringify(value));
  renameSync(next, fileOf(name));
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** Writes a text, and returns once the disk has it. */
export function write(file, text, { keepOpen = false } = {}) {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  fsyncSync(file);
  if (!keepOpen) closeSync(file);
}
