import { scopes } from '../../src/domain/caller';
import type { ItemCategory, OrderLineItemState } from '../../src/domain/order-line-item';
import {
  type ChangeableLine,
  changeLine,
  editableLineFields,
  type OrderLineItemChange,
} from '../../src/domain/order-line-item-change';
import { type UpdatableLineField, updatableLineFields } from '../../src/domain/order-line-item-fields';
import { aCaller, someSettings, told } from '../support/facts';

const states: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];
const categories: ItemCategory[] = ['Sales', 'Return'];

/** As it is published: the states in which a field can be updated, and on sales alone (S) or on returns too (SR). */
const printed: Record<UpdatableLineField, string> = {
  itemName: 'Executing SR',
  itemType: 'Executing S',
  billingRule: 'Executing SR',
  quantity: 'Executing SR',
  unitOfMeasure: 'Executing S',
  listPricePerUnit: 'Executing S',
  amountPerUnit: 'Executing S',
  inlineDiscountType: 'Executing S',
  inlineDiscountPerUnit: 'Executing S',
  taxMode: 'Executing S',
  taxCode: 'Executing S',
  billTargetDate: 'Executing Booked SR',
  transactionStartDate: 'Executing SR',
  transactionEndDate: 'Executing SR',
  paymentTerm: 'Executing Booked SentToBilling S',
  invoiceGroupNumber: 'Executing Booked SentToBilling S',
  productCode: 'Executing S',
  purchaseOrderNumber: 'Executing S',
  ownerAccountNumber: 'Executing S',
  soldTo: 'Executing S',
  shipTo: 'Executing S',
  relatedSubscriptionNumber: 'Executing S',
  description: 'Executing SR',
  // N7: the page limits nearly every field to states, and not these.
  customFields: 'Executing Booked SentToBilling Complete SR',
};

const settings = someSettings({
  taxCodes: [{ code: 'VAT', rate: '0.2' }],
  units: [
    { name: 'Each', decimals: 0, roundingMode: 'DOWN' },
    { name: 'Hour', decimals: 2, roundingMode: 'HALF_UP' },
  ],
});

const aChangeable = (more: Partial<ChangeableLine> = {}) => ({
  itemCategory: 'Sales' as const,
  itemState: 'Executing' as const,
  itemName: 'Desk',
  description: 'old',
  unitOfMeasure: null,
  quantity: '10',
  currency: 'USD',
  listPricePerUnit: '100',
  amountPerUnit: '100',
  amountPerUnitGiven: false,
  inlineDiscountType: 'None' as const,
  inlineDiscountPerUnit: null,
  transactionStartDate: '2022-01-10',
  transactionEndDate: '2022-01-20',
  ...more,
});

/** A change of each updatable field that is right in itself. */
const changes: Required<Omit<OrderLineItemChange, 'itemState'>> = {
  itemName: 'Table',
  itemType: 'Services',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity: '2',
  unitOfMeasure: 'Each',
  listPricePerUnit: '90',
  amountPerUnit: '80',
  inlineDiscountType: 'None',
  inlineDiscountPerUnit: null,
  taxMode: 'TaxInclusive',
  taxCode: 'VAT',
  billTargetDate: '2022-02-01',
  transactionStartDate: '2022-01-11',
  transactionEndDate: '2022-01-21',
  paymentTerm: 'Net 60',
  invoiceGroupNumber: 'G',
  productCode: 'T-1',
  purchaseOrderNumber: 'PO',
  ownerAccountNumber: 'OW',
  soldTo: 'SO',
  shipTo: 'SH',
  relatedSubscriptionNumber: 'RE',
  description: 'new',
  customFields: { a__c: 1 },
};

const change = (before: Partial<ChangeableLine>, asked: OrderLineItemChange, its = settings) =>
  changeLine(aChangeable(before), asked, its);
const changed = (before: Partial<ChangeableLine>, asked: OrderLineItemChange, its = settings) => {
  const line = change(before, asked, its);
  if (Array.isArray(line)) throw new Error(told(line).join());
  return line;
};
const refusal = (before: Partial<ChangeableLine>, asked: OrderLineItemChange, its = settings) => {
  const line = change(before, asked, its);
  return Array.isArray(line) ? told(line) : ['accepted'];
};

