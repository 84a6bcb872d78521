import { createFulfillments } from '../../../src/service/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  for (let at = 0; at < 4; at++) {
    const [line] = (await orderFor(work)).orderLineItems;
    const entry = { orderLineItemId: line.id, fulfillmentDate: '2022-01-01', quantity: '1' };
    await createFulfillments(work, { fulfillments: [entry, { ...entry, billTargetDate: '2022-01-01' }] });
  }
});
afterAll(() => gateway.close());

async function refusal(query: string): Promise<[status: number, code: string, data: unknown]> {
  const { status, body } = await client.graphql(query);
  return [status, body.errors[0].extensions.code, body.data];
}

describe('a cursor', () => {
  const query = (list: string, cursor: string, more = '', count = 'first: 2, after') =>
    `{ ${list}(${count}: ${JSON.stringify(cursor)} ${more}) { nodes { id } } }`;
  const forged = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const cursorOf = async (list: string, args: string): Promise<string> =>
    (await client.graphql(`{ page: ${list}(first: 2, ${args}) { pageInfo { endCursor } } }`)).body.data.page.pageInfo
      .endCursor;

  test('belongs to its list, its filter and its order', async () => {
    const plain = await cursorOf('orders', '');
    const filtered = await cursorOf('orders', 'filter: { state: Executing, category: NewSales }');
    const nested = `{ account(key: "A00000001") { orders(first: 1) { pageInfo { endCursor } } } }`;
    const ofEdge = (await client.graphql(nested)).body.data.account.orders.pageInfo.endCursor;
    for (const [list, cursor, more] of [
      ['accounts', plain, ''],
      ['fulfillments', plain, ''],
      ['orders', plain, 'filter: { state: Executing }'],
      ['orders', plain, 'orderBy: { field: updatedDate, direction: ASC }'],
      ['orders', plain, 'orderBy: { field: createdDate }'],
      ['orders', filtered, ''],
      ['orders', filtered, 'filter: { state: Complete, category: NewSales }'],
      ['orders', ofEdge, ''],
    ]) {
      expect(await refusal(query(list, cursor, more))).toEqual([200, 'BAD_CURSOR', { [list]: null }]);
    }
    const same = query('orders', filtered, 'filter: { category: NewSales, state: Executing }');
    expect((await client.graphql(same)).body.data.orders.nodes).toHaveLength(2);
    const explicit = query('orders', plain, 'orderBy: { field: updatedDate, direction: DESC }');
    expect((await client.graphql(explicit)).body.data.orders.nodes).toHaveLength(2);
  });

  test('that is forged, truncated or empty is BAD_CURSOR, whatever it holds', async () => {
    const cursor = await cursorOf('orders', '');
    const [signature, value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const dashed = [`${id.slice(0, 3)}-${id.slice(3)}`, id.toUpperCase()];
    const noInstants = ['2022-02-30T00:00:00.000Z', '0000-01-01T00:00:00.000Z', '2022-01-01', `${value}0`, 'infinity'];
    const parts = [[], [signature], [signature, value], [signature, value, null], ['x', value, id], [signature, 5, id]];
    const wrong = [...parts, [signature, [value], id], [signature, value, [id]], [signature, value, 'x']];
    for (const bad of [
      ...['', ' ', 'x', 'null', '\u0000', 'é', cursor.slice(0, -3), cursor.slice(4), 'A'.repeat(9000)],
      ...[...wrong, { 0: signature, 1: value, 2: id }, null].map(forged),
      ...['', 'x', ...noInstants].map((other) => forged([signature, other, id])),
      ...dashed.map((other) => forged([signature, value, other])),
    ]) {
      expect([bad, ...(await refusal(query('orders', bad)))]).toEqual([bad, 200, 'BAD_CURSOR', { orders: null }]);
      const [, code] = await refusal(query('orders', bad, '', 'last: 2, before'));
      expect([bad, code]).toEqual([bad, 'BAD_CURSOR']);
    }
  });

  test.each(['billTargetDate', 'fulfillmentDate', 'fulfillmentNumber'])('by %s is checked as well', async (field) => {
    const by = `orderBy: { field: ${field} }`;
    const [signature, , id] = JSON.parse(Buffer.from(await cursorOf('fulfillments', by), 'base64url').toString());
    for (const value of field === 'fulfillmentNumber' ? ['\u0000'] : ['2022-02-30', 'x', '-infinity', 'now', '']) {
      expect((await refusal(query('fulfillments', forged([signature, value, id]), by)))[1]).toBe('BAD_CURSOR');
    }
  });

  test('goes on behind days that no client may give, such as a due date after the last of them', async () => {
    const other = await gateway.client({ grants: [{ entity: 'Late', orgs: ['North'] }] });
    const late = await other.work();
    for (const day of ['2999-12-30', '2999-12-31']) {
      const { orderLineItems } = await orderFor(late, [{}], { paymentTerm: 'Net 999' });
      const entry = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: day, quantity: '1', billTargetDate: day };
      await createFulfillments(late, {
        fulfillments: [{ ...entry, state: 'SentToBilling' }],
        processingOptions: { runBilling: true, billingOptions: { targetDate: day } },
      });
    }
    const ask = async (after: string) => {
      const text = `{ invoices(first: 1, ${after} orderBy: { field: dueDate, direction: ASC }) { nodes { dueDate }
        pageInfo { endCursor } } }`;
      const { body } = await other.graphql(text);
      expect(body.errors).toBeUndefined();
      return body.data.invoices;
    };
    const first = await ask('');
    expect(first.nodes).toEqual([{ dueDate: '3002-09-25' }]);
    expect((await ask(`after: "${first.pageInfo.endCursor}",`)).nodes).toEqual([{ dueDate: '3002-09-26' }]);
  });
});
