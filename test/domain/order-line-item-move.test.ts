import { type BillingRule, type OrderLineItemState, type QuantityFacts } from '../../src/domain/order-line-item';
import {
  enterLine,
  judgeLineMove,
  type LineMoveContext,
  movesFrom,
  orderLineItemTransitions,
} from '../../src/domain/order-line-item-move';
import { aCaller, aLine, told } from '../support/facts';

const states: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];
const rules: BillingRule[] = ['TriggerWithoutFulfillment', 'TriggerAsFulfillmentOccurs'];

/** As they are published: a row per state to leave, a column per state to reach, in the order of `states`. */
const printed: Record<BillingRule, Record<OrderLineItemState, string>> = {
  TriggerWithoutFulfillment: {
    Executing: '-   yes yes yes yes',
    Booked: 'no  -   yes yes no',
    SentToBilling: 'no  no  -   yes no',
    Complete: 'no  no  no  -   no',
    Canceled: 'no  no  no  no  -',
  },
  TriggerAsFulfillmentOccurs: {
    Executing: '-   yes no  no     yes',
    Booked: 'no  -   no  system no',
    SentToBilling: 'no  no  -   no     no',
    Complete: 'no  no  no  -      no',
    Canceled: 'no  no  no  no     -',
  },
};
type Move = [BillingRule, OrderLineItemState, OrderLineItemState, string];
const moves = rules.flatMap((rule) =>
  states.flatMap((from) => printed[rule][from].split(/ +/).map((cell, at): Move => [rule, from, states[at], cell])),
);
const legal = moves.filter(([, , , cell]) => cell === 'yes');
const following = (rule: BillingRule, from: OrderLineItemState) =>
  legal.filter((move) => move[0] === rule && move[1] === from).map((move) => move[2]);

/** Everything that a move depends on besides the states speaks for it. */
const permissive = (): LineMoveContext => ({ caller: aCaller(), posted: true, original: null });
const line = (more: Partial<Parameters<typeof judgeLineMove>[0]> = {}) => ({
  ...aLine(),
  billTargetDate: '2022-01-01',
  ...more,
});
const move = (billingRule: BillingRule, itemState: OrderLineItemState, to: OrderLineItemState) =>
  judgeLineMove(line({ billingRule, itemState }), to, permissive());

describe('the state machines of line items', () => {
  test.each(legal)('%s: %s may go to %s', (rule, from, to) => {
    expect(move(rule, from, to)).toEqual([]);
  });

  test.each(moves.filter(([, , , cell]) => cell !== 'yes'))('%s: %s may not go to %s', (rule, from, to) => {
    const [error, ...more] = move(rule, from, to);
    expect(more).toEqual([]);
    expect(error).toMatchObject({ code: 'TRANSITION_NOT_ALLOWED', path: ['itemState'] });
    expect(error.details).toEqual({
      kind: 'OrderLineItemTransitionNotAllowed',
      from,
      to,
      allowed: following(rule, from),
    });
  });

  test('hold the rows of both tables and no others, one of which is made by the system', () => {
    const rows = moves.filter(([, , , cell]) => cell === 'yes' || cell === 'system');
    const written = (all: string[]) => all.sort();
    expect(
      written(orderLineItemTransitions.map((row) => [row.billingRule, row.from, row.to, row.by].join(' '))),
    ).toEqual(
      written(rows.map(([rule, from, to, cell]) => [rule, from, to, cell === 'yes' ? 'caller' : cell].join(' '))),
    );
  });

  test('have one action per target, so that an action and a state say the same', () => {
    const targets = { Book: 'Booked', SendToBilling: 'SentToBilling', Complete: 'Complete', Cancel: 'Canceled' };
    for (const { action, to } of orderLineItemTransitions) expect(targets[action]).toBe(to);
  });

  test('are the same for sales and returns', () => {
    const original = aLine({ billingRule: 'TriggerWithoutFulfillment', itemState: 'Complete' });
    for (const [billingRule, itemState, to, cell] of moves) {
      const errors = judgeLineMove(line({ billingRule, itemState, itemCategory: 'Return' }), to, {
        ...permissive(),
        original,
      });
      expect([billingRule, itemState, to, errors.length === 0]).toEqual([billingRule, itemState, to, cell === 'yes']);
    }
  });

  test('have no path out of Complete or Canceled', () => {
    const reached = (billingRule: BillingRule, from: OrderLineItemState): Set<OrderLineItemState> => {
      const found = new Set([from]);
      for (const state of found) for (const { to } of movesFrom({ billingRule, itemState: state })) found.add(to);
      return found;
    };
    for (const rule of rules) {
      for (const end of ['Complete', 'Canceled'] as const) expect([...reached(rule, end)]).toEqual([end]);
    }
    expect(reached('TriggerWithoutFulfillment', 'Executing').size).toBe(5);
    expect([...reached('TriggerAsFulfillmentOccurs', 'Executing')]).not.toContain('SentToBilling');
  });

  test('T9: a caller cannot complete a line item with fulfillments, and is told that it completes itself', () => {
    const [error] = move('TriggerAsFulfillmentOccurs', 'Booked', 'Complete');
    expect(told([error])).toEqual(['TRANSITION_NOT_ALLOWED itemState']);
    expect(error.message).toBe(
      'A line item with fulfillments becomes Complete by itself: when nothing is pending and every fulfillment is SentToBilling, Complete or Canceled.',
    );
  });

  test('say what can follow, that nothing can, or that the state is there already', () => {
    expect(move('TriggerWithoutFulfillment', 'Booked', 'Canceled')[0].message).toBe(
      'A line item without fulfillments cannot go from Booked to Canceled; SentToBilling, Complete can follow.',
    );
    expect(move('TriggerAsFulfillmentOccurs', 'Executing', 'SentToBilling')[0].message).toBe(
      'A line item with fulfillments cannot go from Executing to SentToBilling; Booked, Canceled can follow.',
    );
    expect(move('TriggerWithoutFulfillment', 'Complete', 'Booked')[0].message).toBe(
      'A line item without fulfillments cannot go from Complete to Booked; nothing can follow.',
    );
    for (const rule of rules) {
      for (const state of states)
        expect(move(rule, state, state)[0].message).toBe(`The line item is ${state} already.`);
    }
  });

  test('refuse a move that does not exist for that alone, whatever else speaks against it', () => {
    const context = { caller: aCaller([]), posted: false, original: aLine() };
    expect(told(judgeLineMove(line({ itemState: 'Canceled', billTargetDate: null }), 'Booked', context))).toEqual([
      'TRANSITION_NOT_ALLOWED itemState',
    ]);
  });
});

