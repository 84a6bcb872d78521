import { carryOn } from '../../src/service/bill-run-worker';
import { invoiced } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * The history of what is not of one org alone, bill runs and settings, and of what is asked for by few: orders, accounts, payments and their
 * refunds.
 */
let gateway: TestGatewayServer;
let both: TestClient;
let north: TestClient;
let south: TestClient;
let foreign: TestClient;
let count = 0;

beforeAll(async () => {
  gateway = await testGateway();
});
/** An entity of its own for each test: settings are one row of it. */
beforeEach(async () => {
  const entity = `Entity ${++count}`;
  const of = (...orgs: string[]) => gateway.client({ grants: [{ entity, orgs }] });
  [both, north, south] = [await of('North', 'South'), await of('North'), await of('South')];
  foreign = await gateway.client({ grants: [{ entity: 'Elsewhere', orgs: ['North', 'South'] }] });
});
afterEach(async () => {
  await gateway.server.settled();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures.splice(0)).toEqual([]);
});
afterAll(() => gateway.close());

// biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
async function asked(by: TestClient, query: string, variables: object = {}, headers = {}): Promise<any> {
  const { body } = await by.graphql(query, variables, headers);
  expect([query, body.errors]).toEqual([query, undefined]);
  return body.data;
}

interface Entry {
  id: string;
  action: string;
  fromState: string | null;
  toState: string | null;
  actor: string;
  trackId: string | null;
  version: number;
  at: string;
  subjectType: string;
  changes: { field: string; before: string | null; after: string | null }[];
}
const entry = 'id action fromState toState actor trackId version at subjectType changes { field before after }';
const history = `history(first: 100) { totalCount nodes { ${entry} subject { __typename id } } }`;

async function historyOf(by: TestClient, root: string): Promise<Entry[]> {
  const { found } = await asked(by, `{ found: ${root} { ${history} } }`);
  expect(found.history.totalCount).toBe(found.history.nodes.length);
  return found.history.nodes;
}
/** What is told of objects that nobody is led from any more. */
async function entriesOf(by: TestClient, subjectId: string): Promise<Entry[]> {
  const rows = await gateway.database.owner<{ id: string }>(
    'select id from history_entry where subject_id = $1 order by at, version, id',
    [subjectId],
  );
  const { nodes } = await asked(by, `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on HistoryEntry { ${entry} } } }`, {
    ids: rows.map(({ id }) => id),
  });
  return nodes;
}
const acts = (entries: readonly Entry[]) => entries.map(({ action, toState }) => `${action} ${toState}`);
const steps = (entries: readonly Entry[]) =>
  entries.map(({ action, fromState, toState, version }) => `${version} ${action} ${fromState} ${toState}`);

