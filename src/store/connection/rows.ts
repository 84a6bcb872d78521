import { AccountRow } from '../account';
import { BillRunRow } from '../bill-run';
import { BillRunAccountRow, BillRunChunkRow } from '../bill-run-chunk';
import { BillingClaimRow } from '../billing-claim';
import { BillingSettingsRow } from '../billing-settings';
import { ClientGrantRow, ClientRow, ClientSecretRow } from '../client';
import { ClientDayRow, ClientDocumentUseRow } from '../client-day';
import { ClientRateRow, ClientSubscriptionRow, GatewayProcessRow } from '../client-use';
import { ClientWriteRow } from '../client-write';
import { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from '../credit-memo';
import { EventEpochRow } from '../event-epoch';
import { FulfillmentRow } from '../fulfillment';
import { FulfillmentItemRow } from '../fulfillment-item';
import { HistoryEntryRow } from '../history';
import { IdempotencyOutcomeRow } from '../idempotency';
import { ImportChunkRow, ImportRow } from '../import';
import { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from '../invoice';
import { OrderRow } from '../order';
import { OrderLineItemRow } from '../order-line-item';
import { PaymentApplicationRow, PaymentAttemptRow, PaymentRow } from '../payment';
import { RefundRow } from '../refund';
import { RegisteredDocumentRow, UnknownDocumentRow } from '../registered-document';
import { StripeIntentRow, StripePaymentMethodRow } from '../stripe';
import { EntityRow, OrgRow } from '../tenant';
import { TestGatewayChargeRow, TestGatewayRefundRow } from '../test-gateway';
import { WebhookDeliveryRow } from '../webhook-delivery';
import { WebhookEndpointRow, WebhookSecretRow } from '../webhook-endpoint';

/** Every row class: TypeORM loads them, and migrations are checked against them. */
export const rows = [
  EntityRow,
  OrgRow,
  BillingSettingsRow,
  ClientRow,
  ClientSecretRow,
  ClientGrantRow,
  RegisteredDocumentRow,
  UnknownDocumentRow,
  ClientDayRow,
  ClientDocumentUseRow,
  AccountRow,
  OrderRow,
  OrderLineItemRow,
  FulfillmentRow,
  FulfillmentItemRow,
  BillRunRow,
  BillRunChunkRow,
  BillRunAccountRow,
  InvoiceRow,
  InvoiceItemRow,
  CreditMemoRow,
  CreditMemoItemRow,
  CreditMemoApplicationRow,
  InvoiceOffsetRow,
  BillingClaimRow,
  PaymentRow,
  PaymentApplicationRow,
  PaymentAttemptRow,
  RefundRow,
  HistoryEntryRow,
  ImportRow,
  ImportChunkRow,
  EventEpochRow,
  GatewayProcessRow,
  ClientRateRow,
  ClientSubscriptionRow,
  ClientWriteRow,
  WebhookEndpointRow,
  WebhookSecretRow,
  WebhookDeliveryRow,
  IdempotencyOutcomeRow,
  StripeIntentRow,
  StripePaymentMethodRow,
  TestGatewayChargeRow,
  TestGatewayRefundRow,
];
