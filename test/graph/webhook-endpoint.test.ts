import { mostEndpoints } from '../../src/domain/webhook-endpoint';
import { hashOf } from '../../src/service/registered-document';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { manifestOf } from '../support/manifest';
import {
  asked,
  endpoint,
  eventsOf,
  fulfillments,
  ofFulfillments,
  shownEndpoint,
  until,
  update,
} from '../support/webhooks';

/* Webhook endpoints as clients make and see them. Their URLs lead to the public internet, and nothing is sent. */

let gateway: TestGatewayServer;
let client: TestClient;
const url = 'https://partner.example.com/hook?token=hidden';

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  await gateway.database.owner('delete from webhook_endpoint');
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const create = async (input: object, by = client, headers?: Record<string, string>) => {
  const query = `mutation ($input: CreateWebhookEndpointInput!) { made: createWebhookEndpoint(input: $input) {
    webhookEndpoint { id url description eventTypes documentId enabled disabledReason pendingCount createdDate } secret deletedId
    userErrors { code message path retryable } } }`;
  return by.graphql(query, { input }, headers);
};
const errorsOf = async (input: object, by = client) => (await create(input, by)).body.data.made.userErrors;

describe('an endpoint', () => {
  test('is made with what is given, and shows its secret once', async () => {
    const { body } = await create({ url, description: 'ERP', eventTypes: ['Fulfillment.', 'Invoice.Post'] });
    const { webhookEndpoint, secret, deletedId, userErrors } = body.data.made;
    expect([deletedId, userErrors]).toEqual([null, []]);
    expect(webhookEndpoint).toEqual({
      ...{
        id: expect.any(String),
        url,
        description: 'ERP',
        eventTypes: ['Fulfillment.', 'Invoice.Post'],
        documentId: null,
      },
      ...{ enabled: true, disabledReason: null, pendingCount: 0, createdDate: expect.any(String) },
    });
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect([secret.startsWith('whsec_'), bytes.length]).toEqual([true, 32]);
    const { webhookEndpoints } = await asked(
      client,
      '{ webhookEndpoints { id url description eventTypes documentId enabled disabledReason pendingCount createdDate } }',
    );
    expect(webhookEndpoints).toEqual([webhookEndpoint]);
    const found = await asked(
      client,
      `{ webhookEndpoint(id: "${webhookEndpoint.id}") { id } node(id: "${webhookEndpoint.id}") { __typename id } }`,
    );
    expect(found).toEqual({
      webhookEndpoint: { id: webhookEndpoint.id },
      node: { __typename: 'WebhookEndpoint', id: webhookEndpoint.id },
    });
  });

  test.each([
    ...[
      'file:///etc/passwd',
      'http://partner.example.com/',
      'http://169.254.169.254/latest/meta-data/',
      'https://10.0.0.1/',
      '',
    ],
    ...[
      'https://[::ffff:169.254.169.254]/',
      'https://2130706433/',
      'https://localhost/',
      'https://user:secret@example.com/',
    ],
  ])('of the URL "%s" is refused, and what is allowed is told', async (wrong) => {
    const [error, ...more] = await errorsOf({ url: wrong });
    expect(more).toEqual([]);
    expect(error).toMatchObject({
      code: 'INVALID_VALUE',
      path: ['input', 'url'],
      message: expect.stringContaining('allowed'),
    });
    const { id } = await endpoint(client, url);
    expect((await update(client, id, { url: wrong })).userErrors).toMatchObject([
      { code: 'INVALID_VALUE', path: ['input', 'url'] },
    ]);
  });

  test('is refused for each wrong field at its place, all at once', async () => {
    const errors = await errorsOf({
      url: 'x',
      description: 'x'.repeat(501),
      eventTypes: ['Fulfillment.', 'Nothing.Book'],
      documentId: 'none',
    });
    expect(errors.map(({ code, path }: { code: string; path: string[] }) => [code, path.join('.')])).toEqual([
      ['INVALID_VALUE', 'input.description'],
      ['INVALID_VALUE', 'input.eventTypes.1'],
      ['INVALID_VALUE', 'input.url'],
      ['INVALID_VALUE', 'input.documentId'],
    ]);
  });

  test('is one of 50 at most, also when many are made at once', async () => {
    const made = await Promise.all(Array.from({ length: mostEndpoints + 10 }, () => errorsOf({ url })));
    const refused = made.filter(({ length }) => length);
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject([{ code: 'LIMIT_EXCEEDED', path: ['input'] }]);
    // Another client has its own.
    expect(await errorsOf({ url }, await gateway.client())).toEqual([]);
  }, 60_000);

  test('needs the scope webhook, and read beside it', async () => {
    const without = await gateway.client({ scopes: ['read', 'admin'] });
    expect((await create({ url }, without)).body.errors[0].extensions.code).toBe('FORBIDDEN');
    const blind = await gateway.client({ scopes: ['webhook'] });
    expect(
      (
        await blind.graphql(
          'mutation ($url: String!) { made: createWebhookEndpoint(input: { url: $url }) { secret userErrors { code } } }',
          { url },
        )
      ).body.data.made,
    ).toEqual({
      secret: null,
      userErrors: [{ code: 'PERMISSION_DENIED' }],
    });
  });

  test('begins behind a cursor of events; another cursor is BAD_CURSOR, and nothing is made', async () => {
    const [written] = await fulfillments(client, 1);
    await eventsOf(client, written);
    const { events, fulfillments: listed } = await asked(
      client,
      '{ events(first: 1) { edges { cursor } } fulfillments(first: 1) { edges { cursor } } }',
    );
    expect(await errorsOf({ url, after: events.edges[0].cursor })).toEqual([]);
    const [, position, id, , at] = JSON.parse(Buffer.from(events.edges[0].cursor, 'base64url').toString());
    const signature = JSON.parse(Buffer.from(events.edges[0].cursor, 'base64url').toString())[0];
    const restored = Buffer.from(JSON.stringify([signature, position, id, 99, at])).toString('base64url');
    for (const after of ['', 'nonsense', listed.edges[0].cursor, restored]) {
      const { body } = await create({ url, after });
      expect([after, body.errors[0].extensions.code]).toEqual([after, 'BAD_CURSOR']);
    }
    const { webhookEndpoints } = await asked(client, '{ webhookEndpoints { id } }');
    expect(webhookEndpoints).toHaveLength(1);
  });

  test('made under an Idempotency-Key shows the same secret again', async () => {
    const headers = { 'idempotency-key': 'endpoint-1' };
    const [first, again] = [await create({ url }, client, headers), await create({ url }, client, headers)];
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const { webhookEndpoints } = await asked(client, '{ webhookEndpoints { id } }');
    expect(webhookEndpoints).toHaveLength(1);
  });
});

