import type { Charge } from '../domain/billing';
import type { Day } from '../domain/date';
import type { Decimal } from '../domain/decimal';
import type { TaxMode } from '../domain/price';
import type { Scoped } from './connection/connection';
import { dueDay } from './fulfillment';

/*
 * Due items are found and billed as a set, and planned anew each time. A plan made before any claim existed walked
 * through all claims for each of 60,000 items.
 *
 * The conditions are those of isBillable (domain/invoice.ts); a test compares the two. The columns are those of a
 * Charge. Amounts of fulfillments are stored. The domain computes amounts of line items and all taxes, once for each
 * kind, and returns them as prices.
 */

/**
 * For named accounts, each claim and each line item is looked up by id: "offset 0" rules out other plans. As a join,
 * the planner walks through all claims while it estimates that to be cheaper. With 90,000 claims that took three times
 * as long. It joined line items by account while its statistics counted few line items. Each of 60,000 fulfillments
 * then met all line items of the account.
 */
const unclaimed = (id: string, named: boolean): string =>
  `not exists (select from billing_claim c where c.entity_id = $1 and c.id = ${id}${named ? ' offset 0' : ''})`;

const lineOf = (id: string, named: boolean): string =>
  named
    ? `lateral (select * from order_line_item where entity_id = $1 and id = ${id} offset 0) l on true`
    : `order_line_item l on l.entity_id = $1 and l.id = ${id}`;

/**
 * `$3` is the target date, `$4` the named accounts. The text differs with and without named accounts: a condition with
 * "or" would keep the plan from the index by account. Line item and account always exist. With left joins, PostgreSQL
 * omits a join if none of its columns is selected.
 */
const due = (named: boolean): string => `
  select f.account_id, f.org_id, f.currency, coalesce(l.payment_term, a.payment_term) as payment_term,
    l.invoice_group_number, l.item_category, f.order_line_item_id, l.original_order_line_item_id, f.id as fulfillment_id,
    l.item_name as charge_name, f.quantity, l.amount_per_unit as unit_price, f.amount, true as is_rounded,
    l.unit_of_measure, l.tax_mode, l.tax_code, f.fulfillment_date as service_start_date,
    f.fulfillment_date as service_end_date, l.product_code, l.purchase_order_number
  from fulfillment f
  left join ${lineOf('f.order_line_item_id', named)}
  left join account a on a.entity_id = $1 and a.id = f.account_id
  where f.entity_id = $1 and f.org_id = any($2)${named ? ' and f.account_id = any($4::uuid[])' : ''}
    and f.state in ('SentToBilling', 'Complete') and f.sent_to_billing_date is not null
    and ${named ? 'f.bill_target_date' : dueDay('f')} <= $3::date
    and ${unclaimed('f.id', named)}
  union all
  select l.account_id, l.org_id, l.currency, coalesce(l.payment_term, a.payment_term),
    l.invoice_group_number, l.item_category, l.id, l.original_order_line_item_id, null,
    l.item_name, l.quantity, l.amount_per_unit, l.amount_per_unit * l.quantity, false,
    l.unit_of_measure, l.tax_mode, l.tax_code, l.transaction_start_date,
    l.transaction_end_date, l.product_code, l.purchase_order_number
  from order_line_item l
  left join account a on a.entity_id = $1 and a.id = l.account_id
  where l.entity_id = $1 and l.org_id = any($2)${named ? ' and l.account_id = any($4::uuid[])' : ''}
    and l.billing_rule = 'TriggerWithoutFulfillment' and l.item_state in ('SentToBilling', 'Complete')
    and l.sent_to_billing_date is not null and l.bill_target_date <= $3::date
    and ${unclaimed('l.id', named)}`;

const given = (accountIds: readonly string[] | null, targetDate: Day): unknown[] =>
  accountIds === null ? [targetDate] : [targetDate, accountIds];

/** The charges of one account that go on the same documents. */
export interface DueGroup {
  accountId: string;
  orgId: string;
  currency: string;
  paymentTerm: string;
  invoiceGroupNumber: string | null;
  count: number;
  /** Whether the group has a return, and whether the domain must compute an amount or a tax. */
  hasReturns: boolean;
  isPriced: boolean;
  /** The sum before tax and rounding. */
  amount: Decimal;
}

/** An amount whose net and tax the domain computes. */
export interface DueAmount {
  amount: Decimal;
  isRounded: boolean;
  currency: string;
  taxMode: TaxMode | null;
  taxCode: string | null;
}

/** The number of due items of each account. */
export function dueAccounts(
  scoped: Scoped,
  accountIds: readonly string[] | null,
  targetDate: Day,
): Promise<{ accountId: string; orgId: string; count: number }[]> {
  return scoped.queryAnew(
    `select account_id as "accountId", org_id as "orgId", count(*)::integer as count
     from (${due(accountIds !== null)}) as due group by 1, 2 order by 1`,
    given(accountIds, targetDate),
  );
}

