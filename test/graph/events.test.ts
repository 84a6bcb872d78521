import { Lease } from '../../src/store/connection/lease';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { settled } from '../support/settled';

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
afterAll(() => gateway.close());
let entities = 0;
const clientOf = (entity: string, ...orgs: string[]) => gateway.client({ grants: [{ entity, orgs }] });
// Each test has an entity of its own.
beforeEach(async () => {
  client = await clientOf(`Entity ${++entities}`, 'North');
});

interface Page {
  nodes: { id: string; type: string; subjectId: string; toState: string | null }[];
  pageInfo: { hasNextPage: boolean; startCursor: string | null; endCursor: string };
}
const text = `query ($first: Int, $after: String, $filter: EventFilter) {
  events(first: $first, after: $after, filter: $filter) {
    nodes { id type subjectId toState } pageInfo { hasNextPage startCursor endCursor } } }`;
async function page(variables: object = {}, of = client): Promise<Page> {
  await settled(gateway.database);
  return pageNow(variables, of);
}
async function pageNow(variables: object = {}, of = client): Promise<Page> {
  const { body } = await of.graphql(text, variables);
  expect(body.errors).toBeUndefined();
  return body.data.events;
}
const refusal = async (after: string) => (await client.graphql(text, { after })).body.errors[0];
const types = ({ nodes }: Page) => nodes.map(({ type }) => type);
const account = async (name: string, of = client) =>
  (
    await of.graphql(
      'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { message } } }',
      { input: { name, currency: 'USD' } },
    )
  ).body.data.createAccount.account.id as string;
/** All events from a cursor on, page by page. */
async function follow(after: string | null, first = 2, filter?: object): Promise<{ pages: Page[]; ids: string[] }> {
  const pages: Page[] = [];
  for (let from = after; ; from = pages[pages.length - 1].pageInfo.endCursor) {
    const read = await page({ first, after: from, filter });
    pages.push(read);
    if (!read.pageInfo.hasNextPage) break;
  }
  return { pages, ids: pages.flatMap(({ nodes }) => nodes.map(({ id }) => id)) };
}

