import { createFulfillments } from '../../src/service/fulfillment';
import { createFulfillmentItems } from '../../src/service/fulfillment-item';
import { Scoped } from '../../src/store/connection/connection';
import { ofProcesses } from '../support/database';
import { type Documents, documentsOf, insertDocuments } from '../support/documents';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { manifestOf } from '../support/manifest';

let gateway: TestGatewayServer;
let client: TestClient;
let ids: Record<
  'line' | 'fee' | 'declined' | 'account' | 'executing' | 'booked' | 'billed' | 'item' | 'payment',
  string
>;
let documents: Documents;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  const { account, orderLineItems } = await orderFor(work);
  const declined = await orderFor(work, [{}], { paymentMethodToken: 'tok_declined' });
  const fee = await orderFor(work, [
    { billingRule: 'TriggerWithoutFulfillment', itemState: 'Executing', billTargetDate: '2022-01-01' },
  ]);
  const line = orderLineItems[0].id;
  const [executing, booked] = await create([entryOn(line), entryOn(line, { state: 'Booked' })]);
  const [billed] = await create([entryOn(line, { state: 'SentToBilling' })], { runBilling: true });
  const paid = await orderFor(work);
  const entry = { ...entryOn(paid.orderLineItems[0].id), state: 'SentToBilling' as const };
  const { payments } = await createFulfillments(work, { fulfillments: [entry], processingOptions: collect });
  await work.finish();
  const { fulfillmentItems } = await createFulfillmentItems(work, [{ fulfillmentNumber: billed, itemIdentifier: 'A' }]);
  const item = fulfillmentItems[0]!.id;
  documents = documentsOf(account);
  await insertDocuments(new Scoped(gateway.database.raw, work.caller), documents);
  ids = {
    ...{ line, fee: fee.orderLineItems[0].id, declined: declined.orderLineItems[0].id },
    ...{ account: account.accountNumber, executing, booked, billed, item, payment: payments[0].id },
  };
}, 60_000);
afterAll(() => gateway.close());

