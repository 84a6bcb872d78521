import type { NewOrderLineItem } from '../service/order';
import type { DemoAccount } from './account';
import type { DemoFulfillment, DemoOrder, DemoReturn } from './orders';

/*
 * Customers with monthly deliveries in the last quarter of 2025. The bill runs of closing.ts bill them month by month.
 * Nothing else in the demo is due so early.
 */

/** The last days of the months: the target dates of the bill runs. */
export const october = '2025-10-31';
export const november = '2025-11-30';
export const december = '2025-12-31';

const product = (line: Omit<NewOrderLineItem, 'itemType'>): NewOrderLineItem => ({
  itemType: 'Product',
  itemState: 'Booked',
  billingRule: 'TriggerAsFulfillmentOccurs',
  unitOfMeasure: 'Each',
  ...line,
});

/** Delivered or received in the middle of a month. Only a bill run bills it. */
const inMonth = (lastDay: string, quantity: string): DemoFulfillment => {
  const day = `${lastDay.slice(0, 7)}-14`;
  return { fulfillmentDate: day, quantity, state: 'SentToBilling', billTargetDate: day };
};

const back = (lastDay: string, quantity: string, description: string): DemoReturn => ({
  line: { quantity, billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked', description },
  fulfillments: [inMonth(lastDay, quantity)],
});

const standing = (line: NewOrderLineItem, fulfillments: DemoFulfillment[], returns: DemoReturn[] = []): DemoOrder => ({
  orderDate: '2025-10-01',
  description: 'Standing order, delivered each month',
  lines: [{ line, fulfillments, returns }],
});

const airFilter = { itemName: 'Air filter', productCode: 'AF-9', listPricePerUnit: '24.00' };
const panel = { itemName: 'Display panel', productCode: 'DP-15', listPricePerUnit: '349.50' };
/** Within the limit of a line item, but with tax beyond the limit of a document. */
const byMistake = { taxCode: 'US-SALES', taxMode: 'TaxExclusive' } as const;
const battery = { itemName: 'Spare battery', productCode: 'SB-7', listPricePerUnit: '59.99' };

/** settleNorthwind settles their documents. */
export const northwindMonthly: DemoAccount[] = [
  {
    account: { name: 'Kapok Clinics', currency: 'USD', paymentTerm: 'Net 30', paymentMethodToken: 'tok_ok' },
    orders: [
      standing(
        product({ ...airFilter, quantity: '60', taxCode: 'US-SALES', taxMode: 'TaxExclusive' }),
        [inMonth(october, '10'), inMonth(november, '10'), inMonth(december, '12')],
        [back(november, '2', 'Wrong size')],
      ),
    ],
  },
  {
    account: { name: 'Larch Hotels', currency: 'USD', paymentTerm: 'Net 15', paymentMethodToken: 'tok_ok' },
    orders: [
      standing(
        product({ ...panel, quantity: '12' }),
        [inMonth(october, '5'), inMonth(december, '3')],
        [back(november, '1', 'Does not light up'), back(december, '1', 'Box damaged')],
      ),
    ],
  },
  {
    account: { name: 'Maple Farms', currency: 'USD', paymentTerm: 'Net 60' },
    orders: [
      standing(product({ ...battery, quantity: '40' }), [
        inMonth(october, '8'),
        inMonth(november, '6'),
        inMonth(december, '6'),
      ]),
    ],
  },
  {
    account: { name: 'Nutmeg Imports', currency: 'USD', paymentTerm: 'Net 30', paymentMethodToken: 'tok_ok' },
    orders: [
      {
        orderDate: '2025-11-03',
        description: 'Entered by mistake: the totals of the lines as prices of one unit',
        lines: [
          {
            line: product({ ...byMistake, itemName: 'Door sensor', quantity: '600000', listPricePerUnit: '16600000' }),
            fulfillments: [inMonth(november, '600000')],
          },
          {
            line: product({ ...byMistake, itemName: 'Mounting kit', quantity: '1200000', listPricePerUnit: '8250000' }),
            fulfillments: [inMonth(november, '1200000')],
          },
        ],
      },
    ],
  },
];

/** settleSouthwind settles its invoices. */
export const southwindMonthly: DemoAccount[] = [
  {
    account: { name: 'Olive Resorts', currency: 'AUD', paymentTerm: 'Net 30', paymentMethodToken: 'tok_ok' },
    orders: [
      standing(
        product({ ...panel, quantity: '12', taxCode: 'AU-GST', taxMode: 'TaxInclusive' }),
        [inMonth(october, '4'), inMonth(december, '3')],
        [back(november, '1', 'Does not light up')],
      ),
    ],
  },
];
