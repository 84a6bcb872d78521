import type { GraphQLFieldResolver, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { Field } from 'type-graphql';
import type { Money } from '../../domain/billing';
import { defaultRounding } from '../../domain/invoice';
import type { GraphContext } from '../context';
import { type ComputedField, computedFields } from '../model/computed';
import { shownAs } from '../read/show';
import { typeOfForm } from './forms';
import { typeNamed } from './types';

/* Declares the computed fields: those that follow from their row, or from their row and the billing settings. */

type Row = Record<string, unknown>;
type Resolve = GraphQLFieldResolver<Row, GraphContext>;

for (const [name, { form, nullable, description }] of Object.entries(computedFields)) {
  const [owner, field] = name.split('.');
  Field(() => typeOfForm[form as 'text'] as never, { nullable, description })(typeNamed(owner).prototype, field);
}

/** What the settings are taken for while a value does not depend on them. */
const anySettings: Money = { roundingMode: defaultRounding, inclusiveTaxRule: 'NetFirst', taxCodes: [] };

function resolverOf({ form, value, settings }: (typeof computedFields)[ComputedField]): Resolve {
  const as = shownAs[form];
  const shown = (row: Row, known: Money) => {
    const computed = value(row as never, known);
    return as && typeof computed === 'string' ? as(computed, row) : computed;
  };
  // Most amounts need no rounding, so most line items do not read the settings.
  return (row, _args, { loaders }) =>
    settings?.(row as never) ? loaders.settings().then((known) => shown(row, known)) : shown(row, anySettings);
}

export function resolveComputed(schema: GraphQLSchema): void {
  for (const [name, declared] of Object.entries(computedFields)) {
    const [owner, field] = name.split('.');
    (schema.getType(owner) as GraphQLObjectType).getFields()[field].resolve = resolverOf(declared);
  }
}
