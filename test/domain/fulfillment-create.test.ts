import { userErrorCodes } from '../../src/domain/errors';
import { fulfillmentTypeFor, inUnitOf } from '../../src/domain/fulfillment';
import { type FulfillmentInput, judgeCreate, judgeLine } from '../../src/domain/fulfillment-create';
import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import type { OrderLineItemState, QuantityFacts } from '../../src/domain/order-line-item';
import { withFulfillment } from '../../src/domain/order-line-item';
import { aLine, anInput, someSettings, told } from '../support/facts';

const settings = someSettings();

const judge = (input: Partial<FulfillmentInput>, line: Partial<QuantityFacts> = {}, reserved = '0') =>
  told(judgeCreate(anInput(input), aLine(line), reserved, settings));

/** Judges the entries of one request on one line as the service does, each behind those before it. */
function judgeRequest(entries: Partial<FulfillmentInput>[], before: ReturnType<typeof aLine>): string[][] {
  let line = before;
  let reserved = 0;
  return entries.map((entry) => {
    const input = anInput(entry);
    const errors = told(judgeCreate(input, line, String(reserved), settings));
    if (errors.length === 0) {
      const state = input.state ?? 'Executing';
      line = withFulfillment(line, null, { state, quantity: input.quantity });
      if (state === 'Executing') reserved += Number(input.quantity);
    }
    return errors;
  });
}

describe('the start state', () => {
  test.each<[FulfillmentState, boolean]>([
    ['Executing', true],
    ['Booked', true],
    ['SentToBilling', true],
    ['Complete', false],
    ['Canceled', false],
  ])('%s is one: %s', (state, allowed) => {
    expect(judge({ state })).toEqual(allowed ? [] : ['STATE_NOT_CREATABLE state']);
  });

  test('T3: Complete and Canceled are refused, and the error names the states that are allowed', () => {
    for (const state of ['Complete', 'Canceled'] as const) {
      const [error] = judgeCreate(anInput({ state }), aLine(), '0', settings);
      expect(error).toMatchObject({
        code: 'STATE_NOT_CREATABLE',
        path: ['state'],
        details: {
          kind: 'FulfillmentTransitionNotAllowed',
          from: null,
          to: state,
          allowed: ['Executing', 'Booked', 'SentToBilling'],
        },
      });
    }
  });

  test('is Executing where none is given', () => {
    expect(judge({ state: undefined, billTargetDate: null })).toEqual([]);
    expect(judge({ state: null, billTargetDate: null })).toEqual([]);
  });

  test('SentToBilling needs a billTargetDate, the others do not', () => {
    for (const billTargetDate of [null, undefined]) {
      expect(judge({ state: 'SentToBilling', billTargetDate })).toEqual(['BILL_TARGET_DATE_REQUIRED billTargetDate']);
      expect(judge({ state: 'Booked', billTargetDate })).toEqual([]);
      expect(judge({ state: 'Executing', billTargetDate })).toEqual([]);
    }
  });
});

describe('the line item', () => {
  test.each<OrderLineItemState>(['Executing', 'SentToBilling', 'Complete', 'Canceled'])(
    'T8: takes no fulfillment while it is %s',
    (itemState) => {
      expect(judge({}, { itemState })).toEqual(['ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId']);
    },
  );

  test('T8: takes none with the billing rule TriggerWithoutFulfillment, in whatever state', () => {
    const billingRule = 'TriggerWithoutFulfillment';
    for (const itemState of ['Booked', 'Executing', 'Complete'] as const) {
      expect(judge({}, { billingRule, itemState })).toEqual(['BILLING_RULE_MISMATCH orderLineItemId']);
    }
  });

  test('is judged alike without an input', () => {
    expect(told(judgeLine(aLine()))).toEqual([]);
    expect(told(judgeLine(aLine({ itemState: 'Executing' })))).toEqual(['ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId']);
  });

  test('T11: takes its 100th fulfillment and refuses the 101st, whatever became of the others', () => {
    expect(judge({}, { fulfillmentCount: 99 })).toEqual([]);
    expect(judge({}, { fulfillmentCount: 100 })).toEqual(['LIMIT_EXCEEDED orderLineItemId']);
    const entries = Array.from({ length: 101 }, () => ({ quantity: '0.5' }));
    const outcome = judgeRequest(entries, aLine());
    expect(outcome.slice(0, 100).flat()).toEqual([]);
    expect(outcome[100]).toEqual(['LIMIT_EXCEEDED orderLineItemId']);
  });

  test('wants Delivery for sales and Return for returns; a type left out fits both', () => {
    for (const itemCategory of ['Sales', 'Return'] as const) {
      const right = fulfillmentTypeFor({ itemCategory });
      const wrong = right === 'Delivery' ? 'Return' : 'Delivery';
      expect(judge({ fulfillmentType: right }, { itemCategory })).toEqual([]);
      expect(judge({ fulfillmentType: null }, { itemCategory })).toEqual([]);
      expect(judge({ fulfillmentType: wrong }, { itemCategory })).toEqual(['TYPE_MISMATCH fulfillmentType']);
    }
  });
});

