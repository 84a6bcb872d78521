import { Field, ObjectType } from 'type-graphql';
import {
  actionsOf,
  type DocumentAction,
  type DocumentContext,
  type DocumentFacts,
  judgeDocument,
} from '../domain/billing-document';
import type { CreditMemoRow } from '../store/credit-memo';
import type { InvoiceRow } from '../store/invoice';
import type { GraphContext } from './context';
import { DocumentActionEnum } from './enums';
import { columnsOf } from './read/columns';
import { judgement, TransitionBlock } from './transition';

@ObjectType({
  description:
    'Whether an action on a document is allowed, and if not, why. No id: the rules judge it anew for each caller and moment.',
  simpleResolvers: true,
})
export class DocumentActionState {
  @Field(() => DocumentActionEnum, {
    description: 'Names the mutation: Post stands for postInvoice or postCreditMemo.',
  })
  action: DocumentAction;
  @Field(() => Boolean, { description: 'Whether this caller may take the action now.' }) allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against the action; empty if it is allowed.' })
  blockedBy: TransitionBlock[];
}

const judgedInvoice = columnsOf('invoice', ['allowedActions']);
/** The columns of an account that tell whether it can be collected from. */
export const paymentMethodFacts = ['id', 'paymentMethodToken'] as const;

export async function invoiceActions(invoice: InvoiceRow, context: GraphContext): Promise<DocumentActionState[]> {
  const { loaders } = context;
  const [sisters, account] = await Promise.all([
    loaders.sisterMemos(invoice.id),
    loaders.row('account', paymentMethodFacts, invoice.accountId),
  ]);
  const paymentMethod = account!.paymentMethodToken !== null;
  const credit = paymentMethod ? undefined : (await loaders.negativeCredit(invoice.accountId)).get(invoice.currency);
  return judgedActions('Invoice', invoice, context, { sisters, paymentMethod, credit });
}

export async function creditMemoActions(memo: CreditMemoRow, context: GraphContext): Promise<DocumentActionState[]> {
  const { loaders } = context;
  const [invoice, memos] = memo.sisterInvoiceId
    ? await Promise.all([
        loaders.row('invoice', judgedInvoice, memo.sisterInvoiceId),
        loaders.sisterMemos(memo.sisterInvoiceId),
      ])
    : [undefined, []];
  const sisters: DocumentFacts[] = memos.filter(({ id }) => id !== memo.id);
  return judgedActions('CreditMemo', memo, context, { sisters: invoice ? [invoice, ...sisters] : sisters });
}

async function judgedActions(
  kind: 'Invoice' | 'CreditMemo',
  document: InvoiceRow | CreditMemoRow,
  { loaders, caller }: GraphContext,
  facts: Partial<DocumentContext>,
): Promise<DocumentActionState[]> {
  const [invoiceSettlement, billRun] = await Promise.all([
    loaders.invoiceSettlement(),
    document.billRunId ? loaders.billRunStatus(document.billRunId) : null,
  ]);
  return actionsOf(kind).map(({ action }) => ({
    action,
    ...judgement(judgeDocument(action, document, { ...facts, caller, invoiceSettlement, billRun })),
  }));
}
