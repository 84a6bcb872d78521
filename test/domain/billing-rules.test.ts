import fc from 'fast-check';
import { type Charge, type Documents, documentsOf, type PricedCharge, priced } from '../../src/domain/billing';
import type { BillingSettings, CreditMemoRule } from '../../src/domain/billing-settings';
import { currencyDecimals } from '../../src/domain/currency';
import type { RoundingMode } from '../../src/domain/decimal';
import type { TaxMode } from '../../src/domain/price';
import {
  aCharge,
  aReturnCharge,
  billionths,
  ofAmount,
  ofBillionths,
  someCredit,
  someSettings,
  sumOf,
} from '../support/facts';

const dates = { targetDate: '2022-01-02', documentDate: '2022-01-02' };
const rules: CreditMemoRule[] = ['AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping'];

/** Each document as its kind, its total, and the amounts of its items before tax. */
const documents = (charges: readonly PricedCharge[], settings: Partial<BillingSettings>): string[] => {
  const { invoices, creditMemos } = documentsOf(charges, dates, someSettings(settings));
  const told = (kind: string) => (draft: Documents['creditMemos'][number] | Documents['invoices'][number]) =>
    `${kind} ${draft.amount}: ${draft.items.map((item) => item.net).join(' ')}`;
  return [...invoices.map(told('invoice')), ...creditMemos.map(told('memo'))];
};
const by = (creditMemoRule: CreditMemoRule) => (charges: readonly PricedCharge[]) =>
  documents(charges, { creditMemoRule });
/** Sales and returns of these amounts, each of a line item of its own. */
const of = (...nets: string[]) => nets.map((net, at) => ofAmount(net, { orderLineItemId: `line ${at}` }));
/** A return for nothing. */
const zeroReturn = ofAmount('0', { ...aReturnCharge() });

describe('all negative charges on a credit memo', () => {
  const judge = by('AllNegative');

  test('C1: -10 and +50 give a credit memo of 10 and an invoice of 50', () => {
    expect(judge(of('-10', '50'))).toEqual(['invoice 50: 50', 'memo 10: 10']);
  });

  test('is the rule even where the total is below 0', () => {
    expect(judge(of('-60', '50', '-1'))).toEqual(['invoice 50: 50', 'memo 61: 60 1']);
  });

  test('a zero counts as positive, of a sale and of a return', () => {
    expect(judge([...of('0'), zeroReturn])).toEqual(['invoice 0: 0 0']);
    expect(judge([zeroReturn, ...of('-10')])).toEqual(['invoice 0: 0', 'memo 10: 10']);
  });

  test('the remainder of a bill that is tax alone is credited and not invoiced below 0', () => {
    expect(judge([{ ...zeroReturn, tax: '-0.01' }, ...of('50')])).toEqual(['invoice 50: 50', 'memo 0.01: 0']);
    expect(judge([ofAmount('0', { tax: '0.01' })])).toEqual(['invoice 0.01: 0']);
  });
});

describe('all negative and zero credit charges on a credit memo', () => {
  const judge = by('AllNegativeAndZero');

  test('C1: -10 and +50 give a credit memo of 10 and an invoice of 50', () => {
    expect(judge(of('-10', '50'))).toEqual(['invoice 50: 50', 'memo 10: 10']);
  });

  test('a return for nothing is credited; a sale for nothing is invoiced', () => {
    expect(judge([...of('0'), zeroReturn])).toEqual(['invoice 0: 0', 'memo 0: 0']);
    expect(judge([zeroReturn])).toEqual(['memo 0: 0']);
  });
});

describe('net negative totals', () => {
  const judge = by('NetNegative');

  test('C3: a total of 0 or more is one invoice, with a negative line on it', () => {
    expect(judge(of('-10', '50'))).toEqual(['invoice 40: -10 50']);
    expect(judge(of('-50', '50', '0'))).toEqual(['invoice 0: -50 50 0']);
    expect(judge([zeroReturn])).toEqual(['invoice 0: 0']);
  });

  test('a total below 0 is split by line item: what is 0 or more is invoiced, the rest credited', () => {
    expect(judge(of('-60', '50', '0', '-1'))).toEqual(['invoice 50: 50 0', 'memo 61: 60 1']);
    expect(judge(of('-60'))).toEqual(['memo 60: 60']);
  });

  test('the fulfillments of one line item count together', () => {
    const line = (net: string, orderLineItemId: string) => ofAmount(net, { orderLineItemId });
    expect(judge([line('-6', 'a'), line('5', 'b'), line('0', 'a')])).toEqual(['invoice 5: 5', 'memo 6: 6 0']);
    expect(judge([line('-6', 'a'), line('5', 'a'), line('-9', 'b'), line('8', 'b'), line('1', 'c')])).toEqual([
      'invoice 1: 1',
      'memo 2: 6 -5 9 -8',
    ]);
  });

  test('the sign is that before tax', () => {
    const taxed = [ofAmount('-10', { tax: '-5' }), ofAmount('12', { orderLineItemId: 'other' })];
    expect(judge(taxed)).toEqual(['invoice -3: -10 12']);
    const turned = [ofAmount('-12'), ofAmount('10', { orderLineItemId: 'other', tax: '5' })];
    expect(judge(turned)).toEqual(['invoice 15: 10', 'memo 12: 12']);
  });
});

