import { scopes } from '../../src/domain/caller';
import { fulfillmentStates, transitions } from '../../src/domain/fulfillment';
import { updatableFields } from '../../src/domain/fulfillment-fields';
import type { FulfillmentAction, FulfillmentState } from '../../src/domain/fulfillment-state';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import type { Work } from '../../src/service/run/work';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

type Codes = Partial<Record<FulfillmentAction, string[]>>;
/** What a fulfillment is like, and what the graph must say of it to a client that has every scope. */
interface Situation {
  state: FulfillmentState;
  noDate?: boolean;
  /** Another fulfillment has taken what this one would need. */
  exceeded?: boolean;
  billed?: boolean;
  /** Made true beside the gateway, where no mutation leads there yet. */
  sql?: string;
  blocked: Codes;
}

const draft =
  "update invoice set status = 'Draft' where id in (select invoice_id from invoice_item where fulfillment_id = $1)";
const line = (state: string) =>
  `update order_line_item set item_state = '${state}' where id = (select order_line_item_id from fulfillment where id = $1)`;
const notBooked = ['ORDER_LINE_ITEM_NOT_BOOKED'];

const situations: Record<string, Situation> = {
  Executing: { state: 'Executing', blocked: { Book: [], SendToBilling: [], Cancel: [] } },
  'Executing, without a date to bill from': {
    state: 'Executing',
    noDate: true,
    blocked: { Book: [], SendToBilling: ['BILL_TARGET_DATE_REQUIRED'], Cancel: [] },
  },
  'Executing, with more than what is still pending': {
    state: 'Executing',
    exceeded: true,
    blocked: { Book: ['QUANTITY_EXCEEDED'], SendToBilling: ['QUANTITY_EXCEEDED'], Cancel: [] },
  },
  'Executing, with several reasons against it': {
    state: 'Executing',
    noDate: true,
    exceeded: true,
    sql: line('Executing'),
    blocked: {
      Book: [...notBooked, 'QUANTITY_EXCEEDED'],
      SendToBilling: [...notBooked, 'QUANTITY_EXCEEDED', 'BILL_TARGET_DATE_REQUIRED'],
      Cancel: notBooked,
    },
  },
  Booked: { state: 'Booked', blocked: { SendToBilling: [] } },
  'Booked, without a date to bill from': {
    state: 'Booked',
    noDate: true,
    blocked: { SendToBilling: ['BILL_TARGET_DATE_REQUIRED'] },
  },
  'Booked, on a line item that is not': {
    state: 'Booked',
    sql: line('Canceled'),
    blocked: { SendToBilling: notBooked },
  },
  'SentToBilling, not billed': { state: 'SentToBilling', blocked: { Complete: ['NOT_BILLED_YET'] } },
  'SentToBilling, on a posted invoice': { state: 'SentToBilling', billed: true, blocked: { Complete: [] } },
  'SentToBilling, on a draft': {
    state: 'SentToBilling',
    billed: true,
    sql: draft,
    blocked: { Complete: ['NOT_BILLED_YET'] },
  },
  'SentToBilling, on a line item that has completed itself': {
    state: 'SentToBilling',
    billed: true,
    sql: line('Complete'),
    blocked: { Complete: [] },
  },
  Complete: { state: 'Complete', billed: true, blocked: {} },
  Canceled: { state: 'Canceled', blocked: {} },
};

const clients: Record<string, { without: string[]; client?: TestClient }> = {
  'every scope': { without: [] },
  'all but edit-booked': { without: ['edit-booked'] },
  'all but fulfill': { without: ['fulfill'] },
};
const fields = {
  Book: 'bookFulfillments',
  SendToBilling: 'sendFulfillmentsToBilling',
  Complete: 'completeFulfillments',
  Cancel: 'cancelFulfillments',
};

let gateway: TestGatewayServer;
let work: Work;
const made: Record<string, string> = {};

async function make({ state, noDate, exceeded, billed, sql }: Situation): Promise<string> {
  const { orderLineItems } = await orderFor(work, [{ quantity: '10' }]);
  const start = state === 'Complete' ? 'SentToBilling' : state === 'Canceled' ? 'Executing' : state;
  const base = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01' };
  const { fulfillments } = await createFulfillments(work, {
    fulfillments: [{ ...base, quantity: '8', state: start, billTargetDate: noDate ? null : '2022-01-01' }],
    processingOptions: { runBilling: billed },
  });
  const { id } = fulfillments[0]!;
  if (exceeded) await createFulfillments(work, { fulfillments: [{ ...base, quantity: '5', state: 'Booked' }] });
  if (state !== start) {
    await transitionFulfillments(work, { keys: [id], action: state === 'Complete' ? 'Complete' : 'Cancel' });
  }
  if (sql) await gateway.database.owner(sql, [id]);
  return id;
}

beforeAll(async () => {
  gateway = await testGateway();
  for (const entry of Object.values(clients)) {
    entry.client = await gateway.client({ scopes: scopes.filter((scope) => !entry.without.includes(scope)) });
  }
  work = await clients['every scope'].client!.work();
  for (const [name, situation] of Object.entries(situations)) made[name] = await make(situation);
});
afterAll(() => gateway.close());

interface Block {
  code: string;
  message: string;
}
interface Shown {
  state: FulfillmentState;
  allowedTransitions: { action: FulfillmentAction; to: FulfillmentState; allowed: boolean; blockedBy: Block[] }[];
  editableFields: string[];
}
const shown = 'state allowedTransitions { action to allowed blockedBy { code message } } editableFields';

async function look(client: TestClient, key: string): Promise<Shown> {
  const { body } = await client.graphql(`{ fulfillment(key: "${key}") { ${shown} } }`);
  expect(body.errors).toBeUndefined();
  return body.data.fulfillment;
}

