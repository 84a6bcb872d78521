import { type GraphQLInputType, type GraphQLObjectType, getNamedType, isInputObjectType } from 'graphql';
import { scopes } from '../../src/domain/caller';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { edges, manyEdges, oneEdges } from '../../src/graph/model/edges';
import type { nouns } from '../../src/graph/model/nouns';
import { Loaders } from '../../src/graph/read/loaders';
import { updateBillingSettings } from '../../src/service/billing-settings';
import type { Work } from '../../src/service/run/work';
import { nounsOfIds } from '../../src/store/node';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { settled } from '../support/settled';
import { everything } from '../support/stored';
import {
  type Estate,
  errors,
  estate,
  made,
  mutation,
  mutations,
  queries,
  scopeOf,
  withoutDryRun,
} from '../support/tenant-data';

let gateway: TestGatewayServer;
let owner: TestClient;
/** Sees all orgs of the owner's entity, and so may change what holds for all of them. */
let whole: TestClient;
let victim: Estate;
/** Where the owner carries out what has no dry run. */
let spare: Estate;
/** Who must not see Acme, North: another org of the entity, and another entity. */
const intruders: Record<string, { client: TestClient; work: Work; own: Estate }> = {};
const intruderNames = ['another org of the entity', 'another entity'];

beforeAll(async () => {
  gateway = await testGateway();
  owner = await gateway.client();
  const south = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] });
  whole = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] });
  const globex = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  for (const [at, client] of [south, globex].entries()) {
    const work = await client.work();
    intruders[intruderNames[at]] = { client, work, own: await estate(gateway, work, 'Own') };
  }
  const work = await owner.work();
  // Numbers count up in each entity: those of the second estate exist nowhere in Globex.
  spare = await estate(gateway, work, 'Secret');
  victim = await estate(gateway, work, 'Secret');
  for (const carriers of [['UPS'], null]) await updateBillingSettings(await whole.work(), { carriers });
  // The walk asks for events too.
  await settled(gateway.database);
});
afterAll(() => gateway.close());

/** What everybody has of their own, so that there is nothing foreign to ask for. */
const ofCaller = [
  ...['viewer', 'billingSettings', 'updateBillingSettings', 'previewBillRun'],
  ...['webhookEndpoints', 'createWebhookEndpoint', 'rotateClientSecret'],
];
const ofOthers = (fields: object) => Object.keys(fields).filter((field) => !ofCaller.includes(field));

const fieldsOf = (root: 'Query' | 'Mutation') =>
  Object.keys((schema().getType(root) as GraphQLObjectType).getFields()).sort();

const stored = () => everything(gateway.database, victim);

const empty = (result: unknown) =>
  result === null ||
  (Array.isArray(result) && result.every((entry) => entry === null || entry.count === 0)) ||
  JSON.stringify(result) === '{"totalCount":0,"nodes":[],"edges":[]}';

test('the walk has a case for every root field', () => {
  expect(Object.keys(queries).sort()).toEqual(fieldsOf('Query'));
  expect(Object.keys(mutations).sort()).toEqual(fieldsOf('Mutation'));
});

/** Where ids and keys stand among the arguments of a field, by the names on the way. */
const places = (type: GraphQLInputType, path: string[]): string[][] => {
  const named = getNamedType(type);
  if (named.name === 'ID') return [path];
  if (!isInputObjectType(named)) return [];
  return Object.values(named.getFields()).flatMap((field) => places(field.type, [...path, field.name]));
};

test('the walk names a foreign object in every place where a mutation takes an id', () => {
  const fields = (schema().getType('Mutation') as GraphQLObjectType).getFields();
  for (const [field, { args }] of Object.entries(fields)) {
    const texts = mutations[field](victim).join();
    for (const path of args.flatMap(({ name, type }) => places(type, [name]))) {
      for (const name of path) expect([field, texts.includes(`${name}:`) ? name : texts]).toEqual([field, name]);
    }
  }
});

describe('the owner', () => {
  test.each(Object.keys(queries))('reads what is hers through %s', async (field) => {
    for (const query of queries[field](victim)) {
      const { body } = await owner.graphql(query);
      expect(body.errors).toBeUndefined();
      expect([query, empty(body.data.result)]).toEqual([query, false]);
    }
  });

  test.each(Object.keys(mutations))('may carry out %s', async (field) => {
    for (const text of mutations[field](field in withoutDryRun ? spare : victim)) {
      const client = field === 'updateBillingSettings' ? whole : owner;
      const { body } = await client.graphql(mutation(field, text, true));
      expect(body.errors).toBeUndefined();
      expect(body.data.payload.userErrors).toEqual([]);
    }
  });
});

