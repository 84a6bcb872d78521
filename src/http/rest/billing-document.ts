import { Refusal, userError } from '../../domain/errors';
import { parameterError } from './envelope';
import { GraphRead } from './graph-read';
import { NumberedPages, pageParameters } from './numbered-pages';
import { type Asked, operation, type QueryParameter } from './operation';
import { Made, Optional, Published, type Shown, same } from './shape';

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
  sourceType: new Made(
    { enum: ['Order', 'Invoice'], description: 'Invoice for the credit memo that reverses an invoice, else Order.' },
    ({ reversedInvoice }) => (reversedInvoice ? 'Invoice' : 'Order'),
    'reversedInvoice { id }',
  ),
  autoApplyUponPosting: new Made(
    { const: false, description: 'Always false: a credit memo is applied to an invoice only on request.' },
    () => false,
  ),
});
const memoRead = new GraphRead<{ creditMemo: Shown | null }>(`query CreditMemo($key: ID!) {
  creditMemo(key: $key) { ${creditMemo.selection} }
}`);

const invoiceItem = new Published('InvoiceItem', {
  ...same('id', 'chargeName', 'chargeAmount', 'taxAmount', 'quantity', 'unitPrice', 'unitOfMeasure', 'taxMode'),
  ...same('serviceStartDate', 'serviceEndDate'),
  ...{ orderLineItemId: 'orderLineItem.id', fulfillmentId: 'fulfillment.id' },
});

/** An invoice has at most 20,000 items (domain/billing.ts). */
const mostItems = 20_000;
const items = new NumberedPages({
  ...{ declared: '$key: ID!', parent: 'invoice(key: $key)', field: 'invoiceItems', of: invoiceItem, most: mostItems },
});

const nextPage = new Optional(
  new Made({ type: 'string', description: 'The address of the next page. Absent on the last page.' }, () => ''),
);

/** What a list of documents can be narrowed to (N25). */
const documentParameters: Readonly<Record<string, QueryParameter>> = {
  accountId: { description: 'Only documents of the account with this id.', schema: { type: 'string' } },
  accountNumber: { description: 'Only documents of the account with this number.', schema: { type: 'string' } },
  status: { description: 'Only documents in this status.', schema: { enum: ['Draft', 'Posted', 'Canceled'] } },
  ...pageParameters,
};

/** The documents of an account, or of all. Those that changed last come first. */
class Documents {
  private readonly ofAccount: NumberedPages;
  private readonly ofAll: NumberedPages;

  constructor(
    field: string,
    of: Published,
    private readonly path: string,
  ) {
    const listed = { declared: `$filter: ${of.type}Filter`, field, args: 'filter: $filter', of, most: 10_000 };
    this.ofAll = new NumberedPages(listed);
    this.ofAccount = new NumberedPages({
      ...listed,
      ...{ declared: `${listed.declared}, $key: ID!`, parent: 'account(key: $key)' },
    });
  }

  /** @throws RequestError BAD_PARAMETER; Refusal NOT_FOUND if the caller sees no such account */
  async page(work: Parameters<NumberedPages['page']>[0], asked: Asked<unknown>) {
    const { accountId, accountNumber, status } = asked.query as Record<string, string | undefined>;
    if (accountId !== undefined && accountNumber !== undefined) {
      throw parameterError('accountNumber', 'Give accountId or accountNumber, and not both.');
    }
    const { enum: statuses } = documentParameters.status.schema as { enum: string[] };
    if (status !== undefined && !statuses.includes(status)) {
      throw parameterError('status', `The value is ${status}; ${statuses.join(', ')} are allowed.`);
    }
    const filter = status === undefined ? {} : { status };
    const key = accountId ?? accountNumber;
    const found = await (key === undefined
      ? this.ofAll.page(work, asked, this.path, { filter })
      : this.ofAccount.page(work, asked, this.path, { filter, key }));
    if (!found) throw new Refusal([userError('NOT_FOUND', 'No account has this id or number.')]);
    return found;
  }
}
const invoices = new Documents('invoices', invoice, '/v1/invoices');
const creditMemos = new Documents('creditMemos', creditMemo, '/v1/creditmemos');

/** The published REST operations on invoices and credit memos. Sources: Zuora, "Retrieve an invoice", "List all items of an invoice", "Retrieve a credit memo", "List credit memos". */
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
    ...{ method: 'GET', path: '/v1/invoices', scope: 'read', summary: 'List invoices', noun: 'Invoice' },
    ...{ query: documentParameters, reply: { invoices: [invoice, 'The invoices of this page.'], nextPage } },
    act: async (work, asked) => {
      const { objects, ...next } = await invoices.page(work, asked);
      return { invoices: objects, ...next };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/invoices/{key}/items', scope: 'read' },
    ...{ summary: 'List the items of an invoice', noun: 'Invoice', query: pageParameters },
    reply: { invoiceItems: [invoiceItem, 'The items of this page.'], nextPage },
    act: async (work, asked) => {
      const { key } = asked;
      const found = await items.page(work, asked, `/v1/invoices/${encodeURIComponent(key)}/items`, { key });
      if (!found) throw new Refusal([userError('NOT_FOUND', 'No invoice has this id or number.')]);
      const { objects, ...next } = found;
      return { invoiceItems: objects, ...next };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/creditmemos', scope: 'read', summary: 'List credit memos', noun: 'CreditMemo' },
    ...{ query: documentParameters, reply: { creditmemos: [creditMemo, 'The credit memos of this page.'], nextPage } },
    act: async (work, asked) => {
      const { objects, ...next } = await creditMemos.page(work, asked);
      return { creditmemos: objects, ...next };
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
