import { Webhook } from 'standardwebhooks';
import { tokenCost } from '../../../src/domain/limits';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { manifestOf } from '../../support/manifest';
import type { Received } from '../../support/receiver';
import * as webhooks from '../../support/webhooks';
import { forgotten, listening, ofFulfillments, shownEndpoint, subjectsOf, told, until } from '../../support/webhooks';

/* Webhooks from the change to the receiver, over real connections, with signatures that another program verifies. */

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  gateway.server.webhooks.start();
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  await forgotten(gateway);
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const asked = (query: string, variables: object = {}, by = client) => webhooks.asked(by, query, variables);
const endpoint = (url: string, more: object = {}, by = client) => webhooks.endpoint(by, url, more);
const fulfillments = (count: number, by = client) => webhooks.fulfillments(by, count);
const updates = (ids: readonly string[], carrier: string) => webhooks.updates(client, ids, carrier);
const hurry = () => webhooks.hurry(gateway);

test('an event reaches its endpoint, signed as Standard Webhooks says, under the names of the graph', async () => {
  const to = await listening();
  const { id, secret } = await endpoint(to.url, ofFulfillments);
  const [fulfillment] = await fulfillments(1);
  const [{ body, headers, json }] = await to.until(1);
  expect(secret).toMatch(/^whsec_/);
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(json);
  const { events } = await asked(
    `{ events(filter: { subjectId: { eq: "${fulfillment}" } }) { nodes {
      id type at actor trackId action fromState toState subjectType subjectId changes { field before after } version } } }`,
  );
  expect(json).toEqual({ type: 'Fulfillment.Create', timestamp: events.nodes[0].at, data: { event: events.nodes[0] } });
  expect(headers).toMatchObject({
    'webhook-id': events.nodes[0].id,
    'content-type': 'application/json; charset=utf-8',
  });
  const shown = async () =>
    (
      await asked(`{ webhookEndpoint(id: "${id}") { pendingCount deliveries { totalCount nodes {
      status attempts responseStatus error nextAttemptDate deliveredDate event { id type } } } } }`)
    ).webhookEndpoint;
  while ((await shown()).pendingCount) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await shown()).toEqual({
    pendingCount: 0,
    deliveries: {
      totalCount: 1,
      nodes: [
        {
          ...{ status: 'Delivered', attempts: 1, responseStatus: 204, error: null, nextAttemptDate: null },
          ...{ deliveredDate: expect.any(String), event: { id: events.nodes[0].id, type: 'Fulfillment.Create' } },
        },
      ],
    },
  });
});

