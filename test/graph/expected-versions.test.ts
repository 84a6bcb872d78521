import { createFulfillments } from '../../src/service/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
});
afterAll(() => gateway.close());

async function executing(count: number): Promise<string[]> {
  const work = await client.work();
  const { orderLineItems } = await orderFor(work);
  const entry = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', quantity: '1' };
  const { fulfillments } = await createFulfillments(work, {
    fulfillments: Array(count).fill({ ...entry, billTargetDate: '2022-01-01' }),
  });
  return fulfillments.map((row) => row!.id);
}

async function move(name: string, keys: string[], expectedVersions?: (number | null)[] | null, onError = 'RejectAll') {
  const { body } = await client.graphql(
    `mutation ($keys: [ID!]!, $expectedVersions: [Int!], $onError: OnError!) {
      moved: ${name}(keys: $keys, expectedVersions: $expectedVersions, onError: $onError) {
        fulfillments { id state version }
        userErrors { code path ... on VersionConflict { currentVersion current { id } } } } }`,
    { keys, onError, ...(expectedVersions !== undefined && { expectedVersions }) },
  );
  return body.errors ? body.errors[0].extensions.code : body.data.moved;
}
const toBooked = (key: string) => move('bookFulfillments', [key]);

test.each([
  ['bookFulfillments', 'Booked'],
  ['sendFulfillmentsToBilling', 'SentToBilling'],
  ['cancelFulfillments', 'Canceled'],
])('N21: %s moves what stands at its expected version, each its own, and names what does not', async (name, state) => {
  const keys = await executing(3);
  const change =
    'mutation ($key: ID!) { updateFulfillment(key: $key, input: { carrier: "UPS" }) { userErrors { code } } }';
  await client.graphql(change, { key: keys[1] });
  const conflict = {
    ...{ code: 'VERSION_CONFLICT', path: ['expectedVersions', '1'] },
    ...{ currentVersion: 2, current: { id: keys[1] } },
  };
  expect(await move(name, keys, [1, 1, 1])).toEqual({ fulfillments: [null, null, null], userErrors: [conflict] });
  const skipped = await move(name, keys.slice(0, 2), [1, 1], 'SkipFailed');
  expect(skipped).toEqual({ fulfillments: [{ id: keys[0], state, version: 2 }, null], userErrors: [conflict] });
  expect((await move(name, keys.slice(1), [2, 1])).userErrors).toEqual([]);
});

test('N21: completeFulfillments looks at the versions before the rules', async () => {
  const [key] = await executing(1);
  expect((await move('completeFulfillments', [key], [7])).userErrors).toMatchObject([{ code: 'VERSION_CONFLICT' }]);
  expect((await move('completeFulfillments', [key], [1])).userErrors).toMatchObject([
    { code: 'TRANSITION_NOT_ALLOWED' },
  ]);
});

test('N21: versions are given for each key or not at all', async () => {
  const keys = await executing(2);
  for (const versions of [[1], [1, 1, 1], []]) {
    expect((await move('bookFulfillments', keys, versions)).userErrors).toEqual([
      { code: 'INVALID_VALUE', path: ['expectedVersions'] },
    ]);
  }
  expect(await move('bookFulfillments', keys, [1, null])).toBe('BAD_USER_INPUT');
  expect((await move('bookFulfillments', keys, null)).userErrors).toEqual([]);
});

test('N21: of many who saw the same version one moves it', async () => {
  const [key] = await executing(1);
  const answers = await Promise.all(Array.from({ length: 5 }, () => move('bookFulfillments', [key], [1])));
  const codes = answers.flatMap(({ userErrors }) => userErrors.map(({ code }: { code: string }) => code));
  expect(codes).toEqual(Array(4).fill('VERSION_CONFLICT'));
  expect((await toBooked(key)).userErrors).toMatchObject([{ code: 'TRANSITION_NOT_ALLOWED' }]);
});
