import type { BillingSettingsInput } from '../../src/domain/billing-settings-change';
import { bill } from '../../src/service/billing';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { updateFulfillment } from '../../src/service/fulfillment-change';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { updateOrderLineItem, updateOrderLineItems } from '../../src/service/order-line-item-change';
import type { Work } from '../../src/service/run/work';
import { lockAccountsForBilling } from '../../src/store/account';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { rowsBy } from '../../src/store/query/write';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

/* What random sequences of mutations have upset, or come close to. */
let gateway: TestGatewayServer;
let work: Work;
let entities = 0;

beforeAll(async () => {
  gateway = await testGateway();
});
beforeEach(async () => {
  work = await (await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['Main'] }] })).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const bills = { runBilling: true };
const sent = {
  billingRule: 'TriggerWithoutFulfillment',
  itemState: 'SentToBilling',
  billTargetDate: '2022-01-01',
} as const;
const delivery = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', state: 'SentToBilling' } as const;
type Sale = Awaited<ReturnType<typeof orderFor>>;

const returning = async (sale: Sale, lines: Partial<NewOrderLineItem>[]) => {
  const { orderLineItems } = await createOrder(work, {
    existingAccountNumber: sale.account.accountNumber,
    orderDate: '2022-01-05',
    category: 'Return',
    orderLineItems: lines.map((more) => ({
      ...{ itemName: 'Device, returned', itemCategory: 'Return', quantity: '1', billTargetDate: '2022-01-01' },
      ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
      ...more,
    })),
  });
  return orderLineItems;
};

describe('a sale that is billed in the same act as its returns', () => {
  test.each([
    ['credit memos', true],
    ['negative items', false],
  ])(
    'K5: 3 at 3.335 are credited by %s what they are billed, whichever is named first',
    async (_, invoiceSettlement) => {
      await updateBillingSettings(work, { invoiceSettlement });
      for (const saleFirst of [true, false]) {
        const sale = await orderFor(work, [{ quantity: '3', amountPerUnit: '3.335', ...sent }]);
        const returns = (await returning(sale, [{}, {}, {}])).map(({ id }) => ({ id, itemState: sent.itemState }));
        const named = { id: sale.orderLineItems[0].id, paymentTerm: 'Net 30' };
        const { invoices, creditMemos } = await updateOrderLineItems(work, {
          orderLineItems: saleFirst ? [named, ...returns] : [...returns, named],
          processingOptions: bills,
        });
        expect(invoices.map(({ amount }) => amount)).toEqual([invoiceSettlement ? '10.01' : '0']);
        expect(creditMemos.map(({ amount }) => amount)).toEqual(invoiceSettlement ? ['10.01'] : []);
      }
    },
  );
});

