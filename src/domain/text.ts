import { enoughErrors, type UserError, userError } from './errors';

/**
 * Characters that no text field takes (N23):
 * - Control characters except tab and line feed. They come from broken exports and break later readers. PostgreSQL
 *   cannot store the nul character among them.
 * - Characters of four bytes in UTF-8, which are surrogate pairs in JavaScript, and lone surrogates. Zuora documents
 *   that it refuses them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
export const refusedCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff]/;

/** Nothing visible: empty, or only white space and zero-width characters such as a zero-width space. */
export const isBlank = (text: string): boolean => /^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(text);

/**
 * An input without its empty texts: an empty text is no value, as null is, in every optional text field. Forms and spreadsheets
 * have no other way to say nothing. Kept as a value, an empty invoiceGroupNumber made an invoice of its own (N27).
 * An empty text for a required field stays, and is refused.
 */
export function withoutEmptyTexts<I extends object>(input: I, optional: readonly string[]): I {
  const given = input as Record<string, unknown>;
  const empty = optional.filter((field) => given[field] === '');
  return empty.length ? { ...input, ...Object.fromEntries(empty.map((field) => [field, null])) } : input;
}

/** Checks text fields against their greatest lengths. Absent fields and nulls pass. */
export function checkTexts(input: object, lengths: Record<string, number>): UserError[] {
  const errors: UserError[] = [];
  for (const [field, length] of Object.entries(lengths)) {
    const value = (input as Record<string, unknown>)[field];
    if (typeof value !== 'string') continue;
    if (value.length > length) {
      errors.push(
        userError('INVALID_VALUE', `${field} has ${value.length} characters; at most ${length} are allowed.`, [field]),
      );
    } else if (refusedCharacters.test(value)) {
      errors.push(
        userError(
          'INVALID_VALUE',
          `${field} must not contain control characters, or characters outside of the Basic Multilingual Plane such as emoji.`,
          [field],
        ),
      );
    }
  }
  return errors;
}

/**
 * The most that the custom fields of one object may hold. No published limit is known. Without a limit, a body of 2 MB
 * on each of a hundred rows makes a page of 200 MB.
 */
const mostCustomFields = 100;
const mostCustomCharacters = 10_000;

/**
 * A change of single custom fields, with those that it does not name. On REST each custom field is a field of its own, and an
 * absent field stays as it is. Null in place of the fields empties all. Source: "Update an order line item"; "Update a
 * fulfillment".
 */
export const withOtherCustomFields = <C extends { customFields?: Record<string, unknown> | null }>(
  { customFields }: { customFields: Record<string, unknown> | null },
  change: C,
): C => (change.customFields ? { ...change, customFields: { ...customFields, ...change.customFields } } : change);

/** Custom fields: names end in `__c`, values are text, numbers, booleans or null. Source: FulfillmentPost schema. */
export function checkCustomFields(fields: Record<string, unknown> | null | undefined): UserError[] {
  const errors: UserError[] = [];
  const entries = Object.entries(fields ?? {});
  const tooMuch = (message: string) => [userError('LIMIT_EXCEEDED', message, ['customFields'])];
  if (entries.length > mostCustomFields) {
    return tooMuch(`customFields has ${entries.length} fields; at most ${mostCustomFields} are allowed.`);
  }
  const characters = entries.reduce(
    (sum, [name, value]) => sum + name.length + (typeof value === 'string' ? value.length : 0),
    0,
  );
  if (characters > mostCustomCharacters) {
    return tooMuch(
      `customFields has ${characters} characters, names included; at most ${mostCustomCharacters} are allowed.`,
    );
  }
  for (const [name, value] of entries) {
    if (errors.length >= enoughErrors) break;
    const path = ['customFields', name];
    if (!/^[A-Za-z0-9_]{1,80}__c$/.test(name)) {
      errors.push(
        userError(
          'INVALID_VALUE',
          `"${name.slice(0, 90)}" must be 1 to 80 ASCII letters, digits or underscores, followed by __c.`,
          path,
        ),
      );
    } else if (typeof value === 'number' && !(Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
      errors.push(
        userError('INVALID_VALUE', `${name} is a number that JSON cannot keep exactly; send the number as text.`, path),
      );
    } else if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      errors.push(userError('INVALID_VALUE', `${name} must be text, a number, a boolean or null.`, path));
    } else if (typeof value === 'string') {
      errors.push(...checkTexts({ [name]: value }, { [name]: 500 }).map((error) => ({ ...error, path })));
    }
  }
  return errors;
}
