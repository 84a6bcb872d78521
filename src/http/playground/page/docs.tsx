import { DOC_EXPLORER_PLUGIN, DocExplorer } from '@graphiql/plugin-doc-explorer';
import { useGraphiQL } from '@graphiql/react';
import { type GraphQLNamedType, type GraphQLSchema, isInputObjectType, isObjectType, isScalarType } from 'graphql';
import { useMemo } from 'react';

/** The types that people look for, in the order of the story: from what is delivered to what is paid. */
const nouns = [
  ...['Fulfillment', 'FulfillmentItem', 'OrderLineItem', 'Order', 'Account', 'Invoice', 'InvoiceItem', 'CreditMemo'],
  ...['CreditMemoItem', 'Payment', 'BillRun', 'BillingSettings', 'HistoryEntry', 'WebhookEndpoint', 'Viewer'],
];

/**
 * Puts the types that people look for first in the documentation's list, and what only carries others last. GraphiQL
 * lists types in the order of this map, which is that of an introspection.
 */
function sortTypes(schema: GraphQLSchema): void {
  const types = schema.getTypeMap();
  const sorted = Object.values(types).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  for (const { name } of sorted) delete types[name];
  for (const type of sorted) types[type.name] = type;
}

function rank(type: GraphQLNamedType): number {
  const { name } = type;
  const place = nouns.indexOf(name);
  if (place >= 0) return place;
  if (/(Connection|Edge)$/.test(name)) return 900;
  if (name.endsWith('Payload')) return 300;
  if (isScalarType(type)) return 500;
  if (isInputObjectType(type)) return 400;
  return isObjectType(type) ? 100 : 200;
}

function Docs() {
  const schema = useGraphiQL((state) => state.schema);
  // Before the first drawing of a schema, since the list is not drawn again.
  useMemo(() => schema && sortTypes(schema), [schema]);
  return <DocExplorer />;
}

// GraphiQL gives its documentation a store only where it is this very plugin, so it gets another content.
DOC_EXPLORER_PLUGIN.content = Docs;

/** GraphiQL's documentation, with the types that people look for first. */
export const docsPlugin = DOC_EXPLORER_PLUGIN;
