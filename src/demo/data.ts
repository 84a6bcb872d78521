import type { BillingSettingsInput } from '../domain/billing-settings-change';
import type { NewOrderLineItem } from '../service/order';
import type { Work } from '../service/run/work';
import type { DemoAccount } from './account';
import { settleNorthwind, settleSouthwind } from './closing';
import { northwindMonthly, southwindMonthly } from './monthly';
import { type DemoFulfillment, type DemoOrder, type Market, orderKinds } from './orders';

/** The line items named in the published requests. */
const publishedLines = ['4028828c82819b74018286e02e041bd6', '4028828c82819b740182821bb23e15c4'] as const;
/** A line item without fulfillments, for the samples of the playground. */
const serviceLine = '4028828c82819b7401828a5f0c6e2d11';

export interface DemoEntity {
  name: string;
  settings: BillingSettingsInput;
  orgs: { name: string; accounts: DemoAccount[] }[];
  /** Runs across all orgs once they are filled: bill runs, and actions on their documents. */
  settle(work: Work): Promise<void>;
}

/** The line item of the published requests: 500 units at 10.00, on an account that can pay. */
const published = (at: 0 | 1, name: string, fulfillments: DemoFulfillment[], ...more: DemoOrder[]): DemoAccount => ({
  account: { name, currency: 'USD', paymentTerm: 'Net 30', paymentMethodToken: 'tok_ok' },
  orders: [
    {
      orderDate: '2022-01-01',
      description: 'The line item of the published request "Create fulfillments"',
      lines: [{ line: { ...sensorUnit, id: publishedLines[at] }, fulfillments }],
    },
    ...more,
  ],
});

const sensorUnit: NewOrderLineItem = {
  itemName: 'Sensor unit',
  itemType: 'Product',
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity: '500',
  unitOfMeasure: 'Each',
  listPricePerUnit: '10.00',
};

/** A fulfillment that is Executing, and a delivery that is billed and paid. */
const firstDeliveries: DemoFulfillment[] = [
  {
    fulfillmentDate: '2022-01-01',
    quantity: '5',
    state: 'Executing',
    carrier: 'CarrierA',
    trackingNumber: 'T-0009871',
  },
  {
    fulfillmentDate: '2022-01-01',
    quantity: '5',
    state: 'SentToBilling',
    billTargetDate: '2022-01-01',
    carrier: 'CarrierB',
    fulfillmentItems: [
      { itemIdentifier: 'SN-0000101' },
      { itemIdentifier: 'SN-0000102', description: 'With the long cable' },
    ],
    move: { bill: true, pay: true },
  },
];

const calibration: DemoOrder = {
  orderDate: '2022-01-03',
  description: 'A service, for its life to be tried out',
  lines: [
    {
      line: {
        id: serviceLine,
        itemName: 'Calibration',
        itemType: 'Services',
        quantity: '3',
        unitOfMeasure: 'Hour',
        amountPerUnit: '95',
        billTargetDate: '2022-01-10',
      },
    },
  ],
};

const trees = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Ginkgo', 'Hazel', 'Ironwood', 'Juniper'];
const trades = ['Logistics', 'Retail', 'Medical', 'Foods', 'Studios'];
const terms = ['Net 30', 'Net 15', 'Due Upon Receipt', 'Net 60'];
const tokens = ['tok_ok', 'tok_ok', 'tok_declined', null, 'tok_ok', 'tok_timeout', 'tok_ok', 'tok_error'];
const ordersEach = 6;

/** Customers of a market, numbered from `first`, so that no two have the same name. */
const customers = (market: Market, first: number, count: number): DemoAccount[] =>
  Array.from({ length: count }, (_, nth) => {
    const at = first + nth;
    const paymentMethodToken = tokens[at % tokens.length];
    return {
      account: {
        name: `${trees[at % trees.length]} ${trades[Math.floor(at / trees.length)]}`,
        currency: market.currency,
        paymentTerm: terms[at % terms.length],
        paymentMethodToken,
      },
      orders: Array.from({ length: ordersEach }, (_, kind) =>
        orderKinds[(at + kind) % orderKinds.length]({
          market,
          at: at * ordersEach + kind,
          pays: paymentMethodToken === 'tok_ok',
        }),
      ),
    };
  });

