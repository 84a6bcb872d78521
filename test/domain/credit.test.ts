import fc from 'fast-check';
import { type PricedCharge, priced } from '../../src/domain/billing';
import type { TaxCode } from '../../src/domain/billing-settings';
import { type Amounts, billed, type CreditFacts, credited, creditedTaxRate, creditOf } from '../../src/domain/credit';
import type { RoundingMode } from '../../src/domain/decimal';
import type { TaxMode } from '../../src/domain/price';
import { aCharge, aReturnCharge, billionths, ofBillionths, someCredit, someSettings, sumOf } from '../support/facts';

/** What so much is charged anew at 3.335 each, or at another price, with a tax of 0.1 each. */
const at =
  (each: string, tax = '0') =>
  (quantity: string) => {
    const cents = (price: string) => {
      const raw = (billionths(price) * billionths(quantity)) / 10n ** 9n;
      return ofBillionths(((raw + 5_000_000n) / 10_000_000n) * 10_000_000n);
    };
    return { net: cents(each), tax: cents(tax) };
  };

/** The same price for what was billed and for what was not. */
const credit = (quantity: string, facts: CreditFacts, price: (quantity: string) => Amounts) =>
  creditOf(quantity, facts, { billed: price, now: price });

/** The credits of returns of so much each, one after the other. */
function oneByOne(facts: CreditFacts, price: ReturnType<typeof at>, ...quantities: string[]): string[] {
  let running = facts;
  return quantities.map((quantity) => {
    const { net, tax } = credit(quantity, running, price);
    running = credited(running, quantity, { net, tax }, null);
    return tax === '0' ? net : `${net}+${tax}`;
  });
}

