import fc from 'fast-check';
import { currencyDecimals } from '../../src/domain/currency';
import type { RoundingMode } from '../../src/domain/decimal';
import type { FulfillmentState } from '../../src/domain/fulfillment';
import {
  amountsToCollect,
  billingDates,
  type Charge,
  chargeAmount,
  type InvoiceDraft,
  invoicesOf,
  isBillable,
  maxInvoiceItems,
} from '../../src/domain/invoice';

const dates = { targetDate: '2022-01-02', documentDate: '2022-01-02' };
let made = 0;

const charge = (more: Partial<Charge> = {}): Charge => ({
  accountId: 'a'.repeat(32),
  orgId: 'o'.repeat(32),
  currency: 'USD',
  paymentTerm: 'Net 30',
  invoiceGroupNumber: null,
  orderLineItemId: 'l'.repeat(32),
  fulfillmentId: `fulfillment ${++made}`,
  chargeName: 'Desk',
  quantity: '5',
  unitPrice: '10',
  unitOfMeasure: 'Each',
  taxMode: null,
  serviceStartDate: '2022-01-01',
  serviceEndDate: '2022-01-01',
  productCode: null,
  purchaseOrderNumber: null,
  ...more,
});

const amounts = (invoices: readonly InvoiceDraft[]) =>
  invoices.map((invoice) => [invoice.amount, ...invoice.items.map((item) => item.chargeAmount)]);

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

