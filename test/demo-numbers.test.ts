import { readFileSync } from 'node:fs';
import { demoClientId, demoSecret, fillDemo } from '../src/demo/fill';
import { GraphContext } from '../src/graph/context';
import { run } from '../src/graph/read/execution';
import { grantsOf, isDemo } from '../src/service/client';
import { ofProcesses } from './support/database';
import { type TestGatewayServer, testGateway, workFor } from './support/gateway';
import { operationOf } from './support/operation';

/*
 * What the demo calls by number, as README and docs do, and that each filling gives the same numbers and amounts.
 */
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
const fill = () => fillDemo(gateway.services, { url: gateway.database.url });

async function queried(query: string, client = demoClientId, more: Record<string, string> = {}) {
  const { access_token: token } = await gateway.server.identity.issue(client, demoSecret);
  const headers = { authorization: `Bearer ${token}`, ...more };
  const response = await gateway.server.app.inject({ method: 'POST', url: '/graphql', headers, payload: { query } });
  expect(response.json().errors).toBeUndefined();
  return response.json().data;
}

beforeAll(async () => {
  gateway = await testGateway();
  // As two processes that start together do: it is filled once.
  await Promise.all([fill(), fill()]);
});
afterAll(() => gateway.close());

/** The queries of a page that are followed by their answer. */
const answered = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/```graphql\n([^`]*)```\s+```json\n([^`]*)```/g)].map((match) => ({
    section: `${file}: ${match.input
      .slice(0, match.index)
      .match(/^## .*$/gm)!
      .at(-1)!}`,
    query: match[1],
    answer: match[2],
  }));

describe('README.md and docs/billing.md', () => {
  const shown = ['README.md', 'docs/billing.md'].flatMap(answered);

  test('show the first query and the money trail with their answers', () => {
    expect(shown.map(({ section }) => section)).toEqual([
      'README.md: ## A first query',
      'docs/billing.md: ## Follow the money',
    ]);
  });

  test.each(shown)('$section: the demo answers as it says', async ({ query, answer }) => {
    expect({ data: await queried(query) }).toEqual(JSON.parse(answer));
  });
});

