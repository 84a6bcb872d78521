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

@ObjectType({ description: 'Result of updateOrderLineItem, or the errors that refused it.', simpleResolvers: true })
export class UpdateOrderLineItemPayload extends BilledPayload {
  @Field(() => OrderLineItem, { nullable: true, description: 'The line item after the update; null if refused.' })
  orderLineItem: OrderLineItem | null;
}

@ObjectType({
  description: 'Result of updateOrderLineItems by entry, or the errors that refused it.',
  simpleResolvers: true,
})
export class UpdateOrderLineItemsPayload extends BilledPayload {
  @Field(() => [OrderLineItem], {
    nullable: 'items',
    description: 'The line items after the mutation, in request order; null for a refused entry.',
  })
  orderLineItems: (OrderLineItem | null)[];
}

const present = (row: object) => shownCopy('orderLineItem', row as OrderLineItemRow);

@Resolver()
export class OrderLineItemMutations {
  @Mutation(() => UpdateOrderLineItemPayload, {
    nullable: true,
    description:
      'Changes fields of a line item, its state, or both in one step. On request, bills and collects a line item without fulfillments in the same mutation. Source: Zuora, "Update an order line item".',
  })
  @Extensions({ scope: 'order' })
  updateOrderLineItem(
    @Arg('id', () => ID, {
      description: 'Id of the line item, in any spelling. An itemNumber is unique only within its order.',
    })
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
      'Changes up to 100 line items. On request, bills and collects those without fulfillments in the same mutation. Source: Zuora, "Update multiple order line items".',
  })
  @Extensions({ scope: 'order' })
  updateOrderLineItems(
    @Arg('input', () => UpdateOrderLineItemsInput, {
      description: 'The line items to change, and whether to bill and collect them.',
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