/** How often each amount occurs in a group. `amount` is the sum if nothing must be computed, else the single amount. */
export interface DueSum extends DueGroup, DueAmount {}

/** The data of a preview: the groups of dueGroups, split by the columns that decide about their amounts. */
export function dueSums(scoped: Scoped, accountIds: readonly string[] | null, targetDate: Day): Promise<DueSum[]> {
  return scoped.queryAnew(
    `select "accountId", "orgId", currency, "paymentTerm", "invoiceGroupNumber", "isRounded", "taxMode", "taxCode", "isPriced",
       case when "isPriced" then min(amount) else sum(amount) end as amount, count(*)::integer as count,
       bool_or("isReturn") as "hasReturns"
     from (select account_id as "accountId", org_id as "orgId", currency, payment_term as "paymentTerm",
         invoice_group_number as "invoiceGroupNumber", is_rounded as "isRounded", tax_mode as "taxMode", tax_code as "taxCode",
         amount, not is_rounded or tax_code is not null as "isPriced", item_category = 'Return' as "isReturn"
       from (${due(accountIds !== null)}) as due) as each
     group by 1, 2, 3, 4, 5, 6, 7, 8, 9, case when "isPriced" then amount end`,
    given(accountIds, targetDate),
  );
}

/** The billing order: charges of one document follow each other. */
const order = 'account_id, currency, payment_term, invoice_group_number, order_line_item_id, fulfillment_id';

/** A charge and its position in the billing order. */
export type Gathered = Charge & { position: number; saleId: string };

async function chargesOf(scoped: Scoped, from: string, values: unknown[]): Promise<Gathered[]> {
  const rows = await scoped.query<Gathered & { isRounded: boolean }>(
    `select account_id as "accountId", org_id as "orgId", currency, payment_term as "paymentTerm",
       invoice_group_number as "invoiceGroupNumber", order_line_item_id as "orderLineItemId",
       original_order_line_item_id as "originalOrderLineItemId", fulfillment_id as "fulfillmentId",
       item_category as "itemCategory", charge_name as "chargeName", quantity, unit_price as "unitPrice", amount,
       is_rounded as "isRounded", unit_of_measure as "unitOfMeasure", tax_mode as "taxMode", tax_code as "taxCode",
       service_start_date as "serviceStartDate", service_end_date as "serviceEndDate", product_code as "productCode",
       purchase_order_number as "purchaseOrderNumber", position, sale_id as "saleId"
     from (${from}) as due order by position`,
    values,
  );
  return rows.map(({ isRounded, ...charge }) => ({ ...charge, amount: isRounded ? charge.amount : null }));
}

/*
 * A transaction looks its charges up once and stores them in a temporary table. Looking them up again for the groups,
 * the amounts and the items cost an eighth of the whole. Each lookup could also find different charges due.
 */

/** The gathered charges in the scope of a statement, `$1` and `$2`. */
const gathered = 'select * from due_charge where $1::uuid is not null and org_id = any($2)';

/**
 * Gathers at most `limit` due charges of accounts, until the transaction ends or gathers others. Later statements use
 * the charges as they were then. `sale_id` is the sale that a charge belongs to or returns. `place` and `position` are
 * the same number. item_id takes a bigint, and billing with an integer took half as long again. Reads in pieces use the
 * integer.
 */
export async function gatherDue(
  scoped: Scoped,
  accountIds: readonly string[],
  targetDate: Day,
  limit: number | null,
): Promise<void> {
  await scoped.connection.control('drop table if exists pg_temp.due_charge');
  await scoped.query(
    `create temporary table due_charge on commit drop as
     select *, coalesce(original_order_line_item_id, order_line_item_id) as sale_id, row_number() over () - 1 as place,
       (row_number() over () - 1)::integer as position
     from (${due(true)} order by ${order} limit $5) as due`,
    [targetDate, accountIds, limit],
  );
}

/** For reads in pieces. Without the indexes, each piece is searched for among all gathered charges. */
export async function indexGathered(scoped: Scoped): Promise<void> {
  await scoped.connection.control(
    'create index on due_charge (sale_id, position); create index on due_charge (position); analyze due_charge',
  );
}

/** Whether a return of these accounts is due. */
export async function returnsAreDue(scoped: Scoped, accountIds: readonly string[], targetDate: Day): Promise<boolean> {
  const rows = await scoped.queryAnew(`select 1 from (${due(true)}) as due where item_category = 'Return' limit 1`, [
    targetDate,
    accountIds,
  ]);
  return rows.length > 0;
}

/** The groups of the gathered charges. */
export const dueGroups = (scoped: Scoped): Promise<DueGroup[]> =>
  scoped.query(
    `select account_id as "accountId", org_id as "orgId", currency, payment_term as "paymentTerm",
       invoice_group_number as "invoiceGroupNumber", count(*)::integer as count,
       bool_or(item_category = 'Return') as "hasReturns", bool_or(not is_rounded or tax_code is not null) as "isPriced",
       sum(amount) as amount
     from (${gathered}) as due group by 1, 2, 3, 4, 5 order by min(position)`,
  );

