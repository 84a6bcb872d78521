import { Field, ObjectType } from 'type-graphql';
import { type PaymentStatus } from '../domain/payment';
import { PaymentStatusEnum } from './enums';
import { Audited, Node } from './node';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'Money collected from an account by its payment method, and put against what it owes.',
  simpleResolvers: true,
})
export class Payment extends Audited {
  @Field(() => String, {
    description: 'Its business number, such as P-00000001; unique in the entity, and never changes.',
  })
  paymentNumber: string;
  @Field(() => DecimalScalar, { description: 'How much was authorized, in the currency; above 0.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'How much of it is put against invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'How much of it was paid back, in the currency, or is about to be.' })
  refundAmount: string;
  @Field(() => String, { description: 'ISO 4217 code of its amounts: that of its account.' }) currency: string;
  @Field(() => DateScalar, { description: 'The day on which it was authorized (UTC).' }) effectiveDate: string;
  @Field(() => PaymentStatusEnum, {
    description: 'Whether the money was taken. A fresh one is Processing until then.',
  })
  status: PaymentStatus;
}

@ObjectType({
  implements: Node,
  description: 'The part of a payment that is put against an invoice; gone where it was refunded whole.',
  simpleResolvers: true,
})
export class PaymentApplication extends Node {
  @Field(() => DecimalScalar, { description: 'How much of the payment, in its currency; above 0.' }) amount: string;
  @Field(() => DateTimeScalar, { description: 'The instant at which it was put there.' }) appliedDate: string;
}
