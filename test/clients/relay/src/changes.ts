import { commitMutation, type Environment, graphql } from 'relay-runtime';
import type { changesDeleteMutation } from '../generated/changesDeleteMutation.graphql';
import type { changesNodesQuery$data } from '../generated/changesNodesQuery.graphql';

/* Mutations that keep the store of the client true, and objects of several types at once. */

export const createMutation = graphql`
  mutation changesCreateMutation($input: CreateFulfillmentsInput!, $connections: [ID!]!) {
    createFulfillments(input: $input, dryRun: true) {
      fulfillments @appendNode(connections: $connections, edgeTypeName: "FulfillmentEdge") {
        fulfillmentNumber
        amount
        orderLineItem { quantityPendingFulfillment }
      }
      userErrors {
        code
        message
        path
        retryable
        ... on QuantityExceeded { requested available }
        ... on VersionConflict { current { __typename id } }
      }
    }
  }
`;

export const deleteMutation = graphql`
  mutation changesDeleteMutation($key: ID!, $connections: [ID!]!) {
    deleteFulfillment(key: $key, dryRun: true) {
      deletedId @deleteEdge(connections: $connections) @deleteRecord
      orderLineItem { quantityPendingFulfillment }
      userErrors { code message }
    }
  }
`;

export const nodesQuery = graphql`
  query changesNodesQuery($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      id
      ... on BillingDocument { documentNumber documentDate amount account { name } }
      ... on Fulfillment { billingDocuments { __typename ... on Invoice { balance } ... on CreditMemo { unappliedAmount } } }
      ... on OrderLineItem { itemName ...FulfillmentList_orderLineItem @alias(as: "fulfillments") }
    }
  }
`;

export function remove(environment: Environment, key: string): void {
  commitMutation<changesDeleteMutation>(environment, {
    mutation: deleteMutation,
    variables: { key, connections: [] },
    onCompleted: ({ deleteFulfillment }) => {
      const deleted: string | null | undefined = deleteFulfillment?.deletedId;
      const codes = deleteFulfillment?.userErrors.map(({ code }) => code) ?? [];
      if (!deleted && codes.includes('NOT_DELETABLE')) throw new Error('it is on its way');
    },
  });
}

export const kinds = ({ nodes }: changesNodesQuery$data): string[] =>
  nodes.flatMap((node) => (node ? [`${node.__typename} ${node.documentNumber ?? node.itemName ?? ''}`] : []));
