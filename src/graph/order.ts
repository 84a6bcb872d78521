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
  orderLineItems: NewOrderLineItem[];
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
      (result) => ({ ...billedShown(result), order: shownCopy('order', result.order) }),
      { ...noneBilled, order: null },
    );
  }
}