const collect = { runBilling: true, collectPayment: true };
const entryOn = (orderLineItemId: string, more: object = {}) => ({
  ...{ orderLineItemId, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', quantity: '5' },
  ...more,
});

async function create(fulfillments: object[], processingOptions: object | null = null): Promise<string[]> {
  const { body } = await client.graphql(
    'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) { fulfillments { id } } }',
    { input: { fulfillments, processingOptions } },
  );
  return body.data.createFulfillments.fulfillments.map((one: { id: string }) => one.id);
}

/** Every row of every table, and where every sequence stands. */
async function dump(): Promise<Record<string, unknown>> {
  const { owner } = gateway.database;
  const tables = await owner<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'test_gateway')
       and tablename <> all(${ofProcesses})`,
  );
  const all: Record<string, unknown> = {};
  for (const { name } of tables) all[name] = await owner(`select t::text from ${name} t order by 1`);
  all.sequences = await owner(
    "select sequencename, last_value::text from pg_sequences where schemaname = 'number' order by 1",
  );
  return all;
}

async function writesNothing<T>(act: () => Promise<T>): Promise<T> {
  const before = await dump();
  const result = await act();
  await gateway.server.settled();
  expect(await dump()).toEqual(before);
  return result;
}

const errors = 'userErrors { code path message }';
const moved = `{ fulfillments { fulfillmentNumber state version } invoices { invoiceNumber } paidAmount ${errors} }`;

const manifest = manifestOf('query Viewer { viewer { clientId } }');

/** Every mutation of the schema, with arguments that it accepts. */
const accepted: Record<string, { query: () => string; shows: object }> = {
  createAccount: {
    query: () =>
      `createAccount(dryRun: true, input: {name: "New", currency: "USD"}) { account { accountNumber name } ${errors} }`,
    shows: { account: { accountNumber: 'DRYRUN-1', name: 'New' } },
  },
  updateAccount: {
    query: () =>
      `updateAccount(dryRun: true, key: "${ids.account}", input: {name: "Other"}) { account { name version } ${errors} }`,
    shows: { account: { name: 'Other', version: 2 } },
  },
  updateBillingSettings: {
    query: () => `updateBillingSettings(dryRun: true, input: {roundingMode: DOWN, carriers: ["UPS"],
      taxCodes: [{code: "VAT", rate: "0.2"}]}) {
      billingSettings { invoiceSettlement roundingMode carriers taxCodes { code rate } } ${errors} }`,
    shows: {
      billingSettings: {
        invoiceSettlement: true,
        roundingMode: 'DOWN',
        carriers: ['UPS'],
        taxCodes: [{ code: 'VAT', rate: '0.2' }],
      },
    },
  },
  registerDocuments: {
    query: () =>
      `registerDocuments(dryRun: true, input: {clientId: "${client.clientId}", manifest: ${JSON.stringify(manifest)}}) {
        added documents { operationName retiredDate } ${errors} }`,
    shows: { added: 1, documents: [{ operationName: 'Viewer', retiredDate: null }] },
  },
  createOrder: {
    query: () => `createOrder(dryRun: true, input: {existingAccountNumber: "${ids.account}", orderDate: "2022-01-01",
      orderLineItems: [{itemName: "A", itemType: Product, quantity: 2, amountPerUnit: 3}]}) {
        order { orderNumber state orderLineItems { nodes { itemName amount } } account { name } } ${errors} }`,
    shows: {
      order: {
        orderNumber: 'DRYRUN-1',
        state: 'Executing',
        orderLineItems: { nodes: [{ itemName: 'A', amount: '6.00' }] },
        account: { name: 'Customer' },
      },
    },
  },
  updateOrderLineItem: {
    query: () => `updateOrderLineItem(dryRun: true, id: "${ids.fee}", input: {itemState: SentToBilling,
      quantity: 3, processingOptions: {runBilling: true, collectPayment: true}}) {
      orderLineItem { itemState quantity invoiceItems { nodes { chargeAmount } } } invoices { invoiceNumber balance }
      creditMemos { id } paidAmount ${errors} }`,
    shows: {
      orderLineItem: {
        itemState: 'SentToBilling',
        quantity: '3',
        invoiceItems: { nodes: [{ chargeAmount: '30.00' }] },
      },
      invoices: [{ invoiceNumber: 'DRYRUN-1', balance: '0.00' }],
      creditMemos: [],
      paidAmount: '30.00',
    },
  },
  updateOrderLineItems: {
    query:
      () => `updateOrderLineItems(dryRun: true, input: {orderLineItems: [{id: "${ids.fee}", itemState: Canceled}]}) {
      orderLineItems { itemState version order { state } } ${errors} }`,
    shows: { orderLineItems: [{ itemState: 'Canceled', version: 2, order: { state: 'Canceled' } }] },
  },
  updateFulfillment: {
    query: () => `updateFulfillment(dryRun: true, key: "${ids.executing}", input: {quantity: 7, state: Booked}) {
      fulfillment { quantity state orderLineItem { quantityFulfilled } } ${errors} }`,
    shows: { fulfillment: { quantity: '7', state: 'Booked', orderLineItem: { quantityFulfilled: '17' } } },
  },
  deleteFulfillment: {
    query: () => `deleteFulfillment(dryRun: true, key: "${ids.executing}") {
      deletedId orderLineItem { fulfillments { nodes { state } } } ${errors} }`,
    shows: {
      deletedId: expect.any(String),
      orderLineItem: { fulfillments: { nodes: expect.not.arrayContaining([{ state: 'Executing' }]) } },
    },
  },
  createFulfillmentItems: {
    query:
      () => `createFulfillmentItems(dryRun: true, input: [{fulfillmentNumber: "${ids.billed}", itemIdentifier: "B"}]) {
      fulfillmentItems { itemIdentifier fulfillment { version fulfillmentItems { nodes { itemIdentifier } } } } ${errors} }`,
    shows: {
      fulfillmentItems: [
        {
          itemIdentifier: 'B',
          fulfillment: {
            version: 3,
            fulfillmentItems: { nodes: [{ itemIdentifier: 'A' }, { itemIdentifier: 'B' }] },
          },
        },
      ],
    },
  },
  updateFulfillmentItem: {
    query: () => `updateFulfillmentItem(dryRun: true, id: "${ids.item}", input: {description: "new"}) {
      fulfillmentItems { itemIdentifier description fulfillment { version } } ${errors} }`,
    shows: { fulfillmentItems: [{ itemIdentifier: 'A', description: 'new', fulfillment: { version: 3 } }] },
  },
  deleteFulfillmentItem: {
    query: () =>
      `deleteFulfillmentItem(dryRun: true, id: "${ids.item}") { deletedId fulfillmentItems { id } ${errors} }`,
    shows: { deletedId: expect.any(String), fulfillmentItems: [] },
  },
  bookFulfillments: {
    query: () => `bookFulfillments(dryRun: true, keys: ["${ids.executing}"]) ${moved}`,
    shows: { fulfillments: [{ fulfillmentNumber: 'F-00000001', state: 'Booked', version: 2 }] },
  },
  cancelFulfillments: {
    query: () => `cancelFulfillments(dryRun: true, keys: ["${ids.executing}"]) ${moved}`,
    shows: { fulfillments: [{ fulfillmentNumber: 'F-00000001', state: 'Canceled', version: 2 }] },
  },
  completeFulfillments: {
    query: () => `completeFulfillments(dryRun: true, keys: ["${ids.billed}"]) ${moved}`,
    shows: { fulfillments: [{ fulfillmentNumber: 'F-00000003', state: 'Complete', version: 3 }] },
  },
  sendFulfillmentsToBilling: {
    query: () => `sendFulfillmentsToBilling(dryRun: true, keys: ["${ids.executing}", "${ids.booked}"],
      processingOptions: {runBilling: true, collectPayment: true}) ${moved}`,
    shows: { invoices: [{ invoiceNumber: 'DRYRUN-1' }], paidAmount: '100.00' },
  },
  postInvoice: {
    query: () =>
      `postInvoice(dryRun: true, key: "${documents.draft.id}") { invoice { status version postedDate } ${errors} }`,
    shows: { invoice: { status: 'Posted', version: 2, postedDate: expect.any(String) } },
  },
  unpostInvoice: {
    query: () => `unpostInvoice(dryRun: true, key: "${documents.open.id}") { invoice { status postedDate } ${errors} }`,
    shows: { invoice: { status: 'Draft', postedDate: null } },
  },
  cancelInvoice: {
    query: () => `cancelInvoice(dryRun: true, key: "${documents.draft.id}") {
      invoice { status allowedActions { allowed } } ${errors} }`,
    shows: { invoice: { status: 'Canceled', allowedActions: Array(5).fill({ allowed: false }) } },
  },
  reverseInvoice: {
    query: () => `reverseInvoice(dryRun: true, key: "${documents.open.id}", documentDate: "2022-02-02") {
      invoice { status reversed balance creditMemoApplications { amount creditMemo { creditMemoNumber } } }
      creditMemos { creditMemoNumber documentDate appliedAmount unappliedAmount reversedInvoice { invoiceNumber } } ${errors} }`,
    shows: {
      invoice: {
        status: 'Posted',
        reversed: true,
        balance: '0.00',
        creditMemoApplications: [{ amount: '10.00', creditMemo: { creditMemoNumber: 'DRYRUN-1' } }],
      },
      creditMemos: [
        {
          creditMemoNumber: 'DRYRUN-1',
          documentDate: '2022-02-02',
          appliedAmount: '10.00',
          unappliedAmount: '0.00',
          reversedInvoice: { invoiceNumber: expect.any(String) },
        },
      ],
    },
  },
  postCreditMemo: {
    query: () => `postCreditMemo(dryRun: true, key: "${documents.draftMemo.id}") { creditMemo { status } ${errors} }`,
    shows: { creditMemo: { status: 'Posted' } },
  },
  unpostCreditMemo: {
    query: () => `unpostCreditMemo(dryRun: true, key: "${documents.memo.id}") { creditMemo { status } ${errors} }`,
    shows: { creditMemo: { status: 'Draft' } },
  },
  cancelCreditMemo: {
    query: () => `cancelCreditMemo(dryRun: true, key: "${documents.draftMemo.id}") { creditMemo { status } ${errors} }`,
    shows: { creditMemo: { status: 'Canceled' } },
  },
  applyCreditMemo: {
    query:
      () => `applyCreditMemo(dryRun: true, key: "${documents.used.id}", invoiceKey: "${documents.owing.id}", amount: "5") {
      creditMemo { appliedAmount unappliedAmount applications { amount } } invoices { balance } ${errors} }`,
    shows: {
      creditMemo: { appliedAmount: '15.00', unappliedAmount: '10.00', applications: [{ amount: '15.00' }] },
      invoices: [{ balance: '15.00' }],
    },
  },
  unapplyCreditMemo: {
    query: () => `unapplyCreditMemo(dryRun: true, key: "${documents.used.id}", invoiceKey: "${documents.owing.id}") {
      creditMemo { unappliedAmount applications { amount } } invoices { balance } ${errors} }`,
    shows: { creditMemo: { unappliedAmount: '25.00', applications: [] }, invoices: [{ balance: '30.00' }] },
  },
  collectPayment: {
    query: () => `collectPayment(dryRun: true, invoiceKeys: ["INV00000001"]) {
      payments { paymentNumber status amount applications { invoice { invoiceNumber } } }
      invoices { invoiceNumber balance paymentApplications { amount } } paidAmount ${errors} }`,
    shows: {
      payments: [
        {
          ...{ paymentNumber: 'DRYRUN-1', status: 'Processing', amount: '50.00' },
          applications: [{ invoice: { invoiceNumber: 'INV00000001' } }],
        },
      ],
      invoices: [{ invoiceNumber: 'INV00000001', balance: '0.00', paymentApplications: [{ amount: '50.00' }] }],
      paidAmount: '50.00',
    },
  },
  refundPayment: {
    query: () => `refundPayment(dryRun: true, key: "${ids.payment}", amount: 20) {
      payment { status appliedAmount refundAmount applications { amount } } invoices { invoiceNumber balance } ${errors} }`,
    shows: {
      payment: {
        ...{ status: 'Processed', appliedAmount: '30.00', refundAmount: '20.00' },
        applications: [{ amount: '30.00' }],
      },
      invoices: [{ invoiceNumber: 'INV00000002', balance: '20.00' }],
    },
  },
  createFulfillments: {
    query: () => `createFulfillments(dryRun: true, input: {fulfillments: [
      {orderLineItemId: "${ids.line}", fulfillmentDate: "2022-01-01", quantity: 5, state: SentToBilling, billTargetDate: "2022-01-01"},
      {orderLineItemId: "${ids.line}", fulfillmentDate: "2022-01-01", quantity: 6, state: SentToBilling, billTargetDate: "2022-01-01"}
    ], processingOptions: {runBilling: true, collectPayment: true}}) {
      fulfillments { fulfillmentNumber billed orderLineItem { quantityFulfilled } invoiceItems { chargeAmount } }
      invoices { invoiceNumber amount balance invoiceItems { nodes { quantity chargeAmount fulfillment { fulfillmentNumber } } }
        paymentApplications { amount payment { paymentNumber } } }
      payments { paymentNumber status account { name } } paidAmount ${errors} }`,
    shows: {
      fulfillments: ['DRYRUN-1', 'DRYRUN-2'].map((fulfillmentNumber, at) => ({
        fulfillmentNumber,
        billed: true,
        orderLineItem: { quantityFulfilled: '21' },
        invoiceItems: [{ chargeAmount: `${50 + 10 * at}.00` }],
      })),
      invoices: [
        {
          invoiceNumber: 'DRYRUN-3',
          amount: '110.00',
          balance: '0.00',
          invoiceItems: {
            nodes: [
              { quantity: '5', chargeAmount: '50.00', fulfillment: { fulfillmentNumber: 'DRYRUN-1' } },
              { quantity: '6', chargeAmount: '60.00', fulfillment: { fulfillmentNumber: 'DRYRUN-2' } },
            ],
          },
          paymentApplications: [{ amount: '110.00', payment: { paymentNumber: 'DRYRUN-4' } }],
        },
      ],
      payments: [{ paymentNumber: 'DRYRUN-4', status: 'Processing', account: { name: 'Customer' } }],
      paidAmount: '110.00',
    },
  },
};

describe('a dry run', () => {
  test('exists for every mutation but those of bill runs, which previewBillRun shows beforehand, and of webhooks', async () => {
    const { body } = await client.graphql('{ __schema { mutationType { fields { name args { name } } } } }');
    const fields: { name: string; args: { name: string }[] }[] = body.data.__schema.mutationType.fields;
    const [dry, without] = [true, false].map((is) =>
      fields.filter(({ args }) => args.some(({ name }) => name === 'dryRun') === is).map(({ name }) => name),
    );
    // A webhook endpoint is tried by testWebhookEndpoint.
    expect(without.filter((name) => !/Webhook/.test(name)).sort()).toEqual([
      ...['cancelBillRun', 'createBillRun', 'deleteBillRun', 'postBillRun'],
      // Its result would be a secret that opens nothing.
      'rotateClientSecret',
    ]);
    expect(dry.sort()).toEqual(Object.keys(accepted).sort());
  });

  test.each(Object.keys(accepted))(
    'of %s shows what would be, down to its nested fields, and writes nothing',
    async (name) => {
      const { query, shows } = accepted[name];
      const { status, body } = await writesNothing(() => client.graphql(`mutation { ${query()} }`));
      expect([status, body.errors]).toEqual([200, undefined]);
      expect(body.data[name]).toMatchObject({ ...shows, userErrors: [] });
    },
  );

  test('given by a variable is a dry run as well', async () => {
    const query = `mutation ($dry: Boolean! = true, $keys: [ID!]!) { bookFulfillments(dryRun: $dry, keys: $keys) ${moved} }`;
    for (const variables of [{ keys: [ids.executing] }, { keys: [ids.executing], dry: true }]) {
      const { body } = await writesNothing(() => client.graphql(query, variables));
      expect(body.data.bookFulfillments.fulfillments).toMatchObject([{ state: 'Booked' }]);
    }
  });

  test('leaves nothing in the ledger of the gateway, not even for a card that would be declined', async () => {
    const input = { fulfillments: [entryOn(ids.declined, { state: 'SentToBilling' })], processingOptions: collect };
    const { body } = await writesNothing(() =>
      client.graphql(
        `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(dryRun: true, input: $input) { paidAmount ${errors} } }`,
        { input },
      ),
    );
    expect(body.data.createFulfillments).toEqual({ paidAmount: '50.00', userErrors: [] });
    const declined = "select from test_gateway.charge where token = 'tok_declined'";
    expect(await gateway.database.owner(declined)).toEqual([]);
  });

  test('with an Idempotency-Key keeps nothing: it is judged again, and the real run may have that key', async () => {
    const query = `mutation ($dry: Boolean!) { bookFulfillments(dryRun: $dry, keys: ["${ids.executing}"]) ${moved} }`;
    const ask = (dry: boolean) => client.graphql(query, { dry }, { 'idempotency-key': 'dry' });
    const first = await ask(true);
    expect(first.body.data.bookFulfillments.fulfillments).toMatchObject([{ state: 'Booked' }]);
    const { body } = await client.graphql(`{ fulfillment(key: "${ids.executing}") { state version } }`);
    expect(body.data.fulfillment).toEqual({ state: 'Executing', version: 1 });
    await writesNothing(async () => {
      const again = await ask(true);
      expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, undefined]);
    });
    expect(await gateway.database.owner("select 1 from idempotency_outcome where key = 'dry'")).toEqual([]);
  });

  test('cannot stand beside another mutation', async () => {
    const query = `mutation { a: bookFulfillments(dryRun: true, keys: ["${ids.executing}"]) ${moved}
      b: bookFulfillments(keys: ["${ids.executing}"]) ${moved} }`;
    const { status, body } = await writesNothing(() => client.graphql(query));
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'ONE_MUTATION_PER_KEY']);
  });

  test('is followed by a real run that takes the numbers it has not used', async () => {
    const query = 'mutation { createAccount(input: {name: "Real", currency: "USD"}) { account { accountNumber } } }';
    await client.graphql(query.replace('input:', 'dryRun: true, input:'));
    const { body } = await client.graphql(query);
    expect(body.data.createAccount.account.accountNumber).toBe('A00000005');
  });

  test('says the same user errors as the real run', async () => {
    const refused: [string, string][] = [
      [
        'createFulfillments',
        `input: {fulfillments: [{orderLineItemId: "${ids.line}", fulfillmentDate: "2022-01-01", quantity: 501}]}`,
      ],
      [
        'createFulfillments',
        'input: {fulfillments: [{orderLineItemId: "none", fulfillmentDate: "2022-01-01", quantity: 0}]}',
      ],
      ['updateFulfillment', `key: "${ids.executing}", input: {state: Complete}`],
      ['updateFulfillment', `key: "${ids.executing}", expectedVersion: 9, input: {quantity: 1}`],
      ['deleteFulfillment', `key: "${ids.booked}"`],
      ['bookFulfillments', `keys: ["${ids.booked}", "F-9"]`],
      ['cancelFulfillments', `keys: ["${ids.booked}"]`],
      ['completeFulfillments', `keys: ["${ids.booked}"]`],
      ['sendFulfillmentsToBilling', `keys: ["${ids.billed}"], processingOptions: {collectPayment: true}`],
      ['createFulfillmentItems', `input: [{fulfillmentNumber: "${ids.executing}"}, {fulfillmentNumber: "F-9"}]`],
      ['updateFulfillmentItem', `id: "${ids.item}", input: {}`],
      ['deleteFulfillmentItem', `id: "${ids.billed}"`],
      ['createAccount', 'input: {name: "", currency: "XXX0"}'],
      ['updateAccount', `key: "${ids.account}", input: {paymentTerm: "Net 0"}`],
      ['collectPayment', 'invoiceKeys: ["INV00000001", "INV00000001", "INV00000002", "INV9"]'],
      ['refundPayment', `key: "${ids.payment}", amount: 51`],
      ['updateBillingSettings', 'input: {taxCodes: [{code: "VAT", rate: 20}], carriers: [""]}'],
      ['postInvoice', `key: "${documents.open.id}"`],
      ['unpostInvoice', `key: "${documents.owing.id}"`],
      ['reverseInvoice', `key: "${documents.open.id}", documentDate: "2021-12-31"`],
      ['cancelCreditMemo', `key: "${documents.memo.id}"`],
      ['applyCreditMemo', `key: "${documents.memo.id}", invoiceKey: "${documents.open.id}", amount: "10.01"`],
      ['unapplyCreditMemo', `key: "${documents.memo.id}", invoiceKey: "${documents.open.id}"`],
      ['createOrder', 'input: {existingAccountNumber: "A9", orderDate: "2022-01-01", orderLineItems: []}'],
    ];
    for (const [name, args] of refused) {
      const run = async (dryRun: boolean) =>
        (await client.graphql(`mutation { ${name}(${args}, dryRun: ${dryRun}) { ${errors} } }`)).body;
      const [dry, real] = await writesNothing(async () => [await run(true), await run(false)]);
      expect(real.data[name].userErrors.length).toBeGreaterThan(0);
      expect(dry).toEqual(real);
    }
  });
});
