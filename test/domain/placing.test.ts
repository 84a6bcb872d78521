import fc from 'fast-check';
import { documentsOf, type PricedCharge } from '../../src/domain/billing';
import type { BillingSettings, CreditMemoRule } from '../../src/domain/billing-settings';
import { fromBillionths, toBillionths } from '../../src/domain/decimal';
import { maxDocumentItems, placed } from '../../src/domain/placing';
import { ofAmount, someSettings } from '../support/facts';

const dates = { targetDate: '2022-01-02', documentDate: '2022-01-02' };

/** So many charges of one amount each, a line item of its own each: below 0 returns. */
const of = (count: number, net: string, more: Partial<PricedCharge> = {}): PricedCharge[] =>
  Array.from({ length: count }, (_, at) =>
    ofAmount(net, {
      orderLineItemId: `${net} ${at}`,
      itemCategory: net.startsWith('-') ? 'Return' : 'Sales',
      ...more,
    }),
  );

/** The documents of these charges: kind, total and number of items. */
function documents(charges: readonly PricedCharge[], settings: Partial<BillingSettings>): string[] {
  const { invoices, creditMemos, parked } = documentsOf(charges, dates, someSettings(settings));
  return [
    ...invoices.map(({ amount, items }) => `invoice ${amount} of ${items.length}`),
    ...creditMemos.map(({ amount, items }) => `memo ${amount} of ${items.length}`),
    ...parked.map(({ at, amount }) => `parked ${at}: ${amount}`),
  ];
}

describe('N17: a group of more items than a document holds', () => {
  const judge = (creditMemoRule: CreditMemoRule, ...charges: PricedCharge[][]) =>
    documents(charges.flat(), { creditMemoRule });

  test.each<CreditMemoRule>(['NetNegative', 'NetNegativeNoGrouping'])(
    'at or above 0, %s: its returns are placed as soon as they can be carried',
    (rule) => {
      expect(judge(rule, of(16_000, '1'), of(5_000, '4'), of(5_000, '-4'))).toEqual([
        'invoice 0 of 20000',
        'invoice 16000 of 6000',
      ]);
    },
  );

  test('10,000 sales of 20.00, 10,000 of 0.02, 10,000 returns of 10.00 and 5,000 sales of 60.00: no memo', () => {
    const made = judge('NetNegative', of(10_000, '20'), of(10_000, '0.02'), of(10_000, '-10'), of(5_000, '60'));
    expect(made).toEqual(['invoice 100000 of 20000', 'invoice 300200 of 15000']);
  });

  test('17,500 sales under AllNegative are one invoice, whatever else the account has', () => {
    const made = judge('AllNegative', of(10_000, '1'), of(5_000, '-1'), of(7_500, '1'));
    expect(made).toEqual(['invoice 17500 of 17500', 'memo 5000 of 5000']);
  });

  test('below 0 is judged as a whole: by line item, or all of it on memos of which none is below 0', () => {
    expect(judge('NetNegative', of(20_000, '1'), of(10_000, '-3'))).toEqual([
      'invoice 20000 of 20000',
      'memo 30000 of 10000',
    ]);
    expect(judge('NetNegativeNoGrouping', of(20_000, '1'), of(10_000, '-3'))).toEqual([
      'memo 0 of 20000',
      'memo 10000 of 10000',
    ]);
  });

  test('with a return that no single invoice can carry credits it on a memo', () => {
    const made = judge('NetNegative', of(20_000, '1'), of(10_000, '1'), of(1, '-25000'));
    expect(made).toEqual(['invoice 20000 of 20000', 'invoice 10000 of 10000', 'memo 25000 of 1']);
  });

  test('waits for no return that is too large while a later one can be carried', () => {
    const made = judge('NetNegative', of(1, '-30000'), of(10_000, '-1'), of(25_000, '2'));
    // The first invoice takes a return with each sale.
    expect(made).toEqual(['invoice 10000 of 20000', 'invoice 0 of 15001']);
  });

  test('without invoice settlement is invoiced, and what no invoice can carry is an invoice below 0', () => {
    const judge = (...charges: PricedCharge[][]) => documents(charges.flat(), { invoiceSettlement: false });
    expect(judge(of(16_000, '1'), of(5_000, '4'), of(5_000, '-4'))).toEqual([
      'invoice 0 of 20000',
      'invoice 16000 of 6000',
    ]);
    expect(judge(of(30_000, '1'), of(1, '-25000'))).toEqual([
      'invoice 20000 of 20000',
      'invoice 10000 of 10000',
      'invoice -25000 of 1',
    ]);
    expect(judge(of(20_000, '1'), of(2, '-25000'))).toEqual(['invoice 20000 of 20000', 'invoice -50000 of 2']);
  });
});

