import type { BillRunStatus } from '../../src/domain/bill-run';
import type { ManyEdge } from '../../src/graph/model/edges';
import type { nouns } from '../../src/graph/model/nouns';
import { createFulfillments } from '../../src/service/fulfillment';
import { hashOf } from '../../src/service/registered-document';
import type { Work } from '../../src/service/run/work';
import { createWebhookEndpoint, testWebhookEndpoint } from '../../src/service/webhook-endpoint';
import { BillRunRow } from '../../src/store/bill-run';
import { Scoped, type TenantScope } from '../../src/store/connection/connection';
import { HistoryEntryRow } from '../../src/store/history';
import { InvoiceOffsetRow } from '../../src/store/invoice';
import { insertRows } from '../../src/store/query/write';
import { insertFailures } from './chain';
import { type Documents, documentMutations, documentsOf, insertDocuments } from './documents';
import { orderFor, type TestGatewayServer } from './gateway';
import { manifestOf } from './manifest';
import { insertReturns, returnOf } from './returns';
import { billRunRow, failureRow, historyRow, offsetRow } from './rows';

/* What one org has, and each way that the graph offers to read or to change it. */

/** One of everything in one org, and the tables that hold it. */
export interface Estate {
  /** Also the id of the settings, which all orgs of the entity share. */
  entityId: string;
  orgId: string;
  /** Whose it is. */
  clientId: string;
  ids: Record<keyof typeof nouns, string>;
  numbers: Record<'account' | 'order' | 'fulfillment' | 'invoice' | 'creditMemo' | 'payment' | 'billRun', string>;
  /** Documents to act upon. */
  documents: Documents;
  runs: Runs;
  booked: string;
  sent: string;
  /** The number of an invoice that is owed. */
  owed: string;
  /** An endpoint of the client with a delivery, and a document that may be sent along. */
  webhook: { endpoint: string; delivery: string; document: string };
  /** What has children on edges that only returns have. */
  parents: Partial<Record<ManyEdge, string>>;
}

/** Bill runs of an org on a target date of their own: one that stands for them, and two for each act upon them. */
function runsOf(scope: TenantScope) {
  const targetDate = `2022-02-${String(++estates).padStart(2, '0')}`;
  const run = (status: BillRunStatus) => billRunRow(scope, { status, targetDate });
  return {
    posted: run('Posted'),
    toPost: [run('Completed'), run('Completed')],
    toCancel: [run('Completed'), run('Error')],
    toDelete: [run('Canceled'), run('Error')],
  };
}
let estates = 0;

type Runs = ReturnType<typeof runsOf>;

/** An account in the first org of the caller, with all that can be made of it. */
export async function estate(gateway: TestGatewayServer, work: Work, name: string): Promise<Estate> {
  const { account, order, orderLineItems } = await orderFor(work, [{ itemName: name }], { name });
  const [line] = orderLineItems;
  const made = { orderLineItemId: line.id, fulfillmentDate: '2022-01-01', quantity: '5', billTargetDate: '2022-01-01' };
  const fulfillmentItems = [{ itemIdentifier: name }];
  const { fulfillments, invoices, payments, items } = await createFulfillments(work, {
    fulfillments: [made, { ...made, state: 'Booked' }, { ...made, state: 'SentToBilling', fulfillmentItems }],
    processingOptions: { runBilling: true, collectPayment: true },
  });
  const unpaid = await createFulfillments(work, {
    fulfillments: [{ ...made, state: 'SentToBilling' }],
    processingOptions: { runBilling: true },
  });
  await work.finish();
  const webhook = await webhookOf(gateway, work);
  const returned = returnOf(account, line);
  const scoped = new Scoped(gateway.database.raw, work.caller);
  await insertReturns(scoped, [returned]);
  const offset = offsetRow(invoices[0], invoices[0]);
  await insertRows(scoped, InvoiceOffsetRow, [offset]);
  const runs = runsOf(scoped.scope);
  await insertRows(scoped, BillRunRow, Object.values(runs).flat());
  await insertRows(scoped, HistoryEntryRow, [historyRow(runs.posted)]);
  const failure = failureRow(runs.posted, account);
  await insertFailures(scoped.connection, runs.posted, [failure]);
  const documents = documentsOf(account, runs.posted.id);
  await insertDocuments(scoped, documents);
  const [billed] = await gateway.database.owner<{ item: string; application: string; entry: string }>(
    `select i.id as item, a.id as application, h.id as entry from invoice_item i
     join payment_application a using (entity_id, invoice_id) join history_entry h on h.entity_id = i.entity_id and h.subject_id = invoice_id
     where i.entity_id = $1 and invoice_id = $2`,
    [account.entityId, invoices[0].id],
  );
  const [executing, { id: booked }, { id: sent }] = fulfillments.map((row) => row!);
  return {
    entityId: account.entityId,
    orgId: account.orgId,
    clientId: work.caller.clientId,
    ids: {
      ...{ account: account.id, order: order.id, orderLineItem: line.id, fulfillment: executing.id },
      ...{ fulfillmentItem: items.get(sent)![0].id, invoice: invoices[0].id, invoiceItem: billed.item },
      ...{ invoiceOffset: offset.id, creditMemo: returned.memo.id, creditMemoItem: returned.memoItem.id },
      ...{ creditMemoApplication: documents.credit.id, billRun: runs.posted.id, billRunFailure: failure.id },
      ...{ payment: payments[0].id, paymentApplication: billed.application, historyEntry: billed.entry },
    },
    numbers: {
      ...{ account: account.accountNumber, order: order.orderNumber, fulfillment: executing.fulfillmentNumber },
      ...{ invoice: invoices[0].invoiceNumber, payment: payments[0].paymentNumber },
      ...{ creditMemo: returned.memo.creditMemoNumber, billRun: runs.posted.billRunNumber },
    },
    documents,
    webhook,
    runs,
    booked,
    sent,
    owed: unpaid.invoices[0].invoiceNumber,
    parents: {
      'OrderLineItem.creditMemoItems': returned.line.id,
      'Fulfillment.creditMemoItems': returned.fulfillment.id,
      'Invoice.creditMemoApplications': documents.owing.id,
      'CreditMemo.applications': documents.used.id,
    },
  };
}

