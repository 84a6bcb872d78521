import { drift } from '../support/books';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Stories of the tutorials on returns and on line items without fulfillments, told through the doors that clients use. */
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
/** Each story has an entity of its own, whose numbers begin anew. */
beforeEach(async () => {
  const entity = expect.getState().currentTestName!;
  client = await gateway.client({ grants: [{ entity, orgs: ['Main'] }] });
});
afterEach(async () => {
  await gateway.server.settled();
  expect(gateway.failures).toEqual([]);
  expect(await drift(gateway.database.owner)).toEqual({});
});
afterAll(() => gateway.close());

async function graph(query: string, variables: object = {}) {
  const { body } = await client.graphql(query, variables);
  expect(body.errors).toBeUndefined();
  return Object.values(body.data)[0] as ReturnType<typeof JSON.parse>;
}

/** A mutation that is accepted. */
async function done(field: string, variables: object, types: string) {
  const result = await graph(`mutation (${types}) { done: ${field} }`, variables);
  expect(result.userErrors).toEqual([]);
  return result;
}

const rest = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) =>
  (await client.request({ method, url: `/v1/${path}`, ...(payload && { payload }) })).body;

const account = async (): Promise<string> =>
  (
    await done(
      'createAccount(input: $input) { account { accountNumber } userErrors { code path } }',
      { input: { name: 'Customer', currency: 'USD', paymentMethodToken: 'tok_ok' } },
      '$input: CreateAccountInput!',
    )
  ).account.accountNumber;

const orderFields = `order { orderNumber state orderLineItems { nodes { id itemNumber itemState quantity amount } } }
  invoices { invoiceNumber status amount amountWithoutTax taxAmount balance invoiceItems { nodes { chargeAmount taxAmount taxRate quantity } } }
  creditMemos { creditMemoNumber status amount amountWithoutTax taxAmount unappliedAmount
    creditMemoItems { nodes { amount amountWithoutTax taxAmount taxRate } } }
  userErrors { code path }`;
const ordered = (input: object) =>
  done(`createOrder(input: $input) { ${orderFields} }`, { input }, '$input: CreateOrderInput!');

const bills = { runBilling: true, billingOptions: { targetDate: '2022-01-31', documentDate: '2022-01-31' } };
const due = { itemState: 'SentToBilling', billTargetDate: '2022-01-10' };
const widget = { itemName: 'Widget', itemType: 'Product', quantity: 10, amountPerUnit: 30 };

const sale = async (lines: object[], existingAccountNumber: string, processingOptions?: object) =>
  ordered({ existingAccountNumber, orderDate: '2022-01-10', orderLineItems: lines, processingOptions });

const taken = (existingAccountNumber: string, originalOrderNumber: string, line: object, processingOptions?: object) =>
  ordered({
    ...{ existingAccountNumber, orderDate: '2022-01-20', category: 'Return', processingOptions },
    orderLineItems: [
      {
        ...{ itemName: 'Widget', itemCategory: 'Return', originalOrderNumber, originalOrderLineItemNumber: '1' },
        ...line,
      },
    ],
  });

interface Ordered {
  order: { orderLineItems: { nodes: { id: string; itemNumber: string }[] } };
}
/** In the order of the request: lists begin with what was changed last. */
const lineIds = ({ order }: Ordered): string[] =>
  [...order.orderLineItems.nodes].sort((a, b) => Number(a.itemNumber) - Number(b.itemNumber)).map(({ id }) => id);

/** q/pend/ful/avail and the state, as the tables of the tutorials have them. */
async function standing(id: string): Promise<string> {
  const shown = await graph(
    `query ($id: ID!) { orderLineItem(id: $id) {
      quantity quantityPendingFulfillment quantityFulfilled quantityAvailableForReturn itemState } }`,
    { id },
  );
  const { quantity, quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn, itemState } = shown;
  return `${[quantity, quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn].join('/')} ${itemState}`;
}

const changeFields = `orderLineItem { itemState quantity amount editableFields allowedTransitions { to allowed blockedBy { code } } }
  invoices { invoiceNumber amount invoiceDate dueDate } creditMemos { creditMemoNumber amount unappliedAmount }
  userErrors { code path }`;
const changed = (id: string, input: object) =>
  graph(
    `mutation ($id: ID!, $input: UpdateOrderLineItemInput!) { done: updateOrderLineItem(id: $id, input: $input) { ${changeFields} } }`,
    { id, input },
  );

const settle = (input: object) =>
  graph(
    `mutation ($input: BillingSettingsInput!) { done: updateBillingSettings(input: $input) {
      billingSettings { invoiceSettlement } userErrors { code path } } }`,
    { input },
  );

