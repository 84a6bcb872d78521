import { type GraphQLInputObjectType, GraphQLObjectType, GraphQLString } from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* An empty text in every optional text field that is kept, found in the schema. */

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

const fieldsOf = (type: string) => (schema().getType(type) as GraphQLInputObjectType | GraphQLObjectType).getFields();
/** The optional texts of an input. */
const texts = (input: string): string[] =>
  Object.values((schema().getType(input) as GraphQLInputObjectType).getFields())
    .filter(({ type }) => type === GraphQLString)
    .map(({ name }) => name);
const allOf = (names: readonly string[], value: string) => Object.fromEntries(names.map((name) => [name, value]));
/** Those that the object shows under the same name. */
const shown = (names: readonly string[], type: string) => names.filter((name) => fieldsOf(type)[name]);

const made = async (mutation: string, type: string, input: object, selection: string, more = '') => {
  const query = `mutation ($input: ${type}!) { ${mutation}(${more}input: $input) { ${selection} userErrors { code path message } } }`;
  const { body } = await client.graphql(query, { input });
  expect(body.errors).toBeUndefined();
  const { userErrors, ...payload } = body.data[mutation];
  expect(userErrors).toEqual([]);
  return payload;
};

const account = async (more: object = {}) => {
  const selection = 'account { id accountNumber paymentTerm paymentMethod { __typename } }';
  return (await made('createAccount', 'CreateAccountInput', { name: 'A', currency: 'USD', ...more }, selection))
    .account;
};
const lineTexts = texts('CreateOrderLineItemInput');
const lineShown = shown(lineTexts, 'OrderLineItem');
const line = { itemName: 'Desk', itemType: 'Product', quantity: '5', amountPerUnit: '1' };
const order = async (existingAccountNumber: string, orderLineItems: object[], more: object = {}) => {
  const lines = `orderLineItems { nodes { id ${lineShown.join(' ')} } }`;
  const selection = `order { orderNumber description reasonCode ${lines} } invoices { invoiceNumber }`;
  const input = { existingAccountNumber, orderDate: '2022-01-01', orderLineItems, ...more };
  const { order, invoices } = await made('createOrder', 'CreateOrderInput', input, selection);
  const { orderLineItems: page, ...own } = order;
  return { order: own, orderLineItems: page.nodes, invoices };
};

describe('an empty text is no value', () => {
  test('N27: in a new account, order, line item, fulfillment and item', async () => {
    const owner = await account(allOf(['accountNumber', 'paymentTerm'], ''));
    expect(owner).toMatchObject({
      accountNumber: expect.stringMatching(/^A\d+$/),
      paymentTerm: 'Net 30',
      paymentMethod: null,
    });
    const lines = [
      { ...line, ...allOf(lineTexts, ''), billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    ];
    const ordered = await order(owner.accountNumber, lines, allOf(texts('CreateOrderInput'), ''));
    expect(ordered.order).toEqual({
      ...{ orderNumber: expect.stringMatching(/^O-\d+$/), description: null, reasonCode: null },
    });
    const [{ id, itemNumber, ...rest }] = ordered.orderLineItems;
    expect(itemNumber).toBe('1');
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));

    const names = texts('CreateFulfillmentInput');
    const items = texts('FulfillmentItemInput');
    const selection = `fulfillments { ${names.join(' ')} fulfillmentItems { nodes { ${items.join(' ')} } } }`;
    const entry = { orderLineItemId: id, fulfillmentDate: '2022-01-01', quantity: '1', state: 'Booked' };
    const fulfillments = [{ ...entry, ...allOf(names, ''), fulfillmentItems: [allOf(items, '')] }];
    const [{ fulfillmentItems: inside, ...fulfillment }] = (
      await made('createFulfillments', 'CreateFulfillmentsInput', { fulfillments }, selection)
    ).fulfillments;
    expect([...names, ...items].length).toBeGreaterThan(6);
    expect(new Set([...Object.values(fulfillment), ...Object.values(inside.nodes[0])])).toEqual(new Set([null]));
  });

  test('N27: in a change, which empties the field', async () => {
    const { accountNumber } = await account();
    const names = texts('UpdateOrderLineItemInput').filter(
      (name) => !['itemName', 'taxCode', 'paymentTerm'].includes(name),
    );
    const values = { ...allOf(names, 'x'), unitOfMeasure: null, paymentTerm: 'Net 10' };
    const [{ id }] = (await order(accountNumber, [{ ...line, ...values }])).orderLineItems;
    const empty = allOf([...names, 'paymentTerm', 'taxCode'], '');
    const { orderLineItem } = await made(
      ...(['updateOrderLineItem', 'UpdateOrderLineItemInput', empty] as const),
      ...[`orderLineItem { ${Object.keys(empty).join(' ')} }`, `id: "${id}", `],
    );
    expect(new Set(Object.values(orderLineItem))).toEqual(new Set([null]));
  });

  test('N27: so an empty invoiceGroupNumber makes no invoice of its own', async () => {
    const { accountNumber } = await account();
    const due = { ...line, itemState: 'SentToBilling', billTargetDate: '2022-01-01' };
    const { invoices } = await order(accountNumber, [{ ...due, invoiceGroupNumber: '' }, due], {
      processingOptions: { runBilling: true },
    });
    expect(invoices).toHaveLength(1);
  });

  test('N27: and a required text is refused as before', async () => {
    const { accountNumber } = await account();
    const query = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { userErrors { code path } } }`;
    const input = {
      existingAccountNumber: accountNumber,
      orderDate: '2022-01-01',
      orderLineItems: [{ ...line, itemName: '' }],
    };
    const { body } = await client.graphql(query, { input });
    expect(body.data.createOrder.userErrors).toEqual([
      { code: 'REQUIRED', path: ['input', 'orderLineItems', '0', 'itemName'] },
    ]);
  });
});
