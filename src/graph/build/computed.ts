import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { Field } from 'type-graphql';
import { computedFields } from '../model/computed';
import { shownAs } from '../read/show';
import { typeOfForm } from './forms';
import { typeNamed } from './types';

/* Declares the fields that follow from their row alone. */

for (const [name, { form, nullable, description }] of Object.entries(computedFields)) {
  const [owner, field] = name.split('.');
  Field(() => typeOfForm[form as 'text'] as never, { nullable, description })(typeNamed(owner).prototype, field);
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
