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
    where (i.amount_without_tax, i.tax_amount, i.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      or i.balance <> i.amount - p.paid`,
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
      union all select id, version from orders union all select id, version from credit_memo) s
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
