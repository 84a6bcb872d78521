import { Field, ObjectType } from 'type-graphql';
import { CreditMemo } from './credit-memo';
import { Invoice } from './invoice';
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
  @Field(() => CreditMemo, { description: 'Which memo it is a part of: that has so much less to be used.' })
  creditMemo?: CreditMemo;
  @Field(() => Invoice, { description: 'What it is put against: that owes so much less.' })
  invoice?: Invoice;
}
