import { dayOf } from '../domain/date';
import { add } from '../domain/decimal';
import { type BillingDates, billingDates, type Charge, invoicesOf, isBillable } from '../domain/invoice';
import type { ProcessingOptions } from '../domain/payment';
import { AccountRow, lockAccountsForBilling } from '../store/account';
import { BillingClaimRow } from '../store/billing-claim';
import type { FulfillmentRow } from '../store/fulfillment';
import { newId } from '../store/id';
import { InvoiceItemRow, InvoiceRow } from '../store/invoice';
import type { OrderLineItemRow } from '../store/order-line-item';
import type { PaymentRow } from '../store/payment';
import { insertNumberedRows, insertRows, rowsBy } from '../store/write';
import { collect } from './payment';
import type { Unit } from './work';

/** What a mutation with processing options has produced besides its own objects. */
export interface Billed {
  invoices: InvoiceRow[];
  payments: PaymentRow[];
  /** The total that was authorized, null where no payment arose or where they are in several currencies. */
  paidAmount: string | null;
}

export const nothingBilled: Billed = { invoices: [], payments: [], paidAmount: null };

/**
 * runBilling: bills the given fulfillments as far as they are due, and no others, into invoices that are posted at
 * once; collectPayment: collects their balances. They have only just entered SentToBilling and their lines are locked,
 * so none can have a claim yet. `path` leads to the options among the arguments.
 */
export async function bill(
  unit: Unit,
  fulfillments: readonly FulfillmentRow[],
  lines: ReadonlyMap<string, OrderLineItemRow>,
  options: ProcessingOptions | null | undefined,
  path: string[],
): Promise<Billed> {
  if (!options?.runBilling) return nothingBilled;
  const dates = billingDates(options.billingOptions, dayOf(unit.now));
  const due = fulfillments.filter((fulfillment) => isBillable(fulfillment, dates.targetDate, false));
  if (due.length === 0) return nothingBilled;

  const accountIds = [...new Set(due.map((fulfillment) => fulfillment.accountId))];
  await lockAccountsForBilling(unit.db, accountIds);
  const accounts = new Map(
    (await rowsBy<AccountRow>(unit.db, AccountRow, 'id', accountIds)).map((account) => [account.id, account]),
  );
  const charges = due.map((fulfillment) =>
    chargeOf(fulfillment, lines.get(fulfillment.orderLineItemId)!, accounts.get(fulfillment.accountId)!),
  );
  const invoices = await writeInvoices(unit, charges, dates);
  if (!options.collectPayment) return { ...nothingBilled, invoices };
  const collected = await collect(unit, invoices, accounts, [...path, 'collectPayment']);
  const currencies = new Set(collected.payments.map((payment) => payment.currency));
  return {
    ...collected,
    paidAmount: currencies.size === 1 ? add(...collected.payments.map((p) => p.amount)) : null,
  };
}

/** Payment term and group are the line's where it has them, else the account's. Service dates are the delivery's. */
function chargeOf(fulfillment: FulfillmentRow, line: OrderLineItemRow, account: AccountRow): Charge {
  return {
    accountId: account.id,
    orgId: account.orgId,
    currency: line.currency,
    paymentTerm: line.paymentTerm ?? account.paymentTerm,
    invoiceGroupNumber: line.invoiceGroupNumber,
    orderLineItemId: line.id,
    fulfillmentId: fulfillment.id,
    chargeName: line.itemName,
    quantity: fulfillment.quantity,
    unitPrice: line.amountPerUnit,
    unitOfMeasure: line.unitOfMeasure,
    taxMode: line.taxMode,
    serviceStartDate: fulfillment.fulfillmentDate,
    serviceEndDate: fulfillment.fulfillmentDate,
    productCode: line.productCode,
    purchaseOrderNumber: line.purchaseOrderNumber,
  };
}

/** Writes documents, items and claims; a claim that exists already fails the whole unit. */
async function writeInvoices(unit: Unit, charges: readonly Charge[], dates: BillingDates): Promise<InvoiceRow[]> {
  const drafts = invoicesOf(charges, dates);
  const rows = drafts.map((draft) => ({
    id: newId(),
    ...unit.created(draft.orgId),
    accountId: draft.accountId,
    invoiceNumber: null as unknown as string,
    status: 'Posted' as const,
    invoiceDate: draft.documentDate,
    dueDate: draft.dueDate,
    targetDate: draft.targetDate,
    postedDate: dayOf(unit.now),
    currency: draft.currency,
    paymentTerm: draft.paymentTerm,
    invoiceGroupNumber: draft.invoiceGroupNumber,
    amount: draft.amount,
    amountWithoutTax: draft.amountWithoutTax,
    taxAmount: draft.taxAmount,
    balance: draft.amount,
    source: 'API',
    reversed: false,
  }));
  const numbering = unit.numbering('invoice', 'invoiceNumber', rows.length);
  const invoices = await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, rows, numbering);
  const items = drafts.flatMap((draft, at) =>
    draft.items.map(
      (item): InvoiceItemRow => ({
        id: newId(),
        entityId: unit.caller.entityId,
        orgId: draft.orgId,
        invoiceId: invoices[at].id,
        orderLineItemId: item.orderLineItemId,
        fulfillmentId: item.fulfillmentId,
        chargeName: item.chargeName,
        currency: item.currency,
        quantity: item.quantity,
        unitPrice: item.unitPrice,
        unitOfMeasure: item.unitOfMeasure,
        chargeAmount: item.chargeAmount,
        taxAmount: item.taxAmount,
        taxMode: item.taxMode,
        taxCode: null,
        taxRate: null,
        serviceStartDate: item.serviceStartDate,
        serviceEndDate: item.serviceEndDate,
        productCode: item.productCode,
        purchaseOrderNumber: item.purchaseOrderNumber,
      }),
    ),
  );
  for (const invoice of invoices) unit.note('Invoice', 'Create', null, invoice);
  await insertRows(unit.db, InvoiceItemRow, items);
  await insertRows(
    unit.db,
    BillingClaimRow,
    items.map(({ id, entityId, orgId, fulfillmentId, orderLineItemId }) => ({
      id: fulfillmentId ?? orderLineItemId,
      entityId,
      orgId,
      invoiceItemId: id,
      creditMemoItemId: null,
    })),
  );
  return invoices;
}
