import type { GraphQLSchema } from 'graphql';
import { Arg, Ctx, Extensions, Field, ID, Info, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { Refusal, userError } from '../domain/errors';
import { redeliver } from '../service/webhook-delivery';
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
} from '../service/webhook-endpoint';
import { eventsNow } from '../store/event';
import type { WebhookEndpointRow } from '../store/webhook-endpoint';
import type { GraphContext } from './context';
import { Payload, payload } from './errors';
import { judgeWebhookDocument } from './guard/webhook-document';
import { checkEventCursor, decodeEventCursor, type EventCursor } from './read/events';
import { shownEndpoint } from './read/webhooks';
import { WebhookEndpoint } from './webhook-endpoint';
import { CreateWebhookEndpointInput, UpdateWebhookEndpointInput } from './webhook-endpoint-input';

@ObjectType({
  description: 'Result of a mutation of a webhook endpoint, or the errors that refused it.',
  simpleResolvers: true,
})
export class WebhookEndpointPayload extends Payload {
  @Field(() => WebhookEndpoint, {
    nullable: true,
    description: 'The endpoint after the mutation; null if it was refused, and after deleteWebhookEndpoint.',
  })
  webhookEndpoint: WebhookEndpoint | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The secret that signs, such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw. Shown once, by createWebhookEndpoint and rotateWebhookSecret; otherwise null.',
  })
  secret: string | null;
  @Field(() => ID, { nullable: true, description: 'Id of the deleted endpoint; null if nothing was deleted.' })
  deletedId: string | null;
}

@ObjectType({ description: 'Result of redeliverWebhooks, or the errors that refused it.', simpleResolvers: true })
export class RedeliverWebhooksPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'Number of deliveries that are sent again; null if refused.' })
  count: number | null;
}

const refused = { webhookEndpoint: null, secret: null, deletedId: null };

type Result = { webhookEndpoint: WebhookEndpointRow; secret?: string } | { deletedId: string };

const shown = (result: Promise<Result>): Promise<WebhookEndpointPayload> =>
  payload<WebhookEndpointPayload, Result>(
    result,
    (done) =>
      'deletedId' in done
        ? { ...refused, deletedId: done.deletedId }
        : {
            ...refused,
            webhookEndpoint: shownEndpoint(done.webhookEndpoint) as object as WebhookEndpoint,
            secret: done.secret ?? null,
          },
    refused,
  );

/** The position that a cursor of events names. @throws RequestError BAD_CURSOR */
async function positionOf({ work }: GraphContext, cursor: string): Promise<EventCursor> {
  const position = decodeEventCursor(cursor);
  checkEventCursor(position, await eventsNow(work.reads().connection));
  return position;
}

const judgeFor =
  ({ documentLimits }: GraphContext, schema: GraphQLSchema) =>
  (text: string): string | undefined =>
    judgeWebhookDocument(schema, text, documentLimits);

const idArgument = { description: "Id of a webhook endpoint of the caller's client, in any spelling." };

@Resolver()
export class WebhookEndpointMutations {
  @Mutation(() => WebhookEndpointPayload, {
    nullable: true,
    description:
      'Creates a webhook endpoint of the client, and shows its secret. LIMIT_EXCEEDED if the client has 50 in this entity. PERMISSION_DENIED without the scope read.',
  })
  @Extensions({ scope: 'webhook' })
  async createWebhookEndpoint(
    @Arg('input', () => CreateWebhookEndpointInput, { description: 'Where events are posted to, and which of them.' })
    input: CreateWebhookEndpointInput,
    @Ctx() context: GraphContext,
    @Info() { schema }: { schema: GraphQLSchema },
  ): Promise<WebhookEndpointPayload> {
    const { after, ...fields } = input;
    const from = after == null ? undefined : await positionOf(context, after);
    return shown(createWebhookEndpoint(context.work, fields, judgeFor(context, schema), from));
  }

