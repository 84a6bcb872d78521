import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import type { Received } from '../../support/receiver';
import {
  asked,
  endpoint,
  forgotten,
  fulfillments,
  hurry,
  listening,
  ofFulfillments,
  shownEndpoint,
  until,
  update,
  updates,
} from '../../support/webhooks';

/*
 * Bad days of an endpoint, by chance: what its receiver answers, and what its client asks meanwhile. Two processes send.
 * CHAOS_SECONDS says for how long.
 */
const seconds = Number(process.env.CHAOS_SECONDS ?? 12);
jest.setTimeout((seconds + 120) * 1_000);

let gateway: TestGatewayServer;
let second: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  second = await testGateway({ localWebhooks: true, database: gateway.database });
  for (const each of [gateway, second]) each.server.webhooks.start();
  client = await gateway.client();
}, 60_000);
afterAll(async () => {
  await forgotten(gateway);
  await second.server.app.close();
  await gateway.close();
});

const one = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)];

/** Accepts some requests, at once or late, and fails the others in each way that there is. */
function badReceiver(accept: (request: Received) => void) {
  const state = { isCalm: false };
  const answer = (received: Received) => (_request: IncomingMessage, response: ServerResponse) => {
    const accepted = () => {
      accept(received);
      response.writeHead(204).end();
    };
    const protocols = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
    const later = one(['0', '1', '99999999999', 'x', new Date().toUTCString()]);
    const ways = [
      ...Array(8).fill(accepted),
      ...Array(3).fill(() => setTimeout(accepted, Math.random() * 1_500)),
      ...Array(3).fill(() => response.writeHead(500).end()),
      () => response.destroy(),
      () => response.writeHead(410).end(),
      () => response.writeHead(429, { 'retry-after': later }).end(),
      () => response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end(),
      () => response.socket?.write(protocols),
    ];
    if (state.isCalm) accepted();
    else one(ways)();
  };
  return { state, answer };
}

test('nothing is lost and each object keeps its order, whatever the receiver answers and the client asks', async () => {
  /** The versions of each object, in the order in which they were accepted first. */
  const versions = new Map<string, Set<number>>();
  const { state, answer } = badReceiver(({ json: { data } }) => {
    const { subjectId, version } = data.event;
    versions.set(subjectId, (versions.get(subjectId) ?? new Set()).add(version));
  });
  const urls = [(await listening(answer)).url, (await listening(answer)).url];
  const { id } = await endpoint(client, urls[0], ofFulfillments);
  const beginning = (await asked(client, '{ events(first: 1) { pageInfo { endCursor } } }')).events.pageInfo.endCursor;
  const redeliver = (more: object) =>
    asked(
      client,
      `mutation ($id: ID!, $after: String, $ids: [ID!]) {
        redeliverWebhooks(id: $id, after: $after, deliveryIds: $ids) { count userErrors { code } } }`,
      { id, ...more },
    );
  const acts = [
    () => update(client, id, { enabled: false }),
    () => update(client, id, { enabled: true }),
    () => update(client, id, { enabled: true }),
    () => update(client, id, { url: one(urls) }),
    () =>
      update(client, id, { eventTypes: one([['Fulfillment.'], ['Fulfillment.Create', 'Fulfillment.Update'], null]) }),
    () => asked(client, `mutation { testWebhookEndpoint(id: "${id}") { userErrors { code } } }`),
    () => asked(client, `mutation { rotateWebhookSecret(id: "${id}") { userErrors { code } } }`),
    () => redeliver({ after: beginning }),
    async () => {
      const { deliveries } = await shownEndpoint(client, id, '(first: 50)');
      const ids = deliveries.nodes.map((delivery: { id: string }) => delivery.id).filter(() => Math.random() < 0.3);
      if (ids.length) await redeliver({ ids });
    },
    ...Array(3).fill(() => hurry(gateway)),
  ];

  const end = performance.now() + seconds * 1_000;
  const subjects: string[] = [];
  const writing = async () => {
    while (performance.now() < end) {
      if (Math.random() < 0.3) subjects.push(...(await fulfillments(client, 1 + Math.floor(Math.random() * 12))));
      else if (subjects.length) await updates(client, [one(subjects), one(subjects)], `Carrier ${Math.random()}`);
      await pause(50);
    }
  };
  const asking = async () => {
    while (performance.now() < end) {
      await one(acts)();
      const wrong = await gateway.database.owner(
        `select subject_id from webhook_delivery where status = 'Pending' group by endpoint_id, subject_id
         having count(next_attempt_date) <> 1`,
      );
      expect(wrong).toEqual([]);
      await pause(Math.random() * 600);
    }
  };
  await Promise.all([writing(), asking()]);

  state.isCalm = true;
  // A 410 of before may still disable the endpoint.
  const settle = async () => {
    await update(client, id, { enabled: true });
    await hurry(gateway);
    await pause(500);
    return shownEndpoint(client, id, '(first: 1)');
  };
  await until(settle, ({ pendingCount }) => pendingCount === 0, 90_000);
  // Events wait for every older transaction of the PostgreSQL server.
  const made = await gateway.database.owner<{ subject: string; versions: number }>(
    `select replace(subject_id::text, '-', '') as subject, max(version)::integer as versions from history_entry
     where subject_type = 'Fulfillment' group by 1`,
  );
  const all = () => made.every(({ subject, versions: count }) => versions.get(subject)?.size === count);
  await until(async () => all(), Boolean);
  for (const { subject, versions: count } of made)
    expect([...versions.get(subject)!]).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  expect([gateway.failures, second.failures]).toEqual([[], []]);
});
