import { Field, InputType } from 'type-graphql';
import { DateScalar } from './scalars';

@InputType({ description: 'The days that a mutation bills by. Source: Zuora, "Create fulfillments".' })
export class BillingOptionsInput {
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Bills what has its billTargetDate on this day or earlier. Default: today (UTC).',
  })
  targetDate?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Printed on the documents; the payment term counts from it. Default: targetDate.',
  })
  documentDate?: string | null;
}

@InputType({
  description:
    'What else is done in the same act, all of it or nothing: where a bill or a payment fails, nothing is written. Source: Zuora, "Create fulfillments".',
})
export class ProcessingOptionsInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Bills what this request makes or moves, as far as it is SentToBilling and due, into documents that are posted at once; the rest is left to a later run. Scope: bill.',
  })
  runBilling?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Collects the balances of the invoices by the payment methods of their accounts. INVALID_VALUE without runBilling; PAYMENT_METHOD_MISSING, PAYMENT_DECLINED or PAYMENT_FAILED where it cannot. Scope: pay.',
  })
  collectPayment?: boolean | null;
  @Field(() => BillingOptionsInput, {
    nullable: true,
    description: 'Up to which day is billed, and which is printed; today for both where absent.',
  })
  billingOptions?: BillingOptionsInput | null;
}
