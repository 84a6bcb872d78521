import { type FixedField, fixedFields, type UpdatableField, updatableFields } from '../../domain/fulfillment-fields';

/** What clients read about a field in the input that creates a fulfillment, and in the one that updates it. */
interface Described {
  create: string;
  update: string;
}
const inBoth = (text: string): Described => ({ create: text, update: text });

/** Every field that callers give (domain/fulfillment-fields.ts): one without a description does not compile. */
const described: { readonly [F in UpdatableField]: Described } & {
  readonly [F in FixedField]: Pick<Described, 'create'>;
} = {
  orderLineItemId: {
    create:
      'What it fulfills, by its id in any spelling: a line item that is Booked, else ORDER_LINE_ITEM_NOT_BOOKED, with the billing rule TriggerAsFulfillmentOccurs, else BILLING_RULE_MISMATCH. One has at most 100 fulfillments.',
  },
  fulfillmentType: {
    create: 'Delivery on a sale, Return on a return, which it is where absent as well; TYPE_MISMATCH otherwise.',
  },
  fulfillmentDate: {
    create: 'The day of delivery or receipt, past or to come.',
    update: 'The day of delivery or receipt; cannot be emptied.',
  },
  quantity: {
    create:
      'How much, above 0 in the unitOfMeasure of the line item. Together with the entries before it at most what is pending there, else QUANTITY_EXCEEDED. Rounded as its unit in billingSettings says, unless it is all of that.',
    update:
      'How much, above 0 in the unitOfMeasure of the line item: at most what is pending there, and at least as many as it has items. Rounded as its unit in billingSettings says, unless it is all that is pending. Cannot be emptied.',
  },
  billTargetDate: {
    create: 'The day from which billing may pick it up; BILL_TARGET_DATE_REQUIRED in SentToBilling.',
    update:
      'The day from which billing may pick it up. One that is missing may be given while Booked without the scope edit-booked.',
  },
  description: inBoth('Free text for people, at most 500 characters.'),
  carrier: inBoth(
    'Who carries the goods, at most 255 characters; one of those in billingSettings where there are any.',
  ),
  trackingNumber: inBoth('What the carrier knows the shipment by, at most 255 characters.'),
  fulfillmentSystem: inBoth(
    'Which system fulfills it, at most 255 characters; one of those in billingSettings where there are any.',
  ),
  fulfillmentLocation: inBoth(
    'Which place it is fulfilled from, at most 255 characters; one of those in billingSettings where there are any.',
  ),
  externalId: inBoth('What it is known by in a system outside, at most 255 characters; need not be unique.'),
  excludeItemBillingFromRevenueAccounting: {
    create: 'Whether its bill is left out of revenue accounting: kept as given, without effect here. Default: false.',
  },
  excludeItemBookingFromRevenueAccounting: {
    create:
      'Whether its delivery is left out of revenue accounting: kept as given, without effect here. Default: false.',
  },
  customFields: {
    create: 'Fields of the client itself, kept as they are; their names end in __c.',
    update: 'Fields of the client itself, replaced as a whole; their names end in __c.',
  },
};

/** The descriptions of the fields of the input that creates a fulfillment, and of the one that updates it. */
export const createDescriptions = Object.fromEntries(
  [...updatableFields, ...fixedFields].map((field) => [field, described[field].create]),
);
export const updateDescriptions = Object.fromEntries(updatableFields.map((field) => [field, described[field].update]));
