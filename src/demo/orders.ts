import { multiply } from '../domain/decimal';
import type { FulfillmentItemInput } from '../domain/fulfillment-item';
import type { FulfillmentAction, FulfillmentState } from '../domain/fulfillment-state';
import type { OrderLineItemState } from '../domain/order-line-item';
import type { NewOrderLineItem } from '../service/order';

export interface DemoFulfillment {
  fulfillmentDate: string;
  quantity: string;
  state: FulfillmentState;
  billTargetDate?: string;
  description?: string;
  carrier?: string;
  trackingNumber?: string;
  fulfillmentSystem?: string;
  fulfillmentLocation?: string;
  externalId?: string;
  customFields?: Record<string, unknown>;
  fulfillmentItems?: FulfillmentItemInput[];
  /** Actions after the creation: bill, pay, transition. */
  move?: { bill?: boolean; pay?: boolean; next?: FulfillmentAction };
}

/** Actions on a line item after its creation. */
interface Fate {
  fulfillments?: DemoFulfillment[];
  /** The states that it enters, in order. SentToBilling bills it at once, and collects the payment if `pay` is true. */
  moves?: OrderLineItemState[];
  pay?: boolean;
}

/** A return of a line item, and the actions on it. */
export interface DemoReturn extends Fate {
  line: Pick<NewOrderLineItem, 'quantity' | 'billingRule' | 'itemState' | 'billTargetDate' | 'description'>;
}

export interface DemoLine extends Fate {
  line: NewOrderLineItem;
  returns?: DemoReturn[];
}

export interface DemoOrder {
  orderDate: string;
  description?: string;
  reasonCode?: string;
  lines: DemoLine[];
}

/** A group of customers with one currency and its taxes. */
export interface Market {
  currency: string;
  /** The price of one US dollar in the market's currency. */
  rate: string;
  taxCode: string;
  reducedTaxCode: string;
}

/** The parameters of one order. `at` chooses products, quantities and days. */
interface Occasion {
  market: Market;
  at: number;
  /** Whether the customer's payment method works. */
  pays: boolean;
}

interface Product {
  itemName: string;
  productCode: string;
  unitOfMeasure: string;
  /** In US dollars, partly with more decimals than an invoice amount. */
  price: string;
}

const devices: Product[] = [
  { itemName: 'Gateway device', productCode: 'GW-100', unitOfMeasure: 'Each', price: '129.95' },
  { itemName: 'Mounting kit', productCode: 'MK-20', unitOfMeasure: 'Each', price: '3.1235' },
  { itemName: 'Spare battery', productCode: 'SB-7', unitOfMeasure: 'Each', price: '59.99' },
  { itemName: 'Display panel', productCode: 'DP-15', unitOfMeasure: 'Each', price: '349.5' },
  { itemName: 'Door sensor', productCode: 'DS-3', unitOfMeasure: 'Each', price: '18.6667' },
];
const materials: Product[] = [
  { itemName: 'Power cable', productCode: 'PC-M', unitOfMeasure: 'Metre', price: '1.846' },
  { itemName: 'Fibre cable', productCode: 'FC-M', unitOfMeasure: 'Metre', price: '2.4925' },
];
const services: Product[] = [
  { itemName: 'Installation', productCode: 'SV-1', unitOfMeasure: 'Hour', price: '95' },
  { itemName: 'Training', productCode: 'SV-2', unitOfMeasure: 'Hour', price: '120.5' },
  { itemName: 'Maintenance', productCode: 'SV-3', unitOfMeasure: 'Hour', price: '82.25' },
];
const carriers = ['CarrierA', 'CarrierB', 'FastFreight'];
const systems = ['SystemA', 'SystemB'];
const locations = ['LocationA', 'LocationB', 'Central warehouse'];

const pick = <T>(list: readonly T[], at: number): T => list[at % list.length];
const digits = (at: number) => String(at).padStart(7, '0');

