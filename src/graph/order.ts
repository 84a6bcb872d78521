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
import { BilledPayload, billedShown, noneBilled } from './billing';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { OrderCategoryEnum, OrderDirectionEnum, OrderOrderFieldEnum, OrderStateEnum } from './enums';
import { payload } from './errors';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { Audited, Node } from './node';
import { shown } from './nouns';
import { type OrderLineItem, OrderLineItemConnection, OrderLineItemPageArgs } from './order-line-item';
import { CreateOrderLineItemInput } from './order-line-item-input';
import { ProcessingOptionsInput } from './processing';
import { DateScalar } from './scalars';

@ObjectType({ implements: Node, description: 'An order of an account.', simpleResolvers: true })
export class Order extends Audited {
  @Field(() => String, { description: 'Its business number, such as O-00000001.' }) orderNumber: string;
  @Field(() => DateScalar, { description: 'When it was placed.' }) orderDate: string;
  @Field(() => OrderCategoryEnum, { description: 'Whether it sells or takes back.' }) category: OrderCategory;
  @Field(() => OrderStateEnum, {
    description: 'Derived from its line items. Source: Zuora, "State transitions for order".',
  })
  state: OrderState;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Why it was placed, at most 255 characters.' })
  reasonCode: string | null;
}

export const OrderConnection = connectionType(Order, 'Order');

@InputType({ description: 'Which orders. All conditions that are given must hold.' })
export class OrderFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By order number.' }) orderNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => DateFilter, { nullable: true, description: 'By order date.' }) orderDate?: DateFilter;
  @Field(() => OrderCategoryEnum, { nullable: true, description: 'By category.' }) category?: OrderCategory;
  @Field(() => OrderStateEnum, { nullable: true, description: 'By state.' }) state?: OrderState;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of orders; ties are broken by id.' })
export class OrderOrder {
  @Field(() => OrderOrderFieldEnum, { description: 'What to sort by.' }) field: keyof typeof OrderOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class OrderPageArgs extends PageArgs {
  @Field(() => OrderFilter, { nullable: true, description: 'Which orders; all where absent.' }) filter?: OrderFilter;
  @Field(() => OrderOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: OrderOrder;
}

@InputType({ description: 'A new order of line items on an existing account.' })
export class CreateOrderInput {
  @Field(() => String, { description: 'The number of the account that orders and is invoiced.' })
  existingAccountNumber: string;
  @Field(() => DateScalar, { description: 'When it was placed.' }) orderDate: string;
  @Field(() => String, {
    nullable: true,
    description: 'Its number, at most 100 characters, without #, ? and /; generated where absent.',
  })
  orderNumber?: string;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description?: string;
  @Field(() => String, { nullable: true, description: 'Why it was placed, at most 255 characters.' })
  reasonCode?: string;
  @Field(() => OrderCategoryEnum, {
    nullable: true,
    defaultValue: 'NewSales',
    description: 'Whether it sells or takes back; its line items are all of one category.',
  })
  category?: OrderCategory;
  @Field(() => [CreateOrderLineItemInput], { description: 'Its line items, 1 to 100.' })
  orderLineItems: CreateOrderLineItemInput[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bill the line items without fulfillments that are SentToBilling and due, and collect, in the same act.',
  })
  processingOptions?: ProcessingOptionsInput;
}

@ObjectType({ description: 'The outcome of createOrder.', simpleResolvers: true })
export class CreateOrderPayload extends BilledPayload {
  @Field(() => Order, { nullable: true, description: 'The order; null where refused.' }) order: Order | null;
}

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, {
    nullable: true,
    description: 'An order by id or order number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  order(
    @Arg('key', () => ID, { description: 'Id or order number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order | null> {
    return context.find('order', key, info);
  }

  @Query(() => OrderConnection, { nullable: true, description: 'The orders that the caller sees.' })
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
      'Creates an order with its line items, and bills and collects those without fulfillments in the same act where asked to: all of it or nothing. Source: Zuora, "Create an order".',
  })
  @Extensions({ scope: 'order' })
  createOrder(
    @Arg('input', () => CreateOrderInput, { description: 'The order.' }) input: CreateOrderInput,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreateOrderPayload> {
    return payload(
      createOrder(work, input, dryRun),
      (result) => ({ ...billedShown(result), order: shown('order', result.order) }),
      { ...noneBilled, order: null },
    );
  }

  @FieldResolver(() => Account, { description: 'The account that ordered and is invoiced.' })
  account(@Root() order: OrderRow, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo): Promise<Account> {
    return context.follow('Order.account', order.accountId, info);
  }

  @FieldResolver(() => OrderLineItemConnection, { description: 'Its line items.' })
  orderLineItems(
    @Root() order: OrderRow,
    @Args(() => OrderLineItemPageArgs) args: OrderLineItemPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return edgeConnection(context, 'Order.orderLineItems', order.id, args, info);
  }
}
