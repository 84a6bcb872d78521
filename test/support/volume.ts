import type { TenantScope } from '../../src/store/connection/connection';
import type { TestDatabase } from './database';
import { tenant } from './rows';

/*
 * Rows in such a number that a plan which reads a whole table shows, written by set and beside the services. They lie as
 * they do in life: most of them in one entity, of which one org has hardly any; old ones are done and new ones are open,
 * so that what a filter leaves does not lie evenly in an order; some values are common and some are rare.
 */

export interface Volume {
  /** Nearly all rows, in four orgs; and a hundredth of them, in one. */
  large: TenantScope;
  small: TenantScope;
  /** Of the large entity the org that has hardly anything. */
  corner: TenantScope;
}

export async function fillVolume(database: TestDatabase): Promise<Volume> {
  const { owner } = database;
  const db = database.raw;
  const large = await tenant(db, 'Large', ['East', 'West', 'South', 'Corner']);
  const middle = await tenant(db, 'Middle');
  const small = await tenant(db, 'Small');
  const orgs = [
    ...large.orgIds.map((org, at) => [large.entityId, org, [0, 500, 750, 849][at], [500, 750, 849, 850][at]]),
    [middle.entityId, middle.orgIds[0], 850, 990],
    [small.entityId, small.orgIds[0], 990, 1000],
  ];
  // The keys between tables hold by their making; the checks of each would take longer than all the rest. Each statement is a
  // transaction: one around all is open for 20 seconds, and events of every database of the server would wait behind it.
  await owner('set session_replication_role = replica');
  await owner(
    `create temporary table place as select * from (values ${orgs.map(
      ([entity, org, from, to]) => `('${entity}'::uuid, '${org}'::uuid, ${from}, ${to})`,
    )}) as p(entity_id, org_id, start, stop)`,
  );
  // And indexes are built at once in half the time that it takes to keep them.
  const indexes = await owner<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace and not i.indisunique`,
  );
  for (const { name } of indexes) await owner(`drop index ${name}`);
  for (const statement of statements) await owner(statement);
  for (const { definition } of indexes) await owner(definition);
  await owner('discard temporary');
  await owner('reset session_replication_role');
  await owner('vacuum analyze');
  return { large, small, corner: { ...large, orgIds: large.orgIds.slice(3) } };
}

/** Row n of a thousand thousands came about so many minutes after the first; each was changed within the month after. */
const audit = (n: string, every: number) => `1 as version,
  '2020-01-01Z'::timestamptz + ${n} * interval '${every} minutes' as created_date, '00000000-0000-0000-0000-000000000001'::uuid as created_by_id,
  '2020-01-01Z'::timestamptz + ${n} * interval '${every} minutes' + ${n} * 7919 % 43200 * interval '1 minute' as updated_date,
  '00000000-0000-0000-0000-000000000001'::uuid as updated_by_id`;
/** Ids go with the time, as those do that the program makes. */
const id = (n: string, kind: number) => `(lpad(to_hex(${n}), 12, '0') || '70008000' || lpad('${kind}', 12, '0'))::uuid`;
const number = (prefix: string, n: string) => `'${prefix}' || lpad(${n}::text, 8, '0')`;
const day = (n: string, every: number) => `'2020-01-01'::date + (${n} * ${every} / 1440)::integer`;

/** A scattered number from 0 to 999 for each n and each salt. */
const chance = (n: string, salt: number) => `(hashint8(${n} * 31 + ${salt}) & 1023) * 1000 / 1024`;

const statements = [
  `insert into account (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_number, name, currency, payment_term)
   select ${id('n', 1)}, entity_id, org_id, ${audit('n', 50)}, ${number('A', 'n')}, 'Customer ' || ${chance('n', 1)} || ' ' || n,
     case when n % 400 = 0 then 'JPY' when n % 3 = 0 then 'EUR' else 'USD' end, 'Net 30'
   from generate_series(1, 40000) n join place on n % 1000 >= start and n % 1000 < stop`,
  'create temporary table holder as select id, entity_id, org_id, row_number() over (order by id) as at from account',
  `insert into orders (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, order_number, order_date, category, state)
   select ${id('n', 2)}, a.entity_id, a.org_id, ${audit('n', 80)}, a.id, ${number('O-', 'n')}, ${day('n', 80)},
     case when n % 50 = 0 then 'Return' else 'NewSales' end::order_category,
     case when n > 22500 then 'Executing' when n % 70 = 0 then 'Canceled' else 'Complete' end::order_state
   from generate_series(1, 25000) n join holder a on a.at = 1 + n * 7 % 2500`,
  'create temporary table bought as select id, entity_id, org_id, account_id, category, row_number() over (order by id) as at from orders',
  // Four lines each; the orders that return have their sales at the same places of the order before.
  `insert into order_line_item (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_id, account_id, item_number,
     item_name, item_type, item_category, original_order_line_item_id, item_state, billing_rule, quantity, fulfilled_quantity, sent_quantity, returned_quantity,
     fulfillment_count, open_fulfillment_count, unit_of_measure, currency, list_price_per_unit, amount_per_unit, inline_discount_type, product_code,
     product_rate_plan_charge_id, related_subscription_number, sold_to, bill_target_date, custom_fields)
   select ${id('n', 3)}, o.entity_id, o.org_id, ${audit('n', 20)}, o.id, o.account_id, case when n % 500 = 0 then 'ERP-' || n else (1 + n % 4)::text end,
     case when n % 300 = 0 then 'Special ' || n else 'Device ' || ${chance('n', 2)} / 4 end,
     case when n % 1000 = 0 then 'Fee' when n % 5 = 0 then null when n % 3 = 0 then 'Services' else 'Product' end::item_type,
     'Sales', null,
     case when n > 90000 then case when n % 2 = 0 then 'Booked' else 'Executing' end when n % 70 = 0 then 'Canceled' when n % 6 = 0 then 'SentToBilling' else 'Complete' end::order_line_item_state,
     case when n % 6 = 0 then 'TriggerWithoutFulfillment' else 'TriggerAsFulfillmentOccurs' end::billing_rule,
     10, case when n > 90000 then 5 else 10 end, case when n > 90000 then 5 else 10 end, 0, 1, 0,
     case when n % 700 = 0 then 'Pallet' when n % 4 = 0 then null else 'Each' end, 'USD', 10, 10,
     case when n % 900 = 0 then 'FixedAmount' when n % 10 = 0 then 'Percentage' else 'None' end::inline_discount_type,
     case when n % 250 = 0 then 'SKU-X' || n when n % 3 = 0 then null else 'SKU-' || ${chance('n', 3)} end,
     case when n % 4 = 1 then 'charge ' || n % 400 end, case when n % 3 = 0 then 'A-S' || n / 30 end, case when n % 2 = 0 then 'contact ' || n / 10 end, null, null
   from generate_series(1, 100000) n join bought o on o.at = 1 + (n - 1) / 4`,
  'create temporary table line as select id, entity_id, org_id, account_id, order_id, row_number() over (order by id) as at from order_line_item',
  `update order_line_item t set item_category = 'Return', original_order_line_item_id = s.id
   from line l join line s on s.at = l.at - 10000 and s.entity_id = l.entity_id where l.id = t.id and l.at % 50 = 0`,
  `insert into fulfillment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, order_line_item_id, order_id, account_id,
     fulfillment_number, fulfillment_type, state, fulfillment_date, quantity, amount, currency, bill_target_date, sent_to_billing_date, carrier, tracking_number,
     external_id, exclude_item_billing_from_revenue_accounting, exclude_item_booking_from_revenue_accounting)
   select ${id('n', 4)}, l.entity_id, l.org_id, ${audit('n', 20)}, l.id, l.order_id, l.account_id, ${number('F-', 'n')},
     case when n % 50 = 0 then 'Return' else 'Delivery' end::fulfillment_type,
     case when n > 90000 then case when n % 2 = 0 then 'Booked' else 'Executing' end when n % 70 = 0 then 'Canceled' when n % 4 = 0 then 'Complete' else 'SentToBilling' end::fulfillment_state,
     ${day('n', 20)}, 5, 50, 'USD', case when n % 40 = 0 and n > 90000 then null else ${day('n', 20)} + 10 end, now(),
     case when n % 9 = 0 then null when n % 2000 = 1 then 'Mule' else 'Carrier ' || ${chance('n', 4)} / 125 end,
     case when n % 2 = 0 then 'T-' || hashint8(n)::text end, case when n % 3 > 0 then 'EXT-' || n end, false, false
   from generate_series(1, 100000) n join line l on l.at = 1 + n * 3 % 25000`,
  `insert into fulfillment_item (id, entity_id, org_id, fulfillment_id, item_identifier)
   select ${id('row_number() over ()', 5)}, entity_id, org_id, id, 'SN' from fulfillment, generate_series(1, 2) where right(fulfillment_number, 1) = '4'`,
  `insert into bill_run (id, entity_id, org_ids, version, created_date, created_by_id, updated_date, updated_by_id, bill_run_number, status, target_date, invoice_date, auto_post, total, done, failed)
   select ${id('n', 6)}, entity_id, array_agg(distinct org_id), ${audit('n', 1000)}, ${number('BR-', 'n')},
     case when n % 70 = 0 then 'Canceled' when n > 1990 then 'Processing' when n % 500 = 0 then 'Error' else 'Posted' end::bill_run_status, ${day('n', 1000)}, ${day('n', 1000)}, false, 9, 9, 0
   from generate_series(1, 2000) n, place where (entity_id = (select entity_id from place where start = 0)) = (n % 10 > 0) and start <> 990 group by n, entity_id`,
  'create temporary table run as select id, entity_id, row_number() over (partition by entity_id order by id) as at from bill_run',
  `insert into bill_run_account (id, entity_id, org_id, bill_run_id, chunk_id, account_id, total, done, code, message, during)
   select ${id('row_number() over ()', 7)}, r.entity_id, a.org_id, r.id, r.id, a.id, 9, 9, case when a.at % 4 = 0 then 'LIMIT_EXCEEDED' end, case when a.at % 4 = 0 then 'x' end, case when a.at % 4 = 0 then 'Processing'::bill_run_status end
   from run r join holder a on a.entity_id = r.entity_id and a.at % 200 = r.at % 200`,
  `insert into invoice (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, invoice_number, status, invoice_date,
     due_date, target_date, currency, payment_term, amount, amount_without_tax, tax_amount, balance, source, reversed, bill_run_id)
   select ${id('n', 8)}, a.entity_id, a.org_id, ${audit('n', 80)}, a.id, ${number('INV', 'n')},
     case when n > 24800 then 'Draft' when n % 70 = 0 then 'Canceled' else 'Posted' end::invoice_status, ${day('n', 80)}, ${day('n', 80)} + 30, ${day('n', 80)}, 'USD', 'Net 30',
     ${chance('n', 5)}, ${chance('n', 5)}, 0, case when n > 24000 then ${chance('n', 5)} when n % 700 = 0 then -5 else 0 end, case when n % 300 = 0 then 'API' else 'BillRun' end, n % 200 = 0,
     r.id
   from generate_series(1, 25000) n join holder a on a.at = 1 + n * 11 % 2500 left join run r on r.entity_id = a.entity_id and r.at = 1 + n / 15 % 190 and n % 300 <> 0`,
  'create temporary table owed as select id, entity_id, org_id, row_number() over (order by id) as at from invoice',
  `insert into invoice_item (id, entity_id, org_id, invoice_id, order_line_item_id, fulfillment_id, charge_name, currency, quantity, unit_price, charge_amount, tax_amount)
   select ${id('row_number() over (order by i.id)', 9)}, f.entity_id, f.org_id, i.id, f.order_line_item_id, f.id, 'Device', 'USD', 5, 10, 50, 0
   from (select *, row_number() over (order by id) as at from fulfillment) f join owed i on i.at = 1 + f.at / 4 where f.at < 90000 and f.at % 13 > 0`,
  `insert into billing_claim (id, entity_id, org_id, invoice_item_id) select fulfillment_id, entity_id, org_id, id from invoice_item`,
  `insert into credit_memo (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, credit_memo_number, status, credit_memo_date,
     target_date, currency, amount, amount_without_tax, tax_amount, applied_amount, refund_amount, source, bill_run_id, reversed_invoice_id, sister_invoice_id)
   select ${id('n', 10)}, a.entity_id, a.org_id, ${audit('n', 50)}, a.id, ${number('CM', 'n')},
     case when n > 39800 then 'Draft' when n % 70 = 0 then 'Canceled' else 'Posted' end::credit_memo_status, ${day('n', 50)}, ${day('n', 50)}, 'USD', 10, 10, 0,
     case when n > 39600 then 0 else 10 end, 0, 'BillRun', r.id, null, null
   from generate_series(1, 40000) n join holder a on a.at = 1 + n * 13 % 2500 left join run r on r.entity_id = a.entity_id and r.at = 1 + n / 3 % 190`,
  'create temporary table memo as select id, entity_id, org_id, row_number() over (order by id) as at from credit_memo',
  `insert into credit_memo_item (id, entity_id, org_id, credit_memo_id, order_line_item_id, fulfillment_id, charge_name, currency, quantity, unit_price, amount_without_tax, tax_amount)
   select ${id('row_number() over (order by m.id)', 11)}, f.entity_id, f.org_id, m.id, f.order_line_item_id, f.id, 'Device', 'USD', 5, 10, 50, 0
   from (select *, row_number() over (order by id) as at from fulfillment) f join memo m on m.at = 1 + f.at / 20 where f.at % 13 = 0`,
  `insert into credit_memo_application (id, entity_id, org_id, credit_memo_id, invoice_id, currency, amount, applied_date)
   select ${id('m.at', 12)}, m.entity_id, m.org_id, m.id, i.id, 'USD', 10, now() from memo m join owed i on i.at = 1 + m.at * 5 % 25000 where m.at % 2 = 0`,
  `insert into invoice_offset (id, entity_id, org_id, negative_invoice_id, invoice_id, currency, amount, applied_date)
   select ${id('i.at', 13)}, i.entity_id, i.org_id, i.id, j.id, 'USD', 10, now() from owed i join owed j on j.at = 1 + i.at * 7 % 25000 where i.at % 5 = 0`,
  `insert into payment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id, account_id, payment_number, status, amount, applied_amount, refund_amount, currency, effective_date, attempt_id)
   select ${id('n', 14)}, a.entity_id, a.org_id, ${audit('n', 50)}, a.id, ${number('P-', 'n')},
     case when n > 39990 then 'Processing' when n % 70 = 0 then 'Voided' when n % 900 = 0 then 'Refunded' else 'Processed' end::payment_status, 10, 10, 0, 'USD', ${day('n', 50)}, ${id('n', 15)}
   from generate_series(1, 40000) n join holder a on a.at = 1 + n * 17 % 2500`,
  `insert into payment_application (id, entity_id, org_id, payment_id, invoice_id, currency, amount, applied_date)
   select ${id('row_number() over ()', 16)}, p.entity_id, p.org_id, p.id, i.id, 'USD', 10, now()
   from (select *, row_number() over (order by id) as at from payment) p cross join generate_series(1, 2) m join owed i on i.at = m + p.at * 2`,
  `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
   select ${id('row_number() over ()', 17)}, entity_id, org_id, kind, id, created_date, created_by_id, 'Create', '[]', 1,
     1 + row_number() over (order by id) / 1000
   from (select 'Fulfillment' as kind, id, entity_id, org_id, created_date, created_by_id from fulfillment
     union all select 'Invoice', id, entity_id, org_id, created_date, created_by_id from invoice
     union all select 'CreditMemo', id, entity_id, org_id, created_date, created_by_id from credit_memo) s`,
];
