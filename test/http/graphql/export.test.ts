import { parse } from 'csv-parse/sync';
import { type TestClient, type TestGatewayServer, orderFor, testGateway } from '../../support/gateway';
import { type Asking, exported, linesOf } from '../../support/exported';
import { listening } from '../../support/socket';

/* Exports over real sockets: the same rows as page by page, from one moment, and nothing left behind. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
const total = 1_203;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  port = await listening(gateway.server);
  await filled(client, total);
}, 60_000);
afterEach(async () => {
  expect(gateway.failures.splice(0)).toEqual([]);
  await idle();
});
afterAll(() => gateway.close());

/** Fulfillments with texts that a table has to quote, some of them changed at one moment. */
async function filled(of: TestClient, count: number): Promise<void> {
  const { orderLineItems } = await orderFor(await of.work());
  const { body } = await of.graphql(
    `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [{ orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) {
      fulfillments { id } userErrors { message } } }`,
    { line: orderLineItems[0].id },
  );
  const [{ id }] = body.data.createFulfillments.fulfillments;
  await gateway.database.owner(
    `insert into fulfillment select (jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(), 'fulfillment_number', f.fulfillment_number || '-' || n,
       'updated_date', f.updated_date - (n / 7) * interval '1 minute', 'carrier', (array['a,b', 'say "hi"', E'two\\nlines', '=1+1', ' space ', null, 'ünï 🚚', '{[}]\\"'])[1 + n % 8],
       'custom_fields', case when n % 3 = 0 then jsonb_build_object('a__c', n, 'b__c', E'x\\n"y"') end, 'state', case when n % 2 = 0 then 'Booked' else 'Executing' end))).*
     from fulfillment f, generate_series(1, $2::integer - 1) n where f.id = $1`,
    [id, count],
  );
}

const running = async () =>
  Number(/^gateway_exports (\d+)$/m.exec((await gateway.server.app.inject('/metrics')).body)![1]);
/** Nothing runs, and no connection of exports is in use. */
async function idle(): Promise<void> {
  for (let looks = 0; ; looks++) {
    const used = gateway.database.db.pools.filter(([name]) => name === 'exporting');
    const busy = used.some(([, pool]) => pool.totalCount > pool.idleCount);
    if (!busy && (await running()) === 0 && gateway.server.underWay().requests.length === 0) return;
    if (looks === 500) throw new Error('an export is left');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const get = (query: string, more: Asking = {}, by = client) => exported(port, by, query, more);

/** All rows of a list as pages have them. `page` has a place for the arguments, and selects nodes or edges. */
async function paged(page: (args: string) => string, root = 'fulfillments', by = client): Promise<object[]> {
  const rows: object[] = [];
  for (let after = ''; ; ) {
    const { body } = await by.graphql(page(`first: 100${after}`));
    const found = body.data[root];
    rows.push(...(found.nodes ?? found.edges));
    if (!found.pageInfo.hasNextPage) return rows;
    after = `, after: "${found.pageInfo.endCursor}"`;
  }
}
const info = 'pageInfo { endCursor hasNextPage }';

test('proto', async () => {
  const query = (args: string) => `{ fulfillments${args && `(${args})`} { nodes { id fulfillmentNumber carrier customFields quantity amount state allowedTransitions { to } orderLineItem { itemName order { orderNumber } } fulfillmentItems(first: 2) { nodes { id } } } ${info} } }`;
  const all = await get(query(''));
  console.error(all.status, all.headers, all.text.slice(0, 300), all.text.slice(-300), all.complete);
  const { rows, last } = linesOf(all);
  expect(rows).toEqual(await paged(query));
  expect(last.pageInfo.hasNextPage).toBe(false);
  const table = await get('{ fulfillments { edges { cursor node { fulfillmentNumber carrier customFields } } } }', { accept: 'text/csv', gzip: true });
  console.error(table.status, table.headers, table.trailers, table.text.slice(0, 600), table.complete);
  expect(parse(table.text).length).toBe(total + 1);
});
