import { resolve } from 'node:path';
import { deliveriesOf } from '../operations.js';
import { words } from './gateway.js';
import { nodeFlags, startProcess } from './process.js';

/** The usual way: Apollo Server, type-graphql, TypeORM's find and save, DataLoader. The server is in naive/. */
export const naive = {
  label: 'Apollo + TypeORM',
  applicationName: 'bench-naive',

  async start({ url, entityId }) {
    const server = resolve(import.meta.dirname, '../dist/naive/server.js');
    const running = await startProcess('naive', process.execPath, [...nodeFlags, server], {
      DATABASE_URL: url,
      ENTITY_ID: entityId,
    });
    return { ...running, headers: async () => ({}) };
  },

  path: () => '/graphql',
  operations: {
    Q1: {
      query: `query Q1($id: ID!) { orderLineItem(id: $id) { ${words.lineAlone} } }`,
      variables: (given) => given,
    },
    Q2: {
      query: `query Q2($day: String!, $first: Int!, $after: String) {
        fulfillments(state: SentToBilling, billTargetDate: $day, first: $first, after: $after) {
          nodes { ${words.fulfillment} orderLineItem { ${words.line} order { ${words.order} } } }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      variables: (given) => given,
    },
    Q3: {
      query: `query Q3($id: ID!) {
        order(id: $id) {
          ${words.order}
          orderLineItems { nodes {
            ${words.line}
            fulfillments(first: 100) { nodes {
              ${words.fulfillmentShort}
              invoiceItems { ${words.invoiceItem} invoice { ${words.invoice} } }
            } }
          } }
        }
      }`,
      variables: (given) => given,
    },
    Q4: {
      query: `query Q4($id: ID!) {
        orderLineItems(accountId: $id, first: 100) { nodes {
          ${words.line}
          fulfillments(first: 10) { totalCount nodes { ${words.fulfillmentShort} } }
        } }
      }`,
      variables: (given) => given,
    },
    M1: {
      query: `mutation M1($fulfillments: [CreateFulfillmentInput!]!) {
        createFulfillments(fulfillments: $fulfillments) { fulfillments { ${words.created} } }
      }`,
      variables: (given) => ({ fulfillments: deliveriesOf(given) }),
    },
  },
};
