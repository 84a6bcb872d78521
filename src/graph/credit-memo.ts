import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';
import { type CreditMemoStatus } from '../domain/credit-memo';
import { CreditMemoRow } from '../store/credit-memo';
import { BillingDocument, Document, DocumentItem } from './billing-document';
import { creditMemoActions, DocumentActionState } from './billing-document-action';
import type { GraphContext } from './context';
import { CreditMemoStatusEnum } from './enums';
import { Node } from './node';
import { DateScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: [Node, BillingDocument],
  description:
    'What an account gets back: returns are credited on it, or an invoice is taken back by it. Source: Zuora, "Rules for generating invoices and credit memos".',
  simpleResolvers: true,
})
export class CreditMemo extends Document {
  @Field(() => String, {
    description:
      'Its business number, such as CM00000001; unique in the entity, and never changes. Numbers may have gaps.',
  })
  creditMemoNumber: string;
  @Field(() => DateScalar, { description: 'The day printed on it.' }) creditMemoDate: string;
  @Field(() => CreditMemoStatusEnum, {
    description: 'Whether it is a draft, granted or withdrawn; allowedActions says what can follow.',
  })
  status: CreditMemoStatus;
  @Field(() => DecimalScalar, { description: 'How much of it is put against invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'How much of it was paid back, in the currency.' }) refundAmount: string;
  @Field(() => String, {
    nullable: true,
    description: 'Why it was given: "Return Order" for a return, "Reversal" for an invoice that was taken back.',
  })
  reasonCode: string | null;
}

@ObjectType({
  implements: Node,
  description: 'What is credited for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class CreditMemoItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'What is credited before tax, in the currency: unitPrice x quantity, rounded to the decimals of the currency, but at most what is left of the bill of the sale; the return that exhausts it takes the remainder. Below 0 for a sale that is set off on a credit memo.',
  })
  amountWithoutTax: string;
}

@Resolver(() => CreditMemo)
export class CreditMemoResolver {
  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry for each act there is for credit memos, judged for this caller and this memo as it is. Ask here instead of knowing the rules.',
  })
  allowedActions(@Root() memo: CreditMemoRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return creditMemoActions(memo, context);
  }
}
