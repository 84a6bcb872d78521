import type { BillRunInput } from '../../../src/domain/bill-run';
import type { BillingSettingsInput } from '../../../src/domain/billing-settings-change';
import type { FulfillmentChange } from '../../../src/domain/fulfillment-change';
import type { FulfillmentItemInput } from '../../../src/domain/fulfillment-item';
import type { FulfillmentAction } from '../../../src/domain/fulfillment-state';
import { createBillRun, deleteBillRun, moveBillRun } from '../../../src/service/bill-run';
import { carryOn, step } from '../../../src/service/bill-run-worker';
import { moveCreditMemo, moveInvoice } from '../../../src/service/billing-document';
import { updateBillingSettings } from '../../../src/service/billing-settings';
import { applyCreditMemo, unapplyCreditMemo } from '../../../src/service/credit-memo';
import { type CreateFulfillmentsInput, createFulfillments } from '../../../src/service/fulfillment';
import {
  deleteFulfillment,
  type TransitionInput,
  transitionFulfillments,
  updateFulfillment,
} from '../../../src/service/fulfillment-change';
import {
  type CreateFulfillmentItemInput,
  createFulfillmentItems,
  deleteFulfillmentItem,
  updateFulfillmentItem,
} from '../../../src/service/fulfillment-item';
import { type CreateOrderInput, createOrder } from '../../../src/service/order';
import {
  type UpdateOrderLineItemsInput,
  updateOrderLineItem,
  updateOrderLineItems,
} from '../../../src/service/order-line-item-change';
import { collectPayment } from '../../../src/service/payment-collect';
import { refundPayment } from '../../../src/service/payment-refund';
import { reverseInvoice } from '../../../src/service/reversal';
import type { OnError } from '../../../src/service/run/batch';
import type { Work } from '../../../src/service/run/work';
import type { BillRunRow } from '../../../src/store/bill-run';

/*
 * What commands ask for, by the mutation fields of the graph and with their arguments: it is carried out by the services
 * here, or sent to a process as it stands (remote.ts).
 */

type Moved = Omit<TransitionInput, 'action'> & { onError: OnError };
type Key = { key: string };
type Application = Key & { invoiceKey: string; amount: string | null };

const transition =
  (action: FulfillmentAction) =>
  (work: Work, { onError, ...input }: Moved) =>
    transitionFulfillments(work, { ...input, action }, { onError });

const services = {
  createOrder: (work: Work, { input }: { input: CreateOrderInput }) => createOrder(work, input),
  updateOrderLineItem: (work: Work, { id, input }: { id: string; input: Parameters<typeof updateOrderLineItem>[2] }) =>
    updateOrderLineItem(work, id, input),
  updateOrderLineItems: (work: Work, { input, onError }: { input: UpdateOrderLineItemsInput; onError: OnError }) =>
    updateOrderLineItems(work, input, { onError }),
  createFulfillments: (work: Work, { input, onError }: { input: CreateFulfillmentsInput; onError: OnError }) =>
    createFulfillments(work, input, { onError }),
  bookFulfillments: transition('Book'),
  sendFulfillmentsToBilling: transition('SendToBilling'),
  completeFulfillments: transition('Complete'),
  cancelFulfillments: transition('Cancel'),
  updateFulfillment: (work: Work, { key, input }: Key & { input: FulfillmentChange }) =>
    updateFulfillment(work, key, input),
  deleteFulfillment: (work: Work, { key }: Key) => deleteFulfillment(work, key),
  createFulfillmentItems: (work: Work, { input, onError }: { input: CreateFulfillmentItemInput[]; onError: OnError }) =>
    createFulfillmentItems(work, input, { onError }),
  updateFulfillmentItem: (work: Work, { id, input }: { id: string; input: FulfillmentItemInput }) =>
    updateFulfillmentItem(work, id, input),
  deleteFulfillmentItem: (work: Work, { id }: { id: string }) => deleteFulfillmentItem(work, id),
  updateBillingSettings: (work: Work, { input }: { input: BillingSettingsInput }) => updateBillingSettings(work, input),
  postInvoice: (work: Work, { key }: Key) => moveInvoice(work, key, 'Post'),
  unpostInvoice: (work: Work, { key }: Key) => moveInvoice(work, key, 'Unpost'),
  cancelInvoice: (work: Work, { key }: Key) => moveInvoice(work, key, 'Cancel'),
  reverseInvoice: (work: Work, { key, ...how }: Key & { rebill: boolean }) => reverseInvoice(work, key, how),
  postCreditMemo: (work: Work, { key }: Key) => moveCreditMemo(work, key, 'Post'),
  unpostCreditMemo: (work: Work, { key }: Key) => moveCreditMemo(work, key, 'Unpost'),
  cancelCreditMemo: (work: Work, { key }: Key) => moveCreditMemo(work, key, 'Cancel'),
  applyCreditMemo: (work: Work, { key, invoiceKey, amount }: Application) =>
    applyCreditMemo(work, key, invoiceKey, amount),
  unapplyCreditMemo: (work: Work, { key, invoiceKey, amount }: Application) =>
    unapplyCreditMemo(work, key, invoiceKey, amount),
  collectPayment: (work: Work, { invoiceKeys }: { invoiceKeys: string[] }) => collectPayment(work, invoiceKeys),
  refundPayment: (work: Work, { key, amount }: Key & { amount: string | null }) => refundPayment(work, key, amount),
  createBillRun: (work: Work, { input }: { input: BillRunInput }) => createBillRun(work, input),
  postBillRun: (work: Work, { key }: Key) => moveBillRun(work, key, 'Post'),
  cancelBillRun: (work: Work, { key }: Key) => moveBillRun(work, key, 'Cancel'),
  deleteBillRun: (work: Work, { key }: Key) => deleteBillRun(work, key),
};

/** The mutations that commands ask for. */
export const askedFor = Object.keys(services);

/** What the workers do for themselves in a process, and only somebody beside them elsewhere. */
const workers = {
  carryOn: ({ services }: Work, _: object) => carryOn(services),
  step: async ({ services }: Work, { run }: { run: BillRunRow | undefined }) => run && step(services, run),
};

const all = { ...services, ...workers };
type Field = keyof typeof all;

export interface Ask {
  field: Field;
  args: object;
}
export const ask = <F extends Field>(field: F, args: Parameters<(typeof all)[F]>[1]): Ask => ({ field, args });

export const carriedOut = (work: Work, { field, args }: Ask): Promise<unknown> =>
  (all[field] as (work: Work, args: object) => Promise<unknown>)(work, args);