describe('the history of settings', () => {
  /** Another client that may change them: one of all orgs. */
  let second: TestClient;
  beforeEach(async () => {
    second = await gateway.client({ grants: [{ entity: `Entity ${count}`, orgs: ['North', 'South'] }] });
  });
  const update = (by: TestClient, input: object, more = '', headers = {}) =>
    asked(
      by,
      `mutation ($input: BillingSettingsInput!) { done: updateBillingSettings(input: $input ${more}) {
        billingSettings { id version updatedDate updatedById carriers roundingMode }
        userErrors { code path ... on VersionConflict { currentVersion current { __typename id ... on BillingSettings { carriers version } } } } } }`,
      { input },
      headers,
    ).then(({ done }) => done);
  const settings = (by: TestClient) =>
    asked(by, '{ billingSettings { id version updatedDate updatedById } }').then((data) => data.billingSettings);

  test('begins with the first change, and tells who made each, when, under which track id, and what it was', async () => {
    expect(await settings(north)).toMatchObject({ version: 1, updatedDate: null, updatedById: null });
    expect(await historyOf(north, 'billingSettings')).toEqual([]);
    await update(both, { carriers: ['UPS'] }, '', { 'zuora-track-id': 'ticket 4711' });
    const { billingSettings } = await update(second, { carriers: null, roundingMode: 'UP' });

    const entries = await historyOf(both, 'billingSettings');
    expect(steps(entries)).toEqual(['2 Update null null', '3 Update null null']);
    expect(entries.map(({ actor, trackId }) => [actor, trackId])).toEqual([
      [both.clientId, 'ticket 4711'],
      [second.clientId, null],
    ]);
    expect(entries.map(({ changes }) => changes)).toEqual([
      [{ field: 'carriers', before: null, after: '["UPS"]' }],
      [
        { field: 'roundingMode', before: 'HALF_UP', after: 'UP' },
        { field: 'carriers', before: '["UPS"]', after: null },
      ],
    ]);
    expect(entries[1]).toMatchObject({ subject: { __typename: 'BillingSettings', id: billingSettings.id } });
    expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort());
    expect(await settings(north)).toEqual({
      ...{ id: billingSettings.id, version: 3, updatedDate: entries[1].at, updatedById: second.clientId },
    });
  });

  test('is seen by whoever sees the settings, in whatever orgs, and by no other entity', async () => {
    await update(both, { carriers: ['UPS'] });
    const [{ id }] = await historyOf(north, 'billingSettings');
    const { id: settingsId } = await settings(north);
    for (const client of [north, south, both]) {
      expect((await historyOf(client, 'billingSettings')).map((one) => one.id)).toEqual([id]);
      const { node, nodes } = await asked(
        client,
        `{ node(id: "${settingsId}") { id __typename } nodes(ids: ["${id}"]) { id } }`,
      );
      expect([node, nodes]).toEqual([{ id: settingsId, __typename: 'BillingSettings' }, [{ id }]]);
    }
    expect(await historyOf(foreign, 'billingSettings')).toEqual([]);
    const seen = await asked(foreign, `{ nodes(ids: ["${id}", "${settingsId}"]) { id } }`);
    expect(seen.nodes).toEqual([null, null]);
  });

  test('N19: a change that changes nothing leaves version and history as they are, as do a dry run and a refusal', async () => {
    const { billingSettings: first } = await update(both, { carriers: ['UPS'], roundingMode: 'DOWN' });
    expect((await update(second, { carriers: ['UPS'], roundingMode: 'DOWN' })).billingSettings).toEqual(first);
    expect((await update(second, { carriers: [] }, ', dryRun: true')).billingSettings.version).toBe(3);
    expect((await update(second, { carriers: [''] })).userErrors).toHaveLength(1);
    expect(steps(await historyOf(north, 'billingSettings'))).toEqual(['2 Update null null']);
    expect((await settings(north)).version).toBe(2);
  });

  test('is not lost between two who change at once: one of them is told', async () => {
    const { version } = await settings(north);
    const conflict = await asked(
      both,
      `mutation { done: updateBillingSettings(input: { carriers: ["X"] }, expectedVersion: 2) { billingSettings { id }
        userErrors { code ... on VersionConflict { currentVersion current { ... on BillingSettings { version updatedDate updatedById } } } } } }`,
    );
    expect(conflict.done).toEqual({
      billingSettings: null,
      userErrors: [
        {
          ...{ code: 'VERSION_CONFLICT', currentVersion: 1 },
          current: { version: 1, updatedDate: null, updatedById: null },
        },
      ],
    });
    const outcomes = await Promise.all([
      update(both, { carriers: ['UPS'] }, `, expectedVersion: ${version}`),
      update(second, { carriers: ['DHL'] }, `, expectedVersion: ${version}`),
    ]);
    const [won] = outcomes.filter(({ billingSettings }) => billingSettings);
    const [lost] = outcomes.filter(({ billingSettings }) => !billingSettings);
    const { id, carriers } = won.billingSettings;
    expect(lost.userErrors).toEqual([
      {
        ...{ code: 'VERSION_CONFLICT', path: ['expectedVersion'], currentVersion: 2 },
        current: { __typename: 'BillingSettings', id, carriers, version: 2 },
      },
    ]);
    expect(await historyOf(north, 'billingSettings')).toHaveLength(1);
    // Without, the last one wins, and the history has both.
    await Promise.all([update(both, { carriers: ['A'] }), update(second, { carriers: ['B'] })]);
    const entries = await historyOf(north, 'billingSettings');
    expect(entries.map((one) => one.version)).toEqual([2, 3, 4]);
    expect(entries[2].changes[0].before).toBe(entries[1].changes[0].after);
  });
});

