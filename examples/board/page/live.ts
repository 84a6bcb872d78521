import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';

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
  const [refused, setRefused] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt subscribes again
  useEffect(
    () =>
      subscribeToMore({
        document: twin as TypedDocumentNode<Live, OperationVariables>,
        variables: JSON.parse(key),
        updateQuery: (_, { subscriptionData }) => subscriptionData.data as never,
        // Not a lost connection, which comes back by itself, but a refusal, such as of too many subscriptions.
        onError: setRefused,
      }),
    [subscribeToMore, twin, key, attempt],
  );
  const again = () => {
    setRefused(undefined);
    setAttempt(attempt + 1);
    return refetch();
  };
  return { data: (data ?? previousData) as Data | undefined, error: error ?? refused, refetch: again };
}
