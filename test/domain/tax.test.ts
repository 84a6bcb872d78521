import fc from 'fast-check';
import { add, type RoundingMode } from '../../src/domain/decimal';
import { type TaxFacts, taxOf } from '../../src/domain/tax';

const facts = (more: Partial<TaxFacts> = {}): TaxFacts => ({
  taxMode: 'TaxExclusive',
  rate: '0.1',
  inclusiveTaxRule: 'NetFirst',
  roundingMode: 'HALF_UP',
  currency: 'USD',
  ...more,
});
const split = (amount: string, more: Partial<TaxFacts> = {}) => {
  const { net, tax } = taxOf(amount, facts(more));
  return [net, tax];
};

describe('the tax of an amount', () => {
  test('A11: in a currency without decimals, 3.49 is 3 and 3.50 is 4', () => {
    const taxes = ['3490', '3500'].map((amount) => split(amount, { rate: '0.001', currency: 'JPY' })[1]);
    expect(taxes).toEqual(['3', '4']);
  });

  test('A14: inclusive, gross 2.99 at 4 %, tax first: tax 0.12, net 2.87', () => {
    const facts = { taxMode: 'TaxInclusive', rate: '0.04', inclusiveTaxRule: 'TaxFirst' } as const;
    expect(split('2.99', facts)).toEqual(['2.87', '0.12']);
  });

  test('A14: by the default rule, net first: net 2.88, tax 0.11', () => {
    expect(split('2.99', { taxMode: 'TaxInclusive', rate: '0.04' })).toEqual(['2.88', '0.11']);
  });

  test('A15: exclusive, 239.96 at 7.775 %: tax 18.66, 258.62 in all', () => {
    const [net, tax] = split('239.96', { rate: '0.07775' });
    expect([net, tax, add(net, tax)]).toEqual(['239.96', '18.66', '258.62']);
  });

  test('A16: 65.8476 USD is 65.85', () => {
    expect(split('164619', { rate: '0.0004' })[1]).toBe('65.85');
  });

  test('is added to it where no mode says otherwise', () => {
    expect(split('100', { taxMode: null })).toEqual(['100', '10']);
  });

  test('is 0 without a tax code, and at a rate of 0', () => {
    for (const taxMode of [null, 'TaxExclusive', 'TaxInclusive'] as const) {
      expect(split('2.99', { taxMode, rate: null })).toEqual(['2.99', '0']);
      expect(split('2.99', { taxMode, rate: '0' })).toEqual(['2.99', '0']);
    }
  });

  test.each<[RoundingMode, string, string, string]>([
    ['HALF_UP', '0.03', '0.85', '0.09'],
    ['UP', '0.03', '0.86', '0.09'],
    ['DOWN', '0.02', '0.85', '0.08'],
  ])('is rounded %s where the settings say so', (roundingMode, exclusive, net, tax) => {
    expect(split('0.25', { roundingMode })[1]).toBe(exclusive);
    expect(split('0.94', { roundingMode, taxMode: 'TaxInclusive' })[0]).toBe(net);
    expect(split('0.94', { roundingMode, taxMode: 'TaxInclusive', inclusiveTaxRule: 'TaxFirst' })[1]).toBe(tax);
  });

  test('on a negative invoice is that of the amount above 0, with the other sign', () => {
    for (const taxMode of ['TaxExclusive', 'TaxInclusive'] as const) {
      const [net, tax] = split('2.95', { taxMode, roundingMode: 'UP' });
      expect(split('-2.95', { taxMode, roundingMode: 'UP' })).toEqual([`-${net}`, `-${tax}`]);
    }
  });
});

/** Hundredths of a decimal with two of them. */
const cents = (value: string): bigint => {
  const [whole, fraction = ''] = value.replace('-', '').split('.');
  const magnitude = BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
  return value.startsWith('-') ? -magnitude : magnitude;
};
const one = 10n ** 9n;
const magnitudeOf = (value: bigint) => (value < 0n ? -value : value);
const amounts = fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n });
const rates = fc.bigInt({ min: 0n, max: one });
const amountOf = (value: bigint) => {
  const digits = magnitudeOf(value).toString().padStart(3, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const rateOf = (value: bigint) => `${value / one}.${(value % one).toString().padStart(9, '0')}`;

describe('whatever the amount and the rate', () => {
  test('net and tax are the gross to the cent where tax is included, neither against its sign', () => {
    const rules = fc.constantFrom<TaxFacts['inclusiveTaxRule']>('NetFirst', 'TaxFirst');
    const modes = fc.constantFrom<RoundingMode>('HALF_UP', 'UP', 'DOWN');
    fc.assert(
      fc.property(amounts, rates, rules, modes, (amount, rate, inclusiveTaxRule, roundingMode) => {
        const included = { taxMode: 'TaxInclusive', rate: rateOf(rate), inclusiveTaxRule, roundingMode } as const;
        const [net, tax] = split(amountOf(amount), included).map(cents);
        expect(net + tax).toBe(amount);
        expect(magnitudeOf(net) + magnitudeOf(tax)).toBe(magnitudeOf(amount));
      }),
    );
  });

  test('the part that is rounded is no more than half a cent from the exact one', () => {
    fc.assert(
      fc.property(amounts, rates, (amount, rate) => {
        const asked = { rate: rateOf(rate) };
        const half = (difference: bigint, unit: bigint) => expect(magnitudeOf(2n * difference) <= unit).toBe(true);

        const [, tax] = split(amountOf(amount), asked).map(cents);
        half(tax * one - amount * rate, one);

        const included = { ...asked, taxMode: 'TaxInclusive' } as const;
        const [net] = split(amountOf(amount), included).map(cents);
        half(net * (one + rate) - amount * one, one + rate);

        const [, taxFirst] = split(amountOf(amount), { ...included, inclusiveTaxRule: 'TaxFirst' }).map(cents);
        half(taxFirst * (one + rate) - amount * rate, one + rate);
      }),
    );
  });
});
