import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let admin: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
}, 60_000);
beforeEach(async () => {
  // An entity of its own for each test: settings are one row per entity.
  admin = await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['North'] }] });
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());
let entities = 0;

const all = `invoiceSettlement creditMemoRule inclusiveTaxRule roundingMode taxCodes { code rate }
  units { name decimals roundingMode } carriers fulfillmentSystems fulfillmentLocations`;
const read = async (client = admin) =>
  (await client.graphql(`{ billingSettings { ${all} } }`)).body.data.billingSettings;
const update = async (input: object, client = admin) => {
  const query = `mutation ($input: BillingSettingsInput!) {
    updateBillingSettings(input: $input) { billingSettings { ${all} } userErrors { code message path } } }`;
  return (await client.graphql(query, { input })).body;
};
const fromTheStart = {
  invoiceSettlement: true,
  creditMemoRule: 'AllNegative',
  inclusiveTaxRule: 'NetFirst',
  roundingMode: 'HALF_UP',
  taxCodes: [],
  units: [],
  carriers: null,
  fulfillmentSystems: null,
  fulfillmentLocations: null,
};

describe('the settings of an entity', () => {
  test('are there from the start', async () => {
    expect(await read()).toEqual(fromTheStart);
  });

  test('are what was given last, field by field', async () => {
    const first = {
      invoiceSettlement: false,
      creditMemoRule: 'NetNegative',
      inclusiveTaxRule: 'TaxFirst',
      roundingMode: 'DOWN',
      taxCodes: [{ code: 'VAT', rate: '0.077750000' }],
      units: [
        { name: 'Each', decimals: 0, roundingMode: 'DOWN' },
        { name: 'Hour', decimals: 2 },
      ],
      carriers: ['UPS', 'a "quoted", {braced} one'],
      fulfillmentSystems: [],
      fulfillmentLocations: ['Oslo'],
    };
    const expected = {
      ...first,
      taxCodes: [{ code: 'VAT', rate: '0.07775' }],
      units: [first.units[0], { name: 'Hour', decimals: 2, roundingMode: 'HALF_UP' }],
    };
    const { data } = await update(first);
    expect(data.updateBillingSettings).toEqual({ billingSettings: expected, userErrors: [] });
    expect(await read()).toEqual(expected);

    await update({ carriers: null, units: [] });
    expect(await read()).toEqual({ ...expected, carriers: null, units: [] });
  });

  test('stay as they are where the rules refuse the change, which says where it is wrong', async () => {
    const { data } = await update({ roundingMode: 'UP', taxCodes: [{ code: 'VAT', rate: 20 }] });
    expect(data.updateBillingSettings).toEqual({
      billingSettings: null,
      userErrors: [
        {
          code: 'INVALID_VALUE',
          message: 'rate is 20; 0 to 1 is allowed, where 0.1 is 10 %.',
          path: ['input', 'taxCodes', '0', 'rate'],
        },
      ],
    });
    expect(await read()).toEqual(fromTheStart);
  });

  test('are one for all orgs of the entity, and none of another', async () => {
    const entity = `Entity ${entities}`;
    const both = await gateway.client({ grants: [{ entity, orgs: ['North', 'South'] }] });
    const other = await gateway.client({ grants: [{ entity: 'Other', orgs: ['North'] }] });
    await update({ carriers: ['UPS'] }, both);
    expect([(await read()).carriers, (await read(other)).carriers]).toEqual([['UPS'], null]);
  });

  test('are changed by who sees every org, and not by who narrows himself to some', async () => {
    const entity = `Entity ${entities}`;
    const every = await gateway.client({ grants: [{ entity, orgs: ['South'], allOrgs: true }] });
    const orgIds = (await every.work()).caller.orgIds;
    expect(orgIds).toHaveLength(2);
    const denied = { code: 'PERMISSION_DENIED', path: ['input'], message: expect.stringContaining('Zuora-Org-Ids') };
    const change = (client: TestClient, carrier: string, headers: Record<string, string> = {}) =>
      client
        .graphql(
          `mutation { updateBillingSettings(input: { carriers: ["${carrier}"] }) {
             billingSettings { carriers } userErrors { code message path } } }`,
          {},
          headers,
        )
        .then(({ body }) => body.data.updateBillingSettings);
    const refused = { billingSettings: null, userErrors: [denied] };
    expect(await change(admin, 'A')).toEqual(refused);
    for (const id of orgIds) expect(await change(every, 'B', { 'zuora-org-ids': id })).toEqual(refused);
    // With a key the refusal is an outcome like any other, and is given again.
    const keyed = { 'zuora-org-ids': orgIds[0], 'idempotency-key': 'narrowed' };
    for (const _time of [1, 2]) expect(await change(every, 'C', keyed)).toEqual(refused);
    expect((await read(every)).carriers).toBeNull();
    const made = { billingSettings: { carriers: ['D'] }, userErrors: [] };
    expect(await change(every, 'D')).toEqual(made);
    expect(await change(every, 'D', { 'zuora-org-ids': orgIds.join(',') })).toEqual(made);
  });

  test('are read with the scope read and changed with the scope admin alone', async () => {
    const client = await gateway.client({
      scopes: ['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay'],
      grants: [{ entity: `Entity ${entities}`, orgs: ['North'] }],
    });
    const { errors } = await update({ carriers: ['UPS'] }, client);
    expect(errors[0].extensions.code).toBe('FORBIDDEN');
    expect(await read(client)).toEqual(fromTheStart);
  });

  test('are what a dry run shows, and stay', async () => {
    const query = `mutation { updateBillingSettings(dryRun: true, input: { roundingMode: UP }) {
      billingSettings { roundingMode } userErrors { code } } }`;
    const { body } = await admin.graphql(query);
    expect(body.data.updateBillingSettings).toEqual({ billingSettings: { roundingMode: 'UP' }, userErrors: [] });
    expect(await read()).toEqual(fromTheStart);
  });

  test('change once where the same key asks again', async () => {
    const ask = (carrier: string) =>
      admin.graphql(
        `mutation { updateBillingSettings(input: { carriers: ["${carrier}"] }) { billingSettings { carriers } } }`,
        {},
        { 'idempotency-key': 'settings' },
      );
    const first = await ask('UPS');
    await update({ carriers: ['DHL'] });
    expect((await ask('UPS')).text).toBe(first.text);
    expect((await read()).carriers).toEqual(['DHL']);
  });
});

