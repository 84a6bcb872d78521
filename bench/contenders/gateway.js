import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { deliveriesOf } from '../operations.js';
import { command, dist, newClient, tokenOf } from '../subject.js';
import { nodeFlags, startProcess } from './process.js';

/*
 * This gateway as its users run it: production, its own token, authentication and scoping on, the default log. Its fields
 * have the names and shapes that the other contenders' are brought to by aliases.
 */
const profiles = resolve(import.meta.dirname, '../.data/profiles');
/** Tokens last an hour; none is used for longer than this. */
const renewMs = 30 * 60_000;

const line = 'id itemNumber itemName itemState quantity amountPerUnit';
export const words = {
  line,
  lineAlone:
    'id itemNumber itemName itemType itemState billingRule quantity currency listPricePerUnit amountPerUnit transactionStartDate updatedDate',
  order: 'id orderNumber orderDate state',
  fulfillment:
    'id fulfillmentNumber fulfillmentType state fulfillmentDate quantity amount currency billTargetDate sentToBillingDate carrier trackingNumber externalId createdDate updatedDate',
  fulfillmentShort: 'id fulfillmentNumber state quantity amount fulfillmentDate',
  created: 'id fulfillmentNumber fulfillmentType state fulfillmentDate quantity amount currency',
  invoiceItem: 'id chargeAmount taxAmount quantity',
  invoice: 'id invoiceNumber status invoiceDate amount balance',
};

export const gateway = {
  label: 'this gateway',
  /** Its pools name themselves; one of them adds a word. */
  applicationName: 'order-fulfillment-gateway%',

  async start({ url, flags, manifest }) {
    // One client asks for more in a minute than clients may.
    const unlimited = { REQUESTS_PER_MINUTE: '100000000', COST_PER_MINUTE: '100000000000' };
    const env = { DATABASE_URL: url, JWT_SIGNING_KEY: randomBytes(32).toString('hex'), ...unlimited };
    const args = [...nodeFlags];
    if (flags.inspect) args.push('--inspect=127.0.0.1:9229');
    if (flags['cpu-prof']) {
      mkdirSync(profiles, { recursive: true });
      args.push('--cpu-prof', `--cpu-prof-dir=${profiles}`);
    }
    const client = newClient(url, 'Bench', 'read,order,fulfill');
    if (manifest) {
      const file = resolve(profiles, '../manifest.json');
      writeFileSync(file, JSON.stringify(manifest));
      command(url, 'documents', ['import', '--client', client.clientId, file]);
      command(url, 'documents', ['mode', '--client', client.clientId, 'RegisteredOnly']);
    }
    const running = await startProcess(
      manifest ? 'registered' : 'gateway',
      process.execPath,
      [...args, resolve(dist, 'main.js')],
      env,
    );
    let token;
    let since = 0;
    const headers = async () => {
      if (!token || Date.now() - since > renewMs) {
        token = await tokenOf(running.origin, client);
        since = Date.now();
      }
      return { authorization: `Bearer ${token}` };
    };
    return { ...running, headers };
  },

  path: () => '/graphql',
  operations: {
    Q1: {
      query: `query Q1($id: ID!) { orderLineItem(id: $id) { ${words.lineAlone} } }`,
      variables: ({ id }) => ({ id }),
    },
    Q2: {
      query: `query Q2($day: Date!, $first: Int!, $after: String) {
        fulfillments(first: $first, after: $after, filter: { state: { eq: SentToBilling }, billTargetDate: { eq: $day } }, orderBy: { field: billTargetDate, direction: ASC }) {
          nodes { ${words.fulfillment} orderLineItem { ${words.line} order { ${words.order} } } }
          pageInfo { hasNextPage endCursor }
        }
      }`,
      variables: (given) => given,
    },
    Q3: {
      query: `query Q3($id: ID!) {
        order(key: $id) {
          ${words.order}
          orderLineItems(first: 100, orderBy: { field: updatedDate }) { nodes {
            ${words.line}
            fulfillments(first: 100) { nodes {
              ${words.fulfillmentShort}
              invoiceItems { ${words.invoiceItem} invoice { ${words.invoice} } }
            } }
          } }
        }
      }`,
      variables: ({ id }) => ({ id }),
    },
    Q4: {
      query: `query Q4($id: ID!) {
        orderLineItems(first: 100, filter: { accountId: { eq: $id } }) { nodes {
          ${words.line}
          fulfillments(first: 10) { totalCount nodes { ${words.fulfillmentShort} } }
        } }
      }`,
      variables: ({ id }) => ({ id }),
    },
    M1: {
      query: `mutation M1($input: CreateFulfillmentsInput!) {
        createFulfillments(input: $input) { fulfillments { ${words.created} } userErrors { code message } }
      }`,
      variables: (given) => ({ input: { fulfillments: deliveriesOf(given) } }),
    },
  },
};
