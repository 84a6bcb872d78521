/*
 * SQL for computed fields of a row `t`, by noun and field of the graph. A property test checks each expression against
 * the domain's function.
 */

const takesFulfillments = "t.billing_rule = 'TriggerAsFulfillmentOccurs'";

export const computedSql = {
  'OrderLineItem.requiresFulfillment': takesFulfillments,
  'OrderLineItem.quantityFulfilled': `case when ${takesFulfillments} then t.fulfilled_quantity
    when t.item_state in ('Booked', 'SentToBilling', 'Complete') then t.quantity else 0 end`,
  'OrderLineItem.quantityPendingFulfillment': `case when ${takesFulfillments} and t.item_state <> 'Canceled'
    then t.quantity - t.fulfilled_quantity else 0 end`,
  'OrderLineItem.quantityAvailableForReturn': `case when t.item_category = 'Return' then 0 else greatest(0, case
    when ${takesFulfillments} then t.sent_quantity
    when t.item_state in ('SentToBilling', 'Complete') then t.quantity else 0 end - t.returned_quantity) end`,
  'OrderLineItem.inlineDiscountPerUnit': 't.inline_discount_per_unit',
  'Invoice.documentNumber': 't.invoice_number',
  'Invoice.documentDate': 't.invoice_date',
  'CreditMemo.documentNumber': 't.credit_memo_number',
  'CreditMemo.documentDate': 't.credit_memo_date',
  'CreditMemo.unappliedAmount': `case when t.status = 'Canceled' then 0
    else t.amount - t.applied_amount - t.refund_amount end`,
  'CreditMemoItem.amount': `case when t.tax_mode = 'TaxInclusive' then t.amount_without_tax + t.tax_amount
    else t.amount_without_tax end`,
  'Payment.unappliedAmount': `case when t.status in ('Error', 'Voided') then 0
    else t.amount - t.applied_amount - t.refund_amount end`,
} as const;
