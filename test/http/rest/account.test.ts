import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

const call = (method: 'GET' | 'POST' | 'PUT', path = '', payload?: object, headers = {}) =>
  client.request({
    method,
    url: `/v1/accounts${path}`,
    headers: { ...(payload && { 'content-type': 'application/json' }), ...headers },
    ...(payload && { payload }),
  });
const contact = { firstName: 'Ada', lastName: 'Example', country: 'Canada', zipCode: 'K1A 0B1' };
const create = async (more: object = {}) =>
  (await call('POST', '', { name: 'Ada', currency: 'USD', ...more })).body.accountNumber as string;

test('is created with what other systems know of it, and shown with it', async () => {
  const details = { billToContact: contact, notes: 'Rings twice', crmId: 'C-7', billCycleDay: 31, Region__c: 'North' };
  const number = await create({ ...details, paymentTerm: 'Net 60', paymentMethodToken: 'tok_ok', autoPay: false });
  const { body } = await call('GET', `/${number}`);
  expect(body).toMatchObject({
    ...{ success: true, billToContact: contact, soldToContact: null, shipToContact: null },
    basicInfo: {
      ...{ accountNumber: number, name: 'Ada', status: 'Active', notes: 'Rings twice', crmId: 'C-7', batch: null },
      customFields: { Region__c: 'North' },
    },
    billingAndPayment: { currency: 'USD', paymentTerm: 'Net 60', autoPay: false, billCycleDay: 31 },
  });
  const shown = await client.graphql(`{ account(key: "${number}") { details paymentMethod { type } } }`);
  expect(shown.body.data.account).toEqual({ details, paymentMethod: { type: 'Test' } });
  // The token never leaves the service.
  expect(JSON.stringify(body)).not.toContain('tok_ok');
});

test('an update replaces what it gives, removes what is null, and leaves the rest', async () => {
  const number = await create({ notes: 'Old', crmId: 'C-1', billToContact: contact });
  const { body } = await call('PUT', `/${number}`, { name: 'Bob', notes: 'New', crmId: null, soldToContact: contact });
  expect(body).toEqual({ success: true });
  expect((await call('GET', `/${number}`)).body).toMatchObject({
    ...{ billToContact: contact, soldToContact: contact },
    basicInfo: { name: 'Bob', notes: 'New', crmId: null },
  });
  await call('PUT', `/${number}`, { notes: null, billToContact: null, soldToContact: null });
  const { details, version } = (await client.graphql(`{ account(key: "${number}") { details version } }`)).body.data
    .account;
  expect([details, version]).toEqual([null, 3]);
  // The same again changes nothing (N19).
  await call('PUT', `/${number}`, { notes: null });
  expect((await client.graphql(`{ account(key: "${number}") { version } }`)).body.data.account.version).toBe(3);
});

test('happens once for an Idempotency-Key', async () => {
  const headers = { 'idempotency-key': 'account' };
  const [one, again] = [
    await call('POST', '', { name: 'Once', currency: 'USD' }, headers),
    await call('POST', '', { name: 'Once', currency: 'USD' }, headers),
  ];
  expect([again.body, again.headers['idempotency-replayed']]).toEqual([one.body, 'true']);
});

test.each([
  [{ autoPay: true }, 21, 'autoPay'],
  [{ invoiceTemplateId: 'x' }, 21, 'invoiceTemplateId: This field is not accepted here.'],
  [{ creditCard: { cardNumber: '4111111111111111' } }, 21, 'creditCard: This field is not accepted here.'],
  [{ details: { notes: 'x' } }, 20, 'details: Give each'],
  [{ currency: 'XXX' }, 20, 'currency'],
  [{ paymentMethodToken: 'unknown' }, 20, 'paymentMethodToken'],
  [{ notes: 'x'.repeat(20_001) }, 30, 'details has'],
  [
    { billToContact: { firstName: 'a\u0007b' } },
    20,
    'billToContact: billToContact must not contain control characters',
  ],
])('%p is refused by name', async (more, category, message) => {
  const before = await gateway.database.owner('select count(*) from account');
  const { status, body } = await call('POST', '', { name: 'Ada', currency: 'USD', ...more });
  expect([status, body.success, body.reasons[0].code % 100]).toEqual([200, false, category]);
  expect(body.reasons[0].message).toContain(message);
  expect(await gateway.database.owner('select count(*) from account')).toEqual(before);
});

test('that is unknown is not found, and an update of nothing is refused', async () => {
  for (const [method, payload] of [['GET'], ['PUT', { name: 'X' }]] as const) {
    expect((await call(method, '/A-nowhere', payload)).body.reasons[0].code % 100).toBe(40);
  }
  expect((await call('PUT', `/${await create()}`, {})).body.reasons[0].code % 100).toBe(22);
});
