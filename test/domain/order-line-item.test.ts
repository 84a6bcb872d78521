import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import {
  type Counted,
  judgeQuantity,
  type OrderLineItemState,
  type QuantityFacts,
  quantitiesOf,
  withFulfillment,
} from '../../src/domain/order-line-item';
import { completesItself } from '../../src/domain/order-line-item-move';
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

  test('N8: Canceled, nothing is pending, as without fulfillments', () => {
    expect(figures(aLine({ itemState: 'Canceled', quantity: '10' }))).toBe('10/0/0/0');
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
