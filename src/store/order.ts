import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { OrderCategory, OrderState } from '../domain/order';
import { AccountRow } from './account';
import { Audited, byCodePoints } from './audited';
import { day, equals, id, instant, text } from './query/filter';
import { auditSorts, list } from './query/list';

/** An order of one account. The table is called `orders`, because `order` is an SQL keyword. */
@Entity('orders')
@Unique(['entityId', 'orderNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'orderDate', 'id'])
@Index(['entityId', 'orgId', 'state', 'category'])
@Index(['entityId', 'state', 'updatedDate', 'id'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
export class OrderRow extends Audited {
  @Column('uuid') accountId: string;
  @Column(byCodePoints) orderNumber: string;
  @Column('date') orderDate: string;
  @Column('enum', { enum: ['NewSales', 'Return'], enumName: 'order_category' }) category: OrderCategory;
  @Column('enum', { enum: ['Executing', 'Complete', 'Canceled'], enumName: 'order_state' }) state: OrderState;
  @Column('text', { nullable: true }) description: string | null;
  @Column('text', { nullable: true }) reasonCode: string | null;
}

export const orders = list(OrderRow, {
  filters: {
    id: id('id'),
    orderNumber: text('orderNumber'),
    accountId: id('accountId'),
    orderDate: day('orderDate'),
    category: equals('category'),
    state: equals('state'),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, orderDate: true, orderNumber: true },
});
