import { authenticateClient } from '../../src/service/client';
import { mostSecrets } from '../../src/service/client-secret';
import { hashOf } from '../../src/service/registered-document';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { Issuer, signingKey } from '../support/issuer';
import { manifestOf } from '../support/manifest';
import { asked, endpoint, until } from '../support/webhooks';

/* What a client sees and changes of itself, without an operator. */

const key = signingKey('ec');
let issuer: Issuer;
let gateway: TestGatewayServer;
beforeAll(async () => {
  issuer = await Issuer.start(key);
  const { issuer: name, audience, jwksUrl } = issuer;
  const outside = { issuer: name, audience, jwksUrl, maxLifetime: 86_400, cooldownMs: 0 };
  gateway = await testGateway({ server: { outside } });
}, 60_000);
afterEach(() => expect(gateway.failures.splice(0)).toEqual([]));
afterAll(async () => {
  await gateway.close();
  await issuer.down();
});

const rotation = `mutation ($hours: Int) { made: rotateClientSecret(overlapHours: $hours) {
  clientSecret { id createdDate endsDate lastUsedDate current } secret userErrors { code message path } } }`;
const rotate = (by: TestClient, hours?: number, headers?: Record<string, string>) =>
  by.graphql(rotation, { hours }, headers);
const rotated = async (by: TestClient, hours?: number) => (await rotate(by, hours)).body.data.made;
const secretsOf = async (by: TestClient, headers?: Record<string, string>) => {
  const { body } = await by.graphql(
    '{ viewer { client { secrets { id createdDate endsDate lastUsedDate current } } } }',
    {},
    headers,
  );
  return body.data.viewer.client.secrets;
};
const opens = async ({ clientId }: TestClient, secret: string) =>
  (await authenticateClient(gateway.database.db.aside(), clientId, secret)) !== undefined;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** Lets time pass for the secrets of a client. */
const later = ({ clientId }: TestClient, hours: number) =>
  gateway.database.owner(
    "update client_secret set ends_date = ends_date - $2 * interval '1 hour', created_date = created_date - $2 * interval '1 hour' where client_id = $1",
    [clientId, hours],
  );

describe('a client that replaces its secret', () => {
  test('needs no scope, is shown the new secret once, and may use both until the overlap ends', async () => {
    const client = await gateway.client({ scopes: ['fulfill'] });
    const { clientSecret, secret, userErrors } = await rotated(client, 2);
    expect(userErrors).toEqual([]);
    expect(clientSecret).toMatchObject({ endsDate: null, lastUsedDate: null, current: false });
    expect([await opens(client, client.secret), await opens(client, secret)]).toEqual([true, true]);
    const { access_token: token } = await gateway.server.identity.issue(client.clientId, secret);

    await later(client, 2);
    expect([await opens(client, client.secret), await opens(client, secret)]).toEqual([false, true]);
    const answers = [client.token, token].map((each) => client.graphql('{ __typename }', {}, bearer(each)));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 200]);
  });

  test('with an overlap of 0 ends all others at once, with the tokens that were issued for them', async () => {
    const client = await gateway.client();
    const { secret } = await rotated(client, 0);
    expect([await opens(client, client.secret), await opens(client, secret)]).toEqual([false, true]);
    expect((await rotate(client, 0)).status).toBe(401);
  });

  test('prolongs no other, and has at most three', async () => {
    const client = await gateway.client();
    await rotated(client, 1);
    const [, first] = await secretsOf(client);
    await rotated(client, 24);
    const secrets = await secretsOf(client);
    expect(secrets).toHaveLength(mostSecrets);
    expect(secrets[2]).toEqual(first);
    expect(secrets.map(({ endsDate }: { endsDate: string | null }) => endsDate !== null)).toEqual([false, true, true]);
    const [error] = (await rotated(client, 24)).userErrors;
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', path: ['overlapHours'] });
    // The refusal left their ends as they were, and an emergency is never refused.
    expect(await secretsOf(client)).toEqual(secrets);
    const { secret, userErrors } = await rotated(client, 0);
    expect([userErrors, await opens(client, secret), await opens(client, client.secret)]).toEqual([[], true, false]);
  });

  test.each([-1, 169])('is refused an overlap of %s hours', async (hours) => {
    const { secret, clientSecret, userErrors } = await rotated(await gateway.client(), hours);
    expect([secret, clientSecret]).toEqual([null, null]);
    expect(userErrors).toMatchObject([{ code: 'INVALID_VALUE', path: ['overlapHours'] }]);
  });

  test('and sends the request again under its key gets the same secret, and no other', async () => {
    const client = await gateway.client();
    const headers = { 'idempotency-key': 'rotation' };
    const first = await rotate(client, 24, headers);
    const again = await rotate(client, 24, headers);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await opens(client, again.body.data.made.secret)).toBe(true);
    expect(await secretsOf(client)).toHaveLength(2);
  });

  test('twice at once with an overlap of 0 has one new secret: the other request is told that its own has ended', async () => {
    const client = await gateway.client();
    await gateway.database.owner('begin');
    await gateway.database.owner('select from client where id = $1 for update', [client.clientId]);
    const both = Promise.all([rotate(client, 0), rotate(client, 0)]);
    await gateway.database.blocked(1);
    await gateway.database.owner('rollback');
    expect((await both).map(({ body }) => body.errors?.[0].extensions.code).sort()).toEqual([
      'UNAUTHENTICATED',
      undefined,
    ]);
    const rows = await gateway.database.owner('select from client_secret where client_id = $1', [client.clientId]);
    expect(rows).toHaveLength(1);
  });

  test('leaves an entry in the history, which names the secrets by their ids alone', async () => {
    const client = await gateway.client();
    const { clientSecret, secret } = await rotated(client, 1);
    const read = () =>
      asked(
        client,
        `{ events(first: 100, filter: { type: { in: ["Client.Rotate"] } }) { nodes {
        actor subjectType subjectId version subject { id } changes { field before after } } } }`,
      );
    const own = ({ events }: { events: { nodes: { subjectId: string; changes: object[] }[] } }) =>
      events.nodes.filter(({ subjectId }) => subjectId === client.clientId.replaceAll('-', ''));
    // Events wait for older transactions of the whole server.
    const [entry] = own(await until(read, (found) => own(found).length > 0));
    expect(entry).toMatchObject({ actor: client.clientId, subjectType: 'Client', version: 1, subject: null });
    expect(entry.changes).toEqual([
      { field: 'secretId', before: expect.any(String), after: clientSecret.id },
      { field: 'othersEnd', before: null, after: expect.any(String) },
    ]);
    expect(JSON.stringify(entry)).not.toContain(secret);
  });
});

