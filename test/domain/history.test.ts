import { changesOf, isChanged, stateOf } from '../../src/domain/history';

const before = {
  id: 'id',
  entityId: 'entity',
  version: 1,
  updatedDate: '2022-01-01T00:00:00.000Z',
  updatedById: 'client',
  state: 'Executing',
  quantity: '10',
  carrier: null as string | null,
  reversed: false,
  customFields: { a__c: 1 } as object | null,
};

describe('the changes of an object', () => {
  test('are the fields that differ, as texts, and null where there is no value', () => {
    const after = { ...before, quantity: '12.5', carrier: 'UPS', reversed: true, customFields: null };
    expect(changesOf(before, after)).toEqual([
      { field: 'quantity', before: '10', after: '12.5' },
      { field: 'carrier', before: null, after: 'UPS' },
      { field: 'reversed', before: 'false', after: 'true' },
      { field: 'customFields', before: '{"a__c":1}', after: null },
    ]);
  });

  test('leave out what the entry itself says', () => {
    const later = { version: 2, updatedDate: '2023-01-01T00:00:00.000Z', updatedById: 'another' };
    expect(changesOf(before, { ...before, ...later })).toEqual([]);
    expect(changesOf(before, { ...before, ...later, state: 'Booked' })).toEqual([
      { field: 'state', before: 'Executing', after: 'Booked' },
    ]);
  });

  test('are none where values are equal, though they are not the same objects', () => {
    expect(changesOf(before, { ...before, customFields: { a__c: 1 } })).toEqual([]);
    const fields = (customFields: object) => ({ customFields });
    expect(changesOf(fields({ a__c: 1, b__c: [{ c: 1, d: 2 }] }), fields({ b__c: [{ d: 2, c: 1 }], a__c: 1 }))).toEqual(
      [],
    );
    expect(changesOf(fields({ b__c: [1, 2] }), fields({ b__c: [2, 1] }))).toHaveLength(1);
  });

  test('N19: are none where a JSON object has the same fields in another order', () => {
    const one = { customFields: { b__c: 1, a__c: null } };
    expect(isChanged(one, { customFields: { a__c: null, b__c: 1 }, version: 2 })).toBe(false);
    expect(isChanged(one, { customFields: { b__c: 1 } })).toBe(true);
  });

  test('are none of a new object, and of a deleted one the values it had', () => {
    expect(changesOf(null, before)).toEqual([]);
    expect(changesOf(before, null)).toEqual([
      { field: 'state', before: 'Executing', after: null },
      { field: 'quantity', before: '10', after: null },
      { field: 'reversed', before: 'false', after: null },
      { field: 'customFields', before: '{"a__c":1}', after: null },
    ]);
  });

  test('tell that a payment method was changed but never what it is', () => {
    const token = (paymentMethodToken: string | null) => ({ paymentMethodToken });
    const field = 'paymentMethodToken';
    const hidden = '(not shown)';
    expect(changesOf(token('tok_a'), token('tok_b'))).toEqual([{ field, before: hidden, after: hidden }]);
    expect(changesOf(token(null), token('tok_b'))).toEqual([{ field, before: null, after: hidden }]);
    expect(changesOf(token('tok_a'), null)).toEqual([{ field, before: hidden, after: null }]);
    expect(changesOf(token('tok_a'), token('tok_a'))).toEqual([]);
  });
});

test('the state of an object is found under whichever name it has', () => {
  expect(stateOf(before)).toBe('Executing');
  expect(stateOf({ itemState: 'Booked' })).toBe('Booked');
  expect(stateOf({ status: 'Posted' })).toBe('Posted');
  expect(stateOf({ name: 'an account' })).toBeNull();
  expect(stateOf(null)).toBeNull();
});
