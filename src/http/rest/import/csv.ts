import { isUtf8 } from 'node:buffer';
import { type CsvError, parse } from 'csv-parse/sync';
import { type GraphQLInputObjectType, getNullableType, isRequiredInputField } from 'graphql';
import { RequestError, type UserError, userError } from '../../../domain/errors';
import { shown } from '../../../graph/scalars';
import type { FileRecord } from './records';

/** What a record of a file says: a body in published words, or why it cannot be read. */
export type Said = { body: unknown } | { errors: readonly UserError[] };

/** What the first record of a CSV says: which column holds which field, and what divides the fields. */
export interface CsvHeader {
  columns: readonly string[];
  delimiter: string;
}

const customPrefix = 'customFields.';

const refuse = (message: string): never => {
  throw new RequestError('BAD_REQUEST', message);
};

export const problem = (code: 'INVALID_VALUE' | 'REQUIRED' | 'LIMIT_EXCEEDED', message: string) => ({
  errors: [userError(code, message)],
});

/** The delimiter of a CSV with this header: the more frequent one of comma and semicolon. Fields in quotes may hold either. */
export function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => bare.split(delimiter).length;
  return count(';') > count(',') ? ';' : ',';
}

/**
 * Reads the header of a CSV.
 * @throws RequestError BAD_REQUEST that names the column which is unknown, missing or there twice
 */
export function readHeader(record: FileRecord | undefined, type: GraphQLInputObjectType): CsvHeader {
  if (!record) refuse('The first line of the file is empty. It must name the columns.');
  const { bytes } = record!;
  if (!bytes || !isUtf8(bytes)) refuse('The first line of the file must name the columns, in UTF-8.');
  const text = bytes!.toString();
  const delimiter = delimiterOf(text);
  const row = rowOf(text, delimiter);
  if ('errors' in row) return refuse(`The line of column names cannot be read. ${row.errors[0].message}`);
  const columns = row.cells.map((name) => name.trim());
  checkColumns(columns, type);
  return { columns, delimiter };
}

function checkColumns(columns: readonly string[], type: GraphQLInputObjectType): void {
  const fields = type.getFields();
  const isCustom = (name: string) => name.startsWith(customPrefix) && name.endsWith('__c');
  // A header may have 50,000 columns: each is looked up once.
  const seen = new Set<string>();
  for (const [at, name] of columns.entries()) {
    if (name === '') refuse(`Column ${at + 1} has no name.`);
    if (seen.has(name)) refuse(`The column ${shown(name)} is there twice.`);
    seen.add(name);
    if (name === 'fulfillmentItems') {
      refuse('A CSV has no room for the column "fulfillmentItems". Send items as application/jsonl.');
    }
    if (!isCustom(name) && (name === 'customFields' || !Object.hasOwn(fields, name))) {
      refuse(
        `The column ${shown(name)} is unknown. These are known: ${Object.keys(fields)
          .filter((field) => field !== 'fulfillmentItems' && field !== 'customFields')
          .join(', ')}, and customFields.<name>__c.`,
      );
    }
  }
  const missing = Object.values(fields).filter((field) => isRequiredInputField(field) && !columns.includes(field.name));
  if (missing.length) refuse(`The column ${missing.map(({ name }) => `"${name}"`).join(' and ')} is missing.`);
}

const options = { relax_column_count: true, record_delimiter: '\n' } as const;

/** The cells of one record. */
function rowOf(text: string, delimiter: string): { cells: string[] } | { errors: readonly UserError[] } {
  try {
    const rows = parse(text, { ...options, delimiter });
    if (rows.length === 1) return { cells: rows[0] };
    return problem('INVALID_VALUE', 'The line is not one line of a CSV.');
  } catch (error) {
    return problem('INVALID_VALUE', reasons[(error as CsvError).code] ?? 'The line is not valid CSV.');
  }
}

const reasons: Partial<Record<CsvError['code'], string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote is not closed before the end of the file.',
  CSV_INVALID_CLOSING_QUOTE: 'A closing quote is followed by something else than a delimiter or the end of the line.',
  INVALID_OPENING_QUOTE:
    'A quote stands within a field that does not begin with one. Put the field in quotes and double the quote.',
};

/**
 * Reads records of a CSV whose text is valid UTF-8. All at once: one by one takes four times as long. If the parser finds
 * another number of records, or none, then one by one, so that only the bad ones are refused.
 */
export function csvReader(header: CsvHeader, type: GraphQLInputObjectType): (texts: readonly string[]) => Said[] {
  const { columns, delimiter } = header;
  const bodyOf = rowReader(columns, type);
  return (texts) => {
    let rows: string[][] | undefined;
    try {
      rows = parse(texts.join('\n'), { ...options, delimiter });
    } catch {
      // Told for each record below.
    }
    if (rows?.length === texts.length) return rows.map(bodyOf);
    return texts.map((text) => {
      const row = rowOf(text, delimiter);
      return 'cells' in row ? bodyOf(row.cells) : row;
    });
  };
}

/** An empty cell is an absent field. Texts become booleans where the field is one; all other fields read texts. */
function rowReader(columns: readonly string[], type: GraphQLInputObjectType): (cells: readonly string[]) => Said {
  const fields = type.getFields();
  const isBoolean = columns.map((name) => fields[name] && String(getNullableType(fields[name].type)) === 'Boolean');
  const customs = columns.map((name) => (name.startsWith(customPrefix) ? name.slice(customPrefix.length) : undefined));
  return (cells) => {
    if (cells.length !== columns.length) {
      return problem('INVALID_VALUE', `The line has ${cells.length} fields; the header has ${columns.length}.`);
    }
    const body: Record<string, unknown> = {};
    const custom: Record<string, unknown> = Object.create(null);
    let hasCustom = false;
    for (let at = 0; at < cells.length; at++) {
      const cell = cells[at];
      const name = customs[at];
      if (cell === '') continue;
      if (name !== undefined) {
        custom[name] = cell;
        hasCustom = true;
      } else body[columns[at]] = isBoolean[at] ? booleanOf(cell) : cell;
    }
    if (hasCustom) body.customFields = custom;
    return { body };
  };
}

/** Spreadsheets write booleans in capitals. What is none is left to the field to refuse. */
const booleanOf = (cell: string): unknown => (/^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : cell);
