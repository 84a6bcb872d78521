import type { CreditFacts } from '../domain/credit';
import type { Scoped } from './connection';

/**
 * What has been billed for sales line items and credited for their returns, by the items that hold a claim: one whose
 * document was canceled, or reversed for re-billing, counts no more. A sale on an invoice that was reversed for good counts
 * as billed for nothing. A return on such an invoice counts not at all: its credit was taken back, so the return is closed
 * without credit. Counted as quantity alone, it made the last return take the credit of all of them. Read behind the lock
 * of the lines or of the account.
 */
export async function creditFacts(scoped: Scoped, salesLineIds: readonly string[]): Promise<Map<string, CreditFacts>> {
  const rows = await scoped.query<CreditFacts & { id: string }>(
    `with line as (
       select id, coalesce(original_order_line_item_id, id) as sale, item_category as category
       from order_line_item
       where entity_id = $1 and org_id = any($2) and (id = any($3) or original_order_line_item_id = any($3))
     ), item as (
       select line.sale, line.category, i.id, i.quantity, case when d.reversed then 0 else i.charge_amount end as net,
         case when d.reversed then 0 else i.tax_amount end as tax, i.tax_rate
       from line join invoice_item i on i.order_line_item_id = line.id
       join invoice d on d.id = i.invoice_id
       join billing_claim c on c.invoice_item_id = i.id
       where not (d.reversed and line.category = 'Return')
       union all
       select line.sale, line.category, m.id, m.quantity, -m.amount_without_tax, -m.tax_amount, m.tax_rate
       from line join credit_memo_item m on m.order_line_item_id = line.id
       join billing_claim c on c.credit_memo_item_id = m.id
     )
     select sale.id,
       coalesce(sum(item.quantity) filter (where item.category = 'Sales'), 0) as "billedQuantity",
       coalesce(sum(item.net) filter (where item.category = 'Sales'), 0) as "billedNet",
       coalesce(sum(item.tax) filter (where item.category = 'Sales'), 0) as "billedTax",
       (array_agg(item.tax_rate order by item.id desc) filter (where item.category = 'Sales'))[1] as "billedTaxRate",
       coalesce(array_agg(distinct trim_scale(item.tax_rate)) filter (where item.id is not null), '{}')::text[] as "taxRates",
       coalesce(sum(item.quantity) filter (where item.category = 'Return'), 0) as "creditedQuantity",
       coalesce(-sum(item.net) filter (where item.category = 'Return'), 0) as "creditedNet",
       coalesce(-sum(item.tax) filter (where item.category = 'Return'), 0) as "creditedTax",
       sale.billing_rule = 'TriggerWithoutFulfillment' and sale.item_state = 'Complete'
         and sale.sent_to_billing_date is null as "neverBilled"
     from order_line_item sale left join item on item.sale = sale.id
     where sale.entity_id = $1 and sale.org_id = any($2) and sale.id = any($3)
     group by sale.id`,
    [salesLineIds],
  );
  return new Map(rows.map(({ id, ...facts }) => [id, facts]));
}
