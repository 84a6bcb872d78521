import { parse, validate } from 'graphql';
import { demoClientId, demoSecret, fillDemo } from '../../src/demo/fill';
import { scopes } from '../../src/domain/caller';
import { schema } from '../../src/graph/build/schema';
import { sampleOperations } from '../../src/http/playground/operations';
import { isOffered, kindOf, type SampleOperation } from '../../src/http/playground/sample';
import { createdIn, filled, tour } from '../../src/http/playground/tour';
import { carryOn } from '../../src/service/bill-run-worker';
import { type Answer, type TestGatewayServer, testGateway } from '../support/gateway';
import { socketClient } from '../support/live';

// The demo is filled in once before all.
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
type Runnable = Pick<SampleOperation, 'query' | 'variables'>;
let run: (sample: Runnable, variables?: object, as?: string) => Promise<Answer>;
/** A token of the demo client with these scopes alone. */
let tokenWith: (scopes: string[]) => Promise<string>;

beforeAll(async () => {
  gateway = await testGateway();
  await fillDemo(gateway.services, { url: gateway.database.url });
  const { access_token: token } = await gateway.server.identity.issue(demoClientId, demoSecret);
  tokenWith = async (scopes) => (await gateway.server.identity.issue(demoClientId, demoSecret, scopes)).access_token;
  run = async ({ query, variables }, more = {}, as = token) => {
    const payload = { query, variables: { ...variables, ...more } };
    const headers = { authorization: `Bearer ${as}` };
    const response = await gateway.server.app.inject({ method: 'POST', url: '/graphql', headers, payload });
    const { statusCode: status, body: text } = response;
    return { status, headers: response.headers, text, body: response.json() };
  };
});
afterAll(() => gateway.close());

type Coded = { extensions: { code: string } };
const denied = /^(FORBIDDEN|PERMISSION_DENIED)$/;
const rehearsed = ({ variables }: Runnable) => (variables && 'dryRun' in variables ? { dryRun: true } : {});

const sample = (name: string) =>
  sampleOperations.find(({ query }) => new RegExp(`^(query|mutation) ${name}\\b`, 'm').test(query))!;

describe.each(sampleOperations.map((each) => [each.title, each] as const))('the sample "%s"', (_title, each) => {
  test('is valid against the schema', () => {
    expect(validate(schema(), parse(each.query)).map(({ message }) => message)).toEqual([]);
  });

  // A bill run is posted once.
  const again = each.query.includes('postBillRun(') ? ['DOCUMENT_STATUS'] : [];

  if (/^subscription\b/m.test(each.query)) return;

  test('runs on the demo, again and again, without an error and with something to see', async () => {
    for (const refused of [[], again]) {
      const { status, body } = await run(each);
      expect([status, body.errors]).toEqual([200, undefined]);
      for (const result of Object.values(body.data) as Record<string, unknown>[]) {
        expect(result).not.toBeNull();
        if ('userErrors' in result) {
          expect((result.userErrors as { code: string }[]).map(({ code }) => code)).toEqual(refused);
        }
        if ('nodes' in result) expect((result.nodes as unknown[]).length).toBeGreaterThan(0);
      }
    }
  });
});

const offered = [...sampleOperations, ...tour].filter(({ query }) => !/^subscription\b/m.test(query));

test.each(offered.map((each) => [each.title, each] as const))(
  '"%s" runs with the scopes that it names, and is refused without any one of them',
  async (_title, each) => {
    const codes = async (scopes: string[]) => {
      const { body } = await run(
        { ...each, variables: { ...each.variables } },
        rehearsed(each),
        await tokenWith(scopes),
      );
      const payloads = Object.values<{ userErrors?: { code: string }[] } | null>(body.data ?? {});
      const refusals = payloads.flatMap((payload) => payload?.userErrors ?? []);
      return [...(body.errors ?? []).map((error: Coded) => error.extensions.code), ...refusals.map(({ code }) => code)];
    };
    expect(await codes(each.needs)).not.toEqual(expect.arrayContaining([expect.stringMatching(denied)]));
    for (const scope of each.needs) {
      const others = scopes.filter((other) => other !== scope);
      expect([scope, await codes(others)]).toEqual([scope, expect.arrayContaining([expect.stringMatching(denied)])]);
      expect(isOffered(each, others)).toBe(false);
    }
    expect(isOffered(each, each.needs)).toBe(true);
  },
);