describe('what is credited for a return', () => {
  test('K5: three items of 3.34 were billed; returned one by one, 10.02 is credited in all', () => {
    const sale = someCredit({ billedQuantity: '3', billedNet: '10.02' });
    expect(oneByOne(sale, at('3.335'), '1', '1', '1')).toEqual(['3.34', '3.34', '3.34']);
  });

  test('K5: one item of 10.01 was billed; returned one by one, the last one takes the remainder', () => {
    const sale = someCredit({ billedQuantity: '3', billedNet: '10.01' });
    expect(oneByOne(sale, at('3.335'), '1', '1', '1')).toEqual(['3.34', '3.34', '3.33']);
  });

  test('K5: however it was billed and is returned, what is credited in all is the bill', () => {
    expect(oneByOne(someCredit({ billedQuantity: '3', billedNet: '10.02' }), at('3.335'), '3')).toEqual(['10.02']);
    expect(oneByOne(someCredit({ billedQuantity: '3', billedNet: '10.02' }), at('3.335'), '2', '1')).toEqual([
      '6.67',
      '3.35',
    ]);
    expect(oneByOne(someCredit({ billedQuantity: '3', billedNet: '10.01' }), at('3.335'), '1', '2')).toEqual([
      '3.34',
      '6.67',
    ]);
  });

  test('is the price of so much, as long as more is left of the bill', () => {
    const sale = someCredit({ billedQuantity: '10', billedNet: '300', billedTax: '30' });
    expect(credit('2', sale, at('30', '3'))).toEqual({ net: '60', tax: '6' });
  });

  test('is at most what is left of the bill, net and tax each', () => {
    const sale = someCredit({ billedQuantity: '3', billedNet: '10.01', billedTax: '1' });
    const left = credited(sale, '1', { net: '8', tax: '0.05' }, null);
    expect(credit('1', left, at('3.335', '0.3335'))).toEqual({ net: '2.01', tax: '0.33' });
    expect(credit('1', credited(left, '0.5', { net: '0', tax: '0.9' }, null), at('3.335', '0.3335'))).toEqual({
      net: '2.01',
      tax: '0.05',
    });
    expect(credit('1', credited(sale, '1', { net: '11', tax: '2' }, null), at('3.335', '0.3335'))).toEqual({
      net: '0',
      tax: '0',
    });
  });

  test('takes the remainder of the tax as well', () => {
    const sale = someCredit({ billedQuantity: '3', billedNet: '3', billedTax: '0.14' });
    expect(oneByOne(sale, at('1', '0.045'), '1', '1', '1')).toEqual(['1+0.05', '1+0.05', '1+0.04']);
  });

  test('is nothing more than the bill where cents were lost to each item', () => {
    // Three of 0.004 came to one item of 0.01; each alone comes to nothing.
    const sale = someCredit({ billedQuantity: '3', billedNet: '0.01' });
    expect(oneByOne(sale, at('0.004'), '1', '1', '1')).toEqual(['0', '0', '0.01']);
  });

  test('before anything is billed is the price', () => {
    expect(oneByOne(someCredit(), at('3.335', '0.1'), '1', '2')).toEqual(['3.34+0.1', '6.67+0.2']);
  });

  test('K5: before anything is billed is in all the price of the whole, net and tax, though it comes bit by bit', () => {
    expect(oneByOne(someCredit(), at('3.335', '0.045'), '1', '1', '1')).toEqual([
      '3.34+0.05',
      '3.33+0.04',
      '3.34+0.05',
    ]);
    expect(oneByOne(someCredit(), at('0.004'), '1', '1', '1')).toEqual(['0', '0.01', '0']);
  });

  test('K5: two of 3 at 3.335 that came back before the bill of 10.01 leave of it what the third is credited', () => {
    const early = credited(someCredit(), '1', { net: '3.34', tax: '0' }, null);
    const both = credited(early, '1', credit('1', early, at('3.335')), null);
    const whole = billed(both, '3', { net: '10.01', tax: '0' }, null);
    expect(credit('1', whole, at('3.335'))).toEqual({ net: '3.34', tax: '0' });
  });

  test('is priced by the rate of the bill as far as that goes, and beyond by the present one', () => {
    const prices = { billed: at('100', '10'), now: at('100', '20') };
    const sale = someCredit({ billedQuantity: '2', billedNet: '200', billedTax: '20' });
    expect(creditOf('1', sale, prices)).toEqual({ net: '100', tax: '10' });
    expect(creditOf('2', sale, prices)).toEqual({ net: '200', tax: '20' });
    expect(creditOf('3', sale, prices)).toEqual({ net: '300', tax: '40' });
    expect(creditOf('1', credited(sale, '2', { net: '200', tax: '20' }, '0.1'), prices)).toEqual({
      net: '100',
      tax: '20',
    });
  });

  test('of a sale that is billed in part is the rest of the bill, and the price of what is beyond it', () => {
    const half = someCredit({ billedQuantity: '5', billedNet: '16.7', billedTax: '0.55' });
    expect(credit('7', half, at('3.335', '0.1'))).toEqual({ net: '23.37', tax: '0.75' });
    expect(oneByOne(half, at('3.335', '0.1'), '3', '3', '1')).toEqual(['10.01+0.3', '10.03+0.35', '3.33+0.1']);
    expect(oneByOne(half, at('3.335', '0.1'), '5', '2')).toEqual(['16.7+0.55', '6.67+0.2']);
  });

  test('of what was returned before it was billed is not credited again afterwards', () => {
    const early = credited(someCredit(), '4', credit('4', someCredit(), at('10')), null);
    const whole = billed(early, '10', { net: '100', tax: '0' }, null);
    expect(oneByOne(whole, at('10'), '2', '4')).toEqual(['20', '40']);
  });

  test('is nothing where the sale was completed without ever being billed', () => {
    expect(credit('2', someCredit({ neverBilled: true }), at('30', '3'))).toEqual({ net: '0', tax: '0' });
  });
});