describe('a new secret is refused', () => {
  test('to a token that can less than its client, which would gain by it', async () => {
    const client = await gateway.client();
    const entity = (await client.work()).caller.entityId;
    for (const scope of ['read', `entity.${entity}`]) {
      const { access_token } = await gateway.server.identity.issue(client.clientId, client.secret, [scope]);
      const { body } = await rotate(client, 24, bearer(access_token));
      expect(body.data.made.userErrors).toMatchObject([{ code: 'PERMISSION_DENIED' }]);
      expect(body.data.made.userErrors[0].message).toContain('limited');
      // Its own secret is marked all the same.
      const secrets = scope === 'read' ? await secretsOf(client, bearer(access_token)) : await secretsOf(client);
      expect(secrets).toMatchObject([{ current: true }]);
    }
    expect(await secretsOf(client)).toHaveLength(1);
  });

  test('to a token of an outside issuer, even if its client has secrets', async () => {
    const client = await gateway.client();
    await gateway.database.owner('update client set subject = $2 where id = $1', [client.clientId, 'partner']);
    const headers = bearer(issuer.token(key, { sub: 'partner' }));
    const { body } = await rotate(client, 24, headers);
    expect(body.data.made.userErrors).toMatchObject([{ code: 'PERMISSION_DENIED' }]);
    expect(body.data.made.userErrors[0].message).toContain('outside issuer');
    expect(await secretsOf(client, headers)).toMatchObject([{ current: false }]);
  });
});

const documents = `query ($first: Int, $after: String, $last: Int, $before: String) { viewer { client { documentMode
  documents(first: $first, after: $after, last: $last, before: $before) {
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  nodes { documentId operationName cost registeredDate retiredDate deprecated useCount lastUsedDate } } } } }`;
const register =
  'mutation ($input: RegisterDocumentsInput!) { registerDocuments(input: $input) { userErrors { code } } }';
const named = (name: string) => `query ${name} { viewer { name } }`;

