import { views } from '../../../src/http/rest/object-query/views';
import { createBillRun } from '../../../src/service/bill-run';
import { carryOn } from '../../../src/service/bill-run-worker';
import { credited, deliver, invoiced } from '../../support/billed';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

/* The published queries of objects. What each filter leaves is compared with a plain look at all objects of the view. */

type Shown = Record<string, string | number | boolean | null>;

let gateway: TestGatewayServer;
let client: TestClient;
/** All objects of each view that has a list, with their nulls. */
const all = new Map<string, Shown[]>();

const get = (path: string, by = client) => by.request({ method: 'GET', url: `/object-query/${path}` });
async function whole(view: string, parameters: readonly string[] = [], pageSize = 99): Promise<Shown[]> {
  const found: Shown[] = [];
  for (let cursor = ''; ; ) {
    const query = [`pageSize=${pageSize}`, 'includeNullFields=true', ...parameters].join('&');
    const { status, body } = await get(`${view}?${query}${cursor}`);
    expect([parameters, status, body.reasons]).toEqual([parameters, 200, undefined]);
    expect(body.data.length).toBeLessThanOrEqual(pageSize);
    found.push(...body.data);
    if (!body.nextPage) return found;
    cursor = `&cursor=${body.nextPage}`;
  }
}
const filter = (text: string) => `filter[]=${encodeURIComponent(text)}`;
const messages = ({ body }: { body: { reasons: { message: string }[] } }) => body.reasons.map(({ message }) => message);

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  const kept = { soldTo: 'c1', relatedSubscriptionNumber: 'S-1', productRatePlanChargeId: 'P-1', productCode: 'GW' };
  for (const [at, name] of ['Ada', 'Bob', 'Cy'].entries()) {
    const sale = await invoiced(work, ['5', '2'], { itemName: `${name}'s`, ...(at && kept) }, { name });
    await credited(work, sale, '1');
    await deliver(work, sale.orderLineItems[0].id, ['1'], { runBilling: true, collectPayment: true });
    await orderFor(work, [{ itemState: 'Executing', itemType: 'Fee', unitOfMeasure: at ? 'Each' : null }]);
  }
  await createBillRun(work, { targetDate: '2022-01-31' });
  await carryOn(gateway.services);
  await gateway.database.owner(
    `update invoice set status = 'Draft' where invoice_number = (select min(invoice_number) from invoice)`,
  );
  await gateway.database.owner(
    `update fulfillment set external_id = 'ERP-' || fulfillment_number where state <> 'Booked'`,
  );
  for (const { path, list } of views) if (list) all.set(path, await whole(path));
}, 60_000);
afterAll(() => gateway.close());

/** The value of a field of a view, whose name a filter has in lower case. */
const valueAt = (shown: Shown, name: string) =>
  Object.entries(shown).find(([field]) => field.toLowerCase() === name)?.[1] ?? null;
const listed = views.filter(({ list }) => list);
const filters = listed.flatMap(({ path, filters }) =>
  Object.entries(filters).map(([name, { kind }]) => [path, name, kind] as const),
);
const ids = (shown: readonly Shown[]) => shown.map(({ id }) => id).sort();

describe.each(filters)('%s by %s', (view, name, kind) => {
  const values = () =>
    [...new Set(all.get(view)!.map((shown) => valueAt(shown, name)))].filter((value) => value !== null);
  const left = (holds: (value: Shown[string]) => boolean) =>
    ids(all.get(view)!.filter((shown) => holds(valueAt(shown, name))));
  const found = async (text: string) => ids(await whole(view, [filter(text)]));

  test('are those that are equal, are not, are among several, or have no value', async () => {
    const [first, second = first] = values();
    const field = name.toUpperCase();
    expect(await found(`${field}.eq:${first}`)).toEqual(left((value) => value === first));
    expect(await found(`${name}.NE:${first}`)).toEqual(left((value) => value !== first));
    expect(await found(`${name}.IN:[${first}, ${second}]`)).toEqual(
      left((value) => value === first || value === second),
    );
    expect(await found(`${name}.EQ:null`)).toEqual(left((value) => value === null));
    expect(await found(`${name}.NE:null`)).toEqual(left((value) => value !== null));
    expect(await found(`${name}.IN:[null,${first}]`)).toEqual(left((value) => value === null || value === first));
  });

  const isOrdered = kind === 'day' || kind === 'instant' || kind === 'number';
  test('are ordered by it, or begin with it, as far as it is a number, a day, a time or a text', async () => {
    const sorted = values().sort((a, b) => (a! < b! ? -1 : 1));
    const middle = sorted[Math.floor(sorted.length / 2)]!;
    for (const [operator, holds] of [
      ['LT', (value: Shown[string]) => value !== null && value < middle],
      ['LE', (value: Shown[string]) => value !== null && value <= middle],
      ['GT', (value: Shown[string]) => value !== null && value > middle],
      ['GE', (value: Shown[string]) => value !== null && value >= middle],
      ['SW', (value: Shown[string]) => value !== null && String(value).startsWith(String(middle).slice(0, 2))],
    ] as const) {
      const given = operator === 'SW' ? String(middle).slice(0, 2) : middle;
      const taken = operator === 'SW' ? kind === 'text' : isOrdered;
      if (taken) expect(await found(`${name}.${operator}:${given}`)).toEqual(left(holds));
      else
        expect(messages(await get(`${view}?${filter(`${name}.${operator}:${given}`)}`))[0]).toContain(
          'This field takes',
        );
    }
  });
});