describe('net negative totals without grouping', () => {
  const judge = by('NetNegativeNoGrouping');

  test('C3: a total of 0 or more is one invoice, with a negative line on it', () => {
    expect(judge(of('-10', '50'))).toEqual(['invoice 40: -10 50']);
    expect(judge(of('-50', '50'))).toEqual(['invoice 0: -50 50']);
  });

  test('a total below 0 is one credit memo of everything, with every sign turned', () => {
    const charges = [ofAmount('-60', { tax: '-6' }), ofAmount('50', { tax: '5' }), ofAmount('0')];
    expect(judge(charges)).toEqual(['memo 11: 60 -50 0']);
    const [memo] = documentsOf(charges, dates, someSettings({ creditMemoRule: 'NetNegativeNoGrouping' })).creditMemos;
    expect(memo).toMatchObject({ amountWithoutTax: '10', taxAmount: '1', amount: '11' });
    expect(memo.items.map(({ net, tax }) => [net, tax])).toEqual([
      ['60', '6'],
      ['-50', '-5'],
      ['0', '0'],
    ]);
  });

  test('stays an invoice where tax turns its sign around', () => {
    const turned = (tax: string) => judge([ofAmount('-60'), ofAmount('50', { tax })]);
    expect(turned('10.01')).toEqual(['invoice 0.01: -60 50']);
    expect(turned('10')).toEqual(['memo 0: 60 -50']);
  });
});

describe('without invoice settlement', () => {
  test.each(rules)('everything is invoiced, below 0 too, though the rule is %s', (creditMemoRule) => {
    const judge = (charges: PricedCharge[]) => documents(charges, { creditMemoRule, invoiceSettlement: false });
    expect(judge(of('-10', '50'))).toEqual(['invoice 40: -10 50']);
    expect(judge(of('-60', '50'))).toEqual(['invoice -10: -60 50']);
    expect(judge([zeroReturn])).toEqual(['invoice 0: 0']);
  });
});

test.each(rules)('a return whose remainder is tax alone is credited, though the rule is %s', (creditMemoRule) => {
  const remainder = { ...zeroReturn, tax: '-0.04' };
  const { invoices, creditMemos } = documentsOf([remainder], dates, someSettings({ creditMemoRule }));
  expect(invoices).toEqual([]);
  expect(creditMemos).toMatchObject([{ amountWithoutTax: '0', taxAmount: '0.04', amount: '0.04' }]);
});

test('the sign is judged within what stands together, not over all accounts', () => {
  const charges = [
    ofAmount('-10', { accountId: 'a' }),
    ofAmount('50', { accountId: 'b' }),
    ofAmount('5', { accountId: 'a' }),
  ];
  for (const rule of ['NetNegative', 'NetNegativeNoGrouping'] as const) {
    const { invoices, creditMemos } = documentsOf(charges, dates, someSettings({ creditMemoRule: rule }));
    expect(creditMemos.map((memo) => memo.accountId)).toEqual(['a']);
    expect(invoices.map((invoice) => invoice.accountId)).toContain('b');
  }
});

/** Line items with up to three charges each: sales, and returns of sales that were billed in whatever way. */
const line = fc.record({
  itemCategory: fc.constantFrom('Sales' as const, 'Return' as const),
  accountId: fc.constantFrom('a', 'b'),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  paymentTerm: fc.constantFrom('Net 30', 'Due Upon Receipt'),
  invoiceGroupNumber: fc.constantFrom(null, 'G'),
  taxMode: fc.constantFrom<TaxMode | null>(null, 'TaxExclusive', 'TaxInclusive'),
  taxCode: fc.constantFrom(null, 'VAT', 'LOW'),
  unitPrice: fc
    .oneof(fc.bigInt({ min: 0n, max: 20_000_000n }), fc.bigInt({ min: 0n, max: 10n ** 13n }))
    .map(ofBillionths),
  quantities: fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }).map(ofBillionths), { minLength: 1, maxLength: 3 }),
  billed: fc.option(fc.record({ quantity: fc.nat({ max: 900 }), net: fc.nat({ max: 9 }), tax: fc.nat({ max: 9 }) })),
});
const settingsOf = fc.record({
  invoiceSettlement: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
  creditMemoRule: fc.constantFrom(...rules),
  inclusiveTaxRule: fc.constantFrom('NetFirst' as const, 'TaxFirst' as const),
  roundingMode: fc.constantFrom<RoundingMode>('HALF_UP', 'UP', 'DOWN'),
  taxCodes: fc
    .record({ vat: fc.bigInt({ min: 0n, max: 10n ** 9n }), low: fc.bigInt({ min: 0n, max: 10n ** 8n }) })
    .map(({ vat, low }) => [
      { code: 'VAT', rate: ofBillionths(vat) },
      { code: 'LOW', rate: ofBillionths(low) },
    ]),
});

