import { Field, ObjectType } from 'type-graphql';
import { money } from '../domain/currency';
import type { Billed } from '../service/billing';
import { CreditMemo } from './credit-memo';
import { UserError } from './errors';
import { Invoice } from './invoice';
import { shown } from './nouns';
import { Payment } from './payment';
import { DecimalScalar } from './scalars';

/** What every mutation with processing options gives back besides its own objects. */
@ObjectType()
export abstract class BilledPayload {
  @Field(() => [Invoice], { description: 'The invoices that were posted.' }) invoices: Invoice[];
  @Field(() => [CreditMemo], { description: 'The credit memos that were posted.' }) creditMemos: CreditMemo[];
  @Field(() => [Payment], { description: 'The payments that were authorized, one for each account and currency.' })
  payments: Payment[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The total of the payments; null where there is none, or where they are in several currencies.',
  })
  paidAmount: string | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where everything was done.' })
  userErrors: UserError[];
}

export const billedShown = ({ invoices, creditMemos, payments, paidAmount }: Billed) => ({
  invoices: invoices.map((row) => shown('invoice', row)) as unknown as Invoice[],
  creditMemos: creditMemos.map((row) => shown('creditMemo', row)) as unknown as CreditMemo[],
  payments: payments.map((row) => shown('payment', row)) as unknown as Payment[],
  paidAmount: paidAmount && money(paidAmount, payments[0].currency),
});

export const noneBilled = { invoices: [], creditMemos: [], payments: [], paidAmount: null };