const usa: Market = { currency: 'USD', rate: '1', taxCode: 'US-SALES', reducedTaxCode: 'US-FOOD' };
const canada: Market = { currency: 'CAD', rate: '1.375', taxCode: 'CA-HST', reducedTaxCode: 'CA-GST' };
const euro: Market = { currency: 'EUR', rate: '0.86', taxCode: 'EU-VAT', reducedTaxCode: 'EU-VAT-LOW' };
const britain: Market = { currency: 'GBP', rate: '0.74', taxCode: 'UK-VAT', reducedTaxCode: 'UK-ZERO' };
const japan: Market = { currency: 'JPY', rate: '150', taxCode: 'JP-CT', reducedTaxCode: 'JP-CT-LOW' };
const australia: Market = { currency: 'AUD', rate: '1.52', taxCode: 'AU-GST', reducedTaxCode: 'AU-FREE' };
const gulf: Market = { currency: 'KWD', rate: '0.3065', taxCode: 'GCC-VAT', reducedTaxCode: 'GCC-FREE' };

/** The two entities differ in every setting, to show both ways: returns become credit memos, or negative items. */
export const demoEntities: readonly [DemoEntity, DemoEntity] = [
  {
    name: 'Northwind Devices',
    settings: {
      invoiceSettlement: true,
      creditMemoRule: 'AllNegative',
      inclusiveTaxRule: 'NetFirst',
      roundingMode: 'HALF_UP',
      taxCodes: [
        { code: 'US-SALES', rate: '0.07775' },
        { code: 'US-FOOD', rate: '0.02' },
        { code: 'CA-HST', rate: '0.13' },
        { code: 'CA-GST', rate: '0.05' },
        { code: 'EU-VAT', rate: '0.19' },
        { code: 'EU-VAT-LOW', rate: '0.07' },
        { code: 'UK-VAT', rate: '0.2' },
        { code: 'UK-ZERO', rate: '0' },
      ],
      units: [
        { name: 'Each', decimals: 0, roundingMode: 'DOWN' },
        { name: 'Metre', decimals: 2, roundingMode: 'HALF_UP' },
        { name: 'Litre', decimals: 1, roundingMode: 'UP' },
        { name: 'Hour', decimals: 2, roundingMode: 'HALF_UP' },
      ],
      carriers: ['CarrierA', 'CarrierB', 'FastFreight', 'DHL', 'UPS'],
      fulfillmentSystems: ['SystemA', 'SystemB'],
      fulfillmentLocations: ['LocationA', 'LocationB', 'Central warehouse'],
    },
    orgs: [
      {
        name: 'Americas',
        accounts: [
          published(0, 'Acme Manufacturing', firstDeliveries),
          published(1, 'Contoso Hospitals', [], calibration),
          ...northwindMonthly,
          ...customers(usa, 0, 12),
          ...customers(canada, 12, 5),
        ],
      },
      { name: 'Europe', accounts: [...customers(euro, 17, 9), ...customers(britain, 26, 5)] },
    ],
    settle: settleNorthwind,
  },
  {
    name: 'Southwind Services',
    settings: {
      invoiceSettlement: false,
      inclusiveTaxRule: 'TaxFirst',
      roundingMode: 'DOWN',
      taxCodes: [
        { code: 'JP-CT', rate: '0.1' },
        { code: 'JP-CT-LOW', rate: '0.08' },
        { code: 'AU-GST', rate: '0.1' },
        { code: 'AU-FREE', rate: '0' },
        { code: 'GCC-VAT', rate: '0.05' },
        { code: 'GCC-FREE', rate: '0' },
      ],
      units: [
        { name: 'Each', decimals: 0, roundingMode: 'HALF_UP' },
        { name: 'Metre', decimals: 0, roundingMode: 'UP' },
        { name: 'Litre', decimals: 3, roundingMode: 'HALF_UP' },
        { name: 'Hour', decimals: 1, roundingMode: 'DOWN' },
      ],
    },
    orgs: [
      {
        name: 'Asia Pacific',
        accounts: [...customers(japan, 31, 5), ...customers(australia, 36, 4), ...southwindMonthly],
      },
      { name: 'Middle East', accounts: customers(gulf, 40, 4) },
    ],
    settle: settleSouthwind,
  },
];