describe('the quantity', () => {
  test('Q13: beside 10 fulfilled of 100, 91 is refused with what is left, and 90 is not', () => {
    const line = aLine({ fulfilledQuantity: '10', sentQuantity: '10', fulfillmentCount: 1 });
    const [error, ...more] = judgeCreate(anInput({ quantity: '91' }), line, '0', settings);
    expect(more).toEqual([]);
    expect(error).toMatchObject({
      code: 'QUANTITY_EXCEEDED',
      path: ['quantity'],
      details: { kind: 'QuantityExceeded', requested: '91', available: '90' },
    });
    expect(told(judgeCreate(anInput({ quantity: '90' }), line, '0', settings))).toEqual([]);
    expect(told(judgeCreate(anInput({ quantity: '90.000000001' }), line, '0', settings))).toEqual([
      'QUANTITY_EXCEEDED quantity',
    ]);
  });

  test.each<[FulfillmentState, FulfillmentState]>([
    ['Executing', 'Executing'],
    ['Executing', 'Booked'],
    ['Booked', 'Executing'],
    ['Booked', 'SentToBilling'],
    ['SentToBilling', 'SentToBilling'],
  ])('Q15: 60 and 60 of 100 in one request do not fit, as %s and %s', (one, two) => {
    const entries = [
      { quantity: '60', state: one },
      { quantity: '60', state: two },
    ];
    expect(judgeRequest(entries, aLine())).toEqual([[], ['QUANTITY_EXCEEDED quantity']]);
    expect(judgeRequest([entries[0], { ...entries[1], quantity: '40' }], aLine())).toEqual([[], []]);
  });

  test('what Executing entries before it in the request reserve is not available, and never told as less than 0', () => {
    const details = (reserved: string) =>
      judgeCreate(anInput({ quantity: '41' }), aLine(), reserved, settings)[0]?.details;
    expect(details('59')).toBeUndefined();
    expect(details('60')).toEqual({ kind: 'QuantityExceeded', requested: '41', available: '40' });
    expect(details('160')).toEqual({ kind: 'QuantityExceeded', requested: '41', available: '0' });
  });

  test('of Executing fulfillments of earlier requests reserves nothing', () => {
    expect(judge({ quantity: '100' }, { fulfillmentCount: 1, openFulfillmentCount: 1 })).toEqual([]);
  });

  test.each(['0', '-1', '-0.000000001'])('%s is refused as a value and not as too much', (quantity) => {
    expect(judge({ quantity })).toEqual(['INVALID_VALUE quantity']);
    expect(judge({ quantity }, { fulfilledQuantity: '100' })).toEqual(['INVALID_VALUE quantity']);
  });

  test('is not judged against a line item that takes no fulfillments', () => {
    expect(judge({ quantity: '500' }, { itemState: 'Executing' })).toEqual([
      'ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId',
    ]);
  });
});

