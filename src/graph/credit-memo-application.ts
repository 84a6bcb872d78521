import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, Field, FieldResolver, Info, ObjectType, Resolver, Root } from 'type-graphql';
import { CreditMemoApplicationRow } from '../store/credit-memo';
import type { GraphContext } from './context';
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
}

@Resolver(() => CreditMemoApplication)
export class CreditMemoApplicationResolver {
  @FieldResolver(() => CreditMemo, { description: 'Which memo it is a part of: that has so much less to be used.' })
  creditMemo(
    @Root() application: CreditMemoApplicationRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemo> {
    return context.follow('CreditMemoApplication.creditMemo', application.creditMemoId, info);
  }

  @FieldResolver(() => Invoice, { description: 'What it is put against: that owes so much less.' })
  invoice(
    @Root() application: CreditMemoApplicationRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> {
    return context.follow('CreditMemoApplication.invoice', application.invoiceId, info);
  }
}
