import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { money } from '../domain/currency';
import { collectPayment } from '../service/payment-collect';
import { refundPayment } from '../service/payment-refund';
import type { InvoiceRow } from '../store/invoice';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { payload, UserError } from './errors';
import { Invoice } from './invoice';
import { Payment } from './payment';
import { shownCopy } from './read/show';
import { DecimalScalar } from './scalars';

@ObjectType({ description: 'What collectPayment brought about, or why it was refused.', simpleResolvers: true })
export class CollectPaymentPayload {
  @Field(() => [Payment], {
    description:
      'What was authorized, one for each account and currency; Processing until the money is taken. None where negative invoices cover it all.',
  })
  payments: Payment[];
  @Field(() => [Invoice], {
    description:
      'What was to be collected, as it is now, in the order of the request; offsets names the negative invoices that were taken off.',
  })
  invoices: Invoice[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The total of the payments in their currency; null where there is none, or where they are in several.',
  })
  paidAmount: string | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where everything was done.',
  })
  userErrors: UserError[];
}

@ObjectType({ description: 'What refundPayment brought about, or why it was refused.', simpleResolvers: true })
export class PaymentPayload {
  @Field(() => Payment, { nullable: true, description: 'The payment as it is now; null where refused.' })
  payment: Payment | null;
  @Field(() => [Invoice], { description: 'Those that are owed again, in whole or in part.' }) invoices: Invoice[];
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

const invoicesShown = (rows: readonly InvoiceRow[]) =>
  rows.map((row) => shownCopy('invoice', row)) as unknown as Invoice[];

@Resolver()
export class PaymentMutations {
  @Mutation(() => CollectPaymentPayload, {
    nullable: true,
    description:
      "Collects what is owed on Posted invoices by their accounts' payment methods, all of it or nothing. Negative invoices of the same account and currency are taken off first. PAYMENT_METHOD_MISSING, PAYMENT_DECLINED or PAYMENT_FAILED where it cannot; BALANCE_EXCEEDED where nothing is owed; LIMIT_EXCEEDED where a payment would have more than 13 digits before the point.",
  })
  @Extensions({ scope: 'pay', pays: true })
  collectPayment(
    @Arg('invoiceKeys', () => [ID], {
      description: 'Ids in any spelling or invoice numbers, 1 to 1,000; INVALID_VALUE where one comes twice.',
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
      'Pays back part or all of a Processed payment. What was put against invoices is taken back from them as far as it must be, and they are owed again. DOCUMENT_STATUS where it is not Processed. Source: Zuora, "Refund a payment".',
  })
  @Extensions({ scope: 'pay' })
  refundPayment(
    @Arg('key', () => ID, shared.key('payment number')) key: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description:
        'How much, above 0 with at most the decimals of the currency, else INVALID_VALUE; BALANCE_EXCEEDED where less is left. All that was not refunded yet where absent.',
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