/** A webhook endpoint of the caller's client, with the delivery of a test, and a registered document. */
async function webhookOf({ database }: TestGatewayServer, work: Work): Promise<Estate['webhook']> {
  const text = 'query Webhook($id: ID!) { node(id: $id) { id } }';
  await database.owner(
    `insert into registered_document (id, client_id, document_id, hash, text, operation_type, cost, registered_date)
     values (gen_random_uuid(), $1, $2, $2, $3, 'query', 1, now()) on conflict do nothing`,
    [work.caller.clientId, hashOf(text), text],
  );
  const url = 'https://example.com/hook';
  const { webhookEndpoint } = await createWebhookEndpoint(work, { url, documentId: hashOf(text) }, () => undefined);
  await testWebhookEndpoint(work, webhookEndpoint.id);
  const [{ id }] = await database.owner<{ id: string }>(
    'select id from webhook_delivery where entity_id = $2 and endpoint_id = $1',
    [webhookEndpoint.id, webhookEndpoint.entityId],
  );
  return { endpoint: webhookEndpoint.id, delivery: id.replaceAll('-', ''), document: hashOf(text) };
}

const byKey = (field: keyof Estate['numbers']) => (of: Estate) => [
  `{ result: ${field}(key: "${of.ids[field]}") { id } }`,
  `{ result: ${field}(key: "${of.numbers[field]}") { id } }`,
];
const listed =
  (field: string, noun: keyof typeof nouns, more: Record<string, (of: Estate) => string> = {}) =>
  (of: Estate) =>
    [`id: { in: ["${of.ids[noun]}"] }`, ...Object.keys(more).map((key) => `${key}: { eq: "${more[key](of)}" }`)].map(
      (filter) => `{ result: ${field}(filter: { ${filter} }) { totalCount nodes { id } edges { cursor } } }`,
    );
const accountId = (of: Estate) => of.ids.account;
const orderId = (of: Estate) => of.ids.order;
const orderLineItemId = (of: Estate) => of.ids.orderLineItem;
const orderNumber = (of: Estate) => of.numbers.order;

/** A failure is found through its run alone. */
const nodeIds = ({ ids: { billRunFailure: _, ...ids }, webhook }: Estate) => [
  ...Object.values(ids),
  ...[webhook.endpoint, webhook.delivery],
];

