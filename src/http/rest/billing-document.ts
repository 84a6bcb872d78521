import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../../domain/errors';
import { lookUp, needs, type RestOptions } from './adapter';
import { fieldsOf, GraphRead, type Shown } from './graph-read';

/** The published REST operations on invoices and credit memos. Sources: Zuora, "Retrieve an invoice", "Retrieve a credit memo". */
export function billingDocumentRoutes(app: FastifyInstance, { services, limits }: RestOptions): void {
  app.get<{ Params: { key: string } }>('/v1/invoices/:key', needs('read'), (request, reply) =>
    lookUp(services, { request, reply }, async (work) => {
      const { invoice } = await invoiceRead.data(work, limits, { key: request.params.key });
      if (!invoice) throw new Refusal([userError('NOT_FOUND', 'No invoice has this id or number.')]);
      return { success: true, ...publishedInvoice(invoice) };
    }),
  );
  app.get<{ Params: { key: string } }>('/v1/creditmemos/:key', needs('read'), (request, reply) =>
    lookUp(services, { request, reply }, async (work) => {
      const { creditMemo } = await memoRead.data(work, limits, { key: request.params.key });
      if (!creditMemo) throw new Refusal([userError('NOT_FOUND', 'No credit memo has this id or number.')]);
      return { success: true, ...publishedMemo(creditMemo) };
    }),
  );
}

interface Document extends Shown {
  account: { id: string; accountNumber: string };
  billRun: { billRunNumber: string } | null;
}

const both = [
  'id',
  'status',
  'targetDate',
  'currency',
  'source',
  'createdById',
  'createdDate',
  'updatedById',
  'updatedDate',
];
const ofBoth = 'account { id accountNumber } billRun { billRunNumber }';

/** What invoices and credit memos have in common. The published sourceId of a bill run is its number. */
const shared = ({ account, billRun }: Document) => ({
  accountId: account.id,
  accountNumber: account.accountNumber,
  sourceId: billRun?.billRunNumber ?? null,
});

const invoicePlain = [...both, 'invoiceNumber', 'invoiceDate', 'dueDate', 'postedDate', 'reversed'];
const invoiceDecimals = ['amount', 'amountWithoutTax', 'taxAmount', 'balance'];
const invoiceRead = new GraphRead<{ invoice: Document | null }>(`query Invoice($key: ID!) {
  invoice(key: $key) { ${invoicePlain.join(' ')} ${invoiceDecimals.join(' ')} ${ofBoth} }
}`);
const publishedInvoice = (invoice: Document): object => ({
  ...fieldsOf(invoice, invoicePlain, invoiceDecimals),
  ...shared(invoice),
});

const memoPlain = [...both, 'creditMemoDate', 'reasonCode'];
const memoDecimals = ['amount', 'taxAmount', 'appliedAmount', 'unappliedAmount', 'refundAmount'];
interface Memo extends Document {
  creditMemoNumber: string;
  postedDate: string | null;
  reversedInvoice: { id: string } | null;
}
const memoRead = new GraphRead<{ creditMemo: Memo | null }>(`query CreditMemo($key: ID!) {
  creditMemo(key: $key) {
    ${memoPlain.join(' ')} ${memoDecimals.join(' ')} creditMemoNumber postedDate reversedInvoice { id } ${ofBoth}
  }
}`);
const publishedMemo = (memo: Memo): object => ({
  ...fieldsOf(memo, memoPlain, memoDecimals),
  ...shared(memo),
  number: memo.creditMemoNumber,
  postedOn: memo.postedDate,
  referredInvoiceId: memo.reversedInvoice?.id ?? null,
});
