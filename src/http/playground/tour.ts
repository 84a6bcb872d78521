import type { SampleOperation } from './sample';

/** A step of the tour: an operation, and what to look at in its reply. */
interface TourStep extends Omit<SampleOperation, 'group'> {
  /** What the reply shows, said before it is asked for. */
  look: string;
  /** The variable that takes numbers of fulfillments from an earlier reply; see `filled`. */
  takes?: 'keys';
}

const lineItem = '4028828c82819b740182821bb23e15c4';

const processingOptions = {
  runBilling: true,
  collectPayment: false,
  billingOptions: { documentDate: '2022-01-31', targetDate: '2022-01-31' },
};

const deliver = (name: string) => `mutation ${name}(
  $input: CreateFulfillmentsInput!
  $dryRun: Boolean!
) {
  createFulfillments(
    input: $input
    dryRun: $dryRun
  ) {
    fulfillments {
      fulfillmentNumber
      state
      quantity
      amount
      orderLineItem {
        itemName
        quantityPendingFulfillment
      }
    }
    userErrors { code message path }
  }
}
`;

const input = {
  fulfillments: [{ orderLineItemId: lineItem, fulfillmentDate: '2022-01-31', quantity: 3, state: 'Executing' }],
};

/** From a first query to a bill. On demo data each step runs as it comes, again and again. */
export const tour: TourStep[] = [
  {
    title: 'Ask a first question',
    summary: 'A line item of the demo, and how much of it is still to be delivered.',
    look: 'quantityPendingFulfillment is what is left. Hover over a name to read what it means.',
    needs: ['read'],
    query: `query TourLineItem {
  orderLineItem(
    id: "${lineItem}"
  ) {
    itemName
    quantity
    quantityPendingFulfillment
    amountPerUnit
    order { orderNumber account { name } }
  }
}
`,
  },
  {
    title: 'Rehearse a delivery',
    summary: 'dryRun: true runs the real code, answers, and keeps nothing.',
    look: 'The number reads DRYRUN-1, and the line item has 3 less to deliver. Ask again: nothing has changed.',
    needs: ['read', 'fulfill'],
    query: deliver('TourRehearse'),
    variables: { input, dryRun: true },
  },
  {
    title: 'Deliver',
    summary: 'The same mutation with dryRun: false. This one writes.',
    look: 'The fulfillment has a number now. The next steps take it from this reply.',
    needs: ['read', 'fulfill'],
    query: deliver('TourDeliver'),
    variables: { input, dryRun: false },
  },
  {
    title: 'Book it',
    summary: 'What was delivered is confirmed: from Executing to Booked.',
    look: 'allowedTransitions says what may follow, and what stands in the way of the rest.',
    needs: ['fulfill'],
    takes: 'keys',
    query: `mutation TourBook(
  $keys: [ID!]!
  $dryRun: Boolean!
) {
  bookFulfillments(keys: $keys, dryRun: $dryRun) {
    fulfillments {
      fulfillmentNumber
      state
      allowedTransitions {
        action
        to
        allowed
        blockedBy { code message }
      }
    }
    userErrors { code message path }
  }
}
`,
    variables: { keys: [], dryRun: false },
  },
  {
    title: 'Send it to billing, and bill it',
    summary: 'From Booked to SentToBilling. runBilling makes the invoice in the same call.',
    look: 'invoices holds the bill, posted, with what is to be paid.',
    needs: ['fulfill', 'bill'],
    takes: 'keys',
    query: `mutation TourBill(
  $keys: [ID!]!
  $billTargetDate: Date
  $processingOptions: ProcessingOptionsInput
  $dryRun: Boolean!
) {
  sendFulfillmentsToBilling(
    keys: $keys
    billTargetDate: $billTargetDate
    processingOptions: $processingOptions
    dryRun: $dryRun
  ) {
    fulfillments { fulfillmentNumber state billed }
    invoices { invoiceNumber status amount balance }
    userErrors { code message path }
  }
}
`,
    variables: { keys: [], billTargetDate: '2022-01-31', processingOptions, dryRun: false },
  },
  {
    title: 'Read the bill',
    summary: 'From the fulfillment to its invoice, item by item, in one round trip.',
    look: 'Who owes what, for which delivery, until when. That is the tour. The Samples have the rest.',
    needs: ['read'],
    takes: 'keys',
    query: `query TourInvoice($keys: [String!]!) {
  fulfillments(
    first: 5
    filter: { fulfillmentNumber: { in: $keys } }
  ) {
    nodes {
      fulfillmentNumber
      state
      amount
      invoiceItems {
        chargeName
        quantity
        unitPrice
        chargeAmount
        invoice {
          invoiceNumber
          status
          amount
          balance
          dueDate
          account { name }
        }
      }
    }
  }
}
`,
    variables: { keys: [] },
  },
];

/** Numbers of the fulfillments that a reply has created. None for another reply, or for a rehearsal. */
export function createdIn(data: unknown): string[] {
  const { createFulfillments } = (data ?? {}) as {
    createFulfillments?: { fulfillments?: ({ fulfillmentNumber?: string } | null)[] } | null;
  };
  const numbers = createFulfillments?.fulfillments?.map((each) => each?.fulfillmentNumber) ?? [];
  return numbers.filter((number): number is string => !!number && !number.startsWith('DRYRUN'));
}

/** The variables of a step, with the numbers of fulfillments that an earlier step has created. */
export function filled({ variables, takes }: TourStep, created: string[]): Record<string, unknown> | undefined {
  return takes ? { ...variables, [takes]: created } : variables;
}