describe('the fields of a line item that can be changed', () => {
  const cases = categories.flatMap((itemCategory) =>
    states.map((itemState): [ItemCategory, OrderLineItemState, UpdatableLineField[]] => [
      itemCategory,
      itemState,
      updatableLineFields.filter((field) => {
        const words = printed[field].split(' ');
        return words.includes(itemState) && (itemCategory === 'Sales' || words.includes('SR'));
      }),
    ]),
  );

  test('are the published ones', () => {
    expect([...updatableLineFields].sort()).toEqual(Object.keys(printed).sort());
    expect([...updatableLineFields].sort()).toEqual(Object.keys(changes).sort());
  });

  test.each(cases)('%s, %s: each where it is published, and every other is locked', (itemCategory, itemState, open) => {
    const before = { itemCategory, itemState };
    expect(editableLineFields(before, aCaller())).toEqual(open);
    for (const field of updatableLineFields) {
      const asked = { [field]: changes[field] };
      expect([field, refusal(before, asked)]).toEqual([
        field,
        [open.includes(field) ? 'accepted' : `FIELD_LOCKED ${field}`],
      ]);
      if (open.includes(field)) expect(changed(before, asked)).toMatchObject(asked);
    }
  });

  test.each(cases)(
    '%s, %s: of all at once those that are locked are told, and nothing else',
    (...[category, state, open]) => {
      const locked = updatableLineFields.filter((field) => !open.includes(field));
      const errors = refusal({ itemCategory: category, itemState: state }, { ...changes, itemName: '' });
      if (locked.length) expect(errors).toEqual(locked.map((field) => `FIELD_LOCKED ${field}`));
      else expect(errors).toEqual(['REQUIRED itemName']);
    },
  );

  test('are none without the scope order', () => {
    const others = aCaller(scopes.filter((scope) => scope !== 'order'));
    for (const itemState of states) {
      expect(editableLineFields({ itemCategory: 'Sales', itemState }, others)).toEqual([]);
    }
  });

  test('a field emptied or set to what it is counts as a change where it is locked', () => {
    expect(refusal({ itemState: 'Booked' }, { quantity: '10' })).toEqual(['FIELD_LOCKED quantity']);
    expect(refusal({ itemState: 'Complete' }, { description: null })).toEqual(['FIELD_LOCKED description']);
  });

  test('say which states allow them, or whose they are', () => {
    const message = (before: Partial<ChangeableLine>, field: UpdatableLineField) => {
      const errors = change(before, { [field]: changes[field] });
      return Array.isArray(errors) ? errors[0].message : '';
    };
    expect(message({ itemState: 'Booked' }, 'quantity')).toBe(
      'quantity cannot be changed: the line item is Booked; Executing allows it.',
    );
    expect(message({ itemState: 'SentToBilling' }, 'billTargetDate')).toBe(
      'billTargetDate cannot be changed: the line item is SentToBilling; Executing, Booked allow it.',
    );
    expect(message({ itemCategory: 'Return' }, 'amountPerUnit')).toBe('amountPerUnit of a return cannot be changed.');
    expect(message({ itemCategory: 'Return', itemState: 'Complete' }, 'quantity')).toBe(
      'quantity cannot be changed: the line item is Complete; Executing allows it.',
    );
  });
});

describe('a change of a line item', () => {
  test('keeps what it does not name', () => {
    expect(changed({}, { description: 'new' })).toEqual({ ...aChangeable(), description: 'new' });
    expect(changed({ itemState: 'SentToBilling' }, { paymentTerm: 'Net 1' })).toMatchObject({
      itemState: 'SentToBilling',
      quantity: '10',
    });
  });

  test('goes by the state before it, and does not move', () => {
    expect(changed({}, { itemState: 'SentToBilling', ...changes }).itemState).toBe('Executing');
    expect(refusal({ itemState: 'Booked' }, { itemState: 'SentToBilling', quantity: '1' })).toEqual([
      'FIELD_LOCKED quantity',
    ]);
    expect(
      changed({ itemState: 'Booked' }, { itemState: 'SentToBilling', billTargetDate: '2022-01-01' }),
    ).toMatchObject({ billTargetDate: '2022-01-01' });
  });

  test('that names nothing is refused; one that names a state alone changes nothing else', () => {
    expect(refusal({}, {})).toEqual(['REQUIRED']);
    expect(refusal({}, { itemState: null })).toEqual(['REQUIRED']);
    expect(changed({ itemState: 'Complete' }, { itemState: 'Booked' })).toEqual(aChangeable({ itemState: 'Complete' }));
  });

  test('cannot empty what a line item is never without, but every other field', () => {
    const emptied = Object.fromEntries(updatableLineFields.map((field) => [field, null]));
    expect(refusal({}, emptied)).toEqual([
      'REQUIRED itemName',
      'REQUIRED billingRule',
      'REQUIRED quantity',
      'REQUIRED transactionStartDate',
      'REQUIRED transactionEndDate',
      'REQUIRED itemType',
      'REQUIRED listPricePerUnit',
    ]);
    const period = ['transactionStartDate', 'transactionEndDate'];
    const kept = ['itemName', 'billingRule', 'quantity', ...period, 'itemType', 'listPricePerUnit'];
    const rest = Object.fromEntries(Object.entries(emptied).filter(([field]) => !kept.includes(field)));
    const { inlineDiscountType: _type, amountPerUnit: _price, ...nothing } = rest;
    expect(changed({}, rest)).toMatchObject({ ...nothing, amountPerUnit: '100', inlineDiscountType: 'None' });
  });

  test.each<[string, OrderLineItemChange, string]>([
    ['a quantity of 0', { quantity: '0' }, 'INVALID_VALUE quantity'],
    ['a negative quantity', { quantity: '-1' }, 'INVALID_VALUE quantity'],
    ['a blank name', { itemName: ' ' }, 'REQUIRED itemName'],
    ['a long description', { description: 'x'.repeat(501) }, 'INVALID_VALUE description'],
    ['an unknown unit', { unitOfMeasure: 'Box' }, 'INVALID_VALUE unitOfMeasure'],
    ['an unknown tax code', { taxCode: 'GST' }, 'INVALID_VALUE taxCode'],
    ['an unknown payment term', { paymentTerm: 'Someday' }, 'INVALID_VALUE paymentTerm'],
    ['a custom field without __c', { customFields: { color: 'red' } }, 'INVALID_VALUE customFields.color'],
    ['an end before the start that stays', { transactionEndDate: '2022-01-09' }, 'INVALID_VALUE transactionEndDate'],
    ['a start behind the end that stays', { transactionStartDate: '2022-01-21' }, 'INVALID_VALUE transactionEndDate'],
  ])('with %s is refused', (_what, asked, expected) => {
    expect(refusal({}, asked)).toEqual([expected]);
  });

  test('may move the whole period', () => {
    const both = { transactionStartDate: '2023-01-01', transactionEndDate: '2023-01-01' };
    expect(changed({}, both)).toMatchObject(both);
  });

  test('is refused with every reason at once, those of the price included', () => {
    expect(
      refusal({}, { quantity: '0', itemName: null, transactionEndDate: '2022-01-01', amountPerUnit: '-1' }),
    ).toEqual([
      'INVALID_VALUE quantity',
      'REQUIRED itemName',
      'INVALID_VALUE transactionEndDate',
      'INVALID_VALUE amountPerUnit',
    ]);
  });
});

