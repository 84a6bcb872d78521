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
    'What an account owes for what was sent to billing; below 0 where returns are negative items, without invoice settlement. Those charges come together that agree in account, currency, payment term and invoice group number, at most 20,000 of them. Source: Zuora, "Billing documents generation for order line items and fulfillments".',
  simpleResolvers: true,
})
export class Invoice extends Document {
  @Field(() => String, {
    description:
      'Its business number, such as INV00000001; unique in the entity, and never changes. Numbers may have gaps.',
  })
  invoiceNumber: string;
  @Field(() => DateScalar, { description: 'The day printed on it; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => DateScalar, {
    description: 'The day until which it is to be paid: invoiceDate and as many days as the payment term says.',
  })
  dueDate: string;
  @Field(() => InvoiceStatusEnum, {
    description: 'Whether it is a draft, owed or withdrawn; allowedActions says what can follow.',
  })
  status: InvoiceStatus;
  @Field(() => DecimalScalar, {
    description:
      'amount less payments, credits and offsets, in the currency: what is owed while it is Posted. 0 once it is Canceled.',
  })
  balance: string;
  @Field(() => Boolean, {
    description: 'Whether a credit memo for its full amount has taken it back; it owes nothing then.',
  })
  reversed: boolean;
}

@ObjectType({
  implements: Node,
  description: 'What is charged for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class InvoiceItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'unitPrice x quantity before tax, rounded to the decimals of the currency. Of a return it is 0 or less, and at most what is left of the bill of its sale: the last one takes the remainder. Source: Zuora, "Data type rounding rules".',
  })
  chargeAmount: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate, or transactionStartDate of a line item without fulfillments.',
  })
  serviceStartDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate, or transactionEndDate of a line item without fulfillments.',
  })
  serviceEndDate: string | null;
}

@ObjectType({
  implements: Node,
  description: 'The part of a negative invoice that reduced another one, where invoice settlement is off.',
  simpleResolvers: true,
})
export class InvoiceOffset extends Node {
  @Field(() => DecimalScalar, {
    description: 'By how much both balances have come closer to 0, in their currency; above 0.',
  })
  amount: string;
  @Field(() => DateTimeScalar, { description: 'When it was set off: as a payment was collected.' }) appliedDate: string;
}

@Resolver(() => Invoice)
export class InvoiceResolver {
  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry for each act there is for invoices, judged for this caller and this invoice as it is. Ask here instead of knowing the rules.',
  })
  allowedActions(@Root() invoice: InvoiceRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return invoiceActions(invoice, context);
  }
}
