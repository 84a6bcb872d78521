import fc from 'fast-check';
import { isPositive, type RoundingMode } from '../../src/domain/decimal';
import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import {
  amountsToCollect,
  balancesBehind,
  billingDates,
  chargeAmount,
  isBillable,
  offsetsOf,
} from '../../src/domain/invoice';
import { sumOf } from '../support/facts';

describe('the amount of a charge', () => {
  test('A9: 3.1235 times 4 in USD is 12.494, rounded once to 12.49', () => {
    expect(chargeAmount('3.1235', '4', 'USD')).toBe('12.49');
  });

  test('A11: 3.49 and 3.50 in a currency without decimals are 3 and 4', () => {
    expect(chargeAmount('3.49', '1', 'JPY')).toBe('3');
    expect(chargeAmount('3.50', '1', 'JPY')).toBe('4');
  });

  test('A12: 4 times 59.99 is 239.96', () => {
    expect(chargeAmount('59.99', '4', 'USD')).toBe('239.96');
  });

  test('A16: 65.8476 USD is 65.85', () => {
    expect(chargeAmount('65.8476', '1', 'USD')).toBe('65.85');
  });

  test.each<[RoundingMode, string[]]>([
    ['HALF_UP', ['0.01', '0.01', '0', '0.02']],
    ['UP', ['0.01', '0.01', '0.01', '0.02']],
    ['DOWN', ['0.01', '0', '0', '0.01']],
  ])('is rounded %s where that is the mode', (mode, expected) => {
    const values = ['0.01', '0.005', '0.004999999', '0.015'];
    expect(values.map((value) => chargeAmount(value, '1', 'USD', mode))).toEqual(expected);
  });

  test('is rounded to the decimals of its currency, HALF_UP unless said otherwise', () => {
    expect(['JPY', 'USD', 'KWD', 'CLF'].map((currency) => chargeAmount('1.23455', '1', currency))).toEqual([
      '1',
      '1.23',
      '1.235',
      '1.2346',
    ]);
  });

  test('is exact before it is rounded, where a float is not', () => {
    // 1.005 x 1 is 1.00499... as a float.
    expect(chargeAmount('1.005', '1', 'USD')).toBe('1.01');
    expect(chargeAmount('9999999999999.999999999', '1', 'USD')).toBe('10000000000000');
  });
});

describe('what billing picks up', () => {
  const sent = {
    state: 'SentToBilling' as FulfillmentState,
    sentToBillingDate: '2022-01-01T00:00:00.000Z',
    billTargetDate: '2022-01-01',
  };

  test('B1: due on 2022-01-01 is billed up to 2022-01-02, and on the day itself', () => {
    expect(isBillable(sent, '2022-01-02', false)).toBe(true);
    expect(isBillable(sent, '2022-01-01', false)).toBe(true);
  });

  test('B2: due on 2022-01-03 is not billed up to 2022-01-02 but by a later run', () => {
    const later = { ...sent, billTargetDate: '2022-01-03' };
    expect(isBillable(later, '2022-01-02', false)).toBe(false);
    expect(isBillable(later, '2022-01-03', false)).toBe(true);
  });

  test('B3: an Executing one is not billed, nor is a Booked or a Canceled one', () => {
    for (const state of ['Executing', 'Booked', 'Canceled'] as const) {
      expect(isBillable({ ...sent, state, sentToBillingDate: null }, '2022-01-02', false)).toBe(false);
      expect(isBillable({ ...sent, state }, '2022-01-02', false)).toBe(false);
    }
  });

  test('B5: what is billed is not billed again', () => {
    expect(isBillable(sent, '2022-01-02', true)).toBe(false);
  });

  test('K3: a Complete one is billed again once its document is gone, but only if it was ever sent', () => {
    expect(isBillable({ ...sent, state: 'Complete' }, '2022-01-02', false)).toBe(true);
    expect(isBillable({ ...sent, state: 'Complete', sentToBillingDate: null }, '2022-01-02', false)).toBe(false);
  });

  test('nothing without a date', () => {
    expect(isBillable({ ...sent, billTargetDate: null }, '2022-01-02', false)).toBe(false);
  });
});

