import fc from 'fast-check';
import type { BillingSettingsInput } from '../../../src/domain/billing-settings-change';
import type { Caller } from '../../../src/domain/caller';
import { availableForReturn, type BillingRule, type OrderLineItemState } from '../../../src/domain/order-line-item';
import { editableLineFields, type OrderLineItemChange } from '../../../src/domain/order-line-item-change';
import { movesFrom } from '../../../src/domain/order-line-item-move';
import type { ProcessingOptions } from '../../../src/domain/payment';
import type { NewOrderLineItem } from '../../../src/service/order';
import type { OnError } from '../../../src/service/run/batch';
import type { OrderLineItemRow } from '../../../src/store/order-line-item';
import { ask } from './asks';
import { act, idOf, partial, pick, picked, record, several, weighted } from './world';

/* Commands over orders, line items and returns, and over the settings that they are billed by. */

const quantity = fc.constantFrom('1', '2', '3', '0.5', '1.25', '4', '2.333');
/** Null is all there is left. */
export const part = fc.constantFrom(null, '0.5', '1', '1.25', '2', '0.333');
export const due = weighted<string | null>([7, '2022-01-01'], [1, '2022-01-03'], [1, null]);
export const onError = fc.constantFrom<OnError>('RejectAll', 'SkipFailed');
const group = weighted<string | null>([3, null], [1, 'A'], [1, 'B']);
const rule = fc.constantFrom<BillingRule>('TriggerAsFulfillmentOccurs', 'TriggerWithoutFulfillment');
const billingOptions = { targetDate: '2022-01-02' };
export const options = weighted<ProcessingOptions | null>(
  [3, null],
  [5, { runBilling: true, billingOptions }],
  [2, { runBilling: true, collectPayment: true, billingOptions }],
  [1, { runBilling: true }],
);

const price = fc.constantFrom<Partial<NewOrderLineItem>>(
  { amountPerUnit: '3.335' },
  { amountPerUnit: '19.99' },
  { amountPerUnit: '0.015' },
  { amountPerUnit: '0' },
  { listPricePerUnit: '100', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '12.5' },
  { listPricePerUnit: '7.7777', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '0.5' },
);
const tax = fc.constantFrom<Partial<NewOrderLineItem>>(
  {},
  { taxCode: 'VAT', taxMode: 'TaxInclusive' },
  { taxCode: 'VAT', taxMode: 'TaxExclusive' },
  { taxCode: 'GST', taxMode: 'TaxInclusive' },
  { taxCode: 'GST' },
);
const unitOfMeasure = weighted<string | null>([2, null], [2, 'Each'], [1, 'kg']);

const lineState = weighted<OrderLineItemState>(
  [4, 'Executing'],
  [4, 'Booked'],
  [6, 'SentToBilling'],
  [2, 'Complete'],
  [1, 'Canceled'],
);
/** A rule and a state to start in: most of those that do not go together are mended. */
const begins = fc.tuple(rule, lineState, pick).map(([billingRule, state, { any }]) => {
  const mend = billingRule === 'TriggerAsFulfillmentOccurs' && !any && ['SentToBilling', 'Complete'].includes(state);
  return { billingRule, itemState: mend ? ('Booked' as const) : state };
});

const sale = fc.tuple(begins, quantity, price, tax, unitOfMeasure, group, due).map(
  ([start, count, cost, taxed, unit, invoiceGroupNumber, billTargetDate]): NewOrderLineItem => ({
    ...{ itemName: 'Device', itemType: 'Product', quantity: count, unitOfMeasure: unit, invoiceGroupNumber },
    ...{ billTargetDate, ...start, ...cost, ...taxed },
  }),
);
const returned = record({ of: pick, start: begins, quantity: part, billTargetDate: due });

const lineChange: fc.Arbitrary<OrderLineItemChange> = fc.oneof(
  { weight: 4, arbitrary: record({ itemState: lineState }) },
  { weight: 1, arbitrary: record({ itemState: lineState, billTargetDate: due }) },
  { weight: 1, arbitrary: partial({ billTargetDate: due, invoiceGroupNumber: group }) },
  { weight: 1, arbitrary: record({ paymentTerm: fc.constantFrom('Net 30', 'Net 15', null) }) },
  { weight: 1, arbitrary: partial({ quantity, itemState: lineState }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        partial({ quantity, billingRule: rule, unitOfMeasure, itemState: lineState }),
        fc.option(price, { nil: {} }),
        fc.option(tax, { nil: {} }),
      )
      .map(([own, cost, taxed]) => ({ ...own, ...cost, ...taxed })),
  },
);

