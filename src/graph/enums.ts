import { registerEnumType } from 'type-graphql';
import type { BillRunAction, BillRunStatus } from '../domain/bill-run';
import type { DocumentAction } from '../domain/billing-document';
import type { CreditMemoRule, InclusiveTaxRule } from '../domain/billing-settings';
import type { CreditMemoStatus } from '../domain/credit-memo';
import type { RoundingMode } from '../domain/decimal';
import { type UserErrorCode as Code, userErrorCodes } from '../domain/errors';
import type { FulfillmentAction, FulfillmentState, FulfillmentType } from '../domain/fulfillment-state';
import type { InvoiceStatus } from '../domain/invoice';
import type { OrderCategory, OrderState } from '../domain/order';
import type { BillingRule, ItemCategory, ItemType, OrderLineItemState } from '../domain/order-line-item';
import type { PaymentStatus } from '../domain/payment';
import type { InlineDiscountType, TaxMode } from '../domain/price';
import type { DisputeStatus } from '../domain/reconciliation';

const made = new Map<string, object>();

/** Registers an enum of the graph. Each value has one name and one description, and is the same word in every layer. */
export function enumType<E extends string>(
  name: string,
  description: string,
  values: Readonly<Record<E, string>>,
): { [K in E]: K } {
  const names = Object.keys(values) as E[];
  const type = Object.fromEntries(names.map((value) => [value, value])) as { [K in E]: K };
  registerEnumType(type, {
    name,
    description,
    valuesConfig: Object.fromEntries(names.map((value) => [value, { description: values[value] }])) as never,
  });
  made.set(name, type);
  return type;
}

/** @throws if no enum has this name */
export function enumNamed(name: string): object {
  const type = made.get(name);
  if (!type) throw new Error(`There is no enum ${name}.`);
  return type;
}

export const FulfillmentStateEnum = enumType<FulfillmentState>(
  'FulfillmentState',
  'State of a fulfillment. No transition is automatic; a caller makes each one. Source: Zuora, "State transitions for fulfillments".',
  {
    Executing: 'In progress. Its fields can still be changed; it does not count as fulfilled.',
    Booked:
      'Ready for fulfillment and revenue; it counts as fulfilled. Locked, except for clients with the scope edit-booked, and except for a missing billTargetDate.',
    SentToBilling:
      'Ready to be billed from its billTargetDate on. Locked for everybody. A fulfillment may stay in this state for good.',
    Complete: 'Work after billing is done. Final.',
    Canceled: 'Given up while Executing. Final.',
  },
);

export const FulfillmentActionEnum = enumType<FulfillmentAction>(
  'FulfillmentAction',
  'Actions that move a fulfillment from one state to the next.',
  {
    Book: 'From Executing to Booked: the fulfillment counts as fulfilled from now on.',
    SendToBilling: 'From Executing or Booked to SentToBilling: the fulfillment is billed from its billTargetDate on.',
    Complete: 'From SentToBilling to Complete, once the fulfillment is on a posted document.',
    Cancel: 'From Executing to Canceled: the fulfillment is given up.',
  },
);

export const FulfillmentTypeEnum = enumType<FulfillmentType>(
  'FulfillmentType',
  'Type of a fulfillment. It follows from the category of the line item.',
  {
    Delivery: 'Goods or services delivered for a sales line item.',
    Return: 'Goods received for a return line item.',
  },
);

export const OrderLineItemStateEnum = enumType<OrderLineItemState>(
  'OrderLineItemState',
  'State of a line item. It decides whether the line item can be fulfilled, billed and returned. Source: Zuora, "State transitions for order line items, fulfillments, and orders".',
  {
    Executing: 'Entered. Its fields can still be changed; it takes no fulfillments yet and is not billed.',
    Booked: 'Agreed upon. A line item with fulfillments takes them now; a line item without counts as fulfilled.',
    SentToBilling: 'Ready to be billed from its billTargetDate on. Only for line items without fulfillments.',
    Complete:
      'Final: only customFields can still be changed. A line item with fulfillments becomes Complete by itself.',
    Canceled: 'Given up while Executing. Final.',
  },
);

export const OrderStateEnum = enumType<OrderState>(
  'OrderState',
  'State of an order, derived from the states of its line items. Source: Zuora, "State transitions for order".',
  {
    Executing: 'At least one line item is neither Complete nor Canceled.',
    Complete: 'Every line item is Complete or Canceled, and at least one is Complete.',
    Canceled: 'Every line item is Canceled.',
  },
);

