import { type GraphQLInputType, getNamedType, isLeafType } from 'graphql';
import { graphqlErrorCodes, requestErrorCodes } from '../../src/domain/errors';
import { fixedFields } from '../../src/domain/fulfillment-fields';
import { schema } from '../../src/graph/build/schema';
import { bodyOf, inputWith } from '../../src/graph/guard/coerce';
import { readingCosts } from '../../src/graph/guard/cost';
import { createFulfillments } from '../../src/service/fulfillment';
import { createFulfillmentItems } from '../../src/service/fulfillment-item';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { argumentsWith, type Place, placesIn, rootFields, valueWith } from '../support/text-inputs';

/*
 * Hostile texts in every place of the graph and of REST that takes one, found in the schema: nothing fails, nothing is
 * told of the inside, the database keeps its shape, and what is stored comes back as it was sent.
 */

const texts = [
  `'; drop table account cascade; -- " \\' \\\\ $$ $1 %s ? ) or 1=1 {{7*7}} \${7*7} <%= 7*7 %> <script>alert(1)</script> %00 ../..`,
  'a\nSet-Cookie: a=b\n\n\tb\u2028c\u2029d',
  '\u202eabc\u202c \u200f\u061c e\u0301 \u00e9 \ufeff \uffff [31m',
  'a\r\nSet-Cookie: a=b\r\n\r\nb \u0001\u001b[31m',
  '__proto__',
  'a\0b',
  'a\ud800b',
  '\u{1f4e6}',
  'x'.repeat(10_000),
];

let gateway: TestGatewayServer;
let client: TestClient;
let shape: unknown;
const made = { account: '', lines: [] as string[], fulfillment: '', item: '', changed: '' };
let stored = 0;

const shapeOf = () =>
  gateway.database.owner(`select table_schema, table_name, column_name, data_type from information_schema.columns
    where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2, 3`);

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  const { account, orderLineItems } = await orderFor(work, Array(40).fill({}));
  made.account = account.id;
  made.lines = orderLineItems.map(({ id }) => id);
  made.changed = (await orderFor(work, [{ itemState: 'Executing' }])).orderLineItems[0].id;
  const entry = { orderLineItemId: made.lines[0], fulfillmentDate: '2022-01-01', quantity: '50' };
  const { fulfillments } = await createFulfillments(work, { fulfillments: [entry, { ...entry, state: 'Booked' }] });
  made.fulfillment = fulfillments[0]!.id;
  const { fulfillmentItems } = await createFulfillmentItems(work, [
    { fulfillmentNumber: fulfillments[1]!.fulfillmentNumber },
  ]);
  made.item = fulfillmentItems[0]!.id;
  shape = await shapeOf();
}, 60_000);
afterAll(() => gateway.close());

const known = { ...requestErrorCodes, ...graphqlErrorCodes } as Record<string, { status: number }>;

