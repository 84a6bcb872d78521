import type { TypedDocumentNode } from '@apollo/client';
import { useApolloClient } from '@apollo/client/react';
import { columnOf, filterOf } from './board';
import type { Context, Refusal } from './form';
import {
  BookDocument,
  CancelDocument,
  type CardFragment,
  ColumnDocument,
  CompleteDocument,
  type FulfillmentAction,
  type FulfillmentState,
  type MovedFragment,
  SendToBillingDocument,
  type SendToBillingMutationVariables,
} from './generated/graphql';
import { useRoute } from './route';

interface Moved {
  moved: MovedFragment | null;
}
type Variables = SendToBillingMutationVariables;
type MoveDocument = TypedDocumentNode<Moved, Variables>;

const documents: Record<FulfillmentAction, MoveDocument> = {
  Book: BookDocument as MoveDocument,
  Cancel: CancelDocument as MoveDocument,
  Complete: CompleteDocument as MoveDocument,
  SendToBilling: SendToBillingDocument as MoveDocument,
};

export type MoveOptions = Pick<Variables, 'billTargetDate' | 'options'>;

/**
 * Moves a fulfillment at the version that the person has seen. The card changes its column at once, and goes back if
 * the server refuses. Returns the refusals.
 */
export function useMove() {
  const client = useApolloClient();
  const { params } = useRoute();
  return async (
    card: CardFragment,
    { action, to }: { action: FulfillmentAction; to: FulfillmentState },
    options: MoveOptions,
    context: Context,
  ): Promise<readonly Refusal[]> => {
    const { data } = await client.mutate<Moved, Variables>({
      mutation: documents[action],
      context,
      variables: { key: card.id, version: card.version, ...options },
      optimisticResponse: {
        moved: {
          __typename: 'TransitionFulfillmentsPayload',
          fulfillments: [{ ...onlyCard(card), state: to }],
          userErrors: [],
        },
      },
      // The card has left its column by its state alone. Here it enters the other one, ahead of the live answer.
      update(cache, { data }) {
        const [moved] = data?.moved?.fulfillments ?? [];
        if (!moved) return;
        cache.updateQuery({ query: ColumnDocument, variables: columnOf(filterOf(params), moved.state) }, (column) => {
          const list = column?.fulfillments;
          if (!list || list.nodes.some(({ id }) => id === moved.id)) return column;
          return { ...column, fulfillments: { ...list, nodes: [moved, ...list.nodes] } };
        });
      },
    });
    return data?.moved?.userErrors ?? [];
  };
}

/** The fields of a card alone: an optimistic answer has what its document asks for, and nothing else. */
function onlyCard(card: CardFragment): CardFragment {
  const { __typename, id, version, fulfillmentNumber, fulfillmentType, state, quantity } = card;
  const { amount, currency, fulfillmentDate, orderLineItem } = card;
  return {
    ...{ __typename, id, version, fulfillmentNumber, fulfillmentType, state, quantity },
    ...{ amount, currency, fulfillmentDate, orderLineItem },
  };
}
