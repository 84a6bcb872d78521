import { registerEnumType } from 'type-graphql';
import type { BillRunAction, BillRunStatus } from '../domain/bill-run';
import type { CreditMemoRule, InclusiveTaxRule } from '../domain/billing-settings';
import type { CreditMemoStatus } from '../domain/credit-memo';
import type { RoundingMode } from '../domain/decimal';
import type { DocumentAction } from '../domain/document';
import { type UserErrorCode as Code, userErrorCodes } from '../domain/errors';
import type { FulfillmentAction, FulfillmentState, FulfillmentType } from '../domain/fulfillment';
import type { InvoiceStatus } from '../domain/invoice';
import type { OrderCategory, OrderState } from '../domain/order';
import type { BillingRule, ItemCategory, ItemType, OrderLineItemState } from '../domain/order-line-item';
import type { PaymentStatus } from '../domain/payment';
import type { InlineDiscountType, TaxMode } from '../domain/price';

/** An enum of the graph: its values are named and described once, and are the same words in every layer. */
function enumType<E extends string>(name: string, description: string, values: Record<E, string>): { [K in E]: K } {
  const names = Object.keys(values) as E[];
  const type = Object.fromEntries(names.map((value) => [value, value])) as { [K in E]: K };
  registerEnumType(type, {
    name,
    description,
    valuesConfig: Object.fromEntries(names.map((value) => [value, { description: values[value] }])) as never,
  });
  return type;
}

export const FulfillmentStateEnum = enumType<FulfillmentState>(
  'FulfillmentState',
  "Where a fulfillment stands. No move is automatic; each is a caller's act.",
  {
    Executing: 'In progress; its fields can still be changed. It does not count as fulfilled.',
    Booked: 'Ready for fulfillment and revenue. Locked, but for clients with the scope edit-booked.',
    SentToBilling: 'Ready to be billed from its billTargetDate on. Locked for everybody; may stay here for good.',
    Complete: 'Work after billing is done. Final.',
    Canceled: 'Given up while it was Executing. Final.',
  },
);

export const FulfillmentActionEnum = enumType<FulfillmentAction>(
  'FulfillmentAction',
  'The acts that move a fulfillment.',
  {
    Book: 'Executing to Booked.',
    SendToBilling: 'Executing or Booked to SentToBilling.',
    Complete: 'SentToBilling to Complete, once it stands on a posted document.',
    Cancel: 'Executing to Canceled.',
  },
);

export const FulfillmentTypeEnum = enumType<FulfillmentType>(
  'FulfillmentType',
  'What a fulfillment is; it follows from the category of its line item.',
  {
    Delivery: 'Goods or services delivered for a sales line item.',
    Return: 'Goods received for a return line item.',
  },
);

export const OrderLineItemStateEnum = enumType<OrderLineItemState>('OrderLineItemState', 'Where a line item stands.', {
  Executing: 'Entered; its fields can still be changed. Takes no fulfillments yet.',
  Booked: 'Ready to be fulfilled.',
  SentToBilling: 'Ready to be billed. Only for line items without fulfillments.',
  Complete: 'Final. A line item with fulfillments reaches it by itself.',
  Canceled: 'Given up while it was Executing. Final.',
});

export const OrderStateEnum = enumType<OrderState>(
  'OrderState',
  'The state of an order, derived from its line items.',
  {
    Executing: 'At least one line item is neither Complete nor Canceled.',
    Complete: 'Every line item is Complete or Canceled, and at least one Complete.',
    Canceled: 'Every line item is Canceled.',
  },
);

export const OrderCategoryEnum = enumType<OrderCategory>('OrderCategory', 'Whether an order sells or takes back.', {
  NewSales: 'Sales line items.',
  Return: 'Return line items.',
});

export const ItemCategoryEnum = enumType<ItemCategory>('ItemCategory', 'Whether a line item is sold or taken back.', {
  Sales: 'Sold: billed on an invoice.',
  Return: 'Taken back: credited.',
});

export const ItemTypeEnum = enumType<ItemType>('ItemType', 'What a line item stands for.', {
  Product: 'Goods.',
  Fee: 'A fee.',
  Services: 'Services.',
});

