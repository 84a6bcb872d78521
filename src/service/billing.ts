import {
  type Charge,
  type CreditMemoDraft,
  type Drafts,
  documentsOf,
  type InvoiceDraft,
  priced,
} from '../domain/billing';
import { dayOf } from '../domain/date';
import { type BillingDates, billingDates, isBillable } from '../domain/invoice';
import { requiresFulfillment } from '../domain/order-line-item';
import { type ProcessingOptions, paidAmount } from '../domain/payment';
import { tooMuch } from '../domain/placing';
import { AccountRow, lockAccountsForBilling } from '../store/account';
import { BillingClaimRow, claimed } from '../store/billing-claim';
import { creditFacts } from '../store/credit';
import { CreditMemoItemRow, CreditMemoRow } from '../store/credit-memo';
import type { FulfillmentRow } from '../store/fulfillment';
import { newId } from '../store/id';
import { InvoiceItemRow, InvoiceRow } from '../store/invoice';
import type { OrderLineItemRow } from '../store/order-line-item';
import type { PaymentRow } from '../store/payment';
import { insertNumberedRows, insertRows, rowsBy } from '../store/query/write';
import { collect } from './payment';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';

/** The documents and payments that a mutation with processing options has created. */
export interface Billed {
  invoices: InvoiceRow[];
  creditMemos: CreditMemoRow[];
  payments: PaymentRow[];
  /** The total authorized. Null if there is no payment, or if the payments have several currencies. */
  paidAmount: string | null;
}

export const nothingBilled: Billed = { invoices: [], creditMemos: [], payments: [], paidAmount: null };

/** The objects that a request may bill: fulfillments with their line items, and line items without fulfillments. */
interface Billable {
  fulfillments?: readonly FulfillmentRow[];
  lines?: readonly OrderLineItemRow[];
  /** Every line item of the fulfillments. */
  lineOf?: ReadonlyMap<string, OrderLineItemRow>;
  /** Objects that were SentToBilling before this request. They may have a claim by now. */
  sentBefore?: readonly string[];
}

/**
 * runBilling: bills the given objects as far as they are due, and nothing else. The documents are posted at once.
 * collectPayment: collects the balances of the invoices.
 *
 * The line items are locked. A line item with fulfillments is never billed itself. `path` leads to the options among
 * the arguments.
 */
export async function bill(
  unit: Unit,
  { fulfillments = [], lines = [], lineOf = new Map(), sentBefore = [] }: Billable,
  options: ProcessingOptions | null | undefined,
  path: string[],
): Promise<Billed> {
  if (!options?.runBilling) return nothingBilled;
  const dates = billingDates(options.billingOptions, dayOf(unit.now));
  const dueBut = (billed: ReadonlySet<string>) => ({
    fulfillments: fulfillments.filter((row) => isBillable(row, dates.targetDate, billed.has(row.id))),
    lines: lines.filter(
      (line) =>
        !requiresFulfillment(line) &&
        isBillable({ ...line, state: line.itemState }, dates.targetDate, billed.has(line.id)),
    ),
  });
  const mayBeDue = dueBut(new Set());
  const accountIds = [...new Set([...mayBeDue.fulfillments, ...mayBeDue.lines].map((row) => row.accountId))];
  if (accountIds.length === 0) return nothingBilled;
  // In one message, and one after the other: claims and accounts are read once the lock is held. A bill run does not lock
  // line items, and may have billed them during the wait.
  const [, billed, accountRows] = await Promise.all([
    lockAccountsForBilling(unit.db, accountIds),
    sentBefore.length ? claimed(unit.db, sentBefore) : [],
    rowsBy<AccountRow>(unit.db, AccountRow, 'id', accountIds),
  ]);
  const due = dueBut(new Set(billed));
  if (due.fulfillments.length + due.lines.length === 0) return nothingBilled;

  const accounts = new Map(accountRows.map((account) => [account.id, account]));
  const charges = [
    ...due.fulfillments.map((row) => chargeOf(lineOf.get(row.orderLineItemId)!, accounts.get(row.accountId)!, row)),
    ...due.lines.map((line) => chargeOf(line, accounts.get(line.accountId)!)),
  ];
  const { invoices, creditMemos } = await writeDocuments(unit, charges, dates);
  if (!options.collectPayment) return { ...nothingBilled, invoices, creditMemos };
  const collected = await collect(unit, invoices, accounts, () => [...path, 'collectPayment']);
  return { ...collected, creditMemos, paidAmount: paidAmount(collected.payments) };
}