describe('the tour in docs/graph.md', () => {
  const [, ...questions] = readFileSync('docs/graph.md', 'utf8').split(/^#### \d+\. /m);
  const stops = questions.map((text) => {
    const [, query, variables, statements, answer] =
      /```graphql\n([^`]*)```\n\nVariables:\n\n```json\n([^`]*)```\n\nAnswer, in (\d+) statements?:\n\n```json\n([^`]*)```/.exec(
        text,
      ) ?? [];
    return { question: text.slice(0, text.indexOf('\n')), query, variables, statements, answer };
  });

  /** Three points stand for a text that differs from filling to filling. */
  const expected = (shown: unknown): unknown =>
    shown === '...'
      ? expect.stringMatching(/./)
      : Array.isArray(shown)
        ? shown.map(expected)
        : shown && typeof shown === 'object'
          ? Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, expected(value)]))
          : shown;

  test('has ten questions, each with a query, an answer and the number of statements that it takes', () => {
    expect(stops.filter(({ answer }) => answer)).toHaveLength(10);
  });

  test.each(stops)('$question The demo answers as it says', async ({ query, variables, statements, answer }) => {
    const work = await workFor(gateway.services, demoClientId);
    const found = await run(operationOf(query, JSON.parse(variables)), new GraphContext(work));
    expect(JSON.parse(JSON.stringify(found))).toEqual(expected(JSON.parse(answer)));
    expect(work.counter.statements).toBe(Number(statements));
  });
});

describe('docs/query-views.md', () => {
  const page = readFileSync('docs/query-views.md', 'utf8');
  const queries = [...page.matchAll(/```graphql\n([^`]*)```/g)].map(([, query]) => query);

  test('has a query for each view', () => {
    expect(page.match(/^## .*$/gm)).toHaveLength(7);
    expect(queries.length).toBeGreaterThanOrEqual(6);
  });

  test.each(queries)('finds something with %s', async (query) => {
    for (const list of Object.values<{ nodes: object[] }>(await queried(query))) {
      expect(list.nodes.length).toBeGreaterThan(0);
    }
  });
});

describe('the bill runs of the demo', () => {
  const document = 'status amount account { name }';
  const runs = `{ billRuns(orderBy: { field: createdDate, direction: ASC }) { nodes { billRunNumber status total done failed
    failures { nodes { code message account { name } } }
    invoices { nodes { ${document} } } creditMemos { nodes { ${document} } } } } }`;
  const byAccount = (documents: { nodes: { account: { name: string } }[] }) =>
    documents.nodes.sort((a, b) => (a.account.name < b.account.name ? -1 : 1));
  const posted = (name: string, amount: string) => ({ status: 'Posted', amount, account: { name } });
  const draft = (name: string, amount: string) => ({ status: 'Draft', amount, account: { name } });

  test('are posted twice, the second time past items that are parked, and then wait to be posted', async () => {
    const { billRuns } = await queried(runs);
    const found = billRuns.nodes.map((run: Record<'invoices' | 'creditMemos' | 'failures', { nodes: never[] }>) => ({
      ...run,
      invoices: byAccount(run.invoices),
      creditMemos: byAccount(run.creditMemos),
      failures: run.failures.nodes,
    }));
    const parked = ['10734390000000', '10669725000000'].map((amount) => ({
      code: 'LIMIT_EXCEEDED',
      message: `The billing document would have the amount ${amount}; at most 13 digits before the decimal point are allowed.`,
      account: { name: 'Nutmeg Imports' },
    }));
    expect(found).toEqual([
      {
        ...{ billRunNumber: 'BR-00000001', status: 'Posted', total: 3, done: 3, failed: 0, failures: [] },
        invoices: [
          posted('Kapok Clinics', '258.66'),
          posted('Larch Hotels', '1747.50'),
          posted('Maple Farms', '479.92'),
        ],
        creditMemos: [],
      },
      {
        ...{ billRunNumber: 'BR-00000002', status: 'Posted', total: 7, done: 5, failed: 2, failures: parked },
        invoices: [posted('Kapok Clinics', '258.66'), posted('Maple Farms', '839.86')],
        creditMemos: [posted('Kapok Clinics', '51.73'), posted('Larch Hotels', '349.50')],
      },
      {
        ...{ billRunNumber: 'BR-00000003', status: 'Completed', total: 4, done: 4, failed: 0, failures: [] },
        invoices: [draft('Kapok Clinics', '310.39'), draft('Larch Hotels', '1048.50'), draft('Maple Farms', '359.94')],
        creditMemos: [draft('Larch Hotels', '349.50')],
      },
    ]);
  });

  test('leave a draft credit memo and a draft invoice that are posted together', async () => {
    const query = `mutation { postCreditMemo(key: "CM00000091", dryRun: true) {
      creditMemo { status } invoices { invoiceNumber status account { name } } userErrors { code } } }`;
    expect((await queried(query)).postCreditMemo).toEqual({
      creditMemo: { status: 'Posted' },
      invoices: [{ invoiceNumber: 'INV00000205', status: 'Posted', account: { name: 'Larch Hotels' } }],
      userErrors: [],
    });
  });

  const invoice = (number: string) => `invoice(key: "${number}") { amount balance reversed
    paymentApplications { amount payment { status amount refundAmount } }
    creditMemoApplications { amount creditMemo { creditMemoNumber amount } }
    offsets { amount negativeInvoice { invoiceNumber amount balance } } }`;
  const plain = { reversed: false, paymentApplications: [], creditMemoApplications: [], offsets: [] };
  const paid = (amount: string, of: string, refundAmount: string) => ({
    amount,
    payment: { status: 'Processed', amount: of, refundAmount },
  });
  const credited = (amount: string, creditMemoNumber: string, of: string) => ({
    amount,
    creditMemo: { creditMemoNumber, amount: of },
  });

  test.each([
    [
      'INV00000200',
      'paid',
      { amount: '258.66', balance: '0.00', paymentApplications: [paid('258.66', '258.66', '0.00')] },
    ],
    [
      'INV00000203',
      'credited by a whole memo, paid, and refunded in part',
      {
        ...{ amount: '258.66', balance: '20.00', paymentApplications: [paid('186.93', '206.93', '20.00')] },
        creditMemoApplications: [credited('51.73', 'CM00000089', '51.73')],
      },
    ],
    [
      'INV00000201',
      'refunded whole, and credited by a part of a memo',
      {
        ...{ amount: '1747.50', balance: '1647.50' },
        creditMemoApplications: [credited('100.00', 'CM00000090', '349.50')],
      },
    ],
    [
      'INV00000202',
      'reversed',
      {
        ...{ amount: '479.92', balance: '0.00', reversed: true },
        creditMemoApplications: [credited('479.92', 'CM00000088', '479.92')],
      },
    ],
  ])('show %s %s', async (number, _what, expected) => {
    expect((await queried(`{ ${invoice(number)} }`)).invoice).toEqual({ ...plain, ...expected });
  });

  test('show the payment that was refunded whole, and the reversed charge on the next bill', async () => {
    const { payments, fulfillment } = await queried(
      `{ payments(filter: { status: Refunded }) { nodes { amount refundAmount applications { id } account { name } } }
        fulfillment(key: "F-00000005") { invoiceItems { invoice { invoiceNumber reversed billRun { billRunNumber } } } } }`,
    );
    const refund = { amount: '1747.50', refundAmount: '1747.50', applications: [], account: { name: 'Larch Hotels' } };
    expect(payments.nodes).toEqual([refund]);
    const bill = (invoiceNumber: string, reversed: boolean, billRunNumber: string) => ({
      invoice: { invoiceNumber, reversed, billRun: { billRunNumber } },
    });
    expect(fulfillment.invoiceItems).toEqual([
      bill('INV00000202', true, 'BR-00000001'),
      bill('INV00000204', false, 'BR-00000002'),
    ]);
  });

  test('show without invoice settlement a negative invoice that was taken off what was collected', async () => {
    const client = '00000000-0000-4000-8000-000000000002';
    const { entities } = (await grantsOf(gateway.services.db.reads(), client))!;
    const { id } = entities.find(({ name }) => name === 'Southwind Services')!;
    const found = await queried(`{ ${invoice('INV00000112')} }`, client, { 'Zuora-Entity-Ids': id });
    expect(found.invoice).toEqual({
      ...{ ...plain, amount: '1398.00', balance: '0.00', paymentApplications: [paid('1048.50', '1048.50', '0.00')] },
      offsets: [
        { amount: '349.50', negativeInvoice: { invoiceNumber: 'INV00000113', amount: '-349.50', balance: '0.00' } },
      ],
    });
  });
});

/** Every row of every table, to the letter. */
async function stored(): Promise<Record<string, string>> {
  const tables = await gateway.database.owner<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'test_gateway')
       and tablename <> all(${ofProcesses}) order by 1`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await gateway.database.owner<{ rows: string }>(
      `select coalesce(jsonb_agg(t order by to_jsonb(t)), '[]')::text as rows from ${name} t`,
    );
    found[name] = row.rows;
  }
  return found;
}

const told = [
  'name',
  'state',
  'item_state',
  'item_name',
  'external_id',
  'quantity',
  'amount',
  'balance',
  'status',
  'code',
];

/** What two fillings have in common: how much there is of everything, and what each business number stands for. */
const counted = (tables: Record<string, string>) =>
  Object.entries(tables).map(([name, rows]) => {
    const list: Record<string, unknown>[] = JSON.parse(rows);
    const numbers = Object.keys(list[0] ?? {}).filter((column) => column.endsWith('_number'));
    return [name, list.length, list.map((row) => [...numbers, ...told].map((column) => row[column]).join(' ')).sort()];
  });

test('a demo is filled in once: a second start changes nothing', async () => {
  const before = await stored();
  await fill();
  expect(await stored()).toEqual(before);
});

test('a demo that was not filled to its end is cleared and filled anew by the next start, with the same numbers', async () => {
  const { owner } = gateway.database;
  const whole = counted(await stored());
  await owner('delete from client where id = $1', [demoClientId]);
  await owner(`create function stop() returns trigger language plpgsql as
    $$ begin if new.name like 'Dogwood%' then raise 'killed'; end if; return new; end $$`);
  await owner('create trigger stop before insert on account for each row execute function stop()');
  await expect(fill()).rejects.toThrow('killed');
  const half = await stored();
  expect(JSON.parse(half['public.account']).length).toBeGreaterThan(0);
  expect(half['public.client']).not.toContain(demoClientId);

  await owner('drop trigger stop on account');
  await owner("insert into entity values (gen_random_uuid(), 'Stray')");
  await fill();
  expect(counted(await stored())).toEqual(whole);
  expect(await isDemo(gateway.services.db.reads(), demoClientId)).toBe(true);
  expect((await gateway.database.owner<{ n: string }>('select min(account_number) as n from account'))[0].n).toBe(
    'A00000001',
  );
});
