import type { FulfillmentState } from '../../src/domain/fulfillment';
import {
  type BillingRule,
  type Counted,
  completesItself,
  judgeItemNumbers,
  judgeLineInput,
  judgeQuantity,
  judgeStartState,
  type OrderLineItemInput,
  type OrderLineItemState,
  type QuantityFacts,
  quantitiesOf,
  withFulfillment,
} from '../../src/domain/order-line-item';
import { aLine, told } from '../support/facts';

/** q/pend/ful/avail, as the worked cases are written. */
const figures = (line: QuantityFacts): string => {
  const { quantityPendingFulfillment: pending, quantityFulfilled, quantityAvailableForReturn } = quantitiesOf(line);
  return [line.quantity, pending, quantityFulfilled, quantityAvailableForReturn].join('/');
};
const without = (itemState: OrderLineItemState, more: Partial<QuantityFacts> = {}) =>
  aLine({ billingRule: 'TriggerWithoutFulfillment', itemState, ...more });

const f = (state: FulfillmentState, quantity: string): Counted => ({ state, quantity });
/** The line after each step: a fulfillment as it was before and as it is after. */
const following = (line: QuantityFacts, ...steps: [Counted, Counted][]) =>
  steps.reduce((current, [before, now]) => withFulfillment(current, before, now), line);

describe('the quantities of a line item without fulfillments', () => {
  test('Q1: Executing, 100/0/0/0', () => {
    expect(figures(without('Executing'))).toBe('100/0/0/0');
  });

  test('Q2: Booked, 100/0/100/0', () => {
    expect(figures(without('Booked'))).toBe('100/0/100/0');
  });

  test.each(['SentToBilling', 'Complete'] as const)('Q3, Q4: %s, 100/0/100/100, Booked or skipped before', (state) => {
    expect(figures(without(state))).toBe('100/0/100/100');
  });

  test('Canceled counts for nothing', () => {
    expect(figures(without('Canceled'))).toBe('100/0/0/0');
  });

  test('of a return are never available for return', () => {
    for (const state of ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'] as const) {
      expect(quantitiesOf(without(state, { itemCategory: 'Return' })).quantityAvailableForReturn).toBe('0');
    }
  });
});

describe('the quantities of a line item with fulfillments', () => {
  const q5 = following(aLine(), [null, f('Booked', '10')]);
  const q6 = following(q5, [f('Booked', '10'), f('SentToBilling', '10')]);

  test('Q5: 10 of 100 Booked, 100/90/10/0', () => {
    expect(figures(q5)).toBe('100/90/10/0');
    expect(completesItself(q5)).toBe(false);
  });

  test.each(['SentToBilling', 'Complete'] as const)('Q6: the 10 are %s, 100/90/10/10, and the line stays', (state) => {
    const line = following(
      q5,
      [f('Booked', '10'), f('SentToBilling', '10')],
      [f('SentToBilling', '10'), f(state, '10')],
    );
    expect(figures(line)).toBe('100/90/10/10');
    expect(completesItself(line)).toBe(false);
  });

  test('Q7: another 90 Executing, then SentToBilling, 100/0/100/100, and the line completes itself', () => {
    const executing = following(q6, [null, f('Executing', '90')]);
    expect(figures(executing)).toBe('100/90/10/10');
    expect(completesItself(executing)).toBe(false);
    const sent = following(executing, [f('Executing', '90'), f('SentToBilling', '90')]);
    expect(figures(sent)).toBe('100/0/100/100');
    expect(completesItself(sent)).toBe(true);
  });

  test('Q12: Booked without any fulfillment, 1/1/0/0', () => {
    const line = aLine({ quantity: '1' });
    expect(figures(line)).toBe('1/1/0/0');
    expect(completesItself(line)).toBe(false);
  });

  test('Q18: its only fulfillment Executing, then Canceled, 10/10/0/0, and the line stays Booked', () => {
    const line = following(
      aLine({ quantity: '10' }),
      [null, f('Executing', '10')],
      [f('Executing', '10'), f('Canceled', '10')],
    );
    expect(figures(line)).toBe('10/10/0/0');
    expect(completesItself(line)).toBe(false);
  });

  test('Executing, all is pending', () => {
    expect(figures(aLine({ itemState: 'Executing' }))).toBe('100/100/0/0');
  });

  test('of a return follow its fulfillments, and none is available for return', () => {
    const line = following(aLine({ itemCategory: 'Return', quantity: '40' }), [null, f('SentToBilling', '10')]);
    expect(figures(line)).toBe('40/30/10/0');
  });
});