describe('"Order fulfillment"', () => {
  test('A2, A3: 10 at 30 are billed at once; 2 come back, are received over REST and credited', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    expect(sold.invoices).toMatchObject([
      { invoiceNumber: 'INV00000001', status: 'Posted', amount: '300.00', balance: '300.00' },
    ]);

    const back = await ordered({
      ...{ existingAccountNumber: accountNumber, orderNumber: 'RMA-00000001' },
      ...{ orderDate: '2022-01-20', category: 'Return' },
      orderLineItems: [
        {
          ...{ itemName: 'Widget', itemCategory: 'Return', itemState: 'Booked', quantity: 2 },
          ...{ originalOrderNumber: sold.order.orderNumber, originalOrderLineItemNumber: '1' },
          billingRule: 'TriggerAsFulfillmentOccurs',
        },
      ],
    });
    expect([back.order.orderNumber, back.invoices, back.creditMemos]).toEqual(['RMA-00000001', [], []]);
    const [returned] = lineIds(back);
    expect(await standing(returned)).toBe('2/2/0/0 Booked');
    expect(await standing(lineIds(sold)[0])).toBe('10/0/10/8 SentToBilling');

    const reply = await rest('POST', 'fulfillments', {
      fulfillments: [
        {
          ...{ orderLineItemId: returned, fulfillmentType: 'Return', fulfillmentDate: '2022-01-25', quantity: 2 },
          ...{ state: 'SentToBilling', billTargetDate: '2022-01-25' },
        },
      ],
      processingOptions: bills,
    });
    expect(reply).toEqual({
      success: true,
      fulfillments: [
        { id: expect.stringMatching(/^[0-9a-f]{32}$/), fulfillmentNumber: 'F-00000001', fulfillmentItems: [] },
      ],
      invoiceNumbers: null,
      creditMemoNumbers: ['CM00000001'],
      paidAmount: null,
      paymentNumber: null,
    });
    const memo = await graph(`{ creditMemo(key: "CM00000001") {
      status amount taxAmount appliedAmount unappliedAmount refundAmount source reasonCode currency
      creditMemoItems { nodes { quantity unitPrice amount fulfillment { fulfillmentNumber fulfillmentType } } } } }`);
    expect(memo).toEqual({
      ...{ status: 'Posted', amount: '60.00', taxAmount: '0.00', appliedAmount: '0.00', unappliedAmount: '60.00' },
      ...{ refundAmount: '0.00', source: 'API', reasonCode: 'Return Order', currency: 'USD' },
      creditMemoItems: {
        nodes: [
          {
            ...{ quantity: '2', unitPrice: '30.00', amount: '60.00' },
            fulfillment: { fulfillmentNumber: 'F-00000001', fulfillmentType: 'Return' },
          },
        ],
      },
    });
    expect(await standing(returned)).toBe('2/0/2/0 Complete');
    const { state } = await graph('{ order(key: "RMA-00000001") { state } }');
    expect(state).toBe('Complete');
  });

  test('A4: without invoice settlement the 2 are one negative item on one invoice, and there is no memo', async () => {
    expect((await settle({ invoiceSettlement: false })).userErrors).toEqual([]);
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    const back = await taken(accountNumber, sold.order.orderNumber, {
      ...{ quantity: 2, billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    });
    const received = await done(
      `createFulfillments(input: $input) { paidAmount creditMemos { id } userErrors { code path }
        invoices { invoiceNumber status amount balance invoiceItems { nodes { chargeAmount quantity unitPrice } } } }`,
      {
        input: {
          fulfillments: [
            {
              ...{ orderLineItemId: lineIds(back)[0], fulfillmentDate: '2022-01-25', quantity: 2 },
              ...{ state: 'SentToBilling', billTargetDate: '2022-01-25' },
            },
          ],
          processingOptions: bills,
        },
      },
      '$input: CreateFulfillmentsInput!',
    );
    expect(received).toMatchObject({ paidAmount: null, creditMemos: [] });
    expect(received.invoices).toEqual([
      {
        ...{ invoiceNumber: 'INV00000002', status: 'Posted', amount: '-60.00', balance: '-60.00' },
        invoiceItems: { nodes: [{ chargeAmount: '-60.00', quantity: '2', unitPrice: '30.00' }] },
      },
    ]);
    expect((await graph('{ creditMemos { totalCount } }')).totalCount).toBe(0);
  });

  test('settlement stays on once a return has been credited by a memo', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
    const refused = await settle({ invoiceSettlement: false });
    expect(refused.userErrors).toEqual([{ code: 'SETTLEMENT_REQUIRED', path: ['input', 'invoiceSettlement'] }]);
  });
});

