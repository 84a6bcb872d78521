import { Field, ObjectType } from 'type-graphql';
import { type PaymentStatus } from '../domain/payment';
import type { DisputeStatus } from '../domain/reconciliation';
import { PaymentDisputeStatusEnum, PaymentStatusEnum } from './enums';
import { Audited, Node } from './node';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'Money collected from an account with its payment method, and applied to its invoices.',
  simpleResolvers: true,
})
export class Payment extends Audited {
  @Field(() => String, {
    description: 'Business number of the payment, such as P-00000001. Unique in the entity; never changes.',
  })
  paymentNumber: string;
  @Field(() => DecimalScalar, { description: 'Amount that was authorized, in the currency; above 0.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'Amount applied to invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'Amount paid back, or about to be paid back, in the currency.' })
  refundAmount: string;
  @Field(() => String, { description: 'ISO 4217 code of the amounts: the currency of the account.' }) currency: string;
  @Field(() => DateScalar, { description: 'Day of the authorization (UTC).' }) effectiveDate: string;
  @Field(() => PaymentStatusEnum, {
    description: 'Whether the money was taken. A new payment is Processing until then.',
  })
  status: PaymentStatus;
  @Field(() => PaymentDisputeStatusEnum, {
    nullable: true,
    description:
      'Status of the latest dispute at the payment provider. Null if there was none. Changes no other amount.',
  })
  disputeStatus: DisputeStatus | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'Disputed amount, in the currency. Null if there was no dispute.',
  })
  disputeAmount: string | null;
  @Field(() => Boolean, {
    description: 'Whether the payment provider holds the disputed money back at present.',
  })
  disputeWithdrawn: boolean;
}

@ObjectType({
  implements: Node,
  description: 'The part of a payment that is applied to an invoice. Gone once that part is refunded in full.',
  simpleResolvers: true,
})
export class PaymentApplication extends Node {
  @Field(() => DecimalScalar, { description: 'Amount of the payment that is applied, in its currency; above 0.' })
  amount: string;
  @Field(() => DateTimeScalar, { description: 'Time at which the payment was applied to the invoice.' })
  appliedDate: string;
}