describe('a line item completes itself', () => {
  const sent = following(aLine({ quantity: '10' }), [null, f('SentToBilling', '10')]);

  test('when all is sent, whether Canceled ones stand beside it or not', () => {
    expect(completesItself(sent)).toBe(true);
    expect(completesItself(following(sent, [null, f('Canceled', '3')]))).toBe(true);
    expect(completesItself(following(sent, [f('SentToBilling', '10'), f('Complete', '10')]))).toBe(true);
  });

  test('not while one is Booked, though nothing is pending', () => {
    const booked = following(aLine({ quantity: '10' }), [null, f('SentToBilling', '4')], [null, f('Booked', '6')]);
    expect(figures(booked)).toBe('10/0/10/4');
    expect(completesItself(booked)).toBe(false);
    expect(completesItself(following(booked, [f('Booked', '6'), f('SentToBilling', '6')]))).toBe(true);
  });

  test('K2: not while one is Executing; deleting that one completes the line', () => {
    const waiting = following(sent, [null, f('Executing', '10')]);
    expect(completesItself(waiting)).toBe(false);
    expect(completesItself(following(waiting, [f('Executing', '10'), null]))).toBe(true);
  });

  test.each(['Executing', 'SentToBilling', 'Complete', 'Canceled'] as const)('never from %s', (itemState) => {
    expect(completesItself({ ...sent, itemState })).toBe(false);
  });

  test('never without fulfillments', () => {
    expect(completesItself({ ...sent, billingRule: 'TriggerWithoutFulfillment' })).toBe(false);
  });
});

describe('the quantity asked for', () => {
  test('may be all that is available and no more', () => {
    expect(judgeQuantity('10', '10')).toEqual([]);
    expect(told(judgeQuantity('10.000000001', '10'))).toEqual(['QUANTITY_EXCEEDED quantity']);
    expect(judgeQuantity('1', '-5')[0].details).toMatchObject({ requested: '1', available: '0' });
  });
});

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

describe('a new sales line item', () => {
  const base: OrderLineItemInput = { itemName: 'Desk', itemType: 'Product', quantity: '10', amountPerUnit: '30' };
  const judge = (more: Partial<OrderLineItemInput>, taxCodes: string[] = []) =>
    told(judgeLineInput({ ...base, ...more }, '2022-01-10', taxCodes));

  test('is accepted with the least that is required', () => {
    expect(judge({})).toEqual([]);
  });

  test.each<[string, Partial<OrderLineItemInput>, string]>([
    ['a quantity of 0', { quantity: '0' }, 'INVALID_VALUE quantity'],
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
    ['no date to be billed', { itemState: 'SentToBilling' }, 'BILL_TARGET_DATE_REQUIRED billTargetDate'],
  ])('with %s is refused', (_what, more, expected) => {
    expect(judge(more)).toEqual([expected]);
  });

  test('may name a tax code of the entity, and may end on the day it starts', () => {
    expect(judge({ taxCode: 'VAT' }, ['VAT'])).toEqual([]);
    expect(judge({ transactionEndDate: '2022-01-10' })).toEqual([]);
    expect(judge({ invoiceGroupNumber: 'x'.repeat(255), description: 'x'.repeat(500) })).toEqual([]);
  });
});
