import { lineFields, type UpdatableLineField, updatableLineFields } from '../../domain/order-line-item-fields';

/** What clients read about a field of a line item: in the input of a new one, and in that of a change. */
interface Described {
  /** Absent where the field of a new line item is another one, with a default. */
  create?: string;
  /** Up to where it says when the field can be changed. */
  update: string;
  /** What follows that. */
  also?: string;
}
const inBoth = (text: string): Described => ({ create: `${text}.`, update: text });

/** Every field that updates change (domain/order-line-item-fields.ts): one without a description does not compile. */
const described: { readonly [F in UpdatableLineField]: Described } = {
  itemName: {
    create: 'What is sold or taken back, at most 255 characters; printed as the charge on its documents.',
    update: 'What is sold or taken back, at most 255 characters',
  },
  itemType: {
    create: 'Whether it stands for goods, a charge or work. REQUIRED on a sale; a return has that of its sale.',
    update: 'Whether it stands for goods, a charge or work',
  },
  billingRule: { update: 'Whether it is billed as a whole, or delivered and billed in fulfillments' },
  quantity: {
    create:
      'How much is sold or taken back, above 0, in units of unitOfMeasure. Rounded as its unit in billingSettings says, unless it is all that is left to return.',
    update: 'How much is sold or taken back, above 0',
    also: 'Lowering it cancels a part. Rounded as its unit in billingSettings says.',
  },
  unitOfMeasure: {
    create:
      'The unit that its quantities are counted in, at most 255 characters: one of those in billingSettings, where there are any. A return has that of its sale.',
    update: 'The unit that its quantities are counted in, one of those in billingSettings where there are any',
  },
  listPricePerUnit: {
    create:
      'What one unit costs before the inline discount, 0 or more in the currency of the account, never rounded. A sale needs this or amountPerUnit; a return has that of its sale.',
    update: 'What one unit costs before the inline discount, 0 or more in the currency',
  },
  amountPerUnit: {
    create:
      'What one unit is charged at, 0 or more in the currency of the account, never rounded; the list price where absent, which it then follows. With an inline discount it follows from that, and must be absent.',
    update: 'What one unit is charged at, 0 or more in the currency, where there is no inline discount',
    also: 'Once given it stays under a new listPricePerUnit; null makes it follow that again.',
  },
  inlineDiscountType: {
    create: 'What inlineDiscountPerUnit is counted in; None where absent. Needs listPricePerUnit.',
    update: 'What inlineDiscountPerUnit is counted in',
  },
  inlineDiscountPerUnit: {
    create:
      'What is taken off the list price of each unit: 0 to 100 percent points, or 0 to the list price in money, as inlineDiscountType says.',
    update: 'What is taken off the list price of each unit: 0 to 100 percent points, or 0 to the list price in money',
  },
  taxMode: {
    create: 'Whether prices include tax; read as TaxExclusive where absent.',
    update: 'Whether prices include tax',
  },
  taxCode: {
    create: 'One of those in billingSettings; not taxed where absent.',
    update: 'One of those in billingSettings',
  },
  billTargetDate: {
    create:
      'The day from which billing may pick it up; BILL_TARGET_DATE_REQUIRED in SentToBilling. With fulfillments theirs count instead.',
    update: 'The day from which billing may pick it up',
  },
  transactionStartDate: {
    create: 'The first day of what is sold. Default: the orderDate.',
    update: 'The first day of what is sold',
  },
  transactionEndDate: {
    create: 'The last day of what is sold, not before the first. Default: transactionStartDate.',
    update: 'The last day of what is sold, not before the first',
  },
  paymentTerm: {
    create:
      'How long after their date its invoices are due: "Net <days>" (1 to 999) or "Due Upon Receipt"; as the account says where absent. Those that differ are invoiced apart.',
    update: 'How long after their date its invoices are due, instead of what the account says',
  },
  invoiceGroupNumber: inBoth('Those that differ in it are invoiced apart; at most 255 characters'),
  productCode: inBoth('What it is called in the catalog of the seller, at most 255 characters'),
  purchaseOrderNumber: inBoth('What the customer calls the order that it belongs to, at most 255 characters'),
  description: inBoth('Free text for people, at most 500 characters'),
  customFields: {
    create: 'Fields of the client itself, kept as they are; their names end in __c.',
    update: 'Fields of the client itself, replaced as a whole; their names end in __c',
  },
};

/** When a field can be changed, in words. */
function whenOf(field: UpdatableLineField): string {
  const { states, returns } = lineFields[field];
  const last = states[states.length - 1];
  const listed = states.length > 1 ? `${states.slice(0, -1).join(', ')} or ${last}` : last;
  const when = states.length === 4 ? 'in every state but Canceled' : `while ${listed}`;
  return returns ? when : `a sale, ${when}`;
}

/** The descriptions of the fields of the input for a new line item, and of the one for a change. */
export const createDescriptions = Object.fromEntries(
  updatableLineFields.flatMap((field): [string, string][] => {
    const { create } = described[field];
    return create === undefined ? [] : [[field, create]];
  }),
);
export const updateDescriptions = Object.fromEntries(
  updatableLineFields.map((field) => {
    const { update, also } = described[field];
    return [field, `${update}; ${whenOf(field)}.${also ? ` ${also}` : ''}`];
  }),
) as Record<UpdatableLineField, string>;
