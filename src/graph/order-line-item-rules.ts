import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';
import { type OrderLineItemState } from '../domain/order-line-item';
import { editableLineFields } from '../domain/order-line-item-change';
import { judgeLineMove, movesFrom } from '../domain/order-line-item-move';
import { OrderLineItemRow } from '../store/order-line-item';
import type { GraphContext } from './context';
import { OrderLineItemStateEnum } from './enums';
import { OrderLineItem } from './order-line-item';
import { columnsOf } from './read/columns';
import { judgement, TransitionBlock } from './transition';

@ObjectType({
  description:
    'A transition that leaves the current state of the line item. No id: the rules judge it anew for each caller and moment.',
  simpleResolvers: true,
})
export class OrderLineItemTransition {
  @Field(() => OrderLineItemStateEnum, { description: 'State that the transition leads to.' }) to: OrderLineItemState;
  @Field(() => Boolean, {
    description: 'Whether this caller may make the transition now, with the line item as it is.',
  })
  allowed: boolean;
  @Field(() => [TransitionBlock], {
    description:
      'Every reason against the transition; empty if it is allowed. A transition that only the system makes is never allowed.',
  })
  blockedBy: TransitionBlock[];
}

/** Fields of a line item that are judged for the caller: transitions and editable fields. */
@Resolver(() => OrderLineItem)
export class OrderLineItemRules {
  @FieldResolver(() => [OrderLineItemTransition], {
    description:
      'One entry per transition that leaves the current state, judged for this caller and the line item as it is. Ask here instead of implementing the rules. Source: Zuora, "State transitions for order line items without fulfillments" and "... with fulfillments".',
  })
  async allowedTransitions(
    @Root() line: OrderLineItemRow,
    @Ctx() { loaders, caller }: GraphContext,
  ): Promise<OrderLineItemTransition[]> {
    const moves = movesFrom(line);
    if (moves.length === 0) return [];
    const posted = line.itemState === 'SentToBilling' && (await loaders.posted(line.id));
    const original = line.originalOrderLineItemId
      ? (await loaders.row('orderLineItem', columnsOf('orderLineItem', judgedFields), line.originalOrderLineItemId))!
      : null;
    return moves.map(({ to }) => ({ to, ...judgement(judgeLineMove(line, to, { caller, posted, original })) }));
  }

  @FieldResolver(() => [String], {
    description:
      'Fields that this caller may change now with updateOrderLineItem. Complete: customFields alone. Canceled: none. Source: Zuora, "Update an order line item", which names the states for each field.',
  })
  editableFields(@Root() line: OrderLineItemRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableLineFields(line, caller);
  }
}

/** `quantityAvailableForReturn` needs all columns of the original line item that `judgeLineMove` reads. */
const judgedFields = ['quantityAvailableForReturn'];