/** What reads the estate through each field of the query type. */
export const queries: Record<string, (of: Estate) => string[]> = {
  account: byKey('account'),
  order: byKey('order'),
  orderLineItem: (of) => [`{ result: orderLineItem(id: "${of.ids.orderLineItem}") { id } }`],
  fulfillment: byKey('fulfillment'),
  invoice: byKey('invoice'),
  creditMemo: byKey('creditMemo'),
  payment: byKey('payment'),
  billRun: byKey('billRun'),
  previewBillRun: ({ ids }) => [
    `{ result: previewBillRun(input: { targetDate: "2022-01-01", accountKeys: ["${ids.account}"] }) { invoiceCount } }`,
  ],
  node: (of) => nodeIds(of).map((id) => `{ result: node(id: "${id}") { id __typename } }`),
  nodes: (of) => [`{ result: nodes(ids: ${JSON.stringify(nodeIds(of))}) { id __typename } }`],
  billingSettings: () => ['{ result: billingSettings { invoiceSettlement } }'],
  viewer: () => ['{ result: viewer { clientId entity { id } orgs { id } entities { id } } }'],
  accounts: listed('accounts', 'account', { accountNumber: (of) => of.numbers.account }),
  orders: listed('orders', 'order', { accountId }),
  orderLineItems: listed('orderLineItems', 'orderLineItem', {
    ...{ orderId, accountId, orderNumber },
    originalOrderLineItemId: orderLineItemId,
  }),
  fulfillments: listed('fulfillments', 'fulfillment', { orderId, accountId, orderLineItemId }),
  invoices: listed('invoices', 'invoice', { accountId }),
  creditMemos: listed('creditMemos', 'creditMemo', { accountId, creditMemoNumber: (of) => of.numbers.creditMemo }),
  payments: listed('payments', 'payment', { accountId }),
  billRuns: ({ runs }) => [
    `{ result: billRuns(filter: { targetDate: { eq: "${runs.posted.targetDate}" } }) {
      totalCount nodes { id } edges { cursor } } }`,
  ],
  events: ({ ids }) => [
    `{ result: events(first: 100, filter: { subjectId: { eq: "${ids.fulfillment}" } }) { totalCount nodes { id } edges { cursor } } }`,
  ],
  webhookEndpoints: () => ['{ result: webhookEndpoints { id } }'],
  webhookEndpoint: ({ webhook }) => [`{ result: webhookEndpoint(id: "${webhook.endpoint}") { id } }`],
  fulfillmentCounts: ({ ids }) => [
    `{ result: fulfillmentCounts(filter: { id: { eq: "${ids.fulfillment}" } }) { state count } }`,
  ],
  fulfillmentSummary: ({ ids }) => [
    `{ result: fulfillmentSummary(groupBy: account, filter: { id: { eq: "${ids.fulfillment}" } }) { key count } }`,
  ],
};

/** What changes the estate through each field of the mutation type; each would be done if its owner asked. */
export const made = (of: Estate) =>
  `{ orderLineItemId: "${of.ids.orderLineItem}", fulfillmentDate: "2022-01-01", quantity: 1 }`;