describe.each(listed.map((view) => [view.path, view] as const))('a list of %s', (path, { sorts }) => {
  test('comes page by page, in every order, each object once', async () => {
    const everything = all.get(path)!;
    expect(everything.length).toBeGreaterThan(path === 'bill-runs' ? 0 : 2);
    for (const name of Object.keys(sorts)) {
      for (const direction of ['ASC', 'desc']) {
        const paged = await whole(path, [`sort[]=${name}.${direction}`], 2);
        expect([name, ids(paged)]).toEqual([name, ids(everything)]);
        const values = paged.map((shown) => valueAt(shown, name === 'id' ? 'createddate' : name)!);
        const inOrder = values.every(
          (value, at) => at === 0 || (direction === 'ASC' ? values[at - 1] <= value : values[at - 1] >= value),
        );
        // Item numbers are ordered as numbers are.
        expect([name, direction, inOrder || name === 'itemnumber']).toEqual([name, direction, true]);
      }
    }
    // As published: the last changed comes first.
    expect(ids(await whole(path, [], 1))).toEqual(ids(everything));
  });

  test('shows one of them by its key, as the list does', async () => {
    const [first] = all.get(path)!;
    expect((await get(`${path}/${first.id}?includeNullFields=true`)).body).toEqual(first);
    const without = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== null));
    expect((await get(`${path}/${first.id}`)).body).toEqual(without);
    const { status, body } = await get(`${path}/nothing`);
    expect([status, body.reasons[0].code]).toEqual([404, 50000040]);
  });
});

test('the last and the first moment that can be named have nothing beyond them', async () => {
  const last = '2999-12-31T23:59:59.999Z';
  expect(await whole('orders', [filter(`updateddate.GT:${last}`)])).toEqual([]);
  expect(await whole('orders', [filter(`updateddate.EQ:${last}`)])).toEqual([]);
  expect(ids(await whole('orders', [filter(`updateddate.LE:${last}`)]))).toEqual(ids(all.get('orders')!));
  expect(await whole('orders', [filter('orderdate.GT:2999-12-31')])).toEqual([]);
  expect(await whole('orders', [filter('orderdate.LT:1900-01-01')])).toEqual([]);
});

test('several filters must all hold, also on one field', async () => {
  const fulfillments = all.get('fulfillments')!;
  const [a, b] = [fulfillments[0], fulfillments[1]];
  const both = [
    filter(`updateddate.GE:${a.updatedDate}`),
    filter(`updateddate.LE:${a.updatedDate}`),
    filter('state.NE:Booked'),
  ];
  expect(ids(await whole('fulfillments', both))).toEqual(
    ids(fulfillments.filter(({ updatedDate, state }) => updatedDate === a.updatedDate && state !== 'Booked')),
  );
  expect(await whole('fulfillments', [filter(`id.EQ:${a.id}`), filter(`id.EQ:${b.id}`)])).toEqual([]);
  expect(ids(await whole('fulfillments', [filter(`id.IN:[${a.id},${b.id}]`), filter(`id.EQ:${b.id}`)]))).toEqual([
    b.id,
  ]);
});

