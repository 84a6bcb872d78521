import fc from 'fast-check';
import {
  availableForReturn,
  judgeReturn,
  type OrderLineItemState,
  type QuantityFacts,
  quantitiesOf,
  withFulfillment,
  withReturn,
} from '../../src/domain/order-line-item';
import { judgeLineMove } from '../../src/domain/order-line-item-move';
import { aCaller, aLine, billionths, ofBillionths, sumOf, told } from '../support/facts';

const states: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];

/** q/pend/ful/avail, as the worked cases are written. */
const figures = (line: QuantityFacts): string => {
  const { quantityPendingFulfillment: pending, quantityFulfilled, quantityAvailableForReturn } = quantitiesOf(line);
  return [line.quantity, pending, quantityFulfilled, quantityAvailableForReturn].join('/');
};
/** The same of a return, which has nothing available. */
const ofReturn = (line: QuantityFacts): string => figures(line).replace(/\/0$/, '');

const sale = (itemState: OrderLineItemState = 'SentToBilling', more: Partial<QuantityFacts> = {}) =>
  aLine({ billingRule: 'TriggerWithoutFulfillment', itemState, ...more });
const aReturn = (itemState: OrderLineItemState, quantity: string, more: Partial<QuantityFacts> = {}) =>
  aLine({ billingRule: 'TriggerWithoutFulfillment', itemCategory: 'Return', itemState, quantity, ...more });
const sent = (quantity: string) => ({ state: 'SentToBilling' as const, quantity });

const q6 = withFulfillment(aLine(), null, sent('10'));
const q7 = { ...withFulfillment(q6, null, sent('90')), itemState: 'Complete' as const };

describe('what is available for return', () => {
  test.each(['SentToBilling', 'Complete'] as const)(
    'Q8, Q9: of 100 that are %s a return of 40 takes nothing while it is Executing, and 40 from Booked on',
    (state) => {
      const executing = aReturn('Executing', '40');
      const q8 = withReturn(sale(state), null, executing);
      expect([figures(q8), ofReturn(executing)]).toEqual(['100/0/100/100', '40/0/0']);
      for (const later of ['Booked', 'SentToBilling', 'Complete'] as const) {
        const q9 = withReturn(q8, executing, aReturn(later, '40'));
        expect([figures(q9), ofReturn(aReturn(later, '40'))]).toEqual(['100/0/100/60', '40/0/40']);
      }
    },
  );

  test('Q10: a Booked return of 40 with fulfillments takes all 40, though 10 of them have come back', () => {
    const booked = aReturn('Booked', '40', { billingRule: 'TriggerAsFulfillmentOccurs' });
    const received = withFulfillment(booked, null, { state: 'Booked', quantity: '10' });
    expect(ofReturn(received)).toBe('40/30/10');
    expect(figures(withReturn(sale(), null, received))).toBe('100/0/100/60');
  });

  test('Q6, Q7: of a sale with fulfillments it is what was sent, less what was returned', () => {
    expect([figures(q6), figures(q7)]).toEqual(['100/90/10/10', '100/0/100/100']);
    const returned = withReturn(q6, null, aReturn('Booked', '4'));
    expect(figures(returned)).toBe('100/90/10/6');
    expect(figures(withFulfillment(returned, null, sent('90')))).toBe('100/0/100/96');
    expect(figures(withReturn(q7, null, aReturn('Complete', '100')))).toBe('100/0/100/0');
  });

  test('Q20: a return of 11 is refused where 10 of 100 were sent', () => {
    expect(judgeReturn('10', q6)).toEqual([]);
    expect(judgeReturn('11', q6)).toEqual([
      {
        code: 'QUANTITY_EXCEEDED',
        path: ['quantity'],
        message: 'The quantity 11 is more than the 10 available for return.',
        details: { kind: 'QuantityExceeded', requested: '11', available: '10' },
      },
    ]);
  });

  test('Q21: stays what it was when a return goes from Executing to Canceled', () => {
    const before = sale();
    expect(withReturn(before, aReturn('Executing', '40'), aReturn('Canceled', '40'))).toBe(before);
  });

  test('is nothing of what was not sent, in whatever state', () => {
    for (const state of ['Executing', 'Booked', 'Canceled'] as const) expect(availableForReturn(sale(state))).toBe('0');
    expect(availableForReturn(withFulfillment(aLine(), null, { state: 'Booked', quantity: '10' }))).toBe('0');
  });

  test('is nothing of a return, and never less than nothing', () => {
    for (const state of states) expect(availableForReturn(aReturn(state, '40'))).toBe('0');
    expect(availableForReturn(sale('Complete', { returnedQuantity: '100.5' }))).toBe('0');
  });
});