describe('fulfillments under the settings', () => {
  const lists = { carriers: ['UPS'], fulfillmentSystems: ['ERP'], fulfillmentLocations: ['Oslo'] };
  const each = { name: 'Each', decimals: 0, roundingMode: 'DOWN' };
  const shown = 'fulfillments { id quantity amount carrier } userErrors { code message path }';
  const line = async (more: object = {}) => (await orderFor(await admin.work(), [more])).orderLineItems[0];
  const create = async (...fulfillments: object[]) => {
    const query = `mutation ($input: CreateFulfillmentsInput!) { made: createFulfillments(input: $input) { ${shown} } }`;
    return (await admin.graphql(query, { input: { fulfillments } })).body.data.made;
  };
  const change = async (key: string, input: object) => {
    const query = `mutation ($key: ID!, $input: UpdateFulfillmentInput!) { made: updateFulfillment(key: $key, input: $input) {
      fulfillment { quantity amount carrier state orderLineItem { quantityFulfilled } } userErrors { code message path } } }`;
    return (await admin.graphql(query, { key, input })).body.data.made;
  };
  const entry = (orderLineItemId: string, more: object = {}) => ({
    ...{ orderLineItemId, fulfillmentDate: '2022-01-01', quantity: '5' },
    ...more,
  });

  test('A12: 4.6 in a unit without decimals that rounds down is kept as 4, and comes to 239.96', async () => {
    await update({ units: [each] });
    const { id } = await line({ unitOfMeasure: 'Each', amountPerUnit: '59.99' });
    const made = await create(entry(id, { quantity: '4.6', state: 'Booked' }));
    expect(made).toMatchObject({ fulfillments: [{ quantity: '4', amount: '239.96' }], userErrors: [] });
    const [counted] = await gateway.database.owner(
      'select fulfilled_quantity::text as quantity from order_line_item where id = $1',
      [id],
    );
    expect(counted).toEqual({ quantity: '4' });

    const { fulfillment } = await change(made.fulfillments[0].id, { quantity: '7.999' });
    expect(fulfillment).toMatchObject({ quantity: '7', amount: '419.93', orderLineItem: { quantityFulfilled: '7' } });
  });

  test('are judged by the quantity that is kept: 500.9 of 500 fits, and 0.9 is nothing', async () => {
    await update({ units: [each] });
    const { id } = await line({ unitOfMeasure: 'Each' });
    expect((await create(entry(id, { quantity: '0.9' }))).userErrors).toEqual([
      {
        code: 'INVALID_VALUE',
        message: 'quantity is 0 in the unit Each, but must be above 0.',
        path: ['input', 'fulfillments', '0', 'quantity'],
      },
    ]);
    expect((await create(entry(id, { quantity: '400.9' }), entry(id, { quantity: '100.9' }))).userErrors).toEqual([]);
    const { id: plain } = await line();
    expect((await create(entry(plain, { quantity: '500.9' }))).userErrors).toMatchObject([
      { code: 'QUANTITY_EXCEEDED' },
    ]);
  });

  test('keep their quantity on a line whose unit is configured no more', async () => {
    await update({ units: [each] });
    const { id } = await line({ unitOfMeasure: 'Each' });
    await update({ units: [{ ...each, name: 'Case' }] });
    expect((await create(entry(id, { quantity: '4.6' }))).fulfillments).toMatchObject([{ quantity: '4.6' }]);
  });

  test('have amounts rounded in the mode of the entity', async () => {
    const { id } = await line({ amountPerUnit: '3.1235' });
    for (const [roundingMode, amount] of [
      ['HALF_UP', '12.49'],
      ['UP', '12.50'],
      ['DOWN', '12.49'],
    ]) {
      await update({ roundingMode });
      expect((await create(entry(id, { quantity: '4' }))).fulfillments).toMatchObject([{ amount }]);
    }
  });

  test('N10: and so have their line items, tax included or not', async () => {
    const amounts = async (more: object) => {
      const { id } = await line(more);
      const query = 'query ($id: ID!) { orderLineItem(id: $id) { listPrice discount amount amountWithoutTax } }';
      return (await admin.graphql(query, { id })).body.data.orderLineItem;
    };
    const third = {
      ...{ quantity: '3', listPricePerUnit: '9.99', amountPerUnit: null },
      ...{ inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '33.333' },
    };
    await update({ taxCodes: [{ code: 'VAT', rate: '0.1' }] });
    for (const [roundingMode, three, discounted] of [
      ['HALF_UP', '37.04', { listPrice: '29.97', discount: '9.99', amount: '19.98', amountWithoutTax: '18.16' }],
      ['UP', '37.04', { listPrice: '29.97', discount: '9.98', amount: '19.99', amountWithoutTax: '18.18' }],
      ['DOWN', '37.03', { listPrice: '29.97', discount: '9.99', amount: '19.98', amountWithoutTax: '18.16' }],
    ] as const) {
      await update({ roundingMode });
      const whole = { listPrice: three, discount: '0.00', amount: three, amountWithoutTax: three };
      expect(await amounts({ quantity: '3', amountPerUnit: '12.345' })).toEqual(whole);
      expect(await amounts({ ...third, taxMode: 'TaxInclusive', taxCode: 'VAT' })).toEqual(discounted);
    }
  });

  test('name only carriers, systems and locations of the lists', async () => {
    const { id } = await line();
    await update(lists);
    const named = { carrier: 'UPS', fulfillmentSystem: 'ERP', fulfillmentLocation: 'Oslo' };
    const made = await create(entry(id, named), entry(id));
    expect(made.userErrors).toEqual([]);
    const wrong = { carrier: 'DHL', fulfillmentSystem: 'WMS', fulfillmentLocation: 'Rome' };
    const refused = (await create(entry(id, wrong))).userErrors;
    expect(refused[0]).toEqual({
      code: 'INVALID_VALUE',
      message: 'This carrier is not configured; UPS is allowed.',
      path: ['input', 'fulfillments', '0', 'carrier'],
    });
    expect(refused.map(({ path }: { path: string[] }) => path[3])).toEqual(Object.keys(wrong));

    const [{ id: key }] = made.fulfillments;
    expect((await change(key, { carrier: 'DHL' })).userErrors).toMatchObject([
      { code: 'INVALID_VALUE', path: ['input', 'carrier'] },
    ]);
    expect((await change(key, { carrier: null })).fulfillment).toMatchObject({ carrier: null });
  });

  test('keep a carrier that is taken off the list, and move on with it', async () => {
    const { id } = await line();
    const [{ id: key }] = (await create(entry(id, { carrier: 'DHL' }))).fulfillments;
    await update(lists);
    expect((await change(key, { state: 'Booked' })).fulfillment).toMatchObject({ state: 'Booked', carrier: 'DHL' });
  });

  test('N19: stay as they are where an update repeats what was entered under other settings', async () => {
    await update({ units: [{ ...each, decimals: 2 }], carriers: ['DHL'] });
    const { id } = await line({ unitOfMeasure: 'Each', amountPerUnit: '3.333' });
    const [{ id: key }] = (await create(entry(id, { quantity: '4.55', carrier: 'DHL' }))).fulfillments;
    await update({ units: [each], carriers: ['UPS'], roundingMode: 'UP' });
    const shown = async () => {
      const text = `query ($key: ID!, $id: ID!) { fulfillment(key: $key) { quantity amount carrier version }
        orderLineItem(id: $id) { quantity version } }`;
      return (await admin.graphql(text, { key, id: open })).body.data;
    };
    const { id: open } = await line({ itemState: 'Executing', unitOfMeasure: 'Each', quantity: '7' });
    await update({ units: [{ ...each, name: 'Case' }] });
    const before = await shown();
    expect(before.fulfillment).toEqual({ quantity: '4.55', amount: '15.17', carrier: 'DHL', version: 1 });

    const same = { quantity: '4.55', carrier: 'DHL', fulfillmentDate: '2022-01-01' };
    await update({ units: [each] });
    expect((await change(key, same)).userErrors).toEqual([]);
    await update({ units: [{ ...each, name: 'Case' }] });
    const text = `mutation ($id: ID!) { made: updateOrderLineItem(id: $id, input: { unitOfMeasure: "Each", quantity: 7 }) {
      userErrors { code path } } }`;
    expect((await admin.graphql(text, { id: open })).body.data.made.userErrors).toEqual([]);
    expect(await shown()).toEqual(before);

    // What is changed beside it is changed alone, and another value is judged as ever.
    await update({ units: [each] });
    expect((await change(key, { ...same, state: 'Booked' })).fulfillment).toMatchObject({
      ...{ state: 'Booked', quantity: '4.55', amount: '15.17', orderLineItem: { quantityFulfilled: '4.55' } },
    });
    expect((await change(key, { ...same, quantity: '4.56' })).fulfillment).toMatchObject({
      ...{ quantity: '4', amount: '13.34', carrier: 'DHL' },
    });
    expect((await change(key, { carrier: 'FedEx' })).userErrors).toMatchObject([{ path: ['input', 'carrier'] }]);
  });

  test('N19: so may a return repeat a quantity that fits no more; it is judged when it is booked', async () => {
    const sent = { billTargetDate: '2022-01-01', itemState: 'SentToBilling', billingRule: 'TriggerWithoutFulfillment' };
    const work = await admin.work();
    const { order, account } = await orderFor(work, [{ ...(sent as object), quantity: '10' }]);
    const returned = async (itemState: string) => {
      const line = { itemName: 'Device', itemCategory: 'Return', quantity: '6', itemState };
      const originals = { originalOrderNumber: order.orderNumber, originalOrderLineItemNumber: '1' };
      const text = `mutation ($input: CreateOrderInput!) { made: createOrder(input: $input) {
        order { orderLineItems(first: 1) { nodes { id } } } userErrors { code message path } } }`;
      const input = { existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', category: 'Return' };
      const { made } = (await admin.graphql(text, { input: { ...input, orderLineItems: [{ ...line, ...originals }] } }))
        .body.data;
      expect(made.userErrors).toEqual([]);
      return made.order.orderLineItems.nodes[0].id;
    };
    const id = await returned('Executing');
    await returned('Booked');
    const text = `mutation ($id: ID!, $input: UpdateOrderLineItemInput!) { made: updateOrderLineItem(id: $id, input: $input) {
      orderLineItem { quantity description } userErrors { code path } } }`;
    const changed = async (input: object) => (await admin.graphql(text, { id, input })).body.data.made;
    expect(await changed({ quantity: 6, description: 'Box damaged' })).toEqual({
      ...{ orderLineItem: { quantity: '6', description: 'Box damaged' }, userErrors: [] },
    });
    const tooMuch = [{ code: 'QUANTITY_EXCEEDED', path: ['input', 'quantity'] }];
    expect((await changed({ quantity: 5 })).userErrors).toEqual(tooMuch);
    expect((await changed({ quantity: 6, itemState: 'Booked' })).userErrors).toEqual(tooMuch);
  });

  test('are refused over REST in the published form', async () => {
    const { id } = await line();
    await update(lists);
    const { status, body } = await admin.request({
      method: 'POST',
      url: '/v1/fulfillments',
      payload: { fulfillments: [entry(id, { carrier: 'DHL' })] },
    });
    expect([status, body.success]).toEqual([200, false]);
    expect(body.reasons).toMatchObject([{ code: 58000020, message: expect.stringContaining('UPS is allowed') }]);
  });
});