test('fields[] cuts what is shown, of each object; custom fields come beside the others', async () => {
  const [line] = (await orderFor(await client.work(), [{ customFields: { Colour__c: 'red', Size__c: 4 } }]))
    .orderLineItems;
  const path = `order-line-items/${line.id}`;
  expect((await get(path)).body).toMatchObject({ Colour__c: 'red', Size__c: 4 });
  expect((await get(`${path}?fields[]=ITEMSTATE,colour__c&expand[]=order&order.fields[]=id`)).body).toEqual({
    ...{ itemState: 'Booked', Colour__c: 'red', order: { id: line.orderId } },
  });
  const { body } = await get(
    'orders?pageSize=1&order.fields[]=orderNumber&expand[]=orderlineitems.invoiceitems&orderlineitems.fields[]=itemName',
  );
  expect(Object.keys(body.data[0]).sort()).toEqual(['orderLineItems', 'orderNumber']);
  for (const each of body.data[0].orderLineItems)
    expect(Object.keys(each).sort()).toEqual(['invoiceItems', 'itemName']);
});

test('expansions lead to the same objects as their own views, and are cut at the size of the page', async () => {
  const [account] = await whole('accounts', [filter('name.EQ:Ada')]);
  const expanded = ['expand[]=invoices&expand[]=payments,creditmemos', 'includeNullFields=true'].join('&');
  const { body } = await get(`accounts/${account.id}?${expanded}`);
  const ofAccount = (view: string) => all.get(view)!.filter(({ accountId }) => accountId === account.id);
  expect(ids(body.invoices)).toEqual(ids(ofAccount('invoices')));
  expect(body.creditMemos).toEqual(ofAccount('credit-memos'));
  expect((await get(`accounts/${account.id}?pageSize=1&expand[]=invoices`)).body.invoices).toHaveLength(1);
  const [invoice] = ofAccount('invoices');
  const shown = (await get(`invoices/${invoice.id}?expand[]=invoiceitems,account&expand[]=paymentapplications.payment`))
    .body;
  const items = (await get(`invoice-items?filter[]=invoiceid.EQ:${invoice.id}`)).body.data;
  expect([shown.invoiceItems, shown.account.id]).toEqual([items, account.id]);
  const [payment] = ofAccount('payments');
  const settled = `paymentapplications.payment&payment.fields[]=id&expand[]=paymentapplications`;
  const paid = await whole('invoices', [
    filter('balance.EQ:0'),
    filter(`accountid.EQ:${account.id}`),
    `expand[]=${settled}`,
  ]);
  expect(JSON.stringify(paid)).toContain(`"payment":{"id":"${payment.id}"}`);
});

describe('items', () => {
  test('are found below their document, their line item, their fulfillment, or by their id', async () => {
    const invoice = all.get('invoices')!.find(({ amount }) => Number(amount) > 0)!;
    const of = async (view: string, text: string) => (await get(`${view}?${filter(text)}`)).body.data;
    const [item] = await of('invoice-items', `invoiceid.EQ:${invoice.id}`);
    expect(item).toMatchObject({ invoiceId: invoice.id, accountId: invoice.accountId });
    for (const parent of ['orderLineItemId', 'fulfillmentId', 'id']) {
      expect(await of('invoice-items', `${parent}.EQ:${item[parent]}`)).toContainEqual(item);
    }
    expect((await get(`invoice-items/${item.id}`)).body).toEqual(item);
    const [memo] = all.get('credit-memos')!;
    const [credit] = await of('credit-memo-items', `creditmemoid.EQ:${memo.id}`);
    expect(await of('credit-memo-items', `fulfillmentid.EQ:${credit.fulfillmentId}`)).toEqual([credit]);
    expect(await of('invoice-items', `invoiceid.EQ:${memo.id}`)).toEqual([]);
    // The id of another object is nothing of this view.
    expect((await get(`invoice-items/${invoice.id}`)).status).toBe(404);
    expect(await of('invoice-items', `id.EQ:${invoice.id}`)).toEqual([]);
  });

  test('come page by page too', async () => {
    const [line] = all.get('order-line-items')!.filter(({ quantityFulfilled }) => quantityFulfilled === 8);
    const { data, nextPage } = (await get(`invoice-items?pageSize=1&filter[]=orderlineitemid.EQ:${line.id}`)).body;
    const second = await get(`invoice-items?pageSize=1&filter[]=orderlineitemid.EQ:${line.id}&cursor=${nextPage}`);
    expect([data.length, second.body.data.length, second.body.nextPage]).toEqual([1, 1, expect.any(String)]);
    expect(second.body.data[0].id).not.toBe(data[0].id);
  });
});

