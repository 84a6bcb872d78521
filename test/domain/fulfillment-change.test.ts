import { scopes } from '../../src/domain/caller';
import { userErrorCodes } from '../../src/domain/errors';
import { enter, type FulfillmentFacts, inUnitOf, judgeMove } from '../../src/domain/fulfillment';
import {
  dependsOnSettings,
  editableFields,
  type FulfillmentChange,
  judgeChange,
  judgeDelete,
  judgeNamed,
  leftFor,
  withoutRepetition,
} from '../../src/domain/fulfillment-change';
import { updatableFields } from '../../src/domain/fulfillment-fields';
import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import type { QuantityFacts } from '../../src/domain/order-line-item';
import { withFulfillment } from '../../src/domain/order-line-item';
import { aCaller, aFulfillment, aLine, someSettings, told } from '../support/facts';

const settings = someSettings();

const plain = aCaller(['read', 'fulfill']);
const trusted = aCaller(['read', 'fulfill', 'edit-booked']);

const judge = (
  before: Partial<FulfillmentFacts>,
  change: FulfillmentChange,
  caller = plain,
  line: Partial<QuantityFacts> = {},
) => told(judgeChange(aFulfillment(before), change, aLine(line), caller, settings));

/** A change of each updatable field. */
const changes: FulfillmentChange = {
  fulfillmentDate: '2022-02-01',
  quantity: '2',
  billTargetDate: '2022-02-01',
  description: 'd',
  carrier: 'c',
  trackingNumber: 't',
  fulfillmentSystem: 's',
  fulfillmentLocation: 'l',
  externalId: 'e',
  customFields: { a__c: 1 },
};

describe('the fields that can be changed', () => {
  test('are the ten published ones', () => {
    expect([...updatableFields].sort()).toEqual(Object.keys(changes).sort());
  });

  test('are all while Executing', () => {
    expect(editableFields(aFulfillment(), plain)).toEqual(updatableFields);
    expect(judge({}, changes)).toEqual([]);
  });

  test('are all while Booked with the scope edit-booked', () => {
    expect(editableFields(aFulfillment({ state: 'Booked' }), trusted)).toEqual(updatableFields);
    expect(judge({ state: 'Booked' }, changes, trusted)).toEqual([]);
  });

  test('are none while Booked without that scope, and the refusal is one of permission', () => {
    expect(editableFields(aFulfillment({ state: 'Booked' }), plain)).toEqual([]);
    expect(judge({ state: 'Booked' }, changes)).toEqual(updatableFields.map((field) => `PERMISSION_DENIED ${field}`));
    expect(userErrorCodes.PERMISSION_DENIED.category).toBe(10);
  });

  test.each<FulfillmentState>(['SentToBilling', 'Complete', 'Canceled'])(
    'are none while %s, with whatever scopes',
    (state) => {
      for (const caller of [plain, trusted, aCaller(scopes)]) {
        expect(editableFields(aFulfillment({ state, billTargetDate: null }), caller)).toEqual([]);
        expect(judge({ state }, changes, caller)).toEqual(updatableFields.map((field) => `FIELD_LOCKED ${field}`));
      }
    },
  );

  test('are none without the scope fulfill', () => {
    for (const state of ['Executing', 'Booked'] as const) {
      expect(editableFields(aFulfillment({ state }), aCaller(['read', 'edit-booked']))).toEqual([]);
    }
    expect(judge({}, { carrier: 'c' }, aCaller(['read']))).toEqual(['PERMISSION_DENIED carrier']);
  });

  test('T5: trackingNumber cannot be changed in SentToBilling', () => {
    expect(judge({ state: 'SentToBilling' }, { trackingNumber: 'X' }, trusted)).toEqual([
      'FIELD_LOCKED trackingNumber',
    ]);
  });

  test('a field emptied or set to what it is counts as a change where it is locked', () => {
    expect(judge({ state: 'SentToBilling' }, { description: null })).toEqual(['FIELD_LOCKED description']);
    expect(judge({ state: 'Booked', quantity: '10' }, { quantity: '10' })).toEqual(['PERMISSION_DENIED quantity']);
  });
});

