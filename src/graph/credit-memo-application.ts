import { Field, ObjectType } from 'type-graphql';
import { Node } from './node';
import { DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'The part of a credit memo that is applied to an invoice.',
  simpleResolvers: true,
})
export class CreditMemoApplication extends Node {
  @Field(() => DecimalScalar, { description: 'Amount of the credit memo that is applied, in its currency; above 0.' })
  amount: string;
  @Field(() => DateTimeScalar, {
    description: 'Time at which the credit memo was applied to the invoice. If more was applied later, the last time.',
  })
  appliedDate: string;
}
