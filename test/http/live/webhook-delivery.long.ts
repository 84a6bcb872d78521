import { Webhook } from 'standardwebhooks';
import { retryPauses } from '../../../src/domain/webhook-endpoint';
import { forgetDelivered } from '../../../src/service/webhook-delivery';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import type { Received } from '../../support/receiver';
import {
  asked,
  endpoint,
  eventsOf,
  forgotten,
  fulfillments,
  hurry,
  listening,
  ofFulfillments,
  shownEndpoint,
  subjectsOf,
  told,
  until,
  update,
  updates,
  versionsOf,
} from '../../support/webhooks';

/* What becomes of deliveries: retries, disabled endpoints, redelivery, and endpoints that hold nobody else up. */

let gateway: TestGatewayServer;
/** A second process on the same database. */
let second: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  second = await testGateway({ localWebhooks: true, database: gateway.database });
  for (const each of [gateway, second]) each.server.webhooks.start();
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  await forgotten(gateway);
  expect([...gateway.failures, ...second.failures]).toEqual([]);
});
afterAll(async () => {
  await second.server.app.close();
  await gateway.close();
});

const rows = (id: string) =>
  gateway.database.owner<{ status: string; attempts: number; error: string | null; pause: number | null }>(
    `select status::text, attempts, error, extract(epoch from next_attempt_date - now())::float8 as pause
     from webhook_delivery where endpoint_id = $1 order by position, coalesce(entry_id, id)`,
    [id],
  );
const redeliver = async (id: string, args: object) =>
  (
    await asked(
      client,
      `mutation ($id: ID!, $deliveryIds: [ID!], $after: String) { done: redeliverWebhooks(id: $id, deliveryIds: $deliveryIds, after: $after) {
        count userErrors { code message path } } }`,
      { id, ...args },
    )
  ).done;
/** All is delivered, and nothing comes any more. */
const quiet = (id: string) =>
  until(
    () => shownEndpoint(client, id),
    ({ pendingCount }) => pendingCount === 0,
  );

