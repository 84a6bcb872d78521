import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type GraphQLInputObjectType, GraphQLNonNull } from 'graphql';
import { RequestError, userError } from '../../../domain/errors';
import type { FulfillmentInput } from '../../../domain/fulfillment-create';
import { isObject } from '../../../domain/json';
import { type InputProblem, readInput } from '../../../graph/guard/coerce';
import { turn } from '../../../graph/read/event-loop';
import { shown } from '../../../graph/scalars';
import type { ImportChunk, ImportLine } from '../../../service/import';
import { checkShape, whyNotJson } from '../../body';
import { graphWords } from '../words';
import { type CsvHeader, csvReader, problem, readHeader, type Said } from './csv';
import { type FileRecord, Records } from './records';

export type ImportForm = 'csv' | 'jsonl';

/** Lines of a chunk, and the bytes after which a chunk ends with fewer. Both are part of what a key stands for. */
const linesOfChunk = 1_000;
const bytesOfChunk = 2_097_152;
/** The most lines and bytes that are read in one turn of the event loop. A longer line has a turn to itself. */
const linesOfTurn = 100;
const bytesOfTurn = 32_768;
/** About the microseconds that a line takes, and the bytes that take one more. */
const unitsOfLine = 20;
const bytesOfUnit = 20;
/** The most unknown fields that are named of a line. */
const mostUnknown = 10;

/** The most bytes of a line. */
export const longestLine = 1_048_576;
/** The most values of a line of JSON. 100 items with 100 custom fields each, the most that there may be, are 11,000. */
const mostValues = 20_000;

/**
 * The most bytes and empty lines in a row without a record. Gzip makes a thousand bytes of one: 100,000,000 empty lines took a
 * minute, and 150 KB on the wire.
 */
const mostWithout = 100 * longestLine;
const mostEmpty = 1_000_000;

type JsonParser = (text: string) => unknown;

const encodingProblem = problem(
  'INVALID_VALUE',
  'The line is not valid UTF-8. Save the file in UTF-8 and send it again.',
);

/** The file of an import, chunk by chunk, whatever pieces it comes in. Holds no more than one chunk and one piece. */
export class ImportFile {
  /** What the first line of a CSV says. */
  header: CsvHeader | undefined;
  private readonly pieces: AsyncIterator<Buffer>;
  private records: Records;
  private waiting: FileRecord[] = [];
  private ended = false;
  private number = 0;
  /** Bytes since the last record. */
  private without = 0;
  private lastLine = 0;
  private say: ((texts: readonly string[]) => Said[]) | undefined;
  /** A line of JSON may be null, which is no entry. */
  private readonly entry: GraphQLNonNull<GraphQLInputObjectType>;
  private readonly fields: Readonly<Record<string, unknown>>;
  private readonly words: (value: unknown) => unknown;
  private stopWith: ((error: Error) => void) | undefined;
  private stopped: Error | undefined;

  constructor(
    body: Readable,
    private readonly form: ImportForm,
    private readonly type: GraphQLInputObjectType,
    /** How long the client may send nothing while the gateway waits for it, in milliseconds. */
    private readonly idleMs: number,
    parseJson: JsonParser,
  ) {
    this.pieces = body.iterator({ destroyOnReturn: false });
    this.records = new Records(longestLine);
    this.entry = new GraphQLNonNull(type);
    this.fields = type.getFields();
    this.words = graphWords(type);
    if (form === 'jsonl') this.say = (texts) => texts.map((text) => this.sayJson(text, parseJson));
  }

  /** Reads the header of a CSV. @throws RequestError BAD_REQUEST that names the column which is not right */
  async begin(): Promise<void> {
    let start = Buffer.alloc(0);
    while (start.length < 3 && !this.ended) start = Buffer.concat([start, await this.piece()]);
    const hasMark = start.length >= 3 && start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    const rest = hasMark ? start.subarray(3) : start;
    if (this.form === 'jsonl') {
      this.take(rest);
      return;
    }
    await this.readHeader(rest);
  }

  /** The header shows what divides the fields, so it is read before the other records. */
  private async readHeader(first: Buffer): Promise<void> {
    const held: Buffer[] = [];
    let length = 0;
    let end = -1;
    for (let piece = first; ; piece = await this.piece()) {
      const at = piece.indexOf(10);
      held.push(piece);
      if (at >= 0) end = length + at;
      length += piece.length;
      if (end >= 0 || this.ended || length > longestLine) break;
    }
    const all = Buffer.concat(held);
    const [record] = lineRecord(all.subarray(0, end < 0 ? all.length : end));
    this.header = readHeader(record, this.type);
    this.say = csvReader(this.header, this.type);
    this.records = new Records(longestLine, this.header.delimiter.charCodeAt(0), 2);
    this.take(end < 0 ? Buffer.alloc(0) : all.subarray(end + 1));
  }

  /** The next lines, or undefined at the end of the file. @throws what the body fails with, or the reason given to `stop` */
  async next(): Promise<ImportChunk | undefined> {
    this.check();
    while (this.complete() < 0 && !this.ended) this.take(await this.piece());
    const count = this.complete();
    const records = this.waiting.splice(0, count < 0 ? this.waiting.length : count);
    if (records.length === 0) return undefined;
    const digests = Buffer.alloc(records.length * 8);
    for (const [at, { bytes }] of records.entries()) {
      // The start of a line that is too long is not kept, and nothing of it is carried out.
      if (bytes) hash('sha256', bytes, 'buffer').copy(digests, at * 8, 0, 8);
    }
    return { number: this.number++, lines: await this.read(records), digests };
  }