describe('a missing billTargetDate', () => {
  const undated: Partial<FulfillmentFacts> = { state: 'Booked', billTargetDate: null };

  test('K1: may be set while Booked without any permission, alone or on the way to SentToBilling', () => {
    expect(editableFields(aFulfillment(undated), plain)).toEqual(['billTargetDate']);
    expect(judge(undated, { billTargetDate: '2022-01-01' })).toEqual([]);
    expect(judge(undated, { billTargetDate: '2022-01-01', state: 'SentToBilling' })).toEqual([]);
  });

  test('opens no other field, and a date once set is locked again', () => {
    expect(judge(undated, { billTargetDate: '2022-01-01', carrier: 'c' })).toEqual(['PERMISSION_DENIED carrier']);
    expect(judge({ state: 'Booked' }, { billTargetDate: '2022-01-01' })).toEqual(['PERMISSION_DENIED billTargetDate']);
  });

  test('is not mended once it is Canceled', () => {
    expect(judge({ state: 'Canceled', billTargetDate: null }, { billTargetDate: '2022-01-01' })).toEqual([
      'FIELD_LOCKED billTargetDate',
    ]);
  });
});

describe('a change', () => {
  test('T6: state Booked with a new quantity and tracking number is accepted in one step on an Executing one', () => {
    const change: FulfillmentChange = { state: 'Booked', quantity: '2', trackingNumber: 'T-1' };
    const line = aLine({ quantity: '2' });
    expect(told(judgeChange(aFulfillment(), change, line, plain, settings))).toEqual([]);
    const context = { line, posted: false, caller: plain };
    expect(told(judgeMove(aFulfillment({ quantity: '2' }), 'Booked', context))).toEqual([]);
  });

  test('goes by the state before it: a move in the same call locks nothing yet and opens nothing', () => {
    expect(judge({}, { state: 'SentToBilling', ...changes })).toEqual([]);
    expect(judge({ state: 'Booked' }, { state: 'SentToBilling', carrier: 'c' })).toEqual(['PERMISSION_DENIED carrier']);
  });

  test('that names nothing is refused; one that names a state alone is not', () => {
    const before = {
      ...{ orderLineItemId: 'a'.repeat(32), fulfillmentType: 'Delivery' as const },
      excludeItemBillingFromRevenueAccounting: false,
      excludeItemBookingFromRevenueAccounting: false,
    };
    for (const change of [{}, { state: null }]) expect(told(judgeNamed(before, change))).toEqual(['REQUIRED']);
    for (const change of [
      { state: 'Complete' as const },
      { fulfillmentType: 'Delivery' as const },
      { carrier: null },
    ]) {
      expect(told(judgeNamed(before, change))).toEqual([]);
    }
    expect(judge({ state: 'SentToBilling' }, { state: 'Complete' })).toEqual([]);
  });

  test('N19: leaves out what it only repeats, and keeps what is locked, to be refused', () => {
    const held = { quantity: '4.6', carrier: 'DHL', trackingNumber: null };
    const executing = { ...aFulfillment(), ...held };
    expect(withoutRepetition(executing, { ...held, description: 'd' }, plain)).toEqual({ description: 'd' });
    expect(withoutRepetition(executing, { quantity: '4', carrier: null }, plain)).toEqual({
      ...{ quantity: '4', carrier: null },
    });
    const booked = { ...executing, state: 'Booked' as const };
    expect(withoutRepetition(booked, held, plain)).toEqual(held);
    expect(withoutRepetition(booked, held, trusted)).toEqual({});
    const due = { billTargetDate: '2022-01-01' };
    expect(withoutRepetition(booked, due, plain)).toEqual(due);
    expect(withoutRepetition(booked, { ...due, state: 'SentToBilling' }, plain)).toEqual({ state: 'SentToBilling' });
  });

  test('cannot empty fulfillmentDate or quantity, but every other field', () => {
    const emptied = Object.fromEntries(updatableFields.map((field) => [field, null])) as FulfillmentChange;
    expect(judge({}, emptied)).toEqual(['REQUIRED fulfillmentDate', 'REQUIRED quantity']);
  });

  test.each<[string, FulfillmentChange, string]>([
    ['a quantity of 0', { quantity: '0' }, 'INVALID_VALUE quantity'],
    ['a negative quantity', { quantity: '-1' }, 'INVALID_VALUE quantity'],
    ['a long text', { carrier: 'x'.repeat(256) }, 'INVALID_VALUE carrier'],
    ['a long description', { description: 'x'.repeat(501) }, 'INVALID_VALUE description'],
    ['a nul byte', { externalId: '\u0000' }, 'INVALID_VALUE externalId'],
    ['a custom field without __c', { customFields: { color: 'red' } }, 'INVALID_VALUE customFields.color'],
  ])('with %s is refused', (_what, change, expected) => {
    expect(judge({}, change)).toEqual([expected]);
  });

  test('of fields needs the line item Booked; a state alone leaves that to the move', () => {
    for (const itemState of ['Executing', 'Complete', 'Canceled', 'SentToBilling'] as const) {
      expect(judge({}, { carrier: 'c' }, plain, { itemState })).toEqual(['ORDER_LINE_ITEM_NOT_BOOKED orderLineItemId']);
      expect(judge({}, { state: 'Canceled' }, plain, { itemState })).toEqual([]);
    }
  });
});

