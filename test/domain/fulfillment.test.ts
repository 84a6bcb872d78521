import { fulfillmentTypeFor, judgeMove, startStates, targetOf, transitions } from '../../src/domain/fulfillment';
import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import { aCaller, aFulfillment, aLine, told } from '../support/facts';

const states: FulfillmentState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];

/** Zuora's "State transitions for fulfillments" as it is printed: a row per state to leave, a column per state to reach, in the order of `states`. */
const printed: Record<FulfillmentState, string> = {
  Executing: '-   yes yes no  yes',
  Booked: 'no  -   yes no  no',
  SentToBilling: 'no  no  -   yes no',
  Complete: 'no  no  no  -   no',
  Canceled: 'no  no  no  no  -',
};
const moves = states.flatMap((from) =>
  printed[from]
    .split(/ +/)
    .map((cell, at): [FulfillmentState, FulfillmentState, boolean] => [from, states[at], cell === 'yes']),
);
const following = (from: FulfillmentState) => moves.filter((m) => m[0] === from && m[2]).map((m) => m[1]);

/** Everything that a move depends on besides the states speaks for it. */
const permissive = () => ({ line: aLine(), posted: true, caller: aCaller() });
const move = (from: FulfillmentState, to: FulfillmentState) =>
  judgeMove(aFulfillment({ state: from }), to, permissive());

describe('the state machine', () => {
  test.each(moves.filter((m) => m[2]))('allows %s to %s', (from, to) => {
    expect(move(from, to)).toEqual([]);
  });

  test.each(moves.filter((m) => !m[2]))('refuses %s to %s and names what can follow', (from, to) => {
    const [error, ...more] = move(from, to);
    expect(more).toEqual([]);
    expect(error).toMatchObject({ code: 'TRANSITION_NOT_ALLOWED', path: ['state'] });
    expect(error.details).toEqual({ kind: 'FulfillmentTransitionNotAllowed', from, to, allowed: expect.anything() });
    expect('allowed' in error.details! && [...error.details.allowed].sort()).toEqual(following(from).sort());
  });

  test('has five moves and three start states, each with its path in the published text', () => {
    expect(transitions.map(({ path, from, to }) => `${path} ${from} ${to}`).sort()).toEqual([
      '2 Executing Booked',
      '3 Booked SentToBilling',
      '4 SentToBilling Complete',
      '5 Executing SentToBilling',
      '6 Executing Canceled',
    ]);
    expect(startStates.map(({ path, state }) => `${path} ${state}`)).toEqual([
      '1 Executing',
      '2 Booked',
      '7 SentToBilling',
    ]);
  });

  test('has one action per target, so that an action and a state say the same', () => {
    for (const { action, to } of transitions) expect(targetOf[action]).toBe(to);
    expect(targetOf).toEqual({
      Book: 'Booked',
      SendToBilling: 'SentToBilling',
      Complete: 'Complete',
      Cancel: 'Canceled',
    });
  });

  test('has no path out of Complete or Canceled', () => {
    for (const end of ['Complete', 'Canceled']) expect(transitions.filter(({ from }) => from === end)).toEqual([]);
  });

  test('T1: Complete cannot be reached past SentToBilling, neither from Executing nor from Booked', () => {
    expect(told(move('Executing', 'Complete'))).toEqual(['TRANSITION_NOT_ALLOWED state']);
    expect(told(move('Booked', 'Complete'))).toEqual(['TRANSITION_NOT_ALLOWED state']);
  });

  test('T2: what is Booked or SentToBilling can no longer be canceled', () => {
    expect(told(move('Booked', 'Canceled'))).toEqual(['TRANSITION_NOT_ALLOWED state']);
    expect(told(move('SentToBilling', 'Canceled'))).toEqual(['TRANSITION_NOT_ALLOWED state']);
  });

  test('a state that repeats the present one is an error that says so', () => {
    for (const state of states) expect(move(state, state)[0].message).toBe(`The fulfillment is ${state} already.`);
  });

  test('a move that does not exist is refused for that alone, whatever else speaks against it', () => {
    const context = { line: aLine({ itemState: 'Canceled' }), posted: false, caller: aCaller([]) };
    expect(told(judgeMove(aFulfillment({ state: 'Canceled' }), 'Booked', context))).toEqual([
      'TRANSITION_NOT_ALLOWED state',
    ]);
  });

  test('the type follows the category of the line item', () => {
    expect(fulfillmentTypeFor(aLine())).toBe('Delivery');
    expect(fulfillmentTypeFor(aLine({ itemCategory: 'Return' }))).toBe('Return');
  });
});

