import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/*
 * Requests that are admitted, and ask for as much as they may. Each kind has a function that sends one and resolves to the status
 * of its answer; `prepare` makes what it needs.
 */
const times = (count, text) => Array.from({ length: count }, (_, at) => text(at)).join(' ');
const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });

/** The status of an answer, with the code of its first error; the body is read and thrown away. */
function send({ origin, headers }, path, body, more = {}) {
  const { hostname, port } = new URL(origin);
  const bytes = Buffer.from(body);
  const given = { ...headers, ...more, 'content-length': bytes.length };
  return new Promise((done) => {
    const request = http.request({ agent, hostname, port, path, method: 'POST', headers: given }, (response) => {
      let start = '';
      response.on('data', (part) => {
        if (start.length < 2_000) start += part.toString('latin1', 0, 2_000);
      });
      response.on('error', () => done('cut'));
      response.on('end', () => {
        const [, code] = /"code":"(\w+)"/.exec(start.startsWith('{"errors"') ? start : '') ?? [];
        done(code ? `${response.statusCode} ${code}` : response.statusCode);
      });
    });
    request.on('error', () => done('refused'));
    request.end(bytes);
  });
}

const graphql = (query, variables) => JSON.stringify({ query, variables });
const asking = (query, variables) => (client) => () => send(client, '/graphql', graphql(query, variables));
const zipped = (body) => {
  const bytes = gzipSync(body);
  return (client) => () => send(client, '/graphql', bytes, { 'content-encoding': 'gzip' });
};

const wide = `{ accounts(first: 100) { nodes { orders(first: 50) { nodes { orderLineItems(first: 10) { nodes {
  ${times(50, (at) => `a${at}: quantity`)} } } } } } } }`;
const create = (selection) => `mutation ($f: [CreateFulfillmentInput!]!) {
  createFulfillments(dryRun: true, input: { fulfillments: $f }) { userErrors { code } ${selection} } }`;

async function deliverable(client, token, paid) {
  const { createAccount } = await client.graphql(
    `mutation ($token: String) { createAccount(input: { name: "Abuse", currency: "USD", paymentMethodToken: $token }) { account { accountNumber } } }`,
    { token },
  );
  const lines = Array.from({ length: paid ? 20 : 1 }, () => ({
    ...{ itemName: 'Thing', itemType: 'Product', itemState: 'Booked', quantity: '1000000', amountPerUnit: '1' },
    billingRule: 'TriggerAsFulfillmentOccurs',
  }));
  const { createOrder } = await client.graphql(
    `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { userErrors { message } order { orderLineItems(first: 100) { nodes { id } } } } }`,
    {
      input: {
        existingAccountNumber: createAccount.account.accountNumber,
        orderDate: '2026-01-01',
        orderLineItems: lines,
      },
    },
  );
  if (!createOrder.order) throw new Error(JSON.stringify(createOrder.userErrors));
  return createOrder.order.orderLineItems.nodes.map(({ id }) => id);
}

