/**
 * The shapes of the published REST replies around fulfillments, from the reference pages and the published SDKs: names,
 * nesting, types and spelling. The values are examples; null stands for a field that may be null.
 */
export const publishedShapes = {
  fulfillment: {
    success: true,
    fulfillment: {
      id: '4028828c82819b74018281a69d3f0d93',
      orderLineItemId: '4028828c82819b740182821bb23e15c4',
      fulfillmentNumber: 'F-00000001',
      fulfillmentDate: '2022-01-01',
      fulfillmentType: 'Delivery',
      quantity: 5,
      state: 'Executing',
      billTargetDate: '2022-01-01',
      description: null,
      carrier: null,
      trackingNumber: null,
      fulfillmentSystem: null,
      fulfillmentLocation: null,
      externalId: null,
      excludeItemBillingFromRevenueAccounting: false,
      excludeItemBookingFromRevenueAccounting: false,
      customFields: { Lot__c: 'A-1' },
    },
  },
  fulfillmentWithItems: {
    success: true,
    fulfillment: {
      fulfillmentItems: [
        { id: '4028828c82819b740182821bb3b415c6', itemIdentifier: 'SN-1', description: null, customFields: {} },
      ],
    },
  },
  fulfillmentItem: {
    success: true,
    fulfillmentItem: {
      id: '4028828c82819b740182821bb3b415c6',
      fulfillmentId: '4028828c82819b74018281a69d3f0d93',
      itemIdentifier: 'SN-1',
      description: null,
      customFields: {},
    },
  },
  orderLineItem: {
    success: true,
    orderLineItem: {
      id: '4028828c82819b740182821bb23e15c4',
      itemNumber: '1',
      itemState: 'Booked',
      quantity: 10,
      customFields: {},
    },
  },
  error: {
    success: false,
    processId: '3F7EA3FD706C7E7C',
    requestId: '6d7a9c1e-8a3b-4c62-9f0e-0a9d5b2c7e11',
    reasons: [{ code: 58000040, message: '...' }],
  },
} as const;

/** The published body of an update, which an Executing delivery must take. */
export const publishedUpdate = {
  billTargetDate: '2022-01-02',
  fulfillmentDate: '2022-01-02',
  fulfillmentType: 'Delivery',
  quantity: 5,
  state: 'Booked',
} as const;

/** Forms of text that a client parses; a text of the same form must come where the example has one. */
const forms: readonly [string, RegExp][] = [
  ['UUID', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['id', /^[0-9a-f]{32}$/],
  ['day', /^\d{4}-\d\d-\d\d$/],
];

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'string') return typeof value;
  return forms.find(([, form]) => form.test(value))?.[0] ?? 'text';
};

/** What a reply lacks of a published shape, field by field. It may have more. */
export function missingOf(shape: unknown, reply: unknown, path = ''): string[] {
  if (shape === null) return reply === undefined ? [`${path} is missing`] : [];
  if (kindOf(shape) !== kindOf(reply))
    return [`${path} is ${reply === null ? 'null' : kindOf(reply)}, not ${kindOf(shape)}`];
  if (typeof shape === 'boolean') return shape === reply ? [] : [`${path} is ${reply}`];
  if (typeof shape !== 'object') return [];
  return Object.entries(shape).flatMap(([name, inner]) => {
    const value = (reply as Record<string, unknown>)[name];
    const at = path ? `${path}.${name}` : name;
    return value === undefined ? [`${at} is missing`] : missingOf(inner, value, at);
  });
}