const both = (of: Estate, noun: 'account' | 'fulfillment' | 'payment') => [of.ids[noun], of.numbers[noun]];
export const errors = 'userErrors { code message path }';
const moved = (key: string) => [`keys: ["${key}"], DRY) { result: fulfillments { id } ${errors} }`];
const line = '{ itemName: "New", itemType: Product, quantity: 1, amountPerUnit: 1 }';
export const mutations: Record<string, (of: Estate) => string[]> = {
  createAccount: (of) => [`input: { name: "New", currency: "USD", orgId: "${of.orgId}" }, DRY) { ${errors} }`],
  updateAccount: (of) =>
    both(of, 'account').map((key) => `key: "${key}", input: { name: "X" }, DRY) { result: account { id } ${errors} }`),
  updateBillingSettings: () => [
    `input: { roundingMode: UP }, DRY) { result: billingSettings { roundingMode } ${errors} }`,
  ],
  registerDocuments: ({ clientId }) => [
    `input: { clientId: "${clientId}", manifest: ${JSON.stringify(manifestOf('{ viewer { clientId } }'))} }, DRY)
      { result: documents { documentId } ${errors} }`,
  ],
  createOrder: ({ numbers: { account } }) => [
    `input: { existingAccountNumber: "${account}", orderDate: "2022-01-01", orderLineItems: [${line}] }, DRY)
      { result: order { id } ${errors} }`,
  ],
  updateOrderLineItem: ({ ids }) => [
    `id: "${ids.orderLineItem}", input: { paymentTerm: "Net 5" }, DRY) { result: orderLineItem { id } ${errors} }`,
  ],
  updateOrderLineItems: ({ ids }) => [
    `input: { orderLineItems: [{ id: "${ids.orderLineItem}", billTargetDate: "2022-05-05" }] }, DRY)
      { result: orderLineItems { id } ${errors} }`,
  ],
  createFulfillmentItems: (of) => [
    `input: [{ fulfillmentNumber: "${of.sent}", itemIdentifier: "X" }], DRY) { result: fulfillmentItems { id } ${errors} }`,
  ],
  updateFulfillmentItem: (of) => [
    `id: "${of.ids.fulfillmentItem}", input: { description: "X" }, DRY) { result: fulfillmentItems { id } ${errors} }`,
  ],
  deleteFulfillmentItem: (of) => [`id: "${of.ids.fulfillmentItem}", DRY) { result: deletedId ${errors} }`],
  createFulfillments: (of) => [`input: { fulfillments: [${made(of)}] }, DRY) { ${errors} }`],
  updateFulfillment: (of) =>
    both(of, 'fulfillment').map(
      (key) => `key: "${key}", input: { carrier: "X" }, DRY) { result: fulfillment { id } ${errors} }`,
    ),
  bookFulfillments: (of) => moved(of.ids.fulfillment),
  sendFulfillmentsToBilling: (of) => moved(of.booked),
  completeFulfillments: (of) => moved(of.sent),
  cancelFulfillments: (of) => moved(of.numbers.fulfillment),
  deleteFulfillment: (of) =>
    both(of, 'fulfillment').map((key) => `key: "${key}", DRY) { result: deletedId orderLineItem { id } ${errors} }`),
  collectPayment: (of) => [`invoiceKeys: ["${of.owed}"], DRY) { result: payments { id } ${errors} }`],
  refundPayment: (of) => both(of, 'payment').map((key) => `key: "${key}", DRY) { result: payment { id } ${errors} }`),
};
const onRuns = ([first, second]: BillRunRow[], what: string) =>
  [first.id, second.billRunNumber].map((key) => `key: "${key}") { result: ${what} ${errors} }`);
/** The contract gives these no dry run: they are set going and looked at. */
export const withoutDryRun: typeof mutations = {
  createBillRun: (of) =>
    both(of, 'account').map(
      (key) =>
        `input: { targetDate: "2022-01-01", accountKeys: ["${key}"] }) { result: billRun { id status } ${errors} }`,
    ),
  postBillRun: ({ runs }) => onRuns(runs.toPost, 'billRun { id }'),
  cancelBillRun: ({ runs }) => onRuns(runs.toCancel, 'billRun { id }'),
  deleteBillRun: ({ runs }) => onRuns(runs.toDelete, 'deletedId'),
  createWebhookEndpoint: ({ webhook }) => [
    `input: { url: "https://example.com/", documentId: "${webhook.document}" }) { result: secret ${errors} }`,
  ],
  updateWebhookEndpoint: ({ webhook }) => [
    `id: "${webhook.endpoint}", input: { documentId: "${webhook.document}" }) { result: webhookEndpoint { id } ${errors} }`,
  ],
  rotateClientSecret: () => [`overlapHours: 24) { result: secret ${errors} }`],
  rotateWebhookSecret: ({ webhook }) => [`id: "${webhook.endpoint}") { result: secret ${errors} }`],
  testWebhookEndpoint: ({ webhook }) => [`id: "${webhook.endpoint}") { result: webhookEndpoint { id } ${errors} }`],
  redeliverWebhooks: ({ webhook }) => [
    `id: "${webhook.endpoint}", deliveryIds: ["${webhook.delivery}"]) { result: count ${errors} }`,
  ],
  deleteWebhookEndpoint: ({ webhook }) => [`id: "${webhook.endpoint}") { result: deletedId ${errors} }`],
};
Object.assign(mutations, withoutDryRun);
for (const [field, args] of Object.entries(documentMutations)) {
  mutations[field] = ({ documents }) => args(documents).map((text) => `${text} ${errors} }`);
}
export const mutation = (field: string, text: string, dryRun: boolean) =>
  `mutation { payload: ${field}(${text.replace('DRY', `dryRun: ${dryRun}`)} }`;
export const scopeOf = (field: string) =>
  field in queries
    ? 'read'
    : /Webhook/.test(field)
      ? 'webhook'
      : ['updateBillingSettings', 'registerDocuments'].includes(field)
        ? 'admin'
        : /Payment$/.test(field)
          ? 'pay'
          : /Invoice|CreditMemo|BillRun/.test(field)
            ? 'bill'
            : /Account|Order$|LineItem/.test(field)
              ? 'order'
              : 'fulfill';
