import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Stories of the tutorials on sales line items with fulfillments, told through the doors that clients use. */
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
afterEach(async () => {
  await gateway.server.settled();
  expect(gateway.failures).toEqual([]);
});

const linesOf = async (lines: object[] = [{}], account: object = {}): Promise<string[]> =>
  (await orderFor(await client.work(), lines, account)).orderLineItems.map((line) => line.id);

const rest = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) =>
  (await client.request({ method, url: `/v1/fulfillments${path}`, ...(payload && { payload }) })).body;
type Entry = Record<string, unknown>;
const create = (fulfillments: Entry[], processingOptions?: object) =>
  rest('POST', '', {
    fulfillments: fulfillments.map((entry) => ({ fulfillmentDate: '2022-01-01', ...entry })),
    ...(processingOptions && { processingOptions }),
  });
const one = async (line: string, quantity: string, more: Entry = {}): Promise<string> =>
  (await create([{ orderLineItemId: line, quantity, ...more }])).fulfillments[0].id;
const put = (id: string, change: object) => rest('PUT', `/${id}`, change);
const reason = (body: { reasons: { message: string }[] }) => body.reasons.map(({ message }) => message).join();

/** quantity, pending, fulfilled, available for return, state: as the tutorials list them. */
async function standing(line: string): Promise<string> {
  const { body } = await client.graphql(
    `query ($id: ID!) { orderLineItem(id: $id) {
      quantity quantityPendingFulfillment quantityFulfilled quantityAvailableForReturn itemState order { state } } }`,
    { id: line },
  );
  const shown = body.data.orderLineItem;
  const { quantity, quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn } = shown;
  const numbers = [quantity, quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn].join('/');
  return `${numbers} ${shown.itemState}, order ${shown.order.state}`;
}

const act = async (field: string, selection = 'fulfillments { state } userErrors { code path }') => {
  const { body } = await client.graphql(`mutation { done: ${field} { ${selection} } }`);
  expect(body.errors).toBeUndefined();
  return body.data.done;
};
const codes = (done: { userErrors: { code: string }[] }) => done.userErrors.map(({ code }) => code);
const due = { state: 'SentToBilling', billTargetDate: '2022-01-01' };

describe('a fulfillment from its making to its end', () => {
  test('T1, T2, T6, T7, K1: starts Executing, is booked, sent, billed and completed', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const id = await one(line, '10');
    expect((await rest('GET', `/${id}`)).fulfillment).toMatchObject({
      ...{ state: 'Executing', quantity: 10, billTargetDate: null },
    });
    expect(await standing(line)).toBe('10/10/0/0 Booked, order Executing');
    expect(reason(await put(id, { state: 'Complete' }))).toContain('cannot go from Executing to Complete');

    // T6: fields and state in one step.
    expect(await put(id, { state: 'Booked', quantity: 2, trackingNumber: 'T-1' })).toEqual({ success: true, id });
    expect((await rest('GET', `/${id}`)).fulfillment).toMatchObject({
      ...{ state: 'Booked', quantity: 2, trackingNumber: 'T-1' },
    });
    expect(await standing(line)).toBe('10/8/2/0 Booked, order Executing');

    // T1, T2, T7: no way around billing, and none back.
    expect(reason(await put(id, { state: 'Complete' }))).toContain('cannot go from Booked to Complete');
    expect(reason(await put(id, { state: 'Canceled' }))).toContain('cannot go from Booked to Canceled');
    expect(reason(await rest('DELETE', `/${id}`))).toContain('but must be Executing to be deleted');

    // K1: one without a date is sent with a date.
    expect(codes(await act(`sendFulfillmentsToBilling(keys: ["${id}"])`))).toEqual(['BILL_TARGET_DATE_REQUIRED']);
    const sent = await act(
      `sendFulfillmentsToBilling(keys: ["${id}"], billTargetDate: "2022-01-01", processingOptions: {
        runBilling: true, billingOptions: {targetDate: "2022-01-01"}})`,
      'fulfillments { state billTargetDate amount } invoices { amount invoiceDate } userErrors { code }',
    );
    expect(sent).toEqual({
      fulfillments: [{ state: 'SentToBilling', billTargetDate: '2022-01-01', amount: '20.00' }],
      invoices: [{ amount: '20.00', invoiceDate: '2022-01-01' }],
      userErrors: [],
    });
    expect(await standing(line)).toBe('10/8/2/2 Booked, order Executing');
    expect(reason(await put(id, { state: 'Canceled' }))).toContain('cannot go from SentToBilling to Canceled');

    expect(await put(id, { state: 'Complete' })).toEqual({ success: true, id });
    expect(reason(await put(id, { state: 'Complete' }))).toContain('Complete already');
    expect(await standing(line)).toBe('10/8/2/2 Booked, order Executing');
  });

  test('is not completed before it is billed', async () => {
    const [line] = await linesOf();
    const id = await one(line, '1', due);
    expect(codes(await act(`completeFulfillments(keys: ["${id}"])`))).toEqual(['NOT_BILLED_YET']);
    expect(reason(await put(id, { state: 'Complete' }))).toContain('Bill the fulfillment');
  });

  test('Q18: canceled, it leaves the line as if it had not been', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const id = await one(line, '10');
    expect((await act(`cancelFulfillments(keys: ["${id}"])`)).fulfillments).toEqual([{ state: 'Canceled' }]);
    expect(await standing(line)).toBe('10/10/0/0 Booked, order Executing');
    expect(reason(await put(id, { state: 'Booked' }))).toContain('nothing can follow');
  });

  test('is deleted while Executing', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const id = await one(line, '10');
    expect(await rest('DELETE', `/${id}`)).toEqual({ success: true });
    expect(reason(await rest('GET', `/${id}`))).toContain('No fulfillment');
    expect(await standing(line)).toBe('10/10/0/0 Booked, order Executing');
  });
});

