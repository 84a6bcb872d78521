import { carryOn } from '../../src/service/bill-run-worker';
import type { NewClient } from '../../src/service/client';
import { deliver } from '../support/billed';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * A bill run belongs to the orgs that its maker saw, and is seen by who sees them all.
 */
let gateway: TestGatewayServer;
let both: TestClient;
let north: TestClient;
let south: TestClient;
let globex: TestClient;

const acme = (...orgs: string[]): NewClient['grants'] => [{ entity: 'Acme', orgs }];

beforeAll(async () => {
  gateway = await testGateway();
  both = await gateway.client({ grants: acme('North', 'South') });
  north = await gateway.client({ grants: acme('North') });
  south = await gateway.client({ grants: acme('South') });
  globex = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North', 'South'] }] });
});
afterEach(() => expect(gateway.failures.splice(0)).toEqual([]));
afterAll(() => gateway.close());

async function asked(by: TestClient, query: string, headers?: Record<string, string>) {
  const { body } = await by.graphql(query, {}, headers);
  expect(body.errors).toBeUndefined();
  return body.data;
}

/** A delivery of 10.00 that is due, on a new account in the one org of a client. */
async function due(by: TestClient) {
  const work = await by.work();
  const { account, orderLineItems } = await orderFor(work);
  await deliver(work, orderLineItems[0].id, ['1'], {});
  return account;
}

async function ran(by: TestClient, more = '', headers?: Record<string, string>) {
  const { createBillRun } = await asked(
    by,
    `mutation { createBillRun(input: { targetDate: "2022-01-01" ${more} }) { billRun { id billRunNumber } userErrors { code } } }`,
    headers,
  );
  expect(createBillRun.userErrors).toEqual([]);
  await carryOn(gateway.services);
  return createBillRun.billRun as { id: string; billRunNumber: string };
}
const act = async (by: TestClient, name: string, key: string) =>
  (await asked(by, `mutation { payload: ${name}(key: "${key}") { userErrors { code path } } }`)).payload.userErrors;
const stored = (id: string) =>
  gateway.database.owner('select status::text, version, done, org_ids from bill_run where id = $1', [id]);

/** Whether a client sees a run, by each way there is; they may not differ. */
async function sees(by: TestClient, { id, billRunNumber }: { id: string; billRunNumber: string }): Promise<boolean> {
  const { byId, byNumber, node, nodes, billRuns } = await asked(
    by,
    `{ byId: billRun(key: "${id}") { id } byNumber: billRun(key: "${billRunNumber}") { id } node(id: "${id}") { id }
       nodes(ids: ["${id}"]) { id } billRuns(first: 100) { totalCount nodes { id } edges { node { id } } } }`,
  );
  expect(billRuns.totalCount).toBe(billRuns.nodes.length);
  const listed = billRuns.nodes.some((run: { id: string }) => run.id === id);
  const seen = [byId, byNumber, node, nodes[0]].map((found) => found?.id === id);
  expect(new Set([...seen, listed]).size).toBe(1);
  return listed;
}

test('a run over two orgs is seen and moved by who sees both, and by nobody else', async () => {
  const accounts = [await due(north), await due(south)];
  const run = await ran(both);
  expect(await sees(both, run)).toBe(true);
  const { billRun } = await asked(
    both,
    `{ billRun(key: "${run.id}") { done invoices { nodes { account { id } billRun { id } } } } }`,
  );
  expect(billRun.done).toBe(2);
  expect(billRun.invoices.nodes.map((invoice: { account: { id: string } }) => invoice.account.id).sort()).toEqual(
    accounts.map(({ id }) => id).sort(),
  );
  const before = await stored(run.id);
  for (const client of [north, south, globex]) {
    expect(await sees(client, run)).toBe(false);
    for (const name of ['postBillRun', 'cancelBillRun', 'deleteBillRun']) {
      for (const key of [run.id, run.billRunNumber]) {
        expect(await act(client, name, key)).toEqual([{ code: 'NOT_FOUND', path: ['key'] }]);
      }
    }
  }
  const header = { 'zuora-org-ids': (await north.work()).caller.orgIds[0] };
  expect((await asked(both, `{ billRun(key: "${run.id}") { id } }`, header)).billRun).toBeNull();
  expect(await stored(run.id)).toEqual(before);
});

test('who sees one of its orgs sees the documents there, without the run', async () => {
  const account = await due(north);
  await due(south);
  const run = await ran(both);
  for (const client of [both, north]) {
    const { invoices } = await asked(
      client,
      `{ invoices(filter: { billRunId: { eq: "${run.id}" }, accountId: { eq: "${account.id}" } }) {
        totalCount nodes { amount billRun { id } } } }`,
    );
    expect(invoices).toEqual({
      totalCount: 1,
      nodes: [{ amount: '10.00', billRun: client === both ? { id: run.id } : null }],
    });
  }
  const { invoices } = await asked(north, `{ invoices(filter: { billRunId: { eq: "${run.id}" } }) { totalCount } }`);
  expect(invoices.totalCount).toBe(1);
});

test('a run made by a client of one org bills that org alone, and is seen by who sees more', async () => {
  await due(north);
  await due(south);
  const run = await ran(north);
  const [{ done, org_ids: orgs }] = (await stored(run.id)) as { done: number; org_ids: string[] }[];
  expect([done, orgs]).toEqual([1, (await north.work()).caller.orgIds]);
  expect([await sees(north, run), await sees(both, run), await sees(south, run)]).toEqual([true, true, false]);
  const header = { 'zuora-org-ids': (await south.work()).caller.orgIds[0] };
  const narrowed = await ran(both, '', header);
  expect(await stored(narrowed.id)).toMatchObject([{ done: 1, org_ids: (await south.work()).caller.orgIds }]);
  expect([await sees(south, narrowed), await sees(north, narrowed)]).toEqual([true, false]);
});

test('accounts that a client does not see are neither billed nor shown by it', async () => {
  const [own, foreign] = [await due(south), await due(north)];
  for (const client of [south, globex]) {
    for (const key of [foreign.id, foreign.accountNumber]) {
      const input = `input: { targetDate: "2022-01-01", accountKeys: ["${key}"] }`;
      const { createBillRun } = await asked(
        client,
        `mutation { createBillRun(${input}) { billRun { id } userErrors { code path } } }`,
      );
      expect(createBillRun).toEqual({
        billRun: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['input', 'accountKeys', '0'] }],
      });
      const { body } = await client.graphql(`{ previewBillRun(${input}) { invoiceCount } }`);
      expect([body.data, body.errors[0].extensions.code]).toEqual([{ previewBillRun: null }, 'BAD_REQUEST']);
    }
  }
  const shown = async (client: TestClient) =>
    (await asked(client, '{ previewBillRun(input: { targetDate: "2022-01-01" }) { totals { account { id } } } }'))
      .previewBillRun.totals;
  expect(await shown(south)).toEqual([{ account: { id: own.id } }]);
  expect(await shown(globex)).toEqual([]);
  const ids = (await shown(both)).map(({ account }: { account: { id: string } }) => account.id);
  expect(ids.sort()).toEqual([own.id, foreign.id].sort());
});
