import type { BillRunStatus } from '../../src/domain/bill-run';
import { type Scope, scopes } from '../../src/domain/caller';
import { carryOn } from '../../src/service/bill-run-worker';
import type { Work } from '../../src/service/run/work';
import { BillRunRow } from '../../src/store/bill-run';
import { Scoped } from '../../src/store/connection/connection';
import { insertRows } from '../../src/store/query/write';
import { priceBeyond } from '../support/beyond';
import { credited, deliver, invoiced } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { billRunRow } from '../support/rows';

let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;
let count = 0;

beforeAll(async () => {
  gateway = await testGateway();
});
/** Each test has an entity of its own, so that a run over all accounts meets what the test has made. */
beforeEach(async () => {
  client = await ofEntity();
  work = await client.work();
});
afterEach(async () => {
  expect(gateway.failures.splice(0)).toEqual([]);
});
afterAll(() => gateway.close());

const ofEntity = (granted: readonly Scope[] = scopes, name = `Entity ${++count}`) =>
  gateway.client({ grants: [{ entity: name, orgs: ['Main'] }], scopes: [...granted] });

/** The only field of an operation that has no error. */
async function asked(query: string, variables: object = {}, by = client) {
  const { body } = await by.graphql(query, variables);
  expect(body.errors).toBeUndefined();
  return Object.values(body.data)[0] as ReturnType<typeof JSON.parse>;
}
const fields =
  'id billRunNumber status targetDate invoiceDate autoPost total done failed startedDate finishedDate version';
const errors = 'userErrors { code message path }';
const create = (input: object, by = client) =>
  asked(
    `mutation ($input: CreateBillRunInput!) { createBillRun(input: $input) { billRun { ${fields} } ${errors} } }`,
    { input },
    by,
  );
const act = (action: string, key: string, by = client) =>
  asked(
    `mutation ($key: ID!) { ${action.toLowerCase()}BillRun(key: $key) {
      ${action === 'Delete' ? 'deletedId' : `billRun { ${fields} }`} ${errors} } }`,
    { key },
    by,
  );
const look = (key: string) => asked(`query ($key: ID!) { billRun(key: $key) { ${fields} } }`, { key });
const told = ({ userErrors }: { userErrors: { code: string; path: string[] }[] }) =>
  userErrors.map(({ code, path }) => `${code} ${path.join('.')}`);

/** Deliveries of 10.00 each on one new account, due since 2022-01-01. */
async function due(deliveries: number, line: object = {}) {
  const sale = await orderFor(work, [line]);
  await deliver(work, sale.orderLineItems[0].id, Array(deliveries).fill('1'), {});
  return sale;
}