describe('a change of the quantity', () => {
  test('of an Executing one may take all that is pending', () => {
    const line = { fulfilledQuantity: '70', sentQuantity: '20' };
    expect(judge({}, { quantity: '30' }, plain, line)).toEqual([]);
    expect(judge({}, { quantity: '30.000000001' }, plain, line)).toEqual(['QUANTITY_EXCEEDED quantity']);
  });

  test('of a Booked one adds its own back first', () => {
    const line = aLine({ fulfilledQuantity: '100', fulfillmentCount: 2, openFulfillmentCount: 1 });
    const booked = aFulfillment({ state: 'Booked', quantity: '40' });
    expect(told(judgeChange(booked, { quantity: '40' }, line, trusted, settings))).toEqual([]);
    const [error] = judgeChange(booked, { quantity: '41' }, line, trusted, settings);
    expect(error).toMatchObject({ code: 'QUANTITY_EXCEEDED', details: { requested: '41', available: '40' } });
  });

  test('T4: in Booked is refused; with the permission it is allowed, and the counters follow', () => {
    const booked = aFulfillment({ state: 'Booked' });
    const line = withFulfillment(aLine(), null, booked);
    expect(told(judgeChange(booked, { quantity: '12.5' }, line, plain, settings))).toEqual([
      'PERMISSION_DENIED quantity',
    ]);
    expect(told(judgeChange(booked, { quantity: '12.5' }, line, trusted, settings))).toEqual([]);
    const after = withFulfillment(line, booked, { ...booked, quantity: '12.5' });
    expect(after).toEqual(aLine({ fulfilledQuantity: '12.5', fulfillmentCount: 1, openFulfillmentCount: 1 }));
  });
});

describe('deleting', () => {
  test('is for Executing ones', () => {
    expect(judgeDelete(aFulfillment())).toEqual([]);
  });

  test.each<FulfillmentState>(['Booked', 'SentToBilling', 'Complete', 'Canceled'])('T7: is refused in %s', (state) => {
    expect(told(judgeDelete(aFulfillment({ state })))).toEqual(['NOT_DELETABLE']);
  });

  test('frees nothing in the counters but its place among the hundred', () => {
    const line = withFulfillment(aLine({ fulfilledQuantity: '5', sentQuantity: '5' }), null, aFulfillment());
    const after = withFulfillment(line, aFulfillment(), null);
    expect(after).toEqual(aLine({ fulfilledQuantity: '5', sentQuantity: '5' }));
  });
});

