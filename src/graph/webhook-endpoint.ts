import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { idOf } from '../domain/key';
import type { WebhookDeliveryStatus } from '../domain/webhook-endpoint';
import type { HistoryEntryRow } from '../store/history';
import type { WebhookDeliveryRow } from '../store/webhook-delivery';
import { connectionType } from './build/connection-types';
import { typeOf } from './build/types';
import type { GraphContext } from './context';
import { enumType } from './enums';
import { Node } from './node';
import type { RelayConnection } from './read/connections';
import { deliveriesOf, eventOf, nextAttempt, ownEndpoint, ownEndpoints, pendingCount } from './read/webhooks';
import { DateTimeScalar } from './scalars';

export const WebhookDeliveryStatusEnum = enumType<WebhookDeliveryStatus>(
  'WebhookDeliveryStatus',
  'How far the delivery of an event to a webhook endpoint is.',
  {
    Pending: 'Not delivered yet: under way, waiting for its retry, or for an earlier delivery about the same object.',
    Delivered: 'The endpoint answered with a status of 200 to 299.',
    Failed:
      'Given up after retries over three days, or after the answer 410, or because the client no longer sees the event. Once the endpoint is enabled again, it is sent again.',
  },
);

@ObjectType({
  implements: Node,
  description:
    'One event that is sent to a webhook endpoint, at least once. Delivered deliveries are deleted after 30 days; the event stays in the history.',
  simpleResolvers: true,
})
export class WebhookDelivery extends Node {
  @Field(() => WebhookDeliveryStatusEnum, {
    description: 'Whether the endpoint has accepted the event, will be asked again, or was given up.',
  })
  status: WebhookDeliveryStatus;
  @Field(() => Int, {
    description: 'Attempts that have ended, since the delivery was last asked for. Retries are spread over three days.',
  })
  attempts: number;
  @Field(() => Int, {
    nullable: true,
    description: 'HTTP status of the last answer; null if there was none yet, or if the last attempt got no answer.',
  })
  responseStatus: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'Why the last attempt failed, in short; null if it did not, or if there was none yet.',
  })
  error: string | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'Time of the delivery; null if it is not Delivered.' })
  deliveredDate: string | null;
}

const WebhookDeliveryConnection = connectionType(WebhookDelivery, 'WebhookDelivery');

@ObjectType({
  implements: Node,
  description:
    'A URL to which events are sent as signed POST requests. It belongs to the client that made it, and is sent what that client sees at the time. Source: Standard Webhooks.',
  simpleResolvers: true,
})
export class WebhookEndpoint extends Node {
  @Field(() => String, { description: 'Address that events are posted to.' }) url: string;
  @Field(() => String, { nullable: true, description: 'Free text for people; null if none was given.' })
  description: string | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'Types of the events that are sent, such as Fulfillment.Book; a text that ends with a dot stands for all of a noun. Null: all events.',
  })
  eventTypes: string[] | null;
  @Field(() => ID, {
    nullable: true,
    description:
      "Registered document whose result is sent along: a query that is run as this client, with the id of the event's object as $id. Null: events alone are sent.",
  })
  documentId: string | null;
  @Field(() => Boolean, {
    description: 'Whether events are sent. A disabled endpoint goes on where it stopped once it is enabled.',
  })
  enabled: boolean;
  @Field(() => String, { nullable: true, description: 'Why the endpoint is disabled; null if it is enabled.' })
  disabledReason: string | null;
  @Field(() => DateTimeScalar, { description: 'Time of the creation.' }) createdDate: string;
}

@ArgsType()
class DeliveriesArguments {
  @Field(() => Int, {
    nullable: true,
    description: 'Number of deliveries: 0 to 100, otherwise PAGE_SIZE. Default: 20.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Only deliveries behind this cursor, such as the endCursor of the previous page. A cursor of another list or status is refused with BAD_CURSOR.',
  })
  after?: string | null;
  @Field(() => WebhookDeliveryStatusEnum, {
    nullable: true,
    description: 'Only what was accepted, only what waits, or only what was given up. If absent, all.',
  })
  status?: WebhookDeliveryStatus | null;
}

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  @Query(() => [WebhookEndpoint], {
    nullable: true,
    description: "The webhook endpoints of the caller's client in this entity, in the order of creation; at most 50.",
  })
  @Extensions({ scope: 'read' })
  webhookEndpoints(@Ctx() context: GraphContext): Promise<object[]> {
    return ownEndpoints(context);
  }

  @Query(() => WebhookEndpoint, {
    nullable: true,
    description: "The webhook endpoint with this id; null if the caller's client has none.",
  })
  @Extensions({ scope: 'read' })
  async webhookEndpoint(
    @Arg('id', () => ID, { description: 'Id that createWebhookEndpoint gave, in any spelling.' }) id: string,
    @Ctx() context: GraphContext,
  ): Promise<object | null> {
    const key = idOf(id);
    return key ? ownEndpoint(context, key) : null;
  }

  @FieldResolver(() => Int, {
    description: 'Number of deliveries that are Pending. Events that were written a moment ago may not be counted yet.',
  })
  pendingCount(@Root() { id }: WebhookEndpoint, @Ctx() context: GraphContext): Promise<number> {
    return pendingCount(context, id);
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    description: 'Deliveries of events that the request sees, the newest event first.',
  })
  deliveries(
    @Root() { id }: WebhookEndpoint,
    @Args(() => DeliveriesArguments) args: DeliveriesArguments,
    @Ctx() context: GraphContext,
  ): RelayConnection<WebhookDeliveryRow> {
    return deliveriesOf(context, id, args);
  }
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description:
      'Time of the next attempt. If the time has passed, the delivery waits for its turn. While an attempt is under way, the time when another process would repeat it. Null if the delivery is not Pending, waits for an earlier one about the same object, or the endpoint is disabled.',
  })
  nextAttemptDate(@Root() delivery: WebhookDeliveryRow, @Ctx() context: GraphContext): Promise<string | null> {
    return nextAttempt(context, delivery);
  }

  @FieldResolver(() => typeOf('historyEntry'), {
    description:
      'The event that is delivered. That of a test has the type Webhook.Test, and the endpoint as its subject; it is no entry of the history.',
  })
  event(
    @Root() delivery: WebhookDeliveryRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<HistoryEntryRow> {
    return eventOf(context, delivery, info);
  }
}
