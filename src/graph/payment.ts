import { Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';
import { money } from '../domain/currency';
import { type PaymentStatus, unappliedAmount } from '../domain/payment';
import { PaymentRow } from '../store/payment';
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

@Resolver(() => Payment)
export class PaymentResolver {
  @FieldResolver(() => DecimalScalar, {
    description:
      'How much is put against no invoice, in the currency: amount less appliedAmount and refundAmount; 0 where no money was taken in the end.',
  })
  unappliedAmount(@Root() payment: PaymentRow): string {
    return money(unappliedAmount(payment), payment.currency);
  }
}
