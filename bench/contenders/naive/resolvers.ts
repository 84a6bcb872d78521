import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { MoreThan } from 'typeorm';
import { Created, CreateFulfillmentInput, createFulfillments } from './create.js';
import {
  entityId,
  Fulfillment,
  FulfillmentPage,
  Fulfillments,
  Invoice,
  InvoiceItem,
  Order,
  OrderLineItem,
  OrderLineItems,
  State,
} from './entities.js';
import type { Context } from './loaders.js';

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, { nullable: true })
  order(@Arg('id', () => ID) id: string, @Ctx() { database }: Context): Promise<Order | null> {
    return database.getRepository(Order).findOneBy({ entityId, id });
  }

  @FieldResolver(() => OrderLineItems)
  async orderLineItems(@Root() order: Order, @Ctx() { loaders }: Context): Promise<OrderLineItems> {
    return { nodes: await loaders.linesOfOrder.load(order.id) };
  }
}

@Resolver(() => OrderLineItem)
export class OrderLineItemResolver {
  @Query(() => OrderLineItem, { nullable: true })
  orderLineItem(@Arg('id', () => ID) id: string, @Ctx() { database }: Context): Promise<OrderLineItem | null> {
    return database.getRepository(OrderLineItem).findOneBy({ entityId, id });
  }

  @Query(() => OrderLineItems)
  async orderLineItems(
    @Arg('accountId', () => ID) accountId: string,
    @Arg('first', () => Int) take: number,
    @Ctx() { database }: Context,
  ): Promise<OrderLineItems> {
    const order = { updatedDate: 'DESC', id: 'DESC' } as const;
    return { nodes: await database.getRepository(OrderLineItem).find({ where: { entityId, accountId }, order, take }) };
  }

  @FieldResolver(() => Order)
  order(@Root() line: OrderLineItem, @Ctx() { loaders }: Context): Promise<Order> {
    return loaders.order.load(line.orderId);
  }

  @FieldResolver(() => Fulfillments)
  async fulfillments(
    @Root() line: OrderLineItem,
    @Arg('first', () => Int) first: number,
    @Ctx() { loaders }: Context,
  ): Promise<Fulfillments> {
    const all = await loaders.fulfillmentsOfLine.load(line.id);
    return { nodes: all.slice(0, first), totalCount: all.length };
  }
}

@Resolver(() => Fulfillment)
export class FulfillmentResolver {
  @Query(() => FulfillmentPage)
  async fulfillments(
    @Arg('state', () => State) state: State,
    @Arg('billTargetDate', () => String) billTargetDate: string,
    @Arg('first', () => Int) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | null,
    @Ctx() { database }: Context,
  ): Promise<FulfillmentPage> {
    const found = await database.getRepository(Fulfillment).find({
      where: { entityId, state, billTargetDate, ...(after && { id: MoreThan(after) }) },
      order: { billTargetDate: 'ASC', id: 'ASC' },
      take: first + 1,
    });
    const nodes = found.slice(0, first);
    return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor: nodes.at(-1)?.id ?? null } };
  }

  @Mutation(() => Created)
  async createFulfillments(
    @Arg('fulfillments', () => [CreateFulfillmentInput]) input: CreateFulfillmentInput[],
    @Ctx() { database }: Context,
  ): Promise<Created> {
    return { fulfillments: await createFulfillments(database, input) };
  }

  @FieldResolver(() => OrderLineItem)
  orderLineItem(@Root() fulfillment: Fulfillment, @Ctx() { loaders }: Context): Promise<OrderLineItem> {
    return loaders.orderLineItem.load(fulfillment.orderLineItemId);
  }

  @FieldResolver(() => [InvoiceItem])
  invoiceItems(@Root() fulfillment: Fulfillment, @Ctx() { loaders }: Context): Promise<InvoiceItem[]> {
    return loaders.itemsOfFulfillment.load(fulfillment.id);
  }
}

@Resolver(() => InvoiceItem)
export class InvoiceItemResolver {
  @FieldResolver(() => Invoice)
  invoice(@Root() item: InvoiceItem, @Ctx() { loaders }: Context): Promise<Invoice> {
    return loaders.invoice.load(item.invoiceId);
  }
}