test('the target date is today unless given, and the document date the target date', () => {
  const today = '2022-05-05';
  const both = (targetDate: string, documentDate: string) => ({ targetDate, documentDate });
  for (const none of [undefined, null, {}, { targetDate: null, documentDate: null }]) {
    expect(billingDates(none, today)).toEqual(both(today, today));
  }
  expect(billingDates({ targetDate: '2022-01-02' }, today)).toEqual(both('2022-01-02', '2022-01-02'));
  expect(billingDates({ documentDate: '2022-01-03' }, today)).toEqual(both(today, '2022-01-03'));
  const given = both('2022-01-02', '2022-01-03');
  expect(billingDates(given, today)).toEqual(given);
});

test('collected is what is owed, by account and currency, and nothing where nothing is', () => {
  const invoice = (accountId: string, currency: string, balance: string) => ({ accountId, currency, balance });
  const owed = [
    invoice('a', 'USD', '10'),
    invoice('b', 'USD', '5'),
    invoice('a', 'USD', '2'),
    invoice('a', 'EUR', '1'),
  ];
  const nothing = [invoice('a', 'USD', '0'), invoice('c', 'USD', '-3'), invoice('c', 'USD', '0')];
  const groups = [...amountsToCollect([...owed, ...nothing]).values()];
  expect(groups).toEqual([[owed[0], owed[2]], [owed[1]], [owed[3]]]);
});

describe('negative invoices', () => {
  let made = 0;
  const invoice = (balance: string, more: object = {}) => ({
    ...{
      id: `i${String(++made).padStart(5, '0')}`,
      accountId: 'a',
      currency: 'USD',
      invoiceDate: '2022-01-01',
      balance,
    },
    ...more,
  });

  test('reduce what is owed, the oldest first on both sides, and are used up before the next one is', () => {
    const [late, early, same] = [
      invoice('100', { id: 'late', invoiceDate: '2022-02-01' }),
      invoice('30', { id: 'early' }),
      invoice('30', { id: 'same' }),
    ];
    const [newer, older] = [
      invoice('-50', { id: 'newer', invoiceDate: '2022-03-01' }),
      invoice('-40', { id: 'older', invoiceDate: '2021-01-01' }),
    ];
    expect(
      offsetsOf([late, same, early], [newer, older]).map((o) => `${o.negativeInvoiceId} ${o.invoiceId} ${o.amount}`),
    ).toEqual(['older early 30', 'older same 10', 'newer same 20', 'newer late 30']);
  });

  test('reduce nothing of another account or in another currency', () => {
    const owing = [invoice('10')];
    expect(offsetsOf(owing, [invoice('-10', { accountId: 'b' }), invoice('-10', { currency: 'EUR' })])).toEqual([]);
    expect(offsetsOf(owing, [])).toEqual([]);
    expect(offsetsOf([], [invoice('-10')])).toEqual([]);
  });

  test('give away what they hold, and no balance crosses 0: what is left on one side is nothing on the other', () => {
    const cents = fc.integer({ min: 1, max: 9_999 }).map((value) => String(value / 100));
    const place = fc.record({ accountId: fc.constantFrom('a', 'b'), currency: fc.constantFrom('USD', 'EUR') });
    const some = fc.array(fc.tuple(cents, place), { maxLength: 6 });
    fc.assert(
      fc.property(some, some, (positive, credit) => {
        const owing = positive.map(([balance, more]) => invoice(balance, more));
        const negative = credit.map(([balance, more]) => invoice(`-${balance}`, more));
        const offsets = offsetsOf(owing, negative);
        const after = balancesBehind([...owing, ...negative], offsets);
        const left = (rows: typeof owing, key: string) =>
          rows
            .filter((row) => `${row.accountId}${row.currency}` === key)
            .map((row) => after.get(row.id) ?? row.balance);
        for (const key of ['aUSD', 'aEUR', 'bUSD', 'bEUR']) {
          const [owed, held] = [sumOf(left(owing, key)), sumOf(left(negative, key))];
          expect([owed >= 0n, held <= 0n, owed === 0n || held === 0n]).toEqual([true, true, true]);
        }
        expect(sumOf([...owing, ...negative].map((row) => after.get(row.id) ?? row.balance))).toBe(
          sumOf([...owing, ...negative].map((row) => row.balance)),
        );
        expect(offsets.every(({ amount }) => isPositive(amount))).toBe(true);
        expect([...after.keys()].sort()).toEqual(
          [...new Set(offsets.flatMap((each) => [each.invoiceId, each.negativeInvoiceId]))].sort(),
        );
      }),
    );
  });
});
