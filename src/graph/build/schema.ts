import 'reflect-metadata';
import {
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { type Scope, scopes } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { AccountResolver } from '../account';
import { BillRunResolver } from '../bill-run';
import { BillRunPreviewResolver, BillRunPreviewTotalResolver } from '../bill-run-preview';
import { DocumentMutations } from '../billing-document-mutation';
import { BillingSettingsResolver } from '../billing-settings';
import { ClientMutations, ClientResolver, RegisteredDocumentUseResolver, ViewerClientResolver } from '../client';
import type { GraphContext } from '../context';
import { CreditMemoResolver } from '../credit-memo';
import { errorTypes } from '../errors';
import { EventResolver } from '../event';
import { FulfillmentResolver } from '../fulfillment';
import { FulfillmentItemResolver } from '../fulfillment-item';
import { FulfillmentMutations } from '../fulfillment-mutation';
import { FulfillmentSummaryResolver } from '../fulfillment-summary';
import { HistoryEntryResolver } from '../history';
import { InvoiceResolver } from '../invoice';
import { NodeResolver } from '../node';
import { OrderResolver } from '../order';
import { OrderLineItemMutations } from '../order-line-item-mutation';
import { OrderLineItemRules } from '../order-line-item-rules';
import { PaymentMutations } from '../payment-mutation';
import { paced } from '../read/pace';
import { RegisteredDocumentMutations } from '../registered-document';
import { ViewerResolver } from '../viewer';
import { WebhookDeliveryResolver, WebhookEndpointResolver } from '../webhook-endpoint';
import { WebhookEndpointMutations } from '../webhook-endpoint-mutation';
import { resolveComputed } from './computed';
import { edgeResolvers, resolveEdges } from './edges';
import { Roots, resolveRoots } from './roots';
import { subgraphOf } from './subgraph';
import { withSubscriptions } from './subscriptions';

let built: GraphQLSchema | undefined;
let subgraph: GraphQLSchema | undefined;
let inFederation = false;

/** The schema that this process serves. */
export function schema(): GraphQLSchema {
  if (!inFederation) return own();
  subgraph ??= withGuard(subgraphOf(own()), 'Query', ['_entities', '_service']);
  return subgraph;
}

/**
 * Serves the schema as a subgraph of Apollo Federation 2, or as it is. Said once, before the first request: the whole process
 * has one schema.
 */
export function serveAsSubgraph(on: boolean): void {
  inFederation = on;
}

/** The schema without federation. Built once per process, because the metadata of the decorators exists once per process. */
function own(): GraphQLSchema {
  built ??= build();
  return built;
}

function build(): GraphQLSchema {
  const built = buildSchemaSync({
    // The check is a whole introspection query, two thirds of the time of a build. Apollo checks the schema anyway, and a test does.
    skipCheck: true,
    resolvers: [
      Roots,
      ...edgeResolvers,
      ViewerResolver,
      ViewerClientResolver,
      ClientResolver,
      ClientMutations,
      NodeResolver,
      BillingSettingsResolver,
      AccountResolver,
      OrderResolver,
      OrderLineItemRules,
      OrderLineItemMutations,
      FulfillmentResolver,
      FulfillmentMutations,
      FulfillmentItemResolver,
      FulfillmentSummaryResolver,
      InvoiceResolver,
      CreditMemoResolver,
      DocumentMutations,
      BillRunResolver,
      BillRunPreviewResolver,
      BillRunPreviewTotalResolver,
      PaymentMutations,
      HistoryEntryResolver,
      EventResolver,
      RegisteredDocumentMutations,
      RegisteredDocumentUseResolver,
      WebhookEndpointResolver,
      WebhookDeliveryResolver,
      WebhookEndpointMutations,
    ],
    orphanedTypes: errorTypes,
    validate: false,
  });
  resolveRoots(built);
  resolveEdges(built);
  resolveComputed(built);
  guarded(built);
  for (const type of Object.values(built.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = (value) => value.__typename;
  }
  paced(built);
  return withSubscriptions(built);
}

/** The text of schema.graphql; a test keeps both equal. */
export const schemaText = (): string => `${printSchema(lexicographicSortSchema(own()))}\n`;

/**
 * Checks once that every root field names its scope, writes the scope into the description, and guards the field. A
 * mutation begins with fresh loaders.
 */
function guarded(schema: GraphQLSchema): void {
  schema.description =
    'Fulfillments of order line items, and their billing. A sales line item is delivered in fulfillments, and a return line item is received in fulfillments. A fulfillment that is SentToBilling is billed, into an invoice or a credit memo. Begin with fulfillments or orderLineItems. Their fields lead to orders, accounts, invoices and payments. allowedTransitions of an object says what may be done to it next. Most mutations take dryRun, which shows the result and keeps nothing.';
  schema.getQueryType()!.description =
    'All reads. A caller gets only the objects that it may see; others are null, or missing from the list.';
  schema.getMutationType()!.description =
    'All changes. Several mutations in one request run one after another, each all or nothing. Refusals of the business rules come back as userErrors. Without the scope read, a mutation returns the columns of its objects and the fields that the rules compute. Every edge below needs read; otherwise the request is FORBIDDEN, and nothing is done.';
  withGuard(schema, 'Query');
  withGuard(schema, 'Mutation');
}

/** The same schema, with root fields that need their scope: all of a root type, or those with these names. */
function withGuard(schema: GraphQLSchema, root: 'Query' | 'Mutation', names?: readonly string[]): GraphQLSchema {
  const fields = (schema.getType(root) as GraphQLObjectType).getFields();
  for (const field of names ? names.map((name) => fields[name]) : Object.values(fields)) {
    // Null: the token itself is enough. That must be said, as a scope must.
    const scope = field.extensions.scope as Scope | null | undefined;
    if (scope === undefined || (scope !== null && !scopes.includes(scope))) {
      throw new Error(`${root}.${field.name} names no scope`);
    }
    field.description = `${field.description} Scope: ${scope ?? 'none'}.`;
    const resolve = field.resolve!;
    field.resolve = (source, args, context: GraphContext, info) => {
      if (scope !== null && !context.caller.scopes.has(scope)) {
        throw new RequestError(
          'FORBIDDEN',
          `${field.name} needs the scope "${scope}", which the client or its token does not have.`,
        );
      }
      if (root === 'Mutation') context.refresh();
      return resolve(source, args, context, info);
    };
  }
  return schema;
}