export const BillingRuleEnum = enumType<BillingRule>('BillingRule', 'What triggers the billing of a line item.', {
  TriggerWithoutFulfillment: 'The line item itself is sent to billing.',
  TriggerAsFulfillmentOccurs: 'Each of its fulfillments is sent to billing.',
});

export const TaxModeEnum = enumType<TaxMode>('TaxMode', 'Whether prices hold the tax. Unset is read as exclusive.', {
  TaxInclusive: 'Prices include tax.',
  TaxExclusive: 'Tax is added to prices.',
});

export const InlineDiscountTypeEnum = enumType<InlineDiscountType>(
  'InlineDiscountType',
  'How a line item is discounted.',
  {
    Percentage: 'inlineDiscountPerUnit is percent points off the list price.',
    FixedAmount: 'inlineDiscountPerUnit is money off the list price of each unit.',
    None: 'No discount.',
  },
);

export const BillRunStatusEnum = enumType<BillRunStatus>('BillRunStatus', 'Where a bill run stands.', {
  Pending: 'Set up; no worker has begun with it.',
  Processing: 'Billing what is due.',
  Completed:
    'Everything is billed, into drafts, which are not all posted; what could not be billed or posted is in failures.',
  PostInProgress: 'Posting its documents.',
  Posted: 'Its documents are posted. Final.',
  CancelInProgress: 'Canceling its drafts.',
  Canceled: 'Its drafts are canceled, and what they had billed is billable again.',
  RemoveInProgress: 'Removing its documents, then itself.',
  Error:
    'Nothing of what it set out to bill could be billed, or it could not be canceled or removed wholly; failures says why.',
});

export const BillRunActionEnum = enumType<BillRunAction>('BillRunAction', 'The acts that a bill run may be put to.', {
  Post: 'Completed to Posted.',
  Cancel: 'Anything that is not posted to Canceled.',
  Delete: 'Removes a run that is Canceled or an Error.',
});

export const InvoiceStatusEnum = enumType<InvoiceStatus>('InvoiceStatus', 'Where an invoice stands.', {
  Draft: 'Not posted: as a bill run makes it, or unposted again.',
  Posted: 'Owed by the account.',
  Canceled: 'Withdrawn while it was a draft.',
});

export const CreditMemoStatusEnum = enumType<CreditMemoStatus>('CreditMemoStatus', 'Where a credit memo stands.', {
  Draft: 'Not posted: as a bill run makes it, or unposted again.',
  Posted: 'Granted to the account.',
  Canceled: 'Withdrawn while it was a draft.',
});

export const DocumentActionEnum = enumType<DocumentAction>(
  'DocumentAction',
  'What can be done to invoices and credit memos. Those that one billing act made together are posted, unposted and canceled together.',
  {
    Post: 'Draft to Posted.',
    Unpost: 'Posted back to Draft, while it has not been used. What it bills stays billed.',
    Cancel: 'Draft to Canceled. What it bills is billable again.',
    Reverse: 'Take an invoice back whole, by a credit memo that is put against it.',
    Apply: 'Put a credit memo against invoices.',
    Unapply: 'Take a credit memo off invoices again.',
    CollectPayment: 'Collect what an invoice owes.',
  },
);

export const PaymentStatusEnum = enumType<PaymentStatus>('PaymentStatus', 'Where a payment stands.', {
  Processing: 'Authorized; the money is about to be taken.',
  Processed: 'The money has been taken.',
  Error: 'The gateway would not take the money; the invoices are owed again.',
  Voided: 'Given up before the money was taken.',
  Refunded: 'Paid back in full.',
});

export const CreditMemoRuleEnum = enumType<CreditMemoRule>(
  'CreditMemoRule',
  'Which charges go on a credit memo instead of an invoice, where invoice settlement is on.',
  {
    AllNegative: 'Every charge below 0.',
    AllNegativeAndZero: 'Every charge below 0, and returns that come to 0.',
    NetNegative: 'Where the total is below 0, each line item that comes to less than 0; else none.',
    NetNegativeNoGrouping: 'Where the total is below 0, all charges; else none.',
  },
);