describe.each(intruderNames)('a client of %s', (name) => {
  test.each(ofOthers(queries))('reads nothing through %s', async (field) => {
    const { client } = intruders[name];
    for (const query of queries[field](victim)) {
      const { body } = await client.graphql(query);
      expect(body.errors).toBeUndefined();
      expect([query, empty(body.data.result)]).toEqual([query, true]);
    }
  });

  test('sees only what is its own in every list, and counts only that', async () => {
    const { client, own } = intruders[name];
    const fields = fieldsOf('Query').filter(
      (field) => /\(filter/.test(queries[field](own)[0]) && field !== 'fulfillmentCounts',
    );
    expect(fields.length).toBe(8);
    const text = fields.map((field) => `${field}(first: 100) { totalCount nodes { id } edges { node { id } } }`);
    const { body, text: reply } = await client.graphql(`{ ${text.join(' ')} }`);
    expect(fields.map((field) => body.data[field].totalCount)).toEqual(
      fields.map(
        (field) =>
          ({ orders: 2, orderLineItems: 2, fulfillments: 5, invoices: 5, creditMemos: 4, billRuns: 7 })[field] ?? 1,
      ),
    );
    for (const id of Object.values(victim.ids)) expect(reply).not.toContain(id);
  });

  test.each(ofOthers(mutations))('does nothing through %s, dry or not', async (field) => {
    const { client } = intruders[name];
    const before = await stored();
    for (const text of mutations[field](victim)) {
      for (const dryRun of [true, false]) {
        const { body } = await client.graphql(mutation(field, text, dryRun));
        expect(body.errors).toBeUndefined();
        const { userErrors, result = null } = body.data.payload;
        expect(userErrors.map(({ code }: { code: string }) => code)).toEqual(['NOT_FOUND']);
        expect(empty(result)).toBe(true);
      }
    }
    expect(await stored()).toEqual(before);
  });

  test('puts no credit memo of its own against a foreign invoice', async () => {
    const { client, own } = intruders[name];
    const before = await stored();
    for (const act of ['applyCreditMemo', 'unapplyCreditMemo']) {
      const keys = `key: "${own.documents.used.id}", invoiceKey: "${victim.documents.owing.id}"`;
      const { body } = await client.graphql(mutation(act, `${keys}, DRY) { userErrors { code path } }`, false));
      expect(body.data.payload.userErrors).toEqual([{ code: 'NOT_FOUND', path: ['invoiceKey'] }]);
    }
    expect(await stored()).toEqual(before);
  });

  test('returns no line item of others on an account of its own', async () => {
    const { client, own } = intruders[name];
    const before = await stored();
    const [{ order, item }] = await gateway.database.owner<{ order: string; item: string }>(
      'select o.order_number as order, l.item_number as item from order_line_item l join orders o on o.id = l.order_id where l.id = $1',
      [victim.ids.orderLineItem],
    );
    const { body } = await client.graphql(
      mutation(
        'createOrder',
        `input: { existingAccountNumber: "${own.numbers.account}", orderDate: "2022-01-01", category: Return, orderLineItems: [{
          itemName: "Back", itemType: Product, itemCategory: Return, quantity: 1,
          originalOrderNumber: "${order}", originalOrderLineItemNumber: "${item}" }] }, DRY) { ${errors} }`,
        false,
      ),
    );
    expect(body.errors).toBeUndefined();
    expect(body.data.payload.userErrors.map(({ code }: { code: string }) => code)).toContain('NOT_FOUND');
    expect(await stored()).toEqual(before);
  });

  test('has its own entries carried out beside foreign ones that are skipped', async () => {
    const { client, own } = intruders[name];
    const before = await stored();
    const text = `onError: SkipFailed, input: { fulfillments: [${made(victim)}, ${made(own)}] }, DRY)
      { result: fulfillments { orderLineItem { id } } ${errors} }`;
    const { body } = await client.graphql(mutation('createFulfillments', text, true));
    expect(body.data.payload.result).toEqual([null, { orderLineItem: { id: own.ids.orderLineItem } }]);
    const path = ['input', 'fulfillments', '0', 'orderLineItemId'];
    expect(body.data.payload.userErrors).toEqual([
      { code: 'NOT_FOUND', message: 'No order line item has this id.', path },
    ]);
    expect(await stored()).toEqual(before);
  });

  test.each(oneEdges)('is led nowhere by the edge %s', async (edge) => {
    const { target } = edges[edge];
    const { loaders } = new GraphContext(intruders[name].work);
    expect(await loaders.row(target, ['id'], victim.ids[target])).toBeUndefined();
  });

  test.each(manyEdges)('is led nowhere by the edge %s', async (edge) => {
    const parent = (edge[0].toLowerCase() + edge.split('.')[0].slice(1)) as keyof typeof nouns;
    const query = { properties: ['id'], limit: 10, backward: false };
    // The settings are those of the whole entity, with all that led to them.
    if (edge.startsWith('BillingSettings') && intruders[name].work.caller.entityId === victim.entityId) return;
    const parentId =
      victim.parents[edge] ?? (parent === 'fulfillment' ? victim.sent : (victim.ids[parent] ?? victim.entityId));
    const { loaders } = new GraphContext(intruders[name].work);
    expect(await loaders.pages(edge, query).load(parentId)).toEqual([]);
    expect(await loaders.totals(edge, null).load(parentId)).toBe(0);
    const theirs = new Loaders((await owner.work()).reads());
    expect((await theirs.pages(edge, query).load(parentId)).length).toBeGreaterThan(0);
    expect(await theirs.totals(edge, null).load(parentId)).toBeGreaterThan(0);
  });

  test('learns neither the name of the org, nor what an id is of, nor whether it was billed or posted', async () => {
    const { loaders, work } = new GraphContext(intruders[name].work);
    expect((await nounsOfIds(work.reads(), Object.values(victim.ids))).size).toBe(0);
    expect(await loaders.org(victim.orgId)).toEqual({ id: victim.orgId, name: '' });
    expect([await loaders.billed(victim.sent), await loaders.posted(victim.sent)]).toEqual([false, false]);
    const theirs = new Loaders((await owner.work()).reads());
    expect([await theirs.billed(victim.sent), await theirs.posted(victim.sent)]).toEqual([true, true]);
    expect([await loaders.runPosted(victim.ids.billRun), await theirs.runPosted(victim.ids.billRun)]).toEqual([
      false,
      true,
    ]);
  });

  test('changes the settings of its own entity if it sees all orgs of that, and no others', async () => {
    const { client, work, own } = intruders[name];
    const same = work.caller.entityId === (await owner.work()).caller.entityId;
    // Of the entity that it shares it sees one org of two.
    const before = await gateway.database.owner<{ entity_id: string }>(
      'select * from billing_settings order by entity_id',
    );
    const others = before.filter(({ entity_id: id }) => same || id.replaceAll('-', '') !== work.caller.entityId);
    expect([before.length, others.length]).toEqual([2, same ? 2 : 1]);
    const carriers = [own.orgId];
    const text = `input: { carriers: ["${own.orgId}"] }, DRY) { result: billingSettings { carriers } ${errors} }`;
    for (const dryRun of [true, false]) {
      const { body } = await client.graphql(mutation('updateBillingSettings', text, dryRun));
      expect(body.data.payload).toEqual(
        same
          ? { result: null, userErrors: [expect.objectContaining({ code: 'PERMISSION_DENIED' })] }
          : { result: { carriers }, userErrors: [] },
      );
    }
    const shown = async (of: TestClient) =>
      (await of.graphql('{ billingSettings { carriers } }')).body.data.billingSettings;
    expect(await shown(client)).toEqual({ carriers: same ? null : carriers });
    expect(await shown(owner)).toEqual({ carriers: null });
    const after = await gateway.database.owner('select * from billing_settings order by entity_id');
    expect(after).toEqual(expect.arrayContaining(others));
    expect(after).toHaveLength(before.length);
    await client.graphql('mutation { updateBillingSettings(input: { carriers: null }) { userErrors { code } } }');
  });

  test('is shown as the viewer with its own entity and orgs only', async () => {
    const { client, work } = intruders[name];
    const { viewer } = (await client.graphql('{ viewer { clientId entity { id } orgs { id } entities { id } } }')).body
      .data;
    const entity = { id: work.caller.entityId };
    const orgs = work.caller.orgIds.map((id) => ({ id }));
    expect(viewer).toEqual({ clientId: client.clientId, entity, orgs, entities: [entity] });
  });

  test('is refused the entity or the org by their headers', async () => {
    const { client, work } = intruders[name];
    const { entityId } = (await owner.work()).caller;
    const headers = work.caller.entityId === entityId ? [] : [{ 'zuora-entity-ids': entityId }];
    for (const asked of [...headers, { 'zuora-org-ids': victim.orgId }] as Record<string, string>[]) {
      const { status, body } = await client.graphql(`{ account(key: "${victim.ids.account}") { id } }`, {}, asked);
      expect([status, body.data, body.errors[0].extensions.code]).toEqual([403, undefined, 'FORBIDDEN']);
    }
  });
});

describe('a client of both orgs', () => {
  test('sees both, and one of them where a header says so', async () => {
    const both = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] });
    const { own } = intruders[intruderNames[0]];
    const query = `{ nodes(ids: ["${victim.ids.account}", "${own.ids.account}"]) { id } }`;
    const seen = async (headers?: Record<string, string>) =>
      (await both.graphql(query, {}, headers)).body.data.nodes.map((node: { id: string } | null) => node?.id);
    expect(await seen()).toEqual([victim.ids.account, own.ids.account]);
    expect(await seen({ 'zuora-org-ids': own.orgId })).toEqual([undefined, own.ids.account]);
  });
});

describe('a client without the scope', () => {
  // Whose secret it is follows from the token, which is enough.
  const fields = [...Object.keys(queries), ...Object.keys(mutations)].filter((field) => field !== 'rotateClientSecret');
  test.each(fields.map((field) => [field, scopeOf(field)]))('is forbidden %s for want of %s', async (field, scope) => {
    const client = await gateway.client({ scopes: scopes.filter((each) => each !== scope) });
    const before = await stored();
    const asked = queries[field]?.(victim)[0] ?? mutation(field, mutations[field](victim)[0], false);
    const { body } = await client.graphql(asked);
    expect(body.errors.map((error: { extensions: { code: string } }) => error.extensions.code)).toEqual(['FORBIDDEN']);
    expect(Object.values(body.data ?? {})).toEqual(body.data ? [null] : []);
    expect(await stored()).toEqual(before);
  });
});