describe('a sale whose return changes', () => {
  test('counts it by its quantity as it is now', () => {
    const booked = withReturn(sale(), null, aReturn('Booked', '40'));
    expect(booked.returnedQuantity).toBe('40');
    expect(withReturn(booked, aReturn('Booked', '40'), aReturn('Booked', '30.5')).returnedQuantity).toBe('30.5');
  });

  test('is the very same where that counts for nothing', () => {
    const line = sale();
    expect(withReturn(line, null, aReturn('Executing', '40'))).toBe(line);
    expect(withReturn(line, aReturn('Executing', '40'), aReturn('Executing', '41'))).toBe(line);
    expect(withReturn(line, aReturn('Booked', '40'), aReturn('SentToBilling', '40.0'))).toBe(line);
  });

  test('changes in nothing but that count', () => {
    expect(withReturn(q6, null, aReturn('Booked', '4'))).toEqual({ ...q6, returnedQuantity: '4' });
  });
});

describe('a return', () => {
  test('may take all that is available, and no more', () => {
    expect(judgeReturn('100', sale())).toEqual([]);
    expect(told(judgeReturn('100.000000001', sale()))).toEqual(['QUANTITY_EXCEEDED quantity']);
    expect(told(judgeReturn('60.1', sale('Complete', { returnedQuantity: '40' })))).toEqual([
      'QUANTITY_EXCEEDED quantity',
    ]);
  });

  test('leaves what is reserved by others of the same request', () => {
    expect(judgeReturn('70', sale(), '30')).toEqual([]);
    expect(judgeReturn('70.5', sale(), '30')[0]).toMatchObject({
      code: 'QUANTITY_EXCEEDED',
      details: { available: '70' },
    });
    // All reserved, or more: the sale itself can be returned, so that the quantity is what is wrong.
    for (const reserved of ['100', '130']) {
      expect(judgeReturn('1', sale(), reserved)[0]).toMatchObject({
        code: 'QUANTITY_EXCEEDED',
        details: { available: '0' },
      });
    }
  });

  test.each<[string, QuantityFacts]>([
    ['Executing', sale('Executing')],
    ['Booked', sale('Booked')],
    ['Canceled', sale('Canceled')],
    ['Booked with fulfillments none of which were sent', aLine({ fulfilledQuantity: '100' })],
    ['returned altogether', sale('Complete', { returnedQuantity: '100' })],
  ])('of a sale that is %s is not allowed', (_what, original) => {
    const [error, ...more] = judgeReturn('1', original);
    expect(more).toEqual([]);
    expect(error).toMatchObject({ code: 'RETURN_NOT_ALLOWED', path: [] });
    expect(error.message).toMatch(/^Nothing of the original line item can be returned/);
  });

  test('of a return is not allowed', () => {
    const [error] = judgeReturn('1', aReturn('Complete', '40'));
    expect([error.code, error.message]).toEqual([
      'RETURN_NOT_ALLOWED',
      'The original line item is a return. Only sales line items can be returned.',
    ]);
  });
});

type Step =
  | { kind: 'send'; quantity: number }
  | { kind: 'return'; quantity: number; state: OrderLineItemState }
  | { kind: 'move'; at: number; to: OrderLineItemState }
  | { kind: 'edit'; at: number; quantity: number };

