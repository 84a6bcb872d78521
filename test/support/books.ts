/** A statement as the owner, outside of every scope. */
type Owner = <T>(text: string, values?: unknown[]) => Promise<T[]>;

const statements: Record<string, string> = {
  'counters of a line item that are not the sums of its fulfillments': `
    select l.id, l.fulfilled_quantity, l.sent_quantity, l.fulfillment_count, l.open_fulfillment_count, l.item_state::text
    from order_line_item l cross join lateral (
      select coalesce(sum(quantity) filter (where state in ('Booked', 'SentToBilling', 'Complete')), 0) as fulfilled,
        coalesce(sum(quantity) filter (where state in ('SentToBilling', 'Complete')), 0) as sent,
        count(*) as number, count(*) filter (where state in ('Executing', 'Booked')) as open
      from fulfillment where order_line_item_id = l.id) f
    where (l.fulfilled_quantity, l.sent_quantity, l.fulfillment_count, l.open_fulfillment_count)
        is distinct from (f.fulfilled, f.sent, f.number, f.open)
      or f.fulfilled > l.quantity or f.number > 100
      or (l.billing_rule = 'TriggerAsFulfillmentOccurs' and l.item_state in ('Booked', 'Complete')
        and (l.item_state = 'Complete') is distinct from (f.open = 0 and f.fulfilled = l.quantity))
      or (f.number > 0 and l.item_state not in ('Booked', 'Complete'))`,
  'line items returned otherwise than their returns say, or more than can be': `
    select l.id, l.returned_quantity, r.returned from order_line_item l cross join lateral (
      select coalesce(sum(quantity), 0) as returned from order_line_item
      where original_order_line_item_id = l.id and item_state in ('Booked', 'SentToBilling', 'Complete')) r
    where l.returned_quantity <> r.returned
      or r.returned > case when l.billing_rule = 'TriggerAsFulfillmentOccurs' then l.sent_quantity
        when l.item_state in ('SentToBilling', 'Complete') then l.quantity else 0 end`,
  'orders in another state than their line items make': `
    select o.id, o.state::text, l.states from orders o cross join lateral (
      select array_agg(item_state::text) as states from order_line_item where order_id = o.id) l
    where o.state::text <> case when 'Canceled' = all(l.states) then 'Canceled'
      when array['Complete', 'Canceled'] @> l.states then 'Complete' else 'Executing' end`,
  'invoices that are not the sum of their items, or owe otherwise than was paid': `
    select i.invoice_number from invoice i cross join lateral (
      select sum(charge_amount) as net, sum(tax_amount) as tax from invoice_item where invoice_id = i.id) t
    cross join lateral (
      select coalesce(sum(amount), 0) as paid from payment_application where invoice_id = i.id) p
    cross join lateral (
      select coalesce(sum(amount), 0) as credited from credit_memo_application where invoice_id = i.id) c
    cross join lateral (
      select coalesce(sum(case when invoice_id = i.id then amount else -amount end), 0) as reduced
      from invoice_offset where invoice_id = i.id or negative_invoice_id = i.id) o
    where (i.amount_without_tax, i.tax_amount, i.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      or i.balance <> i.amount - p.paid - c.credited - o.reduced`,
  'payments that are not what was applied and refunded of them': `
    select p.payment_number, p.status::text from payment p cross join lateral (
      select coalesce(sum(amount), 0) as applied from payment_application where payment_id = p.id) a
    cross join lateral (
      select coalesce(sum(amount), 0) as refunded from refund where payment_id = p.id and status <> 'Error') r
    where p.applied_amount <> a.applied or p.refund_amount <> r.refunded or a.applied + r.refunded > p.amount
      or (p.status = 'Refunded') is distinct from (r.refunded = p.amount)
      or (p.status not in ('Processed', 'Refunded') and r.refunded > 0)
      or (p.status in ('Error', 'Voided') and a.applied > 0)`,
  'offsets between accounts or currencies, or of more than there was to offset': `
    select o.id from invoice_offset o join invoice i on i.id = o.invoice_id join invoice n on n.id = o.negative_invoice_id
    where i.account_id <> n.account_id or i.currency <> n.currency or o.currency <> i.currency
      or i.amount <= 0 or n.amount >= 0 or i.balance < 0 or n.balance > 0`,
  'credit memos that are not the sum of their items': `
    select m.credit_memo_number from credit_memo m cross join lateral (
      select sum(amount_without_tax) as net, sum(tax_amount) as tax from credit_memo_item where credit_memo_id = m.id) t
    where (m.amount_without_tax, m.tax_amount, m.amount) is distinct from (t.net, t.tax, t.net + t.tax)`,
  'items without their one claim, and things billed twice': `
    select billed.id, count(*) from (
      select coalesce(i.fulfillment_id, i.order_line_item_id) as id, c.id as claim
      from invoice_item i left join billing_claim c on c.invoice_item_id = i.id
      union all
      select coalesce(m.fulfillment_id, m.order_line_item_id), c.id
      from credit_memo_item m left join billing_claim c on c.credit_memo_item_id = m.id) as billed
    group by billed.id having count(*) <> 1 or count(claim) <> 1 or (array_agg(claim))[1] <> billed.id`,
  'sales that were billed in full and then credited with more': `
    select sale.id, billed.net, credited.net from order_line_item sale
    cross join lateral (
      select coalesce(sum(quantity), 0) as quantity, coalesce(sum(net), 0) as net, coalesce(sum(tax), 0) as tax from (
        select quantity, charge_amount as net, tax_amount as tax from invoice_item where order_line_item_id = sale.id
        union all
        select quantity, -amount_without_tax, -tax_amount from credit_memo_item where order_line_item_id = sale.id
      ) as item) as billed
    cross join lateral (
      select coalesce(sum(net), 0) as net, coalesce(sum(tax), 0) as tax from (
        select -charge_amount as net, -tax_amount as tax from invoice_item i
        join order_line_item r on r.id = i.order_line_item_id where r.original_order_line_item_id = sale.id
        union all
        select amount_without_tax, tax_amount from credit_memo_item m
        join order_line_item r on r.id = m.order_line_item_id where r.original_order_line_item_id = sale.id
      ) as item) as credited
    where sale.item_category = 'Sales' and billed.quantity = sale.quantity
      and not exists (select from order_line_item r where r.original_order_line_item_id = sale.id
        and r.created_date < (select max(created_date) from invoice i join invoice_item t on t.invoice_id = i.id
          where t.order_line_item_id = sale.id))
      and (credited.net > billed.net or credited.tax > billed.tax)`,
  'histories with another number of entries than the version': `
    select s.id, s.version from (
      select id, version from order_line_item union all select id, version from fulfillment
      union all select id, version from orders union all select id, version from credit_memo
      union all select id, version from invoice union all select id, version from payment) s
    where s.version <> (select count(*) from history_entry h where h.subject_id = s.id)`,
};

