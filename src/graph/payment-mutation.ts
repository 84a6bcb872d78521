import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { money } from '../domain/currency';
import { collectPayment } from '../service/payment-collect';
import { refundPayment } from '../service/payment-refund';
import type { InvoiceRow } from '../store/invoice';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { Payload, payload, UserError } from './errors';
import { Invoice } from './invoice';
import { Payment } from './payment';
import { shownCopy } from './read/show';
import { DecimalScalar } from './scalars';

@ObjectType({ description: 'Result of collectPayment, or the errors that refused it.', simpleResolvers: true })
export class CollectPaymentPayload {
  @Field(() => [Payment], {
    description:
      'Payments that were authorized, one per account and currency. A payment is Processing until the money is taken. Empty if negative invoices cover everything.',
  })
  payments: Payment[];
  @Field(() => [Invoice], {
    description:
      'The invoices after the collection, in request order. Their offsets name the negative invoices that were deducted.',
  })
  invoices: Invoice[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'Total of the payments in their currency. Null if there are none, or if they are in several currencies.',
  })
  paidAmount: string | null;
  @Field(() => [UserError], {
    description: 'Errors from the business rules, each with a path into the arguments. Empty if everything was done.',
  })
  userErrors: UserError[];
}

@ObjectType({ description: 'Result of refundPayment, or the errors that refused it.', simpleResolvers: true })
export class PaymentPayload extends Payload {
  @Field(() => Payment, { nullable: true, description: 'The payment after the refund; null if refused.' })
  payment: Payment | null;
  @Field(() => [Invoice], { description: 'Invoices that are owed again, in full or in part.' }) invoices: Invoice[];
}

const invoicesShown = (rows: readonly InvoiceRow[]) =>
  rows.map((row) => shownCopy('invoice', row)) as unknown as Invoice[];

@Resolver()
export class PaymentMutations {
  @Mutation(() => CollectPaymentPayload, {
    nullable: true,
    description:
      'Collects the balances of Posted invoices with the payment methods of their accounts, all or nothing. Negative invoices of the same account and currency are deducted first. PAYMENT_METHOD_MISSING, PAYMENT_DECLINED or PAYMENT_FAILED if collecting fails. BALANCE_EXCEEDED if nothing is owed. LIMIT_EXCEEDED if a payment would have more than 13 digits before the decimal point.',
  })
  @Extensions({ scope: 'pay', pays: true })
  collectPayment(
    @Arg('invoiceKeys', () => [ID], {
      description: 'Ids in any spelling, or invoice numbers: 1 to 1,000. INVALID_VALUE if an invoice is named twice.',
    })
    invoiceKeys: string[],
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CollectPaymentPayload> {
    return payload<CollectPaymentPayload, Awaited<ReturnType<typeof collectPayment>>>(
      collectPayment(work, invoiceKeys, { dryRun }),
      ({ payments, invoices, paidAmount }) => ({
        payments: payments.map((row) => shownCopy('payment', row)) as unknown as Payment[],
        invoices: invoicesShown(invoices),
        paidAmount: paidAmount && money(paidAmount, payments[0].currency),
      }),
      { payments: [], invoices: [], paidAmount: null },
    );
  }

  @Mutation(() => PaymentPayload, {
    nullable: true,
    description:
      'Pays back part or all of a Processed payment. As far as needed, the payment is unapplied from its invoices, which are owed again. DOCUMENT_STATUS if the payment is not Processed. Source: Zuora, "Refund a payment".',
  })
  @Extensions({ scope: 'pay' })
  refundPayment(
    @Arg('key', () => ID, shared.key('payment number')) key: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description:
        'Amount to pay back, above 0 with at most the decimals of the currency, otherwise INVALID_VALUE. BALANCE_EXCEEDED if less is left. Default: all that was not refunded yet.',
    })
    amount: string | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<PaymentPayload> {
    return payload<PaymentPayload, Awaited<ReturnType<typeof refundPayment>>>(
      refundPayment(work, key, amount, { dryRun }),
      ({ payment, invoices }) => ({
        payment: shownCopy('payment', payment) as unknown as Payment,
        invoices: invoicesShown(invoices),
      }),
      { payment: null, invoices: [] },
    );
  }
}
