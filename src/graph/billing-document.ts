import { Field, InterfaceType, ObjectType } from 'type-graphql';
import type { TaxMode } from '../domain/price';
import { TaxModeEnum } from './enums';
import { Audited, Node } from './node';
import { DateScalar, DecimalScalar } from './scalars';

/* Imports no noun: these classes have to stand before the types that implement and extend them, whichever is read first. */

@InterfaceType({
  implements: Node,
  description: 'A document that bills or credits an account.',
})
export abstract class BillingDocument extends Node {
  @Field(() => String, { description: 'Its business number.' }) documentNumber: string;
  @Field(() => DateScalar, { description: 'The date printed on it.' }) documentDate: string;
  @Field(() => DateScalar, { nullable: true, description: 'It bills what was due up to this day.' }) targetDate:
    | string
    | null;
  @Field(() => String, { description: 'ISO 4217 code of its amounts.' }) currency: string;
  @Field(() => DecimalScalar, { description: 'The sum of its items, tax included.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'The sum of its items before tax.' }) amountWithoutTax: string;
  @Field(() => DecimalScalar, { description: 'The sum of the tax of its items.' }) taxAmount: string;
}

/** What invoices and credit memos show alike. The fields of their interface come along with it: they are only typed here. */
@ObjectType({ simpleResolvers: true })
export abstract class Document extends Audited {
  @Field(() => DateScalar, { nullable: true, description: 'The day it was posted (UTC); null on a draft.' })
  postedDate: string | null;
  @Field(() => String, { description: 'API (made by a mutation or REST request) or BillRun.' }) source: string;
  targetDate: string | null;
  currency: string;
  amount: string;
  amountWithoutTax: string;
  taxAmount: string;
}

/** What the items of both show alike. */
@ObjectType({ simpleResolvers: true })
export abstract class DocumentItem extends Node {
  @Field(() => String, { description: 'The name of the line item.' }) chargeName: string;
  @Field(() => DecimalScalar, { description: 'How much is charged for, or credited.' }) quantity: string;
  @Field(() => DecimalScalar, { description: 'amountPerUnit of the line item, never rounded.' }) unitPrice: string;
  @Field(() => String, { nullable: true, description: 'The unit that quantity counts.' }) unitOfMeasure: string | null;
  @Field(() => DecimalScalar, { description: 'Its tax.' }) taxAmount: string;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether the price included tax.' }) taxMode: TaxMode | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'The tax rate when it was billed; 0.1 is 10 %. On a return that of its sale; null where it makes up for several rates.',
  })
  taxRate: string | null;
}
