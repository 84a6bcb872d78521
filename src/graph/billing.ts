import { Field, ObjectType } from 'type-graphql';
import { money } from '../domain/currency';
import type { Billed } from '../service/billing';
import { CreditMemo } from './credit-memo';
import { UserError } from './errors';
import { Invoice } from './invoice';
import { Payment } from './payment';
import { shownCopy } from './read/show';
import { DecimalScalar } from './scalars';

/** What every mutation with processing options gives back besides its own objects. */
@ObjectType()
export abstract class BilledPayload {
  @Field(() => [Invoice], {
    description: 'What runBilling billed, on invoices that are posted; empty where nothing was due.',
  })
  invoices: Invoice[];
  @Field(() => [CreditMemo], {
    description: 'What runBilling credited, on credit memos that are posted; empty where nothing was.',
  })
  creditMemos: CreditMemo[];
  @Field(() => [Payment], {
    description:
      'What collectPayment authorized, one for each account and currency; Processing until the money is taken.',
  })
  payments: Payment[];
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

export const billedShown = ({ invoices, creditMemos, payments, paidAmount }: Billed) => ({
  invoices: invoices.map((row) => shownCopy('invoice', row)) as unknown as Invoice[],
  creditMemos: creditMemos.map((row) => shownCopy('creditMemo', row)) as unknown as CreditMemo[],
  payments: payments.map((row) => shownCopy('payment', row)) as unknown as Payment[],
  paidAmount: paidAmount && money(paidAmount, payments[0].currency),
});

export const noneBilled = { invoices: [], creditMemos: [], payments: [], paidAmount: null };
