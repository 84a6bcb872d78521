import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Scoped } from './connection/connection';
import { FulfillmentRow } from './fulfillment';
import { asMade, countsBy, list } from './query/list';

/** A single asset of a fulfillment, identified by its serial number, for example. */
@Entity('fulfillment_item')
@Index(['entityId', 'fulfillmentId', 'id'])
@ForeignKey(() => FulfillmentRow, ['entityId', 'fulfillmentId'], ['entityId', 'id'])
export class FulfillmentItemRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') fulfillmentId: string;
  @Column('text', { nullable: true }) itemIdentifier: string | null;
  @Column('text', { nullable: true }) description: string | null;
  @Column('jsonb', { nullable: true }) customFields: Record<string, unknown> | null;
}

/** Items come in the order in which they were added. */
export const fulfillmentItems = list(FulfillmentItemRow, asMade);

/** The number of items of each fulfillment. Fulfillments without items are absent. */
export async function itemCounts(scoped: Scoped, fulfillmentIds: readonly string[]): Promise<Map<string, number>> {
  const counts = await countsBy(scoped, fulfillmentItems, 'fulfillmentId', fulfillmentIds);
  return new Map(counts.map(({ parentKey, count }) => [parentKey, count]));
}
