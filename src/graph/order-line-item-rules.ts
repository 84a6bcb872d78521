import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';
import { amountWithoutTax } from '../domain/billing';
import { money } from '../domain/currency';
import type { RoundingMode } from '../domain/decimal';
import { defaultRounding } from '../domain/invoice';
import { judgeLineMove, movesFrom, type OrderLineItemState } from '../domain/order-line-item';
import { editableLineFields } from '../domain/order-line-item-change';
import { amount, dependsOnRounding, discount, listPrice } from '../domain/price';
import { OrderLineItemRow } from '../store/order-line-item';
import type { GraphContext } from './context';
import { OrderLineItemStateEnum } from './enums';
import { OrderLineItem } from './order-line-item';
import { columnsOf } from './read/columns';
import { DecimalScalar } from './scalars';
import { judgement, TransitionBlock } from './transition';

@ObjectType({ description: 'A move that leads away from where a line item stands now.', simpleResolvers: true })
export class OrderLineItemTransition {
  @Field(() => OrderLineItemStateEnum, { description: 'Where the move leads.' }) to: OrderLineItemState;
  @Field(() => Boolean, { description: 'Whether this caller may do it now, to this object as it is.' })
  allowed: boolean;
  @Field(() => [TransitionBlock], {
    description:
      'Every reason against it; empty where it is allowed. A move that only the system makes is never allowed.',
  })
  blockedBy: TransitionBlock[];
}

/** What the rules make of a line item: quantities, amounts, and what can follow. */
@Resolver(() => OrderLineItem)
export class OrderLineItemRules {
  @FieldResolver(() => DecimalScalar, {
    description:
      'listPricePerUnit x quantity in the currency, rounded to its decimals by roundingMode of the billing settings. Source: Zuora, "Data type rounding rules".',
  })
  async listPrice(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(listPrice(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'listPrice less amount in the currency, both rounded: what is taken off over the whole quantity; 0 where inlineDiscountType is None.',
  })
  async discount(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(discount(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'amountPerUnit x quantity in the currency, rounded to its decimals by roundingMode of the billing settings; with tax where taxMode is TaxInclusive. What is billed is rounded item by item, so parts may add up to a little more or less.',
  })
  async amount(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(amount(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'In the currency: the rounded amount less the tax in it where taxMode is TaxInclusive, by the rate that its tax code has now; else amount. Source: Zuora, "Order line item fields".',
  })
  async amountWithoutTax(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    const without =
      line.taxMode === 'TaxInclusive'
        ? amountWithoutTax(line, await context.loaders.settings())
        : amount(line, await modeFor(line, context));
    return money(without, line.currency);
  }

  @FieldResolver(() => [OrderLineItemTransition], {
    description:
      'One entry for each move that leaves the present state, judged for this caller and this object as it is. Ask here instead of knowing the rules. Source: Zuora, "State transitions for order line items without fulfillments" and "... with fulfillments".',
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
      'What this caller may change now by updateOrderLineItem; empty once it is Complete or Canceled. Source: Zuora, "Update an order line item", which names the states for each field.',
  })
  editableFields(@Root() line: OrderLineItemRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableLineFields(line, caller);
  }
}

/** Most amounts need no rounding, and these cost no look at the settings. */
const modeFor = async (line: OrderLineItemRow, { loaders }: GraphContext): Promise<RoundingMode> =>
  dependsOnRounding(line) ? (await loaders.settings()).roundingMode : defaultRounding;

/** What a return is judged by in its original: the facts behind its quantities. */
const judgedFields = ['quantityAvailableForReturn'];
