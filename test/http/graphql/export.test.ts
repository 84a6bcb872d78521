import { parse } from 'csv-parse/sync';
import { standardLimits } from '../../../src/domain/limits';
import { schema } from '../../../src/graph/build/schema';
import { checkDocument } from '../../../src/graph/guard/document-check';
import { DocumentLimits } from '../../../src/graph/guard/limits';
import { listedNouns } from '../../../src/graph/model/lists';
import { changeMode, hashOf, registerDocuments } from '../../../src/service/registered-document';
import { Lease } from '../../../src/store/connection/lease';
import { type Asking, begun, fillFulfillments, linesOf, noExports, read } from '../../support/exported';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { manifestOf } from '../../support/manifest';
import { settled } from '../../support/settled';
import { exchange, listening, requestText } from '../../support/socket';
import { estate } from '../../support/tenant-data';

/* What an export holds: the same rows as page by page, and as they were at one moment. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
/** Three pages of an export. */
const total = 1_203;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  port = await listening(gateway.server);
  await estate(gateway, await client.work(), 'Acme');
  await fillFulfillments(gateway, client, total);
}, 60_000);
afterEach(async () => {
  expect(gateway.failures.splice(0)).toEqual([]);
  await noExports(gateway);
});
afterAll(() => gateway.close());

const get = async (query: string | object, more: Asking = {}, by = client) => read(await begun(port, by, query, more));
const csv = { accept: 'text/csv' };
const info = 'pageInfo { endCursor hasNextPage }';

/** All rows of a list as pages have them. `page` has a place for the arguments, and selects nodes or edges. */
async function paged(page: (more: string) => string, by = client): Promise<object[]> {
  const rows: object[] = [];
  for (let after = ''; ; ) {
    const { body } = await by.graphql(page(`first: 100${after}`));
    const [found] = Object.values<{ nodes: object[]; edges: object[]; pageInfo: Record<string, unknown> }>(body.data);
    rows.push(...(found.nodes ?? found.edges));
    if (!found.pageInfo.hasNextPage) return rows;
    after = `, after: "${found.pageInfo.endCursor}"`;
  }
}