describe('events', () => {
  test('are all changes in the order of their transactions, deletions included, in pages of any size', async () => {
    const { orderLineItems } = await orderFor(await client.work());
    const created = await client.graphql(
      `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [
        { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: "1" } ] }) { fulfillments { id } } }`,
      { line: orderLineItems[0].id },
    );
    const { id } = created.body.data.createFulfillments.fulfillments[0];
    await client.graphql('mutation ($id: ID!) { deleteFulfillment(key: $id) { deletedId } }', { id });
    const all = await page({ first: 100 });
    expect(types(all).filter((type) => /^(Account|Order)\./.test(type))).toEqual(['Account.Create', 'Order.Create']);
    expect(types(all).slice(-4).sort()).toEqual([
      'Fulfillment.Create',
      'Fulfillment.Delete',
      'OrderLineItem.Update',
      'OrderLineItem.Update',
    ]);
    for (const first of [1, 2, 3, 7]) expect((await follow(null, first)).ids).toEqual(all.nodes.map((node) => node.id));
    expect((await page({ filter: { subjectId: { eq: id } } })).nodes.map(({ type }) => type)).toEqual([
      'Fulfillment.Create',
      'Fulfillment.Delete',
    ]);
  });

  test('wait for transactions that began before them, and then come behind the cursor that was given', async () => {
    await account('First');
    const { pageInfo } = await page({ first: 100 });
    // A transaction that writes, and takes its time.
    const slow = await Lease.take(gateway.services.db.writing);
    const { caller } = await client.work();
    slow.begin(caller);
    const [{ entry }] = await slow.query<{ entry: string }>(
      `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
       values (gen_random_uuid(), $1, $2, 'Account', gen_random_uuid(), now(), gen_random_uuid(), 'Slow', '[]', 1, event_position())
       returning encode(uuid_send(id), 'hex') as entry`,
      [caller.entityId, caller.orgIds[0]],
    );
    await account('Second');
    const during = await pageNow({ after: pageInfo.endCursor });
    expect(during.nodes).toEqual([]);
    await slow.commit();
    await slow.release();
    const after = await page({ after: during.pageInfo.endCursor });
    expect(types(after)).toEqual(['Account.Slow', 'Account.Create']);
    expect(after.nodes[0].id).toBe(entry);
  });

  test('are each told once and in one order to whoever follows them, while 50 write at once and some roll back', async () => {
    await account('Before');
    const { pageInfo } = await page({ first: 100 });
    let writing = true;
    const writers = Array.from({ length: 50 }, async (_, at) => {
      for (let time = 0; time < 6; time++) {
        if (at % 10 === 0) {
          await client.graphql(
            'mutation ($input: CreateAccountInput!) { createAccount(input: $input, dryRun: true) { account { id } } }',
            { input: { name: `Dry ${at}`, currency: 'USD' } },
          );
        } else await account(`Account ${at}-${time}`);
      }
    });
    const done = Promise.all(writers).finally(() => {
      writing = false;
    });
    const seen: string[] = [];
    let after = pageInfo.endCursor;
    for (let last = false; !last; ) {
      last = !writing;
      if (last) await settled(gateway.database);
      for (let more = true; more; ) {
        const read = await pageNow({ first: 7, after });
        seen.push(...read.nodes.map(({ id }) => id));
        after = read.pageInfo.endCursor;
        more = read.pageInfo.hasNextPage;
      }
    }
    await done;
    const { ids } = await follow(pageInfo.endCursor, 100);
    expect(seen).toEqual(ids);
    expect(new Set(ids).size).toBe(45 * 6);
  }, 60_000);

  test('have an end on an empty page too, from which all that comes is read', async () => {
    const empty = await page();
    expect(empty).toMatchObject({ nodes: [], pageInfo: { hasNextPage: false, startCursor: null } });
    await account('New');
    expect(types(await page({ after: empty.pageInfo.endCursor }))).toEqual(['Account.Create']);
    // A cursor fits every filter, and moves on where the filter lets nothing through.
    const none = await page({ after: empty.pageInfo.endCursor, filter: { type: { startsWith: 'Invoice.' } } });
    expect(none.nodes).toEqual([]);
    expect((await page({ after: none.pageInfo.endCursor })).nodes).toEqual([]);
    await account('Newer');
    expect((await page({ after: none.pageInfo.endCursor })).nodes).toHaveLength(1);
  });

  test('are not passed by on a page of none', async () => {
    await account('New');
    const none = await page({ first: 0 });
    expect(none).toMatchObject({ nodes: [], pageInfo: { hasNextPage: true } });
    const { nodes, pageInfo } = await page({ after: none.pageInfo.endCursor });
    expect(nodes).toHaveLength(1);
    await account('Newer');
    const still = await page({ first: 0, after: pageInfo.endCursor });
    expect(still.pageInfo).toMatchObject({ hasNextPage: true, endCursor: pageInfo.endCursor });
  });

  test('are filtered by type, by noun and by object', async () => {
    await orderFor(await client.work());
    const wanted = async (filter: object) => types(await page({ filter }));
    expect(await wanted({ type: { eq: 'Order.Create' } })).toEqual(['Order.Create']);
    expect(await wanted({ type: { in: ['Order.Create', 'Account.Create'] } })).toHaveLength(2);
    expect(new Set(await wanted({ type: { startsWith: 'OrderLineItem.' } }))).toEqual(
      new Set(['OrderLineItem.Create']),
    );
    expect(await wanted({ type: { startsWith: 'Order.' } })).toEqual(['Order.Create']);
    expect(await wanted({ type: { in: [] } })).toEqual([]);
    expect(await wanted({ subjectId: { eq: 'no id' } })).toEqual([]);
  });

  test('of a type that does not exist are refused with what is allowed: nobody waits for them for ever', async () => {
    const refused = async (type: object) =>
      (
        await client.graphql('query ($filter: EventFilter) { events(filter: $filter) { totalCount } }', {
          filter: { type },
        })
      ).body.errors?.[0];
    for (const [type, place] of [
      [{ eq: 'Fulfilment.Book' }, 'filter.type.eq. "Fulfilment.Book" is no type'],
      [{ in: ['Fulfillment.Book', 'Fulfillment.'] }, 'filter.type.in.1. "Fulfillment." is no type'],
      [{ eq: 'Fulfillment.Book', in: ['fulfillment.book'] }, 'filter.type.in.0. "fulfillment.book" is no type'],
      [{ eq: `${'x'.repeat(70)}` }, `filter.type.eq. "${'x'.repeat(60)}" is no type`],
    ] as const) {
      const { message, extensions, path } = await refused(type);
      expect([message, extensions.code, path]).toEqual([expect.stringContaining(place), 'BAD_USER_INPUT', ['events']]);
      expect(message).toMatch(/such as Fulfillment\.Book.*OrderLineItem.*SendToBilling/);
    }
    expect(await refused({ startsWith: 'Fulfilment.' })).toBeUndefined();
  });

  test('of other orgs and of other entities are not seen, and a cursor of one scope is a position in each', async () => {
    const south = await clientOf(`Entity ${entities}`, 'South');
    const elsewhere = await clientOf(`Entity ${entities} of others`, 'North');
    const ids = [];
    for (const each of [client, south, elsewhere]) ids.push(await account('New', each));
    for (const [at, each] of [client, south, elsewhere].entries()) {
      expect((await page({}, each)).nodes.map(({ subjectId }) => subjectId)).toEqual([ids[at]]);
    }
    const { endCursor } = (await page()).pageInfo;
    const later = await account('Later', south);
    expect((await page({ after: endCursor }, south)).nodes.map(({ subjectId }) => subjectId)).toEqual([ids[1], later]);
    // Whoever sees both orgs sees the events of both, in one order.
    const both = await clientOf(`Entity ${entities}`, 'North', 'South');
    expect((await page({}, both)).nodes.map(({ subjectId }) => subjectId)).toEqual([ids[0], ids[1], later]);
  });
});