const quantity = fc.integer({ min: 1, max: 60 });
const anyState = fc.constantFrom(...states);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('send' as const), quantity }),
    fc.record({ kind: fc.constant('return' as const), quantity, state: anyState }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), at: fc.nat({ max: 9 }), to: anyState }) },
    fc.record({ kind: fc.constant('edit' as const), at: fc.nat({ max: 9 }), quantity }),
  ),
  { minLength: 5, maxLength: 40, size: 'max' },
);
/** Multiples of 0.300000003: sums that a float would not get right. */
const decimal = (n: number) => ofBillionths(BigInt(n) * 300_000_003n);

test('whatever is tried, no more comes back than was sent, and what is available is the rest of it', () => {
  const seen: Record<string, number> = {};
  const context = { caller: aCaller(), posted: true };
  const property = fc.property(fc.boolean(), steps, (fulfilled, walk) => {
    let original: QuantityFacts = fulfilled
      ? aLine({ quantity: decimal(200) })
      : sale('SentToBilling', { quantity: decimal(100) });
    const returns: (QuantityFacts & { billTargetDate: string })[] = [];
    for (const step of walk) {
      if (step.kind === 'send') {
        if (fulfilled) original = withFulfillment(original, null, sent(decimal(step.quantity)));
        continue;
      }
      if (step.kind === 'return') {
        const line = { ...aReturn(step.state, decimal(step.quantity)), billTargetDate: '2022-01-01' };
        if (judgeReturn(line.quantity, original).length) continue;
        original = withReturn(original, null, line);
        returns.push(line);
      } else {
        const at = step.at % Math.max(1, returns.length);
        const before = returns[at];
        if (!before) continue;
        const edit = step.kind === 'edit';
        if (edit && (before.itemState !== 'Executing' || judgeReturn(decimal(step.quantity), original).length))
          continue;
        if (!edit && judgeLineMove(before, step.to, { ...context, original }).length) continue;
        returns[at] = edit ? { ...before, quantity: decimal(step.quantity) } : { ...before, itemState: step.to };
        original = withReturn(original, before, returns[at]);
      }
      seen[step.kind] = (seen[step.kind] ?? 0) + 1;
      const counted = returns.filter((line) => ['Booked', 'SentToBilling', 'Complete'].includes(line.itemState));
      const base = billionths(fulfilled ? original.sentQuantity : original.quantity);
      const left = base - sumOf(counted.map((line) => line.quantity));
      expect(left >= 0n).toBe(true);
      expect(billionths(availableForReturn(original))).toBe(left);
    }
  });
  fc.assert(property, { numRuns: 500 });
  expect(Object.keys(seen).sort()).toEqual(['edit', 'move', 'return']);
});

test('whatever the line item, quantity is pending plus fulfilled: with fulfillments always, without from Booked on, and nothing is pending once Canceled', () => {
  const lines = fc.record({
    itemCategory: fc.constantFrom('Sales' as const, 'Return' as const),
    itemState: anyState,
    billingRule: fc.constantFrom('TriggerWithoutFulfillment' as const, 'TriggerAsFulfillmentOccurs' as const),
    quantity: quantity.map(decimal),
    fulfilledQuantity: fc.integer({ min: 0, max: 60 }).map(decimal),
  });
  fc.assert(
    fc.property(lines, (facts) => {
      const line = aLine(facts);
      const { quantityPendingFulfillment: pending, quantityFulfilled: fulfilled } = quantitiesOf(line);
      const without = line.billingRule === 'TriggerWithoutFulfillment';
      if (line.itemState === 'Canceled') {
        expect(pending).toBe('0');
        return;
      }
      const counts = !without || ['Booked', 'SentToBilling', 'Complete'].includes(line.itemState);
      expect(sumOf([pending, fulfilled])).toBe(counts ? billionths(line.quantity) : 0n);
    }),
  );
});
