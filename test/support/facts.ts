import type { BillingSettings } from '../../src/domain/billing-settings';
import { type Caller, type Scope, scopes } from '../../src/domain/caller';
import type { UserError } from '../../src/domain/errors';
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
