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

const made = new Map<string, object>();

/** An enum of the graph: its values are named and described once, and are the same words in every layer. */
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

/** @throws where no enum has this name */
export function enumNamed(name: string): object {
  const type = made.get(name);
  if (!type) throw new Error(`There is no enum ${name}.`);
  return type;
}

export const FulfillmentStateEnum = enumType<FulfillmentState>(
  'FulfillmentState',
  'Where a fulfillment stands. No move is automatic; each is a caller\'s act. Source: Zuora, "State transitions for fulfillments".',
  {
    Executing: 'In progress; its fields can still be changed. It does not count as fulfilled.',
    Booked:
      'Ready for fulfillment and revenue. It counts as fulfilled. Locked, but for clients with the scope edit-booked and for a billTargetDate that is missing.',
    SentToBilling: 'Ready to be billed from its billTargetDate on. Locked for everybody; may stay here for good.',
    Complete: 'Work after billing is done. Final.',
    Canceled: 'Given up while it was Executing. Final.',
  },
);

export const FulfillmentActionEnum = enumType<FulfillmentAction>(
  'FulfillmentAction',
  'The acts that move a fulfillment from one state to the next.',
  {
    Book: 'From Executing to Booked: it counts as fulfilled from now on.',
    SendToBilling: 'From Executing or Booked to SentToBilling: it is billed from its billTargetDate on.',
    Complete: 'From SentToBilling to Complete, once it stands on a posted document.',
    Cancel: 'From Executing to Canceled: it is given up.',
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

export const OrderLineItemStateEnum = enumType<OrderLineItemState>(
  'OrderLineItemState',
  'Where a line item stands, and whether it can be fulfilled, billed and returned. Source: Zuora, "State transitions for order line items, fulfillments, and orders".',
  {
    Executing: 'Entered; its fields can still be changed. Takes no fulfillments yet, and is not billed.',
    Booked: 'Agreed upon: it takes fulfillments; one without them counts as fulfilled.',
    SentToBilling: 'Ready to be billed from its billTargetDate on. Only for line items without fulfillments.',
    Complete: 'Final: nothing of it can be changed any more. A line item with fulfillments reaches it by itself.',
    Canceled: 'Given up while it was Executing. Final.',
  },
);

export const OrderStateEnum = enumType<OrderState>(
  'OrderState',
  'The state of an order, derived from those of its line items. Source: Zuora, "State transitions for order".',
  {
    Executing: 'At least one line item is neither Complete nor Canceled.',
    Complete: 'Every line item is Complete or Canceled, and at least one Complete.',
    Canceled: 'Every line item is Canceled.',
  },
);

export const OrderCategoryEnum = enumType<OrderCategory>('OrderCategory', 'Whether an order sells or takes back.', {
  NewSales: 'It sells: its line items are all of the category Sales.',
  Return: 'It takes back: its line items all name what was sold to the same account.',
});

export const ItemCategoryEnum = enumType<ItemCategory>('ItemCategory', 'Whether a line item is sold or taken back.', {
  Sales: 'Sold: billed on an invoice.',
  Return: 'Taken back: credited on a credit memo, or as a negative item where invoice settlement is off.',
});

export const ItemTypeEnum = enumType<ItemType>(
  'ItemType',
  'What a line item stands for; it is billed alike whatever it is.',
  {
    Product: 'Goods that can be handed over, such as devices.',
    Fee: 'A charge for something that comes up, such as setting up.',
    Services: 'Work done for the customer, such as training.',
  },
);

export const BillingRuleEnum = enumType<BillingRule>(
  'BillingRule',
  'What triggers the billing of a line item: itself as a whole, or each of its fulfillments.',
  {
    TriggerWithoutFulfillment: 'The line item, once sent to billing, is billed as a whole.',
    TriggerAsFulfillmentOccurs: 'Each of its fulfillments, once sent to billing, is billed by itself.',
  },
);

export const TaxModeEnum = enumType<TaxMode>('TaxMode', 'Whether prices hold the tax. Unset is read as TaxExclusive.', {
  TaxInclusive: 'Prices include tax.',
  TaxExclusive: 'Tax is added to prices.',
});

export const InlineDiscountTypeEnum = enumType<InlineDiscountType>(
  'InlineDiscountType',
  'What the inline discount of a line item is counted in. Source: Zuora, "Update an order line item".',
  {
    Percentage: 'inlineDiscountPerUnit is percent points off the list price.',
    FixedAmount: 'inlineDiscountPerUnit is money off the list price of each unit.',
    None: 'The list price is charged, or amountPerUnit where another one was given.',
  },
);

export const BillRunStatusEnum = enumType<BillRunStatus>(
  'BillRunStatus',
  'How far a bill run has come. It is carried on in the background; done and failed count up to total. Source: Zuora, "Overview of bill runs".',
  {
    Pending: 'Set up; no worker has begun with it.',
    Processing: 'What is due is being billed, account by account.',
    Completed:
      'Everything is billed, into drafts, which are not all posted; what could not be billed or posted is in failures.',
    PostInProgress: 'Its drafts are being posted in the background.',
    Posted: 'Its documents are posted. Final.',
    CancelInProgress: 'Its drafts are being withdrawn in the background.',
    Canceled: 'Its drafts are canceled, and what they had billed is billable again.',
    RemoveInProgress: 'Its documents are being removed in the background, and then it is gone.',
    Error:
      'Nothing of what it set out to bill could be billed, or it could not be canceled or removed wholly; failures says why.',
  },
);

export const BillRunActionEnum = enumType<BillRunAction>(
  'BillRunAction',
  'The acts that there are for bill runs. Source: Zuora, "Overview of bill runs" and "Delete bill runs".',
  {
    Post: 'Posts the drafts of a run that is Completed: postBillRun.',
    Cancel: 'Withdraws the drafts of a run of which nothing has been posted: cancelBillRun.',
    Delete: 'Removes a run that is Canceled or an Error, with its documents: deleteBillRun.',
  },
);

export const InvoiceStatusEnum = enumType<InvoiceStatus>(
  'InvoiceStatus',
  'Where an invoice stands: it is owed while it is Posted.',
  {
    Draft: 'Not posted: as a bill run makes it, or unposted again.',
    Posted: 'Owed by the account.',
    Canceled: 'Withdrawn while it was a draft.',
  },
);

export const CreditMemoStatusEnum = enumType<CreditMemoStatus>(
  'CreditMemoStatus',
  'Where a credit memo stands: it can be used while it is Posted.',
  {
    Draft: 'Not posted: as a bill run makes it, or unposted again.',
    Posted: 'Granted to the account.',
    Canceled: 'Withdrawn while it was a draft.',
  },
);

export const DocumentActionEnum = enumType<DocumentAction>(
  'DocumentAction',
  'What can be done to invoices and credit memos. Those that one billing act made together are posted, unposted and canceled together.',
  {
    Post: 'From Draft to Posted: from now on it is owed, or can be used.',
    Unpost: 'From Posted back to Draft, while it has not been used. What it bills stays billed.',
    Cancel: 'From Draft to Canceled. What it bills is billable again.',
    Reverse: 'Take an invoice back whole, by a credit memo that is put against it.',
    Apply: 'Put a credit memo against an invoice of its account.',
    Unapply: 'Take a credit memo off an invoice again, which is then owed again.',
    CollectPayment: 'Collect what an invoice owes by the payment method of its account.',
  },
);

export const PaymentStatusEnum = enumType<PaymentStatus>(
  'PaymentStatus',
  'Where a payment stands: its money has been taken once it is Processed.',
  {
    Processing: 'Authorized, and already put against its invoices; the money is about to be taken.',
    Processed: 'The money has been taken.',
    Error: 'The gateway would not take the money; the invoices are owed again.',
    Voided: 'Given up before the money was taken.',
    Refunded: 'Paid back in full.',
  },
);

export const CreditMemoRuleEnum = enumType<CreditMemoRule>(
  'CreditMemoRule',
  'Which charges go on a credit memo instead of an invoice, where invoice settlement is on. Judged before tax. Source: Zuora, "Rules for generating invoices and credit memos".',
  {
    AllNegative: 'Every charge below 0.',
    AllNegativeAndZero: 'Every charge below 0, and returns that come to 0.',
    NetNegative: 'Where the total is below 0, each line item that comes to less than 0; else none.',
    NetNegativeNoGrouping: 'Where the total is below 0, all charges; else none.',
  },
);

export const InclusiveTaxRuleEnum = enumType<InclusiveTaxRule>(
  'InclusiveTaxRule',
  'Which part of an amount that includes tax is rounded; the other part is what remains. Source: Zuora, "Rounding rule for inclusive tax mode".',
  {
    NetFirst: 'The amount without tax: gross / (1 + rate).',
    TaxFirst: 'The tax: gross x rate / (1 + rate).',
  },
);

export const RoundingModeEnum = enumType<RoundingMode>(
  'RoundingMode',
  'How a number is rounded, its sign apart. Source: Zuora, "Rounding and precision in Zuora".',
  {
    HALF_UP: 'To the nearest; a half away from 0: 0.125 becomes 0.13.',
    UP: 'Away from 0: 0.121 becomes 0.13.',
    DOWN: 'Towards 0: 0.129 becomes 0.12.',
  },
);

export const OnErrorEnum = enumType<'RejectAll' | 'SkipFailed'>(
  'OnError',
  'What a batch does with entries that the rules refuse.',
  {
    RejectAll: 'Any refused entry refuses the whole request.',
    SkipFailed:
      'Entries are judged in request order and the refused ones skipped. A failing bill or payment still refuses everything.',
  },
);

export const OrderDirectionEnum = enumType<'ASC' | 'DESC'>(
  'OrderDirection',
  'Which end of a sorted list comes first.',
  {
    ASC: 'Smallest, earliest or first in the alphabet first.',
    DESC: 'Largest, latest or last in the alphabet first.',
  },
);

export const UserErrorCodeEnum = enumType<Code>(
  'UserErrorCode',
  'What the rules refuse. New codes may be added.',
  Object.fromEntries(Object.entries(userErrorCodes).map(([code, { meaning }]) => [code, meaning])) as Record<
    Code,
    string
  >,
);

export const FulfillmentGroupByEnum = enumType(
  'FulfillmentGroupBy',
  'What fulfillments can be summed up by: those that agree in it make a group.',
  {
    state: 'Where they stand; the key is the name of the state.',
    fulfillmentType: 'Whether they deliver or take back; the key is Delivery or Return.',
    carrier: 'The carrier; the key is empty for those without one.',
    fulfillmentDate: 'The day of delivery or receipt; the key is that day.',
    billTargetDate: 'The day to bill from; the key is empty for those without one.',
    account: 'The account; the key is its account number.',
  },
);
