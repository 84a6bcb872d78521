import { forms } from './columns';
import { type ComputedField, computedFields } from './computed';
import type { ListedNoun } from './lists';
import { type Noun, nouns } from './nouns';

/** The nouns that can be asked for as they stood at an instant: `fulfillment(key: ..., asOf: ...)`. */
export const pastNouns = [
  'order',
  'orderLineItem',
  'fulfillment',
  'invoice',
  'creditMemo',
  'payment',
] as const satisfies readonly ListedNoun[];
export type PastNoun = (typeof pastNouns)[number];

export const isPastNoun = (name: string): name is PastNoun => pastNouns.includes(name as PastNoun);

/**
 * Whether the history tells a field of an object: a column, or what follows from columns alone. What depends on other
 * objects, on the billing settings or on the caller would show the present.
 */
export function isRecorded(noun: Noun, field: string): boolean {
  const name = `${nouns[noun].typename}.${field}`;
  if (name in computedFields) return !(computedFields[name as ComputedField] as { settings?: unknown }).settings;
  return field in forms[noun];
}

/** The description of the argument `asOf`. `fields` are all fields of the type. */
export const pastDescription = (noun: Noun, fields: readonly string[]): string =>
  `The object as it stood at this instant, from its history. Null if it was not made yet, or deleted by then. If absent or null: as it is now. An instant in the future is BAD_USER_INPUT. So are these fields, which no entry of the object records: ${fields
    .filter((field) => !isRecorded(noun, field))
    .sort()
    .join(', ')}.`;