test('what writes comes as a rehearsal, where the mutation has one', () => {
  const writes = sampleOperations.filter((each) => kindOf(each) === 'write').map(({ title }) => title);
  // The mutations of bill runs have no dryRun, since previewBillRun takes its place.
  expect(writes).toEqual(['Make a bill run', 'Post a bill run']);
  const rehearsals = sampleOperations.filter((each) => kindOf(each) === 'rehearsal');
  expect(rehearsals.length).toBeGreaterThan(8);
  for (const { query } of rehearsals) expect(query).toMatch(/dryRun: \$dryRun/);
});

test.each(['first', 'second'])('the tour leads in six steps from a query to a bill, a %s time too', async () => {
  let created: string[] = [];
  let data: Record<string, { userErrors?: object[] }> = {};
  expect(tour).toHaveLength(6);
  for (const step of tour) {
    expect(validate(schema(), parse(step.query))).toEqual([]);
    const { body } = await run({ query: step.query, variables: filled(step, created) });
    data = body.data;
    for (const payload of Object.values(data)) expect([step.title, payload.userErrors ?? []]).toEqual([step.title, []]);
    const numbers = createdIn(data);
    expect([step.title, numbers.length]).toEqual([step.title, step.title === 'Deliver' ? 1 : 0]);
    if (numbers.length) created = numbers;
  }
  const { fulfillments } = data as { fulfillments?: { nodes?: object[] } };
  const bill = { status: 'Posted', amount: '30.00', balance: '30.00' };
  expect(fulfillments?.nodes).toMatchObject([
    { fulfillmentNumber: created[0], state: 'SentToBilling', invoiceItems: [{ quantity: '3', invoice: bill }] },
  ]);
});

test('the samples that subscribe follow what the demo does', async () => {
  const address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  const { access_token: token } = await gateway.server.identity.issue(demoClientId, demoSecret);
  const socket = socketClient(address, { authorization: `Bearer ${token}` });
  const live = sampleOperations.filter(({ query }) => /^subscription\b/m.test(query));
  const [counts, events] = live.map(({ query, variables }) => socket.subscribe({ query, variables }));
  const before = (await counts.next()).data.fulfillmentCounts;
  await new Promise((resolve) => setTimeout(resolve, 300));
  await run(sample('CreateFulfillments'), { dryRun: false });
  expect((await counts.next()).data.fulfillmentCounts).not.toEqual(before);
  expect((await events.next()).data.events.node.type).toMatch(/^\w+\.\w+$/);
  expect(live).toHaveLength(2);
  await socket.client.dispose();
});

