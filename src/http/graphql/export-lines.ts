import { ofPage, type Reached } from '../../graph/read/export';
import type { Column } from '../../graph/read/export-columns';
import { RawJson } from '../../graph/read/plan/run';

/* The lines of a page of an export, from the JSON of the page. */

/** Lines to send, and where they end. */
export interface Lines extends Reached {
  text: Buffer | string;
  count: number;
}

/** The value of a page, as it was read: written by PostgreSQL, or made of objects. */
export type Page = RawJson | Record<string, unknown>;

const [quote, backslash, comma, newline, carriageReturn, space] = Buffer.from('"\\,\n\r ');
const [brace, bracket, braceEnd, bracketEnd] = Buffer.from('{[}]');
const beginning = `{"${ofPage.rows}":[`;

const bytesOf = (page: Page): Buffer => {
  const json = page instanceof RawJson ? page.json : JSON.stringify(page);
  return typeof json === 'string' ? Buffer.from(json) : json;
};

/**
 * One line of JSON for each row. The rows go out in the bytes in which PostgreSQL wrote them: only the commas between them
 * become line breaks. Parsed and written anew, 500 rows take six times as long.
 */
export function jsonLines(page: Page): Lines {
  const json = bytesOf(page);
  if (json.toString('latin1', 0, beginning.length) !== beginning)
    throw new Error('a page does not begin with its rows');
  let at = beginning.length;
  let depth = 0;
  let count = json[at] === bracketEnd ? 0 : 1;
  for (; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) {
      for (at++; json[at] !== quote; at++) if (json[at] === backslash) at++;
    } else if (byte === brace || byte === bracket) depth++;
    else if (byte === braceEnd) depth--;
    else if (byte === bracketEnd) {
      if (depth === 0) break;
      depth--;
    } else if (byte === comma && depth === 0) {
      json[at] = newline;
      count++;
    } else if (byte === newline || byte === carriageReturn) {
      // Between values, since it is escaped inside a text. PostgreSQL writes none at present.
      json[at] = space;
    }
  }
  const { [ofPage.info]: info } = JSON.parse(`{${json.toString('utf8', at + 2)}`) as { [ofPage.info]: Reached };
  // The bracket behind the last row becomes its line break.
  json[at] = newline;
  return { text: json.subarray(beginning.length, count ? at + 1 : beginning.length), count, ...info };
}

/** A table's line for each row. */
export function csvLines(page: Page, columns: readonly Column[]): Lines {
  const { [ofPage.rows]: rows, [ofPage.info]: info } = JSON.parse(bytesOf(page).toString()) as {
    [ofPage.rows]: unknown[];
    [ofPage.info]: Reached;
  };
  const text = rows.map((row) => csvLine(columns.map((column) => valueAt(row, column)))).join('');
  return { text, count: rows.length, ...info };
}

/** The first line of a table. */
export const csvHeader = (columns: readonly Column[]): string => csvLine(columns.map((column) => column.join('.')));

/** The only value of a line is never nothing: many programs skip empty lines. */
const csvLine = (values: readonly unknown[]): string => `${values.map(csvValue).join() || '""'}\r\n`;

/**
 * RFC 4180. Null is nothing, and an empty text is `""`. The values stay as they are, also one that a spreadsheet would take
 * for a formula: a changed value would be wrong for every program that reads the file.
 */
function csvValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function valueAt(row: unknown, column: Column): unknown {
  let value = row;
  for (const name of column) {
    // A row of another type lacks the column, and every object inherits some names, such as constructor.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
