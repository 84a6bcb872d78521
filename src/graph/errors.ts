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
    'An error from the business rules. It is an interface, so that a new kind of error does not break older queries.',
})
export abstract class UserError {
  @Field(() => UserErrorCodeEnum, { description: 'Kind of error, for programs.' }) code: keyof typeof UserErrorCodeEnum;
  @Field(() => String, { description: 'What is wrong and what is allowed, for people. The wording may change.' })
  message: string;
  @Field(() => [String], {
    description: 'Path into the arguments to the wrong value, such as ["input", "fulfillments", "3", "quantity"].',
  })
  path: string[];
  @Field(() => Boolean, { description: 'Whether the same request, unchanged, may succeed later.' }) retryable: boolean;
}

@ObjectType({
  implements: UserError,
  description: 'An error whose code has no type of its own; code, message and path say everything.',
  simpleResolvers: true,
})
export class BusinessError extends UserError {}

@ObjectType({
  implements: UserError,
  description:
    'The state machine has no such transition of a fulfillment, or no such start: TRANSITION_NOT_ALLOWED or STATE_NOT_CREATABLE.',
  simpleResolvers: true,
})
export class FulfillmentTransitionNotAllowed extends UserError {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    description: 'Current state; null if the fulfillment was to be created.',
  })
  from: FulfillmentState | null;
  @Field(() => FulfillmentStateEnum, { description: 'The requested state.' }) to: FulfillmentState;
  @Field(() => [FulfillmentStateEnum], {
    description: 'States that are possible instead; empty if none can follow.',
  })
  allowed: FulfillmentState[];
}

@ObjectType({
  implements: UserError,
  description:
    'The state machine has no such transition of a line item, or no such start: TRANSITION_NOT_ALLOWED or STATE_NOT_CREATABLE.',
  simpleResolvers: true,
})
export class OrderLineItemTransitionNotAllowed extends UserError {
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Current state; null if the line item was to be created.',
  })
  from: OrderLineItemState | null;
  @Field(() => OrderLineItemStateEnum, { description: 'The requested state.' }) to: OrderLineItemState;
  @Field(() => [OrderLineItemStateEnum], {
    description: 'States that are possible instead; empty if none can follow.',
  })
  allowed: OrderLineItemState[];
}

@ObjectType({
  implements: UserError,
  description:
    'The requested quantity is more than is pending or can be returned, or a fulfillment would have more items than its quantity.',
  simpleResolvers: true,
})
export class QuantityExceeded extends UserError {
  @Field(() => DecimalScalar, { description: 'Requested quantity, rounded to its unit.' }) requested: string;
  @Field(() => DecimalScalar, { description: 'Quantity that is left, in the same unit.' }) available: string;
}

@ObjectType({
  implements: UserError,
  description: 'The object has changed since the version that expectedVersion named.',
  simpleResolvers: true,
})
export class VersionConflict extends UserError {
  @Field(() => Int, { description: 'Current version of the object, to send with the next attempt.' })
  currentVersion: number;
  @Field(() => Node, { description: 'The object as it is now, to compare with the intended change.' })
  current: Node;
}

export const errorTypes = [
  BusinessError,
  FulfillmentTransitionNotAllowed,
  OrderLineItemTransitionNotAllowed,
  QuantityExceeded,
  VersionConflict,
];

/** The part of a payload that most mutations have. */
@ObjectType({ simpleResolvers: true })
export abstract class Payload {
  @Field(() => [UserError], {
    description:
      'Errors from the business rules, each with a path into the arguments. Empty if the mutation succeeded.',
  })
  userErrors: UserError[];
}

/**
 * Turns a refusal of the rules into the error that the graph shows. `present` tags the object that a version conflict
 * returns.
 */
function shownError({ code, message, path, details }: DomainError, present: (row: object) => object): UserError {
  const { kind = 'BusinessError', ...rest } = details ?? {};
  const more = 'current' in rest ? { ...rest, current: present(rest.current) } : rest;
  return { __typename: kind, code, message, path, retryable: isRetryable(code), ...more } as unknown as UserError;
}

/** The payload of a mutation: its result, or the errors from the business rules. All other errors are thrown on. */
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
