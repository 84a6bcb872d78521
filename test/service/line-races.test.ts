import { Refusal, type UserErrorCode } from '../../src/domain/errors';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { updateOrderLineItem, updateOrderLineItems } from '../../src/service/order-line-item-change';
import type { Work } from '../../src/service/run/work';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * Line items, their returns and the settings they are billed by, changed from several connections at once. What each
 * request is told has to fit with what the others are told; the books are looked at after every test.
 */
let gateway: TestGatewayServer;
let work: Work;
let entities = 0;

/** An entity of its own, for what changes settings. */
const elsewhere = async (): Promise<Work> =>
  (await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['Main'] }] })).work();

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 24, gatewayTimeoutMs: 10_000 });
  work = await elsewhere();
}, 60_000);
afterEach(async () => {
  await work.finish();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

type Told = UserErrorCode | 'done';

/** What each of some requests is told: "done", or the code of its first refusal. Anything else fails the test. */
const told = (...acts: Promise<unknown>[]): Promise<Told[]> =>
  Promise.all(
    acts.map((act) =>
      act.then(
        () => 'done' as const,
        (error) => {
          if (error instanceof Refusal) return error.errors[0].code;
          throw error;
        },
      ),
    ),
  );
const times = <T>(n: number, act: (at: number) => T): T[] => Array.from({ length: n }, (_, at) => act(at));
/** So many rounds, one after the other. */
async function rounds(n: number, round: (at: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < n; at++) await round(at);
}

const bills = { runBilling: true };
const without = { billingRule: 'TriggerWithoutFulfillment', billTargetDate: '2022-01-01' } as const;
const sent = { ...without, itemState: 'SentToBilling' } as const;
const delivery = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' };
type Sale = Awaited<ReturnType<typeof orderFor>>;

const returning = (by: Work, sale: Sale, lines: Partial<NewOrderLineItem>[], processingOptions: object | null = null) =>
  createOrder(by, {
    existingAccountNumber: sale.account.accountNumber,
    orderDate: '2022-01-05',
    category: 'Return',
    orderLineItems: lines.map((more) => ({
      ...{ itemName: 'Device, returned', itemCategory: 'Return', quantity: '1', billTargetDate: '2022-01-01' },
      ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
      ...more,
    })),
    processingOptions,
  });

describe('one line item', () => {
  test('booked, canceled and fulfilled at once is either, and has no fulfillments where it is Canceled', async () => {
    await rounds(15, async () => {
      const { orderLineItems } = await orderFor(work, [{ itemState: 'Executing' }]);
      const { id } = orderLineItems[0];
      const fulfillments = [{ ...delivery, orderLineItemId: id, quantity: '1', state: 'Booked' as const }];
      const [booked, canceled, ...created] = await told(
        updateOrderLineItem(work, id, { itemState: 'Booked' }),
        updateOrderLineItem(work, id, { itemState: 'Canceled' }),
        ...times(3, () => createFulfillments(work, { fulfillments })),
      );
      expect([booked, canceled].sort()).toEqual(['TRANSITION_NOT_ALLOWED', 'done']);
      const expected = canceled === 'done' ? ['ORDER_LINE_ITEM_NOT_BOOKED'] : ['ORDER_LINE_ITEM_NOT_BOOKED', 'done'];
      for (const one of created) expect(expected).toContain(one);
      const [line] = await gateway.database.owner<{ state: string; count: number; fulfillments: number }>(
        `select item_state::text as state, fulfillment_count as count, (
           select count(*)::integer from fulfillment where order_line_item_id = l.id) as fulfillments
         from order_line_item l where id = $1`,
        [id],
      );
      const count = created.filter((one) => one === 'done').length;
      expect(line).toEqual({ state: canceled === 'done' ? 'Canceled' : 'Booked', count, fulfillments: count });
    });
  });

  test('whose quantity is lowered as it is sent is never returned by what it had before', async () => {
    await rounds(15, async () => {
      const sale = await orderFor(work, [{ ...without, itemState: 'Executing', quantity: '10' }]);
      const [lowered, ...returned] = await told(
        updateOrderLineItem(work, sale.orderLineItems[0].id, { quantity: '2', itemState: 'SentToBilling' }),
        ...times(4, (at) => returning(work, sale, [{ quantity: at ? '3' : '2', itemState: 'Booked' }])),
      );
      expect(lowered).toBe('done');
      expect(['done', 'RETURN_NOT_ALLOWED']).toContain(returned[0]);
      for (const one of returned.slice(1)) expect(['RETURN_NOT_ALLOWED', 'QUANTITY_EXCEEDED']).toContain(one);
    });
  });

  test('that is billed by ten requests at once is billed and paid once', async () => {
    const { orderLineItems } = await orderFor(
      work,
      times(4, () => ({ ...sent, quantity: '3' })),
    );
    const entries = orderLineItems.map(({ id }) => ({ id, paymentTerm: 'Net 15' }));
    const results = await Promise.all(
      times(10, (at) =>
        updateOrderLineItems(work, {
          orderLineItems: at % 2 ? entries : [...entries].reverse(),
          processingOptions: { ...bills, collectPayment: true },
        }),
      ),
    );
    expect(results.flatMap(({ invoices }) => invoices)).toMatchObject([{ amount: '120', balance: '0' }]);
    expect(results.flatMap(({ payments }) => payments)).toMatchObject([{ amount: '120' }]);
  });
});

describe('an order', () => {
  test.each(['Executing', 'Booked'] as const)(
    'K6: three line items without fulfillments that go from %s to Complete at once leave it Complete',
    async (itemState) => {
      await rounds(8, async () => {
        const { order, orderLineItems } = await orderFor(
          work,
          times(3, () => ({ ...without, itemState })),
        );
        const done = await told(
          ...orderLineItems.map(({ id }) => updateOrderLineItem(work, id, { itemState: 'Complete' })),
        );
        expect(done).toEqual(['done', 'done', 'done']);
        const found = await gateway.database.owner('select state::text from orders where id = $1', [order.id]);
        expect(found).toEqual([{ state: 'Complete' }]);
      });
    },
  );
});

describe('a return', () => {
  test('booked as the rest of its sale is sent takes that rest only if it comes after', async () => {
    await rounds(15, async () => {
      const sale = await orderFor(work, [{ quantity: '10', amountPerUnit: '3.335' }]);
      const entry = { ...delivery, orderLineItemId: sale.orderLineItems[0].id };
      const { fulfillments } = await createFulfillments(work, {
        fulfillments: [
          { ...entry, quantity: '4', state: 'SentToBilling' },
          { ...entry, quantity: '6', state: 'Booked' },
        ],
        processingOptions: bills,
      });
      const { orderLineItems } = await returning(work, sale, [{ quantity: '4' }]);
      const [dispatched, booked] = await told(
        transitionFulfillments(work, {
          keys: [fulfillments[1]!.fulfillmentNumber],
          action: 'SendToBilling',
          processingOptions: bills,
        }),
        updateOrderLineItem(work, orderLineItems[0].id, {
          ...{ quantity: '10', itemState: 'SentToBilling', processingOptions: bills },
        }),
      );
      expect(dispatched).toBe('done');
      expect(['done', 'QUANTITY_EXCEEDED']).toContain(booked);
    });
  });
});

describe('settings', () => {
  test('a tax code taken away while orders use it goes only where none of them has it', async () => {
    await rounds(8, async () => {
      const own = await elsewhere();
      await updateBillingSettings(own, { taxCodes: [{ code: 'VAT', rate: '0.2' }] });
      const { account, orderLineItems } = await orderFor(own, [{ itemState: 'Executing' }]);
      const [line] = orderLineItems;
      const { itemName, itemType, quantity, amountPerUnit } = line;
      const sale = { itemName, itemType, quantity, amountPerUnit, taxCode: 'VAT' };
      const [removed, ...used] = await told(
        updateBillingSettings(own, { taxCodes: [] }),
        updateOrderLineItem(own, line.id, { taxCode: 'VAT' }),
        ...times(3, () =>
          createOrder(own, {
            ...{ existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', orderLineItems: [sale] },
          }),
        ),
      );
      expect(new Set(used)).toEqual(new Set([removed === 'done' ? 'INVALID_VALUE' : 'done']));
      expect(['done', 'FIELD_LOCKED']).toContain(removed);
    });
  });

  test('settlement turned off while a return is billed leaves a credit memo or an invoice below 0, never both', async () => {
    await rounds(8, async () => {
      const own = await elsewhere();
      const sale = await orderFor(own, [{ ...sent, quantity: '5' }]);
      const both = await Promise.allSettled([
        updateBillingSettings(own, { invoiceSettlement: false }),
        returning(own, sale, [{ itemState: 'SentToBilling' }], bills),
      ]);
      const [off, back] = both;
      const { invoices, creditMemos } = (back as PromiseFulfilledResult<Awaited<ReturnType<typeof returning>>>).value;
      const stays = off.status === 'rejected';
      if (stays) expect((off.reason as Refusal).errors[0].code).toBe('SETTLEMENT_REQUIRED');
      expect([creditMemos.length, invoices.length]).toEqual(stays ? [1, 0] : [0, 1]);
    });
  });
});

describe('batches that name the same line items in opposite orders', () => {
  test('all go through, whether they are of sales, returns, receipts, new returns, or of all with settings', async () => {
    const own = await elsewhere();
    await updateBillingSettings(own, { taxCodes: [{ code: 'VAT', rate: '0.2' }] });
    const lines = times(4, () => ({ ...sent, quantity: '100', taxCode: 'VAT' }));
    const sales = [await orderFor(own, lines), await orderFor(own, lines)];
    const every = times(4, (at) => ({ originalOrderLineItemNumber: String(at + 1) }));
    const waiting: string[] = [];
    const taking: string[] = [];
    for (const sale of sales) {
      const made = await returning(own, sale, every);
      waiting.push(...made.orderLineItems.map(({ id }) => id));
      const taken = { billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked', quantity: '20' } as const;
      const more = await returning(
        own,
        sale,
        every.map((one) => ({ ...one, ...taken })),
      );
      taking.push(...more.orderLineItems.map(({ id }) => id));
    }
    const sold = sales.flatMap(({ orderLineItems }) => orderLineItems.map(({ id }) => id));
    const turned = <T>(list: readonly T[], at: number): T[] => (at % 2 ? [...list] : [...list].reverse());
    const acts = times(10, (at) => [
      updateOrderLineItems(own, {
        orderLineItems: turned([...sold, ...waiting], at).map((id) =>
          sold.includes(id) ? { id, paymentTerm: `Net ${at + 1}` } : { id, description: `${at}` },
        ),
        processingOptions: bills,
      }),
      createFulfillments(own, {
        fulfillments: turned(taking, at).map((orderLineItemId) => ({
          ...{ ...delivery, orderLineItemId, quantity: '1', state: 'SentToBilling' as const },
        })),
        processingOptions: bills,
      }),
      returning(
        own,
        sales[at % 2],
        turned(every, at >> 1).map((one) => ({ ...one, itemState: 'SentToBilling' })),
        bills,
      ),
      updateBillingSettings(own, { taxCodes: [{ code: 'VAT', rate: `0.${at + 1}` }] }),
    ]).flat();
    expect(await told(...acts)).toEqual(acts.map(() => 'done'));
  });
});
