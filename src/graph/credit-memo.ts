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
    'A credit to an account: it credits returns, or it reverses an invoice. Source: Zuora, "Rules for generating invoices and credit memos".',
  simpleResolvers: true,
})
export class CreditMemo extends Document {
  @Field(() => String, {
    description:
      'Business number of the credit memo, such as CM00000001. Unique in the entity; never changes. Numbers may have gaps.',
  })
  creditMemoNumber: string;
  @Field(() => DateScalar, { description: 'Day printed on the credit memo.' }) creditMemoDate: string;
  @Field(() => CreditMemoStatusEnum, {
    description: 'Whether the credit memo is a draft, granted or withdrawn. allowedActions lists what can follow.',
  })
  status: CreditMemoStatus;
  @Field(() => DecimalScalar, { description: 'Amount applied to invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'Amount paid back, in the currency.' }) refundAmount: string;
  @Field(() => String, {
    nullable: true,
    description: 'Reason for the credit: "Return Order" for a return, "Reversal" for a reversed invoice.',
  })
  reasonCode: string | null;
}

@ObjectType({
  implements: Node,
  description: 'The credit for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class CreditMemoItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'Credit before tax, in the currency: unitPrice x quantity, rounded to the decimals of the currency. At most what is left of the charge for the sale; the return that exhausts it takes the remainder. Below 0 for a sale that reduces the credit memo.',
  })
  amountWithoutTax: string;
}

@Resolver(() => CreditMemo)
export class CreditMemoResolver {
  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry per action on credit memos, judged for this caller and the credit memo as it is. Ask here instead of implementing the rules.',
  })
  allowedActions(@Root() memo: CreditMemoRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return creditMemoActions(memo, context);
  }
}
