import { type ExecutionResult, graphql } from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { carryOn } from '../../src/service/bill-run-worker';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { Work } from '../../src/service/run/work';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

/** Carries out one mutation, which must succeed, and tells how many statements the whole request took. */
async function carriedOut(field: string, args: string, selection: string, variables: Record<string, unknown>) {
  const counter = { statements: 0 };
  const own = new Work(gateway.services, work.caller, counter);
  const { data, errors } = (await graphql({
    schema: schema(),
    source: `mutation (${args.split(':: ')[0]}) { payload: ${field}(${args.split(':: ')[1]}) {
      ${selection} userErrors { code message path } } }`,
    variableValues: variables,
    contextValue: new GraphContext(own),
  })) as ExecutionResult;
  const { statements } = counter;
  expect(errors).toBeUndefined();
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  const payload = data!.payload as any;
  expect(payload.userErrors).toEqual([]);
  await own.finish();
  return { payload, statements };
}

interface Made {
  id: string;
  fulfillmentNumber: string;
}
type Line = { id: string };

/** Line items on so many accounts, one order each. */
async function lines(count: number, accounts = 1, quantity = '500'): Promise<Line[]> {
  const all: Line[] = [];
  for (let at = 0; at < accounts; at++) {
    all.push(...(await orderFor(work, Array(count / accounts).fill({ quantity }))).orderLineItems);
  }
  return all;
}
const entries = (of: readonly Line[], more: object = {}) =>
  of.map(({ id }) => ({
    orderLineItemId: id,
    fulfillmentDate: '2022-01-01',
    billTargetDate: '2022-01-01',
    quantity: '5',
    ...more,
  }));
const fulfillments = async (of: readonly Line[], more: object = {}, processingOptions: object | null = null) =>
  (await createFulfillments(work, { fulfillments: entries(of, more), processingOptions })).fulfillments as Made[];

const creating = (input: object, selection = 'fulfillments { id }') =>
  carriedOut('createFulfillments', '$input: CreateFulfillmentsInput!:: input: $input', selection, { input });
const moving = (field: string, keys: readonly string[], selection = 'fulfillments { id state }') =>
  carriedOut(field, '$keys: [ID!]!:: keys: $keys', selection, { keys });

const paid = { runBilling: true, collectPayment: true };
const shown = `fulfillments { id billed orderLineItem { itemState order { state } } invoiceItems { chargeAmount } }
  invoices { id balance invoiceItems(first: 1) { totalCount } } payments { id applications { amount } } paidAmount`;

describe('creating fulfillments', () => {
  const state = 'SentToBilling';

  test('two that are Executing take five statements: lock, settings, insert, counters of the line, history', async () => {
    const [line] = await lines(1);
    const { payload, statements } = await creating({ fulfillments: entries([line, line]) });
    expect(payload.fulfillments).toHaveLength(2);
    expect(statements).toBe(5);
  });

  test('takes as many for a hundred as for one', async () => {
    const { statements } = await creating({ fulfillments: entries(await lines(1)) });
    expect(statements).toBe(5);
    expect((await creating({ fulfillments: entries(await lines(100)) })).statements).toBe(statements);
  });

  test('takes one more where items come along, however many', async () => {
    const withItems = (count: number) => ({ state: 'Booked', fulfillmentItems: Array(count).fill({}) });
    expect((await creating({ fulfillments: entries(await lines(1), withItems(1)) })).statements).toBe(6);
    expect((await creating({ fulfillments: entries(await lines(100), withItems(5)) })).statements).toBe(6);
  });

  test('with billing and payment takes at most 25, as many for a hundred as for one', async () => {
    const one = await creating(
      { fulfillments: entries(await lines(1), { state }), processingOptions: paid },
      'fulfillments { id } invoices { id } payments { id }',
    );
    const many = await creating(
      { fulfillments: entries(await lines(100), { state }), processingOptions: paid },
      'fulfillments { id } invoices { id } payments { id }',
    );
    expect([one.payload.payments.length, many.payload.invoices.length]).toEqual([1, 1]);
    expect(many.payload.fulfillments).toHaveLength(100);
    expect(many.statements).toBeLessThanOrEqual(25);
    expect(many.statements).toBe(one.statements);
  });

  test('with billing and payment takes as many for a hundred of ten accounts, and shows all that came of it', async () => {
    const ask = async (count: number, accounts: number) =>
      creating({ fulfillments: entries(await lines(count, accounts), { state }), processingOptions: paid }, shown);
    const [one, many] = [await ask(1, 1), await ask(100, 10)];
    expect([many.payload.invoices.length, many.payload.payments.length]).toEqual([10, 10]);
    expect(many.payload.paidAmount).toBe('5000.00');
    expect(many.statements).toBeLessThanOrEqual(25);
    expect(many.statements).toBe(one.statements);
  });

  test('takes as many where it completes a hundred line items of ten orders as where it completes one', async () => {
    const ask = async (count: number, accounts: number) =>
      creating({ fulfillments: entries(await lines(count, accounts, '5'), { state }) }, shown);
    const [one, many] = [await ask(1, 1), await ask(100, 10)];
    expect(many.payload.fulfillments[99].orderLineItem).toEqual({
      itemState: 'Complete',
      order: { state: 'Complete' },
    });
    expect(many.statements).toBe(one.statements);
  });
});

