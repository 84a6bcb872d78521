import { AccountRow } from './account';
import { ClientGrantRow, ClientRow, ClientSecretRow } from './client';
import { FulfillmentRow } from './fulfillment';
import { HistoryEntryRow } from './history';
import { IdempotencyOutcomeRow } from './idempotency';
import { BillingClaimRow, InvoiceItemRow, InvoiceRow } from './invoice';
import { OrderRow } from './order';
import { OrderLineItemRow } from './order-line-item';
import { PaymentApplicationRow, PaymentAttemptRow, PaymentRow } from './payment';
import { EntityRow, OrgRow } from './tenant';
import { TestGatewayChargeRow, TestGatewayRefundRow } from './test-gateway';

/** Every class of rows: what TypeORM knows, and what migrations are held against. */
export const rows = [
  EntityRow,
  OrgRow,
  ClientRow,
  ClientSecretRow,
  ClientGrantRow,
  AccountRow,
  OrderRow,
  OrderLineItemRow,
  FulfillmentRow,
  InvoiceRow,
  InvoiceItemRow,
  BillingClaimRow,
  PaymentRow,
  PaymentApplicationRow,
  PaymentAttemptRow,
  HistoryEntryRow,
  IdempotencyOutcomeRow,
  TestGatewayChargeRow,
  TestGatewayRefundRow,
];
