import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, ID, Info, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { below, Refusal } from '../domain/errors';
import { managedClient, registerDocuments } from '../service/registered-document';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { payload, UserError } from './errors';
import { checkDocument } from './guard/document-check';
import { turn } from './read/event-loop';
import { DateScalar, DateTimeScalar } from './scalars';

@ObjectType({
  description:
    'A document that a client runs by its id. Source: GraphQL over HTTP, appendix A "Persisted documents"; Apollo and Relay, "Persisted queries".',
  simpleResolvers: true,
})
export class RegisteredDocument {
  @Field(() => ID, {
    description: 'The hash of its text in hex digits, as the tool of the client has made it: what requests name.',
  })
  documentId: string;
  @Field(() => String, { nullable: true, description: 'What its one operation is called; null where it is not.' })
  operationName: string | null;
  @Field(() => Int, {
    description:
      'What it may cost, in the unit of MAX_COST: with pages of 100 where a variable says how long they are, and ten entries of an input. More than the limit of a request is refused when it is asked for.',
  })
  cost: number;
  @Field(() => DateTimeScalar, { description: 'The instant at which it was handed over for the first time.' })
  registeredDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'From this day on (UTC) it is not served; null where it is.',
  })
  retiredDate: string | null;
  @Field(() => [String], {
    description:
      'What it uses of the schema that is to go, each with what to use instead; empty where there is nothing.',
  })
  deprecated: readonly string[];
}

@InputType({
  description: 'A manifest as the tool of a client has written it, and which client is to run what it holds.',
})
export class RegisterDocumentsInput {
  @Field(() => ID, {
    description:
      'The client_id of the client that runs them: one that sees nothing beyond the entity and orgs of this request, else NOT_FOUND. One of several entities is for the command line.',
  })
  clientId: string;
  @Field(() => String, {
    description:
      'The JSON that generate-persisted-query-manifest (Apollo), the Relay compiler or the GraphQL Code Generator has written, at most 2,000 documents. Each id must be the hash of its text, and each text valid.',
  })
  manifest: string;
}

@ObjectType({ description: 'What a manifest brought about, or why it was refused.', simpleResolvers: true })
export class RegisterDocumentsPayload {
  @Field(() => [RegisteredDocument], { description: 'Those of the manifest, in its order; empty where refused.' })
  documents: readonly RegisteredDocument[];
  @Field(() => Int, {
    description: 'How many of them are new; the others were registered before, and stay as they are.',
  })
  added: number;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with the id of the document in the path; empty where it was done.',
  })
  userErrors: UserError[];
}

@Resolver()
export class RegisteredDocumentMutations {
  @Mutation(() => RegisterDocumentsPayload, {
    nullable: true,
    description:
      'Registers the documents of a manifest, all or nothing. Importing one again changes nothing, so it can go along with every release; an id never gets another text.',
  })
  @Extensions({ scope: 'admin' })
  registerDocuments(
    @Arg('input', () => RegisterDocumentsInput, {
      description: 'A manifest as the tool of a client has written it, and which client that is.',
    })
    input: RegisterDocumentsInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work, documentLimits }: GraphContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<RegisterDocumentsPayload> {
    const registered = work.run(dryRun, async ({ db: { connection }, caller }) => {
      try {
        // What clients there are is not for the role of the transaction to see.
        const clientId = await managedClient(work.services.db.aside(), input.clientId, caller);
        return await registerDocuments(connection, clientId, input.manifest, async (text) => {
          // A manifest of 2 MB takes seconds to check.
          await turn(text.length);
          return checkDocument(schema, text, documentLimits);
        });
      } catch (error) {
        throw error instanceof Refusal ? new Refusal(below(['input'], error.errors)) : error;
      }
    });
    return payload(registered, (result) => result, { documents: [], added: 0 });
  }
}