describe('the texts', () => {
  const texts = ['carrier', 'trackingNumber', 'fulfillmentSystem', 'fulfillmentLocation', 'externalId'] as const;

  test.each(texts)('%s holds 255 characters and no more', (field) => {
    expect(judge({ [field]: 'x'.repeat(255) })).toEqual([]);
    expect(judge({ [field]: 'x'.repeat(256) })).toEqual([`INVALID_VALUE ${field}`]);
  });

  test('the description holds 500', () => {
    expect(judge({ description: 'x'.repeat(500) })).toEqual([]);
    expect(judge({ description: 'x'.repeat(501) })).toEqual(['INVALID_VALUE description']);
  });

  test.each([...texts, 'description'] as const)('%s takes no nul byte and no character of four bytes', (field) => {
    expect(judge({ [field]: 'a\u0000b' })).toEqual([`INVALID_VALUE ${field}`]);
    expect(judge({ [field]: 'a😀b' })).toEqual([`INVALID_VALUE ${field}`]);
    expect(judge({ [field]: 'Grüße, 東京' })).toEqual([]);
  });

  test('ten errors are enough: nothing more of an entry is judged', () => {
    const customFields = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`wrong${at}`, 1]));
    expect(judge({ customFields })).toHaveLength(10);
    const fulfillmentItems = Array.from({ length: 100 }, () => ({ customFields: { wrong: 1 } }));
    const errors = judge({ quantity: '100', state: 'Booked', fulfillmentItems });
    expect([errors.length, errors.at(-1)]).toEqual([10, 'INVALID_VALUE fulfillmentItems.9.customFields.wrong']);
  });

  test('custom fields are told apart by their names', () => {
    expect(judge({ customFields: { color__c: 'red', Tag: 'x', 'a b__c': 1, deep__c: { a: 1 } } })).toEqual([
      'INVALID_VALUE customFields.Tag',
      'INVALID_VALUE customFields.a b__c',
      'INVALID_VALUE customFields.deep__c',
    ]);
  });
});

test('every reason is given at once', () => {
  const input: Partial<FulfillmentInput> = {
    state: 'Canceled',
    fulfillmentType: 'Return',
    quantity: '101',
    description: 'x'.repeat(501),
    customFields: { plain: 1 },
  };
  expect(judge(input, { fulfillmentCount: 100 }).sort()).toEqual([
    'INVALID_VALUE customFields.plain',
    'INVALID_VALUE description',
    'LIMIT_EXCEEDED orderLineItemId',
    'QUANTITY_EXCEEDED quantity',
    'STATE_NOT_CREATABLE state',
    'TYPE_MISMATCH fulfillmentType',
  ]);
});

test('each reason has the published category of its situation', () => {
  const category = (input: Partial<FulfillmentInput>, line: Partial<QuantityFacts> = {}) =>
    judgeCreate(anInput(input), aLine(line), '0', settings).map((error) => userErrorCodes[error.code].category);
  expect(category({ state: 'Complete' })).toEqual([30]);
  expect(category({ fulfillmentType: 'Return' })).toEqual([20]);
  expect(category({ quantity: '0' })).toEqual([20]);
  expect(category({ quantity: '101' })).toEqual([30]);
  expect(category({ state: 'SentToBilling', billTargetDate: null })).toEqual([22]);
  expect(category({}, { itemState: 'Executing' })).toEqual([30]);
  expect(category({}, { billingRule: 'TriggerWithoutFulfillment' })).toEqual([30]);
  expect(category({}, { fulfillmentCount: 100 })).toEqual([30]);
});

describe('the settings of the entity', () => {
  const units = [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' }] as const;
  const line = aLine({ unitOfMeasure: 'Each' });
  const judged = (input: Partial<FulfillmentInput>, more: Partial<typeof settings>) => {
    const given = someSettings(more);
    return judgeCreate(inUnitOf(line, anInput(input), '100', given), line, '0', given);
  };

  test('A12: the quantity is judged as its unit keeps it: 100.9 of 100 is 100', () => {
    expect(inUnitOf(line, anInput({ quantity: '4.6' }), '100', someSettings({ units })).quantity).toBe('4');
    expect(told(judged({ quantity: '100.9' }, { units }))).toEqual([]);
    expect(told(judged({ quantity: '100.9' }, {}))).toEqual(['QUANTITY_EXCEEDED quantity']);
  });

  test('refuse a quantity that its unit rounds to 0, and say which unit', () => {
    expect(judged({ quantity: '0.9' }, { units })).toMatchObject([
      { code: 'INVALID_VALUE', message: 'quantity is 0 in the unit Each, but must be above 0.', path: ['quantity'] },
    ]);
    expect(told(judged({ quantity: '0.9' }, {}))).toEqual([]);
  });

  test('refuse a carrier, system or location that is not in its list', () => {
    const lists = { carriers: ['UPS'], fulfillmentSystems: ['ERP'], fulfillmentLocations: ['Oslo'] };
    const named = { carrier: 'UPS', fulfillmentSystem: 'ERP', fulfillmentLocation: 'Oslo' };
    expect(told(judged(named, lists))).toEqual([]);
    expect(told(judged({ ...named, carrier: 'ups', fulfillmentLocation: 'Rome' }, lists))).toEqual([
      'INVALID_VALUE carrier',
      'INVALID_VALUE fulfillmentLocation',
    ]);
  });
});
