import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';

/**
 * A query that follows what changes. Each query of the graph has a live twin, a subscription with the same fields: it
 * sends the present answer at once, and then each answer that differs. After a lost connection it sends the present
 * answer again, so nothing is missed.
 */
export function useLive<Data, Live extends Omit<Data, '__typename'>, Variables extends OperationVariables>(
  query: TypedDocumentNode<Data, Variables>,
  twin: TypedDocumentNode<Live, Variables>,
  variables: Variables,
) {
  const { data, previousData, error, refetch, subscribeToMore } = useQuery(
    query as TypedDocumentNode<Data, OperationVariables>,
    { variables },
  );
  const key = JSON.stringify(variables);
  useEffect(
    () =>
      subscribeToMore({
        document: twin as TypedDocumentNode<Live, OperationVariables>,
        variables: JSON.parse(key),
        updateQuery: (_, { subscriptionData }) => subscriptionData.data as never,
        // The banner of the page tells of a lost connection. If a subscription is refused, the query's answer stays.
        onError: () => {},
      }),
    [subscribeToMore, twin, key],
  );
  return { data: (data ?? previousData) as Data | undefined, error, refetch };
}