describe('moving fulfillments takes as many statements for a hundred as for one', () => {
  const moves: [field: string, from: string, bill: boolean, statements: number][] = [
    ['bookFulfillments', 'Executing', false, 6],
    ['cancelFulfillments', 'Executing', false, 6],
    ['sendFulfillmentsToBilling', 'Executing', false, 6],
    ['sendFulfillmentsToBilling', 'Booked', false, 6],
    ['completeFulfillments', 'SentToBilling', true, 6],
  ];

  test.each(moves)('%s from %s', async (field, state, bill, statements) => {
    const prepared = async (count: number) => {
      const rows = await fulfillments(await lines(count), { state }, bill ? { runBilling: true } : null);
      return rows.map(({ id }) => id);
    };
    expect((await moving(field, await prepared(1))).statements).toBe(statements);
    const { payload, statements: forMany } = await moving(field, await prepared(100));
    expect(payload.fulfillments).toHaveLength(100);
    expect(forMany).toBe(statements);
  });

  test('by ids and numbers mixed: one more, to look the numbers up', async () => {
    const rows = await fulfillments(await lines(100));
    const keys = rows.map(({ id, fulfillmentNumber }, at) => (at % 2 ? id : fulfillmentNumber));
    expect((await moving('bookFulfillments', keys)).statements).toBe(7);
  });

  test('with billing and payment in the same act', async () => {
    const ask = async (count: number) => {
      const keys = (await fulfillments(await lines(count), { state: 'Booked' })).map(({ id }) => id);
      const args = '$keys: [ID!]!, $options: ProcessingOptionsInput:: keys: $keys, processingOptions: $options';
      return carriedOut('sendFulfillmentsToBilling', args, shown, { keys, options: paid });
    };
    const [one, many] = [await ask(1), await ask(100)];
    expect(many.payload.payments).toHaveLength(1);
    expect(many.statements).toBeLessThanOrEqual(25);
    expect(many.statements).toBe(one.statements);
  });

  test('and shows what may follow in two more', async () => {
    const ask = async (count: number) => {
      const keys = (await fulfillments(await lines(count))).map(({ id }) => id);
      return moving('sendFulfillmentsToBilling', keys, 'fulfillments { id allowedTransitions { to allowed } }');
    };
    const [one, many] = [await ask(1), await ask(100)];
    expect([one.statements, many.statements]).toEqual([8, 8]);
  });
});

