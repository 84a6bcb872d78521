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

@ObjectType({ description: 'A transition that leaves the current state of the line item.', simpleResolvers: true })
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

/** Fields of a line item that follow from the rules: amounts, transitions and editable fields. */
@Resolver(() => OrderLineItem)
export class OrderLineItemRules {
  @FieldResolver(() => DecimalScalar, {
    description:
      'listPricePerUnit x quantity in the currency, rounded to its decimals by BillingSettings.roundingMode. Source: Zuora, "Data type rounding rules".',
  })
  async listPrice(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(listPrice(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'Discount on the whole quantity, in the currency: listPrice less amount, both rounded. 0 if inlineDiscountType is None.',
  })
  async discount(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(discount(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'amountPerUnit x quantity in the currency, rounded to its decimals by BillingSettings.roundingMode. Includes tax if taxMode is TaxInclusive. Billing rounds each item, so parts may add up to a little more or less.',
  })
  async amount(@Root() line: OrderLineItemRow, @Ctx() context: GraphContext): Promise<string> {
    return money(amount(line, await modeFor(line, context)), line.currency);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'The rounded amount less the tax in it, in the currency. With TaxInclusive, the tax follows from the current rate of the tax code; otherwise this equals amount. Source: Zuora, "Order line item fields".',
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

/** Most amounts need no rounding, so most line items do not read the settings. */
const modeFor = async (line: OrderLineItemRow, { loaders }: GraphContext): Promise<RoundingMode> =>
  dependsOnRounding(line) ? (await loaders.settings()).roundingMode : defaultRounding;

/** `quantityAvailableForReturn` needs all columns of the original line item that `judgeLineMove` reads. */
const judgedFields = ['quantityAvailableForReturn'];
