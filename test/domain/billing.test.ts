import fc from 'fast-check';
import { amountWithoutTax, type Charge, type Documents, documentsOf, priced } from '../../src/domain/billing';
import type { BillingSettings } from '../../src/domain/billing-settings';
import type { CreditFacts } from '../../src/domain/credit';
import { maxDocumentItems } from '../../src/domain/placing';
import { aCharge, aReturnCharge, ofAmount, someCredit, someSettings } from '../support/facts';

const dates = { targetDate: '2022-01-02', documentDate: '2022-01-02' };
const vat = (rate: string) => ({ taxCodes: [{ code: 'VAT', rate }] });

/** What these charges come to, and the documents they stand on. */
const billing = (
  charges: readonly Charge[],
  settings: Partial<BillingSettings> = {},
  facts: CreditFacts = someCredit(),
) => documentsOf(priced(charges, someSettings(settings), new Map([['sale', facts]])), dates, someSettings(settings));
/** The total of each document and the amounts of its items before tax. */
const amounts = ({ invoices, creditMemos }: Documents) => ({
  invoices: invoices.map((invoice) => [invoice.amount, ...invoice.items.map((item) => item.net)]),
  creditMemos: creditMemos.map((memo) => [memo.amount, ...memo.items.map((item) => item.net)]),
});
/** net + tax of each charge. */
const splits = (charges: readonly Charge[], settings: Partial<BillingSettings> = {}, facts = someCredit()) =>
  priced(charges, someSettings(settings), new Map([['sale', facts]])).map((item) => `${item.net}+${item.tax}`);

describe('what is billed', () => {
  test('A1: two fulfillments of 5 at 10 on one line item give one invoice of 100 with two items of 50', () => {
    const charges = [aCharge({ fulfillmentId: 'f1' }), aCharge({ fulfillmentId: 'f2' })];
    expect(amounts(billing(charges))).toEqual({ invoices: [['100', '50', '50']], creditMemos: [] });
  });

  test('A2: 10 at 30 give one invoice of 300', () => {
    const charges = [aCharge({ quantity: '10', unitPrice: '30' })];
    expect(amounts(billing(charges))).toEqual({ invoices: [['300', '300']], creditMemos: [] });
  });

  const sold = someCredit({ billedQuantity: '10', billedNet: '300' });
  const taken = aReturnCharge({ fulfillmentId: 'f3', quantity: '2', unitPrice: '30' });

  test('A3: 2 of them returned give no invoice and one credit memo of 60 without tax', () => {
    const documents = billing([taken], {}, sold);
    expect(amounts(documents)).toEqual({ invoices: [], creditMemos: [['60', '60']] });
    expect(documents.creditMemos[0]).toMatchObject({
      amountWithoutTax: '60',
      taxAmount: '0',
      reasonCode: 'Return Order',
      documentDate: '2022-01-02',
      targetDate: '2022-01-02',
    });
  });

  test('A4: with invoice settlement off, they give one invoice with one item of -60, and no credit memo', () => {
    expect(amounts(billing([taken], { invoiceSettlement: false }, sold))).toEqual({
      invoices: [['-60', '-60']],
      creditMemos: [],
    });
  });

  test('rounds each item on its own: three of 3.335 come to 10.02, and no true-up follows', () => {
    const third = aCharge({ quantity: '1', unitPrice: '3.335' });
    expect(amounts(billing([third, third, third])).invoices).toEqual([['10.02', '3.34', '3.34', '3.34']]);
    expect(amounts(billing([{ ...third, quantity: '3' }])).invoices).toEqual([['10.01', '10.01']]);
  });

  test('is rounded by the mode of the settings, sales and returns alike', () => {
    const half = { quantity: '1', unitPrice: '0.005' };
    const both = [aCharge({ ...half, orderLineItemId: 'other' }), aReturnCharge(half)];
    expect(splits(both, { roundingMode: 'DOWN' })).toEqual(['0+0', '0+0']);
    expect(splits(both, { roundingMode: 'UP' })).toEqual(['0.01+0', '-0.01+0']);
    const entered = aCharge({ ...half, amount: '0.01' });
    expect(splits([entered], { roundingMode: 'DOWN' })).toEqual(['0.01+0']);
    expect(splits(both)).toEqual(['0.01+0', '-0.01+0']);
  });

  test('A14: inclusive, 2.99 at 4 %, tax first: 2.87 and 0.12, and the same below 0 where it is returned', () => {
    const more = { quantity: '1', unitPrice: '2.99', taxMode: 'TaxInclusive', taxCode: 'VAT' } as const;
    const settings = { ...vat('0.04'), inclusiveTaxRule: 'TaxFirst' } as const;
    expect(splits([aCharge(more)], settings)).toEqual(['2.87+0.12']);
    expect(splits([aCharge(more)], vat('0.04'))).toEqual(['2.88+0.11']);
    expect(splits([aReturnCharge(more)], settings)).toEqual(['-2.87+-0.12']);
    const documents = billing([aReturnCharge(more)], settings);
    expect(documents.creditMemos).toMatchObject([{ amountWithoutTax: '2.87', taxAmount: '0.12', amount: '2.99' }]);
  });

  test('A15: exclusive, 239.96 at 7.775 %: tax 18.66, 258.62 in all, and as much is credited', () => {
    const more = { quantity: '4', unitPrice: '59.99', taxMode: 'TaxExclusive', taxCode: 'VAT' } as const;
    const total = { amountWithoutTax: '239.96', taxAmount: '18.66', amount: '258.62' };
    expect(billing([aCharge(more)], vat('0.07775')).invoices).toMatchObject([total]);
    const bill = someCredit({ billedQuantity: '4', billedNet: '239.96', billedTax: '18.66', billedTaxRate: '0.07775' });
    expect(billing([aReturnCharge(more)], vat('0.2'), bill).creditMemos).toMatchObject([total]);
  });

  test('bears the rate of its tax code, and none without a code', () => {
    const rates = (more: Partial<Charge>) => priced([aCharge(more)], someSettings(vat('0.2')), new Map())[0].taxRate;
    expect([rates({ taxCode: 'VAT' }), rates({})]).toEqual(['0.2', null]);
    expect(splits([aCharge({ taxCode: 'VAT' }), aCharge({ taxMode: 'TaxInclusive' })], vat('0.2'))).toEqual([
      '50+10',
      '50+0',
    ]);
  });
});

