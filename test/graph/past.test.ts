import { type GraphQLObjectType, getNamedType, isLeafType, parse } from 'graphql';
import { standardLimits } from '../../src/domain/limits';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { checkDocument } from '../../src/graph/guard/document-check';
import { DocumentLimits } from '../../src/graph/guard/limits';
import { prepare } from '../../src/graph/guard/operation';
import { InvalidDocument } from '../../src/graph/guard/parsed-document';
import { lists } from '../../src/graph/model/lists';
import { nouns } from '../../src/graph/model/nouns';
import { type PastNoun, pastNouns } from '../../src/graph/model/past';
import { run } from '../../src/graph/read/execution';
import { createBillRun, deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import { createFulfillments } from '../../src/service/fulfillment';
import { deleteFulfillment, updateFulfillment } from '../../src/service/fulfillment-change';
import { updateOrderLineItem } from '../../src/service/order-line-item-change';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { collectPayment } from '../../src/service/payment-collect';
import { refundPayment } from '../../src/service/payment-refund';
import { Work } from '../../src/service/run/work';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { Memory } from '../support/past';

let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  work = await client.work();
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

const now = () => new Date().toISOString();
/** Behind all that has happened, and before all that comes. */
async function instant(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 2));
  const at = now();
  await new Promise((resolve) => setTimeout(resolve, 2));
  return at;
}

const sent = { state: 'SentToBilling', billTargetDate: '2022-01-01' } as const;
async function delivered(more: object = {}, options: object | null = null) {
  const { account, orderLineItems } = await orderFor(work);
  const entry = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', quantity: '5', ...more };
  const made = await createFulfillments(work, { fulfillments: [entry], processingOptions: options as never });
  await work.finish();
  return { account, line: orderLineItems[0], fulfillment: made.fulfillments[0]!, ...made };
}

const pastOf = async (key: string, asOf: string, noun: PastNoun = 'fulfillment', by = client) => {
  const { argument } = lists[noun].byKey;
  const query = `query ($key: ID!, $asOf: DateTime) { past: ${noun}(${argument}: $key, asOf: $asOf) { id version updatedDate } }`;
  const { body } = await by.graphql(query, { key, asOf });
  expect(body.errors).toBeUndefined();
  return body.data.past;
};

/** Why a query is refused before anything runs. */
async function refused(query: string, variables: object = {}): Promise<string> {
  const { status, body } = await client.graphql(query, variables);
  expect([status, body.data, body.errors?.[0].extensions.code]).toEqual([400, undefined, 'BAD_USER_INPUT']);
  return body.errors[0].message;
}

