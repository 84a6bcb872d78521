// The page shows these operations in its first tabs and its "Samples" panel. The tests validate and run them against
// the real schema. The page bundles this file, so it may import nothing but more sample files.
import { billRunOperations } from './bill-run-operations';
import { documentOperations } from './document-operations';
import { fulfillmentOperations } from './fulfillment-operations';
import { liveOperations } from './live-operations';
import { orderLineItemOperations } from './order-line-item-operations';
import type { SampleOperation } from './sample';
import { settingsOperations } from './settings-operations';

// The first operation has no variables: GraphiQL 5 shows variables of its opening tab only after a change of tab.
export const sampleOperations: SampleOperation[] = [
  {
    title: 'Explore',
    summary: 'Who am I, which line items are there, and what may happen to them next?',
    group: 'Start here',
    needs: ['read'],
    query: `# Welcome. Run this with the button at the right,
# or Ctrl+Enter. Then go on to the next tab.
#
# At the far left: the book describes every type,
# field and argument; the page below it lists the
# samples: there are more than tabs. Hover over a
# name to read about it, press Ctrl+Space to
# complete one.

query Explore {
  # The client behind the token, and its rights.
  viewer {
    clientId
    scopes
    entity { name }
    orgs { id name }
  }

  # Line items that are delivered in fulfillments.
  orderLineItems(
    first: 5
    filter: {
      billingRule: TriggerAsFulfillmentOccurs
    }
    orderBy: { field: createdDate, direction: ASC }
  ) {
    nodes {
      id
      itemNumber
      itemName
      itemCategory
      itemState
      quantity
      quantityFulfilled
      quantityPendingFulfillment

      order {
        orderNumber
        account { accountNumber name }
      }

      fulfillments(first: 3) {
        nodes {
          fulfillmentNumber
          state
          quantity
          amount

          # The next steps; blockedBy says what
          # stands in the way of one.
          allowedTransitions {
            action
            to
            allowed
            blockedBy { code message }
          }
        }
      }
    }
  }
}
`,
  },
  ...fulfillmentOperations,
  ...orderLineItemOperations,
  ...settingsOperations,
  ...documentOperations,
  ...billRunOperations,
  ...liveOperations,
];
