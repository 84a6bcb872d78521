import type { SampleOperation } from './sample';

/** Operations on invoices, credit memos and payments. */
export const documentOperations: SampleOperation[] = [
  {
    title: 'Drafts, and what may be done to them',
    summary: 'Invoices and credit memos that wait to be posted.',
    group: 'Invoices, credit memos, payments',
    needs: ['read'],
    query: `# A bill run has made these. What may be done to a
# document now stands in its allowedActions, with
# every reason against the rest.

query Drafts {
  invoices(first: 3, filter: { status: Draft }) {
    totalCount
    nodes {
      invoiceNumber
      amount
      dueDate
      account { accountNumber name }
      billRun { billRunNumber status }
      allowedActions {
        action
        allowed
        blockedBy { code message }
      }
    }
  }
  creditMemos(first: 3, filter: { status: Draft }) {
    totalCount
    nodes {
      creditMemoNumber
      amount
      reasonCode
      account { accountNumber name }
      allowedActions { action allowed }
    }
  }
}
`,
  },
  {
    title: 'Rehearse posting a document',
    summary: 'A credit memo and its sister invoice go together.',
    group: 'Invoices, credit memos, payments',
    needs: ['bill'],
    query: `# An invoice and a credit memo that one act made of
# the same group are sisters: they are posted,
# unposted and canceled together.
#
# unpostCreditMemo and cancelCreditMemo take the
# same arguments, and so do postInvoice,
# unpostInvoice and cancelInvoice.

mutation RehearsePosting(
  $key: ID!
  $dryRun: Boolean!
) {
  postCreditMemo(key: $key, dryRun: $dryRun) {
    creditMemo {
      creditMemoNumber
      status
      postedDate
      unappliedAmount
    }
    invoices { invoiceNumber status balance }
    userErrors { code message path }
  }
}
`,
    variables: { key: 'CM00000091', dryRun: true },
  },
  {
    title: 'Rehearse a reversal',
    summary: 'A posted invoice is taken back whole.',
    group: 'Invoices, credit memos, payments',
    needs: ['read', 'bill'],
    query: `# A credit memo with the same items is put against
# the invoice, which then owes nothing. What it
# charges is billed again by the next run; with
# rebill: false it never is.
#
# Only an invoice is reversed to which nothing is
# applied.

mutation RehearseReversal(
  $key: ID!
  $dryRun: Boolean!
) {
  reverseInvoice(key: $key, dryRun: $dryRun) {
    invoice {
      invoiceNumber
      status
      reversed
      amount
      balance
      invoiceItems {
        nodes {
          chargeName
          fulfillment { fulfillmentNumber billed }
        }
      }
    }
    creditMemos {
      creditMemoNumber
      status
      amount
      appliedAmount
      reasonCode
    }
    userErrors { code message path }
  }
}
`,
    variables: { key: 'INV00000204', dryRun: true },
  },
  {
    title: 'Rehearse applying a credit memo',
    summary: 'What is left of it against an invoice.',
    group: 'Invoices, credit memos, payments',
    needs: ['read', 'bill'],
    query: `# A part of this memo is applied already. All that
# fits goes against the invoice where no amount is
# given. unapplyCreditMemo takes it off again, with
# the same arguments.

mutation RehearseCredit(
  $key: ID!
  $invoiceKey: ID!
  $amount: Decimal
  $dryRun: Boolean!
) {
  applyCreditMemo(
    key: $key
    invoiceKey: $invoiceKey
    amount: $amount
    dryRun: $dryRun
  ) {
    creditMemo {
      creditMemoNumber
      amount
      appliedAmount
      unappliedAmount
      applications {
        amount
        invoice { invoiceNumber balance }
      }
    }
    userErrors { code message path }
  }
}
`,
    variables: { key: 'CM00000090', invoiceKey: 'INV00000201', amount: null, dryRun: true },
  },
  {
    title: 'Rehearse collecting a payment',
    summary: 'What invoices owe, one payment for each account.',
    group: 'Invoices, credit memos, payments',
    needs: ['read', 'pay'],
    query: `# Collects what these invoices owe by the payment
# methods of their accounts: all of it or nothing.
# A rehearsal does not ask the payment gateway.

mutation RehearseCollection(
  $invoiceKeys: [ID!]!
  $dryRun: Boolean!
) {
  collectPayment(
    invoiceKeys: $invoiceKeys
    dryRun: $dryRun
  ) {
    payments {
      paymentNumber
      status
      amount
      currency
      account { name paymentMethod { label } }
    }
    invoices { invoiceNumber amount balance }
    paidAmount
    userErrors { code message path }
  }
}
`,
    variables: { invoiceKeys: ['INV00000201', 'INV00000203'], dryRun: true },
  },
  {
    title: 'Rehearse a refund',
    summary: 'A part of a payment is paid back and owed again.',
    group: 'Invoices, credit memos, payments',
    needs: ['pay'],
    query: `# This payment was refunded in part before. What is
# paid back now is taken from the invoice, which
# owes it again. Without an amount all that is left
# is paid back.

mutation RehearseRefund(
  $key: ID!
  $amount: Decimal
  $dryRun: Boolean!
) {
  refundPayment(
    key: $key
    amount: $amount
    dryRun: $dryRun
  ) {
    payment {
      paymentNumber
      status
      amount
      appliedAmount
      refundAmount
    }
    invoices { invoiceNumber balance }
    userErrors { code message path }
  }
}
`,
    variables: { key: 'P-00000078', amount: '50.00', dryRun: true },
  },
];