describe('the tax rate of a credit', () => {
  const bills = (...taxRates: (string | null)[]) => someCredit({ billedQuantity: '3', taxRates });

  test('is that of the bills, as far as it goes back to them', () => {
    expect(creditedTaxRate('3', bills('0.1'), '0.2')).toBe('0.1');
    expect(creditedTaxRate('3', bills(null), '0.2')).toBeNull();
  });

  test('is the present one where nothing is billed, or all of that is credited already', () => {
    expect(creditedTaxRate('1', someCredit(), '0.2')).toBe('0.2');
    expect(creditedTaxRate('1', credited(bills('0.1'), '3', { net: '0', tax: '0' }, '0.1'), '0.2')).toBe('0.2');
  });

  test('is none where it makes up for several: of the bills, of what came back before them, or beyond them', () => {
    expect(creditedTaxRate('3', bills('0.1', '0.2'), '0.2')).toBeNull();
    const early = billed(
      credited(someCredit(), '1', { net: '1', tax: '1' }, '0.1'),
      '3',
      { net: '3', tax: '6' },
      '0.2',
    );
    expect(creditedTaxRate('2', early, '0.2')).toBeNull();
    expect(creditedTaxRate('4', bills('0.1'), '0.2')).toBeNull();
    expect(creditedTaxRate('4', bills('0.2'), '0.2')).toBe('0.2');
  });
});

describe('the facts after an act', () => {
  const bill = { billedQuantity: '3', billedNet: '10.01', billedTax: '0.3', billedTaxRate: '0.1', taxRates: ['0.1'] };
  const before = someCredit(bill);

  test('that credits add it to what is credited, and to nothing else', () => {
    const after = credited(before, '1', { net: '3.34', tax: '0.1' }, '0.1');
    const twice = credited(after, '0.5', { net: '1.67', tax: '0.05' }, null);
    expect(after).toEqual({ ...before, creditedQuantity: '1', creditedNet: '3.34', creditedTax: '0.1' });
    expect(twice).toEqual({
      ...before,
      creditedQuantity: '1.5',
      creditedNet: '5.01',
      creditedTax: '0.15',
      taxRates: ['0.1', null],
    });
  });

  test('that bills add it to what is billed, with the rate of the last item', () => {
    expect(billed(before, '1', { net: '3.34', tax: '0' }, null)).toEqual({
      ...before,
      billedQuantity: '4',
      billedNet: '13.35',
      billedTax: '0.3',
      billedTaxRate: null,
      taxRates: ['0.1', null],
    });
  });
});

/** A quantity in parts: `units` of so much each, cut at some of the places between them. */
const parts = fc
  .record({ units: fc.integer({ min: 1, max: 12 }), each: fc.constantFrom('1', '0.5', '0.333', '2.000000001') })
  .chain(({ units, each }) => {
    const cut = fc
      .subarray(Array.from({ length: units - 1 }, (_, place) => place + 1))
      .map((cuts) => [...cuts, units].map((place, at) => place - (cuts[at - 1] ?? 0)))
      .map((sizes) => sizes.map((size) => ofBillionths(BigInt(size) * billionths(each))));
    return fc.record({ sold: cut, returned: cut });
  });
const mode = fc.constantFrom<RoundingMode>('HALF_UP', 'UP', 'DOWN');
const how = fc.record({
  unitPrice: fc
    .oneof(fc.bigInt({ min: 0n, max: 100_000_000n }), fc.bigInt({ min: 0n, max: 10n ** 13n }))
    .map(ofBillionths),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  taxMode: fc.constantFrom<TaxMode | null>(null, 'TaxExclusive', 'TaxInclusive'),
  rate: fc.option(fc.bigInt({ min: 0n, max: 10n ** 9n }).map(ofBillionths)),
  inclusiveTaxRule: fc.constantFrom('NetFirst' as const, 'TaxFirst' as const),
  roundingMode: mode,
  /** Settings may have changed between the bill and the returns. */
  laterRate: fc.bigInt({ min: 0n, max: 10n ** 9n }).map(ofBillionths),
  laterMode: mode,
});

const netOf = (charges: readonly PricedCharge[]) => sumOf(charges.map((charge) => charge.net));
const taxOf = (charges: readonly PricedCharge[]) => sumOf(charges.map((charge) => charge.tax));

