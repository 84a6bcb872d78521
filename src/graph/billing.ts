import { Field, ObjectType } from 'type-graphql';
import { money } from '../domain/currency';
import type { Billed } from '../service/billing';
import { CreditMemo } from './credit-memo';
import { UserError } from './errors';
import { Invoice } from './invoice';
import { Payment } from './payment';
import { shownCopy } from './read/show';
import { DecimalScalar } from './scalars';

/** The part of a payload that every mutation with processing options has. */
@ObjectType()
export abstract class BilledPayload {
  @Field(() => [Invoice], {
    description: 'Posted invoices that runBilling made; empty if nothing was due.',
  })
  invoices: Invoice[];
  @Field(() => [CreditMemo], {
    description: 'Posted credit memos that runBilling made; empty if nothing was credited.',
  })
  creditMemos: CreditMemo[];
  @Field(() => [Payment], {
    description:
      'Payments that collectPayment authorized, one per account and currency. A payment is Processing until the money is taken.',
  })
  payments: Payment[];
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

export const billedShown = ({ invoices, creditMemos, payments, paidAmount }: Billed) => ({
  invoices: invoices.map((row) => shownCopy('invoice', row)) as unknown as Invoice[],
  creditMemos: creditMemos.map((row) => shownCopy('creditMemo', row)) as unknown as CreditMemo[],
  payments: payments.map((row) => shownCopy('payment', row)) as unknown as Payment[],
  paidAmount: paidAmount && money(paidAmount, payments[0].currency),
});

export const noneBilled = { invoices: [], creditMemos: [], payments: [], paidAmount: null };
