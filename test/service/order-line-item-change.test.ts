import type { GraphQLInputObjectType } from 'graphql';
import type { UnitOfMeasure } from '../../src/domain/billing-settings';
import type { Refusal } from '../../src/domain/errors';
import type { OrderLineItemChange } from '../../src/domain/order-line-item-change';
import { schema } from '../../src/graph/build/schema';
import { updateBillingSettings } from '../../src/service/billing-settings';
import type { NewOrderLineItem } from '../../src/service/order';
import { updateOrderLineItem, updateOrderLineItems } from '../../src/service/order-line-item-change';
import type { Work } from '../../src/service/run/work';
import { InvoiceItemRow } from '../../src/store/invoice';
import { OrderRow } from '../../src/store/order';
import type { OrderLineItemRow } from '../../src/store/order-line-item';
import { rowsBy } from '../../src/store/query/write';
import { drift } from '../support/books';
import { refusal, told } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;

const units: UnitOfMeasure[] = [
  { name: 'Each', decimals: 0, roundingMode: 'DOWN' },
  { name: 'Hour', decimals: 2, roundingMode: 'HALF_UP' },
];

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
  await updateBillingSettings(work, {
    taxCodes: [{ code: 'VAT', rate: '0.2' }],
    units,
  });
});
afterEach(async () => {
  await gateway.server.settled();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const free: Partial<NewOrderLineItem> = {
  billingRule: 'TriggerWithoutFulfillment',
  itemState: 'Executing',
  billTargetDate: '2022-01-01',
  quantity: '10',
  amountPerUnit: '30',
};
/** An order of line items without fulfillments. */
const lines = async (...each: Partial<NewOrderLineItem>[]): Promise<OrderLineItemRow[]> =>
  (await orderFor(work, each.length ? each.map((more) => ({ ...free, ...more })) : [free])).orderLineItems;
const orderState = async (line: OrderLineItemRow) =>
  (await rowsBy<OrderRow>(work.reads(), OrderRow, 'id', [line.orderId]))[0].state;
const bills = { runBilling: true, billingOptions: { targetDate: '2022-01-02' } };

describe('a change of a line item', () => {
  test('keeps what is not named, empties what is null, and raises the version by one', async () => {
    const [line] = await lines({ description: 'Old', purchaseOrderNumber: 'PO-1' });
    const { orderLineItem } = await updateOrderLineItem(work, line.id, { description: null, quantity: '4' });
    expect(orderLineItem).toMatchObject({ description: null, quantity: '4', purchaseOrderNumber: 'PO-1', version: 2 });
  });

  test('A12: rounds its quantity to the unit, and again when the unit changes', async () => {
    const [line] = await lines({ unitOfMeasure: 'Hour', quantity: '4.678' });
    expect(line.quantity).toBe('4.68');
    const changed = await updateOrderLineItem(work, line.id, { unitOfMeasure: 'Each' });
    expect(changed.orderLineItem.quantity).toBe('4');
    expect(await refusal(updateOrderLineItem(work, line.id, { quantity: '0.9' }))).toEqual([
      'INVALID_VALUE input.quantity',
    ]);
    expect(await refusal(updateOrderLineItem(work, line.id, { unitOfMeasure: 'Box' }))).toEqual([
      'INVALID_VALUE input.unitOfMeasure',
    ]);
  });

  test('is refused a quantity that its unit rounds up beyond 13 digits', async () => {
    await updateBillingSettings(work, { units: [...units, { name: 'Lot', decimals: 0, roundingMode: 'UP' }] });
    const [line] = await lines({ unitOfMeasure: 'Lot' });
    const most = { quantity: '9999999999999.5' };
    expect(await refusal(updateOrderLineItem(work, line.id, most))).toEqual(['INVALID_VALUE input.quantity']);
    expect(await refusal(lines({ unitOfMeasure: 'Lot', ...most }))).toEqual([
      'INVALID_VALUE input.orderLineItems.0.quantity',
    ]);
  });

  test('N13: is refused an amount of more than 13 digits before the point, when it is made and when it is changed', async () => {
    const most = '9999999999999';
    const made = (more: Partial<NewOrderLineItem>) => refusal(lines({}, more));
    const created = ['LIMIT_EXCEEDED input.orderLineItems.1.quantity'];
    expect(await made({ quantity: most, amountPerUnit: most })).toEqual(created);
    expect(await made({ quantity: '2', amountPerUnit: '1', listPricePerUnit: most })).toEqual(created);
    // It would be rounded up to 14 digits.
    expect(await made({ quantity: '1', amountPerUnit: '9999999999999.996' })).toEqual(created);

    const [line] = await lines({ quantity: '1', amountPerUnit: '9999999999999.99' });
    const change = (input: object) => refusal(updateOrderLineItem(work, line.id, input));
    expect(await change({ quantity: '2' })).toEqual(['LIMIT_EXCEEDED input.quantity']);
    expect(await change({ amountPerUnit: '9999999999999.999' })).toEqual(['LIMIT_EXCEEDED input.amountPerUnit']);
    const { orderLineItem } = await updateOrderLineItem(work, line.id, {
      quantity: '2',
      amountPerUnit: '1',
      listPricePerUnit: '1',
    });
    expect(orderLineItem).toMatchObject({ quantity: '2', amountPerUnit: '1' });
  });

  test('N13: one that is older than the limit can still be changed in all else, and canceled', async () => {
    const [line] = await lines({});
    await gateway.database.owner('update order_line_item set amount_per_unit = 9999999999999 where id = $1', [line.id]);
    await updateOrderLineItem(work, line.id, { description: 'Too much' });
    const { orderLineItem } = await updateOrderLineItem(work, line.id, { itemState: 'Canceled' });
    expect(orderLineItem).toMatchObject({ description: 'Too much', itemState: 'Canceled' });
  });

  test('makes the price anew: a discount is given, changed and taken away', async () => {
    const [line] = await lines({ amountPerUnit: null, listPricePerUnit: '100' });
    const price = async (change: object) => {
      const { orderLineItem: after } = await updateOrderLineItem(work, line.id, change);
      return [after.listPricePerUnit, after.amountPerUnit, after.inlineDiscountType, after.inlineDiscountPerUnit];
    };
    expect(await price({ listPricePerUnit: '80' })).toEqual(['80', '80', 'None', null]);
    expect(await price({ inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' })).toEqual([
      '80',
      '76',
      'Percentage',
      '5',
    ]);
    expect(await price({ listPricePerUnit: '100' })).toEqual(['100', '95', 'Percentage', '5']);
    expect(await price({ inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10' })).toEqual([
      '100',
      '90',
      'FixedAmount',
      '10',
    ]);
    expect(await refusal(updateOrderLineItem(work, line.id, { amountPerUnit: '70' }))).toEqual([
      'INVALID_VALUE input.amountPerUnit',
    ]);
    expect(await price({ inlineDiscountType: 'None', inlineDiscountPerUnit: null })).toEqual([
      '100',
      '100',
      'None',
      null,
    ]);
    expect(await price({ amountPerUnit: '70' })).toEqual(['100', '70', 'None', null]);
    expect(await price({ listPricePerUnit: '120' })).toEqual(['120', '70', 'None', null]);
  });

  test('is refused as a whole where one field is locked, unknown or nothing, each told where it is', async () => {
    const [line] = await lines({ itemState: 'Booked' });
    const refused = (change: object) => refusal(updateOrderLineItem(work, line.id, change));
    expect(await refused({ quantity: '1', description: 'x', billTargetDate: '2022-02-02' })).toEqual([
      'FIELD_LOCKED input.quantity',
      'FIELD_LOCKED input.description',
    ]);
    expect(await refused({})).toEqual(['REQUIRED input']);
    expect(await refused({ paymentTerm: 'Someday' })).toEqual(['INVALID_VALUE input.paymentTerm']);
    expect(await refused({ itemState: 'Canceled' })).toEqual(['TRANSITION_NOT_ALLOWED input.itemState']);
    const unknown = await refusal(updateOrderLineItem(work, '0'.repeat(32), { description: 'x' }));
    expect(unknown).toEqual(['NOT_FOUND id']);
  });

  test('that expects an older version is refused with the line item as it is', async () => {
    const [line] = await lines();
    await updateOrderLineItem(work, line.id, { description: 'first' }, { expectedVersion: 1 });
    const late = updateOrderLineItem(work, line.id, { description: 'second' }, { expectedVersion: 1 });
    const error: Refusal = await late.catch((caught) => caught);
    expect(told(error.errors)).toEqual(['VERSION_CONFLICT expectedVersion']);
    expect(error.errors[0].details).toMatchObject({ currentVersion: 2, current: { description: 'first' } });
  });

  test('names a tax code of the entity, which then cannot be taken away', async () => {
    const [line] = await lines();
    expect(await refusal(updateOrderLineItem(work, line.id, { taxCode: 'GST' }))).toEqual([
      'INVALID_VALUE input.taxCode',
    ]);
    await updateOrderLineItem(work, line.id, { taxCode: 'VAT', taxMode: 'TaxInclusive' });
    expect(await refusal(updateBillingSettings(work, { taxCodes: [] }))).toEqual(['FIELD_LOCKED input.taxCodes']);
  });
});

describe('a line item without fulfillments', () => {
  test('T12: carries its order: Executing while one is on its way, Complete or Canceled when all are', async () => {
    const [first, second] = await lines({}, {});
    const move = (line: OrderLineItemRow, itemState: OrderLineItemRow['itemState']) =>
      updateOrderLineItem(work, line.id, { itemState });
    await move(first, 'Complete');
    expect(await orderState(first)).toBe('Executing');
    await move(second, 'Canceled');
    expect(await orderState(first)).toBe('Complete');
    const [third] = await lines();
    await move(third, 'Canceled');
    expect(await orderState(third)).toBe('Canceled');
    const [fourth] = await lines();
    await move(fourth, 'SentToBilling');
    expect(await orderState(fourth)).toBe('Executing');
  });

  test('A2: is billed when it is sent, once, and completed when its invoice is posted', async () => {
    const [line] = await lines();
    const sent = await updateOrderLineItem(work, line.id, { itemState: 'SentToBilling', processingOptions: bills });
    expect(sent.invoices).toMatchObject([{ amount: '300', status: 'Posted' }]);
    const again = await updateOrderLineItem(work, line.id, { paymentTerm: 'Net 5', processingOptions: bills });
    expect(again.invoices).toEqual([]);
    const done = await updateOrderLineItem(work, line.id, { itemState: 'Complete', processingOptions: bills });
    expect([done.orderLineItem.itemState, done.invoices]).toEqual(['Complete', []]);
  });

  test('B2: that is not due yet is sent unbilled, and billed by a later request', async () => {
    const [line] = await lines({ billTargetDate: '2022-01-03' });
    const sent = await updateOrderLineItem(work, line.id, { itemState: 'SentToBilling', processingOptions: bills });
    expect([sent.orderLineItem.itemState, sent.invoices]).toEqual(['SentToBilling', []]);
    expect(await refusal(updateOrderLineItem(work, line.id, { itemState: 'Complete' }))).toEqual([
      'NOT_BILLED_YET input.itemState',
    ]);
    const later = { runBilling: true, collectPayment: true, billingOptions: { targetDate: '2022-01-03' } };
    const billed = await updateOrderLineItem(work, line.id, { paymentTerm: 'Net 5', processingOptions: later });
    expect(billed).toMatchObject({
      invoices: [{ amount: '300', balance: '0', dueDate: '2022-01-08' }],
      paidAmount: '300',
    });
    await work.finish();
  });

  test('B2: that was sent unbilled is billed later without a change, once, and keeps its version', async () => {
    const [first, second] = await lines({ itemState: 'SentToBilling' }, { itemState: 'SentToBilling' });
    const billed = await updateOrderLineItem(work, first.id, { processingOptions: bills });
    expect(billed.invoices).toMatchObject([{ amount: '300' }]);
    expect(billed.orderLineItem).toEqual(first);
    const orderLineItems = [{ id: first.id }, { id: second.id }];
    const both = await updateOrderLineItems(work, { orderLineItems, processingOptions: bills });
    expect(both.invoices).toMatchObject([{ amount: '300' }]);
    expect(both.orderLineItems).toEqual([first, second]);
    const without = updateOrderLineItems(work, { orderLineItems, processingOptions: { runBilling: false } });
    expect(await refusal(without)).toEqual(['REQUIRED input.orderLineItems.0', 'REQUIRED input.orderLineItems.1']);
    const done = await updateOrderLineItem(work, first.id, { itemState: 'Complete' });
    expect(done.orderLineItem).toMatchObject({ itemState: 'Complete', version: 2 });
  });

  test('that is not sent is left alone where it is only to be billed', async () => {
    const [line] = await lines();
    const { invoices, orderLineItem } = await updateOrderLineItem(work, line.id, { processingOptions: bills });
    expect([invoices, orderLineItem]).toEqual([[], line]);
  });

  test('that is completed without being sent is never billed', async () => {
    const [line] = await lines();
    const { invoices } = await updateOrderLineItem(work, line.id, { itemState: 'Complete', processingOptions: bills });
    expect(invoices).toEqual([]);
  });

  test('has the dates of its transaction, its unit and its tax on its invoice item', async () => {
    const [line] = await lines({
      ...{ transactionStartDate: '2022-01-01', transactionEndDate: '2022-03-31', unitOfMeasure: 'Each' },
      ...{ taxCode: 'VAT', taxMode: 'TaxInclusive' },
    });
    const { invoices } = await updateOrderLineItem(work, line.id, {
      itemState: 'SentToBilling',
      processingOptions: bills,
    });
    expect(invoices).toMatchObject([{ amount: '300', amountWithoutTax: '250', taxAmount: '50' }]);
    const items = await rowsBy<InvoiceItemRow>(work.reads(), InvoiceItemRow, 'invoiceId', [invoices[0].id]);
    expect(items).toMatchObject([
      {
        ...{ serviceStartDate: '2022-01-01', serviceEndDate: '2022-03-31', unitOfMeasure: 'Each', fulfillmentId: null },
        ...{ chargeAmount: '250', taxAmount: '50', taxMode: 'TaxInclusive', taxCode: 'VAT', taxRate: '0.2' },
      },
    ]);
  });
});

describe('changes of many line items', () => {
  const entries = (of: readonly OrderLineItemRow[], more: object) => of.map(({ id }) => ({ id, ...more }));

  test('bill what they send on one invoice, in one act', async () => {
    const of = await lines({}, {}, {});
    const result = await updateOrderLineItems(work, {
      orderLineItems: entries(of, { itemState: 'SentToBilling' }),
      processingOptions: bills,
    });
    expect(result.orderLineItems.map((line) => line!.id)).toEqual(of.map(({ id }) => id));
    expect(result.invoices).toMatchObject([{ amount: '900' }]);
  });

  test('are all refused for one, or carried out without it', async () => {
    const [first, second, third] = await lines({}, { itemState: 'Booked' }, {});
    const input = {
      orderLineItems: [
        ...entries([first, second, first], { quantity: '2' }),
        { id: 'no id', quantity: '1' },
        ...entries([third], { itemState: 'SentToBilling', billTargetDate: '2022-01-01' }),
      ],
      processingOptions: bills,
    };
    const told = ['FIELD_LOCKED input.orderLineItems.1.quantity', 'INVALID_VALUE input.orderLineItems.2.id'];
    const expected = [...told, 'NOT_FOUND input.orderLineItems.3.id'];
    expect(await refusal(updateOrderLineItems(work, input))).toEqual(expected);
    const { orderLineItems, userErrors, invoices } = await updateOrderLineItems(work, input, { onError: 'SkipFailed' });
    expect(orderLineItems.map((line) => line?.quantity ?? null)).toEqual(['2', null, null, null, '10']);
    expect(userErrors).toHaveLength(3);
    expect(invoices).toMatchObject([{ amount: '300' }]);
  });

  test('take the fields that a change of one takes, to the same effect', async () => {
    const { UpdateOrderLineItemInput, UpdateOrderLineItemsEntry } = schema().getTypeMap();
    const namesOf = (type: unknown) => Object.keys((type as GraphQLInputObjectType).getFields());
    const one = namesOf(UpdateOrderLineItemInput).filter((name) => name !== 'processingOptions');
    expect(namesOf(UpdateOrderLineItemsEntry).sort()).toEqual([...one, 'id'].sort());
    const change: OrderLineItemChange = {
      ...{
        itemName: 'New',
        itemType: 'Fee',
        unitOfMeasure: 'Hour',
        quantity: '1.5',
        taxMode: 'TaxExclusive',
        taxCode: 'VAT',
      },
      ...{
        listPricePerUnit: '40',
        inlineDiscountType: 'Percentage',
        inlineDiscountPerUnit: '10',
        paymentTerm: 'Net 30',
      },
      ...{ transactionStartDate: '2022-02-01', transactionEndDate: '2022-02-28', billTargetDate: '2022-03-01' },
      ...{ invoiceGroupNumber: 'G', productCode: 'P', purchaseOrderNumber: 'PO', customFields: { X__c: 'x' } },
      ...{ ownerAccountNumber: 'A', soldTo: 'C', shipTo: 'D', relatedSubscriptionNumber: 'S' },
    };
    const [alone, among] = await lines({}, {});
    const { orderLineItem } = await updateOrderLineItem(work, alone.id, change);
    const { orderLineItems } = await updateOrderLineItems(work, { orderLineItems: [{ id: among.id, ...change }] });
    const same = { id: '', itemNumber: '', updatedDate: '' };
    expect({ ...orderLineItems[0], ...same }).toEqual({ ...orderLineItem, ...same });
    expect(orderLineItem).toMatchObject({ amountPerUnit: '36', customFields: { X__c: 'x' } });
  });

  test('are 1 to 100, and collect only with what they bill', async () => {
    const [line] = await lines();
    expect(await refusal(updateOrderLineItems(work, { orderLineItems: [] }))).toEqual([
      'REQUIRED input.orderLineItems',
    ]);
    const many = { orderLineItems: Array(101).fill({ id: line.id, quantity: '1' }) };
    expect(await refusal(updateOrderLineItems(work, many))).toEqual(['LIMIT_EXCEEDED input.orderLineItems']);
    const options = { processingOptions: { collectPayment: true } };
    expect(
      await refusal(updateOrderLineItems(work, { orderLineItems: [{ id: line.id, quantity: '1' }], ...options })),
    ).toEqual(['INVALID_VALUE input.processingOptions.collectPayment']);
  });

  test('that a payment is refused for leave nothing behind', async () => {
    const { orderLineItems } = await orderFor(work, [free], { paymentMethodToken: 'tok_declined' });
    const input = {
      orderLineItems: entries(orderLineItems, { itemState: 'SentToBilling' }),
      processingOptions: { ...bills, collectPayment: true },
    };
    expect(await refusal(updateOrderLineItems(work, input, { onError: 'SkipFailed' }))).toEqual([
      'PAYMENT_DECLINED input.processingOptions.collectPayment',
    ]);
    await work.finish();
    expect(await refusal(updateOrderLineItem(work, orderLineItems[0].id, { quantity: '11' }))).toEqual([
      'nothing was refused',
    ]);
  });
});
