import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { BillingRule, ItemCategory, ItemType, OrderLineItemState } from '../domain/order-line-item';
import type { InlineDiscountType, TaxMode } from '../domain/price';
import { AccountRow } from './account';
import { Audited, byCodePoints } from './audited';
import type { Scoped } from './connection/connection';
import { OrderRow } from './order';
import { bit, by, type Condition, equals, id, idIs, instant, isSet, nulls, oneOf, text, textIs } from './query/filter';
import { auditSorts, type FilterOf, list } from './query/list';
import { selectList, tableOf } from './query/table';

/**
 * A line item of an order. Its five counters change by deltas under the row lock, and their limits are checked on the
 * locked row. A sum over the fulfillments in the locking statement would be older than the lock and would allow too
 * much. The counters apply only to line items with fulfillments. Others follow their state (domain/order-line-item.ts).
 */
@Entity('order_line_item')
@Unique(['entityId', 'orderId', 'itemNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index('order_line_item_original_line', { synchronize: false })
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'itemState', 'updatedDate', 'id'])
@Index(['entityId', 'itemName', 'id'])
@Index(['entityId', 'itemNumber'])
@Index('order_line_item_number', { synchronize: false })
@Index('order_line_item_product_code', { synchronize: false })
@Index('order_line_item_charge', { synchronize: false })
@Index('order_line_item_subscription', { synchronize: false })
@Index('order_line_item_sold_to', { synchronize: false })
@Index('order_line_item_kind', { synchronize: false })
@Index('order_line_item_due', { synchronize: false })
@Index('order_line_item_tax_code', { synchronize: false })
@ForeignKey(() => OrderRow, ['entityId', 'orderId'], ['entityId', 'id'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@ForeignKey(() => OrderLineItemRow, ['entityId', 'originalOrderLineItemId'], ['entityId', 'id'])
@Check('order_line_item_quantity', 'quantity > 0')
@Check('order_line_item_fulfilled', 'fulfilled_quantity >= 0 and fulfilled_quantity <= quantity')
@Check('order_line_item_sent', 'sent_quantity >= 0 and sent_quantity <= fulfilled_quantity')
@Check(
  'order_line_item_returned',
  "returned_quantity >= 0 and returned_quantity <= case when billing_rule = 'TriggerAsFulfillmentOccurs' then sent_quantity when item_state in ('SentToBilling', 'Complete') then quantity else 0 end",
)
@Check('order_line_item_original', "(item_category = 'Return') = (original_order_line_item_id is not null)")
@Check(
  'order_line_item_counts',
  'open_fulfillment_count >= 0 and open_fulfillment_count <= fulfillment_count and fulfillment_count <= 100',
)
export class OrderLineItemRow extends Audited {
  @Column('uuid') orderId: string;
  @Column('uuid') accountId: string;
  @Column(byCodePoints) itemNumber: string;
  @Column(byCodePoints) itemName: string;
  @Column('enum', { enum: ['Product', 'Fee', 'Services'], enumName: 'item_type', nullable: true })
  itemType: ItemType | null;
  @Column('enum', { enum: ['Sales', 'Return'], enumName: 'item_category' }) itemCategory: ItemCategory;
  /** The sales line item of a return. It never changes. */
  @Column('uuid', { nullable: true }) originalOrderLineItemId: string | null;
  @Column('enum', {
    enum: ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'],
    enumName: 'order_line_item_state',
  })
  itemState: OrderLineItemState;
  @Column('enum', { enum: ['TriggerWithoutFulfillment', 'TriggerAsFulfillmentOccurs'], enumName: 'billing_rule' })
  billingRule: BillingRule;
  @Column('numeric') quantity: string;
  /** Sum of the fulfillments in Booked, SentToBilling and Complete. */
  @Column('numeric') fulfilledQuantity: string;
  /** Sum of the fulfillments in SentToBilling and Complete. */
  @Column('numeric') sentQuantity: string;
  /** Sum of the return line items in Booked, SentToBilling and Complete; 0 on a return. */
  @Column('numeric') returnedQuantity: string;
  /** Number of fulfillments in any state. */
  @Column('integer') fulfillmentCount: number;
  /** Number of fulfillments in Executing or Booked, which keep the line item from completing. */
  @Column('integer') openFulfillmentCount: number;
  @Column({ ...byCodePoints, nullable: true }) unitOfMeasure: string | null;
  @Column('text') currency: string;
  @Column('numeric') listPricePerUnit: string;
  @Column('numeric') amountPerUnit: string;
  /** The caller gave amountPerUnit, so it does not follow listPricePerUnit. */
  @Column('boolean', { default: false }) amountPerUnitGiven: boolean;
  @Column('enum', { enum: ['Percentage', 'FixedAmount', 'None'], enumName: 'inline_discount_type' })
  inlineDiscountType: InlineDiscountType;
  @Column('numeric', { nullable: true }) inlineDiscountPerUnit: string | null;
  @Column('enum', { enum: ['TaxInclusive', 'TaxExclusive'], enumName: 'tax_mode', nullable: true })
  taxMode: TaxMode | null;
  @Column('text', { nullable: true }) taxCode: string | null;
  @Column('date', { nullable: true }) billTargetDate: string | null;
  /**
   * When the line item first became SentToBilling. Billing requires it: a line item completed without it is never
   * billed.
   */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) sentToBillingDate: string | null;
  @Column('date', { nullable: true }) transactionStartDate: string | null;
  @Column('date', { nullable: true }) transactionEndDate: string | null;
  @Column('text', { nullable: true }) paymentTerm: string | null;
  @Column('text', { nullable: true }) invoiceGroupNumber: string | null;
  @Column({ ...byCodePoints, nullable: true }) productCode: string | null;
  @Column('text', { nullable: true }) purchaseOrderNumber: string | null;
  @Column('text', { nullable: true }) ownerAccountNumber: string | null;
  @Column({ ...byCodePoints, nullable: true }) soldTo: string | null;
  @Column('text', { nullable: true }) shipTo: string | null;
  @Column({ ...byCodePoints, nullable: true }) relatedSubscriptionNumber: string | null;
  @Column({ ...byCodePoints, nullable: true }) productRatePlanChargeId: string | null;
  @Column('text', { nullable: true }) communicationProfileId: string | null;
  @Column('text', { nullable: true }) description: string | null;
  @Column('jsonb', { nullable: true }) customFields: Record<string, unknown> | null;
}

/**
 * Conditions on the one row of another table that a column refers to. The compared column of that row is never null, so
 * "is null" can be answered by the reference alone.
 */
function through<F extends { isNull?: boolean }>(column: string, row: string, condition: Condition<F>): Condition<F> {
  return ({ isNull, ...filter }, values) => {
    const conditions = condition(filter as F, values);
    return [
      ...nulls(column, isNull),
      ...(conditions.length ? [`exists (select from ${row} and ${conditions.join(' and ')})`] : []),
    ];
  };
}
const order = 'orders o where o.id = t.order_id and o.entity_id = $1';
const original = 't.original_order_line_item_id';
const originalLine = `order_line_item s where s.id = ${original} and s.entity_id = $1`;
const originalOrder = `order_line_item s join orders o on o.id = s.order_id
  where s.id = ${original} and s.entity_id = $1 and o.entity_id = $1`;

/** Shorter numbers come first, so that 2 precedes 10. */
const itemNumber = "lpad(length(t.item_number)::text, 3, '0') || t.item_number";

const pending = bit(
  "t.billing_rule = 'TriggerAsFulfillmentOccurs' and t.fulfilled_quantity < t.quantity and t.item_state <> 'Canceled'",
);

export const orderLineItems = list(OrderLineItemRow, {
  filters: {
    id: id('id'),
    orderId: id('orderId'),
    orderNumber: by('text', through('t.order_id', order, textIs('o.order_number'))),
    itemNumber: text('itemNumber'),
    itemName: text('itemName'),
    itemState: oneOf('itemState'),
    itemCategory: equals('itemCategory'),
    itemType: equals('itemType'),
    billingRule: equals('billingRule'),
    productCode: text('productCode'),
    productRatePlanChargeId: text('productRatePlanChargeId'),
    relatedSubscriptionNumber: text('relatedSubscriptionNumber'),
    soldTo: text('soldTo'),
    accountId: id('accountId'),
    originalOrderLineItemId: id('originalOrderLineItemId'),
    originalOrderId: by('id', through(original, originalLine, idIs('s.order_id'))),
    originalOrderNumber: by('text', through(original, originalOrder, textIs('o.order_number'))),
    unitOfMeasure: text('unitOfMeasure'),
    inlineDiscountType: equals('inlineDiscountType'),
    hasPendingQuantity: by('holds', isSet(pending)),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, itemNumber: { sql: itemNumber, type: 'text' }, itemName: true },
});
export type OrderLineItemFilter = FilterOf<typeof orderLineItems>;

/**
 * Locks line items and the original sales line items of returns among them, all in the order of their ids. Returns the
 * rows as they are once the locks are granted. A line item never changes its original, so the subquery is safe.
 */
export function lockOrderLineItems(scoped: Scoped, ids: readonly string[]): Promise<OrderLineItemRow[]> {
  return scoped.lock(
    'order_line_item',
    ids,
    `select ${selectList(tableOf(OrderLineItemRow))} from order_line_item t
     where t.entity_id = $1 and t.org_id = any($2) and t.id = any(array(
       select unnest($3::uuid[]) union
       select original_order_line_item_id from order_line_item
       where entity_id = $1 and id = any($3::uuid[]) and original_order_line_item_id is not null))
     order by t.id for no key update`,
    [ids],
  );
}

/** Line items by order number and item number, in no particular order. */
export function lineItemsByNumbers(
  scoped: Scoped,
  names: readonly { orderNumber: string; itemNumber: string }[],
): Promise<{ id: string; orderNumber: string; itemNumber: string }[]> {
  return scoped.query(
    `select t.id, o.order_number as "orderNumber", t.item_number as "itemNumber"
     from json_to_recordset($3::json) as wanted("orderNumber" text, "itemNumber" text)
     join orders o on o.entity_id = $1 and o.order_number = wanted."orderNumber"
     join order_line_item t on t.order_id = o.id and t.item_number = wanted."itemNumber"
     where t.entity_id = $1 and t.org_id = any($2)`,
    [JSON.stringify(names)],
  );
}

/** The states of each order's line items. */
export function itemStatesByOrder(
  scoped: Scoped,
  orderIds: readonly string[],
): Promise<{ orderId: string; states: OrderLineItemState[] }[]> {
  return scoped.query(
    `select order_id as "orderId", array_agg(distinct item_state::text) as states from order_line_item
     where entity_id = $1 and org_id = any($2) and order_id = any($3) group by order_id`,
    [orderIds],
  );
}
