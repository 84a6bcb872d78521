import type { SampleOperation } from './sample';

export const orderLineItemOperations: SampleOperation[] = [
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
];