describe('"Update multiple order line items and generate billing documents at the same time"', () => {
  const update = (orderLineItems: object[], more: object = {}) =>
    graph(
      `mutation ($input: UpdateOrderLineItemsInput!, $onError: OnError) {
        done: updateOrderLineItems(input: $input, onError: $onError) {
          orderLineItems { itemState } invoices { invoiceNumber amount balance invoiceItems { totalCount } }
          payments { amount } paidAmount userErrors { code path } } }`,
      {
        input: { orderLineItems, processingOptions: { ...bills, collectPayment: true } },
        onError: 'RejectAll',
        ...more,
      },
    );

  test('moves line items of two orders to SentToBilling, and bills and collects them on one invoice', async () => {
    const accountNumber = await account();
    const [first, second] = lineIds(
      await sale([widget, { ...widget, quantity: 2, itemState: 'Booked' }], accountNumber),
    );
    const [third] = lineIds(await sale([{ ...widget, quantity: 1 }], accountNumber));
    const moved = await update([first, second, third].map((id) => ({ id, ...due })));
    expect(moved).toEqual({
      orderLineItems: Array(3).fill({ itemState: 'SentToBilling' }),
      invoices: [{ invoiceNumber: 'INV00000001', amount: '390.00', balance: '0.00', invoiceItems: { totalCount: 3 } }],
      payments: [{ amount: '390.00' }],
      paidAmount: '390.00',
      userErrors: [],
    });
  });

  test('bills what is due by the target date, and moves the rest unbilled', async () => {
    const [first, second] = lineIds(await sale([widget, widget], await account()));
    const moved = await update([
      { id: first, ...due },
      { id: second, ...due, billTargetDate: '2022-02-01' },
    ]);
    expect(moved.orderLineItems).toEqual(Array(2).fill({ itemState: 'SentToBilling' }));
    expect(moved.invoices).toMatchObject([{ amount: '300.00', invoiceItems: { totalCount: 1 } }]);
  });

  test('does nothing where one is refused, unless the failed ones are to be skipped', async () => {
    const ids = lineIds(
      await sale([widget, widget, { ...widget, billingRule: 'TriggerAsFulfillmentOccurs' }], await account()),
    );
    const entries = ids.map((id, at) => ({ id, ...(at === 0 ? { itemState: 'SentToBilling' } : due) }));
    const userErrors = [
      { code: 'BILL_TARGET_DATE_REQUIRED', path: ['input', 'orderLineItems', '0', 'billTargetDate'] },
      { code: 'TRANSITION_NOT_ALLOWED', path: ['input', 'orderLineItems', '2', 'itemState'] },
    ];
    expect(await update(entries)).toMatchObject({ invoices: [], userErrors });
    for (const id of ids) expect(await standing(id)).toContain('Executing');
    const skipped = await update(entries, { onError: 'SkipFailed' });
    expect(skipped).toMatchObject({ orderLineItems: [null, { itemState: 'SentToBilling' }, null], userErrors });
    expect(skipped.invoices).toMatchObject([{ amount: '300.00' }]);
  });
});

describe('"Create a return order line item without fulfillments"', () => {
  test('Q8, Q9: 40 of 100 are taken back once booked, and credited once sent', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, quantity: 100, ...due }], accountNumber, bills);
    const back = await taken(accountNumber, sold.order.orderNumber, { quantity: 40 });
    const [original, returned] = [lineIds(sold)[0], lineIds(back)[0]];
    expect([await standing(original), await standing(returned)]).toEqual([
      '100/0/100/100 SentToBilling',
      '40/0/0/0 Executing',
    ]);

    await changed(returned, { itemState: 'Booked' });
    expect([await standing(original), await standing(returned)]).toEqual([
      '100/0/100/60 SentToBilling',
      '40/0/40/0 Booked',
    ]);
    const sent = await changed(returned, { ...due, processingOptions: bills });
    expect(sent.creditMemos).toEqual([
      { creditMemoNumber: 'CM00000001', amount: '1200.00', unappliedAmount: '1200.00' },
    ]);
    expect(await standing(original)).toBe('100/0/100/60 SentToBilling');

    const { returnOrderLineItems } = await graph(
      'query ($id: ID!) { orderLineItem(id: $id) { returnOrderLineItems { nodes { quantity order { category } } } } }',
      { id: original },
    );
    expect(returnOrderLineItems.nodes).toEqual([{ quantity: '40', order: { category: 'Return' } }]);
  });
});