/** Held against the ledger of the test gateway, once all that was open has come to its end. */
const ledger: Record<string, string> = {
  'money that was taken otherwise than we say': `
    select p.payment_number, p.status::text, c.status::text as charge from payment p
    full join test_gateway.charge c on c.key = p.attempt_id
    where case when p.status in ('Processed', 'Refunded')
      then c.status in ('Captured', 'Refunded') and (c.amount, c.currency, c.refunded) = (p.amount, p.currency, p.refund_amount)
      else c.key is null or c.status in ('Voided', 'Declined') or (c.status = 'Refunded' and c.refunded = c.amount)
      end is not true`,
  'money that was paid back otherwise than we say': `
    select r.id, r.status::text, g.key from (select * from refund where status <> 'Error') r
    full join (select * from test_gateway.refund where key <> charge_key) g on g.key = r.id
    left join payment p on p.id = r.payment_id
    where r.status is distinct from 'Processed' or (g.amount, g.charge_key) is distinct from (r.amount, p.attempt_id)`,
  'attempts, payments and refunds that have not come to their end': `
    select id from payment_attempt where status = 'Open'
    union all select id from payment where status = 'Processing' union all select id from refund where status = 'Processing'`,
  'attempts that ended otherwise than their payment': `
    select a.id, a.status::text, p.status::text as payment from payment_attempt a left join payment p on p.attempt_id = a.id
    where (a.status = 'Captured') is distinct from coalesce(p.status in ('Processed', 'Refunded'), false)
      or (a.status = 'Failed') is distinct from coalesce(p.status = 'Error', false)`,
};

/** What does not add up in a database, by what is wrong with it: empty where all is well. */
export const drift = (owner: Owner): Promise<Record<string, unknown[]>> => faults(owner, statements);

/** The same, and what differs from the ledger of the payment gateway, to the cent. */
export const unsettled = (owner: Owner): Promise<Record<string, unknown[]>> =>
  faults(owner, { ...statements, ...ledger });

async function faults(owner: Owner, texts: Record<string, string>): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [what, text] of Object.entries(texts)) {
    const rows = await owner(text);
    if (rows.length) found[what] = rows;
  }
  return found;
}
