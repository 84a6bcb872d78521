/** A record of a file: one line, or several lines if a quoted field of a CSV holds line ends. */
export interface FileRecord {
  /** The number of its first line, from 1. */
  line: number;
  /** Without the line end. Null if the record is too long. */
  bytes: Buffer | null;
}

const newline = 10;
const carriageReturn = 13;
const quote = 34;

/**
 * Divides a file into records, whatever pieces it comes in. Empty lines are left out. A record of more than `longest` bytes
 * is not kept: it ends with the next line end after that many bytes, be it in a quoted field or not. So a quote that is never
 * closed takes no more memory than that.
 *
 * A byte is looked at once. Only fields in quotes are read byte by byte: `indexOf` finds the rest.
 */
export class Records {
  /** Of the present record, from earlier pieces. */
  private parts: Buffer[] = [];
  private length = 0;
  private line: number;
  private firstLine: number;
  private state: 'plain' | 'quoted' | 'maybe closed' | 'too long' = 'plain';
  /** The last byte of the earlier pieces of the record. */
  private last: number | undefined;

  constructor(
    private readonly longest: number,
    /** The byte that divides the fields of a CSV. Absent: no field is in quotes. */
    private readonly delimiter?: number,
    /** The number of the first line. */
    first = 1,
  ) {
    this.line = first;
    this.firstLine = first;
  }

  /** The records that end in the next piece of the file. */
  push(piece: Buffer): FileRecord[] {
    const records: FileRecord[] = [];
    let start = 0;
    while (start < piece.length) {
      const end = this.endIn(piece, start);
      if (end < 0) {
        this.keep(piece.subarray(start));
        break;
      }
      this.keep(piece.subarray(start, end));
      this.line++;
      this.finish(records);
      start = end + 1;
    }
    return records;
  }

  /** The record that the file ends with, if it has no line end. */
  end(): FileRecord[] {
    const records: FileRecord[] = [];
    this.finish(records);
    return records;
  }

  private keep(part: Buffer): void {
    if (this.state === 'too long' || part.length === 0) return;
    // A piece is a view of a larger buffer, which would be kept as a whole.
    this.parts.push(part);
    this.length += part.length;
    this.last = part[part.length - 1];
  }

  private finish(records: FileRecord[]): void {
    const { firstLine, parts } = this;
    const isLong = this.state === 'too long';
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    Object.assign(this, { parts: [], length: 0, last: undefined, state: 'plain', firstLine: this.line });
    if (isLong) records.push({ line: firstLine, bytes: null });
    else {
      const whole = bytes.length > 0 && bytes[bytes.length - 1] === carriageReturn ? bytes.subarray(0, -1) : bytes;
      if (whole.length > 0) records.push({ line: firstLine, bytes: whole });
    }
  }

  /** Where the present record ends in a piece, or -1. */
  private endIn(piece: Buffer, start: number): number {
    if (this.state === 'too long') return piece.indexOf(newline, start);
    const bound = start + this.longest - this.length;
    const end = this.look(piece, start, Math.min(piece.length, bound));
    if (end >= 0 || piece.length <= bound) return end;
    // The longest record ends here.
    if (piece[bound] === newline && this.state !== 'quoted') return bound;
    Object.assign(this, { state: 'too long', parts: [], length: 0 });
    return piece.indexOf(newline, bound);
  }

  /** The same within a part of the piece. */
  private look(piece: Buffer, start: number, end: number): number {
    const within = piece.subarray(0, end);
    if (this.delimiter === undefined) return within.indexOf(newline, start);
    let at = start;
    while (at < end) {
      if (this.state === 'maybe closed') {
        // Two quotes are a quote within the field.
        const isDouble = piece[at] === quote;
        if (isDouble) at++;
        this.state = isDouble ? 'quoted' : 'plain';
      } else if (this.state === 'quoted') {
        const byte = piece[at++];
        if (byte === newline) this.line++;
        else if (byte === quote) this.state = 'maybe closed';
      } else {
        const lineEnd = within.indexOf(newline, at);
        const opening = within.subarray(0, lineEnd < 0 ? end : lineEnd).indexOf(quote, at);
        if (opening < 0) return lineEnd;
        const before = opening > start ? piece[opening - 1] : this.last;
        // A quote elsewhere than at the beginning of a field opens nothing.
        if (before === undefined || before === this.delimiter) this.state = 'quoted';
        at = opening + 1;
      }
    }
    return -1;
  }
}
