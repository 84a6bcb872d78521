import {
  type LineFieldOfCreation,
  lineFields,
  type UpdatableLineField,
  updatableLineFields,
} from '../../domain/order-line-item-fields';

/** The descriptions of one field: in the input of a new line item, and in the inputs of a change. */
interface Described {
  /** Absent if the input of a new line item declares the field itself, with a default. */
  create?: string;
  /** `updateDescriptions` appends the states in which the field can be changed. */
  update: string;
  /** Comes after the states. */
  also?: string;
}
const inBoth = (text: string): Described => ({ create: `${text}.`, update: text });

/**
 * The descriptions of all fields that updates change (domain/order-line-item-fields.ts). A field without a description
 * does not compile.
 */
const described: { readonly [F in UpdatableLineField]: Described } = {
  itemName: {
    create: 'Name of the goods or services, at most 255 characters; printed as the charge on billing documents.',
    update: 'Name of the goods or services, at most 255 characters',
  },
  itemType: {
    create:
      'Whether the line item is goods, a fee or services. REQUIRED on a sale; a return takes the type of its sale.',
    update: 'Whether the line item is goods, a fee or services',
  },
  billingRule: { update: 'Whether the line item is billed as a whole, or delivered and billed by fulfillment' },
  quantity: {
    create:
      'Quantity sold or taken back, above 0, in unitOfMeasure. Rounded by its unit in BillingSettings.units, unless it is all that is left to return.',
    update: 'Quantity sold or taken back, above 0',
    also: 'A lower quantity cancels a part. Rounded by its unit in BillingSettings.units.',
  },
  unitOfMeasure: {
    create:
      'Unit of all quantities of the line item, at most 255 characters. If BillingSettings.units has entries, one of them. A return takes the unit of its sale.',
    update: 'Unit of all quantities of the line item. If BillingSettings.units has entries, one of them',
  },
  listPricePerUnit: {
    create:
      'Price of one unit before the inline discount, 0 or more in the currency of the account. Never rounded. A sale needs this or amountPerUnit; a return takes the price of its sale.',
    update: 'Price of one unit before the inline discount, 0 or more in the currency',
  },
  amountPerUnit: {
    create:
      'Price charged for one unit, 0 or more in the currency of the account. Never rounded. If absent, the price is listPricePerUnit, and follows its changes. With an inline discount it must be absent: the discount determines the price.',
    update: 'Price charged for one unit, 0 or more in the currency. Not allowed with an inline discount',
    also: 'A given price stays when listPricePerUnit changes; null makes it follow listPricePerUnit again.',
  },
  inlineDiscountType: {
    create: 'Unit of inlineDiscountPerUnit: percent points or money. Default: None. A discount needs listPricePerUnit.',
    update: 'Unit of inlineDiscountPerUnit: percent points or money',
  },
  inlineDiscountPerUnit: {
    create:
      'Discount on the list price of each unit, in the unit of inlineDiscountType: 0 to 100 percent points, or 0 to the list price in money.',
    update: 'Discount on the list price of each unit: 0 to 100 percent points, or 0 to the list price in money',
  },
  taxMode: {
    create: 'Whether prices include tax. If absent, TaxExclusive applies.',
    update: 'Whether prices include tax',
  },
  taxCode: {
    create: 'One of BillingSettings.taxCodes. If absent, the line item is not taxed.',
    update: 'One of BillingSettings.taxCodes',
  },
  billTargetDate: {
    create:
      'Day from which the line item may be billed. BILL_TARGET_DATE_REQUIRED if absent in SentToBilling. With fulfillments, their own billTargetDate counts instead.',
    update: 'Day from which the line item may be billed',
  },
  transactionStartDate: {
    create: 'First day of the transaction. Default: the orderDate.',
    update: 'First day of the transaction',
  },
  transactionEndDate: {
    create: 'Last day of the transaction, not before the first. Default: transactionStartDate.',
    update: 'Last day of the transaction, not before the first',
  },
  paymentTerm: {
    create:
      'Time from the invoice date until the invoice is due: "Net <days>" (1 to 999) or "Due Upon Receipt". Default: the payment term of the account. Line items with different payment terms are invoiced separately.',
    update: 'Time from the invoice date until the invoice is due, instead of the payment term of the account',
  },
  invoiceGroupNumber: inBoth(
    'Line items with different invoice group numbers are invoiced separately. At most 255 characters',
  ),
  productCode: inBoth('Code of the product in the catalog of the seller, at most 255 characters'),
  purchaseOrderNumber: inBoth('Number that the customer uses for the order, at most 255 characters'),
  ownerAccountNumber: inBoth(
    'Number of the account that owns the line item, at most 255 characters. Kept and shown; the account of the order is billed',
  ),
  soldTo: inBoth('Id of the contact that the goods are sold to, at most 255 characters. Kept and shown'),
  shipTo: inBoth('Id of the contact that the goods are shipped to, at most 255 characters. Kept and shown'),
  relatedSubscriptionNumber: inBoth(
    'Number of a subscription in another system that the line item belongs to, at most 255 characters. Kept and shown',
  ),
  description: inBoth('Free text for people, at most 500 characters'),
  customFields: {
    create: 'Custom fields of the client, stored as given. Their names end in __c.',
    update:
      'Custom fields of the client, replaced as a whole; by REST, only those that are named. Their names end in __c',
  },
};

/** The states in which a field can be changed, in words. */
function whenOf(field: UpdatableLineField): string {
  const { states, returns } = lineFields[field];
  const last = states[states.length - 1];
  const listed = states.length > 1 ? `${states.slice(0, -1).join(', ')} or ${last}` : last;
  const when = states.length === 4 ? 'in every state but Canceled' : `while ${listed}`;
  return returns ? when : `${when}, on a sale only`;
}

/** Fields that only a new line item is given. */
const ofCreation: Readonly<Record<LineFieldOfCreation, string>> = {
  productRatePlanChargeId:
    'Id of a charge in the product catalog of another system, at most 255 characters. Kept and shown; it never changes.',
  communicationProfileId:
    'Id of the communication profile that another system uses, at most 255 characters. Kept and shown; it never changes.',
};

export const createDescriptions: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    updatableLineFields.flatMap((field): [string, string][] => {
      const { create } = described[field];
      return create === undefined ? [] : [[field, create]];
    }),
  ),
  ...ofCreation,
};
export const updateDescriptions = Object.fromEntries(
  updatableLineFields.map((field) => {
    const { update, also } = described[field];
    return [field, `${update}. Can be changed ${whenOf(field)}.${also ? ` ${also}` : ''}`];
  }),
) as Record<UpdatableLineField, string>;
