import { GraphQLError } from 'graphql';
import { Field, ID, InputType } from 'type-graphql';
import type { FulfillmentState } from '../domain/fulfillment-state';
import type { OrderLineItemState } from '../domain/order-line-item';
import { maxListed } from '../store/query/filter';
import { FulfillmentStateEnum, OrderLineItemStateEnum } from './enums';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

/*
 * Conditions on one field. All that are given must hold. An empty `in` matches nothing. There is no "other than" and no
 * "or": what a client can write is what an index serves (docs/query-views.md).
 */

/**
 * The filter of a list, without nulls in it. A null is refused: to some clients it says "no value", to others "no condition", and
 * one that means everything hands out all rows where a program lost its value. A field that is absent is no condition.
 * The filter as a whole may be null.
 * @throws GraphQLError BAD_USER_INPUT
 */
export function checkedFilter<F extends object>(filter: F | null | undefined): F | null | undefined {
  if (filter) refuseNulls(filter, ['filter']);
  return filter;
}

function refuseNulls(value: object, path: readonly string[]): void {
  for (const [field, inner] of Object.entries(value)) {
    if (inner === null) {
      const name = [...path, field].join('.');
      throw new GraphQLError(`${name} must not be null. Leave the condition out, or use isNull if the filter has it.`, {
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
    if (typeof inner === 'object' && !Array.isArray(inner)) refuseNulls(inner, [...path, field]);
  }
}

const anyOf = (what: string) => `Is one of these ${what}, at most ${maxListed}; an empty list matches nothing.`;

@InputType({
  description:
    'Conditions on a text. All that are given must hold, and none may be null. Texts are compared as they stand: upper and lower case differ.',
})
export class StringFilter {
  @Field(() => String, { nullable: true, description: 'Is exactly this text.' })
  eq?: string;
  @Field(() => [String], {
    nullable: true,
    description: anyOf('texts'),
  })
  in?: string[];
  @Field(() => String, {
    nullable: true,
    description: 'Begins with exactly this text; no character stands for others.',
  })
  startsWith?: string;
  @Field(() => Boolean, { nullable: true, description: 'True: has no value. False: has one.' }) isNull?: boolean;
}

@InputType({
  description:
    'Conditions on an id. All that are given must hold, and none may be null. What is not an id matches nothing.',
})
export class IDFilter {
  @Field(() => ID, { nullable: true, description: 'Is this id, be it in upper or lower case, with dashes or without.' })
  eq?: string;
  @Field(() => [ID], {
    nullable: true,
    description: anyOf('ids, each in any spelling'),
  })
  in?: string[];
  @Field(() => Boolean, { nullable: true, description: 'True: has no value. False: has one.' }) isNull?: boolean;
}

@InputType({ description: 'Conditions on a calendar day. All that are given must hold, and none may be null.' })
export class DateFilter {
  @Field(() => DateScalar, { nullable: true, description: 'Is exactly this day.' }) eq?: string;
  @Field(() => [DateScalar], { nullable: true, description: anyOf('days') }) in?: string[];
  @Field(() => DateScalar, { nullable: true, description: 'Is this day or later.' }) gte?: string;
  @Field(() => DateScalar, { nullable: true, description: 'Is this day or earlier.' }) lte?: string;
  @Field(() => Boolean, { nullable: true, description: 'True: has no value. False: has one.' }) isNull?: boolean;
}

@InputType({ description: 'Conditions on an amount or a number. All that are given must hold, and none may be null.' })
export class DecimalFilter {
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly so much; 10 and 10.00 are the same.' })
  eq?: string;
  @Field(() => [DecimalScalar], { nullable: true, description: anyOf('amounts') }) in?: string[];
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly this amount or a larger one.' }) gte?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is larger than this amount, by however little.' })
  gt?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly this amount or a smaller one.' }) lte?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is smaller than this amount, by however little.' })
  lt?: string;
}

@InputType({
  description:
    'Conditions on an instant: a half-open span, so that spans can follow one another without overlap. Neither end may be null.',
})
export class DateTimeFilter {
  @Field(() => DateTimeScalar, { nullable: true, description: 'Is this instant or later.' }) gte?: string;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Is before this instant.' }) lt?: string;
}

@InputType({
  description: 'Conditions on the state of a fulfillment. All that are given must hold, and none may be null.',
})
export class FulfillmentStateFilter {
  @Field(() => FulfillmentStateEnum, { nullable: true, description: 'Stands in exactly this state.' })
  eq?: FulfillmentState;
  @Field(() => [FulfillmentStateEnum], {
    nullable: true,
    description: 'Stands in one of these states; none does where the list is empty.',
  })
  in?: FulfillmentState[];
}

@InputType({
  description: 'Conditions on the state of a line item. All that are given must hold, and none may be null.',
})
export class OrderLineItemStateFilter {
  @Field(() => OrderLineItemStateEnum, { nullable: true, description: 'Stands in exactly this state.' })
  eq?: OrderLineItemState;
  @Field(() => [OrderLineItemStateEnum], {
    nullable: true,
    description: 'Stands in one of these states; none does where the list is empty.',
  })
  in?: OrderLineItemState[];
}

/** The conditions on enums, by the name of the enum. */
export const enumFilters: Readonly<Record<string, object>> = {
  FulfillmentState: FulfillmentStateFilter,
  OrderLineItemState: OrderLineItemStateFilter,
};