export const kinds = {
  values: { asks: asking(wide) },
  objects: {
    asks: asking(`{ orders(first: 100) { nodes { account { orders(first: 60) { nodes { account { orders(first: 20) { nodes {
      id account { id } } } } } } } } } }`),
  },
  counts: { asks: asking(`{ ${times(20, (at) => `a${at}: fulfillments(filter: { billed: true }) { totalCount }`)} }`) },
  previews: {
    asks: asking(
      `{ ${times(6, (at) => `a${at}: previewBillRun(input: { targetDate: "2031-01-0${at + 1}" }) { totals { invoiceAmount } }`)} }`,
    ),
  },
  summaries: {
    asks: asking(`{ ${times(12, (at) => `a${at}: fulfillmentSummary(groupBy: state) { count amount }`)} }`),
  },
  searches: {
    asks: asking(
      `{ ${times(50, (at) => `a${at}: fulfillments(first: 1, filter: { externalId: { startsWith: "none${at}" }, billed: false, carrier: { eq: "x" } }) { nodes { id } }`)} }`,
    ),
  },
  wrongValues: {
    asks: zipped(
      graphql('mutation ($k: [ID!]!) { bookFulfillments(dryRun: true, keys: $k) { userErrors { code } } }', {
        k: Array(490_000).fill({}),
      }),
    ),
  },
  rightValues: {
    asks: zipped(
      graphql(create('fulfillments { id }'), {
        f: Array(1_000).fill({
          ...{ orderLineItemId: 'f'.repeat(32), fulfillmentDate: '2026-01-01', quantity: '1' },
          fulfillmentItems: Array(60).fill({ customFields: { a__c: 1 } }),
        }),
      }),
    ),
  },
  manyKeys: {
    asks: asking('mutation ($k: [ID!]!) { bookFulfillments(dryRun: true, keys: $k) { userErrors { code } } }', {
      k: Array.from({ length: 1_000 }, (_, at) => `F-${at}`),
    }),
  },
  tokens: {
    asks: (client) => {
      let count = 0;
      return () =>
        send(
          client,
          '/graphql',
          graphql(
            `query Q${count++} { orders(filter: { orderNumber: { in: [${'"a" '.repeat(24_500)}${'"b"'.repeat(24_500)}] } }) { totalCount } }`,
          ),
        );
    },
  },
  documents: {
    asks: (client) => {
      const manifest = JSON.stringify(
        Object.fromEntries(
          Array.from({ length: 1_800 }, (_, at) => {
            const text = `query Q${at} { orders(first: ${at % 100}) { nodes { ${times(60, (each) => `a${each}: id`)} } } }`;
            return [createHash('sha256').update(text).digest('hex'), text];
          }),
        ),
      );
      const input = { clientId: client.clientId, manifest };
      return () =>
        send(
          client,
          '/graphql',
          graphql(
            'mutation ($input: RegisterDocumentsInput!) { registerDocuments(input: $input, dryRun: true) { added userErrors { code } } }',
            { input },
          ),
        );
    },
  },
  bodies: {
    /** Bodies that are announced, and do not come. */
    asks:
      ({ origin, headers }) =>
      async () => {
        const { hostname, port } = new URL(origin);
        const head = Object.entries({ ...headers, host: 'localhost', 'content-length': 2_000_000 });
        const sockets = Array.from({ length: 20 }, () => net.connect(Number(port), hostname));
        for (const socket of sockets) {
          socket.on('error', () => {});
          socket.write(
            `POST /graphql HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`,
          );
          socket.write('x'.repeat(1_900_000));
        }
        await delay(3_000);
        for (const socket of sockets) socket.destroy();
        return 'given up';
      },
  },
  rest: {
    asks: (client) => {
      const body = gzipSync(JSON.stringify({ fulfillments: Array(240_000).fill({ a: 1 }) }));
      return () => send(client, '/v1/fulfillments', body, { 'content-encoding': 'gzip' });
    },
  },
  oneRow: {
    prepare: (client) => deliverable(client, null),
    asks: (client, [line]) => {
      const f = [{ orderLineItemId: line, fulfillmentDate: '2026-01-01', quantity: '1' }];
      return () =>
        send(client, '/graphql', graphql(create('fulfillments { id }').replace('dryRun: true, ', ''), { f }));
    },
  },
  payments: {
    prepare: (client) => deliverable(client, 'tok_timeout', true),
    asks: (client, lines) => (at) =>
      send(
        client,
        '/graphql',
        graphql(
          `mutation ($f: [CreateFulfillmentInput!]!) { createFulfillments(input: { fulfillments: $f, processingOptions: { runBilling: true, collectPayment: true } }) { userErrors { code } } }`,
          {
            f: [
              {
                ...{ orderLineItemId: lines[at % lines.length], fulfillmentDate: '2026-01-01', quantity: '1' },
                ...{ state: 'SentToBilling', billTargetDate: '2026-01-01' },
              },
            ],
          },
        ),
      ),
  },
  logins: {
    asks: ({ origin, clientId }) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      let count = 0;
      return () =>
        send(
          { origin, headers },
          '/oauth/token',
          `grant_type=client_credentials&client_id=${clientId}&client_secret=wrong${count++}`,
        );
    },
  },
  unread: {
    /** Sockets that ask again and again, and read nothing; each is closed after a while by whoever minds. */
    asks:
      ({ origin, headers }) =>
      async () => {
        const { hostname, port } = new URL(origin);
        const body = graphql(wide);
        const head = Object.entries({ ...headers, host: 'localhost', 'content-length': Buffer.byteLength(body) });
        const request = `POST /graphql HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`;
        const socket = net.connect(Number(port), hostname);
        socket.pause();
        socket.on('error', () => {});
        const closed = new Promise((done) => socket.once('close', () => done('closed')));
        for (let at = 0; at < 10; at++) socket.write(request);
        const ended = await Promise.race([closed, delay(20_000, 'open')]);
        socket.destroy();
        return ended;
      },
  },
};
