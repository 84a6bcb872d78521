import { ID, Int } from 'type-graphql';
import { enumNamed } from '../enums';
import { type Form, forms } from '../model/columns';
import { listOf, type Noun } from '../model/nouns';
import { DateScalar, DateTimeScalar, DecimalScalar, JSONObjectScalar } from '../scalars';

/** The type of a form on the graph. Each enum has a type of its own. */
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

/** The name of an enum of the graph, derived from its SQL type: fulfillment_state is FulfillmentState. */
export const enumName = (type: string): string =>
  type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The type of a column on the graph. */
export function typeOfColumn(noun: Noun, column: string): object {
  const form = forms[noun][column];
  return form === 'enum' ? enumNamed(enumName(listOf(noun).table.columns[column].type)) : typeOfForm[form as 'text'];
}