/** An amount of so many of the smallest units of its currency. */
const units = (count: number, currency: string) =>
  ofBillionths(BigInt(count) * 10n ** BigInt(9 - currencyDecimals(currency)));

test('whatever is billed by whatever rule, documents are the sum of their items, to the cent, and lose no charge', () => {
  const seen = new Set<string>();
  const property = fc.property(fc.array(line, { maxLength: 8 }), settingsOf, (lines, more) => {
    const settings = someSettings(more);
    const facts = new Map(
      lines.map(({ billed, currency }, at) => [
        `sale ${at}`,
        someCredit({
          billedQuantity: String(billed?.quantity ?? 0),
          billedNet: units(billed?.net ?? 0, currency),
          billedTax: units(billed?.tax ?? 0, currency),
          billedTaxRate: billed ? '0.1' : null,
        }),
      ]),
    );
    const charges = lines.flatMap(({ quantities, billed: _billed, ...values }, at) =>
      quantities.map((quantity, part): Charge => {
        const own = { ...values, quantity, orderLineItemId: `line ${at}`, fulfillmentId: `${at} ${part}` };
        return values.itemCategory === 'Sales'
          ? aCharge(own)
          : aReturnCharge({ ...own, originalOrderLineItemId: `sale ${at}` });
      }),
    );
    const items = priced(charges, settings, facts);
    const { invoices, creditMemos } = documentsOf(items, dates, settings);

    for (const document of [...invoices, ...creditMemos]) {
      const net = sumOf(document.items.map((item) => item.net));
      const tax = sumOf(document.items.map((item) => item.tax));
      expect([document.amountWithoutTax, document.taxAmount, document.amount].map(billionths)).toEqual([
        net,
        tax,
        net + tax,
      ]);
      const cent = 10n ** BigInt(9 - currencyDecimals(document.currency));
      for (const item of document.items) {
        expect([billionths(item.net) % cent, billionths(item.tax) % cent]).toEqual([0n, 0n]);
        if (item.itemCategory === 'Return') continue;
        // Less than one cent away from price x quantity.
        const sign = creditMemos.some((memo) => memo === document) ? -1n : 1n;
        const charged = sign * (billionths(item.net) + (item.taxMode === 'TaxInclusive' ? billionths(item.tax) : 0n));
        const difference = charged * 10n ** 9n - billionths(item.unitPrice) * billionths(item.quantity);
        const whole = cent * 10n ** 9n;
        expect(difference > -whole && difference < whole).toBe(true);
      }
    }
    const stand = [
      ...invoices.flatMap((invoice) => invoice.items),
      ...creditMemos.flatMap((memo) =>
        memo.items.map((item) => ({
          ...item,
          net: ofBillionths(-billionths(item.net)),
          tax: ofBillionths(-billionths(item.tax)),
        })),
      ),
    ];
    const sorted = (all: PricedCharge[]) => [...all].sort((a, b) => (a.fulfillmentId! < b.fulfillmentId! ? -1 : 1));
    expect(sorted(stand)).toEqual(sorted(items));

    for (const memo of creditMemos) {
      expect(settings.invoiceSettlement && billionths(memo.amount) >= 0n).toBe(true);
      seen.add(`memo ${settings.creditMemoRule}`);
    }
    const apart = settings.creditMemoRule === 'AllNegative' || settings.creditMemoRule === 'AllNegativeAndZero';
    for (const invoice of invoices) {
      const below = billionths(invoice.amount) < 0n;
      if (below) seen.add(`below 0 ${settings.invoiceSettlement ? settings.creditMemoRule : 'without settlement'}`);
      if (settings.invoiceSettlement && apart) expect(below).toBe(false);
    }
  });
  fc.assert(property, { numRuns: 600 });
  for (const rule of rules) expect([...seen]).toContain(`memo ${rule}`);
  expect([...seen]).toContain('below 0 without settlement');
});
