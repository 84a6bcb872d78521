import { checkNumber } from '../../src/domain/account';
import { idOf, numberPrefixes } from '../../src/domain/key';
import { told } from '../support/facts';

const id = '4028828c82819b74018286e02e041bd6';

test('an id is 32 hex digits, in upper case or with dashes too, and comes back in one form', () => {
  expect(idOf(id)).toBe(id);
  expect(idOf(id.toUpperCase())).toBe(id);
  expect(idOf('4028828c-8281-9b74-0182-86e02e041bd6')).toBe(id);
});

test.each(['', 'F-00000001', id.slice(1), `${id}0`, ` ${id}`, `${id}\n`, `g${id.slice(1)}`, '-', `{${id}}`])(
  '%j is no id',
  (key) => {
    expect(idOf(key)).toBeUndefined();
  },
);

test('the generated numbers have the prefixes of the published samples, and none has the form of an id', () => {
  expect(numberPrefixes).toEqual({
    account: 'A',
    order: 'O-',
    fulfillment: 'F-',
    invoice: 'INV',
    credit_memo: 'CM',
    payment: 'P-',
    bill_run: 'BR-',
  });
  for (const prefix of Object.values(numberPrefixes)) expect(idOf(`${prefix}00000001`)).toBeUndefined();
});

test('a number that a caller chooses is never one that reads as an id, so a key is not ambiguous', () => {
  for (const form of [id, id.toUpperCase(), '4028828c-8281-9b74-0182-86e02e041bd6']) {
    expect(told(checkNumber('orderNumber', form))).toEqual(['INVALID_VALUE orderNumber']);
  }
  expect(checkNumber('orderNumber', 'O-00000089')).toEqual([]);
});
