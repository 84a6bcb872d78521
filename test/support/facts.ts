import type { Charge, PricedCharge } from '../../src/domain/billing';
import type { BillingSettings } from '../../src/domain/billing-settings';
import { type Caller, type Scope, scopes } from '../../src/domain/caller';
import type { CreditFacts } from '../../src/domain/credit';
import type { Refusal, UserError } from '../../src/domain/errors';
import type { FulfillmentFacts } from '../../src/domain/fulfillment';
import type { FulfillmentInput } from '../../src/domain/fulfillment-create';
import type { QuantityFacts } from '../../src/domain/order-line-item';

/* Plain values for tests of the domain: each in the most permissive state, with what matters to a test overridden. */

type LineFacts = QuantityFacts & { unitOfMeasure: string | null };

export const aLine = (more: Partial<LineFacts> = {}): LineFacts => ({
  itemCategory: 'Sales',
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity: '100',
  fulfilledQuantity: '0',
  sentQuantity: '0',
  returnedQuantity: '0',
  fulfillmentCount: 0,
  openFulfillmentCount: 0,
  unitOfMeasure: null,
  ...more,
});

export const aFulfillment = (more: Partial<FulfillmentFacts> = {}): FulfillmentFacts => ({
  state: 'Executing',
  quantity: '10',
  billTargetDate: '2022-01-01',
  ...more,
});

export const anInput = (more: Partial<FulfillmentInput> = {}): FulfillmentInput => ({
  orderLineItemId: '4028828c82819b74018286e02e041bd6',
  fulfillmentDate: '2022-01-01',
  quantity: '10',
  billTargetDate: '2022-01-01',
  ...more,
});

export const aCaller = (granted: readonly Scope[] = scopes): Caller => ({
  clientId: '00000000000040008000000000000001',
  entityId: '00000000000070008000000000000001',
  orgIds: ['00000000000070008000000000000002'],
  scopes: new Set(granted),
  requestId: 'request',
  trackId: null,
});

/** What is billed: without tax, and with no attribute of its own that would split documents. */
export const aCharge = (more: Partial<Charge> = {}): Charge => ({
  accountId: 'a'.repeat(32),
  orgId: 'o'.repeat(32),
  currency: 'USD',
  paymentTerm: 'Net 30',
  invoiceGroupNumber: null,
  orderLineItemId: 'sale',
  originalOrderLineItemId: null,
  fulfillmentId: null,
  itemCategory: 'Sales',
  chargeName: 'Desk',
  quantity: '5',
  unitPrice: '10',
  amount: null,
  unitOfMeasure: 'Each',
  taxMode: null,
  taxCode: null,
  serviceStartDate: '2022-01-01',
  serviceEndDate: '2022-01-01',
  productCode: null,
  purchaseOrderNumber: null,
  ...more,
});

/** A charge that takes back what `aCharge` sells. */
export const aReturnCharge = (more: Partial<Charge> = {}): Charge =>
  aCharge({ orderLineItemId: 'return', originalOrderLineItemId: 'sale', itemCategory: 'Return', ...more });

/** A charge of this amount: that of a return where it is below 0. */
export const ofAmount = (net: string, more: Partial<PricedCharge> = {}): PricedCharge => ({
  ...(net.startsWith('-') ? aReturnCharge() : aCharge()),
  net,
  tax: '0',
  taxRate: null,
  ...more,
});

/** A sale of which nothing is billed or credited yet. */
export const someCredit = (more: Partial<CreditFacts> = {}): CreditFacts => ({
  billedQuantity: '0',
  billedNet: '0',
  billedTax: '0',
  billedTaxRate: null,
  taxRates: [],
  creditedQuantity: '0',
  creditedNet: '0',
  creditedTax: '0',
  neverBilled: false,
  ...more,
});

/** As an entity has them from the start. */
export const someSettings = (more: Partial<BillingSettings> = {}): BillingSettings => ({
  invoiceSettlement: true,
  creditMemoRule: 'AllNegative',
  inclusiveTaxRule: 'NetFirst',
  roundingMode: 'HALF_UP',
  taxCodes: [],
  units: [],
  carriers: null,
  fulfillmentSystems: null,
  fulfillmentLocations: null,
  ...more,
});

/** What tests compare of errors: "CODE path.into.arguments". */
export const told = (errors: readonly UserError[]): string[] =>
  errors.map((error) => [error.code, error.path.join('.')].filter(Boolean).join(' '));

/** What refuses an act. */
export const refusal = (act: Promise<unknown>): Promise<string[]> =>
  act.then(
    () => ['nothing was refused'],
    (error) => told((error as Refusal).errors),
  );

/** A decimal as a count of billionths, and the other way round, without any decimal library. */
export const billionths = (text: string): bigint => {
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  const size = BigInt(whole + fraction.padEnd(9, '0'));
  return text.startsWith('-') ? -size : size;
};

export const ofBillionths = (count: bigint): string => {
  const digits = (count < 0n ? -count : count).toString().padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${count < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction && `.${fraction}`}`;
};

/** In billionths. */
export const sumOf = (values: readonly string[]): bigint => values.reduce((sum, value) => sum + billionths(value), 0n);
