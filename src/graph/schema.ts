import 'reflect-metadata';
import {
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { type Scope, scopes } from '../domain/caller';
import { RequestError } from '../domain/errors';
import { AccountResolver, BillingDocumentResolver } from './account';
import { BillRunResolver } from './bill-run';
import { BillRunPreviewResolver, BillRunPreviewTotalResolver } from './bill-run-preview';
import { BillingSettingsResolver } from './billing-settings';
import type { GraphContext } from './context';
import { CreditMemoItemResolver, CreditMemoResolver } from './credit-memo';
import { DocumentMutations } from './document-mutation';
import { errorTypes } from './errors';
import { FulfillmentResolver } from './fulfillment';
import { FulfillmentItemResolver } from './fulfillment-item';
import { FulfillmentMutations } from './fulfillment-mutation';
import { FulfillmentSummaryResolver } from './fulfillment-summary';
import { HistoryEntryResolver } from './history';
import { InvoiceResolver } from './invoice';
import { type OneEdge, oneEdges } from './loaders';
import { NodeResolver } from './node';
import { OrderResolver } from './order';
import { OrderLineItemResolver } from './order-line-item';
import { OrderLineItemMutations } from './order-line-item-mutation';
import { OrderLineItemRules } from './order-line-item-rules';
import { paced } from './pace';
import { PaymentResolver } from './payment';
import { PaymentMutations } from './payment-mutation';
import { RegisteredDocumentMutations } from './registered-document';
import { ViewerResolver } from './viewer';

let built: GraphQLSchema | undefined;

/** The schema; built once per process, since the decorators' metadata is one per process. */
export function schema(): GraphQLSchema {
  built ??= build();
  return built;
}

function build(): GraphQLSchema {
  const built = guarded(
    buildSchemaSync({
      resolvers: [
        ViewerResolver,
        NodeResolver,
        BillingSettingsResolver,
        AccountResolver,
        OrderResolver,
        OrderLineItemResolver,
        OrderLineItemRules,
        OrderLineItemMutations,
        FulfillmentResolver,
        FulfillmentMutations,
        FulfillmentItemResolver,
        FulfillmentSummaryResolver,
        InvoiceResolver,
        CreditMemoResolver,
        CreditMemoItemResolver,
        BillingDocumentResolver,
        DocumentMutations,
        PaymentResolver,
        BillRunResolver,
        BillRunPreviewResolver,
        BillRunPreviewTotalResolver,
        PaymentMutations,
        HistoryEntryResolver,
        RegisteredDocumentMutations,
      ],
      orphanedTypes: errorTypes,
      validate: false,
    }),
  );
  for (const type of Object.values(built.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = (value) => value.__typename;
  }
  for (const edge of Object.keys(oneEdges) as OneEdge[]) followed(built, edge);
  paced(built);
  return built;
}

/** A to-one edge needs no resolver of its own: it leads to the row whose id it holds. */
function followed(schema: GraphQLSchema, edge: OneEdge): void {
  const [type, name] = edge.split('.');
  const { from } = oneEdges[edge];
  const field = (schema.getType(type) as GraphQLObjectType).getFields()[name];
  field.resolve ??= (row: Record<string, string | null>, _args, context: GraphContext, info) => {
    const id = row[from];
    return id === null ? null : context.follow(edge, id, info);
  };
}

/** As schema.graphql holds it; a test keeps the two equal. */
export const schemaText = (): string => `${printSchema(lexicographicSortSchema(schema()))}\n`;

/**
 * Every root field names the scope it needs: checked here once per field, and written into its description. A mutation
 * begins with fresh loaders.
 */
function guarded(schema: GraphQLSchema): GraphQLSchema {
  schema.getQueryType()!.description =
    'What can be read: of what the caller may see, and only that. What is elsewhere is null, or not in the list.';
  schema.getMutationType()!.description =
    'What can be done. Several in one request are carried out one after another, each all of it or nothing. What the rules refuse comes back as userErrors. Without the scope read a mutation shows the columns of what it returns, and what is judged of them; every edge below needs read, or else the request is FORBIDDEN and nothing is done.';
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const scope = field.extensions.scope as Scope | undefined;
      if (!scope || !scopes.includes(scope)) throw new Error(`${type}.${field.name} names no scope`);
      field.description = `${field.description} Scope: ${scope}.`;
      const resolve = field.resolve!;
      const mutates = type === schema.getMutationType();
      field.resolve = (source, args, context: GraphContext, info) => {
        if (!context.caller.scopes.has(scope)) {
          throw new RequestError(
            'FORBIDDEN',
            `${field.name} needs the scope "${scope}", which the client or its token does not have.`,
          );
        }
        if (mutates) context.refresh();
        return resolve(source, args, context, info);
      };
    }
  }
  return schema;
}