describe('a line item in a unit that is kept with fewer decimals from now on', () => {
  const whole: BillingSettingsInput = { units: [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' }] };
  const halves = { quantity: '2.5', unitOfMeasure: 'Each' };

  test('keeps its quantity when it is moved or changed, be it booked, fulfilled, billed or returned', async () => {
    const sale = await orderFor(work, [halves, { ...halves, ...sent }, { ...halves, itemState: 'Executing' }]);
    const [fulfilled, billed, waiting] = sale.orderLineItems;
    await createFulfillments(work, {
      fulfillments: [{ ...delivery, orderLineItemId: fulfilled.id, quantity: '2.5', state: 'Booked' }],
    });
    const named = { originalOrderLineItemNumber: '2', quantity: '2.5' };
    const [returned] = await returning(sale, [{ ...named, itemState: 'Booked' }]);
    await updateBillingSettings(work, whole);
    const { orderLineItems } = await updateOrderLineItems(work, {
      orderLineItems: [
        { id: fulfilled.id, billTargetDate: '2022-01-02' },
        { id: billed.id, paymentTerm: 'Net 15' },
        { id: waiting.id, itemState: 'Booked' },
        { id: returned.id, itemState: 'SentToBilling' },
      ],
      processingOptions: bills,
    });
    expect(orderLineItems.map((line) => line!.quantity)).toEqual(['2.5', '2.5', '2.5', '2.5']);
  });

  const odd = { quantity: '4.6', unitOfMeasure: 'Each' };
  const deliver = (orderLineItemId: string, ...quantities: string[]) =>
    createFulfillments(work, {
      fulfillments: quantities.map((quantity) => ({ ...delivery, orderLineItemId, quantity })),
    });

  test('is fulfilled to its end, at once or by the rest that the unit cannot say', async () => {
    const { orderLineItems } = await orderFor(work, [odd, odd, odd]);
    await updateBillingSettings(work, whole);
    await deliver(orderLineItems[0].id, '4.6');
    await deliver(orderLineItems[1].id, '4', '0.6');
    const entry = { ...delivery, state: 'Executing' as const, orderLineItemId: orderLineItems[2].id };
    const { fulfillments } = await createFulfillments(work, { fulfillments: [{ ...entry, quantity: '4.2' }] });
    expect(fulfillments[0]!.quantity).toBe('4');
    await updateFulfillment(work, fulfillments[0]!.id, { quantity: '4.6', state: 'SentToBilling' });
    const ids = orderLineItems.map(({ id }) => id);
    const lines = await rowsBy<OrderLineItemRow>(work.reads(), OrderLineItemRow, 'id', ids);
    expect(lines.map(({ itemState, fulfilledQuantity }) => [itemState, fulfilledQuantity])).toEqual(
      Array(3).fill(['Complete', '4.6']),
    );
  });

  test('is returned to its end, at once or by the rest that the unit cannot say', async () => {
    const sale = await orderFor(work, [
      { ...odd, ...sent },
      { ...odd, ...sent },
      { ...odd, ...sent },
    ]);
    await updateBillingSettings(work, whole);
    const back = (originalOrderLineItemNumber: string, ...quantities: string[]) =>
      returning(
        sale,
        quantities.map((quantity) => ({ originalOrderLineItemNumber, quantity })),
      );
    const quantities = (lines: { quantity: string }[]) => lines.map(({ quantity }) => quantity);
    expect(quantities(await back('1', '4.6'))).toEqual(['4.6']);
    expect(quantities(await back('2', '4.2', '0.6'))).toEqual(['4', '0.6']);
    const [third] = await back('3', '4.2');
    const { orderLineItem } = await updateOrderLineItem(work, third.id, { quantity: '4.6', itemState: 'Booked' });
    expect(orderLineItem.quantity).toBe('4.6');
  });

  test('is returned in that unit, repeated or not, though it is taken away from the settings', async () => {
    const sale = await orderFor(work, [{ ...odd, ...sent }]);
    await updateBillingSettings(work, { units: [{ name: 'Box', decimals: 0 }] });
    const lines = await returning(sale, [{ unitOfMeasure: 'Each', quantity: '0.7' }, {}]);
    expect(lines.map(({ unitOfMeasure, quantity }) => [unitOfMeasure, quantity])).toEqual([
      ['Each', '0.7'],
      ['Each', '1'],
    ]);
  });

  test('has one that is entered, or that comes into the unit, rounded', async () => {
    const { orderLineItems } = await orderFor(work, [
      { ...halves, itemState: 'Executing' },
      { quantity: '2.5', itemState: 'Executing' },
    ]);
    await updateBillingSettings(work, whole);
    const changes = [{ quantity: '3.5' }, { unitOfMeasure: 'Each' }];
    for (const [at, { id }] of orderLineItems.entries()) {
      const { orderLineItem } = await updateOrderLineItem(work, id, changes[at]);
      expect(orderLineItem.quantity).toBe(['3', '2'][at]);
    }
  });
});

test('a request that waits for who bills the same line item finds it billed, and nothing left to bill', async () => {
  const { account, orderLineItems } = await orderFor(work, [{ quantity: '3', ...sent }]);
  const [line] = orderLineItems;
  let waiting: ReturnType<typeof updateOrderLineItem> | undefined;
  // A bill run holds the account alone, and not the line item.
  await work.run(false, async (unit) => {
    await lockAccountsForBilling(unit.db, [account.id]);
    waiting = updateOrderLineItem(work, line.id, { paymentTerm: 'Net 1', processingOptions: bills });
    await gateway.database.blocked();
    expect((await bill(unit, { lines: [line] }, bills, [])).invoices).toHaveLength(1);
  });
  expect(await waiting).toMatchObject({ orderLineItem: { paymentTerm: 'Net 1' }, invoices: [] });
});
