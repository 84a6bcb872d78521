import { GraphQLError } from 'graphql';
import { Field, ID, InputType } from 'type-graphql';
import type { FulfillmentState } from '../domain/fulfillment-state';
import type { OrderLineItemState } from '../domain/order-line-item';
import { maxListed } from '../store/query/filter';
import { FulfillmentStateEnum, OrderLineItemStateEnum } from './enums';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';

/*
 * Conditions on one field. All given conditions must hold. An empty `in` matches nothing. There is no "other than" and
 * no "or", because an index must serve every filter (docs/query-views.md).
 */

/**
 * Returns the filter of a list, which must have no nulls in it. To some clients null means "no value", to others "no
 * condition". Read as "no condition", a null returns all rows to a program that lost its value. An absent field is no
 * condition. The filter as a whole may be null.
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

const anyOf = (what: string) => `Is one of these ${what}, at most ${maxListed}. An empty list matches nothing.`;

@InputType({
  description: 'Conditions on a text. All given conditions must hold; none may be null. Upper and lower case differ.',
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
    description: 'Begins with exactly this text; there are no wildcards.',
  })
  startsWith?: string;
  @Field(() => Boolean, { nullable: true, description: 'True: the field has no value. False: the field has a value.' })
  isNull?: boolean;
}

@InputType({
  description:
    'Conditions on an id. All given conditions must hold; none may be null. A text that is no id matches nothing.',
})
export class IDFilter {
  @Field(() => ID, { nullable: true, description: 'Is this id, in upper or lower case, with or without dashes.' })
  eq?: string;
  @Field(() => [ID], {
    nullable: true,
    description: anyOf('ids, each in any spelling'),
  })
  in?: string[];
  @Field(() => Boolean, { nullable: true, description: 'True: the field has no value. False: the field has a value.' })
  isNull?: boolean;
}

@InputType({ description: 'Conditions on a calendar day. All given conditions must hold; none may be null.' })
export class DateFilter {
  @Field(() => DateScalar, { nullable: true, description: 'Is exactly this day.' }) eq?: string;
  @Field(() => [DateScalar], { nullable: true, description: anyOf('days') }) in?: string[];
  @Field(() => DateScalar, { nullable: true, description: 'Is this day or later.' }) gte?: string;
  @Field(() => DateScalar, { nullable: true, description: 'Is this day or earlier.' }) lte?: string;
  @Field(() => Boolean, { nullable: true, description: 'True: the field has no value. False: the field has a value.' })
  isNull?: boolean;
}

@InputType({ description: 'Conditions on an amount or a number. All given conditions must hold; none may be null.' })
export class DecimalFilter {
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly this amount; 10 and 10.00 are the same.' })
  eq?: string;
  @Field(() => [DecimalScalar], { nullable: true, description: anyOf('amounts') }) in?: string[];
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly this amount or a larger one.' }) gte?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is larger than this amount.' })
  gt?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is exactly this amount or a smaller one.' }) lte?: string;
  @Field(() => DecimalScalar, { nullable: true, description: 'Is smaller than this amount.' })
  lt?: string;
}

@InputType({
  description:
    'Conditions on a time: a half-open span, so that one span can follow another without overlap. Neither end may be null.',
})
export class DateTimeFilter {
  @Field(() => DateTimeScalar, { nullable: true, description: 'Is this instant or later.' }) gte?: string;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Is before this instant.' }) lt?: string;
}

@InputType({
  description: 'Conditions on the state of a fulfillment. All given conditions must hold; none may be null.',
})
export class FulfillmentStateFilter {
  @Field(() => FulfillmentStateEnum, { nullable: true, description: 'Stands in exactly this state.' })
  eq?: FulfillmentState;
  @Field(() => [FulfillmentStateEnum], {
    nullable: true,
    description: 'Stands in one of these states. An empty list matches nothing.',
  })
  in?: FulfillmentState[];
}

@InputType({
  description: 'Conditions on the state of a line item. All given conditions must hold; none may be null.',
})
export class OrderLineItemStateFilter {
  @Field(() => OrderLineItemStateEnum, { nullable: true, description: 'Stands in exactly this state.' })
  eq?: OrderLineItemState;
  @Field(() => [OrderLineItemStateEnum], {
    nullable: true,
    description: 'Stands in one of these states. An empty list matches nothing.',
  })
  in?: OrderLineItemState[];
}

/** The conditions on enums, by the name of the enum. */
export const enumFilters: Readonly<Record<string, object>> = {
  FulfillmentState: FulfillmentStateFilter,
  OrderLineItemState: OrderLineItemStateFilter,
};