describe('the samples together', () => {
  test('create two fulfillments, bill them in one invoice and collect it', async () => {
    const { createFulfillments } = (await run(sample('CreateFulfillments'), { dryRun: false })).body.data;
    expect(createFulfillments.fulfillments.map(({ amount }: { amount: string }) => amount)).toEqual(['50.00', '50.00']);
    expect(createFulfillments.invoices).toMatchObject([{ status: 'Posted', amount: '100.00', balance: '0.00' }]);
    expect(createFulfillments.payments).toHaveLength(1);
    expect(createFulfillments.paidAmount).toBe('100.00');

    const { nodes } = (await run(sample('FollowTheMoney'))).body.data.fulfillments;
    expect(nodes.map(({ fulfillmentNumber }: { fulfillmentNumber: string }) => fulfillmentNumber)).toEqual(
      expect.arrayContaining(
        createFulfillments.fulfillments.map(({ fulfillmentNumber: number }: { fulfillmentNumber: string }) => number),
      ),
    );
    const [{ invoice }] = nodes[0].invoiceItems;
    expect(invoice.invoiceNumber).toBe(createFulfillments.invoices[0].invoiceNumber);
    expect(invoice.paymentApplications[0]).toMatchObject({ amount: '100.00', payment: { amount: '100.00' } });
  });

  test('page on by endCursor, and rehearse what the list shows as allowed', async () => {
    const list = async (variables?: object) =>
      (await run(sample('ExecutingFulfillments'), variables)).body.data.fulfillments;
    const first = await list();
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await list({ after: first.pageInfo.endCursor });
    const keys = [...first.nodes, ...second.nodes].map(({ fulfillmentNumber: n }: { fulfillmentNumber: string }) => n);
    expect(new Set(keys).size).toBe(first.nodes.length + second.nodes.length);

    const { bookFulfillments } = (await run(sample('RehearseBooking'), { keys })).body.data;
    expect(bookFulfillments.userErrors).toEqual([]);
    expect(bookFulfillments.fulfillments.map(({ state }: { state: string }) => state)).toEqual(
      keys.map(() => 'Booked'),
    );
    expect((await list()).nodes).toEqual(first.nodes);
  });

  test('rehearse the bill of a line item and the credit of a return, and leave both as they were', async () => {
    for (let times = 0; times < 2; times++) {
      const { updateOrderLineItem: moved } = (await run(sample('RehearseLineItem'))).body.data;
      expect(moved.orderLineItem).toMatchObject({ itemState: 'SentToBilling', quantity: '2', amount: '190.00' });
      expect(moved.invoices).toEqual([{ invoiceNumber: 'DRYRUN-1', amount: '190.00', dueDate: '2022-03-02' }]);

      const { createOrder: taken } = (await run(sample('RehearseReturn'))).body.data;
      const [{ originalOrderLineItem: sale, ...line }] = taken.order.orderLineItems.nodes;
      expect([line.itemState, line.amount, sale.quantity]).toEqual(['SentToBilling', '10.00', '500']);
      expect(taken.creditMemos).toMatchObject([{ status: 'Posted', amount: '10.00', unappliedAmount: '10.00' }]);
    }
  });

  test('do what they rehearse once dryRun is off', async () => {
    const before = (await run(sample('CreditMemos'))).body.data.creditMemos.totalCount;
    for (const name of ['RehearseLineItem', 'RehearseReturn', 'RehearseSettings']) {
      const { body } = await run(sample(name), { dryRun: false });
      expect([name, Object.values<{ userErrors: object[] }>(body.data)[0].userErrors]).toEqual([name, []]);
    }
    const { totalCount, nodes } = (await run(sample('CreditMemos'))).body.data.creditMemos;
    expect(totalCount).toBe(before + 1);
    const [item] = nodes[0].creditMemoItems.nodes;
    expect(item.orderLineItem.originalOrderLineItem.order.orderNumber).toBe('O-00000001');
    const { carriers } = (await run(sample('Settings'))).body.data.billingSettings;
    expect(carriers).toContain('By bicycle');
  });

  test('make a bill run that does what its preview says, and post one', async () => {
    await run(sample('PostBillRun'));
    await carryOn(gateway.services);
    const input = { targetDate: '2026-04-30' };
    const { previewBillRun: preview } = (await run(sample('PreviewBillRun'), { input })).body.data;
    const created = (await run(sample('CreateBillRun'), { input })).body.data.createBillRun.billRun;
    expect(created).toMatchObject({ status: 'Pending', ...input });
    await carryOn(gateway.services);
    const { billRun: made } = (await run(sample('WatchBillRun'), { key: created.billRunNumber })).body.data;
    const parked = { account: { name: 'Nutmeg Imports' }, code: 'LIMIT_EXCEEDED' };
    expect(made).toMatchObject({ status: 'Completed', failures: { nodes: [parked, parked] } });
    expect(preview.failures).toMatchObject([parked, parked]);
    expect(preview.invoiceCount).toBeGreaterThan(1);
    expect(made.invoices.totalCount).toBe(preview.invoiceCount);
    expect(made.creditMemos.totalCount).toBe(preview.creditMemoCount);

    const { billRun: posted } = (await run(sample('WatchBillRun'), sample('PostBillRun').variables)).body.data;
    expect(posted).toMatchObject({ billRunNumber: 'BR-00000003', status: 'Posted', failed: 0 });
    expect(posted.invoices.nodes.map(({ status }: { status: string }) => status)).toEqual([
      'Posted',
      'Posted',
      'Posted',
    ]);
  });

  test('reverse, credit, collect and refund once dryRun is off', async () => {
    const done = async (name: string) => {
      const [payload] = Object.values((await run(sample(name), { dryRun: false })).body.data);
      // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
      return payload as any;
    };
    expect(await done('RehearseReversal')).toMatchObject({
      invoice: { reversed: true, amount: '839.86', balance: '0.00' },
      creditMemos: [{ status: 'Posted', amount: '839.86', appliedAmount: '839.86' }],
    });
    expect((await done('RehearseCredit')).creditMemo).toMatchObject({
      ...{ appliedAmount: '349.50', unappliedAmount: '0.00' },
      applications: [{ amount: '349.50', invoice: { invoiceNumber: 'INV00000201', balance: '1398.00' } }],
    });
    const { payments, paidAmount } = await done('RehearseCollection');
    expect(payments.map(({ amount }: { amount: string }) => amount).sort()).toEqual(['1398.00', '20.00']);
    expect(paidAmount).toBe('1418.00');
    expect(await done('RehearseRefund')).toMatchObject({
      payment: { amount: '206.93', refundAmount: '70.00' },
      invoices: [{ invoiceNumber: 'INV00000203', balance: '50.00' }],
    });
  });
});