describe('a line item', () => {
  test('Q5, Q6, Q13, Q7: is fulfilled in two parts and completes by itself, without billing', async () => {
    const [line] = await linesOf([{ quantity: '100' }]);
    const first = await one(line, '10', { state: 'Booked', billTargetDate: '2022-01-01' });
    expect(await standing(line)).toBe('100/90/10/0 Booked, order Executing');
    await put(first, { state: 'SentToBilling' });
    expect(await standing(line)).toBe('100/90/10/10 Booked, order Executing');
    expect(reason(await create([{ orderLineItemId: line, quantity: 91 }]))).toContain('91 is more than the 90');
    const second = await one(line, '90', { billTargetDate: '2022-01-01' });
    await put(second, { state: 'SentToBilling' });
    expect(await standing(line)).toBe('100/0/100/100 Complete, order Complete');
    expect(reason(await create([{ orderLineItemId: line, quantity: 1 }]))).toContain('The line item is Complete');
  });

  test('is not completed by a fulfillment that is only Booked', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    await one(line, '10', { state: 'Booked' });
    expect(await standing(line)).toBe('10/0/10/0 Booked, order Executing');
  });

  test('K2: completes when the fulfillment that stood in its way is deleted', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const [first, second] = [await one(line, '10'), await one(line, '10')];
    await put(first, { ...due });
    expect(await standing(line)).toBe('10/0/10/10 Booked, order Executing');
    expect(reason(await put(second, { state: 'Booked' }))).toContain('more than the 0 still pending');
    await rest('DELETE', `/${second}`);
    expect(await standing(line)).toBe('10/0/10/10 Complete, order Complete');
  });

  test('goes on from SentToBilling to Complete also after its line is Complete', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const { fulfillments } = await create([{ orderLineItemId: line, quantity: 10, ...due }], { runBilling: true });
    expect(await standing(line)).toBe('10/0/10/10 Complete, order Complete');
    expect(await put(fulfillments[0].id, { state: 'Complete' })).toMatchObject({ success: true });
    expect(await standing(line)).toBe('10/0/10/10 Complete, order Complete');
  });

  test('K6: of three lines sent at once by three requests the last one completes the order', async () => {
    const lines = await linesOf(Array(3).fill({ quantity: '4' }));
    const ids = await Promise.all(lines.map((line) => one(line, '4')));
    await Promise.all(ids.map((id) => put(id, due)));
    for (const line of lines) expect(await standing(line)).toBe('4/0/4/4 Complete, order Complete');
  });
});