describe('an export has the rows of all pages', () => {
  const deep = `id fulfillmentNumber carrier customFields quantity amount state allowedTransitions { to blockedBy { code } }
    orderLineItem { itemName order { orderNumber } } fulfillmentItems(first: 2) { nodes { id } pageInfo { hasNextPage } }`;

  test('with edges, lists and computed fields below each', async () => {
    const query = (more: string) => `query ($none: Int) { fulfillments(${more}) { ...F ${info} } }
      fragment F on FulfillmentConnection { nodes { ${deep} } }`;
    const { status, headers, text, complete } = await get(query('first: $none'));
    const { rows, last } = linesOf({ text });
    expect([status, complete, headers['content-type']]).toEqual([200, true, 'application/jsonl; charset=utf-8']);
    expect(rows.length).toBeGreaterThanOrEqual(total);
    expect(rows).toEqual(await paged((more) => query(more).replace('($none: Int)', '')));
    expect(last).toEqual({ pageInfo: { endCursor: expect.any(String), hasNextPage: false } });
  });

  test('by filter and order, with the cursor of each', async () => {
    const query = (
      more: string,
    ) => `{ list: fulfillments(${more}, filter: { state: { eq: Booked } }, orderBy: { field: fulfillmentNumber, direction: ASC }) {
      edges { at: cursor node { fulfillmentNumber } } ${info} } }`;
    const { rows } = linesOf(await get(query('first: null')));
    expect(rows.length).toBeGreaterThan(600);
    expect(rows).toEqual(await paged(query));
  });

  test.each([...listedNouns.map((noun) => `${noun}s`), 'events'])('of %s', async (root) => {
    // Between the export and the pages no event appears.
    await settled(gateway.database);
    const query = (more: string) => `{ ${root}${more && `(${more})`} { nodes { id } ${info} } }`;
    const { rows } = linesOf(await get(query('')));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows).toEqual(await paged(query));
  });

  test('compressed or not, and from one connection after the other', async () => {
    const query = '{ fulfillments { nodes { id carrier } } }';
    const [plain, zipped] = [await get(query), await get(query, { gzip: true })];
    expect([plain.headers['content-encoding'], zipped.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(zipped.text).toBe(plain.text);
  });

  test('up to as many as first says, and goes on from its cursor', async () => {
    const query = `query ($first: Int, $after: String) { fulfillments(first: $first, after: $after) { nodes { id } } }`;
    const ask = async (variables: object) => linesOf(await get(query, { variables }));
    const all = await ask({});
    const begin = await ask({ first: 701 });
    expect([begin.rows.length, begin.last.pageInfo.hasNextPage]).toEqual([701, true]);
    const { endCursor } = begin.last.pageInfo;
    const rest = await ask({ after: endCursor });
    expect([...begin.rows, ...rest.rows]).toEqual(all.rows);
    expect(await ask({ first: 250_000 })).toEqual(all);
    expect(await ask({ first: 0 })).toEqual({ rows: [], last: { pageInfo: { endCursor: null, hasNextPage: true } } });
    // Nothing is left, and the cursor stays where it was.
    const end = await ask({ after: rest.last.pageInfo.endCursor });
    expect(end).toEqual({ rows: [], last: rest.last });
  });

  test('as they were at one moment, whatever others write', async () => {
    const { database } = gateway;
    const state = async () => {
      const [row] = await database.raw.query<{ sum: string; count: string }>(
        'select sum(quantity)::text as sum, count(*)::text as count from fulfillment where fulfillment_number like $1',
        ['%-%-%'],
      );
      return [Number(row.sum), Number(row.count)];
    };
    const before = await state();
    let writes = 0;
    let isWriting = true;
    // Each moves a unit from one row to another, and both to the front of the order.
    const write = async () => {
      while (isWriting) {
        await database.raw.query(
          `with pair as (select id, row_number() over () as at from (select id from fulfillment where quantity > 5 and fulfillment_number like '%-%-%' order by random() limit 2) p)
           update fulfillment f set quantity = quantity + case at when 1 then 1 else -1 end, updated_date = clock_timestamp() from pair where f.id = pair.id`,
        );
        writes++;
      }
    };
    const writing = write();
    // Ten rows in a page, so that many writes come in between.
    const query = `{ fulfillments(filter: { fulfillmentNumber: { startsWith: "F-" } }) { nodes { id fulfillmentNumber quantity
      fulfillmentItems(first: 100) { nodes { id fulfillment { id fulfillmentNumber carrier } } } } } }`;
    const { rows } = linesOf(await get(query));
    isWriting = false;
    await writing;
    const own = rows.filter(({ fulfillmentNumber }) => /-.*-/.test(fulfillmentNumber));
    expect(writes).toBeGreaterThan(5);
    expect(new Set(own.map(({ id }) => id)).size).toBe(own.length);
    expect([own.reduce((sum, { quantity }) => sum + Number(quantity), 0), own.length]).toEqual(before);
    expect(await state()).toEqual(before);
  });

  test('that the caller sees: of its entity and its orgs, or those that it names', async () => {
    const [both, south, foreign, two] = await Promise.all([
      gateway.client({ grants: [{ entity: 'Two', orgs: ['East', 'South'] }] }),
      gateway.client({ grants: [{ entity: 'Two', orgs: ['South'] }] }),
      gateway.client({ grants: [{ entity: 'Three', orgs: ['South'] }] }),
      gateway.client({
        grants: [
          { entity: 'Two', orgs: ['East', 'South'] },
          { entity: 'Three', orgs: ['South'] },
        ],
      }),
    ]);
    const { caller } = await both.work();
    await fillFulfillments(gateway, both, 5);
    await fillFulfillments(gateway, south, 7);
    await fillFulfillments(gateway, foreign, 11);
    const count = async (by: TestClient, headers = {}) =>
      linesOf(await get('{ fulfillments { nodes { id } } }', { headers }, by)).rows.length;
    expect([await count(both), await count(south), await count(foreign)]).toEqual([12, 7, 11]);
    expect(await count(both, { 'zuora-org-ids': caller.orgIds[0] })).toBe(5);
    expect(await count(two, { 'zuora-entity-ids': caller.entityId })).toBe(12);
    const undecided = await get('{ fulfillments { nodes { id } } }', {}, two);
    expect([undecided.status, JSON.parse(undecided.text).errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('a table', () => {
  test('has the paths of the selection as columns, and gives every value back', async () => {
    const fields =
      'number: fulfillmentNumber carrier customFields quantity billed ...More orderLineItem { order { orderNumber } itemName }';
    const text = (form: string) =>
      `query { fulfillments { ${form} } } fragment More on Fulfillment { trackingNumber state }`;
    const { headers, trailers, text: table, complete } = await get(text(`nodes { ${fields} }`), csv);
    const { rows, last } = linesOf(await get(text(`nodes { ${fields} }`)));
    expect([complete, headers['content-type'], headers.trailer]).toEqual([
      true,
      'text/csv; charset=utf-8; header=present',
      'page-info',
    ]);
    expect(JSON.parse(trailers['page-info']!)).toEqual(last.pageInfo);
    const shown = (value: unknown) =>
      value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    const expected = rows.map((row) => ({
      ...{ number: row.number, carrier: shown(row.carrier), customFields: shown(row.customFields) },
      ...{ quantity: row.quantity, billed: shown(row.billed), trackingNumber: shown(row.trackingNumber) },
      ...{ state: row.state, 'orderLineItem.order.orderNumber': row.orderLineItem.order.orderNumber },
      'orderLineItem.itemName': row.orderLineItem.itemName,
    }));
    expect(parse(table, { columns: true, record_delimiter: '\r\n' })).toEqual(expected);
    expect(table.split('\r\n')[0]).toBe(
      'number,carrier,customFields,quantity,billed,trackingNumber,state,orderLineItem.order.orderNumber,orderLineItem.itemName',
    );
    const edges = await get(text('edges { cursor node { number: fulfillmentNumber ...More } }'), {
      ...csv,
      gzip: true,
    });
    expect(edges.text.slice(0, edges.text.indexOf('\r'))).toBe('cursor,node.number,node.trackingNumber,node.state');
    expect(JSON.parse(edges.trailers['page-info']!)).toEqual(last.pageInfo);
  });

  test('tells nothing from an empty text, and has no empty lines', async () => {
    const { text } = await get('{ fulfillments(first: 30) { nodes { carrier } } }', csv);
    expect(text.split('\r\n').slice(0, -1)).not.toContain('');
    const two = await get('{ fulfillments { nodes { carrier trackingNumber } } }', csv);
    expect(two.text).toContain('\r\n,\r\n');
  });

  test('of no rows has its header', async () => {
    const { text } = await get('{ fulfillments(first: 0) { nodes { id } } }', csv);
    expect(text).toBe('id\r\n');
  });

  test('has the columns of each type of a subject', async () => {
    const query = `{ events(first: 20) { nodes { subject { __typename ... on Fulfillment { state quantity } ... on Account { name } ... on Node { id } } type } } }`;
    await settled(gateway.database);
    const { text } = await get(query, csv);
    const [first] = text.split('\r\n');
    expect(first.split(',').sort()).toEqual(
      ['subject.__typename', 'subject.id', 'subject.name', 'subject.quantity', 'subject.state', 'type'].sort(),
    );
    expect(parse(text, { columns: true })).toHaveLength(20);
  });

  test('has nothing where a row of another type lacks a column, whatever the column is called', async () => {
    const query = `{ events(filter: { type: { in: ["Account.Create", "Order.Create"] } }) { nodes { type subject {
      ... on Account { constructor: name toString: accountNumber __proto__: currency } } } } }`;
    await settled(gateway.database);
    const { text } = await get(query, csv);
    const columns = (names: string[]) => names.map((name) => `c ${name}`);
    const rows: Record<string, string>[] = parse(text, { columns });
    const of = (type: string) => rows.filter((row) => row['c type'] === type);
    expect(of('Account.Create').length).toBeGreaterThan(0);
    expect(of('Order.Create').length).toBeGreaterThan(0);
    for (const row of of('Account.Create')) expect(row['c subject.__proto__']).toBe('USD');
    for (const row of of('Order.Create')) expect(Object.values(row)).toEqual(['Order.Create', '', '', '']);
  });
});

describe('by its id', () => {
  test('a registered document is exported, and of a RegisteredOnly client nothing else', async () => {
    const registered = await gateway.client();
    const text = `query Lines($first: Int, $after: String) { fulfillments(first: $first, after: $after) { nodes { id } ${info} } }`;
    const lease = await Lease.take(gateway.services.db.side);
    lease.begin();
    const limits = new DocumentLimits(standardLimits, true);
    await registerDocuments(lease, registered.clientId, manifestOf(text), (each) =>
      checkDocument(schema(), each, limits),
    );
    await lease.commit();
    await lease.release();
    await changeMode(gateway.services.db.aside(), registered.clientId, 'RegisteredOnly');
    const expected = await get(text);
    const id = hashOf(text);
    const persistedQuery = { version: 1, sha256Hash: id };
    for (const [body, path] of [
      [{ documentId: id }, '/graphql'],
      [{ documentId: `sha256:${id}`, variables: { first: 250_000 } }, '/graphql'],
      [{ extensions: { persistedQuery } }, '/graphql'],
      [{}, `/graphql/${id}`],
    ] as const) {
      expect((await get(body, { path }, registered)).text).toBe(expected.text);
    }
    const other = await get('{ fulfillments { nodes { id } } }', {}, registered);
    expect([other.status, JSON.parse(other.text).errors[0].extensions.code]).toEqual([403, 'PERSISTED_QUERY_REQUIRED']);
  });
});

describe('before the first byte is refused', () => {
  const list = 'fulfillments { nodes { id } }';
  test.each<[why: string, status: number, code: string, message: RegExp, query: string, more?: Asking]>([
    ['a mutation', 400, 'BAD_REQUEST', /mutation/, 'mutation { deleteFulfillment(key: "F") { deletedId } }'],
    ['a subscription', 406, 'NOT_ACCEPTABLE', /event-stream/, `subscription { ${list} }`],
    ['two lists', 400, 'BAD_REQUEST', /has 2/, `{ a: ${list} b: ${list} }`],
    [
      'a query whose list is left out',
      400,
      'BAD_REQUEST',
      /has 0/,
      '{ fulfillments @skip(if: true) { nodes { id } } }',
    ],
    ['one object', 400, 'BAD_REQUEST', /fulfillment is no such list/, '{ fulfillment(key: "F") { id } }'],
    ['node', 400, 'BAD_REQUEST', /node is no such list/, '{ node(id: "1") { id } }'],
    ['the schema', 400, 'BAD_REQUEST', /__schema is no such list/, '{ __schema { types { name } } }'],
    ['nodes and edges', 400, 'BAD_REQUEST', /nodes or edges/, '{ fulfillments { nodes { id } edges { cursor } } }'],
    ['nodes twice', 400, 'BAD_REQUEST', /only once/, '{ fulfillments { nodes { id } more: nodes { id } } }'],
    ['no rows', 400, 'BAD_REQUEST', /nodes or edges/, `{ fulfillments { ${info} } }`],
    ['totalCount', 400, 'BAD_REQUEST', /totalCount/, '{ fulfillments { totalCount nodes { id } } }'],
    ['last', 400, 'BAD_REQUEST', /forward/, '{ fulfillments(last: 3) { nodes { id } } }'],
    ['before', 400, 'BAD_REQUEST', /forward/, '{ fulfillments(before: "x") { nodes { id } } }'],
    ['a negative first', 400, 'PAGE_SIZE', /-1/, '{ fulfillments(first: -1) { nodes { id } } }'],
    [
      'a first that is no number',
      400,
      'GRAPHQL_VALIDATION_FAILED',
      /Int/,
      '{ fulfillments(first: 3000000000) { nodes { id } } }',
    ],
    ['a foreign cursor', 400, 'BAD_CURSOR', /cursor/i, '{ fulfillments(after: "x") { nodes { id } } }'],
    [
      'a page below a row that is too long',
      400,
      'PAGE_SIZE',
      /101/,
      '{ orders { nodes { orderLineItems(first: 101) { nodes { id } } } } }',
    ],
    [
      'a list in a table',
      400,
      'BAD_REQUEST',
      /node\.allowedTransitions is a list/,
      '{ fulfillments { edges { node { id allowedTransitions { to } } } } }',
      csv,
    ],
    [
      'a list inside of a table',
      400,
      'BAD_REQUEST',
      /items\.nodes is a list/,
      '{ fulfillments { nodes { items: fulfillmentItems { nodes { id } } } } }',
      csv,
    ],
    ['an unknown field', 400, 'GRAPHQL_VALIDATION_FAILED', /nonsense/, '{ fulfillments { nodes { nonsense } } }'],
    ['nothing', 400, 'BAD_REQUEST', /query/, ''],
    ['variables that are no object', 400, 'BAD_REQUEST', /variables/, `{ ${list} }`, { variables: [] }],
    ['another type', 406, 'NOT_ACCEPTABLE', /jsonl/, `{ ${list} }`, { accept: 'application/xml' }],
    ['a type without a weight', 406, 'NOT_ACCEPTABLE', /jsonl/, `{ ${list} }`, { accept: 'text/csv;q=0' }],
    ['another character set', 406, 'NOT_ACCEPTABLE', /UTF-8/, `{ ${list} }`, { accept: 'text/csv; charset=latin1' }],
  ])('%s', async (_why, status, code, message, query, more = {}) => {
    const { status: got, text, headers } = await get(query, more);
    const { errors } = JSON.parse(text);
    expect([got, errors[0].extensions.code, errors[0].message]).toEqual([status, code, expect.stringMatching(message)]);
    expect(headers['content-type']).toMatch(/^application\/json/);
  });

  test('what its caller may not read', async () => {
    const blind = await gateway.client({ scopes: ['fulfill'] });
    const { status, text } = await get(`{ ${list} }`, {}, blind);
    expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
  });
});

test('a connection serves what comes after an export, and HTTP/1.0 gets a table without a trailer', async () => {
  const body = JSON.stringify({ query: '{ fulfillments(first: 2) { nodes { state } } }' });
  const headers: [string, string][] = [
    ['authorization', `Bearer ${client.token}`],
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ['accept', 'text/csv'],
  ];
  const one = requestText('POST /graphql', headers, body);
  const last = requestText('POST /graphql', [...headers, ['connection', 'close']], body);
  const [both] = await exchange(port, one + last);
  expect(both.body.match(/HTTP\/1.1 200 OK/g)).toHaveLength(1);
  expect(both.body.match(/\r\n0\r\npage-info: \{"endCursor":"[\w-]+","hasNextPage":true\}\r\n\r\n/g)).toHaveLength(2);
  const [old] = await exchange(port, one.replace('HTTP/1.1', 'HTTP/1.0'));
  expect([old.status, old.headers.trailer, old.headers['transfer-encoding']]).toEqual([200, undefined, undefined]);
  expect(old.body).toMatch(/^state\r\n\w+\r\n\w+\r\n$/);
});

test('GET has no exports', async () => {
  const { status } = await client.request({
    url: '/graphql?query={fulfillments{nodes{id}}}',
    headers: { accept: 'text/csv' },
  });
  expect(status).toBe(406);
});

test.each([
  ['*/*', 'application/json'],
  ['application/json, application/jsonl;q=0.9', 'application/json'],
  ['application/jsonl;q=0.5, application/json;q=0.4', 'application/jsonl'],
  ['text/csv; charset=utf-8, */*;q=0.1', 'text/csv'],
  ['text/csv; header=present', 'text/csv'],
])('Accept: %s gets %s', async (accept, type) => {
  const { status, headers } = await get('{ fulfillments(first: 1) { nodes { id } } }', { accept });
  expect([status, headers['content-type']!.split(';')[0]]).toEqual([200, type]);
});
