import { Arg, Ctx, Extensions, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { updateOrderLineItem, updateOrderLineItems } from '../service/order-line-item-change';
import { noneOf, type OnError } from '../service/run/batch';
import type { OrderLineItemRow } from '../store/order-line-item';
import * as shared from './arguments';
import { BilledPayload, billedShown, noneBilled } from './billing';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { payload } from './errors';
import { OrderLineItem } from './order-line-item';
import { UpdateOrderLineItemInput, UpdateOrderLineItemsInput } from './order-line-item-input';
import { shownCopy } from './read/show';

@ObjectType({ description: 'What updateOrderLineItem brought about, or why it was refused.', simpleResolvers: true })
export class UpdateOrderLineItemPayload extends BilledPayload {
  @Field(() => OrderLineItem, { nullable: true, description: 'The line item as it is now; null where refused.' })
  orderLineItem: OrderLineItem | null;
}

@ObjectType({
  description: 'What updateOrderLineItems brought about, entry by entry, or why it was refused.',
  simpleResolvers: true,
})
export class UpdateOrderLineItemsPayload extends BilledPayload {
  @Field(() => [OrderLineItem], {
    nullable: 'items',
    description: 'As they are now, in the order of the request; null where an entry was refused.',
  })
  orderLineItems: (OrderLineItem | null)[];
}

const present = (row: object) => shownCopy('orderLineItem', row as OrderLineItemRow);

@Resolver()
export class OrderLineItemMutations {
  @Mutation(() => UpdateOrderLineItemPayload, {
    nullable: true,
    description:
      'Changes fields, state, or both in one step; bills and collects a line item without fulfillments in the same act where asked to. Source: Zuora, "Update an order line item".',
  })
  @Extensions({ scope: 'order' })
  updateOrderLineItem(
    @Arg('id', () => ID, { description: 'Its id, in any spelling; its number tells it apart only within its order.' })
    id: string,
    @Arg('input', () => UpdateOrderLineItemInput, {
      description: 'The fields to change, the state to move to, or both.',
    })
    input: UpdateOrderLineItemInput,
    @Arg('expectedVersion', () => Int, shared.expectedVersion) expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateOrderLineItemPayload> {
    return payload(
      updateOrderLineItem(work, id, input, { expectedVersion, dryRun }),
      (result) => ({ ...billedShown(result), orderLineItem: shownCopy('orderLineItem', result.orderLineItem) }),
      { ...noneBilled, orderLineItem: null },
      present,
    );
  }

  @Mutation(() => UpdateOrderLineItemsPayload, {
    nullable: true,
    description:
      'Changes up to 100 line items; bills and collects those without fulfillments in the same act where asked to. Source: Zuora, "Update multiple order line items".',
  })
  @Extensions({ scope: 'order' })
  updateOrderLineItems(
    @Arg('input', () => UpdateOrderLineItemsInput, {
      description: 'What is to be changed, and whether to bill and collect it.',
    })
    input: UpdateOrderLineItemsInput,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateOrderLineItemsPayload> {
    return payload(
      updateOrderLineItems(work, input, { onError, dryRun }),
      (result) => ({
        ...billedShown(result),
        orderLineItems: result.orderLineItems.map((row) => row && shownCopy('orderLineItem', row)),
      }),
      { ...noneBilled, orderLineItems: noneOf(input.orderLineItems.length) },
    );
  }
}
