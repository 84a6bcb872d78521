import {
  checkTaxCode,
  checkUnit,
  roundQuantity,
  taxRateOf,
  type UnitOfMeasure,
} from '../../src/domain/billing-settings';
import { checkLists } from '../../src/domain/fulfillment-fields';
import { chargeAmount } from '../../src/domain/invoice';
import { someSettings, told } from '../support/facts';

const each: UnitOfMeasure = { name: 'Each', decimals: 0, roundingMode: 'DOWN' };
const hour: UnitOfMeasure = { name: 'Hour', decimals: 2, roundingMode: 'HALF_UP' };
const case12: UnitOfMeasure = { name: 'Case', decimals: 0, roundingMode: 'UP' };

describe('a quantity', () => {
  const settings = someSettings({ units: [each, hour, case12] });

  test('A12: 4.6 in a unit without decimals that rounds down is 4, and 239.96 at 59.99', () => {
    const quantity = roundQuantity('4.6', 'Each', settings);
    expect([quantity, chargeAmount('59.99', quantity, 'USD')]).toEqual(['4', '239.96']);
  });

  test.each([
    ['0.9', 'Each', '0'],
    ['4.605', 'Hour', '4.61'],
    ['4.6', 'Hour', '4.6'],
    ['4.1', 'Case', '5'],
  ])('%s in the unit %s is kept as %s', (quantity, unit, kept) => {
    expect(roundQuantity(quantity, unit, settings)).toBe(kept);
  });

  test('stays as it is where it is all that is left, and only there', () => {
    expect(roundQuantity('0.6', 'Each', settings, '0.60')).toBe('0.6');
    expect(roundQuantity('0.6', 'Each', settings, '0.7')).toBe('0');
    expect(roundQuantity('4.6', 'Case', settings, '0.6')).toBe('5');
  });

  test('stays as it is without a unit, and in one that is not configured', () => {
    for (const unit of [null, undefined, 'each', 'Pallet'])
      expect(roundQuantity('4.605', unit, settings)).toBe('4.605');
    expect(roundQuantity('4.605', 'Each', someSettings())).toBe('4.605');
  });
});

describe('a unit', () => {
  test('is free where none are configured, else one of them', () => {
    expect(told(checkUnit('Pallet', someSettings()))).toEqual([]);
    const settings = someSettings({ units: [each, hour] });
    for (const allowed of ['Each', 'Hour', null, undefined]) expect(checkUnit(allowed, settings)).toEqual([]);
    expect(checkUnit('each', settings)).toEqual([
      {
        code: 'INVALID_VALUE',
        message: 'No unit has this name; Each, Hour are allowed.',
        path: ['unitOfMeasure'],
      },
    ]);
  });
});

describe('a tax code', () => {
  const settings = someSettings({ taxCodes: [{ code: 'VAT', rate: '0.2' }] });

  test('is one of those configured, even where none are', () => {
    expect(checkTaxCode('VAT', settings)).toEqual([]);
    expect(checkTaxCode(null, settings)).toEqual([]);
    expect(told(checkTaxCode('GST', settings))).toEqual(['INVALID_VALUE taxCode']);
    expect(checkTaxCode('GST', settings)[0].message).toBe('No tax code has this name; VAT is allowed.');
    expect(told(checkTaxCode('VAT', someSettings()))).toEqual(['INVALID_VALUE taxCode']);
  });

  test('has a rate, and none has none', () => {
    expect(taxRateOf('VAT', settings)).toBe('0.2');
    expect(taxRateOf(null, settings)).toBeNull();
  });
});

describe('the configured lists', () => {
  const carriers = ['UPS', 'DHL', 'Post', 'Rail', 'Sea', 'Air', 'Bike'];
  const named = { carrier: 'Horse', fulfillmentSystem: 'WMS', fulfillmentLocation: 'Oslo' };

  test('allow anything where they are absent or empty', () => {
    expect(checkLists(named, someSettings())).toEqual([]);
    expect(checkLists(named, someSettings({ carriers: [], fulfillmentSystems: [], fulfillmentLocations: [] }))).toEqual(
      [],
    );
  });

  test('allow what they hold, and that nothing is named', () => {
    const settings = someSettings({ carriers: ['Horse'], fulfillmentSystems: ['WMS'], fulfillmentLocations: ['Oslo'] });
    expect(checkLists(named, settings)).toEqual([]);
    expect(checkLists({ carrier: null }, settings)).toEqual([]);
  });

  test('refuse everything else at its field, naming a handful of what is allowed', () => {
    const settings = someSettings({ carriers, fulfillmentSystems: ['ERP'], fulfillmentLocations: ['Bergen'] });
    const errors = checkLists(named, settings);
    expect(told(errors)).toEqual([
      'INVALID_VALUE carrier',
      'INVALID_VALUE fulfillmentSystem',
      'INVALID_VALUE fulfillmentLocation',
    ]);
    expect(errors[0].message).toBe('This carrier is not configured; UPS, DHL, Post, Rail, Sea and 2 more are allowed.');
    expect(errors[1].message).toBe('This fulfillmentSystem is not configured; ERP is allowed.');
  });
});
