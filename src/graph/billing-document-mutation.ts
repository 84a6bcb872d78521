import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { type CreditMemoResult, type InvoiceResult, moveCreditMemo, moveInvoice } from '../service/billing-document';
import { applyCreditMemo, unapplyCreditMemo } from '../service/credit-memo';
import { reverseInvoice } from '../service/reversal';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { CreditMemo } from './credit-memo';
import { payload, UserError } from './errors';
import { Invoice } from './invoice';
import { shownCopy } from './read/show';
import { DateScalar, DecimalScalar } from './scalars';

@ObjectType({ description: 'What an act on an invoice brought about, or why it was refused.', simpleResolvers: true })
export class InvoicePayload {
  @Field(() => Invoice, { nullable: true, description: 'The invoice as it is now; null where refused.' })
  invoice: Invoice | null;
  @Field(() => [CreditMemo], { description: 'Those that went along with it as its sisters, or that reverse it.' })
  creditMemos: CreditMemo[];
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

@ObjectType({
  description: 'What an act on a credit memo brought about, or why it was refused.',
  simpleResolvers: true,
})
export class CreditMemoPayload {
  @Field(() => CreditMemo, { nullable: true, description: 'The credit memo as it is now; null where refused.' })
  creditMemo: CreditMemo | null;
  @Field(() => [Invoice], {
    description: 'Those that went along with it as its sisters, or whose balance it has moved.',
  })
  invoices: Invoice[];
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

const ofInvoice = (result: Promise<InvoiceResult>): Promise<InvoicePayload> =>
  payload(
    result,
    ({ invoice, creditMemos }) => ({
      invoice: shownCopy('invoice', invoice) as unknown as Invoice,
      creditMemos: creditMemos.map((row) => shownCopy('creditMemo', row)) as unknown as CreditMemo[],
    }),
    { invoice: null, creditMemos: [] },
  );
const ofCreditMemo = (result: Promise<CreditMemoResult>): Promise<CreditMemoPayload> =>
  payload(
    result,
    ({ creditMemo, invoices }) => ({
      creditMemo: shownCopy('creditMemo', creditMemo) as unknown as CreditMemo,
      invoices: invoices.map((row) => shownCopy('invoice', row)) as unknown as Invoice[],
    }),
    { creditMemo: null, invoices: [] },
  );

const invoiceKey = shared.key('invoice number');
const creditMemoKey = shared.key('credit memo number');

@Resolver()
export class DocumentMutations {
  @Mutation(() => InvoicePayload, {
    nullable: true,
    description:
      'Posts a draft invoice, and the credit memos made along with it: from now on it is owed. DOCUMENT_STATUS where it is no draft, DOCUMENT_IN_USE while its bill run is under way. Source: Zuora, "Rules for generating invoices and credit memos".',
  })
  @Extensions({ scope: 'bill' })
  postInvoice(
    @Arg('key', () => ID, invoiceKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<InvoicePayload> {
    return ofInvoice(moveInvoice(work, key, 'Post', dryRun));
  }

  @Mutation(() => InvoicePayload, {
    nullable: true,
    description:
      'Makes a posted invoice, to which nothing is applied, a draft again, and the credit memos made along with it. What it charges stays billed. DOCUMENT_IN_USE where anything is applied, or while its bill run is under way. Source: Zuora, "Overview of bill runs".',
  })
  @Extensions({ scope: 'bill' })
  unpostInvoice(
    @Arg('key', () => ID, invoiceKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<InvoicePayload> {
    return ofInvoice(moveInvoice(work, key, 'Unpost', dryRun));
  }

  @Mutation(() => InvoicePayload, {
    nullable: true,
    description:
      'Withdraws a draft invoice, and the credit memos made along with it. What they bill keeps its state and is billable again. DOCUMENT_STATUS where it is no draft.',
  })
  @Extensions({ scope: 'bill' })
  cancelInvoice(
    @Arg('key', () => ID, invoiceKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<InvoicePayload> {
    return ofInvoice(moveInvoice(work, key, 'Cancel', dryRun));
  }

  @Mutation(() => InvoicePayload, {
    nullable: true,
    description:
      'Takes a posted invoice, to which nothing is applied, back whole: by a posted credit memo with the same items, which is put against it. SETTLEMENT_REQUIRED without invoice settlement, DOCUMENT_IN_USE where anything is applied. Source: Zuora, "Invoice reversal".',
  })
  @Extensions({ scope: 'bill' })
  reverseInvoice(
    @Arg('key', () => ID, invoiceKey) key: string,
    @Arg('documentDate', () => DateScalar, {
      nullable: true,
      description:
        'The day printed on the credit memo, not before that of the invoice; where absent today (UTC), or that of the invoice where it is later.',
    })
    documentDate: string | null,
    @Arg('rebill', () => Boolean, {
      defaultValue: true,
      description:
        'Whether what it charges is billable again: same goods, corrected document. False: it stays billed, for nothing.',
    })
    rebill: boolean,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<InvoicePayload> {
    return ofInvoice(reverseInvoice(work, key, { documentDate, rebill, dryRun }));
  }

  @Mutation(() => CreditMemoPayload, {
    nullable: true,
    description:
      'Posts a draft credit memo, and the invoice made along with it: from now on it can be used. DOCUMENT_STATUS where it is no draft, DOCUMENT_IN_USE while its bill run is under way. Source: Zuora, "Rules for generating invoices and credit memos".',
  })
  @Extensions({ scope: 'bill' })
  postCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(moveCreditMemo(work, key, 'Post', dryRun));
  }

  @Mutation(() => CreditMemoPayload, {
    nullable: true,
    description:
      'Makes a posted credit memo that has not been used a draft again, and the invoice made along with it. What it credits stays billed. DOCUMENT_IN_USE where it is applied or refunded, or while its bill run is under way.',
  })
  @Extensions({ scope: 'bill' })
  unpostCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(moveCreditMemo(work, key, 'Unpost', dryRun));
  }

  @Mutation(() => CreditMemoPayload, {
    nullable: true,
    description:
      'Withdraws a draft credit memo, and the invoice made along with it. What they bill keeps its state and is billable again. DOCUMENT_STATUS where it is no draft.',
  })
  @Extensions({ scope: 'bill' })
  cancelCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(moveCreditMemo(work, key, 'Cancel', dryRun));
  }

  @Mutation(() => CreditMemoPayload, {
    nullable: true,
    description:
      'Puts a posted credit memo against a posted invoice of the same account and currency, within both balances: CURRENCY_MISMATCH or BALANCE_EXCEEDED otherwise, SETTLEMENT_REQUIRED without invoice settlement.',
  })
  @Extensions({ scope: 'bill' })
  applyCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('invoiceKey', () => ID, invoiceKey) against: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description: 'How much, above 0 in the currency; all that fits both balances where absent.',
    })
    amount: string | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(applyCreditMemo(work, key, against, amount, dryRun));
  }

  @Mutation(() => CreditMemoPayload, {
    nullable: true,
    description:
      'Takes a credit memo off an invoice again, which then owes so much more. BALANCE_EXCEEDED where less is put against it, DOCUMENT_IN_USE where the memo reverses an invoice.',
  })
  @Extensions({ scope: 'bill' })
  unapplyCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('invoiceKey', () => ID, invoiceKey) from: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description: 'How much, above 0 in the currency; all that is put against this invoice where absent.',
    })
    amount: string | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(unapplyCreditMemo(work, key, from, amount, dryRun));
  }
}
