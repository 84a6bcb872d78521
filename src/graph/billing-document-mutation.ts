import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import { type CreditMemoResult, type InvoiceResult, moveCreditMemo, moveInvoice } from '../service/billing-document';
import { applyCreditMemo, unapplyCreditMemo } from '../service/credit-memo';
import { reverseInvoice } from '../service/reversal';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { CreditMemo } from './credit-memo';
import { Payload, payload } from './errors';
import { Invoice } from './invoice';
import { shownCopy } from './read/show';
import { DateScalar, DecimalScalar } from './scalars';

@ObjectType({ description: 'Result of an action on an invoice, or the errors that refused it.', simpleResolvers: true })
export class InvoicePayload extends Payload {
  @Field(() => Invoice, { nullable: true, description: 'The invoice after the action; null if refused.' })
  invoice: Invoice | null;
  @Field(() => [CreditMemo], {
    description: 'Credit memos that were made together with the invoice and changed with it, or that reverse it.',
  })
  creditMemos: CreditMemo[];
}

@ObjectType({
  description: 'Result of an action on a credit memo, or the errors that refused it.',
  simpleResolvers: true,
})
export class CreditMemoPayload extends Payload {
  @Field(() => CreditMemo, { nullable: true, description: 'The credit memo after the action; null if refused.' })
  creditMemo: CreditMemo | null;
  @Field(() => [Invoice], {
    description: 'Invoices that were made together with the credit memo and changed with it, or whose balance changed.',
  })
  invoices: Invoice[];
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
      'Posts a draft invoice and the credit memos made together with it; from now on the invoice is owed. DOCUMENT_STATUS if the invoice is no draft, DOCUMENT_IN_USE while its bill run is in progress. Source: Zuora, "Rules for generating invoices and credit memos".',
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
      'Makes a Posted invoice, to which nothing is applied, a draft again, with the credit memos made together with it. The charges stay billed. DOCUMENT_IN_USE if anything is applied, or while its bill run is in progress. Source: Zuora, "Overview of bill runs".',
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
      'Cancels a draft invoice and the credit memos made together with it. Their fulfillments and line items keep their state and can be billed again. DOCUMENT_STATUS if the invoice is no draft.',
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
      'Reverses a Posted invoice in full: a posted credit memo with the same items is applied to it. SETTLEMENT_REQUIRED without invoice settlement, DOCUMENT_IN_USE if anything is applied to the invoice. Source: Zuora, "Invoice reversal".',
  })
  @Extensions({ scope: 'bill' })
  reverseInvoice(
    @Arg('key', () => ID, invoiceKey) key: string,
    @Arg('documentDate', () => DateScalar, {
      nullable: true,
      description:
        'Day printed on the credit memo, not before the invoiceDate. Default: today (UTC), or the invoiceDate if that is later.',
    })
    documentDate: string | null,
    @Arg('rebill', () => Boolean, {
      defaultValue: true,
      description:
        'Whether the charges can be billed again: same goods, corrected document. If false, they stay billed although nothing is owed.',
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
      'Posts a draft credit memo and the invoice made together with it; from now on the credit memo can be used. DOCUMENT_STATUS if the credit memo is no draft, DOCUMENT_IN_USE while its bill run is in progress. Source: Zuora, "Rules for generating invoices and credit memos".',
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
      'Makes a Posted credit memo that has not been used a draft again, with the invoice made together with it. The credits stay billed. DOCUMENT_IN_USE if the credit memo is applied or refunded, or while its bill run is in progress.',
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
      'Cancels a draft credit memo and the invoice made together with it. Their fulfillments and line items keep their state and can be billed again. DOCUMENT_STATUS if the credit memo is no draft.',
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
      'Applies a Posted credit memo to a Posted invoice of the same account and currency, within both balances; otherwise CURRENCY_MISMATCH or BALANCE_EXCEEDED. SETTLEMENT_REQUIRED without invoice settlement.',
  })
  @Extensions({ scope: 'bill' })
  applyCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('invoiceKey', () => ID, invoiceKey) against: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description: 'Amount to apply, above 0 in the currency. Default: all that fits both balances.',
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
      'Unapplies a credit memo from an invoice, whose balance rises by the amount. BALANCE_EXCEEDED if less is applied to the invoice, DOCUMENT_IN_USE if the credit memo reverses an invoice.',
  })
  @Extensions({ scope: 'bill' })
  unapplyCreditMemo(
    @Arg('key', () => ID, creditMemoKey) key: string,
    @Arg('invoiceKey', () => ID, invoiceKey) from: string,
    @Arg('amount', () => DecimalScalar, {
      nullable: true,
      description: 'Amount to unapply, above 0 in the currency. Default: all that is applied to this invoice.',
    })
    amount: string | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreditMemoPayload> {
    return ofCreditMemo(unapplyCreditMemo(work, key, from, amount, dryRun));
  }
}