describe('a changed quantity', () => {
  test('N19: is neither rounded nor judged where it only repeats what is there, nor is its unit', () => {
    const before = { quantity: '4.6', unitOfMeasure: 'Each' };
    expect(changed(before, { quantity: '4.6', description: 'new' })).toMatchObject({ ...before, description: 'new' });
    expect(changed(before, before)).toMatchObject(before);
    expect(changed(before, { quantity: '4.7' }).quantity).toBe('4');
    const gone = { unitOfMeasure: 'Barrel' };
    expect(changed(gone, { ...gone, quantity: '10' })).toMatchObject({ ...gone, quantity: '10' });
    expect(refusal(gone, { unitOfMeasure: 'Box' })).toEqual(['INVALID_VALUE unitOfMeasure']);
    expect(refusal({ itemCategory: 'Return', ...gone }, gone)).toEqual(['FIELD_LOCKED unitOfMeasure']);
  });

  test('A12: of 4.6 in a unit without decimals that rounds down is kept as 4', () => {
    expect(changed({ unitOfMeasure: 'Each' }, { quantity: '4.6' }).quantity).toBe('4');
    expect(changed({}, { quantity: '4.6', unitOfMeasure: 'Each' }).quantity).toBe('4');
    expect(changed({ itemCategory: 'Return', unitOfMeasure: 'Each' }, { quantity: '4.6' }).quantity).toBe('4');
  });

  test('is refused where its unit rounds it to nothing', () => {
    expect(refusal({ unitOfMeasure: 'Each' }, { quantity: '0.9' })).toEqual(['INVALID_VALUE quantity']);
    expect(refusal({ quantity: '0.9' }, { unitOfMeasure: 'Each' })).toEqual(['INVALID_VALUE quantity']);
  });

  test('follows a change of the unit alone', () => {
    expect(changed({ quantity: '4.605', unitOfMeasure: 'Each' }, { unitOfMeasure: 'Hour' }).quantity).toBe('4.61');
    expect(changed({ quantity: '4.605', unitOfMeasure: 'Each' }, { unitOfMeasure: null }).quantity).toBe('4.605');
  });

  test('is never changed by another field or by a move, though its unit is configured otherwise by now', () => {
    const before = { quantity: '4.6', unitOfMeasure: 'Each' };
    expect(changed(before, { description: 'new' }).quantity).toBe('4.6');
    expect(changed({ ...before, itemState: 'SentToBilling' }, { paymentTerm: 'Net 1' }).quantity).toBe('4.6');
    expect(changed({ ...before, itemState: 'Booked' }, { itemState: 'SentToBilling' }).quantity).toBe('4.6');
    expect(changed({ ...before, quantity: '0.6' }, { description: 'new' }).quantity).toBe('0.6');
  });
});
