import { type AccountInput, checkFilled, judgeAccount, paymentTermDays } from '../../src/domain/account';
import { told } from '../support/facts';

test('payment terms are "Net" and 1 to 999 days, or "Due Upon Receipt"', () => {
  expect(['Due Upon Receipt', 'Net 1', 'Net 30', 'Net 999'].map(paymentTermDays)).toEqual([0, 1, 30, 999]);
  for (const wrong of [
    'Net 0',
    'Net 030',
    'Net 1000',
    'net 30',
    'Net30',
    'Net 30 ',
    'Net -1',
    'due upon receipt',
    '',
  ]) {
    expect(paymentTermDays(wrong)).toBeUndefined();
  }
});

describe('an account', () => {
  const judge = (input: AccountInput) => told(judgeAccount(input));

  test('is told ten wrong details of any number', () => {
    const details = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`wrong${at}`, 1]));
    expect(judge({ details })).toHaveLength(10);
  });

  test('is accepted with its longest values, and an update may name any part of it', () => {
    const input = { name: 'x'.repeat(255), accountNumber: 'x'.repeat(70), currency: 'USD', paymentTerm: 'Net 30' };
    expect(judge(input)).toEqual([]);
    expect(judge({})).toEqual([]);
    expect(judge({ paymentMethodToken: null, paymentTerm: null })).toEqual([]);
  });

  test.each<[string, AccountInput, string]>([
    ['a blank name', { name: ' \t' }, 'REQUIRED name'],
    ['a long name', { name: 'x'.repeat(256) }, 'INVALID_VALUE name'],
    ['a long number', { accountNumber: 'x'.repeat(71) }, 'INVALID_VALUE accountNumber'],
    ['a blank number', { accountNumber: ' ' }, 'INVALID_VALUE accountNumber'],
    [
      'a number of the form of an id',
      { accountNumber: '4028828c82819b74018286e02e041bd6' },
      'INVALID_VALUE accountNumber',
    ],
    ['an unknown term', { paymentTerm: 'Net 5 days' }, 'INVALID_VALUE paymentTerm'],
    ['no currency of ISO 4217', { currency: 'usd' }, 'INVALID_VALUE currency'],
    ['a long token', { paymentMethodToken: 'x'.repeat(256) }, 'INVALID_VALUE paymentMethodToken'],
    ['a nul byte', { name: 'a\u0000' }, 'INVALID_VALUE name'],
    ['N23: a name of zero-width characters', { name: '\u200b\ufeff' }, 'REQUIRED name'],
    ['N23: a number of zero-width characters', { accountNumber: '\u200b' }, 'INVALID_VALUE accountNumber'],
  ])('with %s is refused', (_what, input, expected) => {
    expect(judge(input)).toEqual([expected]);
  });
});

test('a text that is given is not blank', () => {
  expect(told(checkFilled('name', ''))).toEqual(['REQUIRED name']);
  expect(checkFilled('name', 'a')).toEqual([]);
  expect(checkFilled('name', null)).toEqual([]);
});
