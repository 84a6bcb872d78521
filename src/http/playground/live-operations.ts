import type { SampleOperation } from './sample';

/** Operations that follow what changes: event by event, or a reply that comes again. */
export const liveOperations: SampleOperation[] = [
  {
    title: 'Follow what changes',
    summary: 'Every change, the oldest first, from a cursor on.',
    group: 'Changes, live',
    needs: ['read'],
    query: `# Each change of an object is an event, also of
# one that is deleted. Send endCursor as $after to
# read what comes next. Nothing ever appears before
# a cursor that was given.
#
# The filter takes one type, such as
# "Fulfillment.Book", or all of a noun.

query FollowChanges(
  $after: String
  $filter: EventFilter
) {
  events(
    first: 10
    after: $after
    filter: $filter
  ) {
    nodes {
      type
      at
      toState
      version
      changes { field before after }
      subject {
        id
        ... on Fulfillment {
          fulfillmentNumber
          state
          quantity
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: { after: null, filter: { type: { startsWith: 'Fulfillment.' } } },
  },
  {
    title: 'Watch the fulfillments',
    summary: 'Live: how many are in each state, now and after each change.',
    group: 'Changes, live',
    needs: ['read'],
    query: `# A subscription: the answer comes at once, and
# again whenever it differs. Let it run, and book a
# fulfillment in another window.
#
# Each field of Query has a live twin.

subscription WatchFulfillments {
  fulfillmentCounts { state count }
}
`,
  },
  {
    title: 'Follow what happens, live',
    summary: 'Live: each change by itself, from now on or from a cursor on.',
    group: 'Changes, live',
    needs: ['read'],
    query: `# Each event comes by itself. With the cursor of
# the last one as $after, nothing is missed and
# nothing comes twice, however long it took.

subscription FollowLive(
  $after: String
  $filter: EventFilter
) {
  events(after: $after, filter: $filter) {
    cursor
    node {
      type
      at
      changes { field before after }
      subject {
        id
        ... on Fulfillment {
          fulfillmentNumber
          state
        }
      }
    }
  }
}
`,
    variables: { after: null, filter: null },
  },
];
