import type { BillingRule, OrderLineItemState } from '../../src/domain/order-line-item';
import {
  judgeItemNumbers,
  judgeLineInput,
  judgeReturnInput,
  judgeStartState,
  type LineContext,
  type OrderLineItemInput,
  type Original,
  withOriginal,
} from '../../src/domain/order-line-item-create';
import { aLine, someSettings, told } from '../support/facts';

describe('the start state of a line item', () => {
  const all: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];
  const start = (rule: BillingRule, state: OrderLineItemState, date: string | null = '2022-01-01') =>
    told(judgeStartState(rule, state, date));

  test.each(all)('may be %s without fulfillments', (state) => {
    expect(start('TriggerWithoutFulfillment', state)).toEqual([]);
  });

  test.each(all)('%s with fulfillments, unless the system alone reaches it', (state) => {
    const system = state === 'SentToBilling' || state === 'Complete';
    expect(start('TriggerAsFulfillmentOccurs', state)).toEqual(system ? ['STATE_NOT_CREATABLE itemState'] : []);
  });

  test('SentToBilling needs a billTargetDate, no other does', () => {
    for (const state of all) {
      const expected = state === 'SentToBilling' ? ['BILL_TARGET_DATE_REQUIRED billTargetDate'] : [];
      expect(start('TriggerWithoutFulfillment', state, null)).toEqual(expected);
    }
  });
});

describe('the item numbers of an order', () => {
  const numbers = (...given: (string | null | undefined)[]) =>
    told(judgeItemNumbers(given.map((itemNumber) => ({ itemNumber }))));

  test('are given for none or for all', () => {
    expect(numbers(null, undefined, null)).toEqual([]);
    expect(numbers('a', 'b')).toEqual([]);
    expect(numbers('a', null, undefined)).toEqual(['REQUIRED 1.itemNumber', 'REQUIRED 2.itemNumber']);
    expect(numbers(null, 'b')).toEqual(['REQUIRED 0.itemNumber']);
  });

  test('occur once each', () => {
    expect(numbers('1', '2', '1', '1')).toEqual(['DUPLICATE 2.itemNumber', 'DUPLICATE 3.itemNumber']);
    expect(numbers('a', 'A')).toEqual([]);
  });
});

const aContext = (more: Partial<LineContext> = {}): LineContext => ({
  orderCategory: 'NewSales',
  orderDate: '2022-01-10',
  settings: someSettings(),
  ...more,
});

