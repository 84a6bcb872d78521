import { drift } from '../support/books';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * Requests that meet on the same rows, each on a connection of its own. Whatever the outcome of a race, afterwards every
 * counter must be what the rows say.
 */
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 20 });
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

const linesOf = async (lines: object[], account: object = {}): Promise<string[]> =>
  (await orderFor(await client.work(), lines, account)).orderLineItems.map((line) => line.id);

const fields = `fulfillments { id fulfillmentNumber state } invoices { invoiceNumber } payments { paymentNumber }
  userErrors { code path }`;
type Entry = Record<string, unknown>;

const create = (entries: Entry[], options: object | null = null) =>
  client.graphql(
    `mutation ($input: CreateFulfillmentsInput!) { made: createFulfillments(input: $input) { ${fields} } }`,
    {
      input: {
        fulfillments: entries.map((entry) => ({
          fulfillmentDate: '2022-01-01',
          billTargetDate: '2022-01-01',
          ...entry,
        })),
        processingOptions: options,
      },
    },
  );
const move = (action: 'book' | 'cancel' | 'complete', keys: string[]) =>
  client.graphql(`mutation ($keys: [ID!]!) { made: ${action}Fulfillments(keys: $keys) { ${fields} } }`, { keys });
const send = (keys: string[], options: object | null = null) =>
  client.graphql(
    `mutation ($keys: [ID!]!, $options: ProcessingOptionsInput) {
      made: sendFulfillmentsToBilling(keys: $keys, processingOptions: $options) { ${fields} } }`,
    { keys, options },
  );
const idsOf = (answer: Answer): string[] => answer.body.data.made.fulfillments.map((one: { id: string }) => one.id);

/** "done", or the code of the first refusal. Anything else fails the test. */
function outcome({ body }: Answer): string {
  expect(body.errors).toBeUndefined();
  return body.data.made.userErrors[0]?.code ?? 'done';
}

const tally = (answers: Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
  return counts;
};
const times = <T>(n: number, act: (at: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, at) => act(at)));

afterEach(async () => {
  await gateway.server.settled();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});

