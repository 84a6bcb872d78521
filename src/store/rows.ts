import { AccountRow } from './account';
import { BillingClaimRow } from './billing-claim';
import { BillingSettingsRow } from './billing-settings';
import { ClientGrantRow, ClientRow, ClientSecretRow } from './client';
import { CreditMemoItemRow, CreditMemoRow } from './credit-memo';
import { FulfillmentRow } from './fulfillment';
import { FulfillmentItemRow } from './fulfillment-item';
import { HistoryEntryRow } from './history';
import { IdempotencyOutcomeRow } from './idempotency';
import { InvoiceItemRow, InvoiceRow } from './invoice';
import { OrderRow } from './order';
import { OrderLineItemRow } from './order-line-item';
import { PaymentApplicationRow, PaymentAttemptRow, PaymentRow } from './payment';
import { EntityRow, OrgRow } from './tenant';
import { TestGatewayChargeRow, TestGatewayRefundRow } from './test-gateway';

/** Every class of rows: what TypeORM knows, and what migrations are held against. */
export const rows = [
  EntityRow,
  OrgRow,
  BillingSettingsRow,
  ClientRow,
  ClientSecretRow,
  ClientGrantRow,
  AccountRow,
  OrderRow,
  OrderLineItemRow,
  FulfillmentRow,
  FulfillmentItemRow,
  InvoiceRow,
  InvoiceItemRow,
  CreditMemoRow,
  CreditMemoItemRow,
  BillingClaimRow,
  PaymentRow,
  PaymentApplicationRow,
  PaymentAttemptRow,
  HistoryEntryRow,
  IdempotencyOutcomeRow,
  TestGatewayChargeRow,
  TestGatewayRefundRow,
];
