import { purgeOutcomes } from '../../src/store/idempotency';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let lineId: string;
let made = 0;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const { orderLineItems } = await orderFor(await client.work());
  lineId = orderLineItems[0].id;
});
afterEach(() => gateway.database.owner('delete from idempotency_outcome'));

const newKey = () => `key-${++made}`;
const inputOf = (more: object = {}, options: object | null = null) => ({
  fulfillments: [{ orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: '5', ...more }],
  ...(options && { processingOptions: options }),
});
const billed = { state: 'SentToBilling', billTargetDate: '2022-01-01' };

const rest = (key: string, payload: object | string = inputOf(), by: TestClient = client, headers = {}) =>
  by.request({
    method: 'POST',
    url: '/v1/fulfillments',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
    payload,
  });
const mutation = `mutation ($input: CreateFulfillmentsInput!) {
  createFulfillments(input: $input) {
    fulfillments { id fulfillmentNumber orderLineItem { order { orderNumber } } }
    invoices { invoiceNumber } payments { paymentNumber status } userErrors { code path }
  }
}`;
const graphql = (key: string, variables: object = { input: inputOf() }, query = mutation) =>
  client.graphql(query, variables, { 'idempotency-key': key });
const codeOf = (answer: { body: { errors?: { extensions: { code: string } }[] } }) =>
  answer.body.errors?.[0].extensions.code;

const count = async (table: string, where = 'true') =>
  (await gateway.database.owner<{ n: number }>(`select count(*)::int as n from ${table} where ${where}`))[0].n;
const ofLine = () => count('fulfillment', `order_line_item_id = '${lineId}'`);
const stored = () => count('idempotency_outcome');

/** Makes every insert of a fulfillment fail in a way that nobody has foreseen. */
async function withBrokenInserts(act: () => Promise<void>): Promise<void> {
  const { owner } = gateway.database;
  await owner(`create function broken() returns trigger language plpgsql as
    $$ begin raise exception 'secret detail'; end $$`);
  await owner('create trigger broken before insert on fulfillment for each row execute function broken()');
  try {
    await act();
  } finally {
    await owner('drop function broken cascade');
  }
}

describe.each([
  ['/v1/fulfillments', (key: string, input: object) => rest(key, input)],
  ['/graphql', (key: string, input: object) => graphql(key, { input })],
])('an Idempotency-Key on POST %s', (_url, send) => {
  test('B4: the same request with the same key gets the same bytes and makes no second document', async () => {
    const key = newKey();
    const input = inputOf(billed, { runBilling: true });
    const invoices = await count('invoice');
    const first = await send(key, input);
    expect(first.status).toBe(200);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const second = await send(key, input);
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect(second.headers['zuora-request-id']).not.toBe(first.headers['zuora-request-id']);
    expect([await ofLine(), (await count('invoice')) - invoices]).toEqual([1, 1]);
  });

  test('another body under the key is 422 and does nothing', async () => {
    const key = newKey();
    await send(key, inputOf());
    const other = await send(key, inputOf({ quantity: '6' }));
    expect(other.status).toBe(422);
    expect(other.text).toContain('This Idempotency-Key was used for another request.');
    expect(await ofLine()).toBe(1);
    expect((await send(key, inputOf())).headers['idempotency-replayed']).toBe('true');
  });

  test('what the rules refuse is replayed, even if it would be allowed by now', async () => {
    const key = newKey();
    const first = await send(key, inputOf({ quantity: '501' }));
    expect(first.text).toMatch(/QUANTITY_EXCEEDED|58000030/);
    await gateway.database.owner('update order_line_item set quantity = 600 where id = $1', [lineId]);
    const second = await send(key, inputOf({ quantity: '501' }));
    expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    expect(await ofLine()).toBe(0);
    await send(newKey(), inputOf({ quantity: '501' }));
    expect(await ofLine()).toBe(1);
  });

  test('a request that does not fit is not stored: the key is free for the right one', async () => {
    const key = newKey();
    const wrong = await send(key, inputOf({ quantitty: '5' }));
    expect(wrong.text).toContain('quantitty');
    expect(await stored()).toBe(0);
    expect((await send(key, inputOf())).headers['idempotency-replayed']).toBeUndefined();
    expect(await ofLine()).toBe(1);
  });

  test('an unexpected failure is masked, leaves nothing, is not stored and can be tried again', async () => {
    const key = newKey();
    await withBrokenInserts(async () => {
      const broken = await send(key, inputOf());
      expect(broken.status).toBe(500);
      expect(broken.text).toContain(broken.headers['zuora-request-id']);
      expect(broken.text).not.toContain('secret detail');
    });
    expect([await stored(), await ofLine()]).toEqual([0, 0]);
    expect((await send(key, inputOf())).status).toBe(200);
    expect([await stored(), await ofLine()]).toEqual([1, 1]);
  });

  test('20 equal requests at once make one effect', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(key, inputOf())));
    const done = answers.filter((answer) => answer.status === 200);
    expect(new Set(done.map((answer) => answer.text)).size).toBe(1);
    expect(done.filter((answer) => answer.headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status !== 200 && answer.status !== 409)).toEqual([]);
    expect([await ofLine(), await stored()]).toEqual([1, 1]);
  });

  test('a key is forgotten after 24 hours and not before', async () => {
    const key = newKey();
    const age = (interval: string) =>
      gateway.database.owner(`update idempotency_outcome set created_date = now() - interval '${interval}'`);
    const first = await send(key, inputOf());
    await age('23 hours 59 minutes');
    await purgeOutcomes(gateway.database.db.aside());
    expect((await send(key, inputOf())).text).toBe(first.text);
    await age('24 hours 1 minute');
    const anew = await send(key, inputOf());
    expect(anew.headers['idempotency-replayed']).toBeUndefined();
    expect(anew.text).not.toBe(first.text);
    expect([await ofLine(), await stored()]).toEqual([2, 1]);
    expect((await send(key, inputOf())).text).toBe(anew.text);
    await age('24 hours 1 minute');
    await purgeOutcomes(gateway.database.db.aside());
    expect(await stored()).toBe(0);
  });

  test('while the first request runs the key is 409, afterwards its reply is there', async () => {
    const key = newKey();
    const { owner } = gateway.database;
    await owner('begin');
    await owner('select 1 from order_line_item where id = $1 for update', [lineId]);
    const first = send(key, inputOf());
    for (let waiting = 0; !waiting; ) {
      waiting = await count('pg_stat_activity', "wait_event_type = 'Lock' and datname = current_database()");
    }
    const second = await send(key, inputOf());
    expect([second.status, second.text]).toEqual([409, expect.stringMatching(/still running/)]);
    await owner('rollback');
    expect((await first).status).toBe(200);
    expect((await send(key, inputOf())).text).toBe((await first).text);
    expect(await ofLine()).toBe(1);
  });
});

