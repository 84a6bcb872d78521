import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let lineId: string;
let made = 0;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(() => lineWith('tok_ok'));
afterEach(() => gateway.database.owner('delete from idempotency_outcome'));

async function lineWith(paymentMethodToken: string): Promise<void> {
  const { orderLineItems } = await orderFor(await client.work(), [{}], { paymentMethodToken });
  lineId = orderLineItems[0].id;
}

const newKey = () => `key-${++made}`;
const mutation = `mutation ($input: CreateFulfillmentsInput!) {
  createFulfillments(input: $input) {
    fulfillments { id orderLineItem { order { orderNumber } } } payments { paymentNumber status } userErrors { code path }
  }
}`;
const pay = (key: string): Promise<Answer> => {
  const entry = { orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: '5' };
  const input = {
    fulfillments: [{ ...entry, state: 'SentToBilling', billTargetDate: '2022-01-01' }],
    processingOptions: { runBilling: true, collectPayment: true },
  };
  return client.graphql(mutation, { input }, { 'idempotency-key': key });
};

describe('a payment under a key', () => {
  const money = () =>
    gateway.database.owner(
      `select p.status::text as payment, e.status::text as attempt, c.status::text as charge
       from payment_attempt e left join payment p on p.attempt_id = e.id left join test_gateway.charge c on c.key = e.id
       where e.account_id = (select account_id from order_line_item where id = $1)`,
      [lineId],
    );

  test('is charged once; the reply says Processing, and still does when it has been captured', async () => {
    const key = newKey();
    const first = await pay(key);
    expect(first.body.data.createFulfillments.payments).toMatchObject([{ status: 'Processing' }]);
    await gateway.server.settled();
    expect(await money()).toEqual([{ payment: 'Processed', attempt: 'Captured', charge: 'Captured' }]);
    const second = await pay(key);
    expect(second.text).toBe(first.text);
    await gateway.server.settled();
    expect(await money()).toHaveLength(1);
  });

  test('is given up when the reply cannot be rendered: nothing is written and nothing stays authorized', async () => {
    const key = newKey();
    await gateway.database.owner('alter table orders rename to orders_away');
    const broken = await pay(key).finally(() => gateway.database.owner('alter table orders_away rename to orders'));
    expect([broken.status, broken.body.errors[0].extensions.code]).toEqual([500, 'INTERNAL']);
    await gateway.server.settled();
    const [left] = await gateway.database.owner(
      `select (select count(*)::int from fulfillment where order_line_item_id = $1) as fulfillments,
         (select count(*)::int from idempotency_outcome) as outcomes`,
      [lineId],
    );
    expect(left).toEqual({ fulfillments: 0, outcomes: 0 });
    expect(await money()).toEqual([{ payment: null, attempt: 'Voided', charge: 'Voided' }]);
    expect((await pay(key)).body.data.createFulfillments.payments).toHaveLength(1);
  });

  test('that is declined is replayed and not tried again', async () => {
    await lineWith('tok_declined');
    const key = newKey();
    const first = await pay(key);
    expect(first.body.data.createFulfillments.userErrors).toMatchObject([{ code: 'PAYMENT_DECLINED' }]);
    const second = await pay(key);
    expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    await gateway.server.settled();
    expect(await money()).toEqual([{ payment: null, attempt: 'Declined', charge: 'Declined' }]);
  });
});
