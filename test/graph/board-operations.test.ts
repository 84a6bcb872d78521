import { parse, validate } from 'graphql';
import { readConfig } from '../../src/config';
import { registerBoard } from '../../src/demo/board';
import { demoClientId, demoSecret, fillDemo } from '../../src/demo/fill';
import { schema } from '../../src/graph/build/schema';
import { carryToEnd } from '../../src/service/bill-run-worker';
import { documentReport, managedClient } from '../../src/service/registered-document';
import { boardManifest, boardOperations, boardScopes } from '../support/board-operations';
import { type TestGatewayServer, testGateway, workFor } from '../support/gateway';

// The demo is filled in once before all.
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  await fillDemo(gateway.services, { url: gateway.database.url });
});
afterAll(() => gateway.close());

// biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
type Reply = any;

describe('the operations of the board', () => {
  const twins = [...boardOperations].filter(([name]) => name.endsWith('Live'));
  const line = '4028828c82819b740182821bb23e15c4';
  const day = '2026-01-31';

  /** Runs an operation of the board with the scopes that it states, and returns what its one field gave. */
  async function ran(name: string, variables: object = {}, more: string[] = []) {
    const needs = ['read', ...(boardScopes[name] ?? []), ...more];
    const { access_token } = await gateway.server.identity.issue(demoClientId, demoSecret, needs);
    const headers = { authorization: `Bearer ${access_token}` };
    const payload = { query: boardOperations.get(name), variables };
    const response = await gateway.server.app.inject({ method: 'POST', url: '/graphql', headers, payload });
    const { data, errors } = response.json();
    expect([name, errors]).toEqual([name, undefined]);
    done.add(name);
    const result = data.orderLineItems ?? Object.values<Reply>(data)[0];
    expect([name, result]).toEqual([name, expect.anything()]);
    expect([name, result.userErrors ?? []]).toEqual([name, []]);
    return result;
  }
  const done = new Set<string>();

  test('are registered for the client of the demo when it starts', async () => {
    const config = readConfig({});
    for (const start of [1, 2]) {
      await registerBoard(gateway.database.db, config, boardManifest);
      const client = await managedClient(gateway.database.db.aside(), demoClientId);
      const { documents } = await documentReport(gateway.database.db.aside(), client);
      expect([start, documents.length]).toEqual([start, boardOperations.size]);
      // With its pages as long as they may be, none costs more than a request may.
      expect(documents.filter(({ cost }) => cost > config.limits.cost)).toEqual([]);
    }
  });

  test('follow by a subscription what they ask for by a query of the same fields', () => {
    expect(twins.length).toBeGreaterThan(3);
    for (const [name, text] of twins) {
      const query = boardOperations.get(name.slice(0, -4));
      expect([name, text.replace(`subscription ${name}`, `query ${name.slice(0, -4)}`)]).toEqual([name, query]);
      expect(validate(schema(), parse(text))).toEqual([]);
      done.add(name);
    }
  });

  test('run on the demo data with the scopes that they state, and no operation is left out', async () => {
    const states = await ran('Counts', { filter: { fulfillmentType: 'Delivery' } });
    expect(states).toHaveLength(5);
    expect((await ran('Column', { filter: { state: { eq: 'Executing' } } })).nodes).toHaveLength(20);
    expect((await ran('Viewer')).entity.name).toBe('Northwind Devices');
    expect((await ran('Orders', {})).nodes).toHaveLength(20);
    expect((await ran('OpenLines', { orderNumber: 'O-00000002' })).nodes).toMatchObject([{ id: line }]);

    const fulfillment = { orderLineItemId: line, fulfillmentDate: day, quantity: '2' };
    const create = async () => {
      const input = { fulfillments: [fulfillment] };
      return (await ran('Create', { input })).fulfillments[0] as { id: string; version: number };
    };
    const first = await create();
    await ran('Cancel', { key: first.id, version: first.version });
    const { id: key, version } = await create();
    const edited = await ran('Edit', { key, version, input: { trackingNumber: 'T-1' } });
    const booked = await ran('Book', { key, version: edited.fulfillment.version });
    await ran(
      'SendToBilling',
      {
        ...{ key, version: booked.fulfillments[0].version, billTargetDate: day },
        options: { runBilling: true },
      },
      ['bill'],
    );
    const sent = await ran('Fulfillment', { key });
    await ran('Complete', { key, version: sent.version });
    const [{ invoice }] = sent.invoiceItems;
    await ran('Collect', { invoice: invoice.id });
    const paid = await ran('Fulfillment', { key });
    expect(paid).toMatchObject({
      state: 'Complete',
      invoiceItems: [{ invoice: { balance: '0.00', paymentApplications: [{ amount: '20.00' }] } }],
    });

    const back = { itemName: 'Back', itemCategory: 'Return', quantity: '1', itemState: 'SentToBilling' };
    const original = { originalOrderNumber: 'O-00000002', originalOrderLineItemNumber: '1', billTargetDate: day };
    const { order } = await ran('TakeBack', {
      input: {
        ...{ existingAccountNumber: 'A00000002', orderDate: day, category: 'Return' },
        orderLineItems: [{ ...back, ...original }],
      },
    });
    expect((await ran('Order', { key: order.orderNumber })).orderLineItems.nodes).toHaveLength(1);

    const input = { targetDate: '2026-02-28' };
    expect((await ran('PreviewRun', { input })).totals).not.toEqual([]);
    const { billRun } = await ran('StartRun', { input });
    await carryToEnd(gateway.services, await workFor(gateway.services, demoClientId), billRun.id);
    await ran('CancelRun', { key: billRun.id });
    const runs = (await ran('BillRuns')).nodes;
    const numbered = (number: string) => runs.find((run: { billRunNumber: string }) => run.billRunNumber === number).id;
    expect((await ran('Parked', { key: numbered('BR-00000002') })).failures.nodes).toHaveLength(2);
    // Not of the run that is being canceled.
    const [draft] = await gateway.database.owner<{ id: string }>(
      `select i.id from invoice i join bill_run r on r.id = $1 and r.entity_id = i.entity_id
       where i.status = 'Draft' and i.bill_run_id is distinct from r.id order by i.invoice_number limit 1`,
      [billRun.id],
    );
    await ran('PostInvoice', { invoice: draft.id });
    await ran('PostRun', { key: numbered('BR-00000003') });
  });

  test('manage webhook endpoints with the scope webhook', async () => {
    const { webhookEndpoint } = await ran('AddEndpoint', { input: { url: 'http://127.0.0.1:9/hook' } });
    const { id } = webhookEndpoint;
    expect(await ran('Webhooks')).toMatchObject([{ id }]);
    await ran('TestEndpoint', { id });
    const { deliveries } = await ran('Deliveries', { id });
    await ran('Redeliver', { id, deliveryIds: [deliveries.nodes[0].id] });
    await ran('SwitchEndpoint', { id, enabled: false });
    await ran('RemoveEndpoint', { id });
    expect([...boardOperations.keys()].filter((name) => !done.has(name))).toEqual([]);
  });
});
