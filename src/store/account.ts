import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { AccountDetails } from '../domain/account-details';
import { Audited, byCodePoints } from './audited';
import type { Scoped } from './connection/connection';
import { equals, id, instant, text } from './query/filter';
import { auditSorts, list } from './query/list';
import { OrgRow } from './tenant';

/** A billing account: it owns orders and is invoiced. */
@Entity('account')
@Unique(['entityId', 'accountNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'name', 'id'])
@Index(['entityId', 'orgId', 'currency'])
@ForeignKey(() => OrgRow, ['entityId', 'orgId'], ['entityId', 'id'])
export class AccountRow extends Audited {
  @Column(byCodePoints) accountNumber: string;
  @Column(byCodePoints) name: string;
  @Column('text') currency: string;
  @Column('text') paymentTerm: string;
  /** The payment gateway's token of the default payment method. It never leaves the service. */
  @Column('text', { nullable: true }) paymentMethodToken: string | null;
  /** What is kept for other systems (domain/account-details.ts). */
  @Column('jsonb', { nullable: true }) details: AccountDetails | null;
}

export const accounts = list(AccountRow, {
  filters: {
    id: id('id'),
    accountNumber: text('accountNumber'),
    name: text('name'),
    currency: equals('currency'),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, name: true, accountNumber: true },
});

/** The advisory lock of an account's billing; its key is a hash of the account's id. */
export const billingLock = 4902;
/** Transactions that wait for the billing lock are counted under this name. */
export const billing = 'billing of account';

/**
 * One billing operation per account at a time, to the end of the transaction. The locks are taken after those of the
 * line items, in the order of the account ids.
 */
export async function lockAccountsForBilling(scoped: Scoped, accountIds: readonly string[]): Promise<void> {
  await scoped.lock(
    billing,
    accountIds,
    `select pg_advisory_xact_lock(hashtextextended(id::text, ${billingLock})) from (
       select id from account where entity_id = $1 and org_id = any($2) and id = any($3) order by id
     ) as billed`,
    [accountIds],
  );
}