describe('a return', () => {
  const more = { quantity: '2', unitPrice: '30', taxMode: 'TaxExclusive', taxCode: 'VAT' } as const;

  test('bears the rate that its sale was billed with, be it none', () => {
    const sold = (billedTaxRate: string | null, billedTax: string) =>
      someCredit({ billedQuantity: '10', billedNet: '300', billedTax, billedTaxRate });
    expect(splits([aReturnCharge(more)], vat('0.2'), sold('0.1', '30'))).toEqual(['-60+-6']);
    expect(splits([aReturnCharge(more)], vat('0.2'), sold(null, '0'))).toEqual(['-60+0']);
  });

  test('bears the rate of the bill as far as that goes, and the present one beyond it', () => {
    const sale = someCredit({
      billedQuantity: '1',
      billedNet: '30',
      billedTax: '3',
      billedTaxRate: '0.1',
      taxRates: ['0.1'],
    });
    const one = { ...more, quantity: '1' };
    expect(splits([aReturnCharge(one), aReturnCharge(one)], vat('0.2'), sale)).toEqual(['-30+-3', '-30+-6']);
    expect(splits([aReturnCharge(more)], vat('0.2'), sale)).toEqual(['-60+-9']);
    const rates = (...charges: Charge[]) =>
      priced(charges, someSettings(vat('0.2')), new Map([['sale', sale]])).map(({ taxRate }) => taxRate);
    expect(rates(aReturnCharge(one), aReturnCharge(one))).toEqual(['0.1', '0.2']);
    expect(rates(aReturnCharge(more))).toEqual([null]);
  });

  test('bears the present rate where the sale is not billed yet', () => {
    expect(splits([aReturnCharge(more)], vat('0.2'))).toEqual(['-60+-12']);
  });

  test('of what was never billed is credited nothing', () => {
    expect(splits([aReturnCharge(more)], vat('0.2'), someCredit({ neverBilled: true }))).toEqual(['0+0']);
  });

  test('K5: takes what the returns before it in the same act leave of the bill', () => {
    const third = aReturnCharge({ quantity: '1', unitPrice: '3.335' });
    const bill = (billedNet: string) => someCredit({ billedQuantity: '3', billedNet });
    expect(splits([third, third, third], {}, bill('10.01'))).toEqual(['-3.34+0', '-3.34+0', '-3.33+0']);
    expect(splits([third, third, third], {}, bill('10.02'))).toEqual(['-3.34+0', '-3.34+0', '-3.34+0']);
    expect(splits([{ ...third, quantity: '3' }], {}, bill('10.02'))).toEqual(['-10.02+0']);
  });

  test('K5: takes back what the same act bills of its sale, though it stands before it', () => {
    const third = aCharge({ quantity: '1', unitPrice: '3.335' });
    const whole = aReturnCharge({ quantity: '3', unitPrice: '3.335' });
    expect(splits([whole, third, third, third])).toEqual(['-10.02+0', '3.34+0', '3.34+0', '3.34+0']);
  });

  test('is limited by its own sale and by no other', () => {
    const facts = new Map([
      ['sale', someCredit({ billedQuantity: '1', billedNet: '3.3' })],
      ['other', someCredit({ billedQuantity: '1', billedNet: '3.4' })],
    ]);
    const third = aReturnCharge({ quantity: '1', unitPrice: '3.335' });
    const made = priced([third, { ...third, originalOrderLineItemId: 'other' }], someSettings(), facts);
    expect(made.map((item) => item.net)).toEqual(['-3.3', '-3.4']);
    expect(facts.get('sale')).toEqual(someCredit({ billedQuantity: '1', billedNet: '3.3' }));
  });
});