describe('a document', () => {
  const texts = {
    good: 'query Good($id: ID!) { node(id: $id) { id } }',
    optional:
      'query Optional($id: ID, $first: Int = 3, $other: String) { fulfillments(first: $first, filter: { carrier: { eq: $other }, id: { eq: $id } }) { totalCount } }',
    mutation: 'mutation Act($id: ID!) { deleteFulfillment(key: $id) { deletedId } }',
    noId: 'query NoId($key: ID!) { node(id: $key) { id } }',
    list: 'query List($id: [ID!]!) { nodes(ids: $id) { id } }',
    more: 'query More($id: ID!, $other: ID!) { node(id: $id) { id } order(key: $other) { id } }',
  };
  beforeAll(async () => {
    const { done } = await asked(
      client,
      `mutation ($manifest: String!) { done: registerDocuments(input: { clientId: "${client.clientId}", manifest: $manifest }) { added userErrors { message } } }`,
      { manifest: manifestOf(...Object.values(texts)) },
    );
    expect(done).toEqual({ added: 6, userErrors: [] });
  });

  test('may be sent along if it is a query of the client that needs $id alone', async () => {
    for (const name of ['good', 'optional'] as const) {
      expect([name, await errorsOf({ url, documentId: hashOf(texts[name]) })]).toEqual([name, []]);
      expect(await errorsOf({ url, documentId: `sha256:${hashOf(texts[name]).toUpperCase()}` })).toEqual([]);
    }
    const { id } = await endpoint(client, url);
    for (const name of ['mutation', 'noId', 'list', 'more'] as const) {
      const expected = [{ code: 'INVALID_VALUE', path: ['input', 'documentId'] }];
      expect(await errorsOf({ url, documentId: hashOf(texts[name]) })).toMatchObject(expected);
      expect((await update(client, id, { documentId: hashOf(texts[name]) })).userErrors).toMatchObject(expected);
    }
    for (const documentId of ['', 'unknown', '\u0000', 'f'.repeat(64)]) {
      expect(await errorsOf({ url, documentId })).toMatchObject([
        { code: 'INVALID_VALUE', path: ['input', 'documentId'] },
      ]);
    }
    // That of another client is unknown, and so is one that is retired.
    const other = await gateway.client();
    expect(await errorsOf({ url, documentId: hashOf(texts.good) }, other)).toMatchObject([
      { path: ['input', 'documentId'] },
    ]);
    await gateway.database.owner("update registered_document set retired_date = '2020-01-01' where hash = $1", [
      hashOf(texts.optional),
    ]);
    expect(await errorsOf({ url, documentId: hashOf(texts.optional) })).toMatchObject([
      { message: expect.stringContaining('retired') },
    ]);
  });
});