describe('events', () => {
  test('come in the order of each object, also when some attempts fail', async () => {
    const tries = new Map<string, number>();
    const to = await listening(({ headers }: Received) => {
      const id = String(headers['webhook-id']);
      tries.set(id, (tries.get(id) ?? 0) + 1);
      return tries.get(id) === 1 && Number.parseInt(id.slice(-2), 16) % 3 === 0 ? 500 : 204;
    });
    await endpoint(to.url, ofFulfillments);
    const ids = await fulfillments(3);
    for (let at = 0; at < 6; at++) await updates(ids, `carrier ${at}`);
    const hurrying = setInterval(() => void hurry(), 100);
    try {
      await until(
        async () => new Set(to.received.map(({ headers }) => headers['webhook-id'])).size,
        (size) => size === 21,
        25_000,
      );
      await until(
        async () => to.received.length,
        () => [...tries].every(([id, count]) => count > Number(Number.parseInt(id.slice(-2), 16) % 3 === 0)),
      );
    } finally {
      clearInterval(hurrying);
    }
    for (const id of ids) {
      const own = to.received.filter(({ json }) => json.data.event.subjectId === id);
      const versions = own.map(({ json }) => json.data.event.version);
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(7);
    }
  }, 60_000);

  test('of one transaction reach an endpoint in the order of the history, deletions included', async () => {
    const to = await listening();
    await endpoint(to.url);
    const [id] = await fulfillments(1);
    await asked(`mutation { deleteFulfillment(key: "${id}") { userErrors { code } } }`);
    await until(
      async () => to.received.map(told),
      (all) => all.includes('Fulfillment.Delete 2'),
    );
    const own = to.received.filter(({ json }) => json.data.event.subjectId === id).map(told);
    expect(own).toEqual(['Fulfillment.Create 1', 'Fulfillment.Delete 2']);
  });

  test('are those of the types that an endpoint wants, and of no other', async () => {
    const [booked, all] = [await listening(), await listening()];
    await endpoint(booked.url, { eventTypes: ['Fulfillment.Book', 'Order.'] });
    await endpoint(all.url, { eventTypes: null });
    const [id] = await fulfillments(1);
    await asked(`mutation { bookFulfillments(keys: ["${id}"]) { userErrors { code } } }`);
    await until(
      async () => all.received.map(told),
      (found) => found.includes('Fulfillment.Book 2'),
    );
    await booked.until(2);
    const types = new Set(booked.received.map(({ json }) => json.type));
    expect([...types].sort()).toEqual(['Fulfillment.Book', 'Order.Create']);
    expect(new Set(all.received.map(({ json }) => json.type)).size).toBeGreaterThan(4);
  });

  test('begin behind a cursor, or with the creation of the endpoint', async () => {
    const before = await fulfillments(1);
    const events = await webhooks.eventsOf(client, before[0]);
    const later = await fulfillments(1);
    const [fromCursor, fromNow] = [await listening(), await listening()];
    await endpoint(fromCursor.url, { ...ofFulfillments, after: events.edges[0].cursor });
    // From now on: what is complete by now is not sent.
    await webhooks.eventsOf(client, later[0]);
    await endpoint(fromNow.url, ofFulfillments);
    const last = await fulfillments(1);
    await fromNow.until(1);
    await fromCursor.until(2);
    expect([subjectsOf(fromCursor).sort(), subjectsOf(fromNow)]).toEqual([[...later, ...last].sort(), last]);
  });

  test('are those that the client sees, and an org that it loses is sent no more', async () => {
    const both = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] });
    const south = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] });
    const [ofBoth, ofSouth] = [await listening(), await listening()];
    const made = await endpoint(ofBoth.url, ofFulfillments, both);
    await endpoint(ofSouth.url, ofFulfillments, south);
    const [inNorth] = await fulfillments(1);
    const [inSouth] = await fulfillments(1, south);
    await ofBoth.until(2);
    await ofSouth.until(1);
    expect(ofSouth.received.map(({ json }) => json.data.event.subjectId)).toEqual([inSouth]);
    expect(ofBoth.received.map(({ json }) => json.data.event.subjectId).sort()).toEqual([inNorth, inSouth].sort());
    // What waits when the org is lost is not sent any more.
    ofBoth.answer = 500;
    await updates([inNorth], 'lost');
    await ofBoth.until(3);
    await gateway.database.owner(
      "delete from client_grant g using org o where o.id = g.org_id and o.name = 'North' and g.client_id = $1",
      [both.clientId],
    );
    ofBoth.answer = 204;
    await hurry();
    const rows = () =>
      gateway.database.owner<{ status: string; error: string }>(
        'select status::text, error from webhook_delivery where endpoint_id = $1 order by position',
        [made.id],
      );
    const found = await until(rows, (all) => all.every(({ status }) => status !== 'Pending'));
    expect(found.at(-1)).toMatchObject({ status: 'Failed', error: 'the client no longer sees the event' });
    expect(ofBoth.received).toHaveLength(3);
    await fulfillments(1);
    await fulfillments(1, south);
    await ofBoth.until(4);
    expect(ofBoth.received[3].json.data.event.subjectId).not.toBe(inNorth);
  });

  test('reach their endpoint though those of other clients cannot be written down', async () => {
    const [other, last] = [await gateway.client(), await gateway.client()];
    await endpoint('http://127.0.0.1:1/', ofFulfillments, other);
    const to = await listening();
    const { id } = await endpoint(to.url, ofFulfillments, last);
    const { owner } = gateway.database;
    await owner(
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused by the test'; end $$`,
    );
    await owner(`create trigger refuse before insert on webhook_delivery
      for each row when (new.endpoint_id <> '${id}') execute function refuse()`);
    await fulfillments(1);
    await to.until(1);
    const told = async () => gateway.failures.map(({ error }) => String(error));
    await until(told, (errors) => errors.includes('error: refused by the test'));
    await owner('drop trigger refuse on webhook_delivery');
    gateway.failures.splice(0);
  });

  test('are not sent to a revoked client, and what waited stays', async () => {
    const gone = await gateway.client();
    const to = await listening(500);
    const { id } = await endpoint(to.url, ofFulfillments, gone);
    await fulfillments(1);
    await to.until(1);
    await gateway.database.owner('update client set revoked_date = now() where id = $1', [gone.clientId]);
    to.answer = 204;
    await hurry();
    await fulfillments(1);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(to.received).toHaveLength(1);
    const rows = await gateway.database.owner('select status from webhook_delivery where endpoint_id = $1', [id]);
    expect(rows).toEqual([{ status: 'Pending' }]);
  });
});