export const InclusiveTaxRuleEnum = enumType<InclusiveTaxRule>(
  'InclusiveTaxRule',
  'Which part of an amount that includes tax is rounded; the other part is what remains.',
  {
    NetFirst: 'The amount without tax: gross / (1 + rate).',
    TaxFirst: 'The tax: gross x rate / (1 + rate).',
  },
);

export const RoundingModeEnum = enumType<RoundingMode>('RoundingMode', 'How a number is rounded, its sign apart.', {
  HALF_UP: 'To the nearest; a half away from 0.',
  UP: 'Away from 0.',
  DOWN: 'Towards 0.',
});

export const OnErrorEnum = enumType<'RejectAll' | 'SkipFailed'>(
  'OnError',
  'What a batch does with entries that the rules refuse.',
  {
    RejectAll: 'Any refused entry refuses the whole request.',
    SkipFailed:
      'Entries are judged in request order and the refused ones skipped. A failing bill or payment still refuses everything.',
  },
);

export const OrderDirectionEnum = enumType<'ASC' | 'DESC'>('OrderDirection', 'The direction of a sort.', {
  ASC: 'Smallest, earliest or first in the alphabet first.',
  DESC: 'Largest, latest or last in the alphabet first.',
});

export const UserErrorCodeEnum = enumType<Code>(
  'UserErrorCode',
  'What the rules refuse. New codes may be added.',
  Object.fromEntries(Object.entries(userErrorCodes).map(([code, { meaning }]) => [code, meaning])) as Record<
    Code,
    string
  >,
);

const audit = { updatedDate: 'When it was last changed.', createdDate: 'When it was created.' };

export const AccountOrderFieldEnum = enumType('AccountOrderField', 'What accounts can be sorted by.', {
  ...audit,
  name: 'The name, by code points.',
  accountNumber: 'The account number, by code points.',
});
export const OrderOrderFieldEnum = enumType('OrderOrderField', 'What orders can be sorted by.', {
  ...audit,
  orderDate: 'The date of the order.',
  orderNumber: 'The order number, by code points.',
});
export const OrderLineItemOrderFieldEnum = enumType('OrderLineItemOrderField', 'What line items can be sorted by.', {
  ...audit,
  itemNumber: 'The item number: shorter ones first, so that 2 comes before 10, then by code points.',
  itemName: 'The name of what is sold, by code points.',
});
export const FulfillmentOrderFieldEnum = enumType('FulfillmentOrderField', 'What fulfillments can be sorted by.', {
  ...audit,
  fulfillmentDate: 'The date of delivery or receipt.',
  billTargetDate: 'The date to bill from; those without one come last in ascending order.',
  fulfillmentNumber: 'The fulfillment number, by code points.',
});
export const FulfillmentGroupByEnum = enumType('FulfillmentGroupBy', 'What fulfillments can be summed up by.', {
  state: 'The state.',
  fulfillmentType: 'The type.',
  carrier: 'The carrier; the key is empty for those without one.',
  fulfillmentDate: 'The day of delivery or receipt.',
  billTargetDate: 'The date to bill from; the key is empty for those without one.',
  account: 'The account; the key is its account number.',
});
export const InvoiceOrderFieldEnum = enumType('InvoiceOrderField', 'What invoices can be sorted by.', {
  ...audit,
  invoiceDate: 'The date of the invoice.',
  dueDate: 'The date the invoice is due.',
  amount: 'The total, tax included.',
  balance: 'What is still owed.',
  invoiceNumber: 'The invoice number, by code points.',
});
export const CreditMemoOrderFieldEnum = enumType('CreditMemoOrderField', 'What credit memos can be sorted by.', {
  ...audit,
  creditMemoDate: 'The date of the credit memo.',
  creditMemoNumber: 'The credit memo number, by code points.',
});
export const BillRunOrderFieldEnum = enumType('BillRunOrderField', 'What bill runs can be sorted by.', {
  ...audit,
  billRunNumber: 'The bill run number, by code points.',
});

export const PaymentOrderFieldEnum = enumType('PaymentOrderField', 'What payments can be sorted by.', {
  ...audit,
  effectiveDate: 'The date the payment counts from.',
  paymentNumber: 'The payment number, by code points.',
});
