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
  'invoices that are not the sum of their items, or owe otherwise than was paid and credited': `
    select i.invoice_number from invoice i cross join lateral (
      select sum(charge_amount) as net, sum(tax_amount) as tax from invoice_item where invoice_id = i.id) t
    cross join lateral (
      select coalesce(sum(amount), 0) as paid from payment_application where invoice_id = i.id) p
    cross join lateral (
      select coalesce(sum(amount), 0) as credited from credit_memo_application where invoice_id = i.id) c
    where (i.amount_without_tax, i.tax_amount, i.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      or i.balance <> i.amount - p.paid - c.credited or (i.reversed and i.balance <> 0)`,
  'credit memos that are not the sum of their items, or of which something else is applied': `
    select m.credit_memo_number from credit_memo m cross join lateral (
      select sum(amount_without_tax) as net, sum(tax_amount) as tax from credit_memo_item where credit_memo_id = m.id) t
    cross join lateral (
      select coalesce(sum(amount), 0) as applied from credit_memo_application where credit_memo_id = m.id) a
    where (m.amount_without_tax, m.tax_amount, m.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      or m.applied_amount <> a.applied`,
  'reversals that are not the whole of a posted invoice, flagged and settled by them': `
    select i.invoice_number from invoice i left join credit_memo m on m.reversed_invoice_id = i.id
    where i.reversed is distinct from (m.id is not null) or (i.reversed and (i.status, m.status, m.amount, m.applied_amount)
      is distinct from ('Posted', 'Posted', i.amount, i.amount))`,
  'documents that are posted without a date, or have one and are not posted': `
    select id from invoice where (status = 'Posted') is distinct from (posted_date is not null)
    union all select id from credit_memo where (status = 'Posted') is distinct from (posted_date is not null)`,
  'sisters that stand elsewhere than each other': `
    select m.id from credit_memo m join invoice i on i.id = m.sister_invoice_id where m.status::text <> i.status::text`,
  'items with another claim than their document gives them': `
    select item.id, item.claims from (
      select i.id, coalesce(i.fulfillment_id, i.order_line_item_id) as billed, d.status::text, d.reversed, null as reverses,
        (select array_agg(c.id) from billing_claim c where c.invoice_item_id = i.id) as claims
      from invoice_item i join invoice d on d.id = i.invoice_id
      union all
      select m.id, coalesce(m.fulfillment_id, m.order_line_item_id), k.status::text, false, k.reversed_invoice_id,
        (select array_agg(c.id) from billing_claim c where c.credit_memo_item_id = m.id)
      from credit_memo_item m join credit_memo k on k.id = m.credit_memo_id) as item
    where claims is distinct from case when status = 'Canceled' or reverses is not null then null
      when reversed and claims is null then null else array[billed] end`,
  'reversed invoices of which one part is billed for good and the other again': `
    select i.invoice_id from invoice_item i join invoice d on d.id = i.invoice_id
    left join billing_claim c on c.invoice_item_id = i.id
    where d.reversed group by i.invoice_id having count(c.id) not in (0, count(*))`,
  'sales that were billed in full and then credited with more': `
    with live as (
      select i.order_line_item_id, quantity, case when d.reversed then 0 else charge_amount end as net,
        case when d.reversed then 0 else i.tax_amount end as tax
      from invoice_item i join invoice d on d.id = i.invoice_id join billing_claim c on c.invoice_item_id = i.id
      union all
      select m.order_line_item_id, quantity, -amount_without_tax, -tax_amount
      from credit_memo_item m join billing_claim c on c.credit_memo_item_id = m.id)
    select sale.id, billed.net, credited.net from order_line_item sale
    cross join lateral (
      select coalesce(sum(quantity), 0) as quantity, coalesce(sum(net), 0) as net, coalesce(sum(tax), 0) as tax
      from live where order_line_item_id = sale.id) as billed
    cross join lateral (
      select coalesce(-sum(net), 0) as net, coalesce(-sum(tax), 0) as tax from live
      join order_line_item r on r.id = live.order_line_item_id where r.original_order_line_item_id = sale.id) as credited
    where sale.item_category = 'Sales' and billed.quantity = sale.quantity
      and not exists (select from order_line_item r where r.original_order_line_item_id = sale.id
        and r.created_date < (select max(created_date) from invoice i join invoice_item t on t.invoice_id = i.id
          where t.order_line_item_id = sale.id))
      and (credited.net > billed.net or credited.tax > billed.tax)`,
  'histories with another number of entries than the version': `
    select s.id, s.version from (
      select id, version from order_line_item union all select id, version from fulfillment
      union all select id, version from orders union all select id, version from credit_memo
      union all select id, version from invoice) s
    where s.version <> (select count(*) from history_entry h where h.subject_id = s.id)`,
};

/** What does not add up in a database, by what is wrong with it: empty where all is well. */
export async function drift(owner: Owner): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [what, text] of Object.entries(statements)) {
    const rows = await owner(text);
    if (rows.length) found[what] = rows;
  }
  return found;
}
