import { Field, ID, InputType } from 'type-graphql';

const url =
  'https:// URL that events are posted to, at most 2,000 characters, without user and password. It must lead to the public internet, otherwise INVALID_VALUE. Redirects are not followed.';
const description = 'Free text for people, at most 500 characters.';
const documentId =
  'Id of a document that is registered for the client: a query that runs with $id alone. Its result is sent along. Otherwise INVALID_VALUE.';

@InputType({ description: 'Where events are posted to, and which of them.' })
export class CreateWebhookEndpointInput {
  @Field(() => String, { description: url }) url: string;
  @Field(() => String, { nullable: true, description }) description?: string | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'Types of events, such as "Fulfillment.Book", or "Fulfillment." for all of a noun: 1 to 100. If null or absent, all events are sent.',
  })
  eventTypes?: string[] | null;
  @Field(() => ID, { nullable: true, description: documentId }) documentId?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Cursor of events: the endpoint is sent the events behind it. If absent, from now on. An unknown cursor is refused with BAD_CURSOR.',
  })
  after?: string | null;
}

@InputType({ description: 'Changes to a webhook endpoint. A field that is left out stays.' })
export class UpdateWebhookEndpointInput {
  @Field(() => String, { nullable: true, description: url }) url?: string | null;
  @Field(() => String, { nullable: true, description: `${description} Null removes it.` }) description?: string | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'Types of events from now on, such as "Fulfillment.Book", or "Fulfillment." for all of a noun: 1 to 100. Null: all events.',
  })
  eventTypes?: string[] | null;
  @Field(() => ID, { nullable: true, description: `${documentId} Null: events alone are sent.` })
  documentId?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    description:
      'False stops sending. True goes on where it stopped: deliveries that were given up are sent first, then the events since.',
  })
  enabled?: boolean | null;
}
