import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { FulfillmentState, FulfillmentType } from '../domain/fulfillment-state';
import { AccountRow } from './account';
import { Audited, byCodePoints } from './audited';
import type { Scoped } from './connection/connection';
import { OrderRow } from './order';
import { OrderLineItemRow } from './order-line-item';
import { by, dateOrNever, day, equals, id, instant, isTrue, oneOf, text, Values } from './query/filter';
import { auditSorts, type FilterOf, list, scopedConditions } from './query/list';

/**
 * A delivery (sales) or receipt (return) of part of a line item. Account, order and currency are copied from the line
 * item, so that filters need no join; they never change. `amount` is the quantity at the line item's price.
 */
@Entity('fulfillment')
@Unique(['entityId', 'fulfillmentNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['orderLineItemId', 'updatedDate', 'id'])
@Index(['orderId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'fulfillmentDate', 'id'])
@Index('fulfillment_bill_target_date', { synchronize: false })
@Index(['entityId', 'state', 'updatedDate', 'id'])
@Index('fulfillment_state', { synchronize: false })
@Index('fulfillment_external_id', { synchronize: false })
@Index('fulfillment_tracking_number', { synchronize: false })
@Index('fulfillment_carrier', { synchronize: false })
@Index(['entityId', 'orgId', 'state', 'fulfillmentType'])
@Index('fulfillment_due', { synchronize: false })
@ForeignKey(() => OrderLineItemRow, ['entityId', 'orderLineItemId'], ['entityId', 'id'])
@ForeignKey(() => OrderRow, ['entityId', 'orderId'], ['entityId', 'id'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@Check('fulfillment_quantity', 'quantity > 0')
@Check(
  'fulfillment_sent',
  "state not in ('SentToBilling', 'Complete') or (bill_target_date is not null and sent_to_billing_date is not null)",
)
export class FulfillmentRow extends Audited {
  @Column('uuid') orderLineItemId: string;
  @Column('uuid') orderId: string;
  @Column('uuid') accountId: string;
  @Column(byCodePoints) fulfillmentNumber: string;
  @Column('enum', { enum: ['Delivery', 'Return'], enumName: 'fulfillment_type' }) fulfillmentType: FulfillmentType;
  @Column('enum', {
    enum: ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'],
    enumName: 'fulfillment_state',
  })
  state: FulfillmentState;
  @Column('date') fulfillmentDate: string;
  @Column('numeric') quantity: string;
  @Column('numeric') amount: string;
  @Column('text') currency: string;
  @Column('date', { nullable: true }) billTargetDate: string | null;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) sentToBillingDate: string | null;
  @Column('text', { nullable: true }) description: string | null;
  @Column({ ...byCodePoints, nullable: true }) carrier: string | null;
  @Column({ ...byCodePoints, nullable: true }) trackingNumber: string | null;
  @Column('text', { nullable: true }) fulfillmentSystem: string | null;
  @Column('text', { nullable: true }) fulfillmentLocation: string | null;
  @Column({ ...byCodePoints, nullable: true }) externalId: string | null;
  @Column('boolean') excludeItemBillingFromRevenueAccounting: boolean;
  @Column('boolean') excludeItemBookingFromRevenueAccounting: boolean;
  @Column('jsonb', { nullable: true }) customFields: Record<string, unknown> | null;
}

/** Looked up for each row: "offset 0" rules out other plans. As a join, the planner walks through all claims. */
const claim = 'select from billing_claim c where c.id = t.id and c.entity_id = $1 offset 0';

/** A missing bill target date counts as the end of time, so it sorts last. */
export const dueDay = (fulfillment: string) => `coalesce(${fulfillment}.bill_target_date, 'infinity')`;

export const fulfillments = list(FulfillmentRow, {
  filters: {
    id: id('id'),
    fulfillmentNumber: text('fulfillmentNumber'),
    externalId: text('externalId'),
    trackingNumber: text('trackingNumber'),
    carrier: text('carrier'),
    state: oneOf('state'),
    fulfillmentType: equals('fulfillmentType'),
    fulfillmentDate: day('fulfillmentDate'),
    billTargetDate: by('day', dateOrNever(dueDay('t'))),
    orderLineItemId: id('orderLineItemId'),
    orderId: id('orderId'),
    accountId: id('accountId'),
    billed: by('holds', isTrue(`exists (${claim})`)),
    updatedDate: instant('updatedDate'),
    createdDate: instant('createdDate'),
  },
  sorts: {
    ...auditSorts,
    fulfillmentDate: true,
    billTargetDate: { sql: dueDay('t'), type: 'date' },
    fulfillmentNumber: true,
  },
});
export type FulfillmentFilter = FilterOf<typeof fulfillments>;

/** The groupings of fulfillments, and the text that names a group. */
const groups = {
  state: 't.state::text',
  fulfillmentType: 't.fulfillment_type::text',
  carrier: "coalesce(t.carrier, '')",
  fulfillmentDate: 't.fulfillment_date::text',
  billTargetDate: "coalesce(t.bill_target_date::text, '')",
  account: 'a.account_number',
} as const;

export type FulfillmentGroupBy = keyof typeof groups;

interface FulfillmentSummaryRow {
  key: string;
  currency: string;
  count: number;
  quantity: string;
  amount: string;
}

/** The number of matching fulfillments in each state, in the order of the states. States without fulfillments are absent. */
export function countStates(
  scoped: Scoped,
  filter: FulfillmentFilter | null | undefined,
): Promise<{ state: FulfillmentState; count: number }[]> {
  const values = new Values();
  return scoped.query(`${stateCounts(filter, values)} order by state`, values.list);
}

const stateCounts = (filter: FulfillmentFilter | null | undefined, values: Values): string =>
  `select t.state, count(*)::integer as count from fulfillment t
   where ${scopedConditions(fulfillments, filter, values)} group by t.state`;

/** The number of matching fulfillments in every state; 0 for a state without fulfillments. */
export const everyState = (filter: FulfillmentFilter | null | undefined, values: Values): string =>
  `select state, coalesce(count, 0) as count from unnest(enum_range(null::fulfillment_state)) with ordinality as each(state, at)
   left join (${stateCounts(filter, values)}) counted using (state) order by at`;

/** Count and sums of the matching fulfillments by group and currency, in one statement. */
export function summarize(
  scoped: Scoped,
  groupBy: FulfillmentGroupBy,
  filter: FulfillmentFilter | null | undefined,
): Promise<FulfillmentSummaryRow[]> {
  const values = new Values();
  return scoped.query(summaries(groupBy, filter, values), values.list);
}

export function summaries(
  groupBy: FulfillmentGroupBy,
  filter: FulfillmentFilter | null | undefined,
  values: Values,
): string {
  const join =
    groupBy === 'account'
      ? 'join account a on a.id = t.account_id and a.entity_id = t.entity_id and a.org_id = t.org_id'
      : '';
  return `select ${groups[groupBy]} as key, t.currency, count(*)::integer as count, sum(t.quantity) as quantity, sum(t.amount) as amount
     from fulfillment t ${join} where ${scopedConditions(fulfillments, filter, values)} group by 1, 2 order by 1, 2`;
}
