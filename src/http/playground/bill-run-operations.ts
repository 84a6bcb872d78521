import type { SampleOperation } from './sample';

/**
 * A bill run from its preview to the posting of its documents. Mutations of bill runs have no dryRun, since the preview
 * takes its place.
 */
export const billRunOperations: SampleOperation[] = [
  {
    title: 'What a bill run would do',
    summary: 'Everything that is due up to a day, summed up.',
    group: 'Bill runs',
    needs: ['read'],
    query: `# What would be billed now, of each account, if a
# bill run were made? Nothing is written.
#
# accountKeys, a list of ids or account numbers,
# narrows it down.

query PreviewBillRun($input: CreateBillRunInput!) {
  previewBillRun(input: $input) {
    invoiceCount
    creditMemoCount
    totals {
      account { accountNumber name }
      currency
      itemCount
      invoiceAmount
      creditMemoAmount
    }
    failures { account { name } code message }
  }
}
`,
    variables: { input: { targetDate: '2026-03-31' } },
  },
  {
    title: 'Make a bill run',
    summary: 'Bills what is due into drafts, in the background.',
    group: 'Bill runs',
    needs: ['bill'],
    query: `# Bills everything that is due up to the target
# date. This is no rehearsal: cancelBillRun takes
# it back, as long as it is not posted.
#
# It is carried out in the background: put its
# number into WatchBillRun. Its documents are
# drafts until postBillRun posts them; with
# autoPost: true it does so by itself.

mutation CreateBillRun(
  $input: CreateBillRunInput!
) {
  createBillRun(input: $input) {
    billRun {
      billRunNumber
      status
      targetDate
      invoiceDate
    }
    userErrors { code message path }
  }
}
`,
    variables: { input: { targetDate: '2026-03-31', invoiceDate: '2026-03-31' } },
  },
  {
    title: 'Watch a bill run',
    summary: 'How far it is, what it made, whom it could not bill.',
    group: 'Bill runs',
    needs: ['read'],
    query: `# While a run is under way, done counts up to
# total. An account that the rules refuse is parked
# under failures, and the others go on. In this one
# totals had been entered as prices of one unit.

query WatchBillRun($key: ID!) {
  billRun(key: $key) {
    billRunNumber
    status
    targetDate
    total
    done
    failed
    startedDate
    finishedDate
    failures(first: 5) {
      nodes {
        account { accountNumber name }
        code
        message
      }
    }
    invoices(first: 5) {
      totalCount
      nodes {
        invoiceNumber
        status
        amount
        balance
        account { name }
      }
    }
    creditMemos(first: 5) {
      totalCount
      nodes {
        creditMemoNumber
        status
        amount
        unappliedAmount
        account { name }
      }
    }
    allowedActions {
      action
      allowed
      blockedBy { code message }
    }
  }
}
`,
    variables: { key: 'BR-00000002' },
  },
  {
    title: 'Post a bill run',
    summary: 'Its drafts become documents that count.',
    group: 'Bill runs',
    needs: ['bill'],
    query: `# This run is Completed, and its drafts wait. Once
# it is posted, which is done in the background
# too, they can be paid and credited. It is posted
# once: a second time is refused.
#
# billRuns(filter: { status: Completed }) lists
# the runs that wait.

mutation PostBillRun($key: ID!) {
  postBillRun(key: $key) {
    billRun { billRunNumber status total done }
    userErrors { code message path }
  }
}
`,
    variables: { key: 'BR-00000003' },
  },
];