describe('a bill run', () => {
  test('is created, watched, posted and looked at from its documents', async () => {
    await due(3);
    await due(2);
    const { billRun, userErrors } = await create({ targetDate: '2022-01-02', invoiceDate: '2022-02-01' });
    expect(userErrors).toEqual([]);
    expect(billRun).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f]{32}$/), billRunNumber: 'BR-00000001', status: 'Pending', version: 1 },
      ...{
        targetDate: '2022-01-02',
        invoiceDate: '2022-02-01',
        autoPost: false,
        startedDate: null,
        finishedDate: null,
      },
      ...{ total: 0, done: 0, failed: 0 },
    });
    await carryOn(gateway.services);
    const completed = await look('BR-00000001');
    expect(completed).toMatchObject({ id: billRun.id, status: 'Completed', total: 5, done: 5, failed: 0 });
    expect(completed.startedDate <= completed.finishedDate).toBe(true);

    const posting = (await act('Post', billRun.id)).billRun;
    expect(posting).toMatchObject({ status: 'PostInProgress', finishedDate: null, done: 5 });
    expect(posting).toEqual(await look(billRun.id));
    await carryOn(gateway.services);
    const posted = await asked(
      `{ billRun(key: "${billRun.id}") { status finishedDate failures { totalCount } creditMemos { totalCount }
        invoices(first: 1) { totalCount nodes { status source invoiceDate targetDate billRun { billRunNumber } } } } }`,
    );
    expect(posted).toEqual({
      ...{ status: 'Posted', finishedDate: expect.any(String) },
      ...{ failures: { totalCount: 0 }, creditMemos: { totalCount: 0 } },
      invoices: {
        totalCount: 2,
        nodes: [
          {
            ...{ status: 'Posted', source: 'BillRun', invoiceDate: '2022-02-01', targetDate: '2022-01-02' },
            billRun: { billRunNumber: 'BR-00000001' },
          },
        ],
      },
    });
    const listed = await asked(`{ invoices(filter: { billRunId: { eq: "${billRun.id}" } }) { totalCount } }`);
    expect(listed.totalCount).toBe(2);
    expect(await drift(gateway.database.owner)).toEqual({});
  });

  test('bills up to its target date, on documents of today, and posts them itself where it is told to', async () => {
    await due(1);
    const { billRun } = await create({ targetDate: '2022-01-01', autoPost: true });
    expect(billRun.invoiceDate).toBe(new Date().toISOString().slice(0, 10));
    await carryOn(gateway.services);
    expect(await look(billRun.id)).toMatchObject({ status: 'Posted', autoPost: true, done: 1 });
  });

  test('N13: shows the items that it could not bill, with the reason, in pages', async () => {
    const names: string[] = [];
    const lines: { id: string }[] = [];
    for (let at = 0; at < 3; at++) {
      const { account, orderLineItems } = await due(2);
      await priceBeyond(gateway.database, account.id);
      names.push(account.accountNumber);
      lines.push({ id: orderLineItems[0].id });
    }
    await due(1);
    const foreseen = (await preview({ targetDate: '2022-01-01' })).body.data.previewBillRun;
    const { billRun } = await create({ targetDate: '2022-01-01' });
    await carryOn(gateway.services);
    expect(gateway.failures).toEqual([]);
    expect(await look(billRun.id)).toMatchObject({ status: 'Completed', total: 7, done: 4, failed: 3 });
    const found: object[] = [];
    for (let after = ''; ; ) {
      const { failures } = await asked(`{ billRun(key: "${billRun.id}") { failures(first: 2 ${after}) {
        totalCount nodes { code message during account { accountNumber } orderLineItem { id } fulfillment { orderLineItem { id } } } pageInfo { hasNextPage endCursor } } } }`);
      expect(failures.totalCount).toBe(3);
      found.push(...failures.nodes);
      if (!failures.pageInfo.hasNextPage) break;
      after = `, after: "${failures.pageInfo.endCursor}"`;
    }
    const message = expect.stringContaining('13 digits');
    expect(found).toHaveLength(3);
    expect(foreseen.failures).toEqual(expect.arrayContaining(found));
    expect(found).toEqual(
      expect.arrayContaining(
        names.map((accountNumber, at) => ({
          code: 'LIMIT_EXCEEDED',
          message,
          during: 'Processing',
          account: { accountNumber },
          orderLineItem: lines[at],
          fulfillment: { orderLineItem: lines[at] },
        })),
      ),
    );
  });

  test('is canceled, which frees what it billed, and deleted, after which nobody finds it', async () => {
    await due(2);
    const { billRun } = await create({ targetDate: '2022-01-01' });
    await carryOn(gateway.services);
    const [{ id: invoice }] = (await asked('{ invoices { nodes { id } } }')).nodes;
    expect((await act('Cancel', billRun.billRunNumber)).billRun).toMatchObject({
      status: 'CancelInProgress',
      finishedDate: null,
    });
    await carryOn(gateway.services);
    expect(await look(billRun.id)).toMatchObject({ status: 'Canceled', finishedDate: expect.any(String) });
    expect((await asked('{ fulfillments { nodes { billed } } }')).nodes).toEqual([
      { billed: false },
      { billed: false },
    ]);
    expect(await act('Delete', billRun.billRunNumber)).toEqual({ deletedId: billRun.id, userErrors: [] });
    expect(await look(billRun.id)).toMatchObject({ status: 'RemoveInProgress', finishedDate: null });
    expect(told(await act('Delete', billRun.id))).toEqual(['DOCUMENT_STATUS key']);
    await carryOn(gateway.services);
    for (const query of [`billRun(key: "${billRun.id}")`, `node(id: "${billRun.id}")`, `invoice(key: "${invoice}")`]) {
      expect(await asked(`{ ${query} { id } }`)).toBeNull();
    }
    expect(told(await act('Delete', billRun.id))).toEqual(['NOT_FOUND key']);
  });

  test('with a document that was posted by itself can be posted, and neither canceled nor deleted', async () => {
    await due(1);
    await due(1);
    const { billRun } = await create({ targetDate: '2022-01-01' });
    await carryOn(gateway.services);
    const [{ id }] = (await asked('{ invoices { nodes { id } } }')).nodes;
    const post = await asked(`mutation { postInvoice(key: "${id}") { invoice { status } userErrors { code } } }`);
    expect(post).toEqual({ invoice: { status: 'Posted' }, userErrors: [] });
    expect(told(await act('Cancel', billRun.id))).toEqual(['DOCUMENT_STATUS key']);
    expect(told(await act('Post', billRun.id))).toEqual([]);
    await carryOn(gateway.services);
    expect((await asked('{ invoices { nodes { status } } }')).nodes).toEqual(Array(2).fill({ status: 'Posted' }));
  });

  test('is made once by requests under one Idempotency-Key, whatever has become of it since', async () => {
    await due(1);
    const query = `mutation { createBillRun(input: { targetDate: "2022-01-01" }) { billRun { ${fields} } ${errors} } }`;
    const first = await client.graphql(query, {}, { 'idempotency-key': 'run' });
    await carryOn(gateway.services);
    const again = await client.graphql(query, {}, { 'idempotency-key': 'run' });
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    expect(first.body.data.createBillRun.billRun.status).toBe('Pending');
    const { status } = await client.graphql(query.replace('01-01', '01-02'), {}, { 'idempotency-key': 'run' });
    expect(status).toBe(422);
    expect((await asked('{ billRuns { nodes { done } } }')).nodes).toEqual([{ done: 1 }]);
  });
});

