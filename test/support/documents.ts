import type { AccountRow } from '../../src/store/account';
import type { Scoped } from '../../src/store/connection/connection';
import { CreditMemoApplicationRow, CreditMemoRow } from '../../src/store/credit-memo';
import { InvoiceRow } from '../../src/store/invoice';
import { insertRows } from '../../src/store/query/write';
import { creditMemoRow, creditRow, invoiceRow } from './rows';

/** Documents of an account, without items, on which each act can be carried out; two of them of a bill run, if it has one. */
export function documentsOf(account: AccountRow, billRunId: string | null = null) {
  const open = invoiceRow(account);
  const draft = invoiceRow(account, { status: 'Draft', postedDate: null });
  const owing = invoiceRow(account, { amount: '30', amountWithoutTax: '30', balance: '20', billRunId });
  const memo = creditMemoRow(account);
  const draftMemo = creditMemoRow(account, { status: 'Draft', postedDate: null });
  const used = creditMemoRow(account, { amount: '25', amountWithoutTax: '25', appliedAmount: '10', billRunId });
  const credit = creditRow(used, owing);
  return { open, draft, owing, memo, draftMemo, used, credit };
}

export type Documents = ReturnType<typeof documentsOf>;

export async function insertDocuments(scoped: Scoped, rows: Documents): Promise<void> {
  await insertRows(scoped, InvoiceRow, [rows.open, rows.draft, rows.owing]);
  await insertRows(scoped, CreditMemoRow, [rows.memo, rows.draftMemo, rows.used]);
  await insertRows(scoped, CreditMemoApplicationRow, [rows.credit]);
}

const acted = (key: string, number: string, what: string, more = '') =>
  [key, number].map((each) => `key: "${each}"${more}, DRY) { result: ${what} { id }`);
const onInvoice = ({ id, invoiceNumber }: InvoiceRow) => acted(id, invoiceNumber, 'invoice');
const onMemo = ({ id, creditMemoNumber }: CreditMemoRow, against?: InvoiceRow) =>
  acted(id, creditMemoNumber, 'creditMemo', against && `, invoiceKey: "${against.id}"`);

/** Each act on the document that it fits, by id and by number: its arguments, with DRY for dryRun, and its selection. */
export const documentMutations: Record<string, (of: Documents) => string[]> = {
  postInvoice: ({ draft }) => onInvoice(draft),
  unpostInvoice: ({ open }) => onInvoice(open),
  cancelInvoice: ({ draft }) => onInvoice(draft),
  reverseInvoice: ({ open }) => onInvoice(open),
  postCreditMemo: ({ draftMemo }) => onMemo(draftMemo),
  unpostCreditMemo: ({ memo }) => onMemo(memo),
  cancelCreditMemo: ({ draftMemo }) => onMemo(draftMemo),
  applyCreditMemo: ({ memo, open }) => onMemo(memo, open),
  unapplyCreditMemo: ({ used, owing }) => onMemo(used, owing),
};
