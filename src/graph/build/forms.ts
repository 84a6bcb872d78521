import { ID, Int } from 'type-graphql';
import { enumNamed } from '../enums';
import { type Form, forms } from '../model/columns';
import { listOf, type Noun } from '../model/nouns';
import { DateScalar, DateTimeScalar, DecimalScalar, JSONObjectScalar } from '../scalars';

/** The type by which clients see and give values of a form; an enum has one of its own. */
export const typeOfForm: { readonly [F in Exclude<Form, 'enum' | 'list'>]: object } = {
  id: ID,
  client: String,
  number: String,
  text: String,
  money: DecimalScalar,
  decimal: DecimalScalar,
  day: DateScalar,
  instant: DateTimeScalar,
  integer: Int,
  boolean: Boolean,
  json: JSONObjectScalar,
};

/** The name of an enum of the graph, told by that of its type in SQL: fulfillment_state is FulfillmentState. */
export const enumName = (type: string): string =>
  type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The type by which clients see and give the values of a column. */
export function typeOfColumn(noun: Noun, column: string): object {
  const form = forms[noun][column];
  return form === 'enum' ? enumNamed(enumName(listOf(noun).table.columns[column].type)) : typeOfForm[form as 'text'];
}