describe('the other mutations', () => {
  test('createOrder takes as many statements for a hundred line items as for one', async () => {
    const { account } = await orderFor(work);
    const ask = (count: number) =>
      carriedOut('createOrder', '$input: CreateOrderInput!:: input: $input', 'order { id }', {
        input: {
          existingAccountNumber: account.accountNumber,
          orderDate: '2022-01-01',
          orderLineItems: Array(count).fill({ itemName: 'Item', itemType: 'Product', quantity: 1, amountPerUnit: 1 }),
        },
      });
    expect([(await ask(1)).statements, (await ask(100)).statements]).toEqual([4, 4]);
  });

  test('createAccount takes two statements, updateAccount four', async () => {
    const input = { name: 'New', currency: 'USD' };
    const made = await carriedOut('createAccount', '$input: CreateAccountInput!:: input: $input', 'account { id }', {
      input,
    });
    expect(made.statements).toBe(2);
    const args = '$key: ID!:: key: $key, input: { name: "Renamed" }';
    const changed = await carriedOut('updateAccount', args, 'account { name }', { key: made.payload.account.id });
    expect([changed.payload.account.name, changed.statements]).toEqual(['Renamed', 4]);
  });

  test('updateBillingSettings takes three statements (lock, update, history), and one for each fact that it depends on; one where nothing changes', async () => {
    const ask = async (input: object) =>
      (
        await carriedOut(
          'updateBillingSettings',
          '$input: BillingSettingsInput!:: input: $input',
          'billingSettings { units { name } taxCodes { code } }',
          { input },
        )
      ).statements;
    expect(await ask({ taxCodes: [{ code: 'VAT', rate: '0.2' }] })).toBe(3);
    expect(await ask({ roundingMode: 'HALF_UP', taxCodes: [] })).toBe(4);
    expect(await ask({ invoiceSettlement: false })).toBe(4);
    expect(await ask({ invoiceSettlement: true })).toBe(3);
    expect(await ask({ invoiceSettlement: true })).toBe(1);
  });

  test('updateFulfillment and deleteFulfillment take no more than a move, but for the settings where a quantity changes', async () => {
    const [first, second] = await fulfillments(await lines(2));
    const args = '$key: ID!:: key: $key, input: { quantity: 7, state: Booked }';
    const updated = await carriedOut('updateFulfillment', args, 'fulfillment { state quantity }', { key: first.id });
    expect(updated.payload.fulfillment).toEqual({ state: 'Booked', quantity: '7' });
    expect(updated.statements).toBe(7);
    const deleted = await carriedOut('deleteFulfillment', '$key: ID!:: key: $key', 'deletedId', { key: second.id });
    expect([deleted.payload.deletedId, deleted.statements]).toEqual([second.id, 6]);
  });

  test('a new quantity takes two more where there may be items: the settings, and the number of items', async () => {
    const [booked] = await fulfillments(await lines(1), { state: 'Booked' });
    const args = '$key: ID!:: key: $key, input: { quantity: 7 }';
    const { statements } = await carriedOut('updateFulfillment', args, 'fulfillment { id }', { key: booked.id });
    expect(statements).toBe(8);
  });

  test('createFulfillmentItems takes as many statements for five hundred items as for one', async () => {
    const ask = async (count: number) => {
      const made = await fulfillments(await lines(count), { state: 'Booked' });
      const input = made.flatMap(({ fulfillmentNumber }) => Array(count > 1 ? 5 : 1).fill({ fulfillmentNumber }));
      const args = '$input: [CreateFulfillmentItemInput!]!:: input: $input';
      return carriedOut('createFulfillmentItems', args, 'fulfillmentItems { id }', { input });
    };
    const [one, many] = [await ask(1), await ask(100)];
    expect(many.payload.fulfillmentItems).toHaveLength(500);
    expect([one.statements, many.statements]).toEqual([7, 7]);
  });

  test('updateFulfillmentItem and deleteFulfillmentItem take one more than that, to find the fulfillment', async () => {
    const [made] = await fulfillments(await lines(1), { state: 'Booked', fulfillmentItems: [{}] });
    const [{ id }] = await gateway.database.owner<{ id: string }>(
      'select id from fulfillment_item where fulfillment_id = $1',
      [made.id],
    );
    const args = '$id: ID!:: id: $id, input: { description: "new" }';
    const changed = await carriedOut('updateFulfillmentItem', args, 'fulfillmentItems { id }', { id });
    const deleted = await carriedOut('deleteFulfillmentItem', '$id: ID!:: id: $id', 'deletedId', { id });
    expect([changed.statements, deleted.statements]).toEqual([8, 8]);
  });

  const sent = { itemState: 'SentToBilling', billTargetDate: '2022-01-01' } as const;
  const without = { billingRule: 'TriggerWithoutFulfillment' } as const;

  test('updateOrderLineItems, with billing and payment, takes as many for a hundred of ten orders as for one', async () => {
    const ask = async (count: number, orders: number) => {
      const of: Line[] = [];
      for (let at = 0; at < orders; at++) {
        const each = Array(count / orders).fill({ ...without, itemState: 'Executing' });
        of.push(...(await orderFor(work, each)).orderLineItems);
      }
      const input = { orderLineItems: of.map(({ id }) => ({ id, ...sent })), processingOptions: paid };
      const args = '$input: UpdateOrderLineItemsInput!:: input: $input';
      const what = `orderLineItems { id itemState amountWithoutTax allowedTransitions { allowed } order { state } }
        invoices { id } payments { id }`;
      return carriedOut('updateOrderLineItems', args, what, { input });
    };
    const [one, many] = [await ask(1, 1), await ask(100, 10)];
    expect(many.payload.invoices).toHaveLength(10);
    expect(many.statements).toBe(one.statements);
    expect(many.statements).toBeLessThanOrEqual(25);
  });

  test('createOrder of returns, credited at once, takes as many for a hundred of a hundred sales as for one', async () => {
    const ask = async (count: number) => {
      const { account, order } = await orderFor(work, Array(count).fill({ ...without, ...sent }));
      const input = {
        ...{ existingAccountNumber: account.accountNumber, orderDate: '2022-01-05', category: 'Return' },
        orderLineItems: Array.from({ length: count }, (_, at) => ({
          ...{ itemName: 'Back', itemCategory: 'Return', quantity: 2, originalOrderNumber: order.orderNumber },
          ...{ originalOrderLineItemNumber: String(at + 1), ...sent },
        })),
        processingOptions: { runBilling: true },
      };
      return carriedOut('createOrder', '$input: CreateOrderInput!:: input: $input', 'creditMemos { id }', { input });
    };
    const [one, many] = [await ask(1), await ask(100)];
    expect([one.payload.creditMemos.length, many.payload.creditMemos.length]).toEqual([1, 1]);
    expect(many.statements).toBe(one.statements);
    expect(many.statements).toBeLessThanOrEqual(25);
  });

  test('acts on documents take as many statements for a hundred items as for one', async () => {
    const { owner } = gateway.database;
    const invoiced = async (count: number) => {
      const of = await lines(count);
      const input = { fulfillments: entries(of, { state: 'SentToBilling' }), processingOptions: { runBilling: true } };
      const key = (await creating(input, 'invoices { id }')).payload.invoices[0].id as string;
      return key;
    };
    const act = async (field: string, key: string, more = '') =>
      (await carriedOut(field, `$key: ID!:: key: $key${more}`, 'invoice { id }', { key })).statements;
    const costs = async (count: number) => {
      const key = await invoiced(count);
      const [unpost, post] = [await act('unpostInvoice', key), await act('postInvoice', key)];
      await owner("update invoice set status = 'Draft', posted_date = null where id = $1", [key]);
      const cancel = await act('cancelInvoice', key);
      const [again, forGood] = [await invoiced(count), await invoiced(count)];
      const reverse = [await act('reverseInvoice', again), await act('reverseInvoice', forGood, ', rebill: false')];
      return [unpost, post, cancel, ...reverse];
    };
    // find, sisters, lock of billing, lock, update, history; items and their claims; and a credit memo with its items.
    expect([await costs(1), await costs(100)]).toEqual([
      [6, 6, 8, 12, 11],
      [6, 6, 8, 12, 11],
    ]);
  });

  test('collectPayment takes as many for a hundred invoices of ten accounts as for one', async () => {
    const ask = async (count: number, accounts: number) => {
      const keys: string[] = [];
      for (let at = 0; at < accounts; at++) {
        const groups = Array.from({ length: count / accounts }, (_, group) => ({ invoiceGroupNumber: `${group}` }));
        const { orderLineItems } = await orderFor(work, groups);
        const { invoices } = await createFulfillments(work, {
          fulfillments: entries(orderLineItems, { state: 'SentToBilling' }) as never,
          processingOptions: { runBilling: true },
        });
        keys.push(...invoices.map(({ id }) => id));
      }
      const what = 'payments { id } invoices { id balance offsets { id } } paidAmount';
      return carriedOut('collectPayment', '$keys: [ID!]!:: invoiceKeys: $keys', what, { keys });
    };
    const [one, many] = [await ask(1, 1), await ask(100, 10)];
    expect([many.payload.payments.length, many.payload.invoices.length]).toEqual([10, 100]);
    expect([one.statements, many.statements]).toEqual([11, 11]);
  });

  test('collectPayment of what negative invoices cover takes as many for ten accounts as for one', async () => {
    const ask = async (accounts: number) => {
      const keys: string[] = [];
      for (let at = 0; at < accounts; at++) {
        const { orderLineItems } = await orderFor(work, [{ invoiceGroupNumber: 'a' }, { invoiceGroupNumber: 'b' }]);
        const { invoices } = await createFulfillments(work, {
          fulfillments: entries(orderLineItems, { state: 'SentToBilling' }) as never,
          processingOptions: { runBilling: true },
        });
        await gateway.database.owner(
          'update invoice set amount = -amount, amount_without_tax = -amount_without_tax, balance = -balance where id = $1',
          [invoices[1].id],
        );
        keys.push(invoices[0].id);
      }
      const args = '$keys: [ID!]!:: invoiceKeys: $keys';
      return carriedOut('collectPayment', args, 'payments { id } invoices { balance }', { keys });
    };
    const [one, many] = [await ask(1), await ask(10)];
    expect(many.payload).toMatchObject({ payments: [], invoices: Array(10).fill({ balance: '0.00' }) });
    expect([one.statements, many.statements]).toEqual([8, 8]);
  });

  test('refundPayment takes as many for a payment of a hundred invoices as of one', async () => {
    const ask = async (count: number) => {
      const groups = Array.from({ length: count }, (_, group) => ({ invoiceGroupNumber: `${group}` }));
      const { orderLineItems } = await orderFor(work, groups);
      const { payments } = await createFulfillments(work, {
        fulfillments: entries(orderLineItems, { state: 'SentToBilling' }) as never,
        processingOptions: paid,
      });
      await work.finish();
      const args = '$key: ID!, $amount: Decimal:: key: $key, amount: $amount';
      const variables = { key: payments[0].id, amount: String(count * 50 - 1) };
      return carriedOut('refundPayment', args, 'payment { status } invoices { id }', variables);
    };
    const [one, many] = [await ask(1), await ask(100)];
    expect(many.payload.invoices).toHaveLength(100);
    // One more where applications are taken away whole.
    expect([one.statements, many.statements]).toEqual([10, 11]);
  });

  test('createBillRun takes two statements, insert and history, and one for each kind of key where it names accounts, however many', async () => {
    const accounts = await Promise.all(Array.from({ length: 20 }, async () => (await orderFor(work)).account));
    const ask = async (accountKeys?: string[]) => {
      const input = { targetDate: '2021-01-01', accountKeys };
      const args = '$input: CreateBillRunInput!:: input: $input';
      return (await carriedOut('createBillRun', args, 'billRun { id status }', { input })).statements;
    };
    const keys = accounts.map(({ id, accountNumber }, at) => (at % 2 ? id : accountNumber));
    expect([await ask(), await ask(keys.slice(0, 1)), await ask(keys.slice(0, 2)), await ask(keys)]).toEqual([
      2, 3, 4, 4,
    ]);
  });

  test('a bill run is posted, canceled and deleted in as many statements whatever it holds', async () => {
    const made = async (count: number) => {
      const input = { targetDate: '2022-01-01', accountKeys: [] as string[] };
      for (let at = 0; at < count; at++) {
        const { account, orderLineItems } = await orderFor(work);
        await createFulfillments(work, { fulfillments: entries(orderLineItems, { state: 'SentToBilling' }) });
        input.accountKeys.push(account.id);
      }
      const args = '$input: CreateBillRunInput!:: input: $input';
      const { payload } = await carriedOut('createBillRun', args, 'billRun { id }', { input });
      await carryOn(gateway.services);
      return payload.billRun.id as string;
    };
    let sent = 0;
    const counted = new WeakSet();
    gateway.services.db.working.on('acquire', (client) => {
      if (counted.has(client)) return;
      counted.add(client);
      const { query } = client;
      client.query = ((...args: unknown[]) => {
        sent++;
        return Reflect.apply(query, client, args);
      }) as typeof client.query;
    });
    /** The statements of the request, and of the workers behind it. */
    const act = async (field: string, key: string, what = 'billRun { done total }') => {
      const { statements } = await carriedOut(field, '$key: ID!:: key: $key', what, { key });
      sent = 0;
      await carryOn(gateway.services);
      return [statements, sent];
    };
    const costs = async (count: number) => {
      const [posted, canceled] = [await made(count), await made(count)];
      const post = await act('postBillRun', posted);
      return [post, await act('cancelBillRun', canceled), await act('deleteBillRun', canceled, 'deletedId')];
    };
    const [one, many] = [await costs(1), await costs(10)];
    // Find, lock, posted documents, update, what earlier acts parked, history; to delete it also whether a document was ever
    // paid. Then a chunk and the end of the run.
    expect(one.map(([statements]) => statements)).toEqual([6, 6, 7]);
    expect(Math.max(...one.map(([, workers]) => workers))).toBeLessThan(30);
    expect(many).toEqual(one);
  });

  test('a refused batch costs no more than one that is carried out', async () => {
    const keys = (await fulfillments(await lines(100), { state: 'Booked' })).map(({ id }) => id);
    const counter = { statements: 0 };
    const own = new Work(gateway.services, work.caller, counter);
    await expect(transitionFulfillments(own, { keys, action: 'Book' })).rejects.toThrow(/TRANSITION_NOT_ALLOWED/);
    expect(counter.statements).toBe(3);
  });
});