  /** Ends the wait for the client, now and from now on. */
  stop(error: Error): void {
    this.stopped ??= error;
    this.stopWith?.(error);
  }

  /** Reads no more. Resolves once somebody else may read the body, which may be when the next piece comes. */
  async close(): Promise<void> {
    this.stop(new Error('the import has ended'));
    await this.pieces.return?.();
  }

  /** @throws the reason given to `stop` */
  check(): void {
    if (this.stopped) throw this.stopped;
  }

  /** Number of waiting records that make a chunk, or -1 if there are too few yet. */
  private complete(): number {
    let bytes = 0;
    for (const [at, record] of this.waiting.entries()) {
      bytes += record.bytes?.length ?? 0;
      if (at + 1 === linesOfChunk || bytes >= bytesOfChunk) return at + 1;
    }
    return -1;
  }

  private take(piece: Buffer): void {
    const found = this.records.push(piece);
    for (const record of found) this.waiting.push(record);
    this.without = found.length ? 0 : this.without + piece.length;
    this.lastLine = found.at(-1)?.line ?? this.lastLine;
    if (this.without > mostWithout || this.records.lines - this.lastLine > mostEmpty) {
      const message = `After line ${this.lastLine} there are more than ${mostWithout} bytes or ${mostEmpty} line ends without a line.`;
      throw new RequestError('PAYLOAD_TOO_LARGE', message);
    }
    if (this.ended) for (const record of this.records.end()) this.waiting.push(record);
  }

  /** The next piece of the body; an empty one at its end. */
  private async piece(): Promise<Buffer> {
    this.check();
    let timer: NodeJS.Timeout | undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      this.stopWith = reject;
      const { idleMs } = this;
      const message = `The client has sent nothing for ${idleMs} ms.`;
      timer = setTimeout(() => reject(new RequestError('REQUEST_TIMEOUT', message)), idleMs);
    });
    try {
      const { value, done } = await Promise.race([this.pieces.next(), stopped]);
      if (done) this.ended = true;
      return done ? Buffer.alloc(0) : value;
    } catch (error) {
      // The words of zlib, such as "incorrect header check".
      if (!/^Z_/.test((error as { code?: string }).code ?? '')) throw error;
      throw new RequestError('BAD_REQUEST', 'The body is not valid gzip, or is incomplete.');
    } finally {
      clearTimeout(timer);
      this.stopWith = undefined;
    }
  }

  private async read(records: readonly FileRecord[]): Promise<ImportLine[]> {
    const lines: ImportLine[] = [];
    for (let at = 0; at < records.length; ) {
      let to = at;
      let bytes = 0;
      while (to < records.length && to - at < linesOfTurn && bytes < bytesOfTurn) {
        bytes += records[to++].bytes?.length ?? 0;
      }
      await turn((to - at) * unitsOfLine + bytes / bytesOfUnit);
      lines.push(...this.readSome(records.slice(at, to)));
      at = to;
    }
    return lines;
  }

  private readSome(records: readonly FileRecord[]): ImportLine[] {
    const texts = records.map(({ bytes }) => (bytes && isUtf8(bytes) ? bytes.toString() : undefined));
    const said = this.say!(texts.filter((text) => text !== undefined));
    let at = 0;
    return records.map(({ line, bytes }, index) => {
      const means = texts[index] !== undefined ? said[at++] : bytes ? encodingProblem : this.tooLong();
      return 'errors' in means ? { line, errors: means.errors } : { line, ...this.entryOf(means.body) };
    });
  }

  private tooLong() {
    const why = this.form === 'csv' ? ' Is a quote not closed? Reading went on at the next line end.' : '';
    return problem('LIMIT_EXCEEDED', `The line has more than ${longestLine} bytes.${why}`);
  }

  private sayJson(text: string, parse: JsonParser): Said {
    try {
      const body = parse(text);
      checkShape(body, mostValues);
      return { body };
    } catch (error) {
      if (error instanceof RequestError) return problem('LIMIT_EXCEEDED', error.message);
      return problem('INVALID_VALUE', whyNotJson(text, 'line'));
    }
  }

  private entryOf(
    body: unknown,
  ): Pick<ImportLine & { entry: FulfillmentInput }, 'entry'> | { errors: ReturnType<typeof errorOf>[] } {
    const given = this.words(body);
    const unknown = isObject(given) ? Object.keys(given).filter((name) => !Object.hasOwn(this.fields, name)) : [];
    if (unknown.length) return { errors: unknown.slice(0, mostUnknown).map(unknownField) };
    const read = readInput<FulfillmentInput>(this.entry, given);
    return 'problems' in read ? { errors: read.problems.map(errorOf) } : { entry: read.value };
  }
}

const errorOf = ({ kind, path, message }: InputProblem) =>
  userError(kind === 'missing' ? 'REQUIRED' : 'INVALID_VALUE', message, [...path]);

/** graphql-js would look for a similar name: 25 unknown fields took 3 ms, and each line of a file may have them. */
const unknownField = (name: string) => userError('INVALID_VALUE', `The field ${shown(name)} is unknown.`);

/** The one record of a line without its end. */
const lineRecord = (bytes: Buffer): FileRecord[] => {
  const records = new Records(longestLine);
  return [...records.push(bytes), ...records.end()];
};
