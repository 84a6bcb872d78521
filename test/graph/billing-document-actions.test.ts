import { type Scope, scopes } from '../../src/domain/caller';
import { applyCreditMemo } from '../../src/service/credit-memo';
import { reverseInvoice } from '../../src/service/reversal';
import type { Work } from '../../src/service/run/work';
import { credited, deliver, drafted, invoiced, ofBillRun, sisters } from '../support/billed';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
});
afterEach(async () => {
  await work.finish();
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

/** What the graph must say of a document to a client with every scope: the codes against each act, none where allowed. */
interface Situation {
  make: () => Promise<{ invoice?: string; memo?: string; against?: string }>;
  blocked: Record<string, string[]>;
}

const status = ['DOCUMENT_STATUS'];
const inUse = ['DOCUMENT_IN_USE'];
const nothing = ['BALANCE_EXCEEDED'];

const situations: Record<string, Situation> = {
  'a draft invoice': {
    make: async () => {
      const { invoice } = await invoiced(work);
      await drafted(gateway, invoice.id);
      return { invoice: invoice.id };
    },
    blocked: { Post: [], Unpost: status, Cancel: [], Reverse: status, CollectPayment: status },
  },
  'a posted invoice': {
    make: async () => ({ invoice: (await invoiced(work)).invoice.id }),
    blocked: { Post: status, Unpost: [], Cancel: status, Reverse: [], CollectPayment: [] },
  },
  'a posted invoice of an account that cannot pay': {
    make: async () => ({ invoice: (await invoiced(work, ['5'], {}, { paymentMethodToken: null })).invoice.id }),
    blocked: { Post: status, Unpost: [], Cancel: status, Reverse: [], CollectPayment: ['PAYMENT_METHOD_MISSING'] },
  },
  'a paid invoice': {
    make: async () => {
      const { orderLineItems } = await orderFor(work);
      const options = { runBilling: true, collectPayment: true };
      return { invoice: (await deliver(work, orderLineItems[0].id, ['5'], options)).invoices[0].id };
    },
    blocked: { Post: status, Unpost: inUse, Cancel: status, Reverse: inUse, CollectPayment: nothing },
  },
  'an invoice of which a sister is applied': {
    make: async () => {
      const { invoice, memo, sale } = await sisters(work);
      await applyCreditMemo(work, memo.id, sale.invoice.id);
      return { invoice: invoice.id };
    },
    blocked: {
      Post: [...status, ...status],
      Unpost: inUse,
      Cancel: [...status, ...status],
      Reverse: [],
      CollectPayment: [],
    },
  },
  'a canceled invoice': {
    make: async () => {
      const { invoice } = await invoiced(work);
      await drafted(gateway, invoice.id);
      const client = await gateway.client();
      await client.graphql(`mutation { cancelInvoice(key: "${invoice.id}") { userErrors { code } } }`);
      return { invoice: invoice.id };
    },
    blocked: { Post: status, Unpost: status, Cancel: status, Reverse: status, CollectPayment: status },
  },
  'an invoice of which the bill run is being posted': {
    make: async () => {
      const { invoice } = await invoiced(work);
      await ofBillRun(gateway, invoice, 'PostInProgress');
      return { invoice: invoice.id };
    },
    blocked: {
      Post: [...inUse, ...status],
      Unpost: inUse,
      Cancel: [...inUse, ...status],
      Reverse: inUse,
      CollectPayment: [],
    },
  },
  'a draft credit memo': {
    make: async () => {
      const sale = await invoiced(work);
      const { memo } = await credited(work, sale, '2');
      await drafted(gateway, memo.id);
      return { memo: memo.id, against: sale.invoice.id };
    },
    blocked: { Post: [], Unpost: status, Cancel: [], Apply: status, Unapply: status },
  },
  'a posted credit memo': {
    make: async () => {
      const sale = await invoiced(work);
      return { memo: (await credited(work, sale, '2')).memo.id, against: sale.invoice.id };
    },
    blocked: { Post: status, Unpost: [], Cancel: status, Apply: [], Unapply: nothing },
  },
  'a credit memo that is applied in part': {
    make: async () => {
      const sale = await invoiced(work);
      const { memo } = await credited(work, sale, '2');
      await applyCreditMemo(work, memo.id, sale.invoice.id, '5');
      return { memo: memo.id, against: sale.invoice.id };
    },
    blocked: { Post: status, Unpost: inUse, Cancel: status, Apply: [], Unapply: [] },
  },
  'a credit memo of which the sister is a draft, as it is': {
    make: async () => {
      const { invoice, memo, sale } = await sisters(work);
      await drafted(gateway, invoice.id, memo.id);
      return { memo: memo.id, against: sale.invoice.id };
    },
    blocked: { Post: [], Unpost: [...status, ...status], Cancel: [], Apply: status, Unapply: status },
  },
  'a credit memo that reverses an invoice': {
    make: async () => {
      const { invoice } = await invoiced(work);
      return { memo: (await reverseInvoice(work, invoice.id)).creditMemos[0].id, against: invoice.id };
    },
    blocked: { Post: status, Unpost: inUse, Cancel: status, Apply: nothing, Unapply: inUse },
  },
};

const asked: [string, Scope[]][] = [
  ['every scope', [...scopes]],
  ['read and bill', ['read', 'bill']],
  ['read and pay', ['read', 'pay']],
];

const told = (blocks: { code: string }[]) => blocks.map(({ code }) => code);

async function allowed(client: TestClient, { invoice, memo }: { invoice?: string; memo?: string }) {
  const field = invoice ? `invoice(key: "${invoice}")` : `creditMemo(key: "${memo}")`;
  const { body } = await client.graphql(
    `{ document: ${field} { allowedActions { action allowed blockedBy { code message } } } }`,
  );
  expect(body.errors).toBeUndefined();
  return body.data.document.allowedActions as { action: string; allowed: boolean; blockedBy: { code: string }[] }[];
}

/** What a dry run of an act says: the codes of its refusal. */
async function tried(client: TestClient, action: string, keys: { invoice?: string; memo?: string; against?: string }) {
  const name = `${action[0].toLowerCase()}${action.slice(1)}${keys.invoice ? 'Invoice' : 'CreditMemo'}`;
  const target = action === 'Apply' || action === 'Unapply' ? `, invoiceKey: "${keys.against}"` : '';
  const { body } = await client.graphql(
    `mutation { tried: ${name}(key: "${keys.invoice ?? keys.memo}"${target}, dryRun: true) { userErrors { code message path } } }`,
  );
  if (body.errors) return ['PERMISSION_DENIED'];
  return told(body.data.tried.userErrors.filter(({ path }: { path: string[] }) => path[0] === 'key'));
}

describe.each(Object.entries(situations))('%s', (_, { make, blocked }) => {
  let keys: Awaited<ReturnType<Situation['make']>>;
  beforeAll(async () => {
    keys = await make();
  });

  test('tells all that there is to be done, and what speaks against it', async () => {
    const actions = await allowed(await gateway.client(), keys);
    expect(Object.fromEntries(actions.map(({ action, blockedBy }) => [action, told(blockedBy)]))).toEqual(blocked);
    for (const { allowed: may, blockedBy } of actions) expect(may).toBe(blockedBy.length === 0);
  });

  test.each(asked)('tells a client with %s what a dry run of each act tells it', async (_name, granted) => {
    const client = await gateway.client({ scopes: granted });
    for (const { action, blockedBy } of await allowed(client, keys)) {
      if (action === 'CollectPayment') {
        expect(told(blockedBy).includes('PERMISSION_DENIED')).toBe(!granted.includes('pay'));
        continue;
      }
      const without = granted.includes('bill') ? [] : ['PERMISSION_DENIED'];
      const expected = without.length ? without : told(blockedBy);
      expect([action, ...(await tried(client, action, keys))]).toEqual([action, ...expected]);
      expect(told(blockedBy)).toEqual([...without, ...blocked[action]]);
    }
  });
});
