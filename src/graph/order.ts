import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { OrderCategory, OrderState } from '../domain/order';
import { createOrder } from '../service/order';
import { OrderRow } from '../store/order';
import { Account } from './account';
import * as shared from './arguments';
import { BilledPayload, billedShown, noneBilled } from './billing';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { OrderCategoryEnum, OrderDirectionEnum, OrderOrderFieldEnum, OrderStateEnum } from './enums';
import { payload } from './errors';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { Audited, Node } from './node';
import { shown } from './nouns';
import { type OrderLineItem, OrderLineItemConnection, OrderLineItemPageArgs } from './order-line-item';
import { CreateOrderLineItemInput } from './order-line-item-input';
import { ProcessingOptionsInput } from './processing';
import { DateScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'What an account has ordered, or sends back, in line items. Source: Zuora, "Create an order".',
  simpleResolvers: true,
})
export class Order extends Audited {
  @Field(() => String, {
    description: 'Its business number, such as O-00000001; unique in the entity, and never changes.',
  })
  orderNumber: string;
  @Field(() => DateScalar, {
    description: 'The day on which it was placed; its line items start on it where they say nothing else.',
  })
  orderDate: string;
  @Field(() => OrderCategoryEnum, { description: 'Whether it sells or takes back; all of its line items do the same.' })
  category: OrderCategory;
  @Field(() => OrderStateEnum, {
    description: 'Follows from those of its line items; nobody sets it. Source: Zuora, "State transitions for order".',
  })
  state: OrderState;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => String, {
    nullable: true,
    description: 'Why it was placed, in words of the client, at most 255 characters.',
  })
  reasonCode: string | null;
  @Field(() => Account, { description: 'Who ordered, and is invoiced; never changes.' })
  account?: Account;
}

export const OrderConnection = connectionType(Order, 'Order');

@InputType({ description: 'Conditions on orders. All that are given must hold, and none may be null.' })
export class OrderFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose orderNumber meets these conditions.' })
  orderNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose orderDate meets these conditions.' })
  orderDate?: DateFilter;
  @Field(() => OrderCategoryEnum, { nullable: true, description: 'Only sales, or only returns.' })
  category?: OrderCategory;
  @Field(() => OrderStateEnum, { nullable: true, description: 'Only orders that are under way, done or given up.' })
  state?: OrderState;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How orders are sorted; ties are broken by id.' })
export class OrderOrder {
  @Field(() => OrderOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof OrderOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class OrderPageArgs extends PageArgs {
  @Field(() => OrderFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: OrderFilter;
  @Field(() => OrderOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: OrderOrder;
}

@InputType({ description: 'A new order of line items on an existing account.' })
export class CreateOrderInput {
  @Field(() => String, {
    description:
      'The account that orders and is invoiced, by its account number or its id; NOT_FOUND where the caller sees none.',
  })
  existingAccountNumber: string;
  @Field(() => DateScalar, {
    description: 'The day on which it was placed; its line items start on it where they say nothing else.',
  })
  orderDate: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Its business number, at most 100 characters without #, ? and /, not of the form of an id and not beginning with DRYRUN-; the next of O-00000001, ... where absent. DUPLICATE where it is taken.',
  })
  orderNumber?: string;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' })
  description?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Why it was placed, in words of the client, at most 255 characters.',
  })
  reasonCode?: string;
  @Field(() => OrderCategoryEnum, {
    nullable: true,
    defaultValue: 'NewSales',
    description: 'Whether it sells or takes back; its line items are all of one category.',
  })
  category?: OrderCategory;
  @Field(() => [CreateOrderLineItemInput], { description: 'What is ordered, 1 to 100 line items.' })
  orderLineItems: CreateOrderLineItemInput[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bill the line items without fulfillments that are SentToBilling and due, and collect, in the same act.',
  })
  processingOptions?: ProcessingOptionsInput;
}

@ObjectType({ description: 'What createOrder brought about, or why it was refused.', simpleResolvers: true })
export class CreateOrderPayload extends BilledPayload {
  @Field(() => Order, { nullable: true, description: 'The new order, with its number; null where refused.' })
  order: Order | null;
}

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, {
    nullable: true,
    description: 'The order that an id or order number names; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  order(
    @Arg('key', () => ID, shared.key('order number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order | null> {
    return context.find('order', key, info);
  }

  @Query(() => OrderConnection, {
    nullable: true,
    description: 'The orders that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  orders(
    @Args(() => OrderPageArgs) args: OrderPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Order> {
    return rootConnection(context, 'order', args, info);
  }

  @Mutation(() => CreateOrderPayload, {
    nullable: true,
    description:
      'Creates an order with its line items, and bills and collects those without fulfillments in the same act where asked to: all of it or nothing. A return names what it takes back. Source: Zuora, "Create an order".',
  })
  @Extensions({ scope: 'order' })
  createOrder(
    @Arg('input', () => CreateOrderInput, {
      description: 'What is ordered, and whether to bill and collect it at once.',
    })
    input: CreateOrderInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreateOrderPayload> {
    return payload(
      createOrder(work, input, dryRun),
      (result) => ({ ...billedShown(result), order: shown('order', result.order) }),
      { ...noneBilled, order: null },
    );
  }

  @FieldResolver(() => OrderLineItemConnection, {
    description:
      'What was ordered, each at its price; at most 100. In the order of the request that ordered it where orderBy is absent.',
  })
  orderLineItems(
    @Root() order: OrderRow,
    @Args(() => OrderLineItemPageArgs) args: OrderLineItemPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return edgeConnection(context, 'Order.orderLineItems', order.id, args, info);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
  history(
    @Root() order: OrderRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Order.history', order.id, args, info);
  }
}
