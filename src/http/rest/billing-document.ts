import { Refusal, userError } from '../../domain/errors';
import { GraphRead } from './graph-read';
import { operation } from './operation';
import { Published, type Shown, same } from './shape';

/** What invoices and credit memos have in common. The published sourceId of a bill run is its number. */
const both = {
  ...same('id', 'status', 'targetDate', 'currency', 'source', 'createdById', 'createdDate', 'updatedById'),
  ...same('updatedDate', 'amount', 'taxAmount'),
  accountId: 'account.id',
  accountNumber: 'account.accountNumber',
  sourceId: 'billRun.billRunNumber',
};

const invoice = new Published('Invoice', {
  ...both,
  ...same('invoiceNumber', 'invoiceDate', 'dueDate', 'postedDate', 'reversed', 'amountWithoutTax', 'balance'),
});
const invoiceRead = new GraphRead<{ invoice: Shown | null }>(`query Invoice($key: ID!) {
  invoice(key: $key) { ${invoice.selection} }
}`);

const creditMemo = new Published('CreditMemo', {
  ...both,
  ...same('creditMemoDate', 'reasonCode', 'appliedAmount', 'unappliedAmount', 'refundAmount'),
  number: 'creditMemoNumber',
  postedOn: 'postedDate',
  referredInvoiceId: 'reversedInvoice.id',
});
const memoRead = new GraphRead<{ creditMemo: Shown | null }>(`query CreditMemo($key: ID!) {
  creditMemo(key: $key) { ${creditMemo.selection} }
}`);

/** The published REST operations on invoices and credit memos. Sources: Zuora, "Retrieve an invoice", "Retrieve a credit memo". */
export const billingDocumentOperations = [
  operation({
    ...{ method: 'GET', path: '/v1/invoices/{key}', scope: 'read' },
    ...{ summary: 'Retrieve an invoice', noun: 'Invoice', reply: invoice },
    act: async (work, { key, limits }) => {
      const found = await invoiceRead.data(work, limits, { key });
      if (!found.invoice) throw new Refusal([userError('NOT_FOUND', 'No invoice has this id or number.')]);
      return invoice.write(found.invoice);
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/creditmemos/{key}', scope: 'read' },
    ...{ summary: 'Retrieve a credit memo', noun: 'CreditMemo', reply: creditMemo },
    act: async (work, { key, limits }) => {
      const found = await memoRead.data(work, limits, { key });
      if (!found.creditMemo) throw new Refusal([userError('NOT_FOUND', 'No credit memo has this id or number.')]);
      return creditMemo.write(found.creditMemo);
    },
  }),
];