function harmless({ status, text, body }: Answer): void {
  expect([200, 400, 404]).toContain(status);
  expect(text).not.toMatch(/node_modules|\.[jt]s:\d|\bat \w+ \(|select |insert |syntax error|invalid byte|call stack/i);
  for (const { extensions } of body.errors ?? []) {
    expect(known[extensions.code].status).toBeLessThan(500);
    expect(Object.keys(extensions)).not.toContain('stacktrace');
  }
}

/** A line item of its own for each place: one takes a hundred fulfillments. */
let used = 0;
const line = () => made.lines[1 + (used++ % (made.lines.length - 1))];

/** Arguments with which a mutation is carried out, where a place has a text that it takes. */
const bases: Record<string, () => Record<string, unknown>> = {
  createAccount: () => ({ input: { name: 'A', currency: 'USD' } }),
  updateAccount: () => ({ key: made.account }),
  createOrder: () => ({
    input: {
      existingAccountNumber: made.account,
      orderLineItems: [{ itemName: 'D', itemType: 'Product', quantity: '5', amountPerUnit: '1' }],
    },
  }),
  updateOrderLineItem: () => ({ id: made.changed }),
  updateOrderLineItems: () => ({ input: { orderLineItems: [{ id: made.changed }] } }),
  createFulfillments: () => ({
    input: { fulfillments: [{ orderLineItemId: line(), state: 'Booked', fulfillmentItems: [{}] }] },
  }),
  updateFulfillment: () => ({ key: made.fulfillment }),
  createFulfillmentItems: () => ({ input: [{ fulfillmentNumber: 'F-00000002' }] }),
  updateFulfillmentItem: () => ({ id: made.item }),
  updateBillingSettings: () => ({ dryRun: true }),
};

/** Where the payload of a mutation shows what was put into a part of its arguments. */
const shownAt: Record<string, Record<string, string[]>> = {
  createAccount: { input: ['account'] },
  updateAccount: { input: ['account'] },
  createOrder: { input: ['order'], 'input.orderLineItems': ['order', 'orderLineItems', 'nodes'] },
  updateOrderLineItem: { input: ['orderLineItem'] },
  updateOrderLineItems: { 'input.orderLineItems': ['orderLineItems'] },
  createFulfillments: {
    'input.fulfillments': ['fulfillments'],
    'input.fulfillments.fulfillmentItems': ['fulfillments', 'fulfillmentItems', 'nodes'],
  },
  updateFulfillment: { input: ['fulfillment'] },
  createFulfillmentItems: { input: ['fulfillmentItems'] },
  updateFulfillmentItem: { input: ['fulfillmentItems'] },
  updateBillingSettings: { input: ['billingSettings'] },
};

/** The way to a field of the payload that shows what was put into a place, if there is one. */
function wayBack(mutation: string, payload: string, { path }: Place): string[] | undefined {
  const way = shownAt[mutation]?.[path.slice(0, -1).join('.')];
  if (!way) return undefined;
  let type = payload;
  for (const name of [...way, path.at(-1)!]) {
    const object = schema().getType(type);
    const field = object && 'getFields' in object ? object.getFields()[name] : undefined;
    if (!field) return undefined;
    type = getNamedType(field.type).name;
  }
  return isLeafType(schema().getType(type)) ? [...way, path.at(-1)!] : undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const holdsControls = (value: unknown): boolean => /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(textIn(value));
const textIn = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Object.entries(value as object)
        .flat()
        .join();

const nested = (way: readonly string[]): string =>
  way.length ? way.reduceRight((inner, name) => `${name}${inner && ` { ${inner} }`}`, '') : '';
const atEnd = (value: unknown, way: readonly string[]): unknown =>
  way.reduce<unknown>((each, name) => (Array.isArray(each) ? each[0] : each)?.[name as never], value);

const valuesFor = ({ scalar }: Place): unknown[] =>
  scalar === 'JSONObject'
    ? texts.flatMap((text) => [
        { x__c: text },
        { [`${text}__c`]: 1 },
        // As a name that one is refused with the whole body: pollution.test.ts.
        ...(text === '__proto__' ? [] : [{ [text]: 'x' }]),
      ])
    : texts;

const fieldsWithPlaces = rootFields()
  .map(({ kind, field }) => ({ kind, field, places: field.args.flatMap(({ name, type }) => placesIn(type, [name])) }))
  .filter(({ places }) => places.length > 0);

describe.each(fieldsWithPlaces)('the $kind $field.name', ({ kind, field, places }) => {
  test.each(places)('takes no harm from $path', async (place) => {
    const back = kind === 'mutation' ? wayBack(field.name, getNamedType(field.type).name, place) : undefined;
    const shown = kind === 'query' ? '__typename' : `userErrors { code path message } ${back ? nested(back) : ''}`;
    const selection = isLeafType(getNamedType(field.type)) ? '' : `{ ${shown} }`;
    const ask = async (values: unknown[]) => {
      const variables: Record<string, unknown> = {};
      const types: string[] = [];
      const fields = values.map((value, at) => {
        const given = argumentsWith(field, place.path, value, bases[field.name]?.() ?? {});
        for (const [name, each] of Object.entries(given)) {
          variables[`${name}${at}`] = each;
          types.push(`$${name}${at}: ${field.args.find((arg) => arg.name === name)!.type}`);
        }
        return `f${at}: ${field.name}(${Object.keys(given).map((name) => `${name}: $${name}${at}`)}) ${selection}`;
      });
      const answer = await client.graphql(`${kind} (${types}) { ${fields.join(' ')} }`, variables);
      harmless(answer);
      return answer;
    };

    // A scalar of our own refuses the request as a whole; one text is enough for one function.
    const whole = ['String', 'ID', 'JSONObject'].includes(place.scalar);
    const values = whole ? valuesFor(place) : texts.slice(0, 1);
    if (!whole) {
      for (const value of values) expect((await ask([value])).status).toBe(400);
      return;
    }
    // A dry run stands alone, ten mutations are the most of one request, and what reads much has its price.
    const atOnce = readingCosts[`Query.${field.name}`] ? 3 : values.length;
    const most = kind === 'query' ? atOnce : bases[field.name]?.().dryRun ? 1 : 10;
    const results: unknown[] = [];
    for (let at = 0; at < values.length; at += most) {
      results.push(...Object.values((await ask(values.slice(at, at + most))).body.data));
    }
    for (const [at, value] of values.entries()) {
      const result = results[at] as { userErrors: unknown[] } | null;
      // N23: what is kept of texts must not break those who read on.
      if (back && place.scalar !== 'ID' && holdsControls(value)) expect(result?.userErrors).not.toEqual([]);
      if (!back || !result || result.userErrors.length > 0) continue;
      const shown = atEnd(result, back);
      // What is given of the details of an account is added to what is there.
      if (place.path.at(-1) === 'details') expect(shown).toMatchObject(value as object);
      else expect(shown).toEqual(Array.isArray(shown) ? [value] : value);
      stored++;
    }
  });
});

describe('REST', () => {
  const bodies: [method: 'POST' | 'PUT', path: () => string, type: GraphQLInputType, base: () => unknown][] = [
    [
      'POST',
      () => '/v1/fulfillments',
      schema().getType('CreateFulfillmentsInput') as GraphQLInputType,
      () => bases.createFulfillments().input,
    ],
    [
      'PUT',
      () => `/v1/fulfillments/${made.fulfillment}`,
      inputWith('UpdateFulfillmentInput', 'CreateFulfillmentInput', fixedFields),
      () => ({}),
    ],
    [
      'POST',
      () => '/v1/fulfillment-items',
      bodyOf('createFulfillmentItems', 'fulfillmentItems'),
      () => ({ fulfillmentItems: bases.createFulfillmentItems().input }),
    ],
    [
      'PUT',
      () => `/v1/fulfillment-items/${made.item}`,
      schema().getType('UpdateFulfillmentItemInput') as GraphQLInputType,
      () => ({}),
    ],
    [
      'PUT',
      () => `/v1/order-line-items/${made.changed}`,
      schema().getType('UpdateOrderLineItemInput') as GraphQLInputType,
      () => ({}),
    ],
    [
      'POST',
      () => '/v1/order-line-items/bulk',
      schema().getType('UpdateOrderLineItemsInput') as GraphQLInputType,
      () => bases.updateOrderLineItems().input,
    ],
  ];

  test.each(bodies)('%s takes no harm from any field of its body', async (method, path, type, base) => {
    for (const place of placesIn(type)) {
      const own = ['String', 'ID', 'JSONObject'].includes(place.scalar);
      const values = place.scalar === 'JSONObject' ? texts.map((text) => ({ x__c: text })) : texts;
      for (const value of own ? values : values.slice(0, 1)) {
        const payload = JSON.stringify(valueWith(type, place.path, value, base()));
        const answer = await client.request({
          method,
          url: path(),
          headers: { 'content-type': 'application/json' },
          payload,
        });
        harmless(answer);
        if (own && place.scalar !== 'ID' && holdsControls(value)) expect(answer.body.success).not.toBe(true);
        if (!answer.body.success) continue;
        const field = place.path.at(-1) === 'unitOfMeasure' ? 'UOM' : place.path.at(-1)!;
        if (method !== 'PUT' || place.scalar === 'ID') continue;
        const { body } = await client.request({ method: 'GET', url: path() });
        const shown = body.fulfillment ?? body.fulfillmentItem ?? body.orderLineItem;
        if (place.scalar === 'JSONObject') expect(shown.customFields).toMatchObject(value as object);
        else expect(shown[field]).toBe(value);
        stored++;
      }
    }
  });

  test('an import takes no harm from any cell', async () => {
    const columns = ['orderLineItemId', 'fulfillmentDate', 'quantity', 'state', 'description', 'customFields.x__c'];
    const good = () => [line(), '2026-01-31', '1', '', '', ''];
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    const records = texts.flatMap((text) =>
      columns.map((_, at) => good().map((cell, column) => quoted(column === at ? text : cell))),
    );
    const payload = `${columns.join()}\n${records.map((record) => record.join()).join('\n')}\n`;
    const headers = { 'content-type': 'text/csv', 'idempotency-key': 'cells' };
    const answer = await client.request({ method: 'POST', url: '/v1/fulfillments/import', headers, payload });
    harmless({ ...answer, body: {} });
    const told = answer.text.split('\n').filter((each) => /^\{"line"/.test(each));
    expect(told).toHaveLength(records.length);
    expect(told.filter((each) => each.includes('fulfillmentNumber')).length).toBeGreaterThan(0);
  });

  test('takes no harm from its parameters', async () => {
    const named = [
      'filter[]',
      'sort[]',
      'expand[]',
      'fields[]',
      'order.fields[]',
      'cursor',
      'pageSize',
      'includeNullFields',
    ];
    for (const text of texts) {
      const given = encodeURIComponent(text.slice(0, 3_000).replace(/[\ud800-\udfff]/g, '?'));
      for (const name of [...named, given]) {
        const answer = await client.request({ method: 'GET', url: `/object-query/orders?${name}=${given}` });
        harmless(answer);
        expect(answer.status).toBe(400);
      }
      for (const filter of ['invoicenumber.EQ', 'invoicenumber.SW', 'invoicenumber.NE', 'id.EQ']) {
        const answer = await client.request({
          method: 'GET',
          url: `/object-query/invoices?filter[]=${filter}:${given}`,
        });
        harmless(answer);
        if (!filter.endsWith('NE')) expect(answer.body).toEqual({ data: [] });
      }
      harmless(await client.request({ method: 'GET', url: `/v1/creditmemos?accountNumber=${given}` }));
    }
  });

  test('takes no harm from its paths', async () => {
    const written = texts.map((text) => {
      const bytes = Buffer.from(text.slice(0, 9_000)).toString('hex');
      return bytes.replace(/../g, '%$&') || '%20';
    });
    for (const key of [...written, '%ED%A0%80', '%FF', '%', '..%2f..%2fetc%2fpasswd', '%00']) {
      const changed = [`/v1/fulfillments/${key}`, `/v1/fulfillment-items/${key}`];
      const shown = [
        ...['orders', 'invoices', 'creditmemos', 'order-line-items', 'accounts'].map((name) => `/v1/${name}/${key}`),
        ...[`/v1/invoices/${key}/items`, `/object-query/orders/${key}`, `/object-query/invoice-items/${key}`],
      ];
      for (const path of [...changed, ...shown]) {
        const methods = changed.includes(path) ? (['GET', 'PUT', 'DELETE'] as const) : (['GET'] as const);
        for (const method of methods) {
          const answer = await client.request({ method, url: path, ...(method === 'PUT' && { payload: {} }) });
          harmless(answer);
          // An order or account may have such a number, since callers choose them.
          if (!/\/(orders|accounts)\//.test(path)) expect(answer.body.success).toBe(false);
        }
        harmless(await client.request({ method: 'GET', url: `${path}?fulfillmentItems=${key}` }));
      }
    }
  });
});

test('after all of it the database has its shape, and much was stored and came back as it was sent', async () => {
  expect(await shapeOf()).toEqual(shape);
  expect(await gateway.database.owner('select 1 from account where id = $1', [made.account])).toHaveLength(1);
  expect(stored).toBeGreaterThan(100);
  expect(gateway.failures).toEqual([]);
});