describe('the documents of a client', () => {
  test('come in pages in the order of registration, with price and use', async () => {
    const client = await gateway.client();
    const texts = ['A', 'B', 'C'].map(named);
    for (const text of texts) {
      await asked(client, register, { input: { clientId: client.clientId, manifest: manifestOf(text) } });
    }
    const byId = { method: 'GET', url: `/graphql/${hashOf(texts[1])}` } as const;
    for (let time = 0; time < 3; time++) expect((await client.request(byId)).status).toBe(200);
    await gateway.server.days.flush();

    const page = async (after?: string) =>
      (await asked(client, documents, { first: 2, after })).viewer.client.documents;
    const first = await page();
    const second = await page(first.pageInfo.endCursor);
    expect([first.totalCount, first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([3, true, false]);
    const back = await asked(client, documents, { last: 1, before: second.pageInfo.startCursor });
    expect(back.viewer.client.documents.nodes).toEqual([first.nodes[1]]);
    expect(back.viewer.client.documents.pageInfo.hasPreviousPage).toBe(true);
    const found = [...first.nodes, ...second.nodes];
    expect(found.map(({ operationName, useCount }) => `${operationName} ${useCount}`)).toEqual(['A 0', 'B 3', 'C 0']);
    expect(found.map(({ lastUsedDate }) => lastUsedDate !== null)).toEqual([false, true, false]);
    expect(found[1]).toMatchObject({ documentId: hashOf(texts[1]), cost: expect.any(Number), deprecated: [] });
  });

  test('are refused with a page too long, and with a cursor of another list', async () => {
    const client = await gateway.client();
    const code = async (variables: object) =>
      (await client.graphql(documents, variables)).body.errors[0].extensions.code;
    expect([await code({ first: 101 }), await code({ first: -1 }), await code({ after: 'x' })]).toEqual([
      ...['PAGE_SIZE', 'PAGE_SIZE', 'BAD_CURSOR'],
    ]);
  });

  test('are counted where they are registered and sent as text, in a mode that looks them up', async () => {
    const client = await gateway.client();
    await asked(client, register, { input: { clientId: client.clientId, manifest: manifestOf(named('D')) } });
    await client.graphql(named('D'));
    await gateway.database.owner("update client set document_mode = 'LogUnknown' where id = $1", [client.clientId]);
    await client.graphql(named('D'));
    await gateway.server.days.flush();
    const { viewer } = await asked(client, documents);
    expect(viewer.client.documentMode).toBe('LogUnknown');
    expect(viewer.client.documents.nodes).toMatchObject([{ operationName: 'D', useCount: '1' }]);
  });
});

const usage = '{ viewer { client { usage { day requests cost errors { code count } } } } }';

describe('the usage of a client', () => {
  test('has requests, cost and errors of each day, over GraphQL and REST', async () => {
    const client = await gateway.client();
    expect((await asked(client, usage)).viewer.client.usage).toEqual([]);
    await client.graphql('{ nonsense }');
    await client.graphql('mutation { deleteFulfillment(key: "F-1") { userErrors { code } } }');
    await client.request({ method: 'GET', url: '/v1/fulfillments/F-1' });
    await client.request({ method: 'POST', url: '/v1/fulfillments', payload: { fulfillments: [{}] } });
    await gateway.server.days.flush();
    const [today, ...more] = (await asked(client, usage)).viewer.client.usage;
    expect(more).toEqual([]);
    expect(today).toMatchObject({ day: new Date().toISOString().slice(0, 10), requests: '5' });
    expect(Number(today.cost)).toBeGreaterThan(0);
    const errors = Object.fromEntries(today.errors.map(({ code, count }: Record<string, string>) => [code, count]));
    expect(errors).toMatchObject({ GRAPHQL_VALIDATION_FAILED: '1', NOT_FOUND: '2', REQUIRED: expect.any(String) });
  });

  test('reaches back as many days as asked for, and no further than a month', async () => {
    const client = await gateway.client();
    await gateway.database.owner(
      `insert into client_day select $1, (now() at time zone 'UTC')::date - n, '', n, 0 from generate_series(1, 40) n`,
      [client.clientId],
    );
    const of = async (days: number) => {
      const { body } = await client.graphql(`{ viewer { client { usage(days: ${days}) { requests } } } }`);
      return body.errors?.[0].extensions.code ?? body.data.viewer.client.usage.length;
    };
    // Of today there is nothing yet.
    expect([await of(1), await of(7), await of(30)]).toEqual([0, 6, 29]);
    expect([await of(0), await of(31)]).toEqual(['BAD_REQUEST', 'BAD_REQUEST']);
  });
});

describe('clients of two tenants', () => {
  test('see themselves and nothing of each other, whatever entity they name', async () => {
    const grants = [
      { entity: 'Acme', orgs: ['North'] },
      { entity: 'Globex', orgs: ['South'] },
    ];
    const [wide, other] = [await gateway.client({ grants }), await gateway.client({ grants })];
    const entities = (await asked(wide, '{ viewer { entities { id } } }')).viewer.entities as { id: string }[];
    const [acme, globex] = entities.map(({ id }) => ({ 'zuora-entity-ids': id }));
    const whole = `{ viewer { client { secrets { id } documents { totalCount } usage { requests } } } }`;
    const own = (await asked(wide, whole)).viewer.client;
    expect(own.secrets).toHaveLength(1);
    expect((await asked(other, whole)).viewer.client.secrets[0].id).not.toBe(own.secrets[0].id);
    for (const headers of [acme, globex]) {
      expect((await wide.graphql(whole, {}, headers)).body.data.viewer.client.secrets).toEqual(own.secrets);
    }
    // Endpoints are of an entity, and so is the entry of a rotation.
    const endpoints = '{ viewer { client { webhookEndpoints { id url } } } }';
    for (const text of [endpoints, 'mutation { rotateClientSecret { secret } }']) {
      const { status, body } = await wide.graphql(text);
      expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
    }
    expect((await rotate(wide, 24, globex)).body.data.made.userErrors).toEqual([]);
    expect(await secretsOf(wide)).toHaveLength(2);
    expect(await secretsOf(other)).toHaveLength(1);
  });

  test('have their own webhook endpoints below client', async () => {
    const [one, two] = [await gateway.client(), await gateway.client()];
    const { id } = await endpoint(one, 'https://partner.example.com/hook');
    const query = '{ viewer { client { webhookEndpoints { id pendingCount } } } }';
    expect((await asked(one, query)).viewer.client.webhookEndpoints).toEqual([{ id, pendingCount: 0 }]);
    expect((await asked(two, query)).viewer.client.webhookEndpoints).toEqual([]);
  });
});
