import { Field, InputType } from 'type-graphql';
import { DateScalar } from './scalars';

@InputType({ description: 'The days for which a mutation bills. Source: Zuora, "Create fulfillments".' })
export class BillingOptionsInput {
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Objects with a billTargetDate on this day or earlier are billed. Default: today (UTC).',
  })
  targetDate?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Day printed on the documents; the payment term counts from it. Default: targetDate.',
  })
  documentDate?: string | null;
}

@InputType({
  description:
    'Billing and payment in the same mutation, all or nothing: if a bill or a payment fails, nothing is written. Source: Zuora, "Create fulfillments".',
})
export class ProcessingOptionsInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Bills the objects of this request that are SentToBilling and due, on documents that are posted at once. The rest waits for a later bill run. Scope: bill.',
  })
  runBilling?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Collects the balances of these invoices with the payment methods of their accounts. INVALID_VALUE without runBilling. If collecting fails: PAYMENT_METHOD_MISSING, PAYMENT_DECLINED or PAYMENT_FAILED. Scope: pay.',
  })
  collectPayment?: boolean | null;
  @Field(() => BillingOptionsInput, {
    nullable: true,
    description: 'The target date and the document date. Default: today (UTC) for both.',
  })
  billingOptions?: BillingOptionsInput | null;
}
