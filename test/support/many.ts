import type { TestDatabase } from './database';

/**
 * As many fulfillments more as there is one on a line item, on line items of the same order, written beside the services:
 * they would take minutes to create. All of them are of one invoice group.
 */
export async function multiplied(
  { owner }: TestDatabase,
  lineId: string,
  number: number,
  invoiceGroupNumber: string | null = null,
): Promise<void> {
  await owner(
    `insert into order_line_item select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'item_number', 'n' || coalesce($3, '') || n, 'version', 1,
         'quantity', 100, 'fulfilled_quantity', 100, 'sent_quantity', 100, 'fulfillment_count', 100, 'item_state', 'Complete', 'invoice_group_number', $3::text))).*
     from order_line_item l, generate_series(1, $2::integer / 100) n where l.id = $1`,
    [lineId, number, invoiceGroupNumber],
  );
  await owner(
    `insert into fulfillment select (jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(),
         'version', 1, 'fulfillment_number', f.fulfillment_number || l.item_number || '-' || n, 'order_line_item_id', l.id))).*
     from fulfillment f, order_line_item l, generate_series(1, 100) n
     where f.order_line_item_id = $1 and l.order_id = f.order_id and l.id <> $1
       and l.invoice_group_number is not distinct from $2`,
    [lineId, invoiceGroupNumber],
  );
  await owner(
    `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
     select gen_random_uuid(), s.entity_id, s.org_id, 'Any', s.id, now(), s.created_by_id, 'Create', '[]', 1, 1
     from (select id, entity_id, org_id, created_by_id, version from order_line_item where order_id in (select order_id from order_line_item where id = $1)
       union all select id, entity_id, org_id, created_by_id, version from fulfillment where order_id in (select order_id from order_line_item where id = $1)) s
     where not exists (select from history_entry h where h.entity_id = s.entity_id and h.subject_id = s.id)`,
    [lineId],
  );
}