describe('a move of the machine is refused', () => {
  const judge = (
    from: FulfillmentState,
    to: FulfillmentState,
    context: Partial<Parameters<typeof judgeMove>[2]>,
    more: Partial<Parameters<typeof judgeMove>[0]> = {},
  ) => told(judgeMove(aFulfillment({ state: from, ...more }), to, { ...permissive(), ...context }));

  test.each(['Executing', 'SentToBilling', 'Complete', 'Canceled'] as const)(
    'while the line item is %s; only SentToBilling to Complete goes on while it is Complete',
    (itemState) => {
      for (const { from, to } of transitions) {
        const goesOn = itemState === 'Complete' && to === 'Complete';
        const expected = goesOn ? [] : ['ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId'];
        expect(judge(from, to, { line: aLine({ itemState }) })).toEqual(expected);
      }
    },
  );

  test('where the quantity no longer fits as it leaves Executing to be counted', () => {
    const line = aLine({ fulfilledQuantity: '90.5' });
    for (const to of ['Booked', 'SentToBilling'] as const) {
      const [error] = judgeMove(aFulfillment(), to, { ...permissive(), line });
      expect(error).toMatchObject({
        code: 'QUANTITY_EXCEEDED',
        path: ['quantity'],
        details: { kind: 'QuantityExceeded', requested: '10', available: '9.5' },
      });
      expect(judge('Executing', to, { line }, { quantity: '9.5' })).toEqual([]);
    }
  });

  test('but never for the quantity where it is counted already, or counts no more', () => {
    const line = aLine({ fulfilledQuantity: '100', sentQuantity: '100' });
    expect(judge('Booked', 'SentToBilling', { line })).toEqual([]);
    expect(judge('SentToBilling', 'Complete', { line })).toEqual([]);
    expect(judge('Executing', 'Canceled', { line })).toEqual([]);
  });

  test('to SentToBilling without a billTargetDate, from Executing and from Booked', () => {
    const undated = { billTargetDate: null };
    for (const from of ['Executing', 'Booked'] as const) {
      expect(judge(from, 'SentToBilling', {}, undated)).toEqual(['BILL_TARGET_DATE_REQUIRED billTargetDate']);
    }
    expect(judge('Executing', 'Booked', {}, undated)).toEqual([]);
    expect(judge('Executing', 'Canceled', {}, undated)).toEqual([]);
  });

  test('to Complete until an item of it stands on a posted document; no other move asks for one', () => {
    expect(judge('SentToBilling', 'Complete', { posted: false })).toEqual(['NOT_BILLED_YET state']);
    for (const { from, to } of transitions.filter((row) => row.to !== 'Complete')) {
      expect(judge(from, to, { posted: false })).toEqual([]);
    }
  });

  test('to a client without the scope fulfill', () => {
    const caller = aCaller(['read', 'order', 'edit-booked', 'bill', 'pay', 'admin']);
    for (const { from, to } of transitions) expect(judge(from, to, { caller })).toEqual(['PERMISSION_DENIED state']);
    expect(judge('Executing', 'Booked', { caller: aCaller(['fulfill']) })).toEqual([]);
  });

  test('with every reason at once', () => {
    const context = { line: aLine({ itemState: 'Canceled', fulfilledQuantity: '95' }), caller: aCaller([]) };
    expect(judge('Executing', 'SentToBilling', context, { billTargetDate: null })).toEqual([
      'PERMISSION_DENIED state',
      'ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId',
      'QUANTITY_EXCEEDED quantity',
      'BILL_TARGET_DATE_REQUIRED billTargetDate',
    ]);
  });
});
