import fc from 'fast-check';
import { judgeOrder, type OrderInput, type OrderState, orderStateOf } from '../../src/domain/order';
import type { OrderLineItemState } from '../../src/domain/order-line-item';
import { told } from '../support/facts';

const all: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];

describe('the state of an order', () => {
  test('T12: Complete and Canceled line items make it Complete; Complete and SentToBilling leave it Executing', () => {
    expect(orderStateOf(['Complete', 'Canceled'])).toBe('Complete');
    expect(orderStateOf(['Complete', 'SentToBilling'])).toBe('Executing');
  });

  test.each<[OrderLineItemState, OrderState]>([
    ['Executing', 'Executing'],
    ['Booked', 'Executing'],
    ['SentToBilling', 'Executing'],
    ['Complete', 'Complete'],
    ['Canceled', 'Canceled'],
  ])('is, when every line item is %s, %s', (state, expected) => {
    expect(orderStateOf([state])).toBe(expected);
    expect(orderStateOf([state, state, state])).toBe(expected);
  });

  test('is Executing as soon as one line item is under way, whatever the others are and in whatever order', () => {
    const open = fc.constantFrom<OrderLineItemState>('Executing', 'Booked', 'SentToBilling');
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all)), open, fc.nat(), (states, state, at) => {
        const place = at % (states.length + 1);
        expect(orderStateOf([...states.slice(0, place), state, ...states.slice(place)])).toBe('Executing');
      }),
    );
  });

  test('goes by which states occur and not by how often', () => {
    expect(orderStateOf(['Canceled', 'Complete', 'Canceled', 'Canceled'])).toBe('Complete');
  });
});

describe('an order', () => {
  const judge = (more: Partial<OrderInput>) =>
    told(judgeOrder({ existingAccountNumber: 'A00000001', orderDate: '2022-01-01', orderLineItems: [{}], ...more }));

  test('is accepted with its longest values and 100 line items', () => {
    const more = { orderNumber: 'x'.repeat(100), description: 'x'.repeat(500), reasonCode: 'x'.repeat(255) };
    expect(judge({ ...more, existingAccountNumber: 'x'.repeat(70), orderLineItems: Array(100).fill({}) })).toEqual([]);
  });

  test.each<[string, Partial<OrderInput>, string]>([
    ['no line item', { orderLineItems: [] }, 'REQUIRED orderLineItems'],
    ['101 line items', { orderLineItems: Array(101).fill({}) }, 'LIMIT_EXCEEDED orderLineItems'],
    ['a # in its number', { orderNumber: 'a#b' }, 'INVALID_VALUE orderNumber'],
    ['a ? in its number', { orderNumber: 'a?b' }, 'INVALID_VALUE orderNumber'],
    ['a / in its number', { orderNumber: 'a/b' }, 'INVALID_VALUE orderNumber'],
    ['a blank number', { orderNumber: '' }, 'INVALID_VALUE orderNumber'],
    ['a long number', { orderNumber: 'x'.repeat(101) }, 'INVALID_VALUE orderNumber'],
    ['the number of an id', { orderNumber: '0'.repeat(32) }, 'INVALID_VALUE orderNumber'],
    ['a long account number', { existingAccountNumber: 'x'.repeat(71) }, 'INVALID_VALUE existingAccountNumber'],
    ['a long description', { description: 'x'.repeat(501) }, 'INVALID_VALUE description'],
    ['a long reason', { reasonCode: 'x'.repeat(256) }, 'INVALID_VALUE reasonCode'],
  ])('with %s is refused', (_what, more, expected) => {
    expect(judge(more)).toEqual([expected]);
  });
});
