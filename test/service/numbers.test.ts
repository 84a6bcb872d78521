import { createAccount } from '../../src/service/account';
import { createOrder } from '../../src/service/order';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.close());

const next = (number: string, by: number): string => {
  const [, prefix, digits] = /^(\D+)(\d+)$/.exec(number)!;
  return prefix + String(Number(digits) + by).padStart(digits.length, '0');
};

test('N12: a new order and a new account step over the numbers that callers chose ahead of them', async () => {
  const client = await gateway.client();
  const work = await client.work();
  const { order, account } = await orderFor(work);
  const line = { itemName: 'Device', itemType: 'Product', quantity: '1', amountPerUnit: '1' } as const;
  const input = { existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', orderLineItems: [line] };
  const customer = { name: 'Customer', currency: 'USD' };
  // Of another org, so out of the sight of whoever runs into them.
  const south = await (await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] })).work();
  const theirs = await createAccount(south, { ...customer, accountNumber: 'THEIRS' });
  for (const by of [1, 2, 3]) {
    const orderNumber = next(order.orderNumber, by);
    await createOrder(south, { ...input, existingAccountNumber: theirs.account.accountNumber, orderNumber });
    await createAccount(south, { ...customer, accountNumber: next(account.accountNumber, by) });
  }
  const made = await createOrder(work, input);
  expect(made.order.orderNumber).toBe(next(order.orderNumber, 4));
  const opened = await createAccount(work, customer);
  expect(opened.account.accountNumber).toBe(next(account.accountNumber, 4));
});

test('N12: orders made at the same time, some with the numbers that come next, all come through', async () => {
  const work = await (await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] })).work();
  const { order, account } = await orderFor(work);
  const line = { itemName: 'Device', itemType: 'Product', quantity: '1', amountPerUnit: '1' } as const;
  const input = { existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', orderLineItems: [line] };
  const chosen = [2, 3, 5, 8].map((by) => ({ ...input, orderNumber: next(order.orderNumber, by) }));
  const outcomes = await Promise.allSettled(
    [input, ...chosen, input, input, input, input].map((each) => createOrder(work, each)),
  );
  // Whoever chose a number that another has been given already is told that it is taken; nobody is told to try again.
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  for (const reason of refused) expect(reason).toMatch(/DUPLICATE/);
  const numbers = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value.order.orderNumber] : [],
  );
  expect(numbers.length).toBeGreaterThanOrEqual(5);
  expect(new Set(numbers).size).toBe(numbers.length);
});
