import { Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import { type UserError as DomainError, isRetryable, Refusal } from '../domain/errors';
import type { FulfillmentState } from '../domain/fulfillment-state';
import type { OrderLineItemState } from '../domain/order-line-item';
import { tellRefused } from '../service/run/refusal-channel';
import { FulfillmentStateEnum, OrderLineItemStateEnum, UserErrorCodeEnum } from './enums';
import { Node } from './node';
import { DecimalScalar } from './scalars';

@InterfaceType({
  description:
    'Something the rules refuse. An interface, so that a new kind of error never breaks a query that was written before it.',
})
export abstract class UserError {
  @Field(() => UserErrorCodeEnum, { description: 'What is wrong, for programs.' }) code: keyof typeof UserErrorCodeEnum;
  @Field(() => String, { description: 'What is wrong and what is allowed, for people. The wording may change.' })
  message: string;
  @Field(() => [String], {
    description: 'Where it is wrong: the way into the arguments, such as ["input", "fulfillments", "3", "quantity"].',
  })
  path: string[];
  @Field(() => Boolean, { description: 'Whether the same request, unchanged, may succeed later.' }) retryable: boolean;
}

@ObjectType({
  implements: UserError,
  description: 'Every error whose code has no type of its own; what it says stands in code, message and path.',
  simpleResolvers: true,
})
export class BusinessError extends UserError {}

@ObjectType({
  implements: UserError,
  description:
    'The state machine has no such move of a fulfillment, or no such start: TRANSITION_NOT_ALLOWED or STATE_NOT_CREATABLE.',
  simpleResolvers: true,
})
export class FulfillmentTransitionNotAllowed extends UserError {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    description: 'Where it stands; null where it was to be created.',
  })
  from: FulfillmentState | null;
  @Field(() => FulfillmentStateEnum, { description: 'Where it was to go, or to start.' }) to: FulfillmentState;
  @Field(() => [FulfillmentStateEnum], {
    description: 'Where it can go, or start, instead; empty where nothing can follow.',
  })
  allowed: FulfillmentState[];
}

@ObjectType({
  implements: UserError,
  description:
    'The state machine has no such move of a line item, or no such start: TRANSITION_NOT_ALLOWED or STATE_NOT_CREATABLE.',
  simpleResolvers: true,
})
export class OrderLineItemTransitionNotAllowed extends UserError {
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Where it stands; null where it was to be created.',
  })
  from: OrderLineItemState | null;
  @Field(() => OrderLineItemStateEnum, { description: 'Where it was to go, or to start.' }) to: OrderLineItemState;
  @Field(() => [OrderLineItemStateEnum], {
    description: 'Where it can go, or start, instead; empty where nothing can follow.',
  })
  allowed: OrderLineItemState[];
}

@ObjectType({
  implements: UserError,
  description: 'More was asked for than is pending or can be returned, or more items than a fulfillment has quantity.',
  simpleResolvers: true,
})
export class QuantityExceeded extends UserError {
  @Field(() => DecimalScalar, { description: 'How much was asked for, rounded to its unit.' }) requested: string;
  @Field(() => DecimalScalar, { description: 'How much there is, in the same unit.' }) available: string;
}

@ObjectType({
  implements: UserError,
  description: 'The object has changed since the version that expectedVersion named.',
  simpleResolvers: true,
})
export class VersionConflict extends UserError {
  @Field(() => Int, { description: 'The version it has now, to be named at the next try.' }) currentVersion: number;
  @Field(() => Node, { description: 'The object as it is now, to be compared with what was to be written.' })
  current: Node;
}

export const errorTypes = [
  BusinessError,
  FulfillmentTransitionNotAllowed,
  OrderLineItemTransitionNotAllowed,
  QuantityExceeded,
  VersionConflict,
];

/** A refusal of the rules as the graph shows it. `present` tags the object that a version conflict hands back. */
export function shownError({ code, message, path, details }: DomainError, present: (row: object) => object): UserError {
  const { kind = 'BusinessError', ...rest } = details ?? {};
  const more = 'current' in rest ? { ...rest, current: present(rest.current) } : rest;
  return { __typename: kind, code, message, path, retryable: isRetryable(code), ...more } as unknown as UserError;
}

/** The payload of a mutation: what it did, or what the rules refuse. Everything else is thrown on. */
export async function payload<P extends { userErrors: UserError[] }, R extends object>(
  result: Promise<R>,
  done: (result: R) => Omit<P, 'userErrors'>,
  refused: Omit<P, 'userErrors'>,
  present: (row: object) => object = (row) => row,
): Promise<P> {
  try {
    const value = await result;
    const skipped = 'userErrors' in value ? (value.userErrors as DomainError[]) : [];
    tellRefused(skipped);
    const userErrors = skipped.map((error) => shownError(error, present));
    return { ...done(value), userErrors } as P;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tellRefused(error.errors);
    return { ...refused, userErrors: error.errors.map((each) => shownError(each, present)) } as P;
  }
}
