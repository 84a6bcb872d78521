import { updateAccount } from '../../src/service/account';
import { createFulfillments } from '../../src/service/fulfillment';
import { Lease } from '../../src/store/connection/lease';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
});
afterAll(() => gateway.close());

interface Entry {
  action: string;
  fromState: string | null;
  toState: string | null;
  version: number;
  trackId: string | null;
  actor: string;
  at: string;
  changes: { field: string; before: string | null; after: string | null }[];
  subject: { id: string } | null;
}

const shown = `history(first: 100) { totalCount nodes { action fromState toState version trackId actor at changes { field before after }
  subjectType subject { id ... on Fulfillment { state } } } }`;

async function historyOf(id: string): Promise<Entry[]> {
  const { body } = await client.graphql(
    `query ($id: ID!) { node(id: $id) { ... on Fulfillment { ${shown} } ... on OrderLineItem { ${shown} } ... on Invoice { ${shown} } } }`,
    { id },
  );
  expect(body.errors).toBeUndefined();
  return body.data.node.history.nodes;
}

const mutate = async (mutation: string, variables: object, headers = {}) => {
  const { body } = await client.graphql(mutation, variables, headers);
  expect(body.errors).toBeUndefined();
  return body.data.payload;
};

const create = `mutation ($input: CreateFulfillmentsInput!, $dryRun: Boolean! = false) {
  payload: createFulfillments(input: $input, dryRun: $dryRun) { fulfillments { id } invoices { id } userErrors { code } } }`;

/** A line item, and a fulfillment of 5 on it. */
async function delivered(more: object = {}, processingOptions: object | null = null) {
  const { orderLineItems } = await orderFor(await client.work());
  const entry = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', quantity: '5', ...more };
  const payload = await mutate(create, { input: { fulfillments: [entry], processingOptions } });
  return { line: orderLineItems[0], id: payload.fulfillments[0].id as string, payload };
}

describe('the history of a fulfillment', () => {
  test('has one entry for each change: who, when, under which track id, from where to where, and which fields', async () => {
    const { id } = await delivered();
    const change =
      'mutation ($id: ID!) { payload: updateFulfillment(key: $id, input: { state: Booked, quantity: 7, trackingNumber: "T-1" }) { userErrors { code } } }';
    await mutate(change, { id }, { 'zuora-track-id': 'shipment 4711' });
    await mutate(
      'mutation ($id: ID!) { payload: sendFulfillmentsToBilling(keys: [$id], billTargetDate: "2022-01-01") { userErrors { code } } }',
      { id },
    );

    const entries = await historyOf(id);
    expect(entries.map(({ action, fromState, toState, version }) => [action, fromState, toState, version])).toEqual([
      ['Create', null, 'Executing', 1],
      ['Book', 'Executing', 'Booked', 2],
      ['SendToBilling', 'Booked', 'SentToBilling', 3],
    ]);
    expect(entries[0].changes).toEqual([]);
    expect([...entries[1].changes].sort((a, b) => (a.field < b.field ? -1 : 1))).toEqual([
      { field: 'amount', before: '50', after: '70' },
      { field: 'quantity', before: '5', after: '7' },
      { field: 'state', before: 'Executing', after: 'Booked' },
      { field: 'trackingNumber', before: null, after: 'T-1' },
    ]);
    expect(entries.map(({ trackId }) => trackId)).toEqual([null, 'shipment 4711', null]);
    expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([client.clientId]));
    expect(entries[1].subject).toEqual({ id, state: 'SentToBilling' });
    expect(Date.parse(entries[2].at)).toBeGreaterThanOrEqual(Date.parse(entries[1].at));
  });

  test('a refused mutation and a dry run leave no entry', async () => {
    const { id, line } = await delivered();
    const before = await historyOf(line.id);
    await mutate('mutation ($id: ID!) { payload: completeFulfillments(keys: [$id]) { userErrors { code } } }', { id });
    const entry = { orderLineItemId: line.id, fulfillmentDate: '2022-01-01', quantity: '5' };
    await mutate(create, { input: { fulfillments: [entry] }, dryRun: true });
    expect(await historyOf(id)).toHaveLength(1);
    expect(await historyOf(line.id)).toEqual(before);
  });

  test('a deletion leaves one entry with the values that were there', async () => {
    const { id } = await delivered({ carrier: 'CarrierA' });
    await mutate('mutation ($id: ID!) { payload: deleteFulfillment(key: $id) { userErrors { code } } }', { id });
    const entries = await gateway.database.owner<{
      id: string;
      action: string;
      to_state: string | null;
      changes: Entry['changes'];
    }>('select id, action, to_state, changes from history_entry where subject_id = $1 order by at, id', [id]);
    expect(entries.map(({ action, to_state }) => [action, to_state])).toEqual([
      ['Create', 'Executing'],
      ['Delete', null],
    ]);
    expect(entries[1].changes).toContainEqual({ field: 'carrier', before: 'CarrierA', after: null });
    const { body } = await client.graphql(
      'query ($id: ID!) { node(id: $id) { ... on HistoryEntry { subjectType subject { id } } } }',
      {
        id: entries[1].id,
      },
    );
    expect(body.data.node).toEqual({ subjectType: 'Fulfillment', subject: null });
  });
});