describe('a move of a line item is refused', () => {
  const judge = (
    [billingRule, itemState, to]: Move | [BillingRule, OrderLineItemState, OrderLineItemState],
    context: Partial<LineMoveContext>,
    more: Partial<Parameters<typeof judgeLineMove>[0]> = {},
  ) => told(judgeLineMove(line({ billingRule, itemState, ...more }), to, { ...permissive(), ...context }));

  test('to SentToBilling without a billTargetDate; no other move asks for one', () => {
    for (const each of legal) {
      const expected = each[2] === 'SentToBilling' ? ['BILL_TARGET_DATE_REQUIRED billTargetDate'] : [];
      expect(judge(each, {}, { billTargetDate: null })).toEqual(expected);
    }
  });

  test('from SentToBilling to Complete until it stands on a posted document; no other move asks for one', () => {
    for (const each of legal) {
      const expected = each[1] === 'SentToBilling' ? ['NOT_BILLED_YET itemState'] : [];
      expect(judge(each, { posted: false })).toEqual(expected);
    }
  });

  test('to a client without the scope order', () => {
    const others = aCaller(['read', 'fulfill', 'edit-booked', 'bill', 'pay', 'admin']);
    for (const each of legal) expect(judge(each, { caller: others })).toEqual(['PERMISSION_DENIED itemState']);
    for (const each of legal) expect(judge(each, { caller: aCaller(['order']) })).toEqual([]);
  });

  test('with every reason at once', () => {
    const against = { caller: aCaller([]), original: aLine({ sentQuantity: '99' }) };
    const more = { billTargetDate: null, itemCategory: 'Return' as const };
    expect(judge(['TriggerWithoutFulfillment', 'Executing', 'SentToBilling'], against, more)).toEqual([
      'PERMISSION_DENIED itemState',
      'BILL_TARGET_DATE_REQUIRED billTargetDate',
      'QUANTITY_EXCEEDED quantity',
    ]);
    expect(judge(['TriggerWithoutFulfillment', 'SentToBilling', 'Complete'], { ...against, posted: false })).toEqual([
      'PERMISSION_DENIED itemState',
      'NOT_BILLED_YET itemState',
    ]);
  });
});

describe('a move of a return', () => {
  const sale = (more: Partial<QuantityFacts> = {}): QuantityFacts =>
    aLine({ billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', ...more });
  const judge = ([billingRule, itemState, to]: Move, original: QuantityFacts, quantity = '40') =>
    judgeLineMove(line({ itemCategory: 'Return', billingRule, itemState, quantity }), to, {
      ...permissive(),
      original,
    });
  const counting = legal.filter(([, from, to]) => from === 'Executing' && to !== 'Canceled');

  test.each(counting)('%s: from %s to %s takes no more than is available by then', (...each) => {
    expect(judge(each, sale({ returnedQuantity: '60' }))).toEqual([]);
    expect(judge(each, sale({ returnedQuantity: '60.5' }))).toEqual([
      {
        code: 'QUANTITY_EXCEEDED',
        path: ['quantity'],
        message: 'The quantity 40 is more than the 39.5 available for return.',
        details: { kind: 'QuantityExceeded', requested: '40', available: '39.5' },
      },
    ]);
    expect(told(judge(each, sale({ returnedQuantity: '100' })))).toEqual(['RETURN_NOT_ALLOWED']);
  });

  test('that is counted already, or is canceled, asks for nothing more', () => {
    for (const each of legal.filter((one) => !counting.includes(one))) {
      expect(judge(each, sale({ returnedQuantity: '100' }))).toEqual([]);
    }
  });
});

describe('a line item that enters a state', () => {
  const before = {
    itemState: 'Executing' as OrderLineItemState,
    sentToBillingDate: null as string | null,
    quantity: '1',
  };

  test('leaves the date behind where it is SentToBilling, and keeps it from then on', () => {
    const sent = enterLine(before, 'SentToBilling', '2022-01-01T00:00:00.000Z');
    expect(sent).toEqual({ itemState: 'SentToBilling', sentToBillingDate: '2022-01-01T00:00:00.000Z', quantity: '1' });
    expect(enterLine(sent, 'Complete', '2022-02-02T00:00:00.000Z')).toEqual({ ...sent, itemState: 'Complete' });
  });

  test('has no such date where it went past SentToBilling', () => {
    for (const state of ['Booked', 'Complete', 'Canceled'] as const) {
      expect(enterLine(before, state, 'now')).toEqual({ ...before, itemState: state });
    }
  });
});
