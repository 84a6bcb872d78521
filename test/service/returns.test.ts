import { add } from '../../src/domain/decimal';
import { Refusal } from '../../src/domain/errors';
import { quantitiesOf } from '../../src/domain/order-line-item';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { updateOrderLineItem, updateOrderLineItems } from '../../src/service/order-line-item-change';
import type { Work } from '../../src/service/run/work';
import { CreditMemoItemRow } from '../../src/store/credit-memo';
import { InvoiceItemRow } from '../../src/store/invoice';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { rowsBy } from '../../src/store/query/write';
import { drift } from '../support/books';
import { refusal, told } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 12 });
  work = await (await gateway.client()).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const bills = { runBilling: true, billingOptions: { targetDate: '2022-01-02' } };
const line = async (id: string): Promise<OrderLineItemRow> =>
  (await rowsBy<OrderLineItemRow>(work.reads(), OrderLineItemRow, 'id', [id]))[0];

/** q/pend/ful/avail, as the worked cases are written. */
async function figures(id: string): Promise<string> {
  const row = await line(id);
  const { quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn } = quantitiesOf(row);
  return [row.quantity, quantityPendingFulfillment, quantityFulfilled, quantityAvailableForReturn].join('/');
}

type Sale = { account: { accountNumber: string }; order: { orderNumber: string }; orderLineItems: OrderLineItemRow[] };

/** A sale without fulfillments, SentToBilling. */
const sold = (more: Partial<NewOrderLineItem> = {}): Promise<Sale> =>
  orderFor(work, [
    {
      billingRule: 'TriggerWithoutFulfillment',
      itemState: 'SentToBilling',
      billTargetDate: '2022-01-01',
      quantity: '100',
      amountPerUnit: '30',
      ...more,
    },
  ]);

/** A sale with fulfillments, one of which is SentToBilling. */
async function delivered(quantity: string, sent: string, price = '30', processingOptions: object | null = null) {
  const sale = await orderFor(work, [{ quantity, amountPerUnit: price }]);
  const entry = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', state: 'SentToBilling' as const };
  const fulfillments = [{ ...entry, orderLineItemId: sale.orderLineItems[0].id, quantity: sent }];
  await createFulfillments(work, { fulfillments, processingOptions });
  return sale;
}

const returning = (sale: Sale, lines: Partial<NewOrderLineItem>[], processingOptions: object | null = null) =>
  createOrder(work, {
    existingAccountNumber: sale.account.accountNumber,
    orderDate: '2022-01-05',
    category: 'Return',
    orderLineItems: lines.map((more) => ({
      itemName: 'Device, returned',
      itemCategory: 'Return',
      quantity: '1',
      originalOrderNumber: sale.order.orderNumber,
      originalOrderLineItemNumber: '1',
      billTargetDate: '2022-01-01',
      ...more,
    })),
    processingOptions,
  });

const received = (id: string, quantity: string, processingOptions: object | null = bills) =>
  createFulfillments(work, {
    fulfillments: [
      {
        orderLineItemId: id,
        fulfillmentDate: '2022-01-01',
        billTargetDate: '2022-01-01',
        state: 'SentToBilling',
        fulfillmentType: 'Return',
        quantity,
      },
    ],
    processingOptions,
  });

