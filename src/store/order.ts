import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { OrderCategory, OrderState } from '../domain/order';
import { AccountRow } from './account';
import { Audited, byCodePoints } from './audited';
import { date, dateTime, equals, type IdFilter, id, type RangeFilter, type TextFilter, text } from './filter';
import { auditSorts, list } from './list';

/** An order of one account. The table is called `orders`, since `order` is a word of SQL. */
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

export interface OrderFilter {
  id?: IdFilter;
  orderNumber?: TextFilter;
  accountId?: IdFilter;
  orderDate?: RangeFilter;
  category?: OrderCategory;
  state?: OrderState;
  updatedDate?: RangeFilter;
}

export const orders = list<OrderRow, OrderFilter>(
  OrderRow,
  {
    id: id('t.id'),
    orderNumber: text('t.order_number'),
    accountId: id('t.account_id'),
    orderDate: date('t.order_date'),
    category: equals('t.category', 'order_category'),
    state: equals('t.state', 'order_state'),
    updatedDate: dateTime('t.updated_date'),
  },
  {
    ...auditSorts,
    orderDate: { sql: 't.order_date', type: 'date' },
    orderNumber: { sql: 't.order_number', type: 'text' },
  },
);