  @Mutation(() => WebhookEndpointPayload, {
    nullable: true,
    description: 'Changes a webhook endpoint, or disables or enables it. What is under way arrives as it was.',
  })
  @Extensions({ scope: 'webhook' })
  updateWebhookEndpoint(
    @Arg('id', () => ID, idArgument) id: string,
    @Arg('input', () => UpdateWebhookEndpointInput, { description: 'The fields to change.' })
    input: UpdateWebhookEndpointInput,
    @Ctx() context: GraphContext,
    @Info() { schema }: { schema: GraphQLSchema },
  ): Promise<WebhookEndpointPayload> {
    return shown(updateWebhookEndpoint(context.work, id, input, judgeFor(context, schema)));
  }

  @Mutation(() => WebhookEndpointPayload, {
    nullable: true,
    description:
      'Gives a webhook endpoint a new secret, and shows it. For 24 hours, requests are signed with the new secret and with the previous one.',
  })
  @Extensions({ scope: 'webhook' })
  rotateWebhookSecret(
    @Arg('id', () => ID, idArgument) id: string,
    @Ctx() { work }: GraphContext,
  ): Promise<WebhookEndpointPayload> {
    return shown(rotateWebhookSecret(work, id));
  }

  @Mutation(() => WebhookEndpointPayload, {
    nullable: true,
    description: 'Deletes a webhook endpoint with its deliveries. Nothing is sent to it from now on.',
  })
  @Extensions({ scope: 'webhook' })
  deleteWebhookEndpoint(
    @Arg('id', () => ID, idArgument) id: string,
    @Ctx() { work }: GraphContext,
  ): Promise<WebhookEndpointPayload> {
    return shown(deleteWebhookEndpoint(work, id));
  }

  @Mutation(() => WebhookEndpointPayload, {
    nullable: true,
    description:
      'Sends an event of the type Webhook.Test to a webhook endpoint. It waits for no other delivery. If the endpoint is disabled, it is sent once the endpoint is enabled.',
  })
  @Extensions({ scope: 'webhook' })
  testWebhookEndpoint(
    @Arg('id', () => ID, idArgument) id: string,
    @Ctx() { work }: GraphContext,
  ): Promise<WebhookEndpointPayload> {
    return shown(testWebhookEndpoint(work, id));
  }

  @Mutation(() => RedeliverWebhooksPayload, {
    nullable: true,
    description:
      'Sends events to a webhook endpoint again, delivered or not. Give either deliveryIds or after, otherwise INVALID_VALUE. Each keeps its webhook-id, and the order per object is kept.',
  })
  @Extensions({ scope: 'webhook' })
  async redeliverWebhooks(
    @Arg('id', () => ID, idArgument) id: string,
    @Arg('deliveryIds', () => [ID], {
      nullable: true,
      description: 'Ids of deliveries of the endpoint, 1 to 1,000. NOT_FOUND if it has no such delivery.',
    })
    deliveryIds: string[] | null,
    @Arg('after', () => String, {
      nullable: true,
      description:
        'Cursor of events: all events behind it that the endpoint wants are sent again, in their order, before new events. An unknown cursor is refused with BAD_CURSOR.',
    })
    after: string | null,
    @Ctx() context: GraphContext,
  ): Promise<RedeliverWebhooksPayload> {
    return payload(again(context, id, deliveryIds, after), ({ count }) => ({ count }), { count: null });
  }
}

async function again(
  context: GraphContext,
  id: string,
  deliveryIds: string[] | null,
  after: string | null,
): Promise<{ count: number }> {
  if ((deliveryIds == null) === (after == null)) {
    const path = deliveryIds == null ? 'deliveryIds' : 'after';
    throw new Refusal([userError('INVALID_VALUE', 'Give either deliveryIds or after, and not both.', [path])]);
  }
  const what = after == null ? { deliveryIds: deliveryIds! } : { after: await positionOf(context, after) };
  return redeliver(context.work, id, what);
}
