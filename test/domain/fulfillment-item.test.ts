import { scopes } from '../../src/domain/caller';
import { fulfillmentStates } from '../../src/domain/fulfillment';
import { judgeChange } from '../../src/domain/fulfillment-change';
import { type FulfillmentInput, judgeCreate } from '../../src/domain/fulfillment-create';
import {
  checkItem,
  type FulfillmentItemInput,
  judgeItemChange,
  judgeItemOf,
  judgeItems,
  takesItems,
} from '../../src/domain/fulfillment-item';
import { aCaller, aFulfillment, aLine, anInput, someSettings, told } from '../support/facts';

const booked = (quantity: string) => aFulfillment({ state: 'Booked', quantity });

describe('the states', () => {
  test('a fulfillment takes items in any state but Executing and Canceled', () => {
    expect(fulfillmentStates.filter(takesItems)).toEqual(['Booked', 'SentToBilling', 'Complete']);
  });

  test('T10: an Executing fulfillment takes none', () => {
    expect(told(judgeItems(aFulfillment({ state: 'Executing' }), 1))).toEqual(['ITEMS_NOT_ALLOWED']);
  });

  test('a Canceled one takes none, and those that it may have stay as they are', () => {
    expect(told(judgeItems(aFulfillment({ state: 'Canceled' }), 1))).toEqual(['ITEMS_NOT_ALLOWED']);
    for (const state of fulfillmentStates) {
      expect(told(judgeItemOf({ state }))).toEqual(state === 'Canceled' ? ['ITEMS_NOT_ALLOWED'] : []);
    }
  });
});

describe('the number of items', () => {
  test('T10: 3 items on quantity 2 are refused with both numbers, 2 are not', () => {
    expect(judgeItems(booked('2'), 2)).toEqual([]);
    const [error, ...more] = judgeItems(booked('2'), 3);
    expect(more).toEqual([]);
    expect(error).toMatchObject({
      code: 'QUANTITY_EXCEEDED',
      details: { kind: 'QuantityExceeded', requested: '3', available: '2' },
    });
  });

  test.each<[string, number]>([
    ['0.5', 0],
    ['1', 1],
    ['2.999999999', 2],
    ['3.000000001', 3],
    ['99.999999999', 99],
  ])('on the quantity %s is at most %d', (quantity, most) => {
    expect(told(judgeItems(booked(quantity), most))).toEqual([]);
    expect(told(judgeItems(booked(quantity), most + 1))).toEqual(['QUANTITY_EXCEEDED']);
  });

  test('is at most 100, whatever the quantity', () => {
    expect(told(judgeItems(booked('9999999999999'), 100))).toEqual([]);
    expect(told(judgeItems(booked('9999999999999'), 101))).toEqual(['LIMIT_EXCEEDED']);
    expect(told(judgeItems(booked('50'), 101))).toEqual(['QUANTITY_EXCEEDED', 'LIMIT_EXCEEDED']);
  });
});

describe('the values of an item', () => {
  test('are all optional', () => {
    expect(checkItem({})).toEqual([]);
    expect(checkItem({ itemIdentifier: null, description: null, customFields: null })).toEqual([]);
  });

  test('itemIdentifier holds 255 characters, the description 500', () => {
    expect(checkItem({ itemIdentifier: 'x'.repeat(255), description: 'x'.repeat(500) })).toEqual([]);
    expect(told(checkItem({ itemIdentifier: 'x'.repeat(256), description: 'x'.repeat(501) }))).toEqual([
      'INVALID_VALUE itemIdentifier',
      'INVALID_VALUE description',
    ]);
  });

  test('take no nul byte and no character of four bytes, and custom fields only by names that end in __c', () => {
    expect(told(checkItem({ itemIdentifier: 'a\0b', description: '😀', customFields: { color: 1 } }))).toEqual([
      'INVALID_VALUE itemIdentifier',
      'INVALID_VALUE description',
      'INVALID_VALUE customFields.color',
    ]);
  });

  test('of a change are checked alike, and one that names no field is refused', () => {
    expect(told(judgeItemChange({}))).toEqual(['REQUIRED']);
    expect(told(judgeItemChange({ itemIdentifier: undefined }))).toEqual(['REQUIRED']);
    expect(judgeItemChange({ itemIdentifier: null })).toEqual([]);
    expect(told(judgeItemChange({ itemIdentifier: 'x'.repeat(256) }))).toEqual(['INVALID_VALUE itemIdentifier']);
  });
});

describe('items that come with a new fulfillment', () => {
  const judge = (fulfillmentItems: FulfillmentItemInput[] | null, more: Partial<FulfillmentInput> = {}) =>
    told(
      judgeCreate(
        anInput({ state: 'Booked', fulfillmentItems, ...more }),
        aLine({ quantity: '1000' }),
        '0',
        someSettings(),
      ),
    );
  const some = (count: number): FulfillmentItemInput[] => Array(count).fill({ itemIdentifier: 'A' });

  test('are taken where it starts as Booked or SentToBilling, and refused where it starts as Executing', () => {
    expect(judge(some(2))).toEqual([]);
    expect(judge(some(2), { state: 'SentToBilling' })).toEqual([]);
    for (const state of ['Executing', null, undefined] as const) {
      expect(judge(some(2), { state })).toEqual(['ITEMS_NOT_ALLOWED fulfillmentItems']);
    }
  });

  test('are none where the list is empty or null', () => {
    expect(judge([], { state: 'Executing' })).toEqual([]);
    expect(judge(null, { state: 'Executing' })).toEqual([]);
  });

  test('T10: 3 items on quantity 2 are refused', () => {
    expect(judge(some(2), { quantity: '2' })).toEqual([]);
    expect(judge(some(3), { quantity: '2' })).toEqual(['QUANTITY_EXCEEDED fulfillmentItems']);
  });

  test('are at most 100; those of a longer list are not looked into', () => {
    expect(judge(some(100), { quantity: '500' })).toEqual([]);
    expect(judge(Array(101).fill({ description: '\0' }), { quantity: '500' })).toEqual([
      'LIMIT_EXCEEDED fulfillmentItems',
    ]);
  });

  test('are not judged against a quantity that is refused as a value', () => {
    expect(judge(some(1), { quantity: '0' })).toEqual(['INVALID_VALUE quantity']);
  });

  test('are told apart by their places', () => {
    expect(judge([{}, { itemIdentifier: 'x'.repeat(256) }, { customFields: { a: 1 } }])).toEqual([
      'INVALID_VALUE fulfillmentItems.1.itemIdentifier',
      'INVALID_VALUE fulfillmentItems.2.customFields.a',
    ]);
  });
});

describe('a change of the quantity', () => {
  test('below the number of items is refused with both numbers', () => {
    const judge = (quantity: string) => judgeChange(booked('5'), { quantity }, aLine(), aCaller(scopes), null, 3);
    expect(judge('3')).toEqual([]);
    expect(judge('2.999999999')).toMatchObject([
      { code: 'QUANTITY_EXCEEDED', path: ['quantity'], details: { requested: '3', available: '2.999999999' } },
    ]);
    expect(told(judge('0'))).toEqual(['INVALID_VALUE quantity']);
  });
});