/**
 * About `limit` gathered charges of these accounts, in billing order. They belong to the next sales after `after`. Each
 * sale comes with all its returns, even beyond the limit.
 */
export const gatheredBySale = (
  scoped: Scoped,
  accountIds: readonly string[],
  after: string | null,
  limit: number,
): Promise<Gathered[]> =>
  chargesOf(
    scoped,
    // The nil UUID precedes every sale.
    `${gathered} and account_id = any($3) and sale_id > coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid)
     order by sale_id fetch first ($5::integer) rows with ties`,
    [accountIds, after, limit],
  );

/** The gathered charges at these positions, in billing order. */
export const gatheredAt = (scoped: Scoped, positions: readonly number[]): Promise<Gathered[]> =>
  chargesOf(scoped, `${gathered} and position = any($3::integer[])`, [positions]);

/** The amounts that the domain must compute for the gathered charges, each kind once. */
export const dueAmounts = (scoped: Scoped): Promise<DueAmount[]> =>
  scoped.query(
    `select distinct amount, is_rounded as "isRounded", currency, tax_mode as "taxMode", tax_code as "taxCode"
     from (${gathered}) as due where not is_rounded or tax_code is not null`,
  );

/** The domain's result for an amount. */
export interface DuePrice extends DueAmount {
  net: Decimal;
  tax: Decimal;
  rate: Decimal | null;
}

/** The sum of the items written to one invoice. */
interface BilledSum {
  invoiceId: string;
  count: number;
  net: Decimal;
  tax: Decimal;
}

/**
 * Writes the items and claims of gathered sales to existing invoices, in one statement. Charges in no group of
 * `headers` are left out. Ids rise in the order of the items, as everywhere else.
 *
 * Group numbers are compared with "=", which PostgreSQL can hash. "is not distinct from" cannot be hashed: with it, the
 * 19,000 groups of one account met 19,000 items each.
 */
export function billDue(
  scoped: Scoped,
  headers: readonly {
    id: string;
    accountId: string;
    currency: string;
    paymentTerm: string;
    invoiceGroupNumber: string | null;
  }[],
  prices: readonly DuePrice[],
): Promise<BilledSum[]> {
  // The prices are joined only if there are any. Most runs have none, and the join costs a tenth of the statement.
  const priced = prices.length > 0;
  const [net, tax, rate] = priced
    ? [
        `case when ${isPriced} then p."net" else c.amount end`,
        `case when ${isPriced} then p."tax" else 0 end`,
        'p."rate"',
      ]
    : ['c.amount', '0', 'null::numeric'];
  return scoped.query(
    `with header as (
       select * from json_to_recordset($3::json) as h("id" uuid, "accountId" uuid, "currency" text, "paymentTerm" text,
         "invoiceGroupNumber" text)
     ), item as (
       insert into invoice_item (id, entity_id, org_id, invoice_id, order_line_item_id, fulfillment_id, charge_name, currency,
         quantity, unit_price, unit_of_measure, charge_amount, tax_amount, tax_mode, tax_code, tax_rate, service_start_date,
         service_end_date, product_code, purchase_order_number)
       select item_id(c.place), $1, c.org_id, h."id", c.order_line_item_id, c.fulfillment_id, c.charge_name, c.currency,
         c.quantity, c.unit_price, c.unit_of_measure, ${net}, ${tax}, c.tax_mode, c.tax_code, ${rate},
         c.service_start_date, c.service_end_date, c.product_code, c.purchase_order_number
       from (${gathered}) as c
       join header h on h."accountId" = c.account_id and h."currency" = c.currency and h."paymentTerm" = c.payment_term
         and coalesce(h."invoiceGroupNumber", '') = coalesce(c.invoice_group_number, '')
         and (h."invoiceGroupNumber" is null) = (c.invoice_group_number is null)
       ${priced ? priceJoin : ''}
       order by c.place
       returning id, org_id, invoice_id, order_line_item_id, fulfillment_id, charge_amount, tax_amount
     ), claim as (
       insert into billing_claim (id, entity_id, org_id, invoice_item_id)
       select coalesce(fulfillment_id, order_line_item_id), $1, org_id, id from item
     )
     select invoice_id as "invoiceId", count(*)::integer as count, sum(charge_amount) as net, sum(tax_amount) as tax
     from item group by invoice_id`,
    [JSON.stringify(headers), ...(priced ? [JSON.stringify(prices)] : [])],
  );
}

/** A missing price leaves a null, which the database refuses. */
const isPriced = '(not c.is_rounded or c.tax_code is not null)';
const priceJoin = `left join json_to_recordset($4::json) as p("amount" numeric, "isRounded" boolean, "currency" text,
    "taxMode" tax_mode, "taxCode" text, "net" numeric, "tax" numeric, "rate" numeric)
  on ${isPriced} and p."amount" = c.amount and p."isRounded" = c.is_rounded and p."currency" = c.currency
    and p."taxMode" is not distinct from c.tax_mode and p."taxCode" is not distinct from c.tax_code`;
