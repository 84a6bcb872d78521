import { Field, ObjectType } from 'type-graphql';
import { Node } from './node';
import { DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'The part of a credit memo that is put against an invoice.',
  simpleResolvers: true,
})
export class CreditMemoApplication extends Node {
  @Field(() => DecimalScalar, { description: 'How much of the memo, in its currency; above 0.' }) amount: string;
  @Field(() => DateTimeScalar, { description: 'When it was put there; where more was added, when it last was.' })
  appliedDate: string;
}
