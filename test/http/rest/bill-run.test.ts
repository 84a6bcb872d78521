import { carryOn } from '../../../src/service/bill-run-worker';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let accountId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const due = {
    billingRule: 'TriggerWithoutFulfillment',
    itemState: 'SentToBilling',
    billTargetDate: '2022-01-01',
  } as const;
  accountId = (await orderFor(await client.work(), [{ ...due, quantity: '1', amountPerUnit: '7' }])).account.id;
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const call = (method: Method, path = '', payload?: object, headers = {}) =>
  client.request({
    method,
    url: `/v1/bill-runs${path}`,
    headers: { ...(payload && { 'content-type': 'application/json' }), ...headers },
    ...(payload && { payload }),
  });
const filters = () => ({ billRunFilters: [{ filterType: 'Account', accountId }] });
const create = async (more: object = filters()) => (await call('POST', '', { targetDate: '2022-01-31', ...more })).body;
const carriedOut = () => carryOn(gateway.services);

test('a run of one account is created, carried out, posted, and shown under its published names', async () => {
  const run = await create();
  expect(run).toEqual({
    ...{ success: true, id: expect.stringMatching(/^[0-9a-f]{32}$/), billRunNumber: expect.stringMatching(/^BR-/) },
    ...{ status: 'Pending', autoPost: false, targetDate: '2022-01-31', invoiceDate: expect.any(String) },
    ...{ billRunFilters: [{ filterType: 'Account', accountId }], batches: null },
    ...{ createdById: client.clientId, createdDate: expect.any(String) },
    ...{ updatedById: client.clientId, updatedDate: expect.any(String) },
  });
  await carriedOut();
  expect((await call('GET', `/${run.id}`)).body).toMatchObject({ success: true, status: 'Completed' });
  expect((await call('PUT', `/${run.id}/post`)).body).toMatchObject({ success: true, status: 'PostInProgress' });
  await carriedOut();
  expect((await call('GET', `/${run.billRunNumber}`)).body.status).toBe('Posted');
  const invoices = await gateway.database.owner<{ status: string }>(
    'select status from invoice where account_id = $1',
    [accountId],
  );
  expect(invoices).toEqual([{ status: 'Posted' }]);
});

test('a run is canceled and deleted, and then is unknown', async () => {
  const { id } = await create();
  await carriedOut();
  expect((await call('PUT', `/${id}/cancel`, {})).body).toMatchObject({ success: true, status: 'CancelInProgress' });
  await carriedOut();
  expect((await call('DELETE', `/${id}`)).body).toEqual({ success: true, id });
  await carriedOut();
  const { body } = await call('GET', `/${id}`);
  expect([body.success, body.reasons[0].code]).toEqual([false, 50000040]);
});

test('all batches and all bill cycle days mean all accounts', async () => {
  const run = await create({ batches: ['AllBatches'], billCycleDay: 'AllBillCycleDays', autoPost: true });
  expect(run).toMatchObject({ success: true, autoPost: true, batches: ['AllBatches'], billRunFilters: null });
  await carriedOut();
  expect((await call('GET', `/${run.id}`)).body.status).toBe('Posted');
});

test('a run is created once for an Idempotency-Key', async () => {
  const asked = () => call('POST', '', { targetDate: '2022-01-31', ...filters() }, { 'idempotency-key': accountId });
  const [first, again] = [await asked(), await asked()];
  expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
});

test.each<[string, object, number, string]>([
  ['a batch', { batches: ['Batch1'] }, 58000021, 'batches: This field is not accepted here.'],
  ['a day of the cycle', { billCycleDay: '5' }, 58000021, 'billCycleDay: This field is not accepted here.'],
  [
    'a subscription',
    { billRunFilters: [{ filterType: 'Subscription', subscriptionId: 'S' }] },
    58000020,
    'billRunFilters[0].subscriptionId',
  ],
  [
    'a filter without an account',
    { billRunFilters: [{ filterType: 'Account' }] },
    58000022,
    'billRunFilters[0].accountId',
  ],
  ['a filter that is none', { billRunFilters: [null] }, 58000020, 'billRunFilters[0]'],
  ['no filter', { billRunFilters: [] }, 58000022, 'billRunFilters'],
  [
    'an unknown account',
    { billRunFilters: [{ filterType: 'Account', accountId: 'x' }] },
    58000040,
    'billRunFilters[0].accountId',
  ],
  ['no target date', { targetDate: null }, 58000022, 'targetDate'],
])('%s is refused with its reason', async (_name, more, code, where) => {
  const body = await create(more);
  expect([body.success, body.reasons?.[0].code]).toEqual([false, code]);
  expect(body.reasons[0].message).toContain(where);
});

test('a run is not posted twice, and a body that would have no effect is refused', async () => {
  const { id } = await create();
  await carriedOut();
  const { body } = await call('PUT', `/${id}/post`, { invoiceDate: '2022-02-01' });
  expect([body.success, body.reasons[0].code]).toEqual([false, 58000021]);
  expect((await call('PUT', `/${id}/post`)).body.success).toBe(true);
  expect((await call('PUT', `/${id}/post`)).body.reasons[0].code).toBe(58000030);
});
