import { demoClientId, demoSecret, fillDemo } from '../src/demo/fill';
import { publishedBody } from '../src/http/playground/fulfillment-operations';
import { unsettled } from './support/books';
import { type Answer, type TestGatewayServer, testGateway } from './support/gateway';

const clients = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const lines = ['4028828c82819b74018286e02e041bd6', '4028828c82819b740182821bb23e15c4'];

// The demo is filled in once before all.
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
const fill = () => fillDemo(gateway.services, { url: gateway.database.url });

async function token(client: string): Promise<{ access_token: string; scope: string }> {
  const payload = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client,
    client_secret: demoSecret,
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await gateway.server.app.inject({ method: 'POST', url: '/oauth/token', headers, payload });
  expect(response.statusCode).toBe(200);
  return response.json();
}

async function asked(client: string, url: string, payload: object, headers: object = {}): Promise<Answer> {
  const { access_token } = await token(client);
  const response = await gateway.server.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${access_token}`, ...headers },
    payload,
  });
  const { statusCode: status, body: text } = response;
  return { status, headers: response.headers, text, body: response.json() };
}

async function queried(client: string, query: string, headers: object = {}) {
  const { body } = await asked(client, '/graphql', { query }, headers);
  expect(body.errors).toBeUndefined();
  return body.data;
}
const viewer = '{ viewer { clientId scopes entity { id name } entities { id name } orgs { id name } } }';

beforeAll(async () => {
  gateway = await testGateway();
  await fill();
});
afterAll(() => gateway.close());

describe('the demo data', () => {
  test('is filled in without a failure, and nothing of it is left half done', async () => {
    expect(gateway.failures).toEqual([]);
    const open = "select id from payment_attempt where status = 'Open'";
    expect(await gateway.database.owner(open)).toEqual([]);
    const unfinished = "select id from bill_run where status not in ('Completed', 'Posted')";
    expect(await gateway.database.owner(unfinished)).toEqual([]);
  });

  test('adds up: no counter, document, claim or history entry is other than its rows say, nor is the gateway', async () => {
    expect(await unsettled(gateway.database.owner)).toEqual({});
  });

  test('holds a few hundred orders over two entities, of which the first has at least two orgs', async () => {
    const rows = await gateway.database.owner<{ name: string; orgs: string; orders: string }>(
      `select e.name, count(distinct o.org_id) as orgs, count(*) as orders from orders o
       join entity e on e.id = o.entity_id group by e.name order by e.name`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['Northwind Devices', 'Southwind Services']);
    expect(Number(rows[0].orgs)).toBeGreaterThanOrEqual(2);
    const orders = rows.map((row) => Number(row.orders));
    expect(orders[0] + orders[1]).toBeGreaterThan(250);
    expect(orders[1]).toBeGreaterThan(50);
  });

  const states = ['Booked', 'Canceled', 'Complete', 'Executing', 'SentToBilling'];
  const distinct = async (column: string, from: string) =>
    (await gateway.database.owner<{ v: string }>(`select distinct ${column}::text as v from ${from} order by 1`)).map(
      ({ v }) => v,
    );
  const withOnes = "order_line_item where billing_rule = 'TriggerAsFulfillmentOccurs'";
  const withoutOnes = "order_line_item where billing_rule = 'TriggerWithoutFulfillment'";

  test('shows fulfillments, orders and line items of both rules in every state', async () => {
    expect(await distinct('state', 'fulfillment')).toEqual(states);
    expect(await distinct('category || state', 'orders')).toEqual([
      'NewSalesCanceled',
      'NewSalesComplete',
      'NewSalesExecuting',
      'ReturnComplete',
      'ReturnExecuting',
    ]);
    expect(await distinct('item_state', `${withoutOnes} and item_category = 'Sales'`)).toEqual(states);
    const reachable = states.filter((state) => state !== 'SentToBilling');
    for (const category of ['Sales', 'Return']) {
      expect(await distinct('item_state', `${withOnes} and item_category = '${category}'`)).toEqual(reachable);
    }
    expect(await distinct('item_type', withoutOnes)).toEqual(['Fee', 'Services']);
  });

  test('shows currencies of 0, 2 and 3 decimals, accounts that pay and that cannot, paid and unpaid invoices', async () => {
    expect(await distinct('currency', 'invoice')).toEqual(['AUD', 'CAD', 'EUR', 'GBP', 'JPY', 'KWD', 'USD']);
    expect(await distinct('payment_method_token', 'account where payment_method_token is not null')).toEqual([
      'tok_declined',
      'tok_error',
      'tok_ok',
      'tok_timeout',
    ]);
    expect(await distinct('(balance = 0)', 'invoice')).toEqual(['false', 'true']);
    expect(await distinct('(payment_method_token is null)', 'account')).toEqual(['false', 'true']);
  });

  /** How often something occurs in each entity, in the order of their names. */
  const counts = async (from: string, entity = 't.entity_id'): Promise<number[]> => {
    const rows = await gateway.database.owner<{ n: string }>(
      `select (select count(*) from ${from} and ${entity} = e.id) as n from entity e order by e.name`,
    );
    return rows.map(({ n }) => Number(n));
  };

  test.each([
    ['inline discounts in percent', "order_line_item t where inline_discount_type = 'Percentage'"],
    ['inline discounts in money', "order_line_item t where inline_discount_type = 'FixedAmount'"],
    ['items billed with the tax in the price', "invoice_item t where tax_mode = 'TaxInclusive' and tax_amount > 0"],
    ['items billed with the tax on top', "invoice_item t where tax_mode = 'TaxExclusive' and tax_amount > 0"],
    ['prices with more decimals than a bill', 'order_line_item t where scale(amount_per_unit) > 3'],
    ['quantities with decimals', 'order_line_item t where scale(quantity) > 0'],
    [
      'items of deliveries',
      "fulfillment_item t join fulfillment f on f.id = t.fulfillment_id and fulfillment_type = 'Delivery' where true",
    ],
    [
      'items of returns',
      "fulfillment_item t join fulfillment f on f.id = t.fulfillment_id and fulfillment_type = 'Return' where true",
    ],
    ['custom fields of line items', 'order_line_item t where custom_fields is not null'],
    ['custom fields of fulfillments', 'fulfillment t where custom_fields is not null'],
    [
      'carriers, systems and locations',
      'fulfillment t where (carrier, fulfillment_system, fulfillment_location) is not null',
    ],
    [
      'returns with fulfillments, partly received',
      `order_line_item t where item_category = 'Return' and item_state = 'Booked' and fulfilled_quantity > 0 and fulfilled_quantity < quantity`,
    ],
    [
      'returns with fulfillments, of which nothing is received yet',
      `order_line_item t where item_category = 'Return' and item_state = 'Booked' and fulfillment_count = 0 and billing_rule = 'TriggerAsFulfillmentOccurs'`,
    ],
    [
      'returns with fulfillments, wholly received',
      `order_line_item t where item_category = 'Return' and item_state = 'Complete' and fulfillment_count > 0`,
    ],
    [
      'returns without fulfillments',
      `order_line_item t where item_category = 'Return' and item_state = 'SentToBilling'`,
    ],
    ['returns that were given up', `order_line_item t where item_category = 'Return' and item_state = 'Canceled'`],
    ['line items that were billed by themselves', 'invoice_item t where fulfillment_id is null'],
    [
      'line items that wait for their bill',
      `order_line_item t where item_state = 'SentToBilling' and not exists (select from billing_claim c where c.id = t.id)`,
    ],
    [
      'deliveries that wait for their bill',
      `fulfillment t where state = 'SentToBilling' and not exists (select from billing_claim c where c.id = t.id)`,
    ],
    ['payments', 'payment t where true'],
  ])('shows %s, in both entities', async (_what, from) => {
    for (const count of await counts(from)) expect(count).toBeGreaterThan(0);
  });

  test('credits by memos where settlement is on, and by negative invoices where it is off', async () => {
    const [memos, noMemos] = await counts('credit_memo t where true');
    const [noNegative, negative] = await counts('invoice t where amount < 0');
    expect([memos > 0, noMemos, noNegative, negative > 0]).toEqual([true, 0, 0, true]);
    const [taxed] = await counts('credit_memo t where tax_amount > 0');
    expect(taxed).toBeGreaterThan(0);
  });

  test('differs from entity to entity in its settings, and names what the published requests name', async () => {
    const { body } = await asked(clients[0], '/graphql', {
      query: `{ billingSettings { invoiceSettlement creditMemoRule inclusiveTaxRule roundingMode taxCodes { code rate }
        units { name decimals roundingMode } carriers fulfillmentSystems fulfillmentLocations } }`,
    });
    const { billingSettings } = body.data;
    expect(billingSettings).toMatchObject({ invoiceSettlement: true, inclusiveTaxRule: 'NetFirst' });
    expect(billingSettings.carriers).toEqual(expect.arrayContaining(['CarrierA', 'CarrierB']));
    expect(billingSettings.fulfillmentSystems).toEqual(expect.arrayContaining(['SystemA', 'SystemB']));
    expect(billingSettings.fulfillmentLocations).toEqual(expect.arrayContaining(['LocationA', 'LocationB']));
    expect(new Set(billingSettings.taxCodes.map(({ rate }: { rate: string }) => rate)).size).toBeGreaterThan(3);
    const decimals = billingSettings.units.map((unit: { decimals: number }) => unit.decimals);
    expect(new Set(decimals).size).toBeGreaterThan(2);
    expect(await distinct('rounding_mode', 'billing_settings')).toEqual(['DOWN', 'HALF_UP']);
  });
});

describe('the demo clients', () => {
  test('the first has one entity, at least two orgs, and every scope', async () => {
    const { viewer: first } = await queried(clients[0], viewer);
    expect(first.clientId).toBe(demoClientId);
    expect(first.scopes).toEqual(['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay', 'webhook', 'admin']);
    expect(first.entities).toEqual([first.entity]);
    expect(first.orgs.length).toBeGreaterThanOrEqual(2);
    expect((await token(clients[0])).scope.split(' ')).toContain(`entity.${first.entity.id}`);
  });

  test('the second has two entities, and names the one it means', async () => {
    const { scope } = await token(clients[1]);
    const ids = [...scope.matchAll(/entity\.([0-9a-f-]+)/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(2);
    const unnamed = await asked(clients[1], '/graphql', { query: viewer });
    expect(unnamed.status).toBe(400);
    const names = new Set<string>();
    for (const id of ids) {
      const { viewer: second, accounts } = await queried(
        clients[1],
        viewer.replace(/}$/, 'accounts { totalCount } }'),
        { 'Zuora-Entity-Ids': id },
      );
      expect(second.entities).toHaveLength(2);
      expect(accounts.totalCount).toBeGreaterThan(0);
      names.add(second.entity.name);
    }
    expect(names.size).toBe(2);
  });

  test('the third may only read, in one org of the entity of the first', async () => {
    const { viewer: first } = await queried(clients[0], viewer);
    const { viewer: third } = await queried(clients[2], viewer);
    expect([third.scopes, third.entity, third.orgs.length]).toEqual([['read'], first.entity, 1]);
    expect(first.orgs).toContainEqual(third.orgs[0]);
    const accounts = '{ accounts(first: 100) { totalCount nodes { org { id } } } }';
    const [all, own] = [await queried(clients[0], accounts), await queried(clients[2], accounts)];
    expect(own.accounts.totalCount).toBeGreaterThan(0);
    expect(own.accounts.totalCount).toBeLessThan(all.accounts.totalCount);
    for (const { org } of own.accounts.nodes) expect(org.id).toBe(third.orgs[0].id);
    const query = `mutation { createFulfillments(input: { fulfillments: [] }) { userErrors { code } } }`;
    expect((await asked(clients[2], '/graphql', { query })).body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});

describe('the line items of the published requests', () => {
  test.each(lines)('%s is Booked, 500 at 10.00, on an account that can pay', async (id) => {
    const { orderLineItem } = await queried(
      clients[0],
      `{ orderLineItem(id: "${id}") { id itemState itemCategory quantity amountPerUnit amount billingRule
        requiresFulfillment account { paymentMethod { type label } } order { state } } }`,
    );
    expect(orderLineItem).toMatchObject({
      ...{ id, itemState: 'Booked', itemCategory: 'Sales', quantity: '500', amountPerUnit: '10.00', amount: '5000.00' },
      ...{ billingRule: 'TriggerAsFulfillmentOccurs', requiresFulfillment: true, order: { state: 'Executing' } },
    });
    const [{ token }] = await gateway.database.owner<{ token: string }>(
      'select payment_method_token as token from account a join order_line_item l on l.account_id = a.id where l.id = $1',
      [id],
    );
    expect(token).toBe('tok_ok');
  });

  const batch = (at: number, more: object) => ({
    ...{ quantity: 5, state: 'SentToBilling', billTargetDate: '2022-01-01', orderLineItemId: lines[0] },
    ...{
      fulfillmentType: 'Delivery',
      description: `fulfillment batch ${at}`,
      fulfillmentDate: `2022-01-0${at}`,
      ...more,
    },
  });
  const tutorialBody = {
    fulfillments: [
      batch(1, {
        trackingNumber: 'T-0009872',
        carrier: 'CarrierA',
        fulfillmentSystem: 'SystemA',
        externalId: 'SRC-0987123',
      }),
      batch(2, { trackingNumber: 'T-00098721', carrier: 'CarrierB', fulfillmentLocation: 'LocationB' }),
    ],
    processingOptions: { billingOptions: { documentDate: '2022-01-02', targetDate: '2022-01-02' }, runBilling: true },
  };

  test.each([
    ['"Add fulfillments ... through API"', tutorialBody],
    ['"Create fulfillments"', publishedBody],
  ])('take the request of %s as it stands, and again', async (_name, body) => {
    for (let times = 0; times < 2; times++) {
      const answer = await asked(clients[0], '/v1/fulfillments', body);
      expect([answer.status, answer.body.success]).toEqual([200, true]);
      expect(answer.body.fulfillments).toHaveLength(2);
    }
  });
});
