import { forms } from '../model/columns';
import { type ComputedField, computedFields, needs } from '../model/computed';
import { edges } from '../model/edges';
import { type Noun, nouns } from '../model/nouns';

/** The columns behind the selected fields of a noun. Sorted, so that the order of the fields makes no difference. */
export function columnsOf(noun: Noun, fields: readonly string[]): string[] {
  const columns = new Set<string>(['id']);
  for (const field of fields) for (const column of behind(noun, field)) columns.add(column);
  return [...columns].sort();
}

function behind(noun: Noun, field: string): readonly string[] {
  const name = `${nouns[noun].typename}.${field}`;
  const judged: Readonly<Record<string, readonly string[]>> = needs[noun as keyof typeof needs] ?? {};
  const needed = computedFields[name as ComputedField]?.needs ?? judged[field];
  if (needed) return needed;
  const edge = edges[name as keyof typeof edges];
  if (edge?.form === 'one') return [edge.from];
  const form = forms[noun][field];
  if (!form) return [];
  return form === 'money' ? [field, 'currency'] : [field];
}
