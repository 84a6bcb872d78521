import {
  type BillingSettingsInput,
  changedSettings,
  judgeReach,
  judgeSettings,
  removedTaxCodes,
  type SettingsFacts,
} from '../../src/domain/billing-settings-change';
import { userErrorCodes } from '../../src/domain/errors';
import { someSettings, told } from '../support/facts';

const vat = { code: 'VAT', rate: '0.2' };
const gst = { code: 'GST', rate: '0.05' };
const each = { name: 'Each', decimals: 0 };
const unused: SettingsFacts = { taxCodesInUse: new Set(), creditMemoExists: false };
const current = someSettings({ taxCodes: [vat, gst], carriers: ['UPS'] });

const judge = (input: BillingSettingsInput, facts: Partial<SettingsFacts> = {}, before = current) =>
  judgeSettings(input, before, { ...unused, ...facts });
const refusals = (input: BillingSettingsInput) => told(judge(input));
const many = (count: number, of: (at: number) => string) => Array.from({ length: count }, (_, at) => of(at));

describe('a change of the settings', () => {
  test('names at least one field', () => {
    expect(refusals({})).toEqual(['REQUIRED']);
    expect(refusals({ carriers: undefined })).toEqual(['REQUIRED']);
    expect(refusals({ carriers: null })).toEqual([]);
  });

  test('replaces what is given, leaves out nothing else, and empties with null', () => {
    const after = changedSettings(current, { roundingMode: 'UP', taxCodes: [vat], carriers: null });
    expect(after).toEqual({ ...current, roundingMode: 'UP', taxCodes: [vat], carriers: null });
    expect(changedSettings(current, { invoiceSettlement: undefined, units: undefined })).toEqual(current);
    expect(changedSettings(current, { carriers: ['DHL'], invoiceSettlement: false })).toEqual({
      ...current,
      carriers: ['DHL'],
      invoiceSettlement: false,
    });
  });

  test('rounds in a new unit to the nearest, unless told otherwise', () => {
    const units = [
      each,
      { ...each, name: 'Case', roundingMode: 'UP' },
      { ...each, name: 'Hour', roundingMode: null },
    ] as const;
    expect(changedSettings(current, { units }).units).toEqual([
      { ...each, roundingMode: 'HALF_UP' },
      { ...each, name: 'Case', roundingMode: 'UP' },
      { ...each, name: 'Hour', roundingMode: 'HALF_UP' },
    ]);
  });

  test.each(['invoiceSettlement', 'creditMemoRule', 'inclusiveTaxRule', 'roundingMode', 'taxCodes', 'units'])(
    'cannot empty %s',
    (field) => {
      expect(refusals({ [field]: null })).toEqual([`REQUIRED ${field}`]);
    },
  );

  test('takes lists up to a thousand entries', () => {
    const lists = (count: number) => ({
      taxCodes: many(count, String).map((code) => ({ code, rate: '0' })),
      units: many(count, String).map((name) => ({ ...each, name })),
      carriers: many(count, String),
    });
    expect(judgeSettings(lists(1000), someSettings(), unused)).toEqual([]);
    expect(told(judgeSettings(lists(1001), someSettings(), unused))).toEqual([
      'LIMIT_EXCEEDED taxCodes',
      'LIMIT_EXCEEDED units',
      'LIMIT_EXCEEDED carriers',
    ]);
  });

  test('tells every reason against it', () => {
    expect(refusals({ roundingMode: null, units: [{ ...each, decimals: -1 }], carriers: ['', 'UPS'] })).toEqual([
      'REQUIRED roundingMode',
      'INVALID_VALUE units.0.decimals',
      'REQUIRED carriers.0',
    ]);
  });
});