describe('billing in the same request', () => {
  const bill = (targetDate: string) => ({ runBilling: true, billingOptions: { targetDate } });

  test('B1, B2, B3: takes what is sent and due, and creates the rest unbilled', async () => {
    const [line] = await linesOf();
    const entries = [
      { ...due },
      { ...due, billTargetDate: '2022-01-03' },
      { state: 'Executing', billTargetDate: '2022-01-01' },
      { state: 'Booked', billTargetDate: '2022-01-01' },
    ].map((entry, at) => ({ ...entry, orderLineItemId: line, quantity: at + 1 }));
    const reply = await create(entries, bill('2022-01-02'));
    expect([reply.fulfillments.length, reply.invoiceNumbers.length]).toEqual([4, 1]);
    const { body } = await client.graphql(
      'query ($id: ID!) { orderLineItem(id: $id) { fulfillments { nodes { quantity billed } } } }',
      { id: line },
    );
    const { nodes } = body.data.orderLineItem.fulfillments;
    const billed = nodes.filter((node: { billed: boolean }) => node.billed);
    expect([nodes.length, billed]).toEqual([4, [{ quantity: '1', billed: true }]]);
    for (const entry of entries.slice(1)) {
      expect(await create([entry], bill('2022-01-02'))).toMatchObject({ success: true, invoiceNumbers: null });
    }
  });

  test('A9, A16: rounds each item on its own and never the price', async () => {
    const lines = await linesOf([{ amountPerUnit: '3.1235' }, { amountPerUnit: '65.8476' }]);
    const entries = [
      { orderLineItemId: lines[0], quantity: 4, ...due },
      { orderLineItemId: lines[1], quantity: 1, ...due },
    ];
    const { invoiceNumbers } = await create(entries, bill('2022-01-02'));
    const { body } = await client.graphql(
      'query ($key: ID!) { invoice(key: $key) { amount invoiceItems { nodes { unitPrice chargeAmount } } } }',
      { key: invoiceNumbers[0] },
    );
    expect(body.data.invoice).toEqual({
      amount: '78.34',
      invoiceItems: {
        nodes: [
          { unitPrice: '3.1235', chargeAmount: '12.49' },
          { unitPrice: '65.8476', chargeAmount: '65.85' },
        ],
      },
    });
  });

  test('puts on one invoice what agrees in account, payment term and group, whatever its order', async () => {
    const work = await client.work();
    const lines = [{}, { paymentTerm: 'Net 60' }, { invoiceGroupNumber: 'G1' }, { paymentTerm: 'Net 30' }];
    const first = await orderFor(work, lines, { paymentTerm: 'Net 30' });
    const other = await orderFor(work, [{}], { paymentTerm: 'Net 30' });
    const all = [...first.orderLineItems, ...other.orderLineItems].map((line) => line.id);
    const entries = all.map((orderLineItemId, at) => ({ orderLineItemId, quantity: at + 1, ...due }));
    const reply = await create(entries, bill('2022-01-31'));
    const invoices = await gateway.database.owner(
      `select account_id, payment_term, invoice_group_number as group, due_date, amount from invoice
       where invoice_number = any($1) order by invoice_number`,
      [reply.invoiceNumbers],
    );
    const own = { account_id: first.account.id, payment_term: 'Net 30', group: null, due_date: '2022-03-02' };
    expect(invoices).toHaveLength(4);
    expect(invoices).toEqual(
      expect.arrayContaining([
        { ...own, amount: '50' },
        { ...own, group: 'G1', amount: '30' },
        { ...own, payment_term: 'Net 60', due_date: '2022-04-01', amount: '20' },
        { ...own, account_id: other.account.id, amount: '50' },
      ]),
    );
  });

  test('collects from two accounts in two payments, for which REST has no single number', async () => {
    const lines = [...(await linesOf()), ...(await linesOf())];
    const entries = lines.map((orderLineItemId, at) => ({ orderLineItemId, quantity: at + 1, ...due }));
    const reply = await create(entries, { runBilling: true, collectPayment: true });
    expect(reply).toMatchObject({ success: true, paidAmount: 30, paymentNumber: null, creditMemoNumbers: null });
    expect(reply.invoiceNumbers).toHaveLength(2);
    await gateway.server.settled();
    const payments = await gateway.database.owner(
      `select p.amount, p.status::text, c.status::text as charge from payment p
       join test_gateway.charge c on c.key = p.attempt_id order by p.amount`,
    );
    expect(payments).toEqual([
      { amount: '10', status: 'Processed', charge: 'Captured' },
      { amount: '20', status: 'Processed', charge: 'Captured' },
    ]);
  });
});

describe('a batch of moves', () => {
  const book = async (keys: string[]) => {
    const query = 'mutation ($keys: [ID!]!) { bookFulfillments(keys: $keys) { userErrors { code path } } }';
    return (await client.graphql(query, { keys })).body.data.bookFulfillments.userErrors;
  };
  const wrong = (code: string, ...at: number[]) => at.map((key) => ({ code, path: ['keys', String(key)] }));

  test('refuses each key that names nothing: unknown, with a nul, an emoji, empty, endless', async () => {
    const keys = ['F-99999999', 'f'.repeat(32), 'a\0', '\u{1f4e6}', '', 'x'.repeat(10_000)];
    expect(await book(keys)).toEqual(wrong('NOT_FOUND', 0, 1, 2, 3, 4, 5));
  });

  test('refuses a fulfillment that is named twice, be it by its number or by its id in capitals', async () => {
    const [line] = await linesOf();
    const { fulfillments } = await create([{ orderLineItemId: line, quantity: 1 }]);
    const [{ id, fulfillmentNumber }] = fulfillments;
    for (const key of [id, id.toUpperCase(), fulfillmentNumber]) {
      expect(await book([id, key])).toEqual(wrong('INVALID_VALUE', 1));
    }
    expect((await rest('GET', `/${id}`)).fulfillment).toMatchObject({ state: 'Executing' });
  });

  test('has at least one key and at most 1,000', async () => {
    expect(await book([])).toEqual([{ code: 'REQUIRED', path: ['keys'] }]);
    expect(await book(Array(1001).fill('F-1'))).toEqual([{ code: 'LIMIT_EXCEEDED', path: ['keys'] }]);
  });
});
