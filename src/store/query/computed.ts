import { currenciesOf } from '../../domain/currency';

/*
 * SQL for computed fields of a row `t`, by noun and field of the graph; `s` are the billing settings of its entity. A
 * property test checks each expression against the domain's function.
 */

/**
 * The decimals of a currency. The common ones come first: PostgreSQL hashes a list of more than eight anew in each
 * execution that reaches it. 30,000 amounts took 3 s.
 */
export const decimalsOf = (currency: string): string =>
  `case when ${currency} in ('USD', 'EUR', 'GBP', 'CHF', 'CAD', 'AUD', 'CNY', 'INR') then 2 ${([0, 3, 4] as const)
    .map((each) => `when ${currency} in (${currenciesOf(each).map((code) => `'${code}'`)}) then ${each}`)
    .join(' ')} else 2 end`;
const decimals = decimalsOf('t.currency');

/**
 * a / b in the decimals of the currency, rounded once by the mode of the settings. `div` and `mod` of numeric are exact;
 * `/` cuts a quotient off, so that rounding it up would lose a remainder.
 */
const quotient = (a: string, b: string): string => `(select (div(q.a, q.b) + sign(q.a) * case s.rounding_mode
    when 'DOWN' then 0
    when 'UP' then least(1, ceil(abs(mod(q.a, q.b))))
    else case when 2 * abs(mod(q.a, q.b)) >= q.b then 1 else 0 end end) / q.f
  from (select (${a}) * 10::numeric ^ (${decimals}) as a, (${b})::numeric as b, 10::numeric ^ (${decimals}) as f offset 0) q)`;

const listPrice = quotient('t.list_price_per_unit * t.quantity', '1');
const amount = quotient('t.amount_per_unit * t.quantity', '1');
/** The current rate of the tax code; null if there is none. */
const rate = `(select (code ->> 'rate')::numeric from jsonb_array_elements(s.tax_codes) code
  where code ->> 'code' = t.tax_code)`;

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
  'OrderLineItem.listPrice': listPrice,
  'OrderLineItem.discount': `case when t.inline_discount_type = 'None' then 0 else ${listPrice} - ${amount} end`,
  'OrderLineItem.amount': amount,
  'OrderLineItem.amountWithoutTax': `(select case when t.tax_mode is distinct from 'TaxInclusive' or x.rate is null then x.amount
    when s.inclusive_tax_rule = 'TaxFirst' then x.amount - ${quotient('x.amount * x.rate', '1 + x.rate')}
    else ${quotient('x.amount', '1 + x.rate')} end
  from (select ${amount} as amount, ${rate} as rate offset 0) x)`,
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
  'HistoryEntry.type': "t.subject_type || '.' || t.action",
} as const;