describe('what is available for return', () => {
  test('Q8, Q9: a return of 40 takes nothing while Executing, and all of its 40 once Booked or sent', async () => {
    for (const itemState of ['Booked', 'SentToBilling'] as const) {
      const sale = await sold();
      const { orderLineItems } = await returning(sale, [{ quantity: '40' }]);
      expect(await figures(sale.orderLineItems[0].id)).toBe('100/0/100/100');
      expect(await figures(orderLineItems[0].id)).toBe('40/0/0/0');
      await updateOrderLineItem(work, orderLineItems[0].id, { itemState });
      expect(await figures(sale.orderLineItems[0].id)).toBe('100/0/100/60');
      expect(await figures(orderLineItems[0].id)).toBe('40/0/40/0');
    }
  });

  test('Q10: a return with fulfillments takes its whole 40, of which 10 have been received', async () => {
    const sale = await sold();
    const { orderLineItems } = await returning(sale, [
      { quantity: '40', billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    ]);
    await createFulfillments(work, {
      fulfillments: [
        { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-06', quantity: '10', state: 'Booked' },
      ],
    });
    expect(await figures(orderLineItems[0].id)).toBe('40/30/10/0');
    expect(await figures(sale.orderLineItems[0].id)).toBe('100/0/100/60');
  });

  test('Q20: 11 cannot be returned where 10 of 100 were sent, and 10 can', async () => {
    const sale = await delivered('100', '10');
    expect(await refusal(returning(sale, [{ quantity: '11' }]))).toEqual([
      'QUANTITY_EXCEEDED input.orderLineItems.0.quantity',
    ]);
    await returning(sale, [{ quantity: '10', itemState: 'Booked' }]);
    expect(await figures(sale.orderLineItems[0].id)).toBe('100/90/10/0');
  });

  test('Q21: a return that is given up changes nothing, not even the version of its sale', async () => {
    const sale = await sold();
    const { orderLineItems } = await returning(sale, [{ quantity: '40' }]);
    const { orderLineItem } = await updateOrderLineItem(work, orderLineItems[0].id, { itemState: 'Canceled' });
    expect(orderLineItem.itemState).toBe('Canceled');
    expect(await line(sale.orderLineItems[0].id)).toMatchObject({ version: 1, returnedQuantity: '0' });
  });

  test('is judged again when a return is booked, and when its quantity is raised', async () => {
    const sale = await sold({ quantity: '10' });
    const { orderLineItems } = await returning(sale, [{ quantity: '6' }]);
    const [first] = orderLineItems;
    expect(await refusal(updateOrderLineItem(work, first.id, { quantity: '11' }))).toEqual([
      'QUANTITY_EXCEEDED input.quantity',
    ]);
    await returning(sale, [{ quantity: '5', itemState: 'Booked' }]);
    expect(await refusal(updateOrderLineItem(work, first.id, { itemState: 'Booked' }))).toEqual([
      'QUANTITY_EXCEEDED input.quantity',
    ]);
    await updateOrderLineItem(work, first.id, { quantity: '5', itemState: 'Booked' });
    expect(await refusal(returning(sale, [{}]))).toEqual([
      'RETURN_NOT_ALLOWED input.orderLineItems.0.originalOrderLineItemNumber',
    ]);
  });

  test('counts the returns before it in the same order, whether they are Executing or Booked', async () => {
    const sale = await sold({ quantity: '10' });
    expect(await refusal(returning(sale, [{ quantity: '6' }, { quantity: '5' }]))).toEqual([
      'QUANTITY_EXCEEDED input.orderLineItems.1.quantity',
    ]);
    await returning(sale, [{ quantity: '6', itemState: 'Booked' }, { quantity: '4' }]);
    expect(await figures(sale.orderLineItems[0].id)).toBe('10/0/10/4');
  });
});

describe('a return line item', () => {
  test('has price, discount, tax and unit of its sale, and its own name, quantity and dates', async () => {
    const sale = await sold({
      amountPerUnit: null,
      listPricePerUnit: '100',
      inlineDiscountType: 'Percentage',
      inlineDiscountPerUnit: '5',
      unitOfMeasure: 'Each',
      productCode: 'D-1',
      invoiceGroupNumber: 'G',
    });
    const { order, orderLineItems } = await returning(sale, [{ quantity: '2', amountPerUnit: '95.0' }]);
    expect(order.category).toBe('Return');
    expect(orderLineItems[0]).toMatchObject({
      itemName: 'Device, returned',
      itemType: 'Product',
      originalOrderLineItemId: sale.orderLineItems[0].id,
      quantity: '2',
      listPricePerUnit: '100',
      amountPerUnit: '95',
      inlineDiscountType: 'Percentage',
      inlineDiscountPerUnit: '5',
      unitOfMeasure: 'Each',
      productCode: 'D-1',
      invoiceGroupNumber: 'G',
      currency: 'USD',
    });
  });

  test('may repeat the price that a discount has left, though that has more decimals than can be given', async () => {
    const discount = { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '33.333333333' } as const;
    const sale = await sold({ amountPerUnit: null, listPricePerUnit: '10.1', ...discount });
    const { orderLineItems } = await returning(sale, [{ amountPerUnit: '6.733333333' }]);
    expect(orderLineItems[0].amountPerUnit).toBe('6.733333333367');
  });

  test('is refused where it has another price, where nothing is named, or where the named is not to be returned', async () => {
    const sale = await sold();
    const other = await sold();
    const unsold = await sold({ itemState: 'Booked' });
    const at = (field: string) => `input.orderLineItems.0.${field}`;
    const returned = async (more: Partial<NewOrderLineItem>, of: Sale = sale) => refusal(returning(of, [more]));
    expect(await returned({ amountPerUnit: '31' })).toEqual([`INVALID_VALUE ${at('amountPerUnit')}`]);
    expect(await returned({ originalOrderNumber: null })).toEqual([`REQUIRED ${at('originalOrderNumber')}`]);
    for (const originalOrderLineItemNumber of ['2', '']) {
      expect(await returned({ originalOrderLineItemNumber })).toEqual([
        `NOT_FOUND ${at('originalOrderLineItemNumber')}`,
      ]);
    }
    for (const text of ['\0', '\ud800', 'O-\u{1f600}', 'x'.repeat(101)]) {
      for (const field of ['originalOrderNumber', 'originalOrderLineItemNumber']) {
        expect(await returned({ [field]: text })).toEqual([`INVALID_VALUE ${at(field)}`]);
      }
    }
    expect(await returned({ originalOrderNumber: other.order.orderNumber })).toEqual([
      `RETURN_NOT_ALLOWED ${at('originalOrderNumber')}`,
    ]);
    expect(await returned({}, unsold)).toEqual([`RETURN_NOT_ALLOWED ${at('originalOrderLineItemNumber')}`]);
    const { order } = await returning(sale, [{ itemState: 'SentToBilling' }]);
    expect(await returned({ originalOrderNumber: order.orderNumber })).toEqual([
      `RETURN_NOT_ALLOWED ${at('originalOrderLineItemNumber')}`,
    ]);
  });

  test('comes in an order of returns, and a sale in an order of sales', async () => {
    const sale = await sold();
    expect(
      await refusal(returning(sale, [{ itemCategory: 'Sales', itemType: 'Product', amountPerUnit: '1' }])),
    ).toEqual([
      'RETURN_NOT_ALLOWED input.orderLineItems.0.itemCategory',
      'INVALID_VALUE input.orderLineItems.0.originalOrderNumber',
      'INVALID_VALUE input.orderLineItems.0.originalOrderLineItemNumber',
    ]);
  });
});

const memoItems = async (creditMemoIds: string[]) =>
  rowsBy<CreditMemoItemRow>(work.reads(), CreditMemoItemRow, 'creditMemoId', creditMemoIds);

describe('the credit of a return', () => {
  test('A2, A3: 10 at 30 are invoiced at 300; 2 of them, received, are a posted credit memo of 60', async () => {
    const sale = await sold({ quantity: '10' });
    const { invoices } = await updateOrderLineItem(work, sale.orderLineItems[0].id, {
      paymentTerm: 'Net 30',
      processingOptions: bills,
    });
    expect(invoices).toMatchObject([{ amount: '300', balance: '300', status: 'Posted' }]);

    const { orderLineItems } = await returning(sale, [
      { quantity: '2', billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    ]);
    const result = await received(orderLineItems[0].id, '2', { ...bills, collectPayment: true });
    expect(result).toMatchObject({ invoices: [], payments: [], paidAmount: null });
    expect(result.creditMemos).toMatchObject([
      {
        amount: '60',
        amountWithoutTax: '60',
        taxAmount: '0',
        appliedAmount: '0',
        refundAmount: '0',
        status: 'Posted',
        source: 'API',
        reasonCode: 'Return Order',
      },
    ]);
    expect(await memoItems([result.creditMemos[0].id])).toMatchObject([
      { quantity: '2', unitPrice: '30', amountWithoutTax: '60', fulfillmentId: result.fulfillments[0]!.id },
    ]);
    expect((await line(orderLineItems[0].id)).itemState).toBe('Complete');
  });

  test('of a return without fulfillments comes with its order, all of it or nothing', async () => {
    const sale = await sold({ quantity: '10' });
    const { creditMemos, invoices } = await returning(sale, [{ quantity: '2', itemState: 'SentToBilling' }], bills);
    expect(invoices).toEqual([]);
    expect(creditMemos).toMatchObject([{ amount: '60' }]);
    const again = await updateOrderLineItems(work, {
      orderLineItems: [{ id: sale.orderLineItems[0].id, itemState: 'Complete' }],
    }).catch((error) => told(error.errors));
    expect(again).toEqual(['NOT_BILLED_YET input.orderLineItems.0.itemState']);
  });

  test.each([
    ['three invoice items of 3.34', ['1', '1', '1'], ['3.34', '3.34', '3.34']],
    ['one invoice item of 10.01', ['3'], ['3.34', '3.34', '3.33']],
  ])(
    'K5: 3 at 3.335, billed in %s and returned one by one, is credited exactly as billed',
    async (_, sales, credits) => {
      const { orderLineItems, ...sale } = await orderFor(work, [{ quantity: '3', amountPerUnit: '3.335' }]);
      const entry = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', state: 'SentToBilling' as const };
      await createFulfillments(work, {
        fulfillments: sales.map((quantity) => ({ ...entry, orderLineItemId: orderLineItems[0].id, quantity })),
        processingOptions: bills,
      });
      const found: string[] = [];
      for (const _each of credits) {
        const { creditMemos } = await returning({ ...sale, orderLineItems }, [{ itemState: 'SentToBilling' }], bills);
        found.push(...creditMemos.map((memo) => memo.amount));
      }
      expect(found).toEqual(credits);
    },
  );

  test('K5: of two returns in one request each takes what the other leaves', async () => {
    const sale = await delivered('3', '3', '3.335', bills);
    const one = { itemState: 'SentToBilling' } as const;
    const { creditMemos } = await returning(sale, [one, one, one], bills);
    expect(creditMemos.map((memo) => memo.amount)).toEqual(['10.01']);
    const items = await memoItems([creditMemos[0].id]);
    expect(items.map((item) => item.amountWithoutTax).sort()).toEqual(['3.33', '3.34', '3.34']);
  });

  test('K5: 3 at 3.335 that come back one by one before they are billed are credited what is billed then', async () => {
    const sale = await sold({ quantity: '3', amountPerUnit: '3.335' });
    const credits: string[] = [];
    for (let at = 0; at < 3; at++) {
      const { creditMemos } = await returning(sale, [{ itemState: 'SentToBilling' }], bills);
      credits.push(...creditMemos.map((memo) => memo.amount));
    }
    expect(credits).toEqual(['3.34', '3.33', '3.34']);
    const change = { paymentTerm: 'Net 15', processingOptions: bills };
    const { invoices } = await updateOrderLineItem(work, sale.orderLineItems[0].id, change);
    expect(invoices).toMatchObject([{ amount: '10.01' }]);
  });

  test('bears the rate it was billed with, today beyond that, and names none where it makes up for several', async () => {
    const rate = (value: string) => updateBillingSettings(work, { taxCodes: [{ code: 'VAT', rate: value }] });
    await rate('0.1');
    const sale = await orderFor(work, [{ quantity: '5', amountPerUnit: '100', taxCode: 'VAT' }]);
    const deliver = (quantity: string, processingOptions: object | null) =>
      createFulfillments(work, {
        fulfillments: [
          {
            ...{ orderLineItemId: sale.orderLineItems[0].id, quantity, state: 'SentToBilling' },
            ...{ fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
          },
        ],
        processingOptions,
      });
    const back = async (quantity: string) => {
      const { creditMemos } = await returning(sale, [{ quantity, itemState: 'SentToBilling' }], bills);
      const [item] = await memoItems(creditMemos.map(({ id }) => id));
      return [item.amountWithoutTax, item.taxAmount, item.taxRate];
    };
    await deliver('1', bills);
    expect(await back('1')).toEqual(['100', '10', '0.1']);
    await rate('0.2');
    await deliver('1', null);
    expect(await back('1')).toEqual(['100', '20', '0.2']);
    await deliver('3', bills);
    expect(await back('2')).toEqual(['200', '40', null]);
  });

  test('of a return without fulfillments that was sent unbilled comes later, and then it can be completed', async () => {
    const sale = await sold({ quantity: '10' });
    const { id } = (await returning(sale, [{ quantity: '2', itemState: 'SentToBilling' }])).orderLineItems[0];
    const { creditMemos, orderLineItem } = await updateOrderLineItem(work, id, { processingOptions: bills });
    expect(creditMemos).toMatchObject([{ amount: '60' }]);
    expect(orderLineItem.version).toBe(1);
    await updateOrderLineItem(work, id, { itemState: 'Complete' });
  });

  test('is completed like a sale, once its memo is posted', async () => {
    const sale = await delivered('10', '10', '30', bills);
    const { orderLineItems } = await returning(sale, [
      { quantity: '2', billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    ]);
    const { fulfillments } = await received(orderLineItems[0].id, '2');
    const complete = { keys: [fulfillments[0]!.id], action: 'Complete' } as const;
    const done = await transitionFulfillments(work, complete);
    expect(done.fulfillments[0]!.state).toBe('Complete');
  });
});

describe('without invoice settlement', () => {
  test('A4: the 2 returned are one invoice with one item of -60, and no memo', async () => {
    const own = await (await gateway.client({ grants: [{ entity: 'Without settlement', orgs: ['Main'] }] })).work();
    await gateway.database.owner('update billing_settings set invoice_settlement = false where entity_id = $1', [
      own.caller.entityId,
    ]);
    const before = work;
    work = own;
    try {
      const sale = await sold({ quantity: '10' });
      const { invoices, creditMemos } = await returning(sale, [{ quantity: '2', itemState: 'SentToBilling' }], {
        ...bills,
        collectPayment: true,
      });
      expect(creditMemos).toEqual([]);
      expect(invoices).toMatchObject([{ amount: '-60', balance: '-60', status: 'Posted' }]);
      const items = await rowsBy<InvoiceItemRow>(own.reads(), InvoiceItemRow, 'invoiceId', [invoices[0].id]);
      expect(items).toMatchObject([{ chargeAmount: '-60', quantity: '2', unitPrice: '30' }]);
    } finally {
      work = before;
    }
  });
});

describe('returns at the same time', () => {
  const settled = async (acts: Promise<unknown>[]) => {
    const outcomes = await Promise.allSettled(acts);
    return outcomes.map((one) => (one.status === 'fulfilled' ? 'done' : told((one.reason as Refusal).errors)[0]));
  };

  test('ten orders for the last of a sale: one has it', async () => {
    const sale = await sold({ quantity: '1' });
    const outcomes = await settled(
      Array.from({ length: 10 }, () => returning(sale, [{ itemState: 'SentToBilling' }], bills)),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(
      new Set(['done', 'RETURN_NOT_ALLOWED input.orderLineItems.0.originalOrderLineItemNumber']),
    );
  });

  test('bookings of returns that do not fit together: one is booked', async () => {
    const sale = await sold({ quantity: '10' });
    const ids: string[] = [];
    for (let at = 0; at < 5; at++) ids.push((await returning(sale, [{ quantity: '6' }])).orderLineItems[0].id);
    const outcomes = await settled(ids.map((id) => updateOrderLineItem(work, id, { itemState: 'Booked' })));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  });

  test('receipts of different returns of one sale together credit what was billed, to the cent', async () => {
    const sale = await delivered('30', '30', '3.335', bills);
    const entries = Array.from({ length: 10 }, () => ({
      quantity: '3',
      billingRule: 'TriggerAsFulfillmentOccurs' as const,
      itemState: 'Booked' as const,
    }));
    const { orderLineItems } = await returning(sale, entries);
    const results = await Promise.all(orderLineItems.map(({ id }) => received(id, '3')));
    expect(add(...results.map(({ creditMemos }) => creditMemos[0].amount))).toBe('100.05');
  });

  test('a sale being sent while its return is booked: no more comes back than was sent', async () => {
    const sale = await sold({ quantity: '5', itemState: 'SentToBilling' });
    const { orderLineItems } = await returning(sale, [{ quantity: '5' }]);
    const outcomes = await settled([
      updateOrderLineItem(work, sale.orderLineItems[0].id, { paymentTerm: 'Net 15', processingOptions: bills }),
      updateOrderLineItem(work, orderLineItems[0].id, { itemState: 'SentToBilling', processingOptions: bills }),
    ]);
    expect(outcomes).toEqual(['done', 'done']);
  });
});
