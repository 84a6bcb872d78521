import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { Field } from 'type-graphql';
import type { Form } from '../model/columns';
import { computedFields } from '../model/computed';
import { shownAs } from '../read/show';
import { DateScalar, DecimalScalar } from '../scalars';
import { typeNamed } from './types';

/* The fields that follow from their row alone, made of their declarations. */

/** The types of the forms that are computed. */
const typeOfForm: { readonly [F in Form]?: object } = {
  boolean: Boolean,
  number: String,
  day: DateScalar,
  decimal: DecimalScalar,
  money: DecimalScalar,
};

for (const [name, { form, nullable, description }] of Object.entries(computedFields)) {
  const [owner, field] = name.split('.');
  Field(() => typeOfForm[form] as never, { nullable, description })(typeNamed(owner).prototype, field);
}

export function resolveComputed(schema: GraphQLSchema): void {
  for (const [name, { form, value }] of Object.entries(computedFields)) {
    const [owner, field] = name.split('.');
    const as = shownAs[form];
    (schema.getType(owner) as GraphQLObjectType).getFields()[field].resolve = (row: Record<string, unknown>) => {
      const computed = value(row as never);
      return as && typeof computed === 'string' ? as(computed, row) : computed;
    };
  }
}