describe('an entry of a list', () => {
  const kinds: [string, string, (text: string) => BillingSettingsInput, string][] = [
    ['a tax code', 'taxCodes.1', (code) => ({ taxCodes: [vat, { ...gst, code }, gst] }), '.code'],
    [
      'a unit',
      'units.1',
      (name) => ({
        units: [
          { ...each, name: 'VAT' },
          { ...each, name },
        ],
      }),
      '.name',
    ],
    ['a carrier', 'carriers.1', (text) => ({ carriers: ['VAT', text] }), ''],
    ['a system', 'fulfillmentSystems.1', (text) => ({ fulfillmentSystems: ['VAT', text] }), ''],
    ['a location', 'fulfillmentLocations.1', (text) => ({ fulfillmentLocations: ['VAT', text] }), ''],
  ];

  test.each(kinds)('as %s is a text of 1 to 255 characters, not blank, and listed once', (_kind, entry, input, key) => {
    const path = `${entry}${key}`;
    expect(refusals(input('x'))).toEqual([]);
    expect(refusals(input('x'.repeat(255)))).toEqual([]);
    expect(refusals(input('vat'))).toEqual([]);
    expect(refusals(input('x'.repeat(256)))).toEqual([`INVALID_VALUE ${path}`]);
    expect(refusals(input(''))).toEqual([`REQUIRED ${path}`]);
    expect(refusals(input(' \t'))).toEqual([`REQUIRED ${path}`]);
    expect(refusals(input('a\0b'))).toEqual([`INVALID_VALUE ${path}`]);
    expect(refusals(input('VAT'))).toEqual([`INVALID_VALUE ${path}`]);
  });

  test('has a rate from 0 to 1, and the refusal of another says how 10 % is written', () => {
    const rated = (rate: string) => judge({ taxCodes: [vat, { code: 'GST', rate }] });
    for (const rate of ['0', '0.000000001', '1']) expect(rated(rate)).toEqual([]);
    for (const rate of ['-0.1', '1.000000001', '10']) {
      expect(rated(rate)).toEqual([
        {
          code: 'INVALID_VALUE',
          message: `rate is ${rate}; 0 to 1 is allowed, where 0.1 is 10 %.`,
          path: ['taxCodes', '1', 'rate'],
        },
      ]);
    }
  });

  test('has 0 to 9 decimals as a unit', () => {
    for (const decimals of [0, 9]) expect(refusals({ units: [{ ...each, decimals }] })).toEqual([]);
    for (const decimals of [-1, 10, 0.5]) {
      expect(refusals({ units: [{ ...each, decimals }] })).toEqual(['INVALID_VALUE units.0.decimals']);
    }
  });
});

test('a caller that sees only some orgs of the entity changes no settings, and is told how it may', () => {
  expect(judgeReach(true)).toEqual([]);
  const [error, ...more] = judgeReach(false);
  expect([error.code, error.path, more]).toEqual(['PERMISSION_DENIED', [], []]);
  expect(error.message).toContain('Leave Zuora-Org-Ids out');
});

describe('a tax code', () => {
  const used = { taxCodesInUse: new Set(['VAT']) };

  test('that a line item has cannot be taken away, and the refusal does not tell how many have it', () => {
    expect(removedTaxCodes({ taxCodes: [gst] }, current)).toEqual(['VAT']);
    expect(judge({ taxCodes: [gst] }, used)).toEqual([
      {
        code: 'FIELD_LOCKED',
        message: 'The tax code VAT is in use and cannot be removed. Its rate may change.',
        path: ['taxCodes'],
      },
    ]);
    expect(told(judge({ taxCodes: [] }, { taxCodesInUse: new Set(['VAT', 'GST']) }))).toEqual([
      'FIELD_LOCKED taxCodes',
      'FIELD_LOCKED taxCodes',
    ]);
  });

  test('that is in use may get another rate, and one that is not may go', () => {
    expect(judge({ taxCodes: [{ ...vat, rate: '0.21' }, gst] }, used)).toEqual([]);
    expect(judge({ taxCodes: [vat] }, used)).toEqual([]);
    expect(judge({ roundingMode: 'UP' }, used)).toEqual([]);
    expect(removedTaxCodes({ roundingMode: 'UP' }, current)).toEqual([]);
  });
});

describe('invoice settlement', () => {
  const withMemo = { creditMemoExists: true };

  test('cannot be turned off once there is a credit memo', () => {
    const [error, ...more] = judge({ invoiceSettlement: false }, withMemo);
    expect([told([error]), more]).toEqual([['SETTLEMENT_REQUIRED invoiceSettlement'], []]);
    expect(userErrorCodes[error.code].category).toBe(30);
  });

  test('may be turned off before, and on at any time; where it is off it may be named again', () => {
    expect(judge({ invoiceSettlement: false })).toEqual([]);
    expect(judge({ invoiceSettlement: true }, withMemo)).toEqual([]);
    expect(judge({ invoiceSettlement: false }, withMemo, someSettings({ invoiceSettlement: false }))).toEqual([]);
  });
});