describe('the history of a bill run', () => {
  /** A delivery of 10.00 that is due in the org of a client. */
  async function due(by: TestClient) {
    const work = await by.work();
    const { orderLineItems } = await orderFor(work);
    const input = {
      fulfillments: [
        {
          ...{ orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
          ...{ quantity: 1, state: 'SentToBilling' },
        },
      ],
    };
    await asked(
      by,
      'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) { userErrors { code } } }',
      {
        input,
      },
    );
  }
  const moved = async (by: TestClient, act: string, headers = {}) => {
    const what = act.startsWith('delete') ? 'deletedId' : 'billRun { id }';
    const { done } = await asked(by, `mutation { done: ${act} { ${what} userErrors { code message } } }`, {}, headers);
    expect(done.userErrors).toEqual([]);
    await carryOn(gateway.services);
    return (done.billRun?.id ?? done.deletedId) as string;
  };
  const created = (by: TestClient, more = '', headers = {}) =>
    moved(by, `createBillRun(input: { targetDate: "2022-01-01" ${more} })`, headers);

  test('tells each step, who had it done and under which track id, by request or in the background', async () => {
    await due(north);
    const other = await gateway.client({ grants: [{ entity: `Entity ${count}`, orgs: ['North', 'South'] }] });
    const id = await created(both, '', { 'zuora-track-id': 'monthly' });
    await moved(other, `postBillRun(key: "${id}")`, { 'zuora-track-id': 'posting' });

    const entries = await historyOf(both, `billRun(key: "${id}")`);
    expect(steps(entries)).toEqual([
      '1 Create null Pending',
      '2 Start Pending Processing',
      '3 Progress Processing Processing',
      '4 Finish Processing Completed',
      '5 Post Completed PostInProgress',
      '6 Finish PostInProgress Posted',
    ]);
    expect(entries.map(({ actor, trackId }) => [actor, trackId])).toEqual([
      ...Array(4).fill([both.clientId, 'monthly']),
      ...Array(2).fill([other.clientId, 'posting']),
    ]);
    expect(entries[0]).toMatchObject({ subjectType: 'BillRun', subject: { __typename: 'BillRun', id }, changes: [] });
    expect(entries[1].changes.map(({ field }) => field).sort()).toEqual(['startedDate', 'status', 'total']);
    expect(entries[2].changes).toEqual([{ field: 'done', before: '0', after: '1' }]);
    expect(entries[5].changes.map(({ field }) => field).sort()).toEqual(['finishedDate', 'status']);
    const { billRun } = await asked(both, `{ billRun(key: "${id}") { version updatedById updatedDate } }`);
    expect(billRun).toEqual({ version: 6, updatedById: other.clientId, updatedDate: entries[5].at });
    // Its documents tell of the same.
    const { invoices } = await asked(north, `{ invoices(filter: { billRunId: { eq: "${id}" } }) { nodes { id } } }`);
    const own = await historyOf(north, `invoice(key: "${invoices.nodes[0].id}")`);
    expect(own.map(({ action, actor, trackId }) => [action, actor, trackId])).toEqual([
      ['Create', both.clientId, 'monthly'],
      ['Post', other.clientId, 'posting'],
    ]);
  });

  test('is seen by who sees all orgs of the run', async () => {
    await due(north);
    await due(south);
    const id = await created(both, ', autoPost: true');
    const entries = await historyOf(both, `billRun(key: "${id}")`);
    expect(acts(entries)).toEqual([
      ...['Create Pending', 'Start Processing', 'Progress Processing', 'Finish PostInProgress', 'Finish Posted'],
    ]);
    const ids = JSON.stringify(entries.map((one) => one.id));
    for (const client of [north, south, foreign]) {
      expect((await asked(client, `{ billRun(key: "${id}") { ${history} } }`)).billRun).toBeNull();
      const { nodes } = await asked(client, `{ nodes(ids: ${ids}) { id } }`);
      expect(nodes).toEqual(entries.map(() => null));
    }
    expect((await asked(both, `{ nodes(ids: ${ids}) { id } }`)).nodes).toHaveLength(entries.length);
  });

  test('outlives the run and its documents, the deletion included', async () => {
    await due(north);
    const id = await created(both);
    const { invoices } = await asked(both, `{ invoices(filter: { billRunId: { eq: "${id}" } }) { nodes { id } } }`);
    await moved(both, `cancelBillRun(key: "${id}")`);
    await moved(both, `deleteBillRun(key: "${id}")`);
    expect((await asked(both, `{ billRun(key: "${id}") { id } }`)).billRun).toBeNull();

    const entries = await entriesOf(both, id);
    expect(steps(entries).slice(4)).toEqual([
      '5 Cancel Completed CancelInProgress',
      '6 Finish CancelInProgress Canceled',
      '7 Remove Canceled RemoveInProgress',
      '8 Delete RemoveInProgress null',
    ]);
    expect(entries[7].changes).toContainEqual({ field: 'targetDate', before: '2022-01-01', after: null });
    expect(entries[7].changes.map(({ field }) => field)).not.toContain('orgIds');
    const { nodes } = await asked(
      both,
      `{ nodes(ids: ["${entries[7].id}"]) { ... on HistoryEntry { subject { id } } } }`,
    );
    expect(nodes).toEqual([{ subject: null }]);
    const documents = await entriesOf(north, invoices.nodes[0].id);
    expect(acts(documents)).toEqual(['Create Draft', 'Cancel Canceled', 'Delete null']);
  });

  test('has an entry where a document is unposted by who does not see the run, which only who sees it is shown', async () => {
    await due(north);
    await due(south);
    const id = await created(both, ', autoPost: true');
    const { invoices } = await asked(north, '{ invoices(filter: { status: Posted }) { nodes { id } } }');
    const headers = { 'zuora-track-id': 'mistake' };
    await asked(
      north,
      `mutation { unpostInvoice(key: "${invoices.nodes[0].id}") { userErrors { code } } }`,
      {},
      headers,
    );
    const entries = await historyOf(both, `billRun(key: "${id}")`);
    expect(entries[5]).toMatchObject({
      ...{ action: 'Reopen', fromState: 'Posted', toState: 'Completed', version: 6, subjectType: 'BillRun' },
      ...{ actor: north.clientId, trackId: 'mistake' },
      changes: [{ field: 'status', before: 'Posted', after: 'Completed' }],
    });
    expect((await asked(north, `{ node(id: "${entries[5].id}") { id } }`)).node).toBeNull();
  });

  test('has nothing of a run that was refused', async () => {
    const id = await created(both);
    const before = await historyOf(both, `billRun(key: "${id}")`);
    const { done } = await asked(both, `mutation { done: deleteBillRun(key: "${id}") { userErrors { code } } }`);
    expect(done.userErrors).toEqual([{ code: 'DOCUMENT_STATUS' }]);
    expect(await historyOf(both, `billRun(key: "${id}")`)).toEqual(before);
  });
});

describe('the history of payments and refunds', () => {
  async function paid(by: TestClient) {
    const { invoice, account, order } = await invoiced(await by.work(), ['3', '3']);
    const { done } = await asked(
      by,
      `mutation { done: collectPayment(invoiceKeys: ["${invoice.id}"]) { payments { id } userErrors { code message } } }`,
    );
    expect(done.userErrors).toEqual([]);
    await gateway.server.settled();
    return { account, order, id: done.payments[0].id as string };
  }
  const refunded = async (by: TestClient, id: string, amount: string, headers = {}) => {
    const { done } = await asked(
      by,
      `mutation { done: refundPayment(key: "${id}", amount: "${amount}") { userErrors { code } } }`,
      {},
      headers,
    );
    expect(done.userErrors).toEqual([]);
    await gateway.server.settled();
    const [refund] = await gateway.database.owner<{ id: string }>('select id from refund where payment_id = $1', [id]);
    return refund.id.replaceAll('-', '');
  };

  test('a payment tells its making, its capture and its refund', async () => {
    const { id } = await paid(north);
    await refunded(north, id, '10');
    const entries = await historyOf(north, `payment(key: "${id}")`);
    expect(steps(entries)).toEqual([
      '1 Create null Processing',
      '2 Capture Processing Processed',
      '3 Refund Processed Processed',
    ]);
    expect(entries[2].changes).toContainEqual({ field: 'refundAmount', before: '0', after: '10' });
  });

  test('a refund tells what it was made with, and its end, in the name of who asked for it', async () => {
    const { id } = await paid(north);
    const refund = await refunded(north, id, '10', { 'zuora-track-id': 'complaint' });
    const entries = await entriesOf(north, refund);
    expect(steps(entries)).toEqual(['1 Create null Processing', '2 Complete Processing Processed']);
    expect(entries.map(({ actor, trackId, subjectType }) => [actor, trackId, subjectType])).toEqual(
      Array(2).fill([north.clientId, 'complaint', 'Refund']),
    );
    const made = Object.fromEntries(entries[0].changes.map(({ field, before, after }) => [field, [before, after]]));
    expect(made).toMatchObject({ paymentId: [null, id], amount: [null, '10'], currency: [null, 'USD'] });
    expect(Object.keys(made)).not.toContain('trackId');
    expect(entries[1].changes).toEqual([{ field: 'status', before: 'Processing', after: 'Processed' }]);
    // It is no object of the graph.
    const { node } = await asked(north, `{ node(id: "${entries[0].id}") { ... on HistoryEntry { subject { id } } } }`);
    expect(node).toEqual({ subject: null });
    expect((await entriesOf(south, refund)).filter(Boolean)).toEqual([]);
  });

  test('accounts and orders tell their changes', async () => {
    const { account, order } = await paid(north);
    const rename = `mutation { updateAccount(key: "${account.id}", input: { name: "New" }) { userErrors { code } } }`;
    await asked(north, rename, {}, { 'zuora-track-id': 'renamed' });
    const told = await historyOf(north, `account(key: "${account.accountNumber}")`);
    expect(steps(told)).toEqual(['1 Create null null', '2 Update null null']);
    expect(told[1]).toMatchObject({ trackId: 'renamed', actor: north.clientId });
    expect(told[1].changes).toMatchObject([{ field: 'name', after: 'New' }]);
    expect(steps(await historyOf(north, `order(key: "${(order as { id: string } & typeof order).id}")`))).toEqual([
      '1 Create null Executing',
    ]);
    expect((await asked(south, `{ account(key: "${account.id}") { ${history} } }`)).account).toBeNull();
  });
});
