import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { TaxMode } from '../domain/price';
import { TaxModeEnum } from './enums';
import { Audited, Node } from './node';
import { DateScalar, DecimalScalar } from './scalars';

/* Imports no noun: these classes have to stand before the types that implement and extend them, whichever is read first. */

@InterfaceType({
  implements: Node,
  description: 'A document that bills or credits an account: an invoice or a credit memo.',
})
export abstract class BillingDocument extends Node {
  @Field(() => String, { description: 'Its business number, such as INV00000001 or CM00000001.' })
  documentNumber: string;
  @Field(() => DateScalar, { description: 'The day printed on it.' }) documentDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'It bills or credits what was due up to this day; null where it reverses an invoice.',
  })
  targetDate: string | null;
  @Field(() => String, { description: 'ISO 4217 code of its amounts: that of its account.' }) currency: string;
  @Field(() => DecimalScalar, {
    description: 'The sum of its items, tax included, in the currency. At most 13 digits before the point.',
  })
  amount: string;
  @Field(() => DecimalScalar, { description: 'The sum of its items before tax, in the currency.' })
  amountWithoutTax: string;
  @Field(() => DecimalScalar, {
    description:
      'The sum of the tax of its items, each rounded by itself, in the currency. Source: Zuora, "Tax rounding method".',
  })
  taxAmount: string;
}

/** What invoices and credit memos show alike. The fields of their interface come along with it: they are only typed here. */
@ObjectType({ simpleResolvers: true })
export abstract class Document extends Audited {
  @Field(() => DateScalar, { nullable: true, description: 'The day it was posted (UTC); null while it is not Posted.' })
  postedDate: string | null;
  @Field(() => String, { description: 'What made it: API, which is a mutation or REST request, or BillRun.' })
  source: string;
  targetDate: string | null;
  currency: string;
  amount: string;
  amountWithoutTax: string;
  taxAmount: string;
}

/** What the items of both show alike. */
@ObjectType({ simpleResolvers: true })
export abstract class DocumentItem extends Node {
  @Field(() => String, { description: 'The itemName of the line item when it was billed.' }) chargeName: string;
  @Field(() => DecimalScalar, { description: 'How much is charged for, or credited, in its unitOfMeasure.' })
  quantity: string;
  @Field(() => DecimalScalar, {
    description: 'amountPerUnit of the line item when it was billed, in the currency of the document; never rounded.',
  })
  unitPrice: string;
  @Field(() => String, {
    nullable: true,
    description: 'The unit that its quantity is counted in; null where none was named.',
  })
  unitOfMeasure: string | null;
  @Field(() => DecimalScalar, { description: 'The tax on it, rounded by itself to the decimals of the currency.' })
  taxAmount: string;
  @Field(() => TaxModeEnum, {
    nullable: true,
    description: 'Whether its price included tax when it was billed; null reads as TaxExclusive.',
  })
  taxMode: TaxMode | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'The rate of its tax when it was billed: 0.1 is 10 %. On a return that of its sale; null where it is not taxed, or makes up for several rates.',
  })
  taxRate: string | null;
}
