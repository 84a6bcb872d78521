import type { AccountRow } from '../../src/store/account';
import type { BillRunRow } from '../../src/store/bill-run';
import type { BillRunAccountRow } from '../../src/store/bill-run-chunk';
import type { BillingClaimRow } from '../../src/store/billing-claim';
import type { Connection, TenantScope } from '../../src/store/connection/connection';
import type { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from '../../src/store/credit-memo';
import type { FulfillmentRow } from '../../src/store/fulfillment';
import type { FulfillmentItemRow } from '../../src/store/fulfillment-item';
import type { HistoryEntryRow } from '../../src/store/history';
import { newId } from '../../src/store/id';
import type { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from '../../src/store/invoice';
import type { OrderRow } from '../../src/store/order';
import type { OrderLineItemRow } from '../../src/store/order-line-item';
import type { PaymentApplicationRow, PaymentRow } from '../../src/store/payment';
import type { RefundRow } from '../../src/store/refund';
import { makeTenants } from '../../src/store/tenant';

/* Rows for tests of the store: complete and consistent, with what matters to a test overridden. */

let made = 0;
const number = (prefix: string) => `${prefix}${String(++made).padStart(8, '0')}`;
export const day = '2022-01-01';
export const instant = '2022-01-01T00:00:00.000Z';

/** An entity with orgs, as a scope that covers them all, in the order of their names given. */
export async function tenant(
  db: Connection,
  entity: string,
  orgs: readonly string[] = ['North'],
): Promise<TenantScope> {
  await makeTenants(
    db,
    orgs.map((org) => ({ entity, org })),
  );
  const rows = await db.query<{ id: string; entityId: string; name: string }>(
    'select o.id, e.id as "entityId", o.name from org o join entity e on e.id = o.entity_id where e.name = $1',
    [entity],
  );
  return { entityId: rows[0].entityId, orgIds: orgs.map((name) => rows.find((row) => row.name === name)!.id) };
}

type Parent = Pick<AccountRow, 'entityId' | 'orgId'>;
/** The columns of every row of an org. */
const owned = ({ entityId, orgId }: Parent) => ({ id: newId(), entityId, orgId });
const audited = (parent: Parent) => ({
  ...owned(parent),
  version: 1,
  createdDate: instant,
  createdById: newId(),
  updatedDate: instant,
  updatedById: newId(),
});

/** In the first org of the scope. */
export const accountRow = ({ entityId, orgIds }: TenantScope, more: Partial<AccountRow> = {}): AccountRow => ({
  ...audited({ entityId, orgId: orgIds[0] }),
  accountNumber: number('A-'),
  name: 'Acme',
  currency: 'USD',
  paymentTerm: 'Net 30',
  paymentMethodToken: null,
  details: null,
  ...more,
});

export const orderRow = (account: AccountRow, more: Partial<OrderRow> = {}): OrderRow => ({
  ...audited(account),
  accountId: account.id,
  orderNumber: number('O-'),
  orderDate: day,
  category: 'NewSales',
  state: 'Executing',
  description: null,
  reasonCode: null,
  ...more,
});

export const lineRow = (order: OrderRow, more: Partial<OrderLineItemRow> = {}): OrderLineItemRow => ({
  ...audited(order),
  orderId: order.id,
  accountId: order.accountId,
  itemNumber: String(++made),
  itemName: 'Desk',
  itemType: 'Product',
  itemCategory: 'Sales',
  originalOrderLineItemId: null,
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity: '100',
  fulfilledQuantity: '0',
  sentQuantity: '0',
  returnedQuantity: '0',
  fulfillmentCount: 0,
  openFulfillmentCount: 0,
  unitOfMeasure: null,
  currency: 'USD',
  listPricePerUnit: '10',
  amountPerUnit: '10',
  amountPerUnitGiven: true,
  inlineDiscountType: 'None',
  inlineDiscountPerUnit: null,
  taxMode: null,
  taxCode: null,
  billTargetDate: null,
  sentToBillingDate: null,
  transactionStartDate: day,
  transactionEndDate: day,
  paymentTerm: null,
  invoiceGroupNumber: null,
  productCode: null,
  purchaseOrderNumber: null,
  ownerAccountNumber: null,
  soldTo: null,
  shipTo: null,
  relatedSubscriptionNumber: null,
  productRatePlanChargeId: null,
  communicationProfileId: null,
  description: null,
  customFields: null,
  ...more,
});

export const fulfillmentRow = (line: OrderLineItemRow, more: Partial<FulfillmentRow> = {}): FulfillmentRow => ({
  ...audited(line),
  orderLineItemId: line.id,
  orderId: line.orderId,
  accountId: line.accountId,
  fulfillmentNumber: number('F-'),
  fulfillmentType: 'Delivery',
  state: 'Executing',
  fulfillmentDate: day,
  quantity: '1',
  amount: '10',
  currency: 'USD',
  billTargetDate: day,
  sentToBillingDate: null,
  description: null,
  carrier: null,
  trackingNumber: null,
  fulfillmentSystem: null,
  fulfillmentLocation: null,
  externalId: null,
  excludeItemBillingFromRevenueAccounting: false,
  excludeItemBookingFromRevenueAccounting: false,
  customFields: null,
  ...more,
});

export const fulfillmentItemRow = (fulfillment: FulfillmentRow): FulfillmentItemRow => ({
  ...owned(fulfillment),
  fulfillmentId: fulfillment.id,
  itemIdentifier: 'SN-1',
  description: null,
  customFields: null,
});

export const invoiceRow = (account: AccountRow, more: Partial<InvoiceRow> = {}): InvoiceRow => ({
  ...audited(account),
  accountId: account.id,
  invoiceNumber: number('INV-'),
  status: 'Posted',
  invoiceDate: day,
  dueDate: day,
  targetDate: day,
  postedDate: day,
  currency: 'USD',
  paymentTerm: 'Net 30',
  invoiceGroupNumber: null,
  amount: '10',
  amountWithoutTax: '10',
  taxAmount: '0',
  balance: '10',
  source: 'API',
  billRunId: null,
  reversed: false,
  ...more,
});

/** What items of invoices and of credit memos have in common. */
const charged = (document: Parent, fulfillment: FulfillmentRow) => ({
  ...owned(document),
  orderLineItemId: fulfillment.orderLineItemId,
  fulfillmentId: fulfillment.id,
  chargeName: 'Desk',
  currency: 'USD',
  quantity: '1',
  unitPrice: '10',
  unitOfMeasure: null,
  taxAmount: '0',
  taxMode: null,
  taxCode: null,
  taxRate: null,
  serviceStartDate: day,
  serviceEndDate: day,
  productCode: null,
  purchaseOrderNumber: null,
});

export const invoiceItemRow = (invoice: InvoiceRow, fulfillment: FulfillmentRow): InvoiceItemRow => ({
  ...charged(invoice, fulfillment),
  invoiceId: invoice.id,
  chargeAmount: '10',
});

export const creditMemoRow = (account: AccountRow, more: Partial<CreditMemoRow> = {}): CreditMemoRow => ({
  ...audited(account),
  accountId: account.id,
  creditMemoNumber: number('CM-'),
  status: 'Posted',
  creditMemoDate: day,
  targetDate: day,
  postedDate: day,
  currency: 'USD',
  invoiceGroupNumber: null,
  amount: '10',
  amountWithoutTax: '10',
  taxAmount: '0',
  appliedAmount: '0',
  refundAmount: '0',
  reasonCode: 'Return Order',
  source: 'API',
  billRunId: null,
  sisterInvoiceId: null,
  reversedInvoiceId: null,
  ...more,
});

export const creditMemoItemRow = (
  memo: CreditMemoRow,
  fulfillment: FulfillmentRow,
  more: Partial<CreditMemoItemRow> = {},
): CreditMemoItemRow => ({
  ...charged(memo, fulfillment),
  creditMemoId: memo.id,
  amountWithoutTax: '10',
  ...more,
});

export const claimRow = ({ id, entityId, orgId, fulfillmentId }: InvoiceItemRow): BillingClaimRow => ({
  id: fulfillmentId!,
  entityId,
  orgId,
  invoiceItemId: id,
  creditMemoItemId: null,
});

export const paymentRow = (account: AccountRow): PaymentRow => ({
  ...audited(account),
  accountId: account.id,
  paymentNumber: number('P-'),
  status: 'Processed',
  amount: '10',
  appliedAmount: '10',
  refundAmount: '0',
  currency: 'USD',
  effectiveDate: day,
  attemptId: newId(),
  disputeStatus: null,
  disputeAmount: null,
  disputeWithdrawn: false,
});

export const applicationRow = (payment: PaymentRow, invoice: InvoiceRow): PaymentApplicationRow => ({
  ...owned(payment),
  paymentId: payment.id,
  invoiceId: invoice.id,
  currency: 'USD',
  amount: '10',
  appliedDate: instant,
});

export const creditRow = (memo: CreditMemoRow, invoice: InvoiceRow): CreditMemoApplicationRow => ({
  ...owned(memo),
  creditMemoId: memo.id,
  invoiceId: invoice.id,
  currency: 'USD',
  amount: '10',
  appliedDate: instant,
});

export const refundRow = (payment: PaymentRow): RefundRow => ({
  ...owned(payment),
  paymentId: payment.id,
  amount: '10',
  currency: 'USD',
  status: 'Processed',
  taken: [],
  providerRefundId: null,
  createdById: newId(),
  trackId: null,
  createdDate: instant,
});

export const offsetRow = (invoice: InvoiceRow, negative: InvoiceRow): InvoiceOffsetRow => ({
  ...owned(invoice),
  negativeInvoiceId: negative.id,
  invoiceId: invoice.id,
  currency: 'USD',
  amount: '10',
  appliedDate: instant,
});

/** An entry of a fulfillment, or of a bill run. */
export const historyRow = (
  subject: FulfillmentRow | InvoiceRow | BillRunRow,
  more: Partial<HistoryEntryRow> = {},
): HistoryEntryRow => ({
  id: newId(),
  entityId: subject.entityId,
  ...('orgIds' in subject
    ? { orgId: null, orgIds: subject.orgIds, subjectType: 'BillRun' }
    : { orgId: subject.orgId, orgIds: null, subjectType: 'Fulfillment' }),
  subjectId: subject.id,
  at: instant,
  actor: subject.updatedById,
  trackId: null,
  action: 'Update',
  fromState: 'Executing',
  toState: 'Executing',
  changes: [{ field: 'carrier', before: null, after: 'UPS' }],
  version: 1,
  transactionId: '1',
  ...more,
});

/** Of all orgs of the scope. */
export const billRunRow = (scope: TenantScope, more: Partial<BillRunRow> = {}): BillRunRow => {
  const { orgId: _, ...row } = audited({ ...scope, orgId: '' });
  return {
    ...row,
    orgIds: [...scope.orgIds],
    billRunNumber: number('BR-'),
    status: 'Posted',
    targetDate: day,
    invoiceDate: day,
    autoPost: false,
    accountIds: null,
    total: 2,
    done: 1,
    failed: 1,
    startedDate: instant,
    finishedDate: instant,
    trackId: null,
    ...more,
  };
};

/** An account that a run could not bill wholly, in a chunk of its own. */
export const failureRow = (
  run: BillRunRow,
  account: AccountRow,
  more: Partial<BillRunAccountRow> = {},
): BillRunAccountRow => ({
  ...owned(account),
  billRunId: run.id,
  chunkId: newId(),
  accountId: account.id,
  total: 2,
  done: 1,
  code: 'LIMIT_EXCEEDED',
  message: 'More than an invoice can hold.',
  during: 'Processing',
  orderLineItemId: null,
  fulfillmentId: null,
  ...more,
});
