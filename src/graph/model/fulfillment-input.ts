import { type FixedField, fixedFields, type UpdatableField, updatableFields } from '../../domain/fulfillment-fields';

/** The descriptions of one field: in the input that creates a fulfillment, and in the input that updates it. */
interface Described {
  create: string;
  update: string;
}
const inBoth = (text: string): Described => ({ create: text, update: text });

/**
 * The descriptions of all fields that callers give (domain/fulfillment-fields.ts). A field without a description does
 * not compile.
 */
const described: { readonly [F in UpdatableField]: Described } & {
  readonly [F in FixedField]: Pick<Described, 'create'>;
} = {
  orderLineItemId: {
    create:
      'Id, in any spelling, of the line item to fulfill. It must be Booked, otherwise ORDER_LINE_ITEM_NOT_BOOKED. Its billingRule must be TriggerAsFulfillmentOccurs, otherwise BILLING_RULE_MISMATCH. A line item has at most 100 fulfillments.',
  },
  fulfillmentType: {
    create:
      'Delivery for a sale, Return for a return; otherwise TYPE_MISMATCH. Default: the type that fits the line item.',
  },
  fulfillmentDate: {
    create: 'The day of delivery or receipt, in the past or the future.',
    update: 'The day of delivery or receipt; null is refused.',
  },
  quantity: {
    create:
      'Quantity delivered or received, above 0, in the unitOfMeasure of the line item. Together with earlier entries, at most the pending quantity of the line item; otherwise QUANTITY_EXCEEDED. Rounded by its unit in BillingSettings.units, unless it takes all that is pending.',
    update:
      'Quantity delivered or received, above 0, in the unitOfMeasure of the line item. At most the pending quantity, plus its own while Booked; at least the number of items. Rounded by its unit in BillingSettings.units, unless it takes all that is pending. Null is refused.',
  },
  billTargetDate: {
    create: 'Day from which the fulfillment may be billed. BILL_TARGET_DATE_REQUIRED if absent in SentToBilling.',
    update:
      'Day from which the fulfillment may be billed. A missing day can be set while Booked, without the scope edit-booked.',
  },
  description: inBoth('Free text for people, at most 500 characters.'),
  carrier: inBoth(
    'Company that carries the goods, at most 255 characters. If BillingSettings.carriers has entries, one of them.',
  ),
  trackingNumber: inBoth('Number by which the carrier knows the shipment, at most 255 characters.'),
  fulfillmentSystem: inBoth(
    'System that fulfills the line item, at most 255 characters. If BillingSettings.fulfillmentSystems has entries, one of them.',
  ),
  fulfillmentLocation: inBoth(
    'Place that the goods come from, at most 255 characters. If BillingSettings.fulfillmentLocations has entries, one of them.',
  ),
  externalId: inBoth('Id of the fulfillment in an external system, at most 255 characters; need not be unique.'),
  excludeItemBillingFromRevenueAccounting: {
    create:
      'Whether revenue accounting leaves out the billing of this fulfillment. Stored as given; the gateway does not use it. Default: false.',
  },
  excludeItemBookingFromRevenueAccounting: {
    create:
      'Whether revenue accounting leaves out the delivery of this fulfillment. Stored as given; the gateway does not use it. Default: false.',
  },
  customFields: {
    create: 'Custom fields of the client, stored as given. Their names end in __c.',
    update:
      'Custom fields of the client, replaced as a whole; by REST, only those that are named. Their names end in __c.',
  },
};

export const createDescriptions = Object.fromEntries(
  [...updatableFields, ...fixedFields].map((field) => [field, described[field].create]),
);
export const updateDescriptions = Object.fromEntries(updatableFields.map((field) => [field, described[field].update]));
