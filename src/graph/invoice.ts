import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';
import type { InvoiceStatus } from '../domain/invoice';
import { InvoiceRow } from '../store/invoice';
import { BillingDocument, Document, DocumentItem } from './billing-document';
import { DocumentActionState, invoiceActions } from './billing-document-action';
import type { GraphContext } from './context';
import { InvoiceStatusEnum } from './enums';
import { Node } from './node';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: [Node, BillingDocument],
  description:
    'A bill to an account for line items and fulfillments that were sent to billing. Without invoice settlement, returns are negative items, and the amount may be below 0. Charges that share account, currency, payment term and invoice group number are on one invoice, at most 20,000 of them. Source: Zuora, "Billing documents generation for order line items and fulfillments".',
  simpleResolvers: true,
})
export class Invoice extends Document {
  @Field(() => String, {
    description:
      'Business number of the invoice, such as INV00000001. Unique in the entity; never changes. Numbers may have gaps.',
  })
  invoiceNumber: string;
  @Field(() => DateScalar, { description: 'Day printed on the invoice; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => DateScalar, {
    description: 'Day by which the invoice must be paid: invoiceDate plus the days of the payment term.',
  })
  dueDate: string;
  @Field(() => InvoiceStatusEnum, {
    description: 'Whether the invoice is a draft, owed or withdrawn. allowedActions lists what can follow.',
  })
  status: InvoiceStatus;
  @Field(() => DecimalScalar, {
    description:
      'amount less payments, credits and offsets, in the currency: owed while the invoice is Posted. 0 once it is Canceled.',
  })
  balance: string;
  @Field(() => Boolean, {
    description: 'Whether a credit memo for the full amount has reversed the invoice, so that nothing is owed.',
  })
  reversed: boolean;
}

@ObjectType({
  implements: Node,
  description: 'The charge for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class InvoiceItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'unitPrice x quantity before tax, rounded to the decimals of the currency. A return has 0 or less, and takes back at most what is left of the charge for its sale. The last return takes the remainder. Source: Zuora, "Data type rounding rules".',
  })
  chargeAmount: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate; for a line item without fulfillments, its transactionStartDate.',
  })
  serviceStartDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate; for a line item without fulfillments, its transactionEndDate.',
  })
  serviceEndDate: string | null;
}

@ObjectType({
  implements: Node,
  description: 'The part of a negative invoice that reduced another invoice, while invoice settlement is off.',
  simpleResolvers: true,
})
export class InvoiceOffset extends Node {
  @Field(() => DecimalScalar, {
    description: 'Amount by which both balances came closer to 0, in their currency; above 0.',
  })
  amount: string;
  @Field(() => DateTimeScalar, { description: 'Time of the offset, which is made when a payment is collected.' })
  appliedDate: string;
}

@Resolver(() => Invoice)
export class InvoiceResolver {
  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry per action on invoices, judged for this caller and the invoice as it is. Ask here instead of implementing the rules.',
  })
  allowedActions(@Root() invoice: InvoiceRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return invoiceActions(invoice, context);
  }
}