describe('N13: an item that would carry a document past 13 digits', () => {
  const most = '9999999999999.99';
  const judge = (...charges: PricedCharge[][]) => documents(charges.flat(), { creditMemoRule: 'NetNegative' });

  test('is parked, and what comes after it is billed if it fits', () => {
    expect(judge(of(1, most), of(1, '0.01'), of(1, '0'))).toEqual([`invoice ${most} of 2`, 'parked 1: 10000000000000']);
    expect(judge(of(1, '6000000000000'), of(2, '5000000000000'), of(1, '7'))).toEqual([
      'invoice 6000000000007 of 2',
      'parked 1: 11000000000000',
      'parked 2: 11000000000000',
    ]);
    expect(judge(of(1, '10000000000000'))).toEqual(['parked 0: 10000000000000']);
  });

  test('is not, where a return of the same document takes it back', () => {
    expect(judge(of(2, '9000000000000'), of(1, '-9000000000000'))).toEqual(['invoice 9000000000000 of 3']);
  });

  test('is parked where tax alone carries it there, and on a credit memo as well', () => {
    expect(judge(of(1, '6000000000000', { tax: '6000000000000' }))).toEqual(['parked 0: 12000000000000']);
    expect(documents(of(3, '-5000000000000'), { creditMemoRule: 'AllNegative' })).toEqual([
      'memo 5000000000000 of 1',
      'parked 1: 10000000000000',
      'parked 2: 10000000000000',
    ]);
  });
});

test('billionths are exact both ways', () => {
  for (const value of ['0', '-0.5', '0.000000001', '-12345678901234567890.10203', '10', '-0.01']) {
    expect(fromBillionths(toBillionths(value))).toBe(value);
  }
  expect([toBillionths('1.50'), fromBillionths(-1n)]).toEqual([1_500_000_000n, '-0.000000001']);
  expect(() => toBillionths('0.0000000001')).toThrow('more than 9 decimals');
});

test('N17: whatever is placed, each charge stands once, on documents that are neither too long nor below 0', () => {
  const block = fc.record({
    count: fc.integer({ min: 1, max: 12_000 }),
    net: fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -20_000, max: 20_000 })),
    taxed: fc.boolean(),
  });
  const rule = fc.constantFrom<CreditMemoRule>(
    'AllNegative',
    'AllNegativeAndZero',
    'NetNegative',
    'NetNegativeNoGrouping',
  );
  const property = fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), rule, (blocks, creditMemoRule) => {
    const each = blocks.flatMap(({ count, net, taxed }) => Array.from({ length: count }, () => ({ net, taxed })));
    const charges = {
      net: each.map(({ net }) => BigInt(net)),
      tax: each.map(({ net, taxed }) => (taxed ? BigInt(net) : 0n)),
      isReturn: each.map(({ net }) => net < 0),
      line: each.map((_, at) => at),
    };
    const all = each.map((_, at) => at);
    const made = placed(charges, [all], { invoiceSettlement: true, creditMemoRule });
    expect(made.parked).toEqual([]);
    expect(made.documents.flatMap((document) => document.charges).sort((a, b) => a - b)).toEqual(all);
    for (const { kind, charges: own } of made.documents) {
      expect(own.length).toBeLessThanOrEqual(maxDocumentItems);
      const total = own.reduce((sum, at) => sum + charges.net[at] + charges.tax[at], 0n);
      // One document alone may be below 0 by its taxes: its sign is that before tax.
      if (all.length > maxDocumentItems) expect(kind === 'invoice' ? total >= 0n : total <= 0n).toBe(true);
    }
  });
  fc.assert(property, { numRuns: 20 });
});
