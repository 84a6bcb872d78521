import { accountOperations } from './account';
import { billRunOperations } from './bill-run';
import { billingDocumentOperations } from './billing-document';
import { fulfillmentOperations } from './fulfillment';
import { fulfillmentItemOperations } from './fulfillment-item';
import { objectQueryOperations } from './object-query/operations';
import type { Operation } from './operation';
import { orderOperations } from './order';
import { orderLineItemOperations } from './order-line-item';

/** All published operations, in the order of the OpenAPI document. */
export const operations: readonly Operation[] = [
  ...fulfillmentOperations,
  ...fulfillmentItemOperations,
  ...orderLineItemOperations,
  ...accountOperations,
  ...orderOperations,
  ...billingDocumentOperations,
  ...billRunOperations,
  ...objectQueryOperations,
];