test('events take one statement whatever their page, and one more where they are counted', async () => {
  await orderFor(await client.work());
  const statements = async (selection: string) => {
    const { body } = await client.graphql(`{ ${selection} }`, undefined, { 'show-statements': 'true' });
    expect(body.errors).toBeUndefined();
    return body.extensions.statements;
  };
  for (const first of [1, 100]) {
    for (const filter of ['', ', filter: { type: { startsWith: "Order" } }']) {
      expect(
        await statements(`events(first: ${first}${filter}) { edges { cursor node { id } } pageInfo { endCursor } }`),
      ).toBe(1);
      expect(await statements(`events(first: ${first}${filter}) { totalCount nodes { id type } }`)).toBe(2);
      expect(await statements(`events(first: ${first}${filter}) { totalCount }`)).toBe(1);
    }
  }
});

describe('a cursor of events', () => {
  test('that is none, or of another list, is BAD_CURSOR', async () => {
    await account('One');
    const list = await client.graphql('{ accounts { pageInfo { endCursor } } }');
    const { endCursor } = (await page()).pageInfo;
    const position = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    const encoded = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    for (const cursor of [
      '',
      'x',
      list.body.data.accounts.pageInfo.endCursor,
      encoded([position[0], '1e9', position[2], 1, position[4]]),
      encoded([position[0], '9'.repeat(30), position[2], 1, position[4]]),
      encoded([position[0], position[1], 'x', 1, position[4]]),
      // Each part in a list, which reads like the part itself.
      ...[1, 2, 4].map((at) => encoded(position.map((part: unknown, each: number) => (each === at ? [part] : part)))),
      encoded([position[0], Number(position[1]), ...position.slice(2)]),
      encoded({}),
      encoded(null),
    ]) {
      expect((await refusal(cursor)).extensions.code).toBe('BAD_CURSOR');
    }
    const { body } = await client.graphql('query ($after: String) { accounts(after: $after) { totalCount } }', {
      after: endCursor,
    });
    expect(body.errors[0].extensions.code).toBe('BAD_CURSOR');
  });

  test('of before a restore is BAD_CURSOR with the time to resume from, and new positions come behind the old', async () => {
    await account('Old');
    const { endCursor } = (await page()).pageInfo;
    const [, , , , at] = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    // What a start does in a database that was restored elsewhere.
    await gateway.database.owner(
      `insert into event_epoch select 2, max(transaction_id) + 1000, 'elsewhere', '2026-02-03T04:05:06Z' from history_entry`,
    );
    const error = await refusal(endCursor);
    expect(error.extensions.code).toBe('BAD_CURSOR');
    expect(error.message).toBe(
      `The database was restored on 2026-02-03T04:05:06.000Z. Read what has changed since ${at}, and follow the events anew from there.`,
    );
    const newest = await account('New');
    const all = await follow(null, 1);
    expect(all.pages.map(types)).toEqual([['Account.Create'], ['Account.Create']]);
    expect(all.pages[1].nodes[0].subjectId).toBe(newest);
    expect((await page({ after: all.pages[1].pageInfo.endCursor })).nodes).toEqual([]);
    await gateway.database.owner(
      'delete from history_entry where transaction_id > (select base from event_epoch where epoch = 2)',
    );
    await gateway.database.owner('delete from event_epoch where epoch = 2');
  });

  test('beyond the present end is of a database that was set back', async () => {
    const { endCursor } = (await page()).pageInfo;
    const [signature, value, id, epoch, at] = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    const ahead = [signature, String(BigInt(value) + 1_000_000n), id, epoch, at];
    expect((await refusal(Buffer.from(JSON.stringify(ahead)).toString('base64url'))).message).toContain(
      `restored to a time before this cursor. Read what has changed since ${at}`,
    );
  });

  test('with an odd time says what it says, and no more', async () => {
    const { endCursor } = (await page()).pageInfo;
    const parts = JSON.parse(Buffer.from(endCursor, 'base64url').toString());
    for (const [epoch, at] of [
      [2, { a: 1 }],
      [2, '<script>'],
      [null, '2026-01-01T00:00:00.000Z'],
      ['1', undefined],
    ]) {
      const cursor = Buffer.from(JSON.stringify([...parts.slice(0, 3), epoch, at])).toString('base64url');
      expect((await refusal(cursor)).extensions.code).toBe('BAD_CURSOR');
    }
  });
});