describe('documents', () => {
  const both = (charges: readonly Charge[]) => {
    const returns = charges.map((charge) => ofAmount('-50', { ...charge, itemCategory: 'Return' }));
    const sales = charges.map((charge) => ofAmount('50', charge));
    const { invoices, creditMemos } = documentsOf([...returns, ...sales], dates, someSettings());
    return [invoices, creditMemos] as const;
  };

  test('are not split by order, line item or fulfillment, nor by what is printed on the items', () => {
    const charges = [
      aCharge(),
      aCharge({ orderLineItemId: 'other', fulfillmentId: 'f' }),
      aCharge({ chargeName: 'Chair', purchaseOrderNumber: 'PO', productCode: 'C', serviceStartDate: '2020-01-01' }),
    ];
    for (const documents of both(charges)) expect(documents.map(({ items }) => items.length)).toEqual([3]);
    const [invoice] = billing(charges).invoices;
    expect(invoice.items).toEqual(charges.map((charge) => ({ ...charge, net: '50', tax: '0', taxRate: null })));
  });

  test.each<[string, Partial<Charge>]>([
    ['account', { accountId: 'b'.repeat(32) }],
    ['currency', { currency: 'EUR' }],
    ['payment term', { paymentTerm: 'Net 60' }],
    ['invoice group number', { invoiceGroupNumber: 'G' }],
  ])('are split by %s', (_name, more) => {
    for (const documents of both([aCharge(), aCharge(more), aCharge(), aCharge(more)])) {
      expect(documents.map(({ items }) => items.length)).toEqual([2, 2]);
      for (const { items, ...document } of documents) {
        for (const { accountId, orgId, currency, invoiceGroupNumber, paymentTerm } of items) {
          expect(document).toMatchObject({ accountId, orgId, currency, invoiceGroupNumber });
          if ('paymentTerm' in document) expect(document.paymentTerm).toBe(paymentTerm);
        }
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
    const keyOf = ({ accountId, currency, paymentTerm, invoiceGroupNumber }: Charge) => ({
      accountId,
      currency,
      paymentTerm,
      invoiceGroupNumber,
    });
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (order) => {
        for (const documents of both(order.map(aCharge))) {
          expect(documents.map(({ items }) => keyOf(items[0]))).toEqual(keys);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('hold at most 20,000 items each, in the order of the charges', () => {
    expect(maxDocumentItems).toBe(20_000);
    const charges = Array.from({ length: 40_001 }, (_, at) => aCharge({ chargeName: String(at) }));
    for (const documents of both(charges)) {
      expect(documents.map(({ items }) => items.length)).toEqual([20_000, 20_000, 1]);
      expect(documents.map(({ amount }) => amount)).toEqual(['1000000', '1000000', '50']);
      expect(documents.flatMap(({ items }) => items.map((item) => item.chargeName))).toEqual(
        charges.map((charge) => charge.chargeName),
      );
    }
  });

  test('are none for no charges', () => {
    for (const invoiceSettlement of [true, false]) {
      expect(billing([], { invoiceSettlement })).toEqual({ invoices: [], creditMemos: [], parked: [] });
    }
  });

  test('are due when their payment term has passed since the document date', () => {
    const days = { targetDate: '2022-03-31', documentDate: '2022-01-02' };
    const due = (paymentTerm: string) =>
      documentsOf([ofAmount('50', { paymentTerm })], days, someSettings()).invoices[0];
    expect(due('Net 30')).toMatchObject({ ...days, dueDate: '2022-02-01', paymentTerm: 'Net 30' });
    expect(due('Net 1').dueDate).toBe('2022-01-03');
    expect(due('Due Upon Receipt').dueDate).toBe('2022-01-02');
  });
});

describe('the amount of a line item without tax', () => {
  const line = {
    quantity: '4',
    listPricePerUnit: '70',
    amountPerUnit: '59.99',
    inlineDiscountType: 'None',
    inlineDiscountPerUnit: null,
    currency: 'USD',
    taxCode: 'VAT',
  } as const;
  const settings = someSettings(vat('0.1'));

  test('is the amount where tax comes on top, and where no mode is set', () => {
    expect(amountWithoutTax({ ...line, taxMode: 'TaxExclusive' }, settings)).toBe('239.96');
    expect(amountWithoutTax({ ...line, taxMode: null }, settings)).toBe('239.96');
  });

  test('is the amount less the tax in it where tax is included, split by the rule of the settings', () => {
    expect(amountWithoutTax({ ...line, taxMode: 'TaxInclusive' }, settings)).toBe('218.15');
    const a14 = { ...line, quantity: '1', amountPerUnit: '2.99', taxMode: 'TaxInclusive' } as const;
    expect(amountWithoutTax(a14, someSettings(vat('0.04')))).toBe('2.88');
    expect(amountWithoutTax(a14, someSettings({ ...vat('0.04'), inclusiveTaxRule: 'TaxFirst' }))).toBe('2.87');
  });

  test('N10: is the rounded amount where there is no tax in it', () => {
    const exact = { ...line, amountPerUnit: '3.1235', taxCode: null };
    for (const taxMode of [null, 'TaxExclusive', 'TaxInclusive'] as const) {
      expect(amountWithoutTax({ ...exact, taxMode }, settings)).toBe('12.49');
    }
  });
});