describe('the result of a document', () => {
  const query =
    'query Sent($id: ID!, $first: Int = 5) { fulfillment(key: $id) { id carrier state history(first: $first) { totalCount } } node(id: $id) { __typename } viewer { clientId } }';
  const register = async (...texts: string[]) => {
    const { registerDocuments } = await asked(
      `mutation ($manifest: String!) { registerDocuments(input: { clientId: "${client.clientId}", manifest: $manifest }) {
        documents { documentId } userErrors { message } } }`,
      { manifest: manifestOf(...texts) },
    );
    expect(registerDocuments.userErrors).toEqual([]);
    return registerDocuments.documents.map(({ documentId }: { documentId: string }) => documentId) as string[];
  };

  test('comes along, as the client would get it', async () => {
    const [documentId] = await register(query);
    const to = await listening();
    await endpoint(to.url, { ...ofFulfillments, documentId });
    const [id] = await fulfillments(1);
    const [{ json }] = await to.until(1);
    expect(json.data.result).toEqual({
      data: {
        fulfillment: { id, carrier: null, state: 'Executing', history: { totalCount: 1 } },
        node: { __typename: 'Fulfillment' },
        viewer: { clientId: client.clientId },
      },
    });
    await asked(`mutation { deleteFulfillment(key: "${id}") { userErrors { code } } }`);
    const [, gone] = await to.until(2);
    expect(gone.json.data.result.data).toMatchObject({ fulfillment: null, node: null });
  });

  test('has errors if the query fails, and the event comes all the same', async () => {
    const failing =
      'query Failing($id: ID!) { fulfillments(first: 1000, filter: { id: { eq: $id } }) { nodes { id } } viewer { clientId } }';
    const [documentId, retired] = await register(failing, 'query Retired($id: ID!) { order(key: $id) { id } }');
    const to = await listening();
    const { id } = await endpoint(to.url, { ...ofFulfillments, documentId });
    await fulfillments(1);
    const [{ json }] = await to.until(1);
    expect(json.data.result).toMatchObject({
      errors: [{ message: expect.any(String), path: ['fulfillments'], extensions: { code: 'PAGE_SIZE' } }],
      data: { fulfillments: null, viewer: { clientId: client.clientId } },
    });
    expect((await webhooks.update(client, id, { documentId: retired })).userErrors).toEqual([]);
    await gateway.database.owner("update registered_document set retired_date = '2020-01-01' where document_id = $1", [
      retired,
    ]);
    await until(
      async () => {
        await fulfillments(1);
        await until(
          async () => (await shownEndpoint(client, id)).pendingCount,
          (count) => count === 0,
        );
        return to.received.at(-1)!.json.data.result;
      },
      (result) => result.errors?.[0].extensions.code === 'PERSISTED_QUERY_NOT_FOUND',
    );
  });

  test('is paid from the budget of the client, and waits when that is used up', async () => {
    const poor = await testGateway({
      localWebhooks: true,
      database: gateway.database,
      // Besides what reading the mutation below costs.
      server: { limits: { costPerMinute: 20_000 + 42 * tokenCost, cost: 20_000 } },
    });
    const own = await poor.client();
    const [documentId] = await register(query);
    await gateway.database.owner('update registered_document set client_id = $1 where document_id = $2', [
      own.clientId,
      documentId,
    ]);
    const to = await listening();
    const { id } = await endpoint(to.url, { ...ofFulfillments, documentId }, own);
    // The gateway of this file has a budget of its own, so only the other one works on the deliveries.
    await gateway.server.webhooks.stop();
    poor.server.webhooks.start();
    await fulfillments(60);
    const waiting = await until(
      () =>
        gateway.database.owner<{ attempts: number; error: string | null; status: string }>(
          'select status::text, attempts, error from webhook_delivery where endpoint_id = $1',
          [id],
        ),
      // More, where an open transaction has kept earlier events incomplete.
      (rows) => rows.length >= 60 && rows.some(({ error }) => error !== null),
    );
    for (const row of waiting.filter(({ error }) => error)) {
      expect(row).toEqual({
        status: 'Pending',
        attempts: 0,
        error: 'the budget of the client for queries is used up for now',
      });
    }
    expect(to.received.length).toBeLessThan(60);
    expect(poor.failures).toEqual([]);
    await poor.server.app.close();
  });
});
