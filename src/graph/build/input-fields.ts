import { type ClassType, Field } from 'type-graphql';
import type { Noun } from '../model/nouns';
import { typeOfColumn } from './forms';

/** Gives an input type a field for each described column of a noun. A field that is not required may be left out. */
export function giveFields(
  input: ClassType<object>,
  noun: Noun,
  descriptions: Readonly<Record<string, string>>,
  required: readonly string[] = [],
): void {
  for (const [field, description] of Object.entries(descriptions)) {
    const type = typeOfColumn(noun, field) as ClassType<object>;
    Field(() => type, { nullable: !required.includes(field), description })(input.prototype, field);
  }
}