describe('a new sales line item', () => {
  const base: OrderLineItemInput = { itemName: 'Desk', itemType: 'Product', quantity: '10', amountPerUnit: '30' };
  const judge = (more: Partial<OrderLineItemInput>, settings: Partial<LineContext['settings']> = {}) =>
    told(judgeLineInput({ ...base, ...more }, aContext({ settings: someSettings(settings) })));

  test('is accepted with the least that is required', () => {
    expect(judge({})).toEqual([]);
  });

  test.each<[string, Partial<OrderLineItemInput>, string]>([
    ['a quantity of 0', { quantity: '0' }, 'INVALID_VALUE quantity'],
    ['a quantity rounded up to 14 digits', { quantity: '10000000000000' }, 'INVALID_VALUE quantity'],
    ['a negative quantity', { quantity: '-1' }, 'INVALID_VALUE quantity'],
    ['no item type', { itemType: null }, 'REQUIRED itemType'],
    ['a blank name', { itemName: ' ' }, 'REQUIRED itemName'],
    ['a long name', { itemName: 'x'.repeat(256) }, 'INVALID_VALUE itemName'],
    ['a blank number', { itemNumber: '' }, 'REQUIRED itemNumber'],
    ['an unknown tax code', { taxCode: 'VAT' }, 'INVALID_VALUE taxCode'],
    ['an unknown payment term', { paymentTerm: 'Someday' }, 'INVALID_VALUE paymentTerm'],
    ['a long group number', { invoiceGroupNumber: 'x'.repeat(256) }, 'INVALID_VALUE invoiceGroupNumber'],
    ['a nul byte', { productCode: '\u0000' }, 'INVALID_VALUE productCode'],
    ['a plain custom field', { customFields: { a: 1 } }, 'INVALID_VALUE customFields.a'],
    ['an end before the order', { transactionEndDate: '2022-01-09' }, 'INVALID_VALUE transactionEndDate'],
    [
      'an end before its start',
      { transactionStartDate: '2022-03-01', transactionEndDate: '2022-02-28' },
      'INVALID_VALUE transactionEndDate',
    ],
    [
      'a state of the system',
      { billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Complete' },
      'STATE_NOT_CREATABLE itemState',
    ],
    ['the number of an original', { originalOrderNumber: 'O-1' }, 'INVALID_VALUE originalOrderNumber'],
    ['the line item of an original', { originalOrderLineItemNumber: '1' }, 'INVALID_VALUE originalOrderLineItemNumber'],
    ['no date to be billed', { itemState: 'SentToBilling' }, 'BILL_TARGET_DATE_REQUIRED billTargetDate'],
  ])('with %s is refused', (_what, more, expected) => {
    expect(judge(more)).toEqual([expected]);
  });

  test('may name a tax code of the entity, and may end on the day it starts', () => {
    expect(judge({ taxCode: 'VAT' }, { taxCodes: [{ code: 'VAT', rate: '0.2' }] })).toEqual([]);
    expect(judge({ transactionEndDate: '2022-01-10' })).toEqual([]);
    expect(judge({ invoiceGroupNumber: 'x'.repeat(255), description: 'x'.repeat(500) })).toEqual([]);
  });

  test('names a unit of the entity, where it has any', () => {
    const units = [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' as const }];
    expect(judge({ unitOfMeasure: 'Each' }, { units })).toEqual([]);
    expect(judge({ unitOfMeasure: 'Box' }, { units })).toEqual(['INVALID_VALUE unitOfMeasure']);
    expect(judge({ unitOfMeasure: 'Box' })).toEqual([]);
  });

  test('belongs into an order of new sales', () => {
    const order = aContext({ orderCategory: 'Return' });
    expect(told(judgeLineInput(base, order))).toEqual(['RETURN_NOT_ALLOWED itemCategory']);
    expect(told(judgeLineInput({ ...base, itemCategory: 'Sales' }, order))).toEqual([
      'RETURN_NOT_ALLOWED itemCategory',
    ]);
  });

  test('is refused with every reason at once', () => {
    expect(judge({ itemName: '', quantity: '0', itemType: null, transactionEndDate: '2022-01-09' })).toEqual([
      'REQUIRED itemName',
      'INVALID_VALUE quantity',
      'INVALID_VALUE transactionEndDate',
      'REQUIRED itemType',
    ]);
  });
});

const aReturn = (more: Partial<OrderLineItemInput> = {}): OrderLineItemInput => ({
  itemName: 'Desk',
  itemCategory: 'Return',
  originalOrderNumber: 'O-00000001',
  originalOrderLineItemNumber: '1',
  quantity: '2',
  ...more,
});

describe('a new return line item', () => {
  const judge = (more: Partial<OrderLineItemInput>, context: Partial<LineContext> = {}) =>
    told(judgeLineInput(aReturn(more), aContext({ orderCategory: 'Return', ...context })));

  test('needs neither type nor price, but both numbers of its original', () => {
    expect(judge({})).toEqual([]);
    expect(judge({ originalOrderNumber: null, originalOrderLineItemNumber: undefined })).toEqual([
      'REQUIRED originalOrderNumber',
      'REQUIRED originalOrderLineItemNumber',
    ]);
  });

  test('may repeat the unit of its sale though that is configured no more', () => {
    const settings = someSettings({ units: [{ name: 'Box', decimals: 0, roundingMode: 'DOWN' }] });
    expect(judge({ unitOfMeasure: 'Each' }, { settings })).toEqual([]);
  });

  test('belongs into a return order', () => {
    expect(judge({}, { orderCategory: 'NewSales' })).toEqual(['RETURN_NOT_ALLOWED itemCategory']);
  });

  test('starts in the states that a sale may start in', () => {
    expect(judge({ billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'SentToBilling' })).toEqual([
      'STATE_NOT_CREATABLE itemState',
    ]);
    expect(judge({ itemState: 'SentToBilling' })).toEqual(['BILL_TARGET_DATE_REQUIRED billTargetDate']);
    expect(judge({ itemState: 'SentToBilling', billTargetDate: '2022-01-10' })).toEqual([]);
  });

  test('is refused for its own fields as a sale is', () => {
    expect(judge({ quantity: '0', originalOrderNumber: 'x'.repeat(101) })).toEqual([
      'INVALID_VALUE originalOrderNumber',
      'INVALID_VALUE quantity',
    ]);
  });
});

/** What is kept for other systems. */
const kept = {
  ownerAccountNumber: 'A-2',
  soldTo: 'contact 1',
  shipTo: 'contact 2',
  relatedSubscriptionNumber: 'S-1',
  productRatePlanChargeId: 'charge 1',
  communicationProfileId: 'profile 1',
};
const anOriginal = (more: Partial<Original> = {}): Original => ({
  ...aLine({ billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling' }),
  listPricePerUnit: '100',
  amountPerUnit: '95',
  amountPerUnitGiven: false,
  inlineDiscountType: 'Percentage',
  inlineDiscountPerUnit: '5',
  taxMode: 'TaxExclusive',
  taxCode: 'VAT',
  unitOfMeasure: 'Each',
  itemType: 'Product',
  paymentTerm: 'Net 60',
  invoiceGroupNumber: 'G',
  productCode: 'D-1',
  purchaseOrderNumber: 'PO-1',
  ...kept,
  ...more,
});

describe('a return against its sale', () => {
  const judge = (more: Partial<OrderLineItemInput>, original: Partial<Original> = {}, reserved = '0') =>
    told(judgeReturnInput(aReturn(more), anOriginal(original), reserved));

  /** What is the sale's: repeated, and different. */
  const copied: [keyof OrderLineItemInput, unknown, unknown][] = [
    ['listPricePerUnit', '100', '99'],
    ['amountPerUnit', '95', '96'],
    ['inlineDiscountType', 'Percentage', 'FixedAmount'],
    ['inlineDiscountPerUnit', '5', '5.000000001'],
    ['taxMode', 'TaxExclusive', 'TaxInclusive'],
    ['taxCode', 'VAT', 'vat'],
    ['unitOfMeasure', 'Each', 'Box'],
  ];

  test.each(copied)('may repeat %s or leave it out, but not give another', (field, same, other) => {
    for (const value of [same, null, undefined]) expect(judge({ [field]: value })).toEqual([]);
    expect(judge({ [field]: other })).toEqual([`INVALID_VALUE ${field}`]);
    expect(judgeReturnInput(aReturn({ [field]: other }), anOriginal(), '0')[0].message).toBe(
      `A return must have the ${field} of its original line item: ${same}.`,
    );
  });

  test('may write a price in another way', () => {
    expect(judge({ listPricePerUnit: '100.00', amountPerUnit: '95.0', inlineDiscountPerUnit: '5.000' })).toEqual([]);
    expect(judge({ taxCode: 'VAT ' })).toEqual(['INVALID_VALUE taxCode']);
  });

  test('may repeat a discounted price as far as decimals can be given', () => {
    const third = { amountPerUnit: '6.733333333367' };
    expect(judge({ amountPerUnit: '6.733333333' }, third)).toEqual([]);
    expect(judge({ amountPerUnit: '6.733333334' }, third)).toEqual(['INVALID_VALUE amountPerUnit']);
  });

  test('of a sale that has none of it gives none; a discount of 0 is none', () => {
    const plain: Partial<Original> = {
      amountPerUnit: '100',
      inlineDiscountType: 'None',
      inlineDiscountPerUnit: null,
      taxCode: null,
      taxMode: null,
      unitOfMeasure: null,
    };
    expect(judge({ taxCode: 'VAT', unitOfMeasure: 'Each', inlineDiscountPerUnit: '5' }, plain)).toEqual([
      'INVALID_VALUE inlineDiscountPerUnit',
      'INVALID_VALUE taxCode',
      'INVALID_VALUE unitOfMeasure',
    ]);
    expect(judgeReturnInput(aReturn({ taxCode: 'VAT' }), anOriginal(plain), '0')[0].message).toBe(
      'A return must have the taxCode of its original line item: none.',
    );
    expect(judge({ inlineDiscountType: 'None', inlineDiscountPerUnit: '0' }, plain)).toEqual([]);
  });

  test('is told every field that differs, and what else is against it', () => {
    const given = Object.fromEntries(copied.map(([field, , other]) => [field, other]));
    expect(judge({ ...given, quantity: '101' })).toEqual([
      ...copied.map(([field]) => `INVALID_VALUE ${field}`),
      'QUANTITY_EXCEEDED quantity',
    ]);
  });

  test('takes what the returns before it in the same request have left', () => {
    expect(judge({ quantity: '60' }, {}, '40')).toEqual([]);
    expect(judge({ quantity: '60.1' }, {}, '40')).toEqual(['QUANTITY_EXCEEDED quantity']);
    expect(judge({ quantity: '1' }, {}, '100')).toEqual(['QUANTITY_EXCEEDED quantity']);
  });

  test('is refused at the number of a line item that cannot be returned', () => {
    const refused = ['RETURN_NOT_ALLOWED originalOrderLineItemNumber'];
    expect(judge({}, { itemState: 'Booked' })).toEqual(refused);
    expect(judge({}, { itemCategory: 'Return' })).toEqual(refused);
    expect(judge({}, { returnedQuantity: '100' })).toEqual(refused);
  });

  test('of nothing, or less, is not judged by what is available: its quantity is refused already', () => {
    expect(judge({ quantity: '0' }, { itemState: 'Booked' })).toEqual([]);
    expect(judge({ quantity: '-1', taxCode: 'X' })).toEqual(['INVALID_VALUE taxCode']);
  });
});

describe('what a return has from its sale', () => {
  test('is price, discount, tax and unit, whatever the input says', () => {
    const given = aReturn({ listPricePerUnit: '100.00', inlineDiscountPerUnit: null, unitOfMeasure: undefined });
    expect(withOriginal(given, anOriginal())).toMatchObject({
      listPricePerUnit: '100',
      amountPerUnit: '95',
      inlineDiscountType: 'Percentage',
      inlineDiscountPerUnit: '5',
      taxMode: 'TaxExclusive',
      taxCode: 'VAT',
      unitOfMeasure: 'Each',
    });
  });

  test('is the rest where the input has none of its own', () => {
    const rest = { itemType: 'Product', paymentTerm: 'Net 60', invoiceGroupNumber: 'G', productCode: 'D-1' } as const;
    expect(withOriginal(aReturn({ paymentTerm: null }), anOriginal())).toMatchObject({
      ...rest,
      purchaseOrderNumber: 'PO-1',
      ...kept,
    });
    const own = { ...rest, itemType: 'Services', paymentTerm: 'Net 1', invoiceGroupNumber: 'H' } as const;
    expect(withOriginal(aReturn(own), anOriginal())).toMatchObject(own);
  });

  test('is neither its quantity, its state, its rule nor its name', () => {
    const made = withOriginal(aReturn({ itemName: 'Desk, scratched' }), anOriginal());
    expect(made).toMatchObject({ itemName: 'Desk, scratched', quantity: '2', itemCategory: 'Return' });
    expect([made.itemState, made.billingRule]).toEqual([undefined, undefined]);
  });
});
