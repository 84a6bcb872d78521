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
    'A document that a client runs by its id. No id: only its client knows it by documentId. Source: GraphQL over HTTP, appendix A "Persisted documents"; Apollo and Relay, "Persisted queries".',
  simpleResolvers: true,
})
export class RegisteredDocument {
  @Field(() => ID, {
    description: "Hash of the document's text in hex digits, made by the tool of the client. Requests name this id.",
  })
  documentId: string;
  @Field(() => String, {
    nullable: true,
    description: 'Name of the only operation in the document; null if it is unnamed.',
  })
  operationName: string | null;
  @Field(() => Int, {
    description:
      'Highest cost of the document, in the unit of MAX_COST. Counts 100 rows for a page whose length is a variable, and ten entries for an input. A document above the limit of a request is refused when it is run.',
  })
  cost: number;
  @Field(() => DateTimeScalar, { description: 'Time of the first registration.' })
  registeredDate: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Day (UTC) from which the document is not served; null if there is none.',
  })
  retiredDate: string | null;
  @Field(() => [String], {
    description:
      'Deprecated parts of the schema that the document uses, each with its replacement; empty if there are none.',
  })
  deprecated: readonly string[];
}

@InputType({
  description: 'A manifest written by the tool of a client, and the client that runs its documents.',
})
class RegisterDocumentsInput {
  @Field(() => ID, {
    description:
      'The client_id of the client that runs the documents. It must see nothing beyond the entity and orgs of this request, otherwise NOT_FOUND. For a client of several entities, use the command line.',
  })
  clientId: string;
  @Field(() => String, {
    description:
      'JSON written by generate-persisted-query-manifest (Apollo), the Relay compiler or the GraphQL Code Generator, at most 2,000 documents. Each id must be the hash of its text, and each text must be valid.',
  })
  manifest: string;
}

@ObjectType({ description: 'Result of registerDocuments, or the errors that refused it.', simpleResolvers: true })
class RegisterDocumentsPayload {
  @Field(() => [RegisteredDocument], { description: 'The documents of the manifest, in its order; empty if refused.' })
  documents: readonly RegisteredDocument[];
  @Field(() => Int, {
    description: 'Number of new documents. The others were registered before, and stay as they are.',
  })
  added: number;
  @Field(() => [UserError], {
    description:
      'Errors from the business rules, each with the id of the document in its path. Empty if the mutation succeeded.',
  })
  userErrors: UserError[];
}

@Resolver()
export class RegisteredDocumentMutations {
  @Mutation(() => RegisterDocumentsPayload, {
    nullable: true,
    description:
      'Registers the documents of a manifest, all or nothing. Registering a manifest again changes nothing, so that every release can do it. An id never gets another text.',
  })
  @Extensions({ scope: 'admin' })
  registerDocuments(
    @Arg('input', () => RegisterDocumentsInput, {
      description: 'A manifest written by the tool of a client, and the client that runs its documents.',
    })
    input: RegisterDocumentsInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work, documentLimits }: GraphContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<RegisterDocumentsPayload> {
    const registered = work.run(dryRun, async ({ db: { connection }, caller }) => {
      try {
        // The role of the transaction may not read the clients.
        const clientId = await managedClient(work.services.db.aside(), input.clientId, caller);
        return await registerDocuments(connection, clientId, input.manifest, async (text) => {
          // Checking a manifest of 2 MB takes seconds.
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
