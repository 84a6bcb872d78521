import { Arg, Ctx, Extensions, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { OnError } from '../service/batch';
import { updateOrderLineItem, updateOrderLineItems } from '../service/order-line-item-change';
import type { OrderLineItemRow } from '../store/order-line-item';
import { BilledPayload, billedShown, noneBilled } from './billing';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { payload } from './errors';
import { shown } from './nouns';
import { OrderLineItem } from './order-line-item';
import { UpdateOrderLineItemInput, UpdateOrderLineItemsInput } from './order-line-item-input';

@ObjectType({ description: 'The outcome of updateOrderLineItem.', simpleResolvers: true })
export class UpdateOrderLineItemPayload extends BilledPayload {
  @Field(() => OrderLineItem, { nullable: true, description: 'The line item as it is now; null where refused.' })
  orderLineItem: OrderLineItem | null;
}

@ObjectType({ description: 'The outcome of updateOrderLineItems.', simpleResolvers: true })
export class UpdateOrderLineItemsPayload extends BilledPayload {
  @Field(() => [OrderLineItem], {
    nullable: 'items',
    description: 'In the order of the request; null where an entry was refused.',
  })
  orderLineItems: (OrderLineItem | null)[];
}

const present = (row: object) => shown('orderLineItem', row as OrderLineItemRow);

@Resolver()
export class OrderLineItemMutations {
  @Mutation(() => UpdateOrderLineItemPayload, {
    nullable: true,
    description:
      'Changes fields, state, or both in one step; bills and collects a line item without fulfillments in the same act where asked to. Source: Zuora, "Update an order line item".',
  })
  @Extensions({ scope: 'order' })
  updateOrderLineItem(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('input', () => UpdateOrderLineItemInput, { description: 'What to change.' }) input: UpdateOrderLineItemInput,
    @Arg('expectedVersion', () => Int, {
      nullable: true,
      description: 'Refuse with VersionConflict where the line item has another version by now.',
    })
    expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateOrderLineItemPayload> {
    return payload(
      updateOrderLineItem(work, id, input, { expectedVersion, dryRun }),
      (result) => ({ ...billedShown(result), orderLineItem: shown('orderLineItem', result.orderLineItem) }),
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
    @Arg('input', () => UpdateOrderLineItemsInput, { description: 'The changes.' }) input: UpdateOrderLineItemsInput,
    @Arg('onError', () => OnErrorEnum, {
      defaultValue: 'RejectAll',
      description: 'What happens to the rest where some are refused.',
    })
    onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: 'Judge and show, but write nothing.' })
    dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateOrderLineItemsPayload> {
    return payload(
      updateOrderLineItems(work, input, { onError, dryRun }),
      (result) => ({
        ...billedShown(result),
        orderLineItems: result.orderLineItems.map((row) => row && shown('orderLineItem', row)),
      }),
      { ...noneBilled, orderLineItems: Array(input.orderLineItems.length).fill(null) },
    );
  }
}