/** What a mutation says that is rehearsed: its refusals, or the code with which the whole operation is. */
async function rehearse(client: TestClient, mutation: string, variables: object = {}): Promise<Block[]> {
  const { body } = await client.graphql(
    `mutation ${mutation.replace('DRY', 'dryRun: true')} { userErrors { code message } } }`,
    variables,
  );
  const refused = body.errors?.map(({ extensions }: { extensions: { code: string } }) => ({ code: extensions.code }));
  return refused ?? body.data.payload.userErrors;
}
const codes = (blocks: Block[]) => blocks.map(({ code }) => code);
const cases = Object.keys(clients).flatMap((who) => Object.keys(situations).map((name) => [who, name] as const));

test('every state, and every move that leaves it, occurs here both allowed and, where it can be, blocked', () => {
  const all = Object.values(situations);
  expect([...new Set(all.map(({ state }) => state))].sort()).toEqual([...fulfillmentStates].sort());
  for (const { from, action } of transitions) {
    const outcomes = all.filter(({ state }) => state === from).map(({ blocked }) => blocked[action]!.length > 0);
    expect([action, new Set(outcomes).size]).toEqual([action, 2]);
  }
});

describe.each(cases)('to a client with %s, a fulfillment that is %s', (who, name) => {
  const { state, blocked } = situations[name];
  const missing = who === 'all but fulfill';

  test('shows every move that leaves its state, and each reason against it', async () => {
    const found = await look(clients[who].client!, made[name]);
    expect(found.state).toBe(state);
    const moves = transitions.filter(({ from }) => from === state);
    expect(found.allowedTransitions.map(({ action, to }) => [action, to])).toEqual(moves.map((m) => [m.action, m.to]));
    for (const { action, allowed, blockedBy } of found.allowedTransitions) {
      const reasons = [...(missing ? ['PERMISSION_DENIED'] : []), ...blocked[action]!];
      expect([action, codes(blockedBy), allowed]).toEqual([action, reasons, reasons.length === 0]);
      expect(blockedBy.every(({ message }) => message.length > 10)).toBe(true);
    }
  });

  test('moves as it says, by either mutation, and nowhere else', async () => {
    const { client } = clients[who];
    const { allowedTransitions } = await look(client!, made[name]);
    for (const to of fulfillmentStates) {
      const move = allowedTransitions.find((entry) => entry.to === to);
      const action = move?.action ?? transitions.find((entry) => entry.to === to)?.action;
      const expected = missing ? [{ code: 'FORBIDDEN' }] : (move?.blockedBy ?? [{ code: 'TRANSITION_NOT_ALLOWED' }]);
      const told = (blocks: Block[]) => (move && !missing ? blocks : blocks.map(({ code }) => ({ code })));
      const update = `{ payload: updateFulfillment(key: "${made[name]}", input: { state: ${to} }, DRY)`;
      expect([to, told(await rehearse(client!, update))]).toEqual([to, expected]);
      if (!action) continue;
      const batch = `{ payload: ${fields[action]}(keys: ["${made[name]}"], DRY)`;
      expect([to, told(await rehearse(client!, batch))]).toEqual([to, expected]);
    }
  });

  test('shows as editable what can be changed, and nothing else', async () => {
    const { client } = clients[who];
    const { editableFields } = await look(client!, made[name]);
    const whole = state === 'Executing' || (state === 'Booked' && who === 'every scope');
    const dateOnly = state === 'Booked' && situations[name].noDate ? ['billTargetDate'] : [];
    expect(editableFields).toEqual(missing ? [] : whole ? updatableFields : dateOnly);
    // A line item that is not Booked refuses every edit of its fulfillments, which editableFields does not look at.
    const done = situations[name].sql ? notBooked : [];
    for (const field of updatableFields) {
      const value =
        { quantity: '1', customFields: { a__c: 1 } }[field as string] ?? (/Date$/.test(field) ? '2023-01-01' : 'other');
      const text = `($input: UpdateFulfillmentInput!) { payload: updateFulfillment(key: "${made[name]}", input: $input, DRY)`;
      const refused = state === 'Booked' ? ['PERMISSION_DENIED'] : ['FIELD_LOCKED'];
      const expected = missing ? ['FORBIDDEN'] : editableFields.includes(field) ? done : refused;
      expect([field, codes(await rehearse(client!, text, { input: { [field]: value } }))]).toEqual([field, expected]);
    }
  });
});

test('each mutation of a request shows its object, what hangs on it and the moves that follow as they are after it', async () => {
  const { client } = clients['all but edit-booked'];
  const id = await make(situations.Executing);
  const after = `fulfillments { ${shown} billed orderLineItem { quantityAvailableForReturn } }`;
  const { body } = await client!.graphql(`mutation { a: bookFulfillments(keys: ["${id}"]) { ${after} }
    b: sendFulfillmentsToBilling(keys: ["${id}"], processingOptions: { runBilling: true }) { ${after} }
    c: completeFulfillments(keys: ["${id}"]) { ${after} } }`);
  const move = (action: string, to: string) => [{ action, to, allowed: true, blockedBy: [] }];
  const then = (state: string, quantity: string, allowedTransitions: object[]) => ({
    ...{ state, allowedTransitions, editableFields: [], billed: quantity !== '0' },
    orderLineItem: { quantityAvailableForReturn: quantity },
  });
  expect(Object.values(body.data).map((payload) => (payload as { fulfillments: Shown[] }).fulfillments[0])).toEqual([
    then('Booked', '0', move('SendToBilling', 'SentToBilling')),
    then('SentToBilling', '8', move('Complete', 'Complete')),
    then('Complete', '8', []),
  ]);
});
