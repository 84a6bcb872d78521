import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Scoped } from './connection/connection';
import { CreditMemoItemRow } from './credit-memo';
import { InvoiceItemRow } from './invoice';
import type { RowClass } from './query/table';
import { rowsBy } from './query/write';

/**
 * This row means "already billed". Its id is that of the fulfillment or line item, so the primary key lets only one
 * writer bill it. The row is deleted when the document is canceled, or reversed for re-billing. A fulfillment has no
 * `billed` column: in a bill run, updating an indexed table of a million rows costs three times the claim.
 */
@Entity('billing_claim')
@Index(['entityId', 'invoiceItemId'])
@Index('billing_claim_credit', { synchronize: false })
@ForeignKey(() => InvoiceItemRow, ['entityId', 'invoiceItemId'], ['entityId', 'id'])
@ForeignKey(() => CreditMemoItemRow, ['entityId', 'creditMemoItemId'], ['entityId', 'id'])
@Check('billing_claim_item', 'num_nonnulls(invoice_item_id, credit_memo_item_id) = 1')
export class BillingClaimRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid', { nullable: true }) invoiceItemId: string | null;
  @Column('uuid', { nullable: true }) creditMemoItemId: string | null;
}

/** The fulfillments or line items that are billed. */
export async function claimed(scoped: Scoped, ids: readonly string[]): Promise<string[]> {
  const rows = await scoped.query<{ id: string }>(
    'select id from billing_claim where entity_id = $1 and org_id = any($2) and id = any($3)',
    [ids],
  );
  return rows.map((row) => row.id);
}

/** The fulfillments or line items that are billed on a Posted document. */
export async function posted(scoped: Scoped, ids: readonly string[]): Promise<string[]> {
  const rows = await scoped.query<{ id: string }>(
    `select c.id from billing_claim c
     left join invoice_item i on i.entity_id = $1 and i.id = c.invoice_item_id
     left join invoice d on d.entity_id = $1 and d.id = i.invoice_id
     left join credit_memo_item m on m.entity_id = $1 and m.id = c.credit_memo_item_id
     left join credit_memo k on k.entity_id = $1 and k.id = m.credit_memo_id
     where c.entity_id = $1 and c.org_id = any($2) and c.id = any($3) and (d.status = 'Posted' or k.status = 'Posted')`,
    [ids],
  );
  return rows.map((row) => row.id);
}

/** SQL: whether the fulfillment or line item with this id is billed. */
export const isClaimed = (id: string): string =>
  `exists (select from billing_claim c where c.entity_id = $1 and c.org_id = any($2) and c.id = ${id})`;

/** SQL: whether it is billed on a Posted document. */
export const isPosted = (
  id: string,
): string => `exists (select from billing_claim c where c.entity_id = $1 and c.org_id = any($2)
  and c.id = ${id} and (exists (
    select from invoice_item i join invoice d on d.entity_id = $1 and d.id = i.invoice_id
    where i.entity_id = $1 and i.id = c.invoice_item_id and d.status = 'Posted')
  or exists (
    select from credit_memo_item m join credit_memo k on k.entity_id = $1 and k.id = m.credit_memo_id
    where m.entity_id = $1 and m.id = c.credit_memo_item_id and k.status = 'Posted')))`;

/**
 * Makes the items of these locked documents billable again. The items are read first, and their ids are planned with as
 * values. In one statement PostgreSQL may join the two tables by the entity alone, if it expects few rows of it: 20,000
 * items of an entity without statistics took 44 s.
 */
export async function freeClaims(
  scoped: Scoped,
  invoiceIds: readonly string[],
  creditMemoIds: readonly string[],
): Promise<void> {
  const charged = await idsBy<InvoiceItemRow>(scoped, InvoiceItemRow, 'invoiceId', invoiceIds);
  const credited = await idsBy<CreditMemoItemRow>(scoped, CreditMemoItemRow, 'creditMemoId', creditMemoIds);
  await scoped.queryAnew(
    `with charged as (
       delete from billing_claim where entity_id = $1 and org_id = any($2) and invoice_item_id = any($3)
     )
     delete from billing_claim where entity_id = $1 and org_id = any($2) and credit_memo_item_id = any($4)`,
    [charged, credited],
  );
}

const idsBy = async <R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  parent: keyof R & string,
  ids: readonly string[],
): Promise<string[]> => (ids.length ? await rowsBy<R>(scoped, row, parent, ids, ['id']) : []).map(({ id }) => id);