export const OrderCategoryEnum = enumType<OrderCategory>('OrderCategory', 'Whether an order sells or takes back.', {
  NewSales: 'The order sells: all of its line items are of the category Sales.',
  Return: 'The order takes back: each line item names a line item that was sold to the same account.',
});

export const ItemCategoryEnum = enumType<ItemCategory>('ItemCategory', 'Whether a line item is sold or taken back.', {
  Sales: 'Sold: billed on an invoice.',
  Return: 'Taken back: credited on a credit memo, or a negative item if invoice settlement is off.',
});

export const ItemTypeEnum = enumType<ItemType>(
  'ItemType',
  'Kind of goods or services. Line items of all types are billed alike.',
  {
    Product: 'Goods that can be handed over, such as devices.',
    Fee: 'A charge for an occasion, such as a setup.',
    Services: 'Work done for the customer, such as training.',
  },
);

export const BillingRuleEnum = enumType<BillingRule>(
  'BillingRule',
  'Whether a line item is billed as a whole, or each of its fulfillments by itself.',
  {
    TriggerWithoutFulfillment: 'The line item, once sent to billing, is billed as a whole.',
    TriggerAsFulfillmentOccurs: 'Each fulfillment of the line item, once sent to billing, is billed by itself.',
  },
);

export const TaxModeEnum = enumType<TaxMode>('TaxMode', 'Whether prices include tax. Unset counts as TaxExclusive.', {
  TaxInclusive: 'Prices include tax.',
  TaxExclusive: 'Tax is added to prices.',
});

export const InlineDiscountTypeEnum = enumType<InlineDiscountType>(
  'InlineDiscountType',
  'Unit of the inline discount of a line item. Source: Zuora, "Update an order line item".',
  {
    Percentage: 'inlineDiscountPerUnit is percent points off the list price.',
    FixedAmount: 'inlineDiscountPerUnit is money off the list price of each unit.',
    None: 'The list price is charged, or amountPerUnit if another price was given.',
  },
);

export const BillRunStatusEnum = enumType<BillRunStatus>(
  'BillRunStatus',
  'Progress of a bill run in the background. done and failed count up to total. Source: Zuora, "Overview of bill runs".',
  {
    Pending: 'Created; no worker has begun with the run.',
    Processing: 'Due items are being billed, account by account.',
    Completed:
      'Everything is billed, on drafts that are not all posted. failures lists what could not be billed or posted.',
    PostInProgress: 'Its drafts are being posted in the background.',
    Posted: 'Its documents are posted. Final.',
    CancelInProgress: 'Its drafts are being canceled in the background.',
    Canceled: 'Its drafts are canceled, and everything that they billed can be billed again.',
    RemoveInProgress: 'Its documents are being removed in the background; then the run is gone.',
    Error:
      'Nothing that the run set out to bill could be billed, or the run could not be canceled or removed in full. failures lists the reasons.',
  },
);

export const BillRunActionEnum = enumType<BillRunAction>(
  'BillRunAction',
  'Actions on bill runs. Source: Zuora, "Overview of bill runs" and "Delete bill runs".',
  {
    Post: 'Posts the drafts of a Completed run: postBillRun.',
    Cancel: 'Cancels the drafts of a run if no document of it has been posted: cancelBillRun.',
    Delete: 'Removes a run that is Canceled or an Error, with its documents: deleteBillRun.',
  },
);

export const InvoiceStatusEnum = enumType<InvoiceStatus>(
  'InvoiceStatus',
  'Status of an invoice. An invoice is owed while it is Posted.',
  {
    Draft: 'Not posted: new from a bill run, or unposted again.',
    Posted: 'Owed by the account.',
    Canceled: 'Withdrawn while it was a draft.',
  },
);

export const CreditMemoStatusEnum = enumType<CreditMemoStatus>(
  'CreditMemoStatus',
  'Status of a credit memo. A credit memo can be used while it is Posted.',
  {
    Draft: 'Not posted: new from a bill run, or unposted again.',
    Posted: 'Granted to the account.',
    Canceled: 'Withdrawn while it was a draft.',
  },
);

export const DocumentActionEnum = enumType<DocumentAction>(
  'DocumentAction',
  'Actions on invoices and credit memos. Documents that were made together are posted, unposted and canceled together.',
  {
    Post: 'From Draft to Posted: from now on the invoice is owed, or the credit memo can be used.',
    Unpost: 'From Posted back to Draft, while the document has not been used. Its items stay billed.',
    Cancel: 'From Draft to Canceled. Everything on the document can be billed again.',
    Reverse: 'Reverses an invoice in full: a credit memo is applied to it.',
    Apply: 'Applies a credit memo to an invoice of its account.',
    Unapply: 'Unapplies a credit memo from an invoice, which is then owed again.',
    CollectPayment: 'Collects the balance of an invoice with the payment method of its account.',
  },
);

