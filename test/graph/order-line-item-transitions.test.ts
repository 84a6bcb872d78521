import { scopes } from '../../src/domain/caller';
import { type OrderLineItemState } from '../../src/domain/order-line-item';
import { updatableLineFields } from '../../src/domain/order-line-item-fields';
import { movesFrom } from '../../src/domain/order-line-item-move';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import type { Work } from '../../src/service/run/work';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

const states: OrderLineItemState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];
type Codes = Partial<Record<OrderLineItemState, string[]>>;

/** What a line item is like, and what the graph must say of its moves to a client that has every scope. */
interface Situation {
  line: Partial<NewOrderLineItem> & { itemState: OrderLineItemState };
  /** A return of this line of a sale: how much of its 10 was taken by another return since. */
  taken?: string;
  billed?: boolean;
  blocked: Codes;
}

const without = { billingRule: 'TriggerWithoutFulfillment', billTargetDate: '2022-01-01' } as const;
const itself = ['TRANSITION_NOT_ALLOWED'];
const required = ['BILL_TARGET_DATE_REQUIRED'];

const situations: Record<string, Situation> = {
  'Executing, without fulfillments': {
    line: { ...without, itemState: 'Executing' },
    blocked: { Booked: [], SentToBilling: [], Complete: [], Canceled: [] },
  },
  'Executing, without fulfillments or a date': {
    line: { ...without, itemState: 'Executing', billTargetDate: null },
    blocked: { Booked: [], SentToBilling: required, Complete: [], Canceled: [] },
  },
  'Booked, without fulfillments': {
    line: { ...without, itemState: 'Booked' },
    blocked: { SentToBilling: [], Complete: [] },
  },
  'Booked, without fulfillments or a date': {
    line: { ...without, itemState: 'Booked', billTargetDate: null },
    blocked: { SentToBilling: required, Complete: [] },
  },
  'SentToBilling, not billed': {
    line: { ...without, itemState: 'SentToBilling' },
    blocked: { Complete: ['NOT_BILLED_YET'] },
  },
  'SentToBilling, on a posted invoice': {
    line: { ...without, itemState: 'SentToBilling' },
    billed: true,
    blocked: { Complete: [] },
  },
  'Complete, without fulfillments': { line: { ...without, itemState: 'Complete' }, blocked: {} },
  'Canceled, without fulfillments': { line: { ...without, itemState: 'Canceled' }, blocked: {} },
  'Executing, with fulfillments': { line: { itemState: 'Executing' }, blocked: { Booked: [], Canceled: [] } },
  'T9: Booked, with fulfillments': { line: { itemState: 'Booked' }, blocked: { Complete: itself } },
  'Canceled, with fulfillments': { line: { itemState: 'Canceled' }, blocked: {} },
  'Executing, a return': {
    line: { ...without, itemCategory: 'Return', itemState: 'Executing', quantity: '4' },
    taken: '6',
    blocked: { Booked: [], SentToBilling: [], Complete: [], Canceled: [] },
  },
  'Executing, a return of more than is left': {
    line: { ...without, itemCategory: 'Return', itemState: 'Executing', quantity: '4' },
    taken: '7',
    blocked: {
      Booked: ['QUANTITY_EXCEEDED'],
      SentToBilling: ['QUANTITY_EXCEEDED'],
      Complete: ['QUANTITY_EXCEEDED'],
      Canceled: [],
    },
  },
  'Executing, a return with fulfillments, of which nothing is left': {
    line: { itemCategory: 'Return', itemState: 'Executing', quantity: '4' },
    taken: '10',
    blocked: { Booked: ['RETURN_NOT_ALLOWED'], Canceled: [] },
  },
  'Booked, a return': {
    line: { ...without, itemCategory: 'Return', itemState: 'Booked', quantity: '4' },
    taken: '6',
    blocked: { SentToBilling: [], Complete: [] },
  },
  'SentToBilling, a return on a posted credit memo': {
    line: { ...without, itemCategory: 'Return', itemState: 'SentToBilling', quantity: '4' },
    billed: true,
    blocked: { Complete: [] },
  },
};

let gateway: TestGatewayServer;
let work: Work;
const clients: Record<string, TestClient> = {};
const made: Record<string, string> = {};

