import type { SampleOperation } from './sample';

/** The request body published with "Create fulfillments" (POST /v1/fulfillments), to the letter. */
export const publishedBody = {
  fulfillments: [
    {
      billTargetDate: '2022-01-01',
      fulfillmentDate: '2022-01-01',
      fulfillmentType: 'Delivery',
      orderLineItemId: '4028828c82819b740182821bb23e15c4',
      quantity: 5,
      state: 'SentToBilling',
    },
    {
      billTargetDate: '2022-01-01',
      fulfillmentDate: '2022-01-01',
      fulfillmentType: 'Delivery',
      orderLineItemId: '4028828c82819b740182821bb23e15c4',
      quantity: 5,
      state: 'SentToBilling',
    },
  ],
  processingOptions: {
    billingOptions: {
      documentDate: '2022-01-01',
      targetDate: '2022-01-01',
    },
    collectPayment: true,
    runBilling: true,
  },
};

/** Operations on fulfillments: make them, find them, move them on. */
export const fulfillmentOperations: SampleOperation[] = [
  {
    title: 'Create fulfillments, bill them, collect the payment',
    summary: 'The published REST request, in one mutation.',
    group: 'Fulfillments',
    needs: ['read', 'fulfill', 'bill', 'pay'],
    query: `# Deliver twice 5 units of a line item, bill both
# into one invoice and collect the payment, in one
# call.
#
# $input (see Variables, below) is the request
# body published for POST /v1/fulfillments,
# unchanged.
#
# What is refused comes back in userErrors, with a
# code and a path into the input; nothing is
# written then.
#
# dryRun runs it all, and keeps nothing of it. Set
# dryRun to false to mean it.

mutation CreateFulfillments(
  $input: CreateFulfillmentsInput!
  $dryRun: Boolean!
) {
  createFulfillments(
    input: $input
    dryRun: $dryRun
  ) {
    fulfillments {
      id
      fulfillmentNumber
      state
      quantity
      amount
      orderLineItem {
        itemName
        quantity
        quantityPendingFulfillment
      }
    }
    invoices { invoiceNumber status amount balance }
    payments { paymentNumber status amount }
    paidAmount
    userErrors { code message path }
  }
}
`,
    variables: { input: publishedBody, dryRun: true },
  },
  {
    title: 'Follow the money',
    summary: 'Fulfillment, invoice item, invoice, payment: one round trip.',
    group: 'Fulfillments',
    needs: ['read'],
    query: `# From what was delivered to what was paid, in one
# round trip. What was billed last comes
# first here.

query FollowTheMoney {
  fulfillments(first: 3, filter: { billed: true }) {
    nodes {
      fulfillmentNumber
      quantity
      amount
      currency
      invoiceItems {
        chargeName
        quantity
        unitPrice
        chargeAmount
        taxAmount
        invoice {
          invoiceNumber
          status
          invoiceDate
          amount
          balance
          paymentApplications {
            amount
            appliedDate
            payment {
              paymentNumber
              status
              amount
              effectiveDate
            }
          }
        }
      }
    }
  }
}
`,
  },
  {
    title: 'List executing fulfillments',
    summary: 'Filter, order and page through a list.',
    group: 'Fulfillments',
    needs: ['read'],
    query: `# Fulfillments still on their way, newest first,
# five to a page. For the next page copy endCursor
# into the variable "after" and run it again.

query ExecutingFulfillments($after: String) {
  fulfillments(
    first: 5
    after: $after
    filter: { state: { eq: Executing } }
    orderBy: { field: createdDate, direction: DESC }
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      fulfillmentNumber
      fulfillmentDate
      quantity
      carrier
      trackingNumber
      orderLineItem {
        itemName
        order { orderNumber account { name } }
      }
      allowedTransitions {
        action
        to
        allowed
        blockedBy { code message }
      }
    }
  }
}
`,
    variables: { after: null },
  },
  {
    title: 'Rehearse a transition',
    summary: 'dryRun does everything and keeps nothing.',
    group: 'Fulfillments',
    needs: ['fulfill'],
    query: `# Would booking these work? dryRun runs the real
# code, answers, and takes it all back.
#
# Put numbers or ids from ExecutingFulfillments
# into "keys". A fulfillment in another state is
# refused with an error that says where it could
# go from there.
#
# Set dryRun to false to mean it. The step after
# this is sendFulfillmentsToBilling, with the same
# arguments.

mutation RehearseBooking(
  $keys: [ID!]!
  $dryRun: Boolean!
) {
  bookFulfillments(keys: $keys, dryRun: $dryRun) {
    fulfillments {
      fulfillmentNumber
      state
      allowedTransitions { action to allowed }
    }
    userErrors {
      code
      message
      path
      ... on FulfillmentTransitionNotAllowed {
        from
        to
        allowed
      }
    }
  }
}
`,
    variables: { keys: ['F-00000001'], dryRun: true },
  },
  {
    title: 'How it stood then',
    summary: 'An object at an instant of the past, from its history.',
    group: 'Fulfillments',
    needs: ['read'],
    query: `# The history says when what changed. Put one of its
# instants into "asOf", and set "past" to true: you
# see the fulfillment as it stood then.
#
# Edges show the present, so they are refused with
# asOf. "past" leaves the history out.

query HowItStood(
  $key: ID!
  $asOf: DateTime
  $past: Boolean!
) {
  fulfillment(key: $key, asOf: $asOf) {
    fulfillmentNumber
    state
    quantity
    amount
    version
    updatedDate
    history(first: 10) @skip(if: $past) {
      nodes {
        at
        action
        changes { field before after }
      }
    }
  }
}
`,
    variables: { key: 'F-00000002', asOf: null, past: false },
  },
];