describe('a taxed sale whose tax rate changes before it is returned', () => {
  const rates = (rate: string) =>
    settle({
      taxCodes: [
        { code: 'STATE', rate },
        { code: 'FOOD', rate: rate === '0.07775' ? '0.04' : '0.5' },
      ],
      units: [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' }],
    });

  test('A12, A15: with the tax on top, each return is credited by the rate that it was billed with', async () => {
    await rates('0.07775');
    const accountNumber = await account();
    const taxed = {
      quantity: 4.6,
      unitOfMeasure: 'Each',
      amountPerUnit: 59.99,
      taxCode: 'STATE',
      taxMode: 'TaxExclusive',
    };
    const sold = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(sold.order.orderLineItems.nodes).toMatchObject([{ quantity: '4', amount: '239.96' }]);
    expect(sold.invoices).toMatchObject([{ amountWithoutTax: '239.96', taxAmount: '18.66', amount: '258.62' }]);

    await rates('0.1');
    const one = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
    expect(one.creditMemos).toMatchObject([{ amountWithoutTax: '59.99', taxAmount: '4.66', amount: '64.65' }]);
    const rest = await taken(accountNumber, sold.order.orderNumber, { quantity: 3, ...due }, bills);
    expect(rest.creditMemos).toMatchObject([
      {
        ...{ amountWithoutTax: '179.97', taxAmount: '14.00', amount: '193.97' },
        creditMemoItems: {
          nodes: [{ amount: '179.97', amountWithoutTax: '179.97', taxAmount: '14.00', taxRate: '0.07775' }],
        },
      },
    ]);
    const anew = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(anew.invoices).toMatchObject([{ taxAmount: '24.00', amount: '263.96' }]);
  });

  test('with the tax in the price, what is credited in the end is the price, part by part', async () => {
    await rates('0.07775');
    const accountNumber = await account();
    const taxed = { quantity: 2, amountPerUnit: 2.99, taxCode: 'FOOD', taxMode: 'TaxInclusive' };
    const sold = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(sold.invoices).toMatchObject([{ amountWithoutTax: '5.75', taxAmount: '0.23', amount: '5.98' }]);

    await rates('0.1');
    const parts = [];
    for (let times = 0; times < 2; times++) {
      const { creditMemos } = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
      parts.push(creditMemos[0].creditMemoItems.nodes[0]);
    }
    expect(parts).toEqual([
      { amount: '2.99', amountWithoutTax: '2.88', taxAmount: '0.11', taxRate: '0.04' },
      { amount: '2.99', amountWithoutTax: '2.87', taxAmount: '0.12', taxRate: '0.04' },
    ]);
  });
});

describe('a line item without fulfillments, from its making to its end', () => {
  interface Shown {
    editableFields: string[];
    allowedTransitions: { to: string; allowed: boolean; blockedBy: { code: string }[] }[];
  }
  /** Where it can go, with what is in the way. */
  const moves = ({ allowedTransitions }: Shown) =>
    allowedTransitions.map(({ to, blockedBy }) => [to, ...blockedBy.map(({ code }) => code)].join(' '));

  test('is canceled in part, booked, sent, billed and completed, and says at each step what may follow', async () => {
    const [id] = lineIds(await sale([widget], await account()));
    const less = (await changed(id, { quantity: 7 })).orderLineItem;
    expect(less).toMatchObject({ itemState: 'Executing', quantity: '7', amount: '210.00' });
    expect(moves(less)).toEqual(['Booked', 'SentToBilling BILL_TARGET_DATE_REQUIRED', 'Complete', 'Canceled']);
    expect(less.editableFields).toEqual(
      expect.arrayContaining(['quantity', 'amountPerUnit', 'taxCode', 'billTargetDate']),
    );

    const { orderLineItem: booked } = await changed(id, { itemState: 'Booked', billTargetDate: '2022-01-10' });
    expect(moves(booked)).toEqual(['SentToBilling', 'Complete']);
    expect(booked.editableFields).toEqual(['billTargetDate', 'paymentTerm', 'invoiceGroupNumber']);
    expect(await standing(id)).toBe('7/0/7/0 Booked');
    expect((await changed(id, { quantity: 6 })).userErrors).toEqual([
      { code: 'FIELD_LOCKED', path: ['input', 'quantity'] },
    ]);
    expect((await changed(id, { itemState: 'Canceled' })).userErrors).toEqual([
      { code: 'TRANSITION_NOT_ALLOWED', path: ['input', 'itemState'] },
    ]);

    const { orderLineItem: sent } = await changed(id, { itemState: 'SentToBilling' });
    expect(moves(sent)).toEqual(['Complete NOT_BILLED_YET']);
    expect(sent.editableFields).toEqual(['paymentTerm', 'invoiceGroupNumber']);
    expect((await changed(id, { itemState: 'Complete' })).userErrors).toEqual([
      { code: 'NOT_BILLED_YET', path: ['input', 'itemState'] },
    ]);

    const billed = await changed(id, { paymentTerm: 'Net 60', processingOptions: bills });
    expect(billed.invoices).toEqual([
      { invoiceNumber: 'INV00000001', amount: '210.00', invoiceDate: '2022-01-31', dueDate: '2022-04-01' },
    ]);
    expect(moves(billed.orderLineItem)).toEqual(['Complete']);
    const again = await changed(id, { paymentTerm: 'Net 30', processingOptions: bills });
    expect([again.invoices, again.userErrors]).toEqual([[], []]);

    const { orderLineItem: complete } = await changed(id, { itemState: 'Complete' });
    expect([moves(complete), complete.editableFields]).toEqual([[], []]);
    expect(await standing(id)).toBe('7/0/7/7 Complete');
    const { history, order } = await graph(
      'query ($id: ID!) { orderLineItem(id: $id) { order { state } history { nodes { action toState } } } }',
      { id },
    );
    expect(order.state).toBe('Complete');
    const acts = history.nodes.map(({ action, toState }: Record<string, string>) => `${action} ${toState}`);
    expect(acts.sort()).toEqual(
      [
        ...['Create Executing', 'Update Executing', 'Book Booked', 'SendToBilling SentToBilling'],
        ...['Update SentToBilling', 'Update SentToBilling', 'Complete Complete'],
      ].sort(),
    );
  });
});

describe('serial numbers of what was delivered and came back', () => {
  test('come along with a fulfillment, are added later, changed and taken off, over REST', async () => {
    const accountNumber = await account();
    const taking = { billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' };
    const sold = await sale([{ ...widget, ...taking }], accountNumber);
    const sent = { state: 'SentToBilling', billTargetDate: '2022-01-10', fulfillmentDate: '2022-01-10' };
    const post = (orderLineItemId: string, more: object) =>
      rest('POST', 'fulfillments', { fulfillments: [{ orderLineItemId, ...sent, ...more }], processingOptions: bills });
    const made = await post(lineIds(sold)[0], {
      quantity: 3,
      fulfillmentItems: [{ itemIdentifier: 'SN-1' }, { itemIdentifier: 'SN-2', description: 'With a dent' }],
    });
    const [{ fulfillmentNumber, fulfillmentItems }] = made.fulfillments;
    expect([fulfillmentItems.length, made.invoiceNumbers]).toEqual([2, ['INV00000001']]);

    // The delivery is locked for edits; its items are not.
    const add = (itemIdentifier: string) =>
      rest('POST', 'fulfillment-items', { fulfillmentItems: [{ fulfillmentNumber, itemIdentifier }] });
    expect(await add('SN-3')).toMatchObject({ success: true });
    expect(await add('SN-4')).toMatchObject({ success: false, reasons: [{ code: 58000030 }] });
    const path = `fulfillment-items/${fulfillmentItems[1].id}`;
    expect(await rest('PUT', path, { itemIdentifier: 'SN-2a' })).toMatchObject({ success: true });
    expect(await rest('GET', path)).toMatchObject({ itemIdentifier: 'SN-2a', description: 'With a dent' });
    expect(await rest('DELETE', `fulfillment-items/${fulfillmentItems[0].id}`)).toEqual({ success: true });
    const shown = await rest('GET', `fulfillments/${fulfillmentNumber}?fulfillmentItems=true`);
    expect(shown.fulfillmentItems.map((item: { itemIdentifier: string }) => item.itemIdentifier)).toEqual([
      'SN-2a',
      'SN-3',
    ]);

    const back = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...taking });
    const received = await post(lineIds(back)[0], { quantity: 1, fulfillmentItems: [{ itemIdentifier: 'SN-2a' }] });
    expect(received).toMatchObject({ success: true, creditMemoNumbers: ['CM00000001'] });
    const { fulfillment } = await graph(
      `query ($key: ID!) { creditMemo(key: $key) { creditMemoItems { nodes {
        fulfillment { fulfillmentType fulfillmentItems { nodes { itemIdentifier } } } } } } }`,
      { key: 'CM00000001' },
    ).then((memo) => memo.creditMemoItems.nodes[0]);
    expect(fulfillment).toEqual({
      fulfillmentType: 'Return',
      fulfillmentItems: { nodes: [{ itemIdentifier: 'SN-2a' }] },
    });
  });
});