describe('requests at the same time', () => {
  test('50 creates on one line fulfil what there is and not one unit more', async () => {
    const [line] = await linesOf([{ quantity: '100' }]);
    const answers = await times(50, () => create([{ orderLineItemId: line, quantity: '3', state: 'Booked' }]));
    expect(tally(answers)).toEqual({ done: 33, QUANTITY_EXCEEDED: 17 });
  });

  test('50 creates of different sizes, sent and billed at once, complete the line when it is full', async () => {
    const [line] = await linesOf([{ quantity: '60.5' }]);
    const answers = await times(50, (at) =>
      create([{ orderLineItemId: line, quantity: String((at % 5) + 0.5), state: 'SentToBilling' }], {
        runBilling: true,
      }),
    );
    expect(
      Object.keys(tally(answers)).every((key) =>
        ['done', 'QUANTITY_EXCEEDED', 'ORDER_LINE_ITEM_NOT_BOOKED'].includes(key),
      ),
    ).toBe(true);
    const [{ fulfilled_quantity: filled }] = await gateway.database.owner<{ fulfilled_quantity: string }>(
      'select fulfilled_quantity from order_line_item where id = $1',
      [line],
    );
    expect(Number(filled)).toBeGreaterThan(59);
    expect(Number(filled)).toBeLessThanOrEqual(60.5);
  });

  test('T11: of ten more on a line with 98 fulfillments two fit, and the 101st never does', async () => {
    const [line] = await linesOf([{}]);
    const entry = { orderLineItemId: line, quantity: '1' };
    expect(outcome(await create(Array(98).fill(entry)))).toBe('done');
    expect(tally(await times(10, () => create([entry])))).toEqual({ done: 2, LIMIT_EXCEEDED: 8 });
  });

  test('two Executing fulfillments that do not fit together: one is booked', async () => {
    const [line] = await linesOf([{ quantity: '100' }]);
    const made = await times(2, () => create([{ orderLineItemId: line, quantity: '60' }]));
    const answers = await Promise.all(made.map((one) => move('book', idsOf(one))));
    expect(tally(answers)).toEqual({ done: 1, QUANTITY_EXCEEDED: 1 });
  });

  test('batches that name the same lines in opposite orders all go through', async () => {
    const lines = [...(await linesOf(Array(6).fill({}))), ...(await linesOf(Array(6).fill({})))];
    const entries = lines.map((orderLineItemId) => ({ orderLineItemId, quantity: '2', state: 'SentToBilling' }));
    const answers = await times(20, (at) =>
      create(at % 2 ? entries : [...entries].reverse(), { runBilling: true, collectPayment: true }),
    );
    expect(tally(answers)).toEqual({ done: 20 });
    expect(
      new Set(answers.flatMap((answer) => answer.body.data.made.invoices).map((one) => one.invoiceNumber)).size,
    ).toBe(40);
  });

  test('moves that name the same fulfillments in opposite orders: one batch wins as a whole', async () => {
    const lines = await linesOf(Array(8).fill({}));
    const keys = idsOf(await create(lines.map((orderLineItemId) => ({ orderLineItemId, quantity: '1' }))));
    const answers = await times(10, (at) => move(at % 3 ? 'book' : 'cancel', at % 2 ? keys : [...keys].reverse()));
    expect(tally(answers)).toEqual({ done: 1, TRANSITION_NOT_ALLOWED: 9 });
    const states = await gateway.database.owner('select distinct state::text from fulfillment where id = any($1)', [
      keys,
    ]);
    expect(states).toHaveLength(1);
  });

  test('book against cancel of one fulfillment: one of the two happens, twenty times', async () => {
    const [line] = await linesOf([{}]);
    const keys = idsOf(await create(Array(20).fill({ orderLineItemId: line, quantity: '1' })));
    const answers = await Promise.all(keys.map((key) => Promise.all([move('book', [key]), move('cancel', [key])])));
    for (const pair of answers) expect(pair.map(outcome).sort()).toEqual(['TRANSITION_NOT_ALLOWED', 'done']);
  });

  test('delete against send of one fulfillment: it is either gone or billed', async () => {
    const [line] = await linesOf([{}]);
    const keys = idsOf(await create(Array(10).fill({ orderLineItemId: line, quantity: '1' })));
    const remove = (key: string) =>
      client.request({ method: 'DELETE', url: `/v1/fulfillments/${key}` }).then((answer) => answer.body.success);
    const pairs = await Promise.all(keys.map((key) => Promise.all([remove(key), send([key], { runBilling: true })])));
    for (const [removed, sent] of pairs) expect(outcome(sent)).toBe(removed ? 'NOT_FOUND' : 'done');
  });

  test('ten sends of the same fulfillments bill and charge them once', async () => {
    const [line] = await linesOf([{ quantity: '10' }]);
    const keys = idsOf(await create(Array(5).fill({ orderLineItemId: line, quantity: '2', state: 'Booked' })));
    const answers = await times(10, (at) =>
      send(at % 2 ? keys : [...keys].reverse(), { runBilling: true, collectPayment: true }),
    );
    expect(tally(answers)).toEqual({ done: 1, TRANSITION_NOT_ALLOWED: 9 });
    await gateway.server.settled();
    const charges = await gateway.database.owner(
      `select c.amount, c.status::text from test_gateway.charge c join payment_attempt a on a.id = c.key
       where a.account_id = (select account_id from order_line_item where id = $1)`,
      [line],
    );
    expect(charges).toEqual([{ amount: '100', status: 'Captured' }]);
  });

  test('K6: three lines of one order sent by three requests leave the order Complete', async () => {
    for (let round = 0; round < 5; round++) {
      const lines = await linesOf(Array(3).fill({ quantity: '4' }));
      await Promise.all(
        lines.map((line) =>
          create([{ orderLineItemId: line, quantity: '4', state: 'SentToBilling' }], { runBilling: true }),
        ),
      );
      const [order] = await gateway.database.owner(
        'select o.state::text from orders o join order_line_item l on l.order_id = o.id where l.id = $1',
        [lines[0]],
      );
      expect(order).toEqual({ state: 'Complete' });
    }
  });

  test('changes of one fulfillment that expect the same version: one is made', async () => {
    const [line] = await linesOf([{}]);
    const [key] = idsOf(await create([{ orderLineItemId: line, quantity: '1' }]));
    const answers = await times(8, (at) =>
      client.graphql(
        `mutation ($key: ID!, $input: UpdateFulfillmentInput!) {
          made: updateFulfillment(key: $key, input: $input, expectedVersion: 1) { fulfillment { version } userErrors { code } } }`,
        { key, input: { quantity: String(at + 2) } },
      ),
    );
    expect(tally(answers)).toEqual({ done: 1, VERSION_CONFLICT: 7 });
  });
});
