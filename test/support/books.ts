import { Scoped } from '../../src/store/connection/connection';
import type { Database } from '../../src/store/connection/database';
import { transaction } from '../../src/store/connection/lease';
import { dueAccounts, gatherDue, gatheredBySale } from '../../src/store/due';

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
      select array_agg(item_state::text) as states from order_line_item where entity_id = o.entity_id and order_id = o.id) l
    where o.state::text <> case when 'Canceled' = all(l.states) then 'Canceled'
      when array['Complete', 'Canceled'] @> l.states then 'Complete' else 'Executing' end`,
  'invoices that are not the sum of their items, or owe otherwise than was paid, credited and offset': `
    select i.invoice_number from invoice i cross join lateral (
      select sum(charge_amount) as net, sum(tax_amount) as tax from invoice_item where entity_id = i.entity_id and invoice_id = i.id) t
    cross join lateral (
      select coalesce(sum(amount), 0) as paid from payment_application where entity_id = i.entity_id and invoice_id = i.id) p
    cross join lateral (
      select coalesce(sum(amount), 0) as credited from credit_memo_application where entity_id = i.entity_id and invoice_id = i.id) c
    cross join lateral (
      select coalesce(sum(case when invoice_id = i.id then amount else -amount end), 0) as reduced
      from invoice_offset where entity_id = i.entity_id and (invoice_id = i.id or negative_invoice_id = i.id)) o
    where (i.amount_without_tax, i.tax_amount, i.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      or i.balance <> case when i.status = 'Canceled' then 0 else i.amount - p.paid - c.credited - o.reduced end or (i.reversed and i.balance <> 0)`,
  'invoices that owe more than they are for, or the other way round': `
    select invoice_number, amount, balance from invoice
    where balance not between least(amount, 0) and greatest(amount, 0)`,
  'payments and credits put against an invoice of another account or currency': `
    select a.id from payment_application a join payment p on p.entity_id = a.entity_id and p.id = a.payment_id join invoice i on i.entity_id = a.entity_id and i.id = a.invoice_id
    where (p.account_id, p.currency, a.currency) is distinct from (i.account_id, i.currency, i.currency)
    union all
    select a.id from credit_memo_application a join credit_memo m on m.entity_id = a.entity_id and m.id = a.credit_memo_id join invoice i on i.entity_id = a.entity_id and i.id = a.invoice_id
    where (m.account_id, m.currency, a.currency) is distinct from (i.account_id, i.currency, i.currency)`,
  'payments that are not what was applied and refunded of them': `
    select p.payment_number, p.status::text from payment p cross join lateral (
      select coalesce(sum(amount), 0) as applied from payment_application where entity_id = p.entity_id and payment_id = p.id) a
    cross join lateral (
      select coalesce(sum(amount), 0) as refunded from refund where entity_id = p.entity_id and payment_id = p.id and status <> 'Error') r
    where p.applied_amount <> a.applied or p.refund_amount <> r.refunded or a.applied + r.refunded > p.amount
      or (p.status = 'Refunded') is distinct from (r.refunded = p.amount)
      or (p.status not in ('Processed', 'Refunded') and r.refunded > 0)
      or (p.status in ('Error', 'Voided') and a.applied > 0)`,
  'offsets between accounts or currencies, or of more than there was to offset': `
    select o.id from invoice_offset o join invoice i on i.entity_id = o.entity_id and i.id = o.invoice_id join invoice n on n.entity_id = o.entity_id and n.id = o.negative_invoice_id
    where i.account_id <> n.account_id or i.currency <> n.currency or o.currency <> i.currency
      or i.amount <= 0 or n.amount >= 0 or i.balance < 0 or n.balance > 0`,
  'credit memos that are not the sum of their items, or of which something else is applied': `
    select m.credit_memo_number from credit_memo m cross join lateral (
      select sum(amount_without_tax) as net, sum(tax_amount) as tax from credit_memo_item where entity_id = m.entity_id and credit_memo_id = m.id) t
    cross join lateral (
      select coalesce(sum(amount), 0) as applied from credit_memo_application where entity_id = m.entity_id and credit_memo_id = m.id) a
    where (m.amount_without_tax, m.tax_amount, m.amount) is distinct from (t.net, t.tax, t.net + t.tax)
      -- Nothing pays a credit memo back, so all that is not applied is still there to be used.
      or m.applied_amount <> a.applied or m.refund_amount <> 0 or m.amount < m.applied_amount`,
  'reversals that are not the whole of a posted invoice, flagged and settled by them': `
    select i.invoice_number from invoice i left join credit_memo m on m.reversed_invoice_id = i.id
    where i.reversed is distinct from (m.id is not null) or (i.reversed and (i.status, m.status, m.amount, m.applied_amount)
      is distinct from ('Posted', 'Posted', i.amount, i.amount))`,
  'documents that are not posted and have been put to use': `
    select d.id, d.status::text from invoice d where d.status <> 'Posted' and (d.reversed
      or exists (select from payment_application where entity_id = d.entity_id and invoice_id = d.id)
      or exists (select from credit_memo_application where entity_id = d.entity_id and invoice_id = d.id)
      or exists (select from invoice_offset where entity_id = d.entity_id and (invoice_id = d.id or negative_invoice_id = d.id)))
    union all
    select d.id, d.status::text from credit_memo d where d.status <> 'Posted' and (d.reversed_invoice_id is not null
      or d.refund_amount <> 0 or exists (select from credit_memo_application where entity_id = d.entity_id and credit_memo_id = d.id))`,
  'documents that are posted without a date, or have one and are not posted': `
    select id from invoice where (status = 'Posted') is distinct from (posted_date is not null)
    union all select id from credit_memo where (status = 'Posted') is distinct from (posted_date is not null)`,
  'sisters that stand elsewhere than each other': `
    select m.id from credit_memo m join invoice i on i.entity_id = m.entity_id and i.id = m.sister_invoice_id where m.status::text <> i.status::text`,
  'things that stand on another number of live items than they are claimed': `
    with item as (
      select coalesce(i.fulfillment_id, i.order_line_item_id) as thing, i.entity_id, i.id,
        case when d.status = 'Canceled' then 'gone' when d.reversed then 'reversed' else 'live' end as state
      from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
      union all
      select coalesce(i.fulfillment_id, i.order_line_item_id), i.entity_id, i.id, case when d.status = 'Canceled' then 'gone' else 'live' end
      from credit_memo_item i join credit_memo d on d.entity_id = i.entity_id and d.id = i.credit_memo_id where d.reversed_invoice_id is null
    ), thing as (
      select thing, count(*) filter (where state = 'live') as live,
        count(*) filter (where state = 'reversed' and exists (select from billing_claim c where c.entity_id = item.entity_id and c.invoice_item_id = item.id)) as settled
      from item group by thing
    )
    select thing, live, settled, c.id as claim from thing full join billing_claim c on c.id = thing
    where live + settled is distinct from (c.id is not null)::integer`,
  'items with another claim than their document gives them': `
    select item.id, item.claims from (
      select i.id, coalesce(i.fulfillment_id, i.order_line_item_id) as billed, d.status::text, d.reversed, null as reverses,
        (select array_agg(c.id) from billing_claim c where c.entity_id = i.entity_id and c.invoice_item_id = i.id) as claims
      from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
      union all
      select m.id, coalesce(m.fulfillment_id, m.order_line_item_id), k.status::text, false, k.reversed_invoice_id,
        (select array_agg(c.id) from billing_claim c where c.entity_id = m.entity_id and c.credit_memo_item_id = m.id)
      from credit_memo_item m join credit_memo k on k.entity_id = m.entity_id and k.id = m.credit_memo_id) as item
    where claims is distinct from case when status = 'Canceled' or reverses is not null then null
      when reversed and claims is null then null else array[billed] end`,
  'reversed invoices of which one part is billed for good and the other again': `
    select i.invoice_id from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
    left join billing_claim c on c.entity_id = i.entity_id and c.invoice_item_id = i.id
    where d.reversed group by i.invoice_id having count(c.id) not in (0, count(*))`,
  'sales credited with more than was billed for as much, or with less of it once all came back': `
    with closed as (
      select distinct l.original_order_line_item_id as sale from order_line_item l
      join invoice_item i on i.entity_id = l.entity_id and i.order_line_item_id = l.id join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
      join billing_claim c on c.entity_id = i.entity_id and c.invoice_item_id = i.id
      where l.item_category = 'Return' and d.reversed
    ), item as (
      select coalesce(l.original_order_line_item_id, l.id) as sale, l.item_category = 'Return' as back, i.id, i.quantity,
        i.net, i.tax, i.reversed
      from order_line_item l cross join lateral (
        select item.id, quantity, case when d.reversed then 0 else charge_amount end as net,
          case when d.reversed then 0 else item.tax_amount end as tax, d.reversed
        from invoice_item item join invoice d on d.entity_id = item.entity_id and d.id = item.invoice_id
        join billing_claim c on c.entity_id = item.entity_id and c.invoice_item_id = item.id
        -- A return that was taken back is closed without credit.
        where item.entity_id = l.entity_id and order_line_item_id = l.id and not (d.reversed and l.item_category = 'Return')
        union all
        select item.id, quantity, -amount_without_tax, -tax_amount, false
        from credit_memo_item item join billing_claim c on c.entity_id = item.entity_id and c.credit_memo_item_id = item.id
        where item.entity_id = l.entity_id and order_line_item_id = l.id
      ) as i
    ), running as (
      select sale, id, coalesce(sum(quantity) filter (where not back) over so_far, 0) as quantity,
        coalesce(sum(net) filter (where not back) over so_far, 0) as net,
        coalesce(sum(tax) filter (where not back) over so_far, 0) as tax,
        coalesce(sum(quantity) filter (where back) over so_far, 0) as quantity_back,
        coalesce(-sum(net) filter (where back) over so_far, 0) as net_back,
        coalesce(-sum(tax) filter (where back) over so_far, 0) as tax_back,
        -- What was reversed for good counted when later returns were credited: the end alone tells.
        row_number() over (partition by sale order by id desc) = 1
          or not (bool_or(reversed) over (partition by sale) or sale in (select sale from closed)) as telling
      from item window so_far as (partition by sale order by id)
    ), judged as (
      select *, bool_and(quantity_back <= quantity) over (partition by sale order by id) as billed_first from running
    )
    select * from judged where billed_first and telling and (net_back > net or tax_back > tax
      or quantity_back = quantity and (net_back, tax_back) <> (net, tax) and sale not in (select sale from closed))`,
  'bill runs that counted otherwise than what stands on their documents': `
    select r.bill_run_number, r.status::text, r.total, r.done, r.failed, i.items, a.done as accounts, a.failed as left from bill_run r
    cross join lateral (
      select (select count(*) from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id where d.bill_run_id = r.id)
        + (select count(*) from credit_memo_item i join credit_memo d on d.entity_id = i.entity_id and d.id = i.credit_memo_id where d.bill_run_id = r.id) as items) i
    cross join lateral (
      select coalesce(sum(done), 0) as done, coalesce(sum(greatest(total - done, 0)) filter (where code is not null), 0) as failed,
        coalesce(sum(total) filter (where order_line_item_id is null), 0) as total from bill_run_account where entity_id = r.entity_id and bill_run_id = r.id) a
    -- One that is being removed, or could not be wholly, goes piece by piece.
    where r.status::text not in ('RemoveInProgress', 'Error') and ((r.done, r.done, r.failed) is distinct from (i.items, a.done, a.failed)
      or r.total < greatest(a.total, r.done + r.failed))`,
  'accounts of bill runs that counted otherwise than what stands on their documents': `
    select a.id, a.done, i.items from bill_run_account a join bill_run r on r.entity_id = a.entity_id and r.id = a.bill_run_id cross join lateral (
      select (select count(*) from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
          where d.bill_run_id = r.id and d.account_id = a.account_id)
        + (select count(*) from credit_memo_item i join credit_memo d on d.entity_id = i.entity_id and d.id = i.credit_memo_id
          where d.bill_run_id = r.id and d.account_id = a.account_id) as items) i
    where a.order_line_item_id is null and a.done <> i.items and r.status::text not in ('RemoveInProgress', 'Error')`,
  'bill runs in another status than their chunks and documents': `
    with document as (
      select bill_run_id, account_id, status::text from invoice where bill_run_id is not null
      union all select bill_run_id, account_id, status::text from credit_memo where bill_run_id is not null
    ), allowed (run, chunks, documents) as (values
      ('Pending', '{}'::text[], '{}'::text[]),
      ('Processing', '{Pending,Billed}', '{Draft}'),
      ('Completed', '{Billed,Posted,Parked}', '{Draft,Posted,Canceled}'),
      ('PostInProgress', '{Billed,Posted,Parked}', '{Draft,Posted,Canceled}'),
      ('Posted', '{Posted}', '{Posted,Canceled}'),
      -- A run whose posted documents are all unposted can be canceled: a chunk that had none to post is Posted still.
      ('CancelInProgress', '{Pending,Billed,Posted,Canceled,Parked}', '{Draft,Canceled}'),
      ('Canceled', '{Posted,Canceled}', '{Canceled}'),
      ('Error', '{Billed,Posted,Canceled,Parked}', '{Draft,Canceled}'),
      ('RemoveInProgress', '{Pending,Billed,Posted,Canceled,Parked}', '{Draft,Canceled}')
    )
    select r.bill_run_number, r.status::text, c.statuses as chunks, d.statuses as documents, r.done, r.failed from bill_run r
    cross join lateral (
      select coalesce(array_agg(distinct status::text), '{}') as statuses from bill_run_chunk where entity_id = r.entity_id and bill_run_id = r.id) c
    cross join lateral (
      select coalesce(array_agg(distinct status), '{}') as statuses from document where bill_run_id = r.id) d
    left join allowed on allowed.run = r.status::text
    where (allowed.chunks @> c.statuses and allowed.documents @> d.statuses) is not true
      or (r.finished_date is null) is distinct from (r.status::text in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress'))
      or (r.status = 'Error' and not c.statuses @> '{Parked}' and (r.done > 0 or r.failed = 0 or d.statuses <> '{}'))`,
  'documents that their bill run has another part of': `
    with document as (
      select id, bill_run_id, account_id, status::text, source from invoice
      union all select id, bill_run_id, account_id, status::text, source from credit_memo
    )
    select d.id, d.status, c.status::text as chunk from document d
    left join bill_run_account a on a.bill_run_id = d.bill_run_id and a.account_id = d.account_id and a.order_line_item_id is null
    left join bill_run_chunk c on c.entity_id = a.entity_id and c.id = a.chunk_id
    where (d.source = 'BillRun') is distinct from (d.bill_run_id is not null)
      or d.bill_run_id is not null and case c.status::text when 'Pending' then d.status = 'Draft'
        when 'Billed' then true when 'Parked' then true when 'Posted' then d.status <> 'Draft' when 'Canceled' then d.status = 'Canceled' end is not true`,
  'histories with another number of entries than the version': `
    select s.id, s.version from (
      select entity_id, id, version from order_line_item
      union all select entity_id, id, version from fulfillment
      union all select entity_id, id, version from orders
      union all select entity_id, id, version from account
      union all select entity_id, id, version from invoice
      union all select entity_id, id, version from credit_memo
      union all select entity_id, id, version from payment
      union all select entity_id, id, version from bill_run
      -- Made with their entity, by no act of a client.
      union all select entity_id, entity_id, version - 1 from billing_settings
      union all select entity_id, id, case status when 'Processing' then 1 when 'Processed' then 2 else 2 + (
        -- One that was complete before it failed.
        select count(*) from history_entry h where h.entity_id = refund.entity_id and h.subject_id = refund.id and h.action = 'Complete') end from refund) s
    where s.version <> (select count(*) from history_entry h where h.entity_id = s.entity_id and h.subject_id = s.id)`,
  'objects that have left a final state': `
    select subject_type, subject_id, from_state, to_state from history_entry
    where from_state in ('Complete', 'Canceled') and to_state is distinct from from_state
      -- Canceled documents go with their bill run, which may go too.
      and not (action = 'Delete' and from_state = 'Canceled' and subject_type in ('Invoice', 'CreditMemo'))
      and not (action = 'Remove' and from_state = 'Canceled' and subject_type = 'BillRun')`,
  'fulfillments with more items than may be, or in a state that takes none': `
    select f.id, f.state::text, f.quantity, count(*) from fulfillment f join fulfillment_item i on i.entity_id = f.entity_id and i.fulfillment_id = f.id
    group by f.entity_id, f.id having count(*) > f.quantity or count(*) > 100 or f.state in ('Executing', 'Canceled')`,
  'fulfillments of line items that take none': `
    select f.id from fulfillment f join order_line_item l on l.entity_id = f.entity_id and l.id = f.order_line_item_id
    where l.billing_rule <> 'TriggerAsFulfillmentOccurs' or (f.fulfillment_type = 'Return') <> (l.item_category = 'Return')`,
  'items of what was never sent to billing, or of another quantity than it has': `
    select i.id from (
      select entity_id, id, order_line_item_id, fulfillment_id, quantity from invoice_item
      union all select entity_id, id, order_line_item_id, fulfillment_id, quantity from credit_memo_item) i
    join order_line_item l on l.entity_id = i.entity_id and l.id = i.order_line_item_id left join fulfillment f on f.entity_id = i.entity_id and f.id = i.fulfillment_id
    where (i.fulfillment_id is null) <> (l.billing_rule = 'TriggerWithoutFulfillment')
      or i.quantity <> coalesce(f.quantity, l.quantity)
      or coalesce(f.state::text, l.item_state::text) not in ('SentToBilling', 'Complete')
      or coalesce(f.sent_to_billing_date, l.sent_to_billing_date) is null`,
  'line items with a tax code that is not configured': `
    select l.id, l.tax_code from order_line_item l join billing_settings s on s.entity_id = l.entity_id
    where l.tax_code is not null and not exists (
      select from jsonb_array_elements(s.tax_codes) as t where t ->> 'code' = l.tax_code)`,
  'credit memos without invoice settlement': `
    select m.credit_memo_number from credit_memo m join billing_settings s on s.entity_id = m.entity_id
    where not s.invoice_settlement`,
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
    left join payment p on p.entity_id = r.entity_id and p.id = r.payment_id
    where r.status is distinct from 'Processed' or (g.amount, g.charge_key) is distinct from (r.amount, p.attempt_id)`,
  'attempts, payments and refunds that have not come to their end': `
    select id from payment_attempt where status = 'Open'
    union all select id from payment where status = 'Processing' union all select id from refund where status = 'Processing'`,
  'attempts that ended otherwise than their payment': `
    select a.id, a.status::text, p.status::text as payment from payment_attempt a left join payment p on p.attempt_id = a.id
    where (a.status = 'Captured') is distinct from coalesce(p.status in ('Processed', 'Refunded'), false)
      or (a.status = 'Failed') is distinct from coalesce(p.status = 'Error', false)`,
};

/** Everything that is held, by what is wrong where it does not hold. */
export const stated: readonly string[] = Object.keys({ ...statements, ...ledger });

/** What does not add up in a database, by what is wrong with it: empty where all is well. */
export const drift = (owner: Owner): Promise<Record<string, unknown[]>> => faults(owner, statements);

/** The same, and what differs from the ledger of the payment gateway, to the cent. */
export const unsettled = (owner: Owner): Promise<Record<string, unknown[]>> =>
  faults(owner, { ...statements, ...ledger });

/**
 * What is due otherwise than a bill run would find it. Told by the documents, not by its claim: what was sent to billing,
 * is due by the day, and stands on no document but on canceled ones and those that were reversed to be billed again.
 */
export async function unfound(owner: Owner, db: Database, targetDate: string): Promise<Record<string, unknown[]>> {
  const scopes = await owner<{ id: string; orgs: string[] }>(
    'select entity_id as id, array_agg(id) as orgs from org group by entity_id',
  );
  const found: string[] = [];
  for (const { id: entityId, orgs: orgIds } of scopes) {
    const charges = await transaction(db.working, { entityId, orgIds }, async (lease) => {
      const scoped = new Scoped(lease, { entityId, orgIds });
      const accounts = (await dueAccounts(scoped, null, targetDate)).map(({ accountId }) => accountId);
      await gatherDue(scoped, accounts, targetDate, null);
      return gatheredBySale(scoped, accounts, null, 1_000_000);
    });
    found.push(...charges.map(({ fulfillmentId, orderLineItemId }) => fulfillmentId ?? orderLineItemId));
  }
  return faults(owner, {
    'due otherwise than a bill run finds it': `
      with live as (
        select coalesce(i.fulfillment_id, i.order_line_item_id) as thing from invoice_item i join invoice d on d.entity_id = i.entity_id and d.id = i.invoice_id
        where d.status <> 'Canceled'
          and not (d.reversed and not exists (select from billing_claim c where c.entity_id = i.entity_id and c.invoice_item_id = i.id))
        union all
        select coalesce(i.fulfillment_id, i.order_line_item_id) from credit_memo_item i
        join credit_memo d on d.entity_id = i.entity_id and d.id = i.credit_memo_id where d.status <> 'Canceled' and d.reversed_invoice_id is null
      ), sent as (
        select id, state::text, bill_target_date, sent_to_billing_date from fulfillment
        union all select id, item_state::text, bill_target_date, sent_to_billing_date from order_line_item
        where billing_rule = 'TriggerWithoutFulfillment'
      ), expected as (
        select id from sent where state in ('SentToBilling', 'Complete') and sent_to_billing_date is not null
          and bill_target_date <= '${targetDate}' and id not in (select thing from live)
      )
      select coalesce(e.id, f.id) as id, e.id is null as found_alone
      from expected e full join unnest('{${found.join()}}'::uuid[]) as f(id) on f.id = e.id where e.id is null or f.id is null`,
  });
}

async function faults(owner: Owner, texts: Record<string, string>): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [what, text] of Object.entries(texts)) {
    const rows = await owner(text);
    if (rows.length) found[what] = rows;
  }
  return found;
}
