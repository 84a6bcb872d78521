import DataLoader from 'dataloader';
import { type DataSource, type EntityTarget, type FindOptionsOrder, In, type ObjectLiteral } from 'typeorm';
import { entityId, Fulfillment, Invoice, InvoiceItem, Order, OrderLineItem } from './entities.js';

/** One loader for each edge, new for each request. */
export function makeLoaders(database: DataSource) {
  const one = <T extends ObjectLiteral>(target: EntityTarget<T>) =>
    new DataLoader<string, T>(async (ids) => {
      const found = await database
        .getRepository(target)
        .find({ where: { entityId, id: In(ids as string[]) } as never });
      const byId = new Map(found.map((each) => [each.id as string, each]));
      return ids.map((id) => byId.get(id) ?? new Error(`there is no ${id}`));
    });
  const many = <T extends ObjectLiteral>(target: EntityTarget<T>, by: keyof T & string, order: FindOptionsOrder<T>) =>
    new DataLoader<string, T[]>(async (ids) => {
      const found = await database
        .getRepository(target)
        .find({ where: { entityId, [by]: In(ids as string[]) } as never, order });
      const groups = new Map<string, T[]>(ids.map((id) => [id, []]));
      for (const each of found) groups.get(each[by])!.push(each);
      return ids.map((id) => groups.get(id)!);
    });
  return {
    order: one(Order),
    orderLineItem: one(OrderLineItem),
    invoice: one(Invoice),
    linesOfOrder: many(OrderLineItem, 'orderId', { updatedDate: 'DESC', id: 'DESC' }),
    fulfillmentsOfLine: many(Fulfillment, 'orderLineItemId', { updatedDate: 'DESC', id: 'DESC' }),
    itemsOfFulfillment: many(InvoiceItem, 'fulfillmentId', { id: 'ASC' }),
  };
}

export interface Context {
  database: DataSource;
  loaders: ReturnType<typeof makeLoaders>;
}