async function make({ line, taken, billed }: Situation): Promise<string> {
  const options = { runBilling: billed };
  const sold = { ...without, itemState: 'SentToBilling', quantity: '10' } as const;
  if (line.itemCategory !== 'Return') {
    const { account } = await orderFor(work);
    const base = { itemName: 'Device', itemType: 'Product', quantity: '10', amountPerUnit: '10' } as const;
    const withRule = { billingRule: 'TriggerAsFulfillmentOccurs', ...base, ...line } as const;
    const order = { existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', orderLineItems: [withRule] };
    return (await createOrder(work, { ...order, processingOptions: options })).orderLineItems[0].id;
  }
  const sale = await orderFor(work, [sold]);
  const returns = (lines: Partial<NewOrderLineItem>[]) =>
    createOrder(work, {
      existingAccountNumber: sale.account.accountNumber,
      orderDate: '2022-01-05',
      category: 'Return',
      orderLineItems: lines.map((more) => ({
        ...{ itemName: 'Back', itemCategory: 'Return', quantity: '1', billingRule: 'TriggerAsFulfillmentOccurs' },
        ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
        ...more,
      })) as NewOrderLineItem[],
      processingOptions: options,
    });
  const { orderLineItems } = await returns([line]);
  if (taken) await returns([{ ...without, quantity: taken, itemState: 'Booked' }]);
  return orderLineItems[0].id;
}

beforeAll(async () => {
  gateway = await testGateway();
  clients['every scope'] = await gateway.client();
  clients['all but order'] = await gateway.client({ scopes: scopes.filter((scope) => scope !== 'order') });
  work = await clients['every scope'].work();
  for (const [name, situation] of Object.entries(situations)) made[name] = await make(situation);
});
afterAll(() => gateway.close());

interface Block {
  code: string;
  message: string;
}
interface Shown {
  itemState: OrderLineItemState;
  allowedTransitions: { to: OrderLineItemState; allowed: boolean; blockedBy: Block[] }[];
  editableFields: string[];
}

async function look(client: TestClient, id: string): Promise<Shown> {
  const { body } = await client.graphql(
    `{ orderLineItem(id: "${id}") { itemState allowedTransitions { to allowed blockedBy { code message } } editableFields } }`,
  );
  expect(body.errors).toBeUndefined();
  return body.data.orderLineItem;
}

/** What the two mutations say that are rehearsed: their refusals, or the code with which the operation is. */
async function rehearse(client: TestClient, id: string, input: object): Promise<string[]> {
  const { body } = await client.graphql(
    `mutation ($input: UpdateOrderLineItemInput!) {
      payload: updateOrderLineItem(id: "${id}", input: $input, dryRun: true) { userErrors { code } } }`,
    { input },
  );
  return (
    body.errors?.map(({ extensions }: { extensions: { code: string } }) => extensions.code) ??
    body.data.payload.userErrors.map(({ code }: Block) => code)
  );
}

const cases = ['every scope', 'all but order'].flatMap((who) =>
  Object.keys(situations).map((name) => [who, name] as const),
);

describe.each(cases)('to a client with %s, a line item that is %s', (who, name) => {
  const { line, blocked } = situations[name];
  const missing = who === 'all but order';

  test('shows every move that leaves its state, and each reason against it', async () => {
    const found = await look(clients[who], made[name]);
    const billingRule = line.billingRule ?? 'TriggerAsFulfillmentOccurs';
    const moves = movesFrom({ billingRule, itemState: line.itemState }).map(({ to }) => to);
    expect(found.itemState).toBe(line.itemState);
    expect(found.allowedTransitions.map(({ to }) => to)).toEqual(moves);
    expect(moves.sort()).toEqual((Object.keys(blocked) as OrderLineItemState[]).sort());
    for (const { to, allowed, blockedBy } of found.allowedTransitions) {
      const told = blocked[to]!;
      const reasons = missing && told !== itself ? ['PERMISSION_DENIED', ...told] : told;
      expect([to, blockedBy.map(({ code }) => code), allowed]).toEqual([to, reasons, reasons.length === 0]);
    }
  });

  test('moves as it says, and nowhere else', async () => {
    const { allowedTransitions } = await look(clients[who], made[name]);
    for (const to of states) {
      const move = allowedTransitions.find((entry) => entry.to === to);
      const expected = missing
        ? ['FORBIDDEN']
        : (move?.blockedBy.map(({ code }) => code) ?? ['TRANSITION_NOT_ALLOWED']);
      expect([to, await rehearse(clients[who], made[name], { itemState: to })]).toEqual([to, expected]);
    }
  });

  test('shows as editable what can be changed, and nothing else', async () => {
    const { editableFields } = await look(clients[who], made[name]);
    if (missing) expect(editableFields).toEqual([]);
    const values: Record<string, unknown> = {
      ...{ itemType: 'Fee', billingRule: 'TriggerWithoutFulfillment', quantity: '1', amountPerUnit: '3' },
      ...{ listPricePerUnit: '3', inlineDiscountType: 'None', inlineDiscountPerUnit: '0', taxMode: 'TaxExclusive' },
      ...{ paymentTerm: 'Net 7', customFields: { a__c: 1 }, taxCode: null },
      ...{ transactionEndDate: '2023-01-01', transactionStartDate: '2021-01-01', billTargetDate: '2023-01-01' },
    };
    for (const field of updatableLineFields) {
      const value = field in values ? values[field] : 'other';
      const expected = missing ? ['FORBIDDEN'] : editableFields.includes(field) ? [] : ['FIELD_LOCKED'];
      const told = await rehearse(clients[who], made[name], { [field]: value });
      // A return is judged by its quantity again, which is another refusal than that of the field.
      const judgedAgain = field === 'quantity' && situations[name].taken === '10';
      expect([field, told]).toEqual([field, judgedAgain && !missing ? ['RETURN_NOT_ALLOWED'] : expected]);
    }
  });
});
