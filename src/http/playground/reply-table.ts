// Lists of a reply as tables. The page bundles this file, so it may import nothing of the server.

/** A list of a reply: where it stands, its columns, and its rows with a text for each column. */
export interface ReplyTable {
  /** Path in the data, such as `orderLineItems.nodes`. */
  name: string;
  columns: string[];
  rows: string[][];
}

type Row = Record<string, unknown>;

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Every list of objects that is not within another list, the longest first. Objects within a row become columns with
 * a dot in their name. A list within a row stays JSON in its cell. Null is an empty cell.
 */
export function tablesOf(data: unknown): ReplyTable[] {
  const found: ReplyTable[] = [];
  const walk = (value: unknown, path: string[]) => {
    if (Array.isArray(value)) {
      const rows = value.filter(isObject);
      if (rows.length) found.push(tableOf(path.join('.'), rows));
    } else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    }
  };
  walk(data, []);
  return found.sort((a, b) => b.rows.length - a.rows.length);
}

function tableOf(name: string, rows: Row[]): ReplyTable {
  const flat = rows.map((row) => flattened(row));
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  return { name, columns, rows: flat.map((row) => columns.map((column) => text(row[column]))) };
}

function flattened(row: Row, prefix = ''): Row {
  const flat: Row = {};
  for (const [name, value] of Object.entries(row)) {
    if (isObject(value)) Object.assign(flat, flattened(value, `${prefix}${name}.`));
    else flat[prefix + name] = value;
  }
  return flat;
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * A table as CSV by RFC 4180, with CRLF and a line of names. A text that a spreadsheet would run as a formula gets an
 * apostrophe in front; numbers, negative ones too, stay as they are.
 */
export function csvOf({ columns, rows }: ReplyTable): string {
  const line = (cells: string[]) => `${cells.map(cell).join(',')}\r\n`;
  return [columns, ...rows].map(line).join('');
}

function cell(value: string): string {
  const formula = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value);
  const safe = formula ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