describe('the history of what follows from a fulfillment', () => {
  test('the line item has an entry for each change of its counters, and one for completing itself', async () => {
    const { line } = await delivered({ quantity: '500', state: 'SentToBilling', billTargetDate: '2022-01-01' });
    const entries = await historyOf(line.id);
    expect(entries.map(({ action, fromState, toState }) => [action, fromState, toState])).toEqual([
      ['Create', null, 'Booked'],
      ['Complete', 'Booked', 'Complete'],
    ]);
    const [order] = await gateway.database.owner(
      'select from_state, to_state from history_entry where subject_id = $1 and from_state is not null',
      [line.orderId],
    );
    expect(order).toEqual({ from_state: 'Executing', to_state: 'Complete' });
  });

  test('the invoice has its posting and its payment, the payment its capture, in the name of who asked for them', async () => {
    const { payload } = await delivered(
      { state: 'SentToBilling', billTargetDate: '2022-01-01' },
      { runBilling: true, collectPayment: true },
    );
    await gateway.server.settled();
    const entries = await historyOf(payload.invoices[0].id);
    expect(entries.map(({ action, toState }) => [action, toState])).toEqual([
      ['Create', 'Posted'],
      ['Pay', 'Posted'],
    ]);
    expect(entries[1].changes).toEqual([{ field: 'balance', before: '50', after: '0' }]);
    const payments = await gateway.database.owner(
      `select h.action, h.from_state, h.to_state, h.version, h.version = p.version as current, h.actor = p.created_by_id as own
       from history_entry h join payment p on p.id = h.subject_id join payment_application a on a.payment_id = p.id
       where a.invoice_id = $1 order by h.at, h.version`,
      [payload.invoices[0].id],
    );
    expect(payments).toEqual([
      { action: 'Create', from_state: null, to_state: 'Processing', version: 1, current: false, own: true },
      { action: 'Capture', from_state: 'Processing', to_state: 'Processed', version: 2, current: true, own: true },
    ]);
  });

  test('an account tells that its payment method changed, and never what it is', async () => {
    const work = await client.work();
    const { account } = await orderFor(work);
    await updateAccount(work, account.id, { paymentMethodToken: 'tok_declined' });
    const [entry] = await gateway.database.owner<{ changes: Entry['changes'] }>(
      "select changes from history_entry where subject_id = $1 and action = 'Update'",
      [account.id],
    );
    expect(entry.changes).toEqual([{ field: 'paymentMethodToken', before: '(not shown)', after: '(not shown)' }]);
  });

  test('N19: an update that changes nothing leaves no version, no date and no entry, of whatever object', async () => {
    const customFields = { zone__c: 'B', a__c: 1, long_name__c: null };
    const { id, line, payload } = await delivered({ state: 'Booked', carrier: 'UPS', customFields });
    expect(payload.userErrors).toEqual([]);
    const items = await mutate(
      `mutation ($id: String!) { payload: createFulfillmentItems(input: [{ fulfillmentNumber: $id, itemIdentifier: "S-1" }]) {
        fulfillmentItems { id } userErrors { code } } }`,
      { id },
    );
    const [{ id: itemId }] = items.fulfillmentItems;
    const sale = await orderFor(await client.work(), [{ itemState: 'Executing', amountPerUnit: '10.5' }]);
    const [open] = sale.orderLineItems;
    const state = async () =>
      gateway.database.owner<{ id: string }>(
        `select id, version, updated_date::text from (
           select id, version, updated_date from fulfillment union all select id, version, updated_date from order_line_item
           union all select id, version, updated_date from account union all select id, version, updated_date from orders) rows
         union all select subject_id, version, '' from history_entry order by 1, 2, 3`,
      );
    const before = await state();
    const again = { id, line: open.id, item: itemId, key: sale.account.accountNumber };
    const sameFields = {
      carrier: 'UPS',
      quantity: '5.000',
      customFields: { long_name__c: null, a__c: 1, zone__c: 'B' },
    };
    const sameLine = { quantity: '500', amountPerUnit: '10.50', description: null };
    const calls: [string, object][] = [
      [
        'mutation ($id: ID!, $input: UpdateFulfillmentInput!) { payload: updateFulfillment(key: $id, input: $input) { fulfillment { version } userErrors { code } } }',
        { id, input: sameFields },
      ],
      [
        'mutation ($id: ID!, $input: UpdateOrderLineItemInput!) { payload: updateOrderLineItem(id: $id, input: $input) { orderLineItem { version } userErrors { code } } }',
        { id: open.id, input: sameLine },
      ],
      [
        'mutation ($input: UpdateOrderLineItemsInput!) { payload: updateOrderLineItems(input: $input) { orderLineItems { version } userErrors { code } } }',
        { input: { orderLineItems: [{ id: open.id, quantity: 500 }] } },
      ],
      [
        'mutation ($id: ID!) { payload: updateFulfillmentItem(id: $id, input: { itemIdentifier: "S-1" }) { fulfillmentItems { id } userErrors { code } } }',
        { id: itemId },
      ],
      [
        'mutation ($key: ID!) { payload: updateAccount(key: $key, input: { name: "Customer", paymentMethodToken: "tok_ok" }) { account { version } userErrors { code } } }',
        { key: again.key },
      ],
    ];
    for (const [query, variables] of calls) {
      const done = await mutate(query, variables);
      expect([query, done.userErrors]).toEqual([query, []]);
      expect([query, await state()]).toEqual([query, before]);
    }
    // And one that changes a fulfillment alone leaves its line item as it is.
    await mutate(calls[0][0], { id, input: { ...sameFields, carrier: 'DHL' } });
    const changed = (await state()).filter((row) => !before.some((old) => JSON.stringify(old) === JSON.stringify(row)));
    expect(new Set(changed.map((row) => row.id))).toEqual(new Set([id]));
    expect((await historyOf(line.id)).map(({ action }) => action)).toEqual(['Create', 'Update']);
  });

  test('times of one object do not run backwards, though a change that began first came last', async () => {
    const work = await client.work();
    const { orderLineItems } = await orderFor(work, [{}, {}]);
    const [x, y] = orderLineItems.map(({ id }) => id).sort();
    const entry = (orderLineItemId: string) => ({ orderLineItemId, fulfillmentDate: '2022-01-01', quantity: '1' });
    const blocker = await Lease.take(gateway.services.db.writing);
    blocker.begin(work.caller);
    await blocker.query('select 1 from order_line_item where id = $1 for update', [x]);
    // Waits for the first line, while the second is changed by another.
    const first = createFulfillments(work, { fulfillments: [entry(x), entry(y)] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await createFulfillments(await client.work(), { fulfillments: [entry(y)] });
    await blocker.release();
    await first;
    const entries = await historyOf(y);
    expect(entries.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort());
  });

  test('every object at version n has n entries, and each is numbered by its transaction', async () => {
    const rows = await gateway.database.owner(
      `select subject_id, count(*)::integer as entries, max(version) as version from history_entry
       group by subject_id having count(*) <> max(version)`,
    );
    expect(rows).toEqual([]);
    const [{ late }] = await gateway.database.owner<{ late: number }>(
      'select count(*)::integer as late from history_entry where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint',
    );
    expect(late).toBe(0);
  });
});