describe('a change', () => {
  test('replaces what is given, removes what is null, and leaves the rest', async () => {
    const { id } = await endpoint(client, url, { description: 'A', eventTypes: ['Invoice.'] });
    const other = 'https://other.example.com/';
    expect((await update(client, id, { url: other })).webhookEndpoint).toMatchObject({
      url: other,
      description: 'A',
      eventTypes: ['Invoice.'],
    });
    expect((await update(client, id, { description: null, eventTypes: null })).webhookEndpoint).toMatchObject({
      url: other,
      description: null,
      eventTypes: null,
    });
    expect((await update(client, id, { url: null, enabled: null })).userErrors).toMatchObject([
      { code: 'REQUIRED', path: ['input', 'url'] },
      { code: 'REQUIRED', path: ['input', 'enabled'] },
    ]);
  });

  test('is told in the history, without URL and secret; one that changes nothing is not', async () => {
    const { id, secret } = await endpoint(client, url);
    await update(client, id, { url: 'https://other.example.com/secret-path' });
    await update(client, id, { url: 'https://other.example.com/secret-path' });
    await update(client, id, { enabled: false });
    await update(client, id, { enabled: true });
    const rotated = await asked(
      client,
      `mutation { done: rotateWebhookSecret(id: "${id}") { secret userErrors { code } } }`,
    );
    await asked(client, `mutation { deleteWebhookEndpoint(id: "${id}") { deletedId } }`);
    const events = await eventsOf(client, id, 6);
    expect(events.nodes.map(({ type, version }: { type: string; version: number }) => [type, version])).toEqual([
      ['WebhookEndpoint.Create', 1],
      ['WebhookEndpoint.Update', 2],
      ['WebhookEndpoint.Disable', 3],
      ['WebhookEndpoint.Enable', 4],
      ['WebhookEndpoint.Rotate', 5],
      ['WebhookEndpoint.Delete', 6],
    ]);
    expect(events.nodes[1].changes).toEqual([{ field: 'url', before: '(not shown)', after: '(not shown)' }]);
    const text = JSON.stringify(events);
    for (const hidden of ['hidden', 'secret-path', secret, rotated.done.secret]) expect(text).not.toContain(hidden);
  });
});

describe('another client', () => {
  test('of the same orgs neither sees an endpoint nor changes it, and its event leads nowhere', async () => {
    const { id } = await endpoint(client, url);
    await asked(client, `mutation { testWebhookEndpoint(id: "${id}") { userErrors { code } } }`);
    const own = await asked(client, `{ webhookEndpoint(id: "${id}") { deliveries { nodes { id } } } }`);
    const delivery = own.webhookEndpoint.deliveries.nodes[0].id;
    const other = await gateway.client();
    await eventsOf(other, id);
    const seen = await asked(
      other,
      `{ webhookEndpoints { id } webhookEndpoint(id: "${id}") { id } nodes(ids: ["${id}", "${delivery}"]) { id }
         events(filter: { subjectId: { eq: "${id}" } }) { nodes { type subject { id } } } }`,
    );
    expect(seen).toEqual({
      ...{ webhookEndpoints: [], webhookEndpoint: null, nodes: [null, null] },
      events: { nodes: [{ type: 'WebhookEndpoint.Create', subject: null }] },
    });
    const acts = [
      `updateWebhookEndpoint(id: "${id}", input: { enabled: false })`,
      ...['rotateWebhookSecret', 'deleteWebhookEndpoint', 'testWebhookEndpoint'].map((act) => `${act}(id: "${id}")`),
      `redeliverWebhooks(id: "${id}", deliveryIds: ["${delivery}"])`,
    ];
    for (const act of acts) {
      const { done } = await asked(other, `mutation { done: ${act} { userErrors { code path } } }`);
      expect([act, done.userErrors]).toEqual([act, [{ code: 'NOT_FOUND', path: ['id'] }]]);
    }
    const mine = await endpoint(other, url);
    const { done } = await asked(
      other,
      `mutation { done: redeliverWebhooks(id: "${mine.id}", deliveryIds: ["${delivery}", "x"]) { count userErrors { code path } } }`,
    );
    expect(done).toEqual({
      count: null,
      userErrors: [
        { code: 'NOT_FOUND', path: ['deliveryIds', '0'] },
        { code: 'NOT_FOUND', path: ['deliveryIds', '1'] },
      ],
    });
    const subject = `{ events(filter: { subjectId: { eq: "${id}" } }) { nodes { subject { id ... on WebhookEndpoint { url } } } } }`;
    expect((await asked(client, subject)).events.nodes).toEqual([{ subject: { id, url } }]);
  });
});