/**
 * The payment term is the line item's, else the account's. Service dates are the day of the delivery or receipt. A line
 * item without fulfillments uses its transaction dates.
 */
function chargeOf(line: OrderLineItemRow, account: AccountRow, fulfillment?: FulfillmentRow): Charge {
  return {
    accountId: account.id,
    orgId: account.orgId,
    currency: line.currency,
    paymentTerm: line.paymentTerm ?? account.paymentTerm,
    invoiceGroupNumber: line.invoiceGroupNumber,
    orderLineItemId: line.id,
    originalOrderLineItemId: line.originalOrderLineItemId,
    fulfillmentId: fulfillment?.id ?? null,
    itemCategory: line.itemCategory,
    chargeName: line.itemName,
    quantity: fulfillment?.quantity ?? line.quantity,
    unitPrice: line.amountPerUnit,
    amount: fulfillment?.amount ?? null,
    unitOfMeasure: line.unitOfMeasure,
    taxMode: line.taxMode,
    taxCode: line.taxCode,
    serviceStartDate: fulfillment?.fulfillmentDate ?? line.transactionStartDate,
    serviceEndDate: fulfillment?.fulfillmentDate ?? line.transactionEndDate,
    productCode: line.productCode,
    purchaseOrderNumber: line.purchaseOrderNumber,
  };
}

/** The origin of documents: a request posts them at once, a bill run leaves them as drafts. */
export type Origin = Pick<InvoiceRow, 'source' | 'billRunId'> & { status: 'Draft' | 'Posted' };

const ofRequest: Origin = { source: 'API', billRunId: null, status: 'Posted' };

/** Writes the documents of a request. An item that no document can hold refuses the whole request. */
async function writeDocuments(
  unit: Unit,
  charges: readonly Charge[],
  dates: BillingDates,
): Promise<Pick<Billed, 'invoices' | 'creditMemos'>> {
  const originals = [...new Set(charges.flatMap((charge) => charge.originalOrderLineItemId ?? []))];
  // With returns the settings are held: no credit memo may be created while invoice settlement is being turned off.
  const settings = await unit.settings(originals.length > 0);
  const facts = originals.length ? await creditFacts(unit.db, originals) : new Map();
  const documents = documentsOf(priced(charges, settings, facts), dates, settings);
  refuse(documents.parked.slice(0, 1).map(tooMuch));
  return writeDrafts(unit, documents, ofRequest, []);
}

/**
 * Writes documents, items and claims. An existing claim fails the whole unit. `invoiceIds` collects all invoices of
 * this billing operation, because credit memos refer to them.
 */
export async function writeDrafts(
  unit: Unit,
  drafts: Drafts,
  origin: Origin,
  invoiceIds: string[],
): Promise<Pick<Billed, 'invoices' | 'creditMemos'>> {
  const invoices = await writeInvoices(unit, drafts.invoices, origin);
  invoiceIds.push(...invoices.rows.map(({ id }) => id));
  const creditMemos = await writeCreditMemos(unit, drafts.creditMemos, origin, invoiceIds);
  await insertRows(unit.db, BillingClaimRow, [...invoices.claims, ...creditMemos.claims]);
  return { invoices: invoices.rows, creditMemos: creditMemos.rows };
}

interface Written<R> {
  rows: R[];
  claims: BillingClaimRow[];
}

/** A new invoice without items and without its number. */
export const invoiceOf = (unit: Unit, draft: Omit<InvoiceDraft, 'items'>, origin: Origin): InvoiceRow => ({
  ...documentOf(unit, draft, origin),
  invoiceNumber: null as unknown as string,
  invoiceDate: draft.documentDate,
  dueDate: draft.dueDate,
  paymentTerm: draft.paymentTerm,
  balance: draft.amount,
  reversed: false,
});

