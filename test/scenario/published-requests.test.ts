import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/** Copied from "Add fulfillments to sales order line items through API". */
const addFulfillments = `| Request | POST /v1/fulfllments |
| --- | --- |
| Request Body | { "fulfillments": [ { "fulfillmentDate": "2022-01-01", "quantity": 5, "description": "fulfillment batch 1", "state": "SentToBilling", "billTargetDate": "2022-01-01", "orderLineItemId": "4028828c82819b74018286e02e041bd6", "fulfillmentType": "Delivery", "trackingNumber": "T-0009872", "carrier": "CarrierA", "fulfillmentSystem": "SystemA", "fulfillmentLocation": "LocationA", "externalId": "SRC-0987123" }, { "fulfillmentDate": "2022-01-02", "quantity": 5, "description": "fulfillment batch 2", "state": "SentToBilling", "billTargetDate": "2022-01-01", "orderLineItemId": "4028828c82819b74018286e02e041bd6", "fulfillmentType": "Delivery", "trackingNumber": "T-00098721", "carrier": "CarrierB", "fulfillmentSystem": "SystemB", "fulfillmentLocation": "LocationB", "externalId": "SRC-09871234" } ], "processingOptions": { "billingOptions": { "documentDate": "2022-01-02", "targetDate": "2022-01-02" }, "runBilling": true } } |`;

/** Copied from the request sample of "Create fulfillments", with the bullets of its page. */
const createFulfillments = `{

-   "fulfillments": [

    -   {

        -   "billTargetDate": "2022-01-01",

        -   "fulfillmentDate": "2022-01-01",

        -   "fulfillmentType": "Delivery",

        -   "orderLineItemId": "4028828c82819b740182821bb23e15c4",

        -   "quantity": 5,

        -   "state": "SentToBilling"


        },

    -   {

        -   "billTargetDate": "2022-01-01",

        -   "fulfillmentDate": "2022-01-01",

        -   "fulfillmentType": "Delivery",

        -   "orderLineItemId": "4028828c82819b740182821bb23e15c4",

        -   "quantity": 5,

        -   "state": "SentToBilling"


        }


    ],

-   "processingOptions": {

    -   "billingOptions": {

        -   "documentDate": "2022-01-01",

        -   "targetDate": "2022-01-01"


        },

    -   "collectPayment": true,

    -   "runBilling": true


    }


}`;

const firstBody = /Request Body \| (\{.*\}) \|$/.exec(addFulfillments)![1];
const secondBody = createFulfillments.replace(/^ *- {3}/gm, '');

const mutation = `mutation ($input: CreateFulfillmentsInput!) {
  createFulfillments(input: $input) {
    fulfillments {
      fulfillmentNumber state quantity amount carrier trackingNumber externalId
      orderLineItem { itemState quantityFulfilled quantityPendingFulfillment quantityAvailableForReturn }
    }
    invoices {
      invoiceNumber status invoiceDate dueDate targetDate amount balance
      invoiceItems { nodes { quantity unitPrice chargeAmount chargeName } }
    }
    payments { paymentNumber status amount }
    paidAmount
    userErrors { code path message }
  }
}`;

let gateway: TestGatewayServer;
let client: TestClient;

/** The two line items of the published requests, as the demo has them. */
beforeEach(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  await orderFor(work, [{ id: '4028828c82819b74018286e02e041bd6' }], { name: 'First' });
  await orderFor(work, [{ id: '4028828c82819b740182821bb23e15c4' }], { name: 'Second' });
}, 60_000);
afterEach(() => gateway.close());

const post = (payload: string) =>
  client.request({
    method: 'POST',
    url: '/v1/fulfillments',
    headers: { 'content-type': 'application/json' },
    payload,
  });

const hexId = expect.stringMatching(/^[0-9a-f]{32}$/);
const reply = (numbers: string[], more: object) => ({
  success: true,
  fulfillments: numbers.map((fulfillmentNumber) => ({ id: hexId, fulfillmentNumber, fulfillmentItems: [] })),
  creditMemoNumbers: null,
  ...more,
});

/** What our books say about money, and what the gateway's own ledger says. */
const books = () =>
  gateway.database.owner(
    'select attempt_id as key, amount, currency, status::text from payment order by payment_number',
  );
const ledger = () =>
  gateway.database.owner('select key, amount, currency, status::text from test_gateway.charge order by created_date');

