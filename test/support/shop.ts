import { drift } from './books';
import { type TestClient, type TestGatewayServer, testGateway } from './gateway';

/* What the stories of a shop are told with: the mutations and requests that its clients send, as they send them. */

export const bills = { runBilling: true, billingOptions: { targetDate: '2022-01-31', documentDate: '2022-01-31' } };
export const due = { itemState: 'SentToBilling', billTargetDate: '2022-01-10' };
export const widget = { itemName: 'Widget', itemType: 'Product', quantity: 10, amountPerUnit: 30 };

const orderFields = `order { orderNumber state orderLineItems { nodes { id itemNumber itemState quantity amount } } }
  invoices { invoiceNumber status amount amountWithoutTax taxAmount balance invoiceItems { nodes { chargeAmount taxAmount taxRate quantity } } }
  creditMemos { creditMemoNumber status amount amountWithoutTax taxAmount unappliedAmount
    creditMemoItems { nodes { amount amountWithoutTax taxAmount taxRate } } }
  userErrors { code path }`;

const changeFields = `orderLineItem { itemState quantity amount editableFields allowedTransitions { to allowed blockedBy { code } } }
  invoices { invoiceNumber amount invoiceDate dueDate } creditMemos { creditMemoNumber amount unappliedAmount }
  userErrors { code path }`;

interface Ordered {
  order: { orderLineItems: { nodes: { id: string; itemNumber: string }[] } };
}
/** In the order of the request. */
export const lineIds = ({ order }: Ordered): string[] => order.orderLineItems.nodes.map(({ id }) => id);

/** Opens a shop for a file of stories. Each story has an entity of its own, whose numbers begin anew, and leaves the books in order. */
export function shop() {
  let gateway: TestGatewayServer;
  let client: TestClient;
  beforeAll(async () => {
    gateway = await testGateway();
  }, 60_000);
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

  const ordered = (input: object) =>
    done(`createOrder(input: $input) { ${orderFields} }`, { input }, '$input: CreateOrderInput!');

  const sale = async (lines: object[], existingAccountNumber: string, processingOptions?: object) =>
    ordered({ existingAccountNumber, orderDate: '2022-01-10', orderLineItems: lines, processingOptions });

  const taken = (
    existingAccountNumber: string,
    originalOrderNumber: string,
    line: object,
    processingOptions?: object,
  ) =>
    ordered({
      ...{ existingAccountNumber, orderDate: '2022-01-20', category: 'Return', processingOptions },
      orderLineItems: [
        {
          ...{ itemName: 'Widget', itemCategory: 'Return', originalOrderNumber, originalOrderLineItemNumber: '1' },
          ...line,
        },
      ],
    });

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

  return { graph, done, rest, account, ordered, sale, taken, standing, changed, settle };
}
