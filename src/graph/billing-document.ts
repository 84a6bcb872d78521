import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { TaxMode } from '../domain/price';
import { TaxModeEnum } from './enums';
import { Audited, Node } from './node';
import { DateScalar, DecimalScalar } from './scalars';

/*
 * Imports no noun. These classes must be defined before the types that implement and extend them, whichever file loads
 * first.
 */

@InterfaceType({
  implements: Node,
  description: 'A document that bills or credits an account: an invoice or a credit memo.',
})
export abstract class BillingDocument extends Node {
  @Field(() => String, { description: 'Business number of the document, such as INV00000001 or CM00000001.' })
  documentNumber: string;
  @Field(() => DateScalar, { description: 'Day printed on the document.' }) documentDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The document bills or credits items that were due up to this day. Null if it reverses an invoice.',
  })
  targetDate: string | null;
  @Field(() => String, { description: 'ISO 4217 code of the amounts: the currency of the account.' }) currency: string;
  @Field(() => DecimalScalar, {
    description: 'Sum of the items, tax included, in the currency. At most 13 digits before the decimal point.',
  })
  amount: string;
  @Field(() => DecimalScalar, { description: 'Sum of the items before tax, in the currency.' })
  amountWithoutTax: string;
  @Field(() => DecimalScalar, {
    description:
      'Sum of the taxes on the items, each rounded separately, in the currency. Source: Zuora, "Tax rounding method".',
  })
  taxAmount: string;
}

/**
 * The fields that invoices and credit memos share. The fields of the interface come with `implements`; here they only
 * have a type.
 */
@ObjectType({ simpleResolvers: true })
export abstract class Document extends Audited {
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Day on which the document was posted (UTC); null while it is not Posted.',
  })
  postedDate: string | null;
  @Field(() => String, { description: 'Origin of the document: API (a mutation or REST request) or BillRun.' })
  source: string;
  targetDate: string | null;
  currency: string;
  amount: string;
  amountWithoutTax: string;
  taxAmount: string;
}

/** The fields that invoice items and credit memo items share. */
@ObjectType({ simpleResolvers: true })
export abstract class DocumentItem extends Node {
  @Field(() => String, { description: 'itemName of the line item at the time of billing.' }) chargeName: string;
  @Field(() => DecimalScalar, { description: 'Quantity charged or credited, in the unitOfMeasure of the item.' })
  quantity: string;
  @Field(() => DecimalScalar, {
    description:
      'amountPerUnit of the line item at the time of billing, in the currency of the document. Never rounded.',
  })
  unitPrice: string;
  @Field(() => String, {
    nullable: true,
    description: 'Unit in which quantity is counted; null if the line item names none.',
  })
  unitOfMeasure: string | null;
  @Field(() => DecimalScalar, { description: 'Tax on the item, rounded separately to the decimals of the currency.' })
  taxAmount: string;
  @Field(() => TaxModeEnum, {
    nullable: true,
    description: 'Whether the price included tax at the time of billing. Null counts as TaxExclusive.',
  })
  taxMode: TaxMode | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'Tax rate at the time of billing: 0.1 is 10 %. On a return, the rate of its sale. Null if the item is not taxed, or covers several rates.',
  })
  taxRate: string | null;
}