/** A day in the month of the order: one of eight months from January 2026 on. */
const dayOf = ({ at }: Occasion, day: number, monthsLater = 0): string =>
  `2026-${String(1 + (at % 8) + monthsLater).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

const priced = ({ itemName, productCode, unitOfMeasure, price }: Product, { market }: Occasion) => ({
  ...{ itemName, productCode, unitOfMeasure },
  listPricePerUnit: multiply(price, market.rate),
});

/** A line item with fulfillments. */
const goods = (
  o: Occasion,
  product: Product,
  quantity: string,
  more: Partial<NewOrderLineItem> = {},
): NewOrderLineItem => ({
  ...priced(product, o),
  itemType: 'Product',
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  quantity,
  ...more,
});

/** A line item without fulfillments. */
const service = (o: Occasion, which: number, more: Partial<NewOrderLineItem> = {}): NewOrderLineItem => ({
  ...priced(pick(services, which), o),
  itemType: 'Services',
  quantity: '7.75',
  billTargetDate: dayOf(o, 12),
  ...more,
});

const fee = (o: Occasion, itemName: string, price: string, more: Partial<NewOrderLineItem> = {}): NewOrderLineItem => ({
  itemName,
  itemType: 'Fee',
  quantity: '1',
  amountPerUnit: multiply(price, o.market.rate),
  billTargetDate: dayOf(o, 12),
  ...more,
});

/** A delivery in SentToBilling, the `nth` of its order. */
const delivery = (o: Occasion, nth: number, quantity: string, more: Partial<DemoFulfillment> = {}): DemoFulfillment => {
  const day = dayOf(o, 3 + nth * 4);
  return {
    fulfillmentDate: day,
    quantity,
    state: 'SentToBilling',
    billTargetDate: day,
    carrier: pick(carriers, o.at + nth),
    trackingNumber: `T-${digits(9870 + o.at * 10 + nth)}`,
    fulfillmentSystem: pick(systems, o.at),
    fulfillmentLocation: pick(locations, o.at + nth),
    externalId: `SHIP-${o.at}-${nth}`,
    ...more,
  };
};

/** Returned goods, received in the next month. */
const receipt = (o: Occasion, nth: number, quantity: string, more: Partial<DemoFulfillment> = {}): DemoFulfillment => ({
  ...delivery(o, nth, quantity),
  ...{ fulfillmentDate: dayOf(o, 9, 1), billTargetDate: dayOf(o, 9, 1), externalId: `BACK-${o.at}-${nth}` },
  ...{ carrier: undefined, trackingNumber: undefined },
  ...more,
});

const billed = (o: Occasion): DemoFulfillment['move'] => ({ bill: true, pay: o.pays });
const billedLater: Partial<NewOrderLineItem> = { itemState: 'Booked' };
const withFulfillments = { billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' } as const;

/** Fulfillments in every state, to show each state and each allowed transition. */
function everyDelivery(o: Occasion): DemoOrder {
  const product = pick(devices, o.at);
  return {
    orderDate: dayOf(o, 1),
    description: 'Deliveries and line items in every state',
    lines: [
      {
        line: goods(o, product, '60'),
        fulfillments: [
          delivery(o, 0, '5', { state: 'Executing', billTargetDate: undefined }),
          delivery(o, 1, '5', { state: 'Booked', customFields: { dock__c: `D${1 + (o.at % 9)}`, fragile__c: true } }),
          delivery(o, 2, '5', { state: 'Executing', billTargetDate: undefined, move: { next: 'Cancel' } }),
          delivery(o, 3, '5'),
          delivery(o, 4, '5', { move: { bill: true } }),
          delivery(o, 5, '5', { move: { bill: true, next: 'Complete' } }),
        ],
      },
      { line: goods(o, pick(devices, o.at + 1), '40', { ...percentOff, description: 'Nothing delivered yet' }) },
      { line: goods(o, pick(devices, o.at + 2), '8', { itemState: 'Executing' }) },
      { line: goods(o, pick(devices, o.at + 3), '3', { itemState: 'Executing' }), moves: ['Canceled'] },
    ],
  };
}
const percentOff = { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' } as const;

/** Delivered and billed in full, and paid if the customer can pay. The line item and its order are Complete. */
function delivered(o: Occasion): DemoOrder {
  const serial = (nth: number) => ({ itemIdentifier: `SN-${digits(o.at * 10 + nth)}` });
  return {
    orderDate: dayOf(o, 2),
    description: 'Delivered and billed in full',
    lines: [
      {
        line: goods(o, pick(devices, o.at), '12', { purchaseOrderNumber: `PO-${4500 + o.at}` }),
        fulfillments: [
          delivery(o, 0, '4', {
            move: billed(o),
            fulfillmentItems: [serial(1), { ...serial(2), description: 'Demonstration unit' }],
          }),
          delivery(o, 1, '8', { move: { ...billed(o), next: 'Complete' } }),
        ],
      },
    ],
  };
}

/** Quantities with more decimals than their units: they are rounded on input. */
function measured(o: Occasion): DemoOrder {
  return {
    orderDate: dayOf(o, 2),
    description: 'By the metre and by the litre',
    lines: [
      {
        line: goods(o, pick(materials, o.at), '100.005', { customFields: { drum__c: 1 + (o.at % 4) } }),
        fulfillments: [
          delivery(o, 0, '33.335', { move: billed(o) }),
          delivery(o, 2, '33.335', { move: { bill: true } }),
          delivery(o, 3, '20.5', { state: 'Booked' }),
        ],
      },
      {
        line: goods(o, coolant, '7.25', { customFields: { hazard__c: 'UN 1993', sds__c: true } }),
        fulfillments: [delivery(o, 1, '2.51', { move: { bill: true } })],
      },
      { line: goods(o, pick(devices, o.at), '4.6', { description: 'Ordered as 4.6' }) },
    ],
  };
}
const coolant: Product = { itemName: 'Cooling fluid', productCode: 'CF-L', unitOfMeasure: 'Litre', price: '12.4' };

/** Line items without fulfillments, in every state. */
function servicesInEveryState(o: Occasion): DemoOrder {
  return {
    orderDate: dayOf(o, 5),
    description: 'Services and fees in every state',
    lines: [
      { line: service(o, o.at, { description: 'To be agreed on' }) },
      { line: service(o, o.at + 1, { itemState: 'Booked', ...fixedOff(o, '8') }) },
      { line: fee(o, 'Express fee', '45', { itemState: 'SentToBilling', description: 'Waits for its bill' }) },
      { line: fee(o, 'Setup fee', '250'), moves: ['SentToBilling'], pay: o.pays },
      { line: service(o, o.at, { ...billedLater, ...percentOff }), moves: ['SentToBilling', 'Complete'] },
      { line: fee(o, 'Site visit', '0'), moves: ['Complete'] },
      { line: service(o, o.at + 2), moves: ['Canceled'] },
    ],
  };
}
const fixedOff = ({ market }: Occasion, dollars: string) =>
  ({ inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: multiply(dollars, market.rate) }) as const;

/** Prices with and without included tax. Some goods are returned, and not all of these are received yet. */
function taxedGoods(o: Occasion): DemoOrder {
  const { taxCode, reducedTaxCode } = o.market;
  return {
    orderDate: dayOf(o, 4),
    description: 'Goods with taxes, some of them returned',
    lines: [
      {
        line: goods(o, devices[2], '10', { taxCode, taxMode: 'TaxInclusive', ...fixedOff(o, '1.5') }),
        fulfillments: [delivery(o, 0, '10', { move: billed(o) })],
        returns: [
          {
            line: { quantity: '4', ...withFulfillments, description: 'Two of four are here' },
            fulfillments: [
              receipt(o, 1, '2', { move: { bill: true } }),
              receipt(o, 2, '1', { state: 'Executing', billTargetDate: undefined }),
            ],
          },
        ],
      },
      {
        line: goods(o, pick(devices, o.at), '6', { taxCode: reducedTaxCode, taxMode: 'TaxExclusive' }),
        fulfillments: [delivery(o, 1, '6', { move: billed(o) })],
        returns: [
          {
            line: { quantity: '3', ...withFulfillments, description: 'Received and credited' },
            fulfillments: [
              receipt(o, 3, '3', {
                move: { bill: true, next: 'Complete' },
                fulfillmentItems: [{ itemIdentifier: `SN-${digits(o.at * 10 + 7)}`, description: 'Box damaged' }],
              }),
            ],
          },
          { line: { quantity: '1', ...withFulfillments, description: 'Nothing is here yet' } },
        ],
      },
    ],
  };
}

/** Taxed services, returned without fulfillments. */
function taxedServices(o: Occasion): DemoOrder {
  const { taxCode } = o.market;
  const back = { billTargetDate: dayOf(o, 20, 1) };
  return {
    orderDate: dayOf(o, 6),
    description: 'Services with taxes, some of them credited',
    lines: [
      {
        line: service(o, o.at, { ...billedLater, quantity: '16', taxCode, taxMode: 'TaxExclusive' }),
        moves: ['SentToBilling', 'Complete'],
        pay: o.pays,
        returns: [
          { line: { quantity: '2.5', ...back, description: 'Credited' }, moves: ['Booked', 'SentToBilling'] },
          { line: { quantity: '1', ...back, itemState: 'Booked', description: 'Agreed, not credited yet' } },
        ],
      },
      {
        line: service(o, o.at + 1, { ...billedLater, quantity: '8', taxCode, taxMode: 'TaxInclusive' }),
        moves: ['SentToBilling'],
        returns: [
          { line: { quantity: '8', ...back, description: 'Credited whole' }, moves: ['SentToBilling', 'Complete'] },
        ],
      },
    ],
  };
}

/** Sold and delivered. One return is canceled, and another is under discussion. */
function returnGivenUp(o: Occasion): DemoOrder {
  return {
    orderDate: dayOf(o, 8),
    description: 'Delivered; the customer kept it after all',
    lines: [
      {
        line: goods(o, pick(devices, o.at + 1), '20', fixedOff(o, '2')),
        fulfillments: [delivery(o, 2, '15', { move: billed(o) })],
        returns: [
          { line: { quantity: '5', billingRule: 'TriggerAsFulfillmentOccurs' }, moves: ['Canceled'] },
          { line: { quantity: '2', billingRule: 'TriggerAsFulfillmentOccurs', description: 'Under discussion' } },
        ],
      },
    ],
  };
}

/** Delivered, billed, paid and returned in full: the return is Complete as well. */
function sentBack(o: Occasion): DemoOrder {
  return {
    orderDate: dayOf(o, 3),
    description: 'Delivered and sent back',
    lines: [
      {
        line: goods(o, pick(devices, o.at), '3', percentOff),
        fulfillments: [delivery(o, 1, '3', { move: billed(o) })],
        returns: [
          {
            line: { quantity: '3', ...withFulfillments },
            fulfillments: [receipt(o, 1, '1', { move: { bill: true } }), receipt(o, 2, '2', { move: { bill: true } })],
          },
        ],
      },
    ],
  };
}

/** Canceled before any delivery. */
function canceled(o: Occasion): DemoOrder {
  return {
    orderDate: dayOf(o, 10),
    description: 'Canceled by the customer',
    reasonCode: 'Ordered twice',
    lines: [
      { line: goods(o, pick(devices, o.at), '2', { itemState: 'Executing' }), moves: ['Canceled'] },
      { line: fee(o, 'Express fee', '45'), moves: ['Canceled'] },
    ],
  };
}

/** Each customer has some of these kinds in a row. */
export const orderKinds: ((o: Occasion) => DemoOrder)[] = [
  everyDelivery,
  delivered,
  taxedGoods,
  servicesInEveryState,
  sentBack,
  taxedServices,
  measured,
  returnGivenUp,
  canceled,
];