describe('a redelivery', () => {
  test('names deliveries or a cursor, and not both', async () => {
    const { id } = await endpoint(client, url);
    const run = async (args: string) =>
      (
        await client.graphql(
          `mutation { done: redeliverWebhooks(id: "${id}"${args}) { count userErrors { code path } } }`,
        )
      ).body;
    expect((await run('')).data.done).toEqual({
      count: null,
      userErrors: [{ code: 'INVALID_VALUE', path: ['deliveryIds'] }],
    });
    expect((await run(', deliveryIds: [], after: "x"')).data.done.userErrors).toEqual([
      { code: 'INVALID_VALUE', path: ['after'] },
    ]);
    expect((await run(', deliveryIds: []')).data.done.userErrors).toEqual([
      { code: 'REQUIRED', path: ['deliveryIds'] },
    ]);
    expect((await run(', after: "x"')).errors[0].extensions.code).toBe('BAD_CURSOR');
    const many = JSON.stringify(Array(1001).fill(id));
    expect((await run(`, deliveryIds: ${many}`)).data.done.userErrors).toEqual([
      { code: 'LIMIT_EXCEEDED', path: ['deliveryIds'] },
    ]);
  });
});

describe('the deliveries', () => {
  test('are listed in pages, the newest first, also of one status, in a number of statements that does not grow', async () => {
    // Those of the tests before are complete, so the new endpoints are not sent them.
    const [before] = await fulfillments(client, 1);
    await eventsOf(client, before);
    gateway.services.localWebhooks = true;
    gateway.server.webhooks.start();
    const ids: string[] = [];
    for (let at = 0; at < 3; at++) ids.push((await endpoint(client, 'http://127.0.0.1:1/', ofFulfillments)).id);
    await fulfillments(client, 25);
    const all = async () =>
      (await gateway.database.owner<{ n: number }>('select count(*)::integer as n from webhook_delivery'))[0].n;
    await until(all, (n) => n === 75);
    await gateway.server.webhooks.stop();
    const page = async (args: string) =>
      (
        await asked(
          client,
          `{ webhookEndpoint(id: "${ids[0]}") { deliveries(${args}) { totalCount edges { cursor } nodes { id event { id } } pageInfo { hasNextPage endCursor } } } }`,
        )
      ).webhookEndpoint.deliveries;
    const seen: string[] = [];
    let after = '';
    for (let at = 0; at < 3; at++) {
      const { nodes, pageInfo, totalCount } = await page(`first: 10${after && `, after: "${after}"`}`);
      expect([nodes.length, pageInfo.hasNextPage, totalCount]).toEqual([at < 2 ? 10 : 5, at < 2, 25]);
      seen.push(...nodes.map(({ event }: { event: { id: string } }) => event.id));
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    const dates = async () =>
      (await shownEndpoint(client, ids[0])).deliveries.nodes.filter(
        ({ nextAttemptDate }: { nextAttemptDate: string | null }) => nextAttemptDate,
      );
    expect(await dates()).toHaveLength(20);
    await update(client, ids[0], { enabled: false });
    expect(await dates()).toEqual([]);
    await update(client, ids[0], { enabled: true });
    expect((await page('first: 5, status: Delivered')).totalCount).toBe(0);
    expect((await page('first: 5, status: Pending')).nodes).toHaveLength(5);
    const { pageInfo } = await page('first: 5, status: Pending');
    const wrong = await client.graphql(
      `{ webhookEndpoint(id: "${ids[0]}") { deliveries(first: 5, after: "${pageInfo.endCursor}") { totalCount } } }`,
    );
    expect(wrong.body.errors[0].extensions.code).toBe('BAD_CURSOR');
    const big = await client.graphql(`{ webhookEndpoint(id: "${ids[0]}") { deliveries(first: 101) { totalCount } } }`);
    expect(big.body.errors[0].extensions.code).toBe('PAGE_SIZE');
    const counted = async (first: number) => {
      const { body } = await client.graphql(
        `{ webhookEndpoints { pendingCount deliveries(first: ${first}) { totalCount nodes { id event { type at subject { id ... on Fulfillment { quantity } } } } } } }`,
        {},
        { 'show-statements': 'true' },
      );
      expect(body.errors).toBeUndefined();
      expect(body.data.webhookEndpoints[2].deliveries.nodes).toHaveLength(first);
      return body.extensions.statements;
    };
    expect(await counted(25)).toBe(await counted(1));
    expect(await counted(25)).toBeLessThanOrEqual(6);
  }, 60_000);
});
