import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { money } from '../domain/currency';
import { collectPayment } from '../service/payment-collect';
import { refundPayment } from '../service/payment-refund';
import type { InvoiceRow } from '../store/invoice';
import type { GraphContext } from './context';
import { payload, UserError } from './errors';
import { Invoice } from './invoice';
import { shown } from './nouns';
import { Payment } from './payment';
import { DecimalScalar } from './scalars';

@ObjectType({ description: 'The outcome of collectPayment.', simpleResolvers: true })
export class CollectPaymentPayload {
  @Field(() => [Payment], { description: 'The payments that were authorized, one for each account and currency.' })
  payments: Payment[];
  @Field(() => [Invoice], { description: 'The invoices as they are now, in the order of the request.' })
  invoices: Invoice[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The total of the payments; null where there is none, or where they are in several currencies.',
  })
  paidAmount: string | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where everything was done.' })
  userErrors: UserError[];
}

@ObjectType({ description: 'The outcome of refundPayment.', simpleResolvers: true })
export class PaymentPayload {
  @Field(() => Payment, { nullable: true, description: 'The payment as it is now; null where refused.' })
  payment: Payment | null;
  @Field(() => [Invoice], { description: 'The invoices that are owed again.' }) invoices: Invoice[];
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

const dryRunText =
  'Judge and show, but write nothing: numbers read DRYRUN-1, DRYRUN-2, ..., and the payment gateway is not asked. Such a request holds this one mutation.';

const invoicesShown = (rows: readonly InvoiceRow[]) => rows.map((row) => shown('invoice', row)) as unknown as Invoice[];

@Resolver()
export class PaymentMutations {
  @Mutation(() => CollectPaymentPayload, {
    nullable: true,
    description:
      "Collects what is owed on Posted invoices by their accounts' payment methods, all of it or nothing. Negative invoices of the same account and currency are taken off first.",
  })
  @Extensions({ scope: 'pay' })
  collectPayment(
    @Arg('invoiceKeys', () => [ID], { description: 'Ids or invoice numbers, 1 to 1,000, each invoice once.' })
    invoiceKeys: string[],
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CollectPaymentPayload> {
    return payload<CollectPaymentPayload, Awaited<ReturnType<typeof collectPayment>>>(
      collectPayment(work, invoiceKeys, { dryRun }),
      ({ payments, invoices, paidAmount }) => ({
        payments: payments.map((row) => shown('payment', row)) as unknown as Payment[],
        invoices: invoicesShown(invoices),
        paidAmount: paidAmount && money(paidAmount, payments[0].currency),
      }),
      { payments: [], invoices: [], paidAmount: null },
    );
  }

  @Mutation(() => PaymentPayload, {
    nullable: true,
    description:
      'Pays back part or all of a Processed payment. What was put against invoices is taken back from them as far as it must be, and they are owed again. Source: Zuora, "Refund a payment".',
  })
  @Extensions({ scope: 'pay' })
  refundPayment(
    @Arg('key', () => ID, { description: 'Id or payment number.' }) key: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description: 'How much; all that was not refunded yet where absent.',
    })
    amount: string | null,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<PaymentPayload> {
    return payload<PaymentPayload, Awaited<ReturnType<typeof refundPayment>>>(
      refundPayment(work, key, amount, { dryRun }),
      ({ payment, invoices }) => ({
        payment: shown('payment', payment) as unknown as Payment,
        invoices: invoicesShown(invoices),
      }),
      { payment: null, invoices: [] },
    );
  }
}