export const vat = (rate: string) => ({ code: 'VAT', rate });
export const gst = (rate: string) => ({ code: 'GST', rate });
const settings: fc.Arbitrary<BillingSettingsInput> = partial({
  taxCodes: fc.constantFrom([vat('0.19'), gst('0.07775')], [vat('0.2'), gst('0')], [vat('0.1')], [gst('1')]),
  units: fc.constantFrom(
    [],
    [
      { name: 'Each', decimals: 0, roundingMode: 'DOWN' as const },
      { name: 'kg', decimals: 1 },
    ],
    [
      { name: 'Each', decimals: 1, roundingMode: 'UP' as const },
      { name: 'kg', decimals: 9 },
    ],
  ),
  creditMemoRule: fc.constantFrom('AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping'),
  roundingMode: fc.constantFrom('HALF_UP', 'UP', 'DOWN'),
  inclusiveTaxRule: fc.constantFrom('NetFirst', 'TaxFirst'),
  invoiceSettlement: fc.boolean(),
});

/** A line that may be moved and changed like this, as far as its state goes. */
const lineFits =
  ({ itemState, ...fields }: OrderLineItemChange, caller: Caller) =>
  (line: OrderLineItemRow): boolean =>
    (itemState == null || movesFrom(line).some((move) => move.by === 'caller' && move.to === itemState)) &&
    Object.keys(fields).every((field) => (editableLineFields(line, caller) as readonly string[]).includes(field));

export const lineActs = {
  createOrder: act(
    5,
    record({ account: pick, lines: several(sale, 3), processingOptions: options }),
    ({ accounts }, { account, lines: orderLineItems, processingOptions }) => {
      const existingAccountNumber = picked(accounts, account)!.accountNumber;
      const input = { existingAccountNumber, orderDate: '2022-01-01', orderLineItems, processingOptions };
      return ask('createOrder', { input });
    },
  ),
  createReturn: act(
    14,
    record({ account: pick, lines: several(returned, 3), processingOptions: fc.option(options, { freq: 2 }) }),
    ({ accounts, orders, lines }, { account, lines: wanted, processingOptions }) => {
      const { id, accountNumber: existingAccountNumber } = picked(accounts, account)!;
      const own = lines.filter((line) => line.accountId === id);
      const orderLineItems = wanted.map(({ of, start, quantity, billTargetDate }): NewOrderLineItem => {
        const original = picked(own, of, (line) => availableForReturn(line) !== '0')!;
        return {
          ...{ itemName: 'Device, returned', itemCategory: 'Return', billTargetDate, ...start },
          quantity: quantity ?? availableForReturn(original),
          originalOrderNumber: orders.find((order) => order.id === original.orderId)!.orderNumber,
          originalOrderLineItemNumber: original.itemNumber,
        };
      });
      return ask('createOrder', {
        input: {
          ...{ existingAccountNumber, orderDate: '2022-01-05', category: 'Return', orderLineItems, processingOptions },
        },
      });
    },
  ),
  updateOrderLineItem: act(
    10,
    record({ line: pick, change: lineChange, processingOptions: options }),
    ({ lines }, { line, change, processingOptions }, caller) =>
      ask('updateOrderLineItem', {
        id: idOf(picked(lines, line, lineFits(change, caller))),
        input: { ...change, processingOptions },
      }),
  ),
  updateOrderLineItems: act(
    12,
    record({
      entries: several(record({ line: pick, change: lineChange }), 5),
      processingOptions: options,
      onError,
    }),
    ({ lines }, { entries, processingOptions, onError }, caller) => {
      const orderLineItems = entries.map(({ line, change }) => ({
        id: idOf(picked(lines, line, lineFits(change, caller))),
        ...change,
      }));
      return ask('updateOrderLineItems', { input: { orderLineItems, processingOptions }, onError });
    },
  ),
  updateBillingSettings: act(4, settings, (_, input) => ask('updateBillingSettings', { input })),
};
