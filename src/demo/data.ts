import type { FulfillmentAction, FulfillmentState } from '../domain/fulfillment';
import type { FulfillmentItemInput } from '../domain/fulfillment-item';
import type { CreateAccountInput } from '../service/account';
import type { NewOrderLineItem } from '../service/order';

/** The line items that the published requests name. */
export const publishedLines = ['4028828c82819b74018286e02e041bd6', '4028828c82819b740182821bb23e15c4'] as const;

export interface DemoFulfillment {
  fulfillmentDate: string;
  quantity: string;
  state: FulfillmentState;
  billTargetDate?: string;
  carrier?: string;
  trackingNumber?: string;
  externalId?: string;
  fulfillmentItems?: FulfillmentItemInput[];
  /** What happens to it beyond its start: billed, paid, moved on. */
  move?: { bill?: boolean; pay?: boolean; next?: FulfillmentAction };
}

export interface DemoAccount {
  account: CreateAccountInput;
  orders: {
    orderDate: string;
    description?: string;
    lines: (NewOrderLineItem & { fulfillments?: DemoFulfillment[] })[];
  }[];
}

interface DemoEntity {
  name: string;
  orgs: { name: string; accounts: DemoAccount[] }[];
}

const carriers = ['CarrierA', 'CarrierB', 'FastFreight'];

/** A line item to be delivered, at a price per unit. */
const goods = (
  itemName: string,
  quantity: string,
  price: string,
  more: Partial<NewOrderLineItem> = {},
): NewOrderLineItem => ({
  itemName,
  itemType: 'Product',
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity,
  unitOfMeasure: 'Each',
  listPricePerUnit: price,
  ...more,
});

/** One fulfillment of every kind, so that each state and each allowed move can be looked at. */
function everyState(quantity: string, at: number): DemoFulfillment[] {
  const day = (offset: number) => `2026-0${1 + (at % 8)}-${String(3 + offset * 4).padStart(2, '0')}`;
  const base = (offset: number) => ({
    fulfillmentDate: day(offset),
    quantity,
    carrier: carriers[(at + offset) % carriers.length],
    trackingNumber: `T-${String(9870 + at * 10 + offset).padStart(7, '0')}`,
    externalId: `SHIP-${at}-${offset}`,
  });
  return [
    { ...base(0), state: 'Executing' },
    { ...base(1), state: 'Booked', billTargetDate: day(1) },
    { ...base(2), state: 'Executing', move: { next: 'Cancel' } },
    { ...base(3), state: 'SentToBilling', billTargetDate: day(3) },
    { ...base(4), state: 'SentToBilling', billTargetDate: day(4), move: { bill: true } },
    { ...base(5), state: 'SentToBilling', billTargetDate: day(5), move: { bill: true, next: 'Complete' } },
  ];
}

/** Delivered, billed and paid whole, so that the line item and its order are complete. */
const delivered = (quantity: string, pay: boolean): DemoFulfillment[] => [
  {
    fulfillmentDate: '2026-02-10',
    quantity,
    state: 'SentToBilling',
    billTargetDate: '2026-02-10',
    move: { bill: true, pay },
  },
];

/** The sample of the published requests: 500 units at 10.00, on an account that can pay. */
const published = (at: 0 | 1, name: string, fulfillments: DemoFulfillment[] = []): DemoAccount => ({
  account: { name, currency: 'USD', paymentTerm: 'Net 30', paymentMethodToken: 'tok_ok' },
  orders: [
    {
      orderDate: '2022-01-01',
      description: 'The line item of the published request "Create fulfillments"',
      lines: [{ ...goods('Sensor unit', '500', '10.00'), id: publishedLines[at], fulfillments }],
    },
  ],
});

const names = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Ginkgo', 'Hazel', 'Ironwood', 'Juniper'];
const terms = ['Net 30', 'Net 15', 'Due Upon Receipt', 'Net 60'];

/** An ordinary customer with a few orders in the currency given. */
const customer = (at: number, currency: string, price: string, token: string | null): DemoAccount => ({
  account: {
    name: `${names[at % names.length]} ${['Logistics', 'Retail', 'Medical'][at % 3]}`,
    currency,
    paymentTerm: terms[at % terms.length],
    paymentMethodToken: token,
  },
  orders: [
    {
      orderDate: `2026-0${1 + (at % 8)}-01`,
      description: 'Deliveries in every state',
      lines: [
        { ...goods('Gateway device', '60', price), fulfillments: everyState('5', at) },
        { ...goods('Mounting kit', '40', price, { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' }) },
        {
          itemName: 'Installation fee',
          itemType: 'Fee',
          quantity: '1',
          amountPerUnit: price,
          itemState: at % 2 ? 'Executing' : 'Booked',
          billTargetDate: '2026-03-01',
        },
      ],
    },
    {
      orderDate: `2026-0${1 + (at % 8)}-15`,
      description: 'Delivered and billed in full',
      lines: [{ ...goods('Spare battery', '12', price), fulfillments: delivered('12', token === 'tok_ok') }],
    },
  ],
});

export const demoEntities: readonly [DemoEntity, DemoEntity] = [
  {
    name: 'Northwind Devices',
    orgs: [
      {
        name: 'Americas',
        accounts: [
          published(0, 'Acme Manufacturing', [
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
          ]),
          published(1, 'Contoso Hospitals'),
          customer(0, 'USD', '129.95', 'tok_ok'),
          customer(1, 'USD', '89.5', 'tok_declined'),
          customer(2, 'CAD', '145.3333', 'tok_ok'),
          customer(3, 'USD', '19.99', null),
        ],
      },
      {
        name: 'Europe',
        accounts: [
          customer(4, 'EUR', '119', 'tok_ok'),
          customer(5, 'GBP', '99.99', 'tok_timeout'),
          customer(6, 'EUR', '3.1235', 'tok_error'),
        ],
      },
    ],
  },
  {
    name: 'Southwind Services',
    orgs: [
      {
        name: 'Asia Pacific',
        accounts: [
          customer(7, 'JPY', '12900', 'tok_ok'),
          customer(8, 'KWD', '41.125', 'tok_ok'),
          customer(9, 'AUD', '185', null),
        ],
      },
    ],
  },
];
