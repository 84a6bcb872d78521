import { Field, InputType } from 'type-graphql';
import { DateScalar } from './scalars';

@InputType({ description: 'Dates of the billing that a mutation runs.' })
export class BillingOptionsInput {
  @Field(() => DateScalar, { nullable: true, description: 'Bills what is due up to this day. Default: today (UTC).' })
  targetDate?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Printed on the documents; the payment term counts from it. Default: targetDate.',
  })
  documentDate?: string | null;
}

@InputType({ description: 'What else is done in the same act, all of it or nothing.' })
export class ProcessingOptionsInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Bills what this request makes or moves, as far as it is SentToBilling and due, into posted documents. Scope: bill.',
  })
  runBilling?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Collects the invoices' balances by the accounts' payment methods. Needs runBilling. Scope: pay.",
  })
  collectPayment?: boolean | null;
  @Field(() => BillingOptionsInput, { nullable: true, description: 'Dates of the billing.' })
  billingOptions?: BillingOptionsInput | null;
}