test.each([
  ['fulfillments?filter[]=carrier.EQ:x', 'filter[]: carrier is no field to filter by. id, updateddate'],
  ['fulfillments?filter[]=constructor.EQ:x', 'filter[]: constructor is no field to filter by.'],
  ['fulfillments?filter[]=state.LIKE:x', 'filter[]: state: LIKE is no operator. EQ, NE, LT'],
  ['fulfillments?filter[]=state', 'filter[]: A field, an operator and a value are expected'],
  ['fulfillments?filter[]=', 'filter[]: A field, an operator and a value are expected'],
  [
    'fulfillments?filter[]=state.EQ:Shipped',
    'filter[]: state: One of Executing, Booked, SentToBilling, Complete, Cancelled is',
  ],
  ['fulfillments?filter[]=updateddate.GT:null', 'filter[]: updateddate: Null is allowed with EQ, NE and IN only.'],
  ['fulfillments?filter[]=updateddate.GT:yesterday', 'filter[]: updateddate: An instant such as'],
  ['orders?filter[]=orderdate.EQ:2022-02-30', 'filter[]: orderdate: A day as YYYY-MM-DD is expected.'],
  ['invoices?filter[]=amount.GT:1e3', 'filter[]: amount: A number of at most 13 digits'],
  ['invoices?filter[]=reversed.EQ:yes', 'filter[]: reversed: True or false is expected.'],
  ['fulfillments?filter[]=id.IN:a,b', 'filter[]: id: IN takes a list such as [a,b].'],
  [`fulfillments?filter[]=id.IN:[${'a,'.repeat(100)}a]`, 'filter[]: id: IN takes at most 100 values, and not 101.'],
  ['fulfillments?sort[]=carrier.ASC', 'sort[]: carrier is no field to sort by. updateddate'],
  ['fulfillments?sort[]=updateddate', 'sort[]: A field and a direction are expected'],
  ['fulfillments?sort[]=id.ASC&sort[]=updateddate.ASC', 'sort[]: Only one field can be sorted by.'],
  ['fulfillments?expand[]=account', 'expand[]: account cannot be expanded. orderlineitem'],
  ['bill-runs?expand[]=invoices', 'expand[]: invoices cannot be expanded. Nothing of this object can be.'],
  ['fulfillments?fields[]=', 'fields[]: Name at least one field.'],
  ['fulfillments?fields[]=id,nothing', 'fields[]: nothing is no field of the object. id, '],
  ['fulfillments?order.fields[]=id', 'order.fields[]: No object has this name. fulfillment, '],
  ['fulfillments?pageSize=0', 'pageSize: The value is 0; 1 to 99 is allowed.'],
  ['fulfillments?pageSize=100', 'pageSize: The value is 100; 1 to 99 is allowed.'],
  ['fulfillments?pageSize=2.5', 'pageSize: The value is 2.5; 1 to 99 is allowed.'],
  ['fulfillments?pageSize=1&PAGESIZE=2', 'pageSize: Give it once.'],
  ['fulfillments?includeNullFields=1', 'includeNullFields: True or false is expected.'],
  ['fulfillments?page_size=5', 'page_size: No parameter has this name. pagesize, cursor'],
  ['fulfillments?cursor=abc', 'cursor: The cursor does not belong to this list with this filter and order.'],
  ['fulfillments/F-00000001?filter[]=state.EQ:Booked', 'filter[]: No parameter has this name. pagesize, expand[]'],
  ['invoice-items', 'filter[]: Give one of id.EQ:<id>, invoiceid.EQ:<id>'],
  ['invoice-items?filter[]=invoiceid.NE:x', 'filter[]: Give one of id.EQ:<id>'],
  ['invoice-items?filter[]=invoiceid.EQ:x&filter[]=id.EQ:y', 'filter[]: Give one of id.EQ:<id>'],
])('%s is refused by name', async (path, message) => {
  const { status, body } = await get(path);
  expect([status, body.reasons]).toEqual([400, [{ code: 50000027, message: expect.stringContaining(message) }]]);
});

test('a cursor of another query is refused', async () => {
  const { nextPage } = (await get('fulfillments?pageSize=1')).body;
  for (const path of ['orders?', 'fulfillments?sort[]=updateddate.ASC&', 'fulfillments?filter[]=state.EQ:Booked&']) {
    expect(messages(await get(`${path}cursor=${nextPage}`))).toEqual([expect.stringMatching(/^cursor: /)]);
  }
});

test('a query has the price of what it may read, and a limit', async () => {
  const { status, body } = await get('orders?pageSize=99&expand[]=orderlineitems.invoiceitems');
  expect([status, body.reasons[0].code % 100]).toEqual([400, 20]);
});
