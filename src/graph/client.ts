import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { type DocumentMode, documentModeMeanings } from '../domain/registered-document';
import { longestOverlap, rotateClientSecret } from '../service/client-rotation';
import { mostSecrets } from '../service/client-secret';
import { keptDays } from '../store/client-day';
import { connectionType, PageArgs } from './build/connection-types';
import type { GraphContext } from './context';
import { enumType } from './enums';
import { Payload, payload } from './errors';
import { ownDays, ownDocuments, ownSecrets, runsOf } from './read/client';
import { ownEndpoints } from './read/webhooks';
import { RegisteredDocument } from './registered-document';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';
import { Viewer } from './viewer';
import { WebhookEndpoint } from './webhook-endpoint';

const DocumentModeEnum = enumType<DocumentMode>(
  'DocumentMode',
  'Which documents a client may run over GraphQL.',
  documentModeMeanings,
);

@ObjectType({
  description: 'A client_secret that is accepted, without its text.',
  simpleResolvers: true,
})
class ClientSecret {
  @Field(() => ID, { description: 'Id of the secret, as npm run client -- list shows it. It is no secret itself.' })
  id: string;
  @Field(() => DateTimeScalar, { description: 'Time when the secret was made.' }) createdDate: string;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time from which the secret is not accepted, nor a token issued for it; null if it has no end.',
  })
  endsDate: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When a token was last issued for the secret, to the minute; null if there was none yet.',
  })
  lastUsedDate: string | null;
  @Field(() => Boolean, { description: 'Whether the token of this request was issued for this secret.' })
  current: boolean;
}

@ObjectType({
  description: 'How often a code was among the errors of a client on a day. No id: part of its day.',
  simpleResolvers: true,
})
class ClientErrorCount {
  @Field(() => String, {
    description: 'A code of userErrors or of extensions.code, such as QUANTITY_EXCEEDED or RATE_LIMITED.',
  })
  code: string;
  @Field(() => DecimalScalar, { description: 'Number of errors with this code. A reply may have several.' })
  count: string;
}

@ObjectType({
  description: 'What a client did on a day, over GraphQL and REST. No id: part of its client.',
  simpleResolvers: true,
})
export class ClientDay {
  @Field(() => DateScalar, { description: 'The day that is counted, from midnight to midnight in UTC.' }) day: string;
  @Field(() => DecimalScalar, {
    description: 'Number of requests with a valid token, refused ones included, and of operations over a WebSocket.',
  })
  requests: string;
  @Field(() => DecimalScalar, {
    description: 'Cost of what was read, in the unit of MAX_COST; live reads and documents of webhooks included.',
  })
  cost: string;
  @Field(() => [ClientErrorCount], { description: 'Errors by code, the most frequent first.' })
  errors: ClientErrorCount[];
}

const RegisteredDocumentConnection = connectionType(RegisteredDocument, 'RegisteredDocument');

@ObjectType({
  description:
    'The client of the token, and what it may see and change of itself. No id: there is one, that of the token.',
  simpleResolvers: true,
})
export class Client {
  @Field(() => DocumentModeEnum, { description: 'Which documents the client may run besides its registered ones.' })
  documentMode: DocumentMode;
}

@Resolver(() => Viewer)
export class ViewerClientResolver {
  @FieldResolver(() => Client, { description: 'What the client may see of itself: documents, secrets and usage.' })
  client(@Ctx() { caller }: GraphContext): Client {
    return { documentMode: caller.documentMode ?? 'Open' };
  }
}

@Resolver(() => Client)
export class ClientResolver {
  @FieldResolver(() => RegisteredDocumentConnection, {
    description: 'Registered documents of the client, retired ones included, in the order of registration.',
  })
  documents(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): object {
    return ownDocuments(context, args, schema);
  }

  @FieldResolver(() => [ClientSecret], {
    description:
      'Secrets of the client that are accepted, the newest first; empty if the client signs in with an outside issuer.',
  })
  secrets(@Ctx() context: GraphContext): Promise<ClientSecret[]> {
    return ownSecrets(context);
  }

  @FieldResolver(() => [ClientDay], {
    description:
      'Requests, cost and errors of the latest days, the latest first. A day without any is left out. The last 5 seconds may be missing; a crash of the gateway loses as much.',
  })
  usage(
    @Arg('days', () => Int, {
      defaultValue: 7,
      description: `Number of days, today included: 1 to ${keptDays}, otherwise BAD_REQUEST. Older days are deleted.`,
    })
    days: number,
    @Ctx() context: GraphContext,
  ): Promise<ClientDay[]> {
    return ownDays(context, days);
  }

  @FieldResolver(() => [WebhookEndpoint], {
    description:
      'Webhook endpoints of the client in the entity of this request, as in Query.webhookEndpoints. BAD_REQUEST if the client has several entities and the request names none.',
  })
  @Extensions({ needsEntity: true })
  webhookEndpoints(@Ctx() context: GraphContext): Promise<object[]> {
    return ownEndpoints(context);
  }
}

@Resolver(() => RegisteredDocument)
export class RegisteredDocumentUseResolver {
  @FieldResolver(() => DecimalScalar, {
    description:
      'How often the document was run, by requests, live reads and webhooks. Text that a client in the mode Open sends is not counted. The last 5 seconds may be missing.',
  })
  async useCount(@Root() { id }: { id: string } & RegisteredDocument, @Ctx() context: GraphContext): Promise<string> {
    return (await runsOf(context, id)).count;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'When the document was last run; null if it never was. The last 5 seconds may be missing.',
  })
  async lastUsedDate(
    @Root() { id }: { id: string } & RegisteredDocument,
    @Ctx() context: GraphContext,
  ): Promise<string | null> {
    return (await runsOf(context, id)).lastUsedDate;
  }
}

@ObjectType({ description: 'Result of rotateClientSecret, or the errors that refused it.', simpleResolvers: true })
class RotateClientSecretPayload extends Payload {
  @Field(() => ClientSecret, { nullable: true, description: 'The new secret, without its text; null if refused.' })
  clientSecret: ClientSecret | null;
  @Field(() => String, {
    nullable: true,
    description: 'The new client_secret. Shown once; null if refused. With an Idempotency-Key, a retry shows it again.',
  })
  secret: string | null;
}

@Resolver()
export class ClientMutations {
  @Mutation(() => RotateClientSecretPayload, {
    nullable: true,
    description: `Gives the client of the token a new secret, and shows it. The others end after the overlap, with their tokens. LIMIT_EXCEEDED if ${mostSecrets} are live. PERMISSION_DENIED for a token with less than all rights of its client, or of an outside issuer.`,
  })
  @Extensions({ scope: null })
  rotateClientSecret(
    @Arg('overlapHours', () => Int, {
      defaultValue: 24,
      description: `Hours until the other secrets end: 0 to ${longestOverlap}, otherwise INVALID_VALUE. 0 ends them at once, with the token of this request. None is prolonged.`,
    })
    overlapHours: number,
    @Ctx() { work }: GraphContext,
  ): Promise<RotateClientSecretPayload> {
    return payload<RotateClientSecretPayload, Awaited<ReturnType<typeof rotateClientSecret>>>(
      rotateClientSecret(work, overlapHours),
      ({ clientSecret, secret }) => ({ clientSecret: { ...clientSecret, current: false }, secret }),
      { clientSecret: null, secret: null },
    );
  }
}