describe('what may be done to a bill run is what it says of itself', () => {
  const statuses: [BillRunStatus, string[]][] = [
    ['Pending', ['Cancel']],
    ['Processing', ['Cancel']],
    ['Completed', ['Post', 'Cancel']],
    ['PostInProgress', []],
    ['Posted', []],
    ['CancelInProgress', []],
    ['Canceled', ['Delete']],
    ['RemoveInProgress', []],
    ['Error', ['Cancel', 'Delete']],
  ];
  const actions = ['Post', 'Cancel', 'Delete'];

  /** A run that stands there without any documents, and which no worker looks at. */
  async function standing(status: BillRunStatus): Promise<string> {
    const row = billRunRow(work.caller, { status });
    await insertRows(new Scoped(gateway.database.raw, work.caller), BillRunRow, [row]);
    return row.id;
  }
  const shown = (key: string, by: TestClient) =>
    asked(
      `{ billRun(key: "${key}") { allowedActions { action allowed blockedBy { code message } } } }`,
      {},
      by,
    ) as Promise<{ allowedActions: { action: string; allowed: boolean; blockedBy: { code: string }[] }[] }>;

  test.each(statuses)('%s', async (status, allowed) => {
    const reader = await ofEntity(
      scopes.filter((scope) => scope !== 'bill'),
      `Entity ${count}`,
    );
    for (const action of actions) {
      const id = await standing(status);
      const { allowedActions } = await shown(id, client);
      expect(allowedActions.filter((each) => each.allowed).map((each) => each.action)).toEqual(allowed);
      const state = allowedActions.find((each) => each.action === action)!;
      expect(state.blockedBy).toHaveLength(state.allowed ? 0 : 1);

      const unseen = (await shown(id, reader)).allowedActions.find((each) => each.action === action)!;
      expect([unseen.allowed, unseen.blockedBy[0].code]).toEqual([false, 'PERMISSION_DENIED']);
      expect(unseen.blockedBy.slice(1)).toEqual(state.blockedBy);
      const name = `${action.toLowerCase()}BillRun`;
      const { body } = await reader.graphql(`mutation { ${name}(key: "${id}") { userErrors { code } } }`);
      expect([body.data, body.errors[0].extensions.code]).toEqual([{ [name]: null }, 'FORBIDDEN']);

      const { userErrors } = await act(action, id);
      expect(userErrors.map(({ code, message }: { code: string; message: string }) => ({ code, message }))).toEqual(
        state.blockedBy,
      );
    }
    await gateway.database.owner('delete from bill_run where entity_id = $1', [work.caller.entityId]);
  });
});