describe('whatever a sale was billed with, and in whatever parts it is returned', () => {
  test('credited is never more than billed, and all of it in the end, each return by an act of its own', () => {
    fc.assert(
      fc.property(
        parts,
        how,
        ({ sold, returned }, { rate, laterRate, laterMode, roundingMode, inclusiveTaxRule, ...line }) => {
          const taxCode = rate === null ? null : 'VAT';
          const codes = (value: string): TaxCode[] => [{ code: 'VAT', rate: value }];
          const billing = someSettings({ roundingMode, inclusiveTaxRule, taxCodes: codes(rate ?? '0') });
          const later = someSettings({ roundingMode: laterMode, inclusiveTaxRule, taxCodes: codes(laterRate) });

          const bill = priced(
            sold.map((quantity) => aCharge({ ...line, taxCode, quantity })),
            billing,
            new Map(),
          );
          let facts = bill.reduce((all, item) => billed(all, item.quantity, item, item.taxRate), someCredit());
          const credits = returned.flatMap((quantity) => {
            const made = priced([aReturnCharge({ ...line, taxCode, quantity })], later, new Map([['sale', facts]]));
            const back = { net: ofBillionths(-netOf(made)), tax: ofBillionths(-taxOf(made)) };
            facts = credited(facts, quantity, back, made[0].taxRate);
            return made;
          });

          let [net, tax] = [netOf(bill), taxOf(bill)];
          for (const credit of credits) {
            expect(billionths(credit.net) <= 0n && billionths(credit.tax) <= 0n).toBe(true);
            expect(credit.taxRate).toBe(rate);
            net += billionths(credit.net);
            tax += billionths(credit.tax);
            expect(net >= 0n && tax >= 0n).toBe(true);
          }
          expect([net, tax]).toEqual([0n, 0n]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('the same holds where sale and returns are billed by one act, in whatever order they stand', () => {
    const order = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(parts, how, order, fc.nat(), ({ sold, returned }, { rate, ...line }, places, kept) => {
        const { roundingMode, inclusiveTaxRule, unitPrice, currency, taxMode } = line;
        const taxCodes = rate === null ? [] : [{ code: 'VAT', rate }];
        const more = { unitPrice, currency, taxMode, taxCode: rate === null ? null : 'VAT' };
        // Some or all of the returns.
        const some = returned.slice(0, 1 + (kept % returned.length));
        const charges = [
          ...sold.map((quantity) => aCharge({ ...more, quantity })),
          ...some.map((quantity) => aReturnCharge({ ...more, quantity })),
        ]
          .map((charge) => ({ charge, place: places.next().value }))
          .sort((a, b) => a.place - b.place)
          .map(({ charge }) => charge);
        const settings = someSettings({ roundingMode, inclusiveTaxRule, taxCodes });
        const made = priced(charges, settings, new Map([['sale', someCredit()]]));

        expect(made.map(({ quantity, itemCategory }) => [quantity, itemCategory])).toEqual(
          charges.map(({ quantity, itemCategory }) => [quantity, itemCategory]),
        );
        const [net, tax] = [netOf(made), taxOf(made)];
        expect(net >= 0n && tax >= 0n).toBe(true);
        if (some.length === returned.length) expect([net, tax]).toEqual([0n, 0n]);
      }),
      { numRuns: 500 },
    );
  });

  test('what is returned before anything is billed is credited at what a bill over as much comes to, in whatever parts', () => {
    const property = fc.property(parts, how, ({ returned }, { rate, roundingMode, inclusiveTaxRule, ...line }) => {
      const taxCode = rate === null ? null : 'VAT';
      const taxCodes = rate === null ? [] : [{ code: 'VAT', rate }];
      const settings = someSettings({ roundingMode, inclusiveTaxRule, taxCodes });
      const quantity = ofBillionths(sumOf(returned));
      const [bill] = priced([aCharge({ ...line, taxCode, quantity })], settings, new Map());
      const charges = returned.map((part) => aReturnCharge({ ...line, taxCode, quantity: part }));
      const made = priced(charges, settings, new Map([['sale', someCredit()]]));
      for (const item of made) expect(billionths(item.net) <= 0n && billionths(item.tax) <= 0n).toBe(true);
      expect([netOf(made), taxOf(made)]).toEqual([-billionths(bill.net), -billionths(bill.tax)]);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
