import { Arg, Ctx, Extensions, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { OrderCategory, OrderState } from '../domain/order';
import { createOrder, type NewOrderLineItem } from '../service/order';
import * as shared from './arguments';
import { BilledPayload, billedShown, noneBilled } from './billing';
import type { GraphContext } from './context';
import { OrderCategoryEnum, OrderStateEnum } from './enums';
import { payload } from './errors';
import { Audited, Node } from './node';
import { CreateOrderLineItemInput } from './order-line-item-input';
import { ProcessingOptionsInput } from './processing';
import { shownCopy } from './read/show';
import { DateScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'An order of an account: line items that it buys or returns. Source: Zuora, "Create an order".',
  simpleResolvers: true,
})
export class Order extends Audited {
  @Field(() => String, {
    description: 'Business number of the order, such as O-00000001. Unique in the entity; never changes.',
  })
  orderNumber: string;
  @Field(() => DateScalar, {
    description:
      'Day on which the order was placed. Line items start on this day unless they have a transactionStartDate.',
  })
  orderDate: string;
  @Field(() => OrderCategoryEnum, {
    description: 'Whether the order sells or takes back. All of its line items do the same.',
  })
  category: OrderCategory;
  @Field(() => OrderStateEnum, {
    description:
      'Derived from the states of the line items; no client sets it. Source: Zuora, "State transitions for order".',
  })
  state: OrderState;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; null if none was given.',
  })
  description: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Reason for the order in the words of the client, at most 255 characters; null if none was given.',
  })
  reasonCode: string | null;
}

@InputType({ description: 'A new order of line items on an existing account.' })
export class CreateOrderInput {
  @Field(() => String, {
    description:
      'Account that orders and is invoiced, by its account number or id. NOT_FOUND if the caller does not see it.',
  })
  existingAccountNumber: string;
  @Field(() => DateScalar, {
    description:
      'Day on which the order was placed. Line items start on this day unless they have a transactionStartDate.',
  })
  orderDate: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Business number, at most 100 characters. It must not contain #, ? or /, have the form of an id, or begin with DRYRUN-. Default: the next number, such as O-00000001. DUPLICATE if the number is taken.',
  })
  orderNumber?: string;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' })
  description?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Reason for the order in the words of the client, at most 255 characters.',
  })
  reasonCode?: string;
  @Field(() => OrderCategoryEnum, {
    nullable: true,
    defaultValue: 'NewSales',
    description: 'Whether the order sells or takes back. All line items must be of this category.',
  })
  category?: OrderCategory;
  @Field(() => [CreateOrderLineItemInput], {
    description: 'The goods and services to sell or take back, 1 to 100 line items.',
  })
  orderLineItems: NewOrderLineItem[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bills and collects, in the same mutation, the line items without fulfillments that are SentToBilling and due.',
  })
  processingOptions?: ProcessingOptionsInput;
}

@ObjectType({ description: 'Result of createOrder, or the errors that refused it.', simpleResolvers: true })
export class CreateOrderPayload extends BilledPayload {
  @Field(() => Order, { nullable: true, description: 'The new order; null if refused.' })
  order: Order | null;
}

@Resolver(() => Order)
export class OrderResolver {
  @Mutation(() => CreateOrderPayload, {
    nullable: true,
    description:
      'Creates an order with its line items, all or nothing. On request, bills and collects the line items without fulfillments in the same mutation. A line item of a return names the line item that was sold. Source: Zuora, "Create an order".',
  })
  @Extensions({ scope: 'order' })
  createOrder(
    @Arg('input', () => CreateOrderInput, {
      description: 'The order with its line items, and whether to bill and collect at once.',
    })
    input: CreateOrderInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreateOrderPayload> {
    return payload(
      createOrder(work, input, dryRun),
      (result) => ({ ...billedShown(result), order: shownCopy('order', result.order) }),
      { ...noneBilled, order: null },
    );
  }
}