describe('the published request "Add fulfillments to sales order line items"', () => {
  test('creates two fulfillments and bills them, and runs again', async () => {
    expect(JSON.parse(firstBody).fulfillments).toHaveLength(2);
    for (const [numbers, invoice] of [
      [['F-00000001', 'F-00000002'], 'INV00000001'],
      [['F-00000003', 'F-00000004'], 'INV00000002'],
    ] as const) {
      const answer = await post(firstBody);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(
        reply([...numbers], { invoiceNumbers: [invoice], paidAmount: null, paymentNumber: null }),
      );
    }
    expect(await ledger()).toEqual([]);
    expect(
      await gateway.database.owner('select invoice_date, amount, balance, status::text from invoice order by 1'),
    ).toEqual([
      { invoice_date: '2022-01-02', amount: '100', balance: '100', status: 'Posted' },
      { invoice_date: '2022-01-02', amount: '100', balance: '100', status: 'Posted' },
    ]);
  });

  test('B1: is billed as a value of $input, since its billTargetDate is not after the targetDate', async () => {
    const { status, body } = await client.graphql(mutation, { input: JSON.parse(firstBody) });
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    const line = {
      itemState: 'Booked',
      quantityFulfilled: '10',
      quantityPendingFulfillment: '490',
      quantityAvailableForReturn: '10',
    };
    const item = { quantity: '5', unitPrice: '10.00', chargeAmount: '50.00', chargeName: 'Device' };
    const shared = { state: 'SentToBilling', quantity: '5', amount: '50.00', orderLineItem: line };
    expect(body.data.createFulfillments).toEqual({
      fulfillments: [
        {
          ...shared,
          fulfillmentNumber: 'F-00000001',
          carrier: 'CarrierA',
          trackingNumber: 'T-0009872',
          externalId: 'SRC-0987123',
        },
        {
          ...shared,
          fulfillmentNumber: 'F-00000002',
          carrier: 'CarrierB',
          trackingNumber: 'T-00098721',
          externalId: 'SRC-09871234',
        },
      ],
      invoices: [
        {
          invoiceNumber: 'INV00000001',
          status: 'Posted',
          invoiceDate: '2022-01-02',
          dueDate: '2022-02-01',
          targetDate: '2022-01-02',
          amount: '100.00',
          balance: '100.00',
          invoiceItems: { nodes: [item, item] },
        },
      ],
      payments: [],
      paidAmount: null,
      userErrors: [],
    });
  });
});

describe('the published request "Create fulfillments"', () => {
  test('A1: answers with the published numbers, and the money arrives', async () => {
    const answer = await post(secondBody);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(
      reply(['F-00000001', 'F-00000002'], {
        invoiceNumbers: ['INV00000001'],
        paidAmount: 100,
        paymentNumber: 'P-00000001',
      }),
    );

    await gateway.server.settled();
    const trail = await gateway.database.owner(
      `select i.invoice_number, i.amount, i.balance, array(select charge_amount from invoice_item where invoice_id = i.id order by id) as items,
         a.amount as applied, p.payment_number, p.status::text, p.amount as paid, p.applied_amount, e.status::text as attempt
       from invoice i join payment_application a on a.invoice_id = i.id
       join payment p on p.id = a.payment_id join payment_attempt e on e.id = p.attempt_id`,
    );
    expect(trail).toEqual([
      {
        invoice_number: 'INV00000001',
        amount: '100',
        balance: '0',
        items: expect.anything(),
        applied: '100',
        payment_number: 'P-00000001',
        status: 'Processed',
        paid: '100',
        applied_amount: '100',
        attempt: 'Captured',
      },
    ]);
    expect(await gateway.database.owner('select quantity, unit_price, charge_amount from invoice_item')).toEqual([
      { quantity: '5', unit_price: '10', charge_amount: '50' },
      { quantity: '5', unit_price: '10', charge_amount: '50' },
    ]);
    const [charge] = (await ledger()) as object[];
    expect(charge).toMatchObject({ amount: '100', currency: 'USD', status: 'Captured' });
    expect(await books()).toEqual([{ ...charge, status: 'Processed' }]);
    expect(gateway.failures).toEqual([]);
  });

  test('A1: as a value of $input it shows a payment that is Processing, and runs again', async () => {
    for (const time of [1, 2]) {
      const { body } = await client.graphql(mutation, { input: JSON.parse(secondBody) });
      expect(body.errors).toBeUndefined();
      const { fulfillments, invoices, payments, paidAmount, userErrors } = body.data.createFulfillments;
      expect(fulfillments.map((one: { fulfillmentNumber: string }) => one.fulfillmentNumber)).toEqual([
        `F-0000000${2 * time - 1}`,
        `F-0000000${2 * time}`,
      ]);
      expect(invoices).toMatchObject([{ invoiceNumber: `INV0000000${time}`, amount: '100.00', balance: '0.00' }]);
      expect(payments).toEqual([{ paymentNumber: `P-0000000${time}`, status: 'Processing', amount: '100.00' }]);
      expect([paidAmount, userErrors]).toEqual(['100.00', []]);
    }
    await gateway.server.settled();
    const captured = ((await ledger()) as { status: string }[]).map((charge) => ({ ...charge, status: 'Processed' }));
    expect(captured).toHaveLength(2);
    expect(await books()).toEqual(captured);
  });
});
