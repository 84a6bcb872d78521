import type { CreditFacts } from '../domain/credit';
import type { Scoped } from './connection/connection';

/**
 * The items of a line item, with the id of the claim that each may hold. The subquery computes the id, because behind
 * row security PostgreSQL uses no index for a coalesce. Claims are looked up outside the subquery: their cost made a
 * walk through all items seem as cheap as this lookup.
 */
const itemsOf = (table: string): string =>
  `select *, coalesce(fulfillment_id, order_line_item_id) as claim_id from ${table}
   where entity_id = $1 and order_line_item_id = line.id offset 0`;

/** For more sales than this, the statement is planned for its values. Planning takes some milliseconds. */
const many = 100;

/**
 * The billed amounts of sales line items and the credited amounts of their returns. Only items that hold a claim count:
 * an item loses its claim when its document is canceled, or reversed for re-billing.
 *
 * A sale on an invoice that was reversed for good counts with its quantity and a zero amount. A return on such an
 * invoice does not count: its credit was taken back, and the return is closed without credit. If its quantity counted,
 * the last return would take the credit of all returns. Callers that bill hold the lock of the line items or of the
 * account.
 *
 * One scan finds the line items; in the worst case it reads all line items of the entity. The items, claims and
 * invoices of each line item are then looked up by id: "offset 0" rules out any other join. So the time grows with the
 * number of line items, whatever the table statistics say. As a join of sales with items, each sale read the items of
 * all sales. In tables that had never been analyzed, 20,000 items took over a minute.
 */
export async function creditFacts(scoped: Scoped, salesLineIds: readonly string[]): Promise<Map<string, CreditFacts>> {
  const text = `with line as materialized (
       select id as sale_id, id, false as is_return, item_category = 'Sales' as counts,
         billing_rule = 'TriggerWithoutFulfillment' and item_state = 'Complete' and sent_to_billing_date is null
           as never_billed
       from order_line_item where entity_id = $1 and org_id = any($2) and id = any($3)
       union all
       select original_order_line_item_id, id, true, true, null
       from order_line_item where entity_id = $1 and org_id = any($2) and original_order_line_item_id = any($3)
     ), item as (
       select sale_id, is_return, never_billed, item.*
       from line left join lateral (
         select i.id as item_id, i.quantity, case when d.reversed then 0 else i.charge_amount end as net,
           case when d.reversed then 0 else i.tax_amount end as tax, i.tax_rate
         from lateral (${itemsOf('invoice_item')}) as i
         cross join lateral (select reversed from invoice where entity_id = $1 and id = i.invoice_id offset 0) as d
         where not (d.reversed and is_return)
           and exists (select from billing_claim where entity_id = $1 and id = i.claim_id and invoice_item_id = i.id offset 0)
         union all
         select m.id, m.quantity, -m.amount_without_tax, -m.tax_amount, m.tax_rate
         from lateral (${itemsOf('credit_memo_item')}) as m
         where exists (select from billing_claim where entity_id = $1 and id = m.claim_id and credit_memo_item_id = m.id offset 0)
       ) as item on counts
     )
     select sale_id as id,
       coalesce(sum(quantity) filter (where not is_return), 0) as "billedQuantity",
       coalesce(sum(net) filter (where not is_return), 0) as "billedNet",
       coalesce(sum(tax) filter (where not is_return), 0) as "billedTax",
       (array_agg(tax_rate order by item_id desc) filter (where item_id is not null and not is_return))[1] as "billedTaxRate",
       coalesce(array_agg(distinct trim_scale(tax_rate)) filter (where item_id is not null), '{}')::text[] as "taxRates",
       coalesce(sum(quantity) filter (where is_return), 0) as "creditedQuantity",
       coalesce(-sum(net) filter (where is_return), 0) as "creditedNet",
       coalesce(-sum(tax) filter (where is_return), 0) as "creditedTax",
       bool_or(never_billed) as "neverBilled"
     from item group by sale_id having bool_or(never_billed) is not null`;
  const isMany = salesLineIds.length > many;
  const rows = await scoped[isMany ? 'queryByIndex' : 'query']<CreditFacts & { id: string }>(text, [salesLineIds]);
  return new Map(rows.map(({ id, ...facts }) => [id, facts]));
}