describe('a key', () => {
  test('is one key for both doors: a request by the other one is 422', async () => {
    const key = newKey();
    await rest(key);
    const other = await graphql(key);
    expect([other.status, codeOf(other)]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    expect(other.body.errors[0].extensions.retryable).toBeUndefined();
  });

  test('stands for what is asked, not for how it is written', async () => {
    const key = newKey();
    const first = await rest(key, `{"fulfillments":[${JSON.stringify(inputOf().fulfillments[0])}]}`);
    const [entry] = inputOf().fulfillments;
    const turned = Object.fromEntries(Object.entries(entry).reverse());
    const second = await rest(key, JSON.stringify({ fulfillments: [turned] }, null, 4));
    expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
  });

  test('stands for the query string too, in any order: with another one it is 422', async () => {
    const key = newKey();
    const ask = (search: string) =>
      client.request({
        ...{ method: 'POST', url: `/graphql${search}`, headers: { 'idempotency-key': key } },
        payload: { query: mutation, variables: { input: inputOf() } },
      });
    await ask('?a=1&b=2');
    expect((await ask('?b=2&a=1')).headers['idempotency-replayed']).toBe('true');
    for (const search of ['', '?a=1', '?a=1&b=3', '?a=1&a=1&b=2'])
      expect([search, (await ask(search)).status]).toEqual([search, 422]);
    expect(await ofLine()).toBe(1);
  });

  test('stands for the query string on REST, where it may change the reply', async () => {
    const account = (await client.graphql('{ accounts(first: 1) { nodes { accountNumber } } }')).body.data.accounts;
    const key = newKey();
    const order = (search: string) =>
      client.request({
        ...{ method: 'POST', url: `/v1/orders${search}`, headers: { 'idempotency-key': key } },
        payload: {
          ...{ existingAccountNumber: account.nodes[0].accountNumber, orderDate: '2022-01-01' },
          orderLineItems: [{ itemName: 'Desk', itemType: 'Product', quantity: 1, listPricePerUnit: 10 }],
        },
      });
    const orders = await count('orders');
    expect((await order('')).body.success).toBe(true);
    expect((await order('?returnIds=true')).status).toBe(422);
    expect((await order('')).headers['idempotency-replayed']).toBe('true');
    expect((await count('orders')) - orders).toBe(1);
  });

  test('is told apart from another query with the same variables', async () => {
    const key = newKey();
    await graphql(key);
    const other = await graphql(key, { input: inputOf() }, mutation.replace('invoices { invoiceNumber }', ''));
    expect([other.status, codeOf(other)]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
  });

  test('belongs to its client', async () => {
    const key = newKey();
    const other = await gateway.client();
    const mine = await rest(key);
    const theirs = await rest(key, inputOf(), other);
    expect(theirs.headers['idempotency-replayed']).toBeUndefined();
    expect(theirs.text).not.toBe(mine.text);
    expect(await ofLine()).toBe(2);
  });

  test('shows no stored reply to a token without the scope of the mutation', async () => {
    const key = newKey();
    const first = await graphql(key);
    const { access_token: token } = await gateway.server.identity.issue(client.clientId, client.secret, ['read']);
    const authorization = `Bearer ${token}`;
    const narrow = await client.graphql(mutation, { input: inputOf() }, { 'idempotency-key': key, authorization });
    expect([codeOf(narrow), narrow.body.data]).toEqual(['FORBIDDEN', { createFulfillments: null }]);
    expect((await rest(key, inputOf(), client, { authorization })).status).toBe(403);
    expect((await graphql(key)).text).toBe(first.text);
    expect(await ofLine()).toBe(1);
  });

  test('belongs to the entity it was used in', async () => {
    const both = await gateway.client({
      grants: [
        { entity: 'Acme', orgs: ['North'] },
        { entity: 'Globex', orgs: ['North'] },
      ],
    });
    const entities = await gateway.database.owner<{ id: string }>('select id from entity order by name');
    const key = newKey();
    const query = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { accountNumber id } } }';
    const send = ({ id }: { id: string }) =>
      both.graphql(query, {}, { 'idempotency-key': key, 'zuora-entity-ids': id });
    const [acme, globex] = [await send(entities[0]), await send(entities[1])];
    expect(acme.body.data.createAccount.account.id).not.toBe(globex.body.data.createAccount.account.id);
    expect((await send(entities[0])).text).toBe(acme.text);
    expect((await send(entities[1])).text).toBe(globex.text);
  });

  test('is not used up by a request without a valid token', async () => {
    const key = newKey();
    const answer = await rest(key, inputOf(), client, { authorization: 'Bearer nonsense' });
    expect(answer.status).toBe(401);
    expect(await stored()).toBe(0);
    expect((await rest(key)).body.success).toBe(true);
  });

  test('has 1 to 255 printable ASCII characters', async () => {
    const longest = 'k'.repeat(255);
    expect((await rest(longest)).body.success).toBe(true);
    for (const key of [`${longest}k`, '', 'tab\tin it', 'caf\u00e9']) {
      const answer = await rest(key);
      expect({ key, status: answer.status }).toEqual({ key, status: 400 });
      expect(answer.body.reasons).toEqual([
        { code: 58000090, message: 'Idempotency-Key must have 1 to 255 printable ASCII characters.' },
      ]);
      expect(codeOf(await graphql(key))).toBe('BAD_REQUEST');
    }
    expect(await ofLine()).toBe(1);
  });

  test('is ignored by GET, PUT and DELETE', async () => {
    const key = newKey();
    const { body } = await rest(newKey());
    const { id } = body.fulfillments[0];
    const ask = (method: 'GET' | 'PUT' | 'DELETE', payload?: object) =>
      client.request({
        method,
        url: `/v1/fulfillments/${id}`,
        headers: { 'idempotency-key': key },
        ...(payload && { payload }),
      });
    expect((await ask('GET')).body.fulfillment.quantity).toBe(5);
    expect((await ask('PUT', { quantity: 6 })).body.success).toBe(true);
    expect((await ask('PUT', { quantity: 7 })).body.success).toBe(true);
    expect((await ask('GET')).body.fulfillment.quantity).toBe(7);
    expect((await ask('DELETE')).body.success).toBe(true);
    expect((await ask('DELETE')).body.success).toBe(false);
    expect(await stored()).toBe(1);
  });

  test('is ignored by queries, whose answers stay fresh', async () => {
    const key = newKey();
    const query = 'query ($id: ID!) { orderLineItem(id: $id) { quantityPendingFulfillment } }';
    const pending = async () =>
      (await graphql(key, { id: lineId }, query)).body.data.orderLineItem.quantityPendingFulfillment;
    expect(await pending()).toBe('500');
    await rest(newKey(), inputOf({ state: 'Booked' }));
    expect(await pending()).toBe('495');
    expect(await stored()).toBe(1);
  });

  test.each([
    ['beside one another', 'mutation M($input: CreateFulfillmentsInput!) { a: X b: X }'],
    [
      'in a fragment',
      'mutation M($input: CreateFulfillmentsInput!) { a: X ...more } fragment more on Mutation { b: X }',
    ],
  ])('takes one mutation field, so two %s are refused', async (_where, shape) => {
    const query = shape.replaceAll('X', 'createFulfillments(input: $input) { userErrors { code } }');
    const answer = await graphql(newKey(), { input: inputOf() }, query);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'ONE_MUTATION_PER_KEY']);
    expect(await ofLine()).toBe(0);
  });

  test('takes one mutation field beside __typename and one that is skipped', async () => {
    const field = 'createFulfillments(input: $input) { userErrors { code } }';
    const query = `mutation ($input: CreateFulfillmentsInput!) { __typename a: ${field} b: ${field.replace(' {', ' @skip(if: true) {')} }`;
    const answer = await graphql(newKey(), { input: inputOf() }, query);
    expect(answer.body).toEqual({ data: { __typename: 'Mutation', a: { userErrors: [] } } });
    expect(await ofLine()).toBe(1);
  });
});