describe('asOf', () => {
  test('shows an object by id and by number from its creation to its deletion, and null before and after', async () => {
    const before = await instant();
    const { fulfillment } = await delivered({ carrier: 'UPS' });
    const made = await instant();
    await updateFulfillment(work, fulfillment.id, { carrier: 'DHL', quantity: '6' });
    const changed = await instant();
    await deleteFulfillment(work, fulfillment.id);
    const after = await instant();
    for (const key of [fulfillment.id, fulfillment.fulfillmentNumber, fulfillment.id.toUpperCase()]) {
      const asked = [before, made, changed, after, now()].map(
        (at, n) =>
          `a${n}: fulfillment(key: "${key}", asOf: "${at}") { __typename id fulfillmentNumber version carrier quantity }`,
      );
      const { body } = await client.graphql(`{ ${asked.join(' ')} }`);
      const { id, fulfillmentNumber } = fulfillment;
      const same = { __typename: 'Fulfillment', id, fulfillmentNumber };
      expect(body).toEqual({
        data: {
          ...{ a0: null, a3: null, a4: null },
          a1: { ...same, version: 1, carrier: 'UPS', quantity: '5' },
          a2: { ...same, version: 2, carrier: 'DHL', quantity: '6' },
        },
        extensions: body.extensions,
      });
    }
  });

  test('shows deleted drafts of a bill run by id and by number', async () => {
    const { account } = await delivered(sent);
    const { billRun } = await createBillRun(work, { targetDate: '2022-01-31', accountKeys: [account.accountNumber] });
    await carryOn(gateway.services);
    const { body } = await client.graphql(
      'query ($run: ID!) { billRun(key: $run) { invoices { nodes { id invoiceNumber } } } }',
      {
        run: billRun.id,
      },
    );
    const [invoice] = body.data.billRun.invoices.nodes;
    const drafted = await instant();
    await moveBillRun(work, billRun.id, 'Cancel');
    await carryOn(gateway.services);
    await deleteBillRun(work, billRun.id);
    await carryOn(gateway.services);
    for (const key of [invoice.id, invoice.invoiceNumber]) {
      expect(await pastOf(key, drafted, 'invoice')).toMatchObject({ id: invoice.id, version: 1 });
      expect(await pastOf(key, now(), 'invoice')).toBeNull();
    }
  });

  test('is null for keys that name nothing, or another kind of object', async () => {
    const { fulfillment, line } = await delivered();
    for (const key of ['none', '', 'F-99999999', '\u0000', line.id, fulfillment.fulfillmentNumber.toLowerCase()]) {
      expect([key, await pastOf(key, now())]).toEqual([key, null]);
    }
    expect(await pastOf(fulfillment.fulfillmentNumber, now(), 'orderLineItem')).toBeNull();
  });

  test('of the present moment, or of the time of a change, sees what the client has just written', async () => {
    const { fulfillment } = await delivered();
    for (let version = 1; version < 6; version++) {
      const { body } = await client.graphql(
        'mutation ($key: ID!, $carrier: String) { done: updateFulfillment(key: $key, input: { carrier: $carrier }) { fulfillment { updatedDate } } }',
        { key: fulfillment.id, carrier: `C${version}` },
      );
      const { updatedDate } = body.data.done.fulfillment;
      for (const at of [
        updatedDate,
        now(),
        updatedDate.replace('Z', '999999+00:00'),
        new Date(Date.now() + 500).toISOString(),
      ]) {
        expect(await pastOf(fulfillment.id, at)).toMatchObject({ version: version + 1, updatedDate });
      }
    }
  });

  test('of tomorrow is refused, since it is not known yet', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const query =
      'query ($asOf: DateTime) { billingSettings { id } later: fulfillment(key: "F-1", asOf: $asOf) { id } }';
    expect(await refused(query, { asOf: tomorrow })).toBe(
      `later(asOf:) must not be in the future: ${tomorrow} has not come yet.`,
    );
    const { status } = await client.graphql(`{ fulfillment(key: "F-1", asOf: "yesterday") { id } }`);
    expect(status).toBe(400);
  });

  test('null or absent is the present, with everything', async () => {
    const { fulfillment } = await delivered();
    const shown = '{ id billed orderLineItem { id } history { totalCount } allowedTransitions { to } }';
    const asked = `query ($key: ID!, $asOf: DateTime) {
      a: fulfillment(key: $key) ${shown} b: fulfillment(key: $key, asOf: null) ${shown} c: fulfillment(key: $key, asOf: $asOf) ${shown} }`;
    for (const variables of [{}, { asOf: null }]) {
      const { body } = await client.graphql(asked, { key: fulfillment.id, ...variables });
      expect(body.errors).toBeUndefined();
      expect(body.data.a).toMatchObject({ id: fulfillment.id, history: { totalCount: 1 } });
      expect(body.data.b).toEqual(body.data.a);
      expect(body.data.c).toEqual(body.data.a);
    }
    expect(await refused(asked, { key: fulfillment.id, asOf: now() })).toMatch(/^c\.billed must not be asked for/);
  });

  test('refuses an edge by its path in the reply, wherever it stands, and lets out what is left out', async () => {
    const { fulfillment, invoices } = await delivered(sent, { runBilling: true });
    const at = now();
    const of = (selection: string, more = '') =>
      `query ${/\$no/.test(selection) ? '($no: Boolean = false)' : ''} { old: fulfillment(key: "${fulfillment.id}", asOf: "${at}") { id ${selection} } } ${more}`;
    const said = 'must not be asked for with asOf: the history does not record Fulfillment.orderLineItem.';
    expect(await refused(of('line: orderLineItem { id }'))).toBe(`old.line ${said}`);
    expect(await refused(of('... on Node { ... on Fulfillment { orderLineItem { id } } }'))).toBe(
      `old.orderLineItem ${said}`,
    );
    expect(
      await refused(
        of('...F', 'fragment F on Fulfillment { ...G } fragment G on Fulfillment { orderLineItem { id } }'),
      ),
    ).toBe(`old.orderLineItem ${said}`);
    expect(
      await refused(`{ old: fulfillment(key: "${fulfillment.id}", asOf: "${at}") { id }
        old: fulfillment(key: "${fulfillment.id}", asOf: "${at}") { orderLineItem { id } } }`),
    ).toBe(`old.orderLineItem ${said}`);
    expect(await refused(of('orderLineItem @skip(if: $no) { id }'))).toBe(`old.orderLineItem ${said}`);
    const left = of('__typename orderLineItem @include(if: $no) { id } ... @skip(if: true) { billed }');
    expect((await client.graphql(left)).body.data).toEqual({ old: { id: fulfillment.id, __typename: 'Fulfillment' } });
    const document = `{ invoice(key: "${invoices[0].id}", asOf: "${at}") { ... on BillingDocument { documentNumber amount __typename } } }`;
    expect((await client.graphql(document)).body.data).toEqual({
      invoice: { documentNumber: invoices[0].invoiceNumber, amount: '50.00', __typename: 'Invoice' },
    });
    expect(await refused(document.replace('amount', 'account { id }'))).toMatch(/^invoice\.account must not/);
  });

  test('is refused where a document is registered, if no variables would let the document run', () => {
    const limits = new DocumentLimits(standardLimits, true);
    const errorsOf = (text: string) => {
      const checked = checkDocument(schema(), text, limits);
      return 'errors' in checked ? checked.errors : [];
    };
    const asked = (variables: string, asOf: string, more: string) =>
      `query ($key: ID!, ${variables}) { past: fulfillment(key: $key, asOf: ${asOf}) { id ${more} } }
       fragment F on Fulfillment { orderLineItem { id } }`;
    const spread = (directives = '') => `...F ${directives}`;
    const literal = '"2022-01-01T00:00:00Z"';
    const unused = '$no: Boolean!';
    for (const text of [
      asked('$at: DateTime!', '$at', spread()),
      asked(unused, literal, `${spread()} state @include(if: $no)`),
      asked(unused, literal, `${spread('@include(if: $no)')} orderLineItem @skip(if: false) { itemName }`),
    ]) {
      expect(errorsOf(text)).toEqual([
        expect.stringMatching(/^line \d: past\.orderLineItem must not be asked for with asOf/),
      ]);
    }
    for (const text of [
      asked('$at: DateTime', '$at', spread()),
      asked('$at: DateTime = "2022-01-01T00:00:00Z"', '$at', spread()),
      asked(unused, 'null', `${spread()} state @include(if: $no)`),
      asked(unused, literal, spread('@include(if: $no)')),
      asked(unused, literal, `${spread('@skip(if: true)')} state @include(if: $no)`),
      asked('$at: DateTime!', '$at', 'state ... @skip(if: true) { ...F }'),
    ]) {
      expect([text, errorsOf(text)]).toEqual([text, []]);
    }
  });

  test('is described with exactly the fields that it refuses, and no live read takes it', () => {
    for (const noun of pastNouns) {
      const { args } = schema().getQueryType()!.getFields()[noun];
      const { argument } = lists[noun].byKey;
      const description = args.find(({ name }) => name === 'asOf')!.description!;
      const fields = Object.values((schema().getType(nouns[noun].typename) as GraphQLObjectType).getFields());
      const missing: string[] = [];
      for (const { name, type } of fields) {
        const below = isLeafType(getNamedType(type)) ? '' : '{ __typename }';
        const query = `{ ${noun}(${argument}: "x", asOf: "${now()}") { ${name} ${below} } }`;
        try {
          prepare({ document: parse(query), hash: query });
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidDocument);
          missing.push(name);
        }
      }
      expect(/records: (.*)\.$/.exec(description)?.[1].split(', ')).toEqual(missing.sort());
      const live = schema().getSubscriptionType()!.getFields()[noun];
      expect(live.args.map(({ name }) => name)).toEqual([argument]);
    }
  });

  test('shows nothing of other tenants and orgs, be it deleted', async () => {
    const { fulfillment, invoices } = await delivered(sent, { runBilling: true });
    const gone = (await delivered()).fulfillment;
    const at = await instant();
    await deleteFulfillment(work, gone.id);
    const keys = [fulfillment.id, fulfillment.fulfillmentNumber, gone.id, gone.fulfillmentNumber];
    const own = await Promise.all(keys.map((key) => pastOf(key, at)));
    expect(own).toMatchObject([{ id: fulfillment.id }, { id: fulfillment.id }, { id: gone.id }, { id: gone.id }]);
    for (const grants of [[{ entity: 'Acme', orgs: ['South'] }], [{ entity: 'Globex', orgs: ['North'] }]]) {
      const other = await gateway.client({ grants });
      for (const key of keys) expect(await pastOf(key, at, 'fulfillment', other)).toBeNull();
      expect(await pastOf(invoices[0].id, at, 'invoice', other)).toBeNull();
    }
    const both = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South', 'North'] }] });
    expect(await pastOf(gone.fulfillmentNumber, at, 'fulfillment', both)).toEqual(own[3]);
  });

  test('takes one statement for each object, beside one for all of the present', async () => {
    const { fulfillment, line } = await delivered();
    const at = await instant();
    await deleteFulfillment(work, fulfillment.id);
    const query = `{ a: fulfillment(key: "${fulfillment.fulfillmentNumber}", asOf: "${at}") { id } b: orderLineItem(id: "${line.id}", asOf: "${at}") { itemState }
      c: orderLineItem(id: "${line.id}") { order { account { name } } } d: billingSettings { version } }`;
    const counter = { statements: 0 };
    const operation = prepare({ document: parse(query), hash: query });
    const { data, errors } = await run(operation, new GraphContext(new Work(gateway.services, work.caller, counter)));
    expect([errors, Object.keys(data!)]).toEqual([undefined, ['a', 'b', 'c', 'd']]);
    expect(counter.statements).toBe(3);
  });

  test('tells values of every form as they were', async () => {
    const memory = new Memory(work);
    const odd = {
      carrier: '',
      description: '"é\u2028 \\n null',
      trackingNumber: 'null',
      externalId: '[1]',
      quantity: '1.50',
    };
    const customFields = { a__c: 'x', b__c: 1.5, c__c: null, d__c: true };
    const { fulfillment, line } = await delivered({
      ...odd,
      customFields,
      excludeItemBillingFromRevenueAccounting: true,
    });
    await memory.keep();
    await updateFulfillment(work, fulfillment.id, {
      ...{ carrier: null, description: null, trackingNumber: null, externalId: '', quantity: '2', customFields: null },
      ...{ billTargetDate: '2022-02-28', state: 'SentToBilling' },
    });
    await updateOrderLineItem(work, line.id, { customFields });
    await memory.keep();
    await updateFulfillment(work, (await delivered()).fulfillment.id, { customFields: { a__c: 'x'.repeat(500) } });
    await memory.keep();
    expect((await memory.wrong()).wrong).toEqual([]);
  });

  test('of a millisecond with several changes has them all', async () => {
    const { fulfillment } = await delivered();
    for (const carrier of ['A', 'B', 'C']) await updateFulfillment(work, fulfillment.id, { carrier });
    const { owner } = gateway.database;
    const [{ at }] = await owner<{ at: string }>(
      'update fulfillment set created_date = updated_date where id = $1 returning updated_date as at',
      [fulfillment.id],
    );
    await owner('update history_entry set at = $2 where subject_id = $1', [fulfillment.id, at]);
    expect(await pastOf(fulfillment.id, new Date(at).toISOString())).toMatchObject({ version: 4 });
    await deleteFulfillment(work, fulfillment.id);
    expect(await pastOf(fulfillment.id, new Date(at).toISOString())).toMatchObject({ version: 4 });
    expect(await pastOf(fulfillment.id, new Date(Date.parse(at) - 1).toISOString())).toBeNull();
  });

  test('says that it cannot tell where a change left no entry', async () => {
    const { line, fulfillment } = await delivered();
    const at = await instant();
    await updateFulfillment(work, fulfillment.id, { carrier: 'UPS' });
    await updateFulfillment(work, fulfillment.id, { carrier: 'DHL' });
    await gateway.database.owner('delete from history_entry where subject_id = $1 and version = 2', [fulfillment.id]);
    const query = `{ fulfillment(key: "${fulfillment.id}", asOf: "${at}") { carrier } orderLineItem(id: "${line.id}") { id } }`;
    const { body } = await client.graphql(query);
    expect(body.data).toEqual({ fulfillment: null, orderLineItem: { id: line.id } });
    expect(body.errors).toMatchObject([{ path: ['fulfillment'], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(body.errors[0].message).toBe(
      `asOf must be an instant that the history tells of. It lacks a change of this Fulfillment since ${at}.`,
    );
    expect(await pastOf(fulfillment.id, now())).toMatchObject({ version: 3 });
  });
});

test('asOf tells payments that are refunded, refused for good and never captured, with their invoices', async () => {
  const memory = new Memory(work);
  const paying = { runBilling: true, collectPayment: true };
  await memory.keep();
  const { payments } = await delivered(sent, paying);
  await memory.keep();
  await refundPayment(work, payments[0].id, '20');
  await memory.keep();
  // All of it was paid back at the payment gateway already.
  await gateway.database.owner("update test_gateway.charge set refunded = amount, status = 'Refunded'");
  await work.finish();
  await memory.keep();
  const { invoices } = await delivered(sent, { runBilling: true });
  const unpaid = await client.work();
  const { payments: lost } = await collectPayment(unpaid, [invoices[0].id]);
  await memory.keep();
  await gateway.services.gateway.void({ ...lost[0], id: lost[0].attemptId });
  await sweepAttempts(gateway.services);
  await memory.keep();
  const { states, wrong } = await memory.wrong();
  expect(wrong).toEqual([]);
  expect(states).toMatchObject({ payment: 7 });
});
