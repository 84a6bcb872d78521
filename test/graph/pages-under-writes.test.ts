import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* A client pages through a list while others write to it, each request on a connection of its own. */

let gateway: TestGatewayServer;
let client: TestClient;
let lines: string[];
/** Fulfillments in their order of creation; every third is changed while the list is read. */
let rows: { id: string }[];
let touched: string[];

interface Changed {
  fulfillments?: { id: string }[];
  userErrors: object[];
}

async function carriedOut(mutation: string, variables: object): Promise<Changed> {
  const { body } = await client.graphql(mutation, variables);
  expect([body.errors, body.data?.payload.userErrors]).toEqual([undefined, []]);
  return body.data.payload;
}

let made = 0;
let turns = 0;
async function create(line: string, count: number): Promise<{ id: string }[]> {
  const fulfillments = Array.from({ length: count }, () => {
    const day = `2022-01-${String((made++ % 20) + 1).padStart(2, '0')}`;
    return { orderLineItemId: line, fulfillmentDate: day, quantity: 1, billTargetDate: made % 4 ? day : null };
  });
  const mutation = `mutation ($input: CreateFulfillmentsInput!) {
    payload: createFulfillments(input: $input) { fulfillments { id } userErrors { code message path } } }`;
  return (await carriedOut(mutation, { input: { fulfillments } })).fulfillments!;
}

const change = (key: string) =>
  carriedOut(
    `mutation ($key: ID!, $input: UpdateFulfillmentInput!) {
      payload: updateFulfillment(key: $key, input: $input) { userErrors { code message path } } }`,
    {
      key,
      input: { carrier: `Carrier ${++made}`, billTargetDate: `2022-02-${String((made % 20) + 1).padStart(2, '0')}` },
    },
  );

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  lines = (await orderFor(await client.work(), Array(20).fill({}))).orderLineItems.map(({ id }) => id);
  // Six in each act: pages of five end amid rows of one instant.
  rows = [];
  for (let at = 0; at < 8; at++) rows.push(...(await create(lines[at], 6)));
  touched = rows.filter((_, at) => at % 3 === 0).map(({ id }) => id);
});
afterAll(() => gateway.close());

interface Page {
  nodes: { id: string }[];
  pageInfo: { startCursor: string; endCursor: string; hasNextPage: boolean; hasPreviousPage: boolean };
}

async function read(args: string): Promise<Page> {
  const { body } = await client.graphql(`{ page: fulfillments(${args}) {
    nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`);
  expect(body.errors).toBeUndefined();
  return body.data.page;
}

describe.each([
  ['updatedDate', 'DESC'],
  ['updatedDate', 'ASC'],
  ['createdDate', 'DESC'],
  ['billTargetDate', 'ASC'],
  ['fulfillmentDate', 'DESC'],
  ['fulfillmentNumber', 'ASC'],
])('a list by %s %s', (field, direction) => {
  test.each(['forward', 'backward'])('shows %s each row that nobody touches, once and in its place', async (way) => {
    const order = `orderBy: { field: ${field}, direction: ${direction} }`;
    const whole = async () => (await read(`first: 100, ${order}`)).nodes.map(({ id }) => id);
    const before = await whole();
    expect(before.length).toBeLessThan(100);
    const seen: string[] = [];
    let pages = 0;
    const next = async (cursor: string): Promise<string | null> => {
      const forward = way === 'forward';
      const [count, from] = forward ? ['first', 'after'] : ['last', 'before'];
      // One inserts, one changes, and one reads, all at once; the next page is read behind what they have written.
      const [page, [added]] = await Promise.all([
        read(`${count}: 5, ${order} ${cursor && `, ${from}: "${cursor}"`}`),
        create(lines[10 + (pages % 10)], 1),
        change(touched[(turns++ * 7) % touched.length]),
      ]);
      pages++;
      await carriedOut(
        `mutation ($key: ID!) { payload: deleteFulfillment(key: $key) { userErrors { code message path } } }`,
        { key: added.id },
      );
      seen[forward ? 'push' : 'unshift'](...page.nodes.map(({ id }) => id));
      const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.pageInfo;
      if (!(forward ? hasNextPage : hasPreviousPage)) return null;
      return forward ? endCursor : startCursor;
    };
    for (let cursor: string | null = ''; cursor !== null && pages < 50; ) cursor = await next(cursor);
    const untouched = before.filter((id) => !touched.includes(id));
    expect(seen.filter((id) => untouched.includes(id))).toEqual(untouched);
    expect(pages).toBeGreaterThan(8);
    expect(pages).toBeLessThan(50);
    // What was changed is elsewhere by now where the order is that of the changes: the list did move.
    if (field === 'updatedDate') expect(await whole()).not.toEqual(before);
  });
});