describe('a bill run that is asked for wrongly', () => {
  const bad: [what: string, input: object, errors: string[]][] = [
    ['with no account', { accountKeys: [] }, ['REQUIRED input.accountKeys']],
    [
      'with more than 1,000 accounts',
      { accountKeys: Array.from({ length: 1001 }, (_, at) => `A${at}`) },
      ['LIMIT_EXCEEDED input.accountKeys'],
    ],
    [
      'with accounts that are not there',
      { accountKeys: ['A9', 'f'.repeat(32), '', '\u0000', "'"] },
      [0, 1, 2, 3, 4].map((at) => `NOT_FOUND input.accountKeys.${at}`),
    ],
  ];

  test.each(bad)('%s is refused, and its preview is a bad request', async (_what, input, expected) => {
    const whole = { targetDate: '2022-01-01', ...input };
    const refused = await create(whole);
    expect([refused.billRun, told(refused)]).toEqual([null, expected]);
    const { status, body } = await preview(whole);
    expect([status, body.data, body.errors[0].extensions.code]).toEqual([200, { previewBillRun: null }, 'BAD_REQUEST']);
    expect((await asked('{ billRuns { totalCount } }')).totalCount).toBe(0);
  });

  test('with an account named twice, by its id and its number, is refused, and its preview is a bad request', async () => {
    const { account } = await due(1);
    const input = { targetDate: '2022-01-01', accountKeys: [account.id, account.accountNumber] };
    expect(told(await create(input))).toEqual(['INVALID_VALUE input.accountKeys.1']);
    expect((await preview(input)).body.errors[0].extensions.code).toBe('BAD_REQUEST');
  });

  test.each<[string, object]>([
    ['without a target date', {}],
    ['with a date that is none', { targetDate: '2022-02-30' }],
    ['with a date of another form', { targetDate: '01/02/2022' }],
    ['with an invoice date that is none', { targetDate: '2022-01-01', invoiceDate: 'today' }],
    ['with an account key that is null', { targetDate: '2022-01-01', accountKeys: [null] }],
    ['with a field that there is not', { targetDate: '2022-01-01', accounts: ['A1'] }],
  ])('%s is no valid request, and neither is its preview', async (_what, input) => {
    for (const text of [
      'mutation|createBillRun(input: $input) { userErrors { code } }',
      'query|previewBillRun(input: $input) { invoiceCount }',
    ]) {
      const [kind, field] = text.split('|');
      const { status, body } = await client.graphql(`${kind} ($input: CreateBillRunInput!) { ${field} }`, { input });
      expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    }
  });

  test.each(['', 'BR-9', 'f'.repeat(32), '\u0000', "' or 1 = 1"])('by the key %j is not found', async (key) => {
    expect(await look(key)).toBeNull();
    for (const action of ['Post', 'Cancel', 'Delete']) expect(told(await act(action, key))).toEqual(['NOT_FOUND key']);
  });

  test('with a thousand accounts is made', async () => {
    await gateway.database.owner(
      `insert into account select (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'account_number', 'T' || n))).*
       from account a, generate_series(1, 1000) n where a.id = $1`,
      [(await due(1)).account.id],
    );
    const accountKeys = Array.from({ length: 1000 }, (_, at) => `T${at + 1}`);
    expect(told(await create({ targetDate: '2022-01-01', accountKeys }))).toEqual([]);
    await carryOn(gateway.services);
    expect(await look('BR-00000001')).toMatchObject({ status: 'Completed', total: 0 });
  });
});

const preview = (input: object, by = client) =>
  by.graphql(
    `query ($input: CreateBillRunInput!) { previewBillRun(input: $input) { invoiceCount creditMemoCount
      totals { account { accountNumber } currency invoiceAmount creditMemoAmount itemCount }
      failures { account { accountNumber } code message during orderLineItem { id } fulfillment { orderLineItem { id } } } } }`,
    { input },
  );

describe('a preview of a bill run', () => {
  test('shows what the run then makes, and writes nothing', async () => {
    const sale = await invoiced(work);
    const back = await credited(work, sale, '2');
    await gateway.database.owner("update credit_memo set status = 'Canceled', posted_date = null where id = $1", [
      back.memo.id,
    ]);
    await gateway.database.owner('delete from billing_claim where id = $1', [back.fulfillment.id]);
    await due(2, { invoiceGroupNumber: 'X' });
    const { body } = await preview({ targetDate: '2022-01-01' });
    expect(body.errors).toBeUndefined();
    const { totals, ...counts } = body.data.previewBillRun;
    expect(counts).toEqual({ invoiceCount: 1, creditMemoCount: 1, failures: [] });
    const total = { currency: 'USD', invoiceAmount: '0.00', creditMemoAmount: '0.00' };
    expect(totals).toEqual([
      { ...total, account: { accountNumber: 'A00000001' }, creditMemoAmount: '20.00', itemCount: 1 },
      { ...total, account: { accountNumber: 'A00000002' }, invoiceAmount: '20.00', itemCount: 2 },
    ]);
    expect((await asked('{ billRuns { totalCount } }')).totalCount).toBe(0);

    const { billRun } = await create({ targetDate: '2022-01-01' });
    await carryOn(gateway.services);
    const made = await asked(`{ billRun(key: "${billRun.id}") { done
      invoices { nodes { amount account { accountNumber } } } creditMemos { nodes { amount account { accountNumber } } } } }`);
    expect(made).toEqual({
      done: 3,
      invoices: { nodes: [{ amount: '20.00', account: { accountNumber: 'A00000002' } }] },
      creditMemos: { nodes: [{ amount: '20.00', account: { accountNumber: 'A00000001' } }] },
    });
    const after = (await preview({ targetDate: '2022-01-01' })).body.data.previewBillRun;
    expect(after).toEqual({ invoiceCount: 0, creditMemoCount: 0, totals: [], failures: [] });
  });

  test('of accounts that are named is of those alone, for a client that may only read', async () => {
    const { account } = await due(1);
    await due(1);
    const reader = await ofEntity(['read'], `Entity ${count}`);
    const input = { targetDate: '2022-01-01', accountKeys: [account.accountNumber] };
    const { totals } = (await preview(input, reader)).body.data.previewBillRun;
    expect(totals).toMatchObject([{ account: { accountNumber: account.accountNumber }, invoiceAmount: '10.00' }]);
  });
});
