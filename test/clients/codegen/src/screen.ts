import { type FragmentType, graphql, unmasked } from '../generated';
import type { CreateFulfillmentsInput, FulfillmentState } from '../generated/graphql';

/* A screen of one line item, and what is done there, as an app without a store of objects asks for it. */

export const stepFragment = graphql(`
  fragment Step on Fulfillment {
    id
    fulfillmentNumber
    state
    quantity
    billTargetDate
    allowedTransitions { action to allowed blockedBy { code message } }
    editableFields
  }
`);

export const lineItemQuery = graphql(`
  query LineItem($id: ID!, $after: String) {
    orderLineItem(id: $id) {
      id
      itemName
      quantity
      quantityPendingFulfillment
      customFields
      originalOrderLineItem { id itemName }
      fulfillments(first: 5, after: $after, orderBy: { field: createdDate }) {
        totalCount
        pageInfo { hasNextPage endCursor }
        edges { cursor node { ...Step } }
      }
    }
  }
`);

export const documentsQuery = graphql(`
  query Documents($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      id
      ... on BillingDocument { documentNumber amount }
      ... on Invoice { balance dueDate }
      ... on CreditMemo { unappliedAmount reasonCode }
    }
  }
`);

export const createMutation = graphql(`
  mutation Create($input: CreateFulfillmentsInput!) {
    createFulfillments(input: $input, onError: SkipFailed, dryRun: true) {
      fulfillments { ...Step }
      invoices { invoiceNumber balance }
      userErrors {
        __typename
        code
        message
        path
        ... on QuantityExceeded { requested available }
        ... on FulfillmentTransitionNotAllowed { from to allowedStates: allowed }
      }
    }
  }
`);

/** A state that is not among the schema's would not compile, nor would a field that may be null and is not asked for that. */
export function steps(step: FragmentType<typeof stepFragment>): string[] {
  const { state, quantity, billTargetDate, allowedTransitions } = unmasked(stepFragment, step);
  const open: FulfillmentState[] = ['Executing', 'Booked'];
  const due: string = billTargetDate ?? 'never';
  return open.includes(state) ? allowedTransitions.map(({ action }) => `${action} ${quantity.length} ${due}`) : [];
}

/** The published request is a value of the input: numbers are taken as quantities. */
export const input: CreateFulfillmentsInput = {
  fulfillments: [
    {
      orderLineItemId: '4028828c82819b740182821bb23e15c4',
      fulfillmentDate: '2022-01-01',
      quantity: 5,
      state: 'SentToBilling',
      billTargetDate: '2022-01-01',
      fulfillmentType: 'Delivery',
    },
  ],
  processingOptions: { runBilling: true, billingOptions: { documentDate: '2022-01-01', targetDate: '2022-01-01' } },
};