describe('entering a state', () => {
  const now = '2022-01-02T03:04:05.678Z';
  const row = { state: 'Executing' as FulfillmentState, sentToBillingDate: null as string | null, carrier: 'UPS' };

  test('leaves the date behind in SentToBilling and nowhere else, and the row given as it was', () => {
    expect(enter(row, 'SentToBilling', now)).toEqual({ ...row, state: 'SentToBilling', sentToBillingDate: now });
    for (const state of ['Executing', 'Booked', 'Canceled'] as const) {
      expect(enter(row, state, now)).toEqual({ ...row, state });
    }
    expect(row.state).toBe('Executing');
  });

  test('keeps the date when it goes on to Complete', () => {
    const sent = enter(row, 'SentToBilling', now);
    expect(enter(sent, 'Complete', '2023-01-01T00:00:00.000Z')).toEqual({ ...sent, state: 'Complete' });
  });
});

describe('the settings of the entity', () => {
  const lists = someSettings({ carriers: ['UPS'], fulfillmentLocations: ['Oslo'] });
  const judgeBy = (change: FulfillmentChange, before: Partial<FulfillmentFacts> = {}) =>
    told(judgeChange(aFulfillment(before), change, aLine(), plain, lists));

  test('refuse what is not in their lists; what is emptied or left out is in none', () => {
    expect(judgeBy({ carrier: 'DHL', fulfillmentSystem: 'ERP', fulfillmentLocation: 'Rome' })).toEqual([
      'INVALID_VALUE carrier',
      'INVALID_VALUE fulfillmentLocation',
    ]);
    expect(judgeBy({ carrier: 'UPS', fulfillmentLocation: 'Oslo' })).toEqual([]);
    expect(judgeBy({ carrier: null, fulfillmentLocation: null })).toEqual([]);
    expect(judgeBy({ trackingNumber: '1' })).toEqual([]);
  });

  test('come behind the lock: a field that is locked is not looked up in a list', () => {
    expect(judgeBy({ carrier: 'DHL' }, { state: 'SentToBilling' })).toEqual(['FIELD_LOCKED carrier']);
  });

  test('matter to a quantity and to what has a list, and to nothing else', () => {
    const named = Object.keys(changes).filter((field) =>
      dependsOnSettings({ [field]: changes[field as keyof FulfillmentChange] }),
    );
    expect(named).toEqual(['quantity', 'carrier', 'fulfillmentSystem', 'fulfillmentLocation']);
    expect(dependsOnSettings({ state: 'Booked' })).toBe(false);
  });

  test('leave a quantity as it is that takes all there is, its own included where it is Booked', () => {
    const line = aLine({ quantity: '4.6', fulfilledQuantity: '4', unitOfMeasure: 'Each' });
    const units = someSettings({ units: [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' }] });
    const kept = (state: FulfillmentState, quantity: string) =>
      inUnitOf(line, { quantity }, leftFor(aFulfillment({ state, quantity: '1' }), line), units).quantity;
    expect([kept('Executing', '0.6'), kept('Executing', '1.6')]).toEqual(['0.6', '1']);
    expect([kept('Booked', '0.6'), kept('Booked', '1.6')]).toEqual(['0', '1.6']);
  });

  test('round a new quantity to its unit, and leave a change without one alone', () => {
    const units = someSettings({ units: [{ name: 'Each', decimals: 0, roundingMode: 'UP' }] });
    const line = aLine({ unitOfMeasure: 'Each' });
    expect(inUnitOf(line, { quantity: '4.6', carrier: 'UPS' }, '100', units)).toEqual({
      quantity: '5',
      carrier: 'UPS',
    });
    for (const change of [{}, { quantity: null }, { carrier: 'UPS' }])
      expect(inUnitOf(line, change, '100', units)).toEqual(change);
  });
});
