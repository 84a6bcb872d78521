import type { SampleOperation } from './sample';

/** Samples beyond the tabs: line items without fulfillments, returns, credits, settings. */
export const moreOperations: SampleOperation[] = [
  {
    title: 'Move a line item',
    summary: 'Fields, state and bill of one without fulfillments.',
    group: 'Line items and returns',
    needs: ['read', 'order', 'bill'],
    query: `# A line item without fulfillments is billed by
# itself: change it, send it to billing and bill
# it in one step. Lowering its quantity while it is
# Executing cancels a part of it.
#
# Set dryRun to false to mean it. What may follow
# is in allowedTransitions, what may be changed in
# editableFields. updateOrderLineItems moves up to
# 100 at once.

mutation RehearseLineItem(
  $id: ID!
  $input: UpdateOrderLineItemInput!
  $dryRun: Boolean!
) {
  updateOrderLineItem(
    id: $id
    input: $input
    dryRun: $dryRun
  ) {
    orderLineItem {
      itemName
      itemState
      quantity
      amount
      quantityFulfilled
      quantityAvailableForReturn
      allowedTransitions {
        to
        allowed
        blockedBy { code message }
      }
      editableFields
      order { orderNumber state }
    }
    invoices { invoiceNumber amount dueDate }
    userErrors { code message path }
  }
}
`,
    variables: {
      id: '4028828c82819b7401828a5f0c6e2d11',
      input: {
        quantity: 2,
        itemState: 'SentToBilling',
        processingOptions: { runBilling: true, billingOptions: { targetDate: '2022-01-31' } },
      },
      dryRun: true,
    },
  },
  {
    title: 'Take something back',
    summary: 'A return order, credited in the same act.',
    group: 'Line items and returns',
    needs: ['read', 'order', 'bill'],
    query: `# A return names what was sold by the number of
# its order and its number there. Price, discount,
# tax and unit are the sale's; the quantity is at
# most its quantityAvailableForReturn.
#
# This one has no fulfillments, so the credit memo
# comes at once. With billingRule
# TriggerAsFulfillmentOccurs and itemState Booked,
# it is received in fulfillments, and credited as
# they are.
#
# Set dryRun to false to mean it.

mutation RehearseReturn(
  $input: CreateOrderInput!
  $dryRun: Boolean!
) {
  createOrder(input: $input, dryRun: $dryRun) {
    order {
      orderNumber
      category
      orderLineItems {
        nodes {
          itemState
          quantity
          amount
          originalOrderLineItem {
            itemName
            quantity
            quantityAvailableForReturn
          }
        }
      }
    }
    creditMemos {
      creditMemoNumber
      status
      amount
      unappliedAmount
      reasonCode
    }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        existingAccountNumber: 'A00000001',
        orderDate: '2022-02-01',
        category: 'Return',
        orderLineItems: [
          {
            itemName: 'Sensor unit',
            itemCategory: 'Return',
            originalOrderNumber: 'O-00000001',
            originalOrderLineItemNumber: '1',
            quantity: 1,
            itemState: 'SentToBilling',
            billTargetDate: '2022-02-01',
          },
        ],
        processingOptions: { runBilling: true, billingOptions: { targetDate: '2022-02-01' } },
      },
      dryRun: true,
    },
  },
  {
    title: 'What was credited',
    summary: 'Credit memo, return, sale, invoice: the way back.',
    group: 'Line items and returns',
    needs: ['read'],
    query: `# From a credit memo to what came back, and on to
# what had been sold and billed. The rate is the
# one that the sale was billed with.

query CreditMemos {
  creditMemos(first: 3) {
    totalCount
    nodes {
      creditMemoNumber
      status
      creditMemoDate
      currency
      amount
      taxAmount
      unappliedAmount
      account { accountNumber name }
      creditMemoItems {
        nodes {
          chargeName
          quantity
          amount
          amountWithoutTax
          taxRate
          fulfillment {
            fulfillmentNumber
            fulfillmentType
          }
          orderLineItem {
            quantity
            quantityPendingFulfillment
            order { orderNumber }
            originalOrderLineItem {
              order { orderNumber }
              quantityAvailableForReturn
              invoiceItems {
                nodes {
                  chargeAmount
                  taxRate
                  invoice { invoiceNumber }
                }
              }
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
    title: 'Partly received returns',
    summary: 'Filter by category, rule and what is pending.',
    group: 'Line items and returns',
    needs: ['read'],
    query: `# Returns of which something is still on its way.

query ReturnsUnderWay {
  orderLineItems(
    first: 5
    filter: {
      itemCategory: Return
      billingRule: TriggerAsFulfillmentOccurs
      itemState: { eq: Booked }
      hasPendingQuantity: true
    }
  ) {
    totalCount
    nodes {
      id
      itemName
      description
      quantity
      quantityFulfilled
      quantityPendingFulfillment
      order { orderNumber account { name } }
      originalOrderLineItem {
        itemState
        quantity
        quantityAvailableForReturn
      }
      fulfillments {
        nodes {
          fulfillmentNumber
          state
          quantity
          billed
        }
      }
    }
  }
}
`,
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
  {
    title: 'Settings',
    summary: 'How this entity bills, and what it lets be named.',
    group: 'Settings',
    needs: ['read'],
    query: `# The settings of the entity, for all of its orgs.
# updateBillingSettings changes them: what is given
# replaces, what is left out stays.

query Settings {
  billingSettings {
    invoiceSettlement
    creditMemoRule
    inclusiveTaxRule
    roundingMode
    taxCodes { code rate }
    units { name decimals roundingMode }
    carriers
    fulfillmentSystems
    fulfillmentLocations
  }
}
`,
  },
  {
    title: 'My client',
    summary: 'What the client of the token uses, and the secrets that it has.',
    group: 'Settings',
    needs: ['read'],
    query: `# What the client behind your token did in the last
# days, which documents it has registered and what
# they cost, and which secrets are accepted.
#
# rotateClientSecret gives the client a new secret,
# and shows it once.

query MyClient {
  viewer {
    client {
      usage(days: 7) {
        day
        requests
        cost
        errors { code count }
      }
      documents(first: 5) {
        totalCount
        nodes {
          documentId
          cost
          useCount
          lastUsedDate
        }
      }
      secrets {
        id
        current
        createdDate
        endsDate
        lastUsedDate
      }
    }
  }
}
`,
  },
  {
    title: 'Rehearse a change of settings',
    summary: 'What is given replaces, what is left out stays.',
    group: 'Settings',
    needs: ['admin'],
    query: `# A list is replaced whole: here one carrier more.
# What stands already keeps its carrier, unit and
# amount. A tax code that a line item has cannot be
# taken away, but its rate may change; returns keep
# the rate that their sale was billed with.

mutation RehearseSettings(
  $input: BillingSettingsInput!
  $dryRun: Boolean!
) {
  updateBillingSettings(
    input: $input
    dryRun: $dryRun
  ) {
    billingSettings {
      carriers
      units { name decimals roundingMode }
    }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        carriers: ['CarrierA', 'CarrierB', 'FastFreight', 'DHL', 'UPS', 'By bicycle'],
      },
      dryRun: true,
    },
  },
];