export const PaymentStatusEnum = enumType<PaymentStatus>(
  'PaymentStatus',
  'Status of a payment. The money has been taken once the payment is Processed.',
  {
    Processing: 'Authorized, and already applied to its invoices; the money is about to be taken.',
    Processed: 'The money has been taken.',
    Error: 'The gateway did not take the money; the invoices are owed again.',
    Voided: 'Given up before the money was taken.',
    Refunded: 'Paid back in full.',
  },
);

export const PaymentDisputeStatusEnum = enumType<DisputeStatus>(
  'PaymentDisputeStatus',
  'Status of the dispute of a payment at the payment provider. Source: Stripe, "How disputes work".',
  {
    Inquiry: 'The bank asks about the payment, and has taken no money back.',
    InquiryClosed: 'The bank asked, and no dispute came of it.',
    NeedsResponse: 'The customer wants the money back. The provider waits for evidence.',
    UnderReview: 'The bank looks at the evidence.',
    Won: 'Decided for the seller.',
    Lost: 'Decided for the customer: the money is gone.',
    Prevented: 'Settled before it became a dispute.',
  },
);

export const CreditMemoRuleEnum = enumType<CreditMemoRule>(
  'CreditMemoRule',
  'Which charges go on a credit memo instead of an invoice, if invoice settlement is on. Decided before tax. Source: Zuora, "Rules for generating invoices and credit memos".',
  {
    AllNegative: 'Every charge below 0.',
    AllNegativeAndZero: 'Every charge below 0, and returns that come to 0.',
    NetNegative: 'If the total is below 0, each line item whose sum is below 0; otherwise none.',
    NetNegativeNoGrouping: 'If the total is below 0, all charges; otherwise none.',
  },
);

export const InclusiveTaxRuleEnum = enumType<InclusiveTaxRule>(
  'InclusiveTaxRule',
  'Which part of an amount that includes tax is rounded; the other part is the remainder. Source: Zuora, "Rounding rule for inclusive tax mode".',
  {
    NetFirst: 'The amount without tax: gross / (1 + rate).',
    TaxFirst: 'The tax: gross x rate / (1 + rate).',
  },
);

export const RoundingModeEnum = enumType<RoundingMode>(
  'RoundingMode',
  'How a number is rounded, regardless of its sign. Source: Zuora, "Rounding and precision in Zuora".',
  {
    HALF_UP: 'To the nearest; a half is rounded away from 0: 0.125 becomes 0.13.',
    UP: 'Away from 0: 0.121 becomes 0.13.',
    DOWN: 'Towards 0: 0.129 becomes 0.12.',
  },
);

export const OnErrorEnum = enumType<'RejectAll' | 'SkipFailed'>(
  'OnError',
  'How a batch handles entries that the rules refuse.',
  {
    RejectAll: 'One refused entry refuses the whole request.',
    SkipFailed:
      'Entries are judged in request order, and refused entries are skipped. A failing bill or payment still refuses the whole request.',
  },
);

export const OrderDirectionEnum = enumType<'ASC' | 'DESC'>(
  'OrderDirection',
  'Which end of a sorted list comes first.',
  {
    ASC: 'The smallest, earliest or alphabetically first value comes first.',
    DESC: 'The largest, latest or alphabetically last value comes first.',
  },
);

export const UserErrorCodeEnum = enumType<Code>(
  'UserErrorCode',
  'Codes of the errors from the business rules. New codes may be added.',
  Object.fromEntries(Object.entries(userErrorCodes).map(([code, { meaning }]) => [code, meaning])) as Record<
    Code,
    string
  >,
);

export const FulfillmentGroupByEnum = enumType(
  'FulfillmentGroupBy',
  'Fields by which fulfillments can be summed up. Fulfillments with the same value form a group.',
  {
    state: 'The state; the key is the name of the state.',
    fulfillmentType: 'Delivery or Return; the key is the same word.',
    carrier: 'The carrier; the key is empty for fulfillments without a carrier.',
    fulfillmentDate: 'The day of delivery or receipt; the key is that day.',
    billTargetDate: 'The day to bill from; the key is empty for fulfillments without such a day.',
    account: 'The account; the key is its account number.',
  },
);
