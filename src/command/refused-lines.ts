import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { delimiterOf } from '../http/rest/import/csv';
import { longestLine } from '../http/rest/import/file';
import { type FileRecord, Records } from '../http/rest/import/records';

/** A file to import, as the command line names it. */
export interface SourceFile {
  path: string;
  form: 'csv' | 'jsonl';
  /** The file is compressed by gzip. */
  zipped: boolean;
}

/** Why a line was refused, as the gateway told. */
export interface LineError {
  code: string;
  message: string;
  path: readonly string[];
}

/** Bytes that are written to the file at a time. */
const bytesAtOnce = 65_536;

/**
 * The file of refused lines. The source is read beside the reply, as far as the lines that were refused: neither file has to
 * fit into memory. Nothing is written where no line is refused.
 */
export class RefusedLines {
  private handle: FileHandle | undefined;
  private buffered = '';
  private delimiter = '';
  private records: AsyncGenerator<FileRecord> | undefined;

  constructor(
    private readonly source: SourceFile,
    readonly path: string,
  ) {}

  /** Begins anew: the file of an earlier try is removed. */
  async begin(): Promise<void> {
    await this.end();
    await rm(this.path, { force: true });
  }

  /** Adds a line with its reasons. Lines come in the order of their numbers. */
  async add(line: number, errors: readonly LineError[]): Promise<void> {
    this.records ??= await this.openFile();
    const record = await this.find(line);
    const text = record?.bytes?.toString() ?? '';
    this.buffered += this.source.form === 'csv' ? this.ofCsv(text, errors) : ofJson(line, text, errors);
    if (this.buffered.length >= bytesAtOnce) await this.flush();
  }

  /** Writes what is left, and closes both files. */
  async end(): Promise<void> {
    await this.flush();
    await this.records?.return(undefined);
    await this.handle?.close();
    this.records = undefined;
    this.handle = undefined;
  }

  private async openFile(): Promise<AsyncGenerator<FileRecord>> {
    this.handle = await open(this.path, 'w');
    const records = recordsOf(this.source);
    if (this.source.form === 'csv') {
      const { value } = await records.next();
      const header = value?.bytes?.toString() ?? '';
      this.delimiter = delimiterOf(header);
      this.buffered = `${header}${this.delimiter}errors\n`;
    }
    return records;
  }

  private async find(line: number): Promise<FileRecord | undefined> {
    for (;;) {
      const { value, done } = await this.records!.next();
      if (done || value.line > line) return undefined;
      if (value.line === line) return value;
    }
  }

  private ofCsv(text: string, errors: readonly LineError[]): string {
    const reasons = errors.map(({ message, path }) => [path.join('.'), message].filter(Boolean).join(': ')).join(' ');
    return `${text}${this.delimiter}"${reasons.replaceAll('"', '""')}"\n`;
  }

  private async flush(): Promise<void> {
    const text = this.buffered;
    this.buffered = '';
    if (text) await this.handle!.write(text);
  }
}

function ofJson(line: number, text: string, errors: readonly LineError[]): string {
  let entry: unknown = text;
  try {
    entry = JSON.parse(text);
  } catch {
    // Kept as the text that it is.
  }
  return `${JSON.stringify({ line, errors, entry })}\n`;
}

/** The records of a file, the header of a CSV among them, numbered as the gateway does. */
async function* recordsOf({ path, form, zipped }: SourceFile): AsyncGenerator<FileRecord> {
  const file = createReadStream(path);
  const bytes = zipped ? pipeline(file, createGunzip(), () => {}) : file;
  try {
    let records: Records | undefined;
    let held = Buffer.alloc(0);
    for await (const piece of bytes as AsyncIterable<Buffer>) {
      if (records) {
        yield* records.push(piece);
        continue;
      }
      // The delimiter is known once the header is there.
      held = Buffer.concat([held, piece]);
      const end = held.indexOf(10);
      if (end < 0 && held.length < longestLine) continue;
      records = recordsFrom(held, form);
      yield* records.push(withoutMark(held));
    }
    if (!records) {
      records = recordsFrom(held, form);
      yield* records.push(withoutMark(held));
    }
    yield* records.end();
  } finally {
    file.destroy();
  }
}

const recordsFrom = (start: Buffer, form: 'csv' | 'jsonl'): Records => {
  if (form === 'jsonl') return new Records(longestLine);
  const end = start.indexOf(10);
  return new Records(
    longestLine,
    delimiterOf(start.subarray(0, end < 0 ? start.length : end).toString()).charCodeAt(0),
  );
};

const withoutMark = (start: Buffer): Buffer =>
  start.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? start.subarray(3) : start;