describe('invoices', () => {
  test('A1: two fulfillments of 5 at 10 on one line item give one invoice of 100 with two items of 50', () => {
    expect(amounts(invoicesOf([charge(), charge()], dates))).toEqual([['100', '50', '50']]);
  });

  test('A2: 10 at 30 give one invoice of 300', () => {
    expect(amounts(invoicesOf([charge({ quantity: '10', unitPrice: '30' })], dates))).toEqual([['300', '300']]);
  });

  test('round each item on its own: three of 3.335 come to 10.02, and no true-up follows', () => {
    const third = { quantity: '1', unitPrice: '3.335' };
    const invoices = invoicesOf([charge(third), charge(third), charge(third)], dates);
    expect(amounts(invoices)).toEqual([['10.02', '3.34', '3.34', '3.34']]);
    expect(amounts(invoicesOf([charge({ ...third, quantity: '3' })], dates))).toEqual([['10.01', '10.01']]);
  });

  test('carry the mode to every item', () => {
    const half = charge({ quantity: '1', unitPrice: '0.005' });
    expect(amounts(invoicesOf([half, half], dates, 'DOWN'))).toEqual([['0', '0', '0']]);
    expect(amounts(invoicesOf([half, half], dates))).toEqual([['0.02', '0.01', '0.01']]);
  });

  test('are not split by order, line item or fulfillment, nor by what is printed on the items', () => {
    const charges = [
      charge(),
      charge({ orderLineItemId: 'm'.repeat(32) }),
      charge({ chargeName: 'Chair', purchaseOrderNumber: 'PO', productCode: 'C', serviceStartDate: '2020-01-01' }),
    ];
    const [invoice, ...more] = invoicesOf(charges, dates);
    expect(more).toEqual([]);
    expect(invoice.items).toEqual(charges.map((c) => ({ ...c, chargeAmount: '50', taxAmount: '0' })));
  });

  test.each<[string, Partial<Charge>]>([
    ['account', { accountId: 'b'.repeat(32) }],
    ['currency', { currency: 'EUR' }],
    ['payment term', { paymentTerm: 'Net 60' }],
    ['invoice group number', { invoiceGroupNumber: 'G' }],
  ])('are split by %s', (_name, more) => {
    const invoices = invoicesOf([charge(), charge(more), charge(), charge(more)], dates);
    expect(invoices.map((invoice) => invoice.items.length)).toEqual([2, 2]);
    for (const invoice of invoices) {
      for (const item of invoice.items) {
        const { accountId, orgId, currency, paymentTerm, invoiceGroupNumber } = item;
        expect(invoice).toMatchObject({ accountId, orgId, currency, paymentTerm, invoiceGroupNumber });
      }
    }
  });

  test('come ascending by account, then by their other attributes, in whatever order the charges came', () => {
    const keys = ['a', 'b'].flatMap((account) =>
      ['EUR', 'USD'].flatMap((currency) =>
        ['Net 30', 'Net 60'].flatMap((paymentTerm) =>
          ['G1', 'G2'].map((invoiceGroupNumber) => ({
            accountId: account.repeat(32),
            currency,
            paymentTerm,
            invoiceGroupNumber,
          })),
        ),
      ),
    );
    const shuffled = fc.shuffledSubarray(keys, { minLength: keys.length });
    fc.assert(
      fc.property(shuffled, (order) => {
        const invoices = invoicesOf(order.map(charge), dates);
        const found = invoices.map(({ accountId, currency, paymentTerm, invoiceGroupNumber }) => ({
          accountId,
          currency,
          paymentTerm,
          invoiceGroupNumber,
        }));
        expect(found).toEqual(keys);
      }),
      { numRuns: 30 },
    );
  });

  test('hold at most 20,000 items each, in the order of the charges', () => {
    expect(maxInvoiceItems).toBe(20_000);
    const charges = Array.from({ length: 40_001 }, (_, at) => charge({ chargeName: String(at) }));
    const invoices = invoicesOf(charges, dates);
    expect(invoices.map((invoice) => invoice.items.length)).toEqual([20_000, 20_000, 1]);
    expect(invoices.map((invoice) => invoice.amount)).toEqual(['1000000', '1000000', '50']);
    expect(invoices.flatMap((i) => i.items.map((item) => item.chargeName))).toEqual(charges.map((c) => c.chargeName));
  });

  test('are none for no charges', () => {
    expect(invoicesOf([], dates)).toEqual([]);
  });

  test('are due when their payment term has passed since the document date', () => {
    const due = (paymentTerm: string) =>
      invoicesOf([charge({ paymentTerm })], { targetDate: '2022-03-31', documentDate: '2022-01-02' })[0];
    expect(due('Net 30')).toMatchObject({
      dueDate: '2022-02-01',
      documentDate: '2022-01-02',
      targetDate: '2022-03-31',
    });
    expect(due('Net 1').dueDate).toBe('2022-01-03');
    expect(due('Due Upon Receipt').dueDate).toBe('2022-01-02');
  });

  test('of whatever charges come to the sum of their items, to the cent, and lose and invent no charge', () => {
    const arbitrary = fc.record({
      accountId: fc.constantFrom('a', 'b'),
      currency: fc.constantFrom('USD', 'JPY', 'KWD'),
      paymentTerm: fc.constantFrom('Net 30', 'Due Upon Receipt'),
      invoiceGroupNumber: fc.constantFrom(null, 'G'),
      quantity: fc.bigInt({ min: 1n, max: 10n ** 13n }).map(decimal),
      unitPrice: fc.bigInt({ min: 0n, max: 10n ** 13n }).map(decimal),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 30 }), fc.constantFrom('HALF_UP', 'UP', 'DOWN'), (values, mode) => {
        const charges = values.map(charge);
        const invoices = invoicesOf(charges, dates, mode as RoundingMode);
        for (const { amount, amountWithoutTax, taxAmount, items } of invoices) {
          expect(billionths(amount)).toBe(items.reduce((sum, item) => sum + billionths(item.chargeAmount), 0n));
          expect([amountWithoutTax, taxAmount]).toEqual([amount, '0']);
          for (const item of items) {
            // Each item is less than one unit of its currency away from price x quantity, and on a whole unit.
            const one = 10n ** BigInt(18 - currencyDecimals(item.currency));
            const raw = billionths(item.unitPrice) * billionths(item.quantity);
            const difference = billionths(item.chargeAmount) * 10n ** 9n - raw;
            expect(difference > -one && difference < one).toBe(true);
            expect((billionths(item.chargeAmount) * 10n ** 9n) % one).toBe(0n);
          }
        }
        const ids = invoices.flatMap((invoice) => invoice.items.map((item) => item.fulfillmentId));
        expect(ids.sort()).toEqual(charges.map((c) => c.fulfillmentId).sort());
      }),
    );
  });
});

const decimal = (n: bigint) =>
  n
    .toString()
    .padStart(10, '0')
    .replace(/(.{9})$/, '.$1');
const billionths = (text: string): bigint => {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
};

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