async function writeInvoices(
  unit: Unit,
  drafts: readonly InvoiceDraft[],
  origin: Origin,
): Promise<Written<InvoiceRow>> {
  const rows = drafts.map((draft) => invoiceOf(unit, draft, origin));
  const numbering = unit.numbering('invoice', 'invoiceNumber', rows.length);
  await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, rows, numbering);
  const items = drafts.flatMap((draft, at) =>
    draft.items.map(
      ({ net, ...item }): InvoiceItemRow => ({ ...itemOf(unit, item), invoiceId: rows[at].id, chargeAmount: net }),
    ),
  );
  for (const row of rows) unit.note('Invoice', 'Create', null, row);
  await insertRows(unit.db, InvoiceItemRow, items);
  return { rows, claims: items.map((item) => ({ ...claimOf(item), invoiceItemId: item.id, creditMemoItemId: null })) };
}

async function writeCreditMemos(
  unit: Unit,
  drafts: readonly CreditMemoDraft[],
  origin: Origin,
  invoiceIds: readonly string[],
): Promise<Written<CreditMemoRow>> {
  const rows = drafts.map((draft) => ({
    ...documentOf(unit, draft, origin),
    creditMemoNumber: null as unknown as string,
    creditMemoDate: draft.documentDate,
    appliedAmount: '0',
    refundAmount: '0',
    reasonCode: draft.reasonCode,
    reversedInvoiceId: null,
    sisterInvoiceId: draft.sister === null ? null : invoiceIds[draft.sister],
  }));
  const numbering = unit.numbering('credit_memo', 'creditMemoNumber', rows.length);
  await insertNumberedRows<CreditMemoRow>(unit.db, CreditMemoRow, rows, numbering);
  const items = drafts.flatMap((draft, at) =>
    draft.items.map(
      ({ net, ...item }): CreditMemoItemRow => ({
        ...itemOf(unit, item),
        creditMemoId: rows[at].id,
        amountWithoutTax: net,
      }),
    ),
  );
  for (const row of rows) unit.note('CreditMemo', 'Create', null, row);
  await insertRows(unit.db, CreditMemoItemRow, items);
  return { rows, claims: items.map((item) => ({ ...claimOf(item), invoiceItemId: null, creditMemoItemId: item.id })) };
}

/** The columns that invoices and credit memos share. */
const documentOf = (unit: Unit, draft: Omit<InvoiceDraft, 'items' | 'paymentTerm' | 'dueDate'>, origin: Origin) => ({
  id: newId(),
  ...unit.created(draft.orgId),
  accountId: draft.accountId,
  ...origin,
  targetDate: draft.targetDate,
  postedDate: origin.status === 'Posted' ? dayOf(unit.now) : null,
  currency: draft.currency,
  invoiceGroupNumber: draft.invoiceGroupNumber,
  amount: draft.amount,
  amountWithoutTax: draft.amountWithoutTax,
  taxAmount: draft.taxAmount,
});

/** The columns that their items share. */
const itemOf = (unit: Unit, item: Omit<InvoiceDraft['items'][number], 'net'>) => ({
  id: newId(),
  entityId: unit.caller.entityId,
  orgId: item.orgId,
  orderLineItemId: item.orderLineItemId,
  fulfillmentId: item.fulfillmentId,
  chargeName: item.chargeName,
  currency: item.currency,
  quantity: item.quantity,
  unitPrice: item.unitPrice,
  unitOfMeasure: item.unitOfMeasure,
  taxAmount: item.tax,
  taxMode: item.taxMode,
  taxCode: item.taxCode,
  taxRate: item.taxRate,
  serviceStartDate: item.serviceStartDate,
  serviceEndDate: item.serviceEndDate,
  productCode: item.productCode,
  purchaseOrderNumber: item.purchaseOrderNumber,
});

const claimOf = ({ fulfillmentId, orderLineItemId, entityId, orgId }: InvoiceItemRow | CreditMemoItemRow) => ({
  id: fulfillmentId ?? orderLineItemId,
  entityId,
  orgId,
});