describe('a delivery that fails', () => {
  test('is tried again within 10 seconds under the same webhook-id, and says what has failed', async () => {
    const to = await listening(503);
    const { id } = await endpoint(client, to.url, ofFulfillments);
    await fulfillments(client, 1);
    await to.until(1);
    const { deliveries } = await until(
      () => shownEndpoint(client, id),
      (found) => found.deliveries.nodes[0]?.attempts === 1,
    );
    expect(deliveries.nodes[0]).toMatchObject({
      ...{ status: 'Pending', attempts: 1, responseStatus: 503, error: 'status 503', deliveredDate: null },
      nextAttemptDate: expect.any(String),
    });
    to.answer = 204;
    const [first, again] = await to.until(2, 12_000);
    expect(again.at - first.at).toBeLessThan(10_000);
    expect(again.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(again.body).toBe(first.body);
    expect((await quiet(id)).deliveries.nodes[0]).toMatchObject({ status: 'Delivered', attempts: 2, error: null });
  }, 30_000);

  test('holds up what follows about the same object, and nothing else', async () => {
    let bad = '';
    const to = await listening(({ json }: Received) => (json.data.event.subjectId === bad ? 500 : 204));
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const ids = await fulfillments(client, 3);
    bad = ids[0];
    await to.until(3);
    await updates(client, ids, 'A');
    await until(
      async () => subjectsOf(to).filter((each) => each !== bad).length,
      (count) => count === 4,
    );
    expect(new Set(versionsOf(to, bad))).toEqual(new Set([1]));
    bad = '';
    await hurry(gateway);
    await quiet(id);
    expect(versionsOf(to, ids[0]).filter((version, at, all) => at === all.lastIndexOf(version))).toEqual([1, 2]);
  }, 30_000);

  test('is tried with growing pauses over three days, then given up, and its endpoint is disabled', async () => {
    const to = await listening(500);
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const [subject] = await fulfillments(client, 1);
    await updates(client, [subject], 'later');
    for (const [at, pause] of retryPauses.entries()) {
      const [{ pause: found }] = await until(
        () => rows(id),
        ([row]) => row?.attempts === at + 1,
      );
      expect([at, found! > pause / 1000 - 3 && found! < (pause / 1000) * 1.2]).toEqual([at, true]);
      await hurry(gateway);
    }
    const shown = await until(
      () => shownEndpoint(client, id),
      ({ enabled }) => !enabled,
    );
    expect(shown.disabledReason).toBe('A delivery failed 12 times over three days. The last reason: status 500.');
    const given = await until(
      () => rows(id),
      ([row]) => row.status === 'Failed',
    );
    expect(given).toMatchObject([
      { status: 'Failed', attempts: 12 },
      { status: 'Pending', attempts: 0 },
    ]);
    const events = await eventsOf(client, id, 2);
    expect(events.nodes.at(-1)).toMatchObject({
      ...{ type: 'WebhookEndpoint.Disable', actor: client.clientId, subject: { id } },
      changes: [
        { field: 'enabled', before: 'true', after: 'false' },
        { field: 'disabledReason', before: null, after: shown.disabledReason },
      ],
    });
    // Nothing is sent while it is disabled, and nothing is lost.
    await updates(client, [subject], 'meanwhile');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const before = to.received.length;
    to.answer = 204;
    expect((await update(client, id, { enabled: true })).webhookEndpoint).toMatchObject({
      enabled: true,
      disabledReason: null,
    });
    await to.until(before + 3);
    await quiet(id);
    expect(to.received.slice(before).map(told)).toEqual([
      'Fulfillment.Create 1',
      'Fulfillment.Update 2',
      'Fulfillment.Update 3',
    ]);
  }, 60_000);

  test('with 410 disables the endpoint at once', async () => {
    const to = await listening(410);
    const { id } = await endpoint(client, to.url, ofFulfillments);
    await fulfillments(client, 1);
    const shown = await until(
      () => shownEndpoint(client, id),
      ({ enabled }) => !enabled,
    );
    expect(shown.disabledReason).toBe('The endpoint answered 410 Gone.');
    expect(to.received).toHaveLength(1);
    to.answer = 204;
    await update(client, id, { enabled: true });
    await to.until(2);
  });

  test('with 410 says nothing against the URL that the endpoint has by then', async () => {
    const old = await listening((_request, response) => void setTimeout(() => response.writeHead(410).end(), 1_000));
    const { id } = await endpoint(client, old.url, ofFulfillments);
    const [subject] = await fulfillments(client, 1);
    await old.until(1);
    const to = await listening();
    await update(client, id, { url: to.url });
    await to.until(1);
    const { enabled, deliveries } = await quiet(id);
    expect([enabled, deliveries.nodes[0].status, subjectsOf(to)]).toEqual([true, 'Delivered', [subject]]);
  });

  test('waits as long as the endpoint asks', async () => {
    const to = await listening((_request, response) => response.writeHead(429, { 'retry-after': '600' }).end());
    const { id } = await endpoint(client, to.url, ofFulfillments);
    await fulfillments(client, 1);
    const [{ pause }] = await until(
      () => rows(id),
      ([row]) => row?.attempts === 1,
    );
    expect(pause! > 590 && pause! <= 600).toBe(true);
  });
});

describe('a client', () => {
  test('stops its endpoint and lets it go on', async () => {
    const to = await listening();
    const { id } = await endpoint(client, to.url, ofFulfillments);
    expect((await update(client, id, { enabled: false })).webhookEndpoint).toMatchObject({
      enabled: false,
      disabledReason: 'Disabled by the client.',
    });
    const [subject] = await fulfillments(client, 1);
    await updates(client, [subject], 'A');
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect(to.received).toEqual([]);
    await update(client, id, { enabled: true });
    await to.until(2);
    expect(to.received.map(told)).toEqual(['Fulfillment.Create 1', 'Fulfillment.Update 2']);
  });

  test('rotates its secret: for a day both sign, then the new one alone', async () => {
    const to = await listening();
    const { id, secret } = await endpoint(client, to.url, ofFulfillments);
    const { done } = await asked(
      client,
      `mutation { done: rotateWebhookSecret(id: "${id}") { secret webhookEndpoint { id } userErrors { code } } }`,
    );
    expect(done.secret).not.toBe(secret);
    await fulfillments(client, 1);
    const [{ body, headers }] = await to.until(1);
    for (const each of [secret, done.secret]) new Webhook(each).verify(body, headers as Record<string, string>);
    await gateway.database.owner("update webhook_secret set ends_date = ends_date - interval '24 hours'");
    await fulfillments(client, 1);
    const [, later] = await to.until(2);
    new Webhook(done.secret).verify(later.body, later.headers as Record<string, string>);
    expect(() => new Webhook(secret).verify(later.body, later.headers as Record<string, string>)).toThrow();
  });

  test('sends itself a test', async () => {
    const to = await listening();
    const { id, secret } = await endpoint(client, to.url, ofFulfillments);
    const { done } = await asked(
      client,
      `mutation { done: testWebhookEndpoint(id: "${id}") { webhookEndpoint { id pendingCount } userErrors { code } } }`,
    );
    expect(done).toEqual({ webhookEndpoint: { id, pendingCount: 1 }, userErrors: [] });
    const [{ body, headers, json }] = await to.until(1);
    new Webhook(secret).verify(body, headers as Record<string, string>);
    const { deliveries } = await quiet(id);
    const [{ event }] = deliveries.nodes;
    expect(event).toEqual({ id: headers['webhook-id'], type: 'Webhook.Test', subjectId: id });
    expect(json).toEqual({
      ...{ type: 'Webhook.Test', timestamp: expect.any(String) },
      data: {
        event: {
          ...{
            ...event,
            at: json.timestamp,
            actor: client.clientId,
            trackId: null,
            action: 'Test',
            subjectType: 'Webhook',
          },
          ...{ fromState: null, toState: null, changes: [], version: 1 },
        },
      },
    });
    const { events } = await asked(
      client,
      '{ events(first: 100, filter: { type: { startsWith: "Webhook" } }) { nodes { type } } }',
    );
    expect(events.nodes.map(({ type }: { type: string }) => type)).not.toContain('Webhook.Test');
  });

  test('gets an attempt for each test at once, though the event of the endpoint itself and an earlier test cannot be delivered', async () => {
    const to = await listening(503);
    const { id } = await endpoint(client, to.url);
    const tried = (type: string, count: number) =>
      until(
        () => shownEndpoint(client, id),
        ({ deliveries }) =>
          deliveries.nodes.filter(
            ({ event, attempts }: { event: { type: string }; attempts: number }) => event.type === type && attempts > 0,
          ).length === count,
      );
    await tried('WebhookEndpoint.Create', 1);
    for (const count of [1, 2]) {
      await asked(client, `mutation { testWebhookEndpoint(id: "${id}") { userErrors { code } } }`);
      await tried('Webhook.Test', count);
    }
    expect((await shownEndpoint(client, id)).pendingCount).toBe(3);
  });

  test('has deliveries sent again by their ids, the delivered ones too, under the same webhook-id', async () => {
    const to = await listening();
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const [subject] = await fulfillments(client, 1);
    await updates(client, [subject], 'A');
    await updates(client, [subject], 'B');
    await to.until(3);
    const { deliveries } = await quiet(id);
    const ids = deliveries.nodes.map((node: { id: string }) => node.id);
    expect(await redeliver(id, { deliveryIds: [ids[0], ids[2], ids[0]] })).toEqual({ count: 2, userErrors: [] });
    await to.until(5);
    await quiet(id);
    expect(to.received.map(({ json }) => json.data.event.version)).toEqual([1, 2, 3, 1, 3]);
    expect(to.received[3].headers['webhook-id']).toBe(to.received[0].headers['webhook-id']);
  });

  test('has all events behind a cursor sent again, in their order and before new ones, also those long deleted', async () => {
    const to = await listening();
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const ids = await fulfillments(client, 2);
    await updates(client, ids, 'A');
    await to.until(4);
    await quiet(id);
    const { events } = await asked(
      client,
      `{ events(filter: { subjectId: { in: ${JSON.stringify(ids)} }, type: { eq: "Fulfillment.Create" } }) { edges { cursor } } }`,
    );
    await gateway.database.owner(
      "update webhook_delivery set delivered_date = now() - interval '31 days' where endpoint_id = $1 and ctid in (select ctid from webhook_delivery where endpoint_id = $1 limit 2)",
      [id],
    );
    await forgetDelivered(gateway.services, () => false);
    expect(await rows(id)).toHaveLength(2);
    expect(await redeliver(id, { after: events.edges[0].cursor })).toEqual({ count: 3, userErrors: [] });
    await updates(client, ids, 'B');
    await to.until(4 + 3 + 2);
    await quiet(id);
    const again = to.received.slice(4).map(({ json }) => [json.data.event.subjectId, json.data.event.version]);
    const [first, last] = [...ids].sort();
    expect(again.filter(([subject]) => subject === first).map(([, version]) => version)).toEqual([2, 3]);
    expect(again.filter(([subject]) => subject === last).map(([, version]) => version)).toEqual([1, 2, 3]);
    const before = to.received.slice(0, 4).map(({ headers }) => headers['webhook-id']);
    const repeated = to.received.slice(4).filter(({ headers }) => before.includes(headers['webhook-id']));
    expect(repeated).toHaveLength(3);
    expect(await rows(id)).toHaveLength(5);
  }, 30_000);

  test('has an older event sent again before a newer one that waits for its retry', async () => {
    const to = await listening();
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const [subject] = await fulfillments(client, 1);
    await to.until(1);
    await quiet(id);
    to.answer = 500;
    await updates(client, [subject], 'A');
    await until(
      () => rows(id),
      (found) => found[1]?.attempts === 1,
    );
    to.answer = 204;
    const { deliveries } = await shownEndpoint(client, id);
    await redeliver(id, { deliveryIds: [deliveries.nodes[1].id] });
    await to.until(4);
    expect(versionsOf(to, subject)).toEqual([1, 2, 1, 2]);
    await quiet(id);
  }, 30_000);

  test('deletes an endpoint while a request is under way, and nothing breaks', async () => {
    const to = await listening((_request, response) => void setTimeout(() => response.writeHead(204).end(), 300));
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const [subject] = await fulfillments(client, 1);
    await updates(client, [subject], 'A');
    await to.until(1);
    const { done } = await asked(
      client,
      `mutation { done: deleteWebhookEndpoint(id: "${id}") { deletedId webhookEndpoint { id } userErrors { code } } }`,
    );
    expect(done).toEqual({ deletedId: id, webhookEndpoint: null, userErrors: [] });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(to.received).toHaveLength(1);
    expect(await rows(id)).toEqual([]);
  });
});

describe('an endpoint that hangs', () => {
  test('gets a bounded number of requests, and delays no other', async () => {
    const hanging = await Promise.all(Array.from({ length: 12 }, () => listening(() => {})));
    for (const each of hanging) await endpoint(client, each.url, ofFulfillments);
    await fulfillments(client, 40);
    await hanging[0].until(8);
    const healthy = await listening();
    const { id } = await endpoint(client, healthy.url, ofFulfillments);
    const began = Date.now();
    const ids = await fulfillments(client, 40);
    await healthy.until(40);
    expect(Date.now() - began).toBeLessThan(4_000);
    expect(new Set(subjectsOf(healthy))).toEqual(new Set(ids));
    // Of each of the two processes.
    for (const each of hanging) expect(each.most).toBeLessThanOrEqual(16);
    await quiet(id);
  }, 40_000);
});

describe('an endpoint that never answers', () => {
  test('is asked one thing at a time by each process until it does', async () => {
    const to = await listening(() => {});
    await endpoint(client, to.url, ofFulfillments);
    await fulfillments(client, 60);
    await to.until(16);
    await new Promise((resolve) => setTimeout(resolve, 11_500));
    to.most = 0;
    const before = to.received.length;
    await to.until(before + 2, 12_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(to.most).toBeLessThanOrEqual(2);
    to.answer = 204;
    await until(
      async () => new Set(subjectsOf(to)).size,
      (size) => size === 60,
      30_000,
    );
  }, 80_000);
});

describe('two processes', () => {
  test('send each event once, and keep the order of each object', async () => {
    const to = await listening();
    const { id } = await endpoint(client, to.url, ofFulfillments);
    const ids = await fulfillments(client, 30);
    for (let at = 0; at < 3; at++) await updates(client, ids, `carrier ${at}`);
    await to.until(120);
    await quiet(id);
    expect(to.received).toHaveLength(120);
    for (const each of ids) expect(versionsOf(to, each)).toEqual([1, 2, 3, 4]);
  }, 60_000);
});
