import { bills, due, lineIds, shop, widget } from '../support/shop';

/* Stories of line items without fulfillments, told through the doors that clients use. */

const { graph, account, sale, taken, standing, changed } = shop();

describe('"Update multiple order line items and generate billing documents at the same time"', () => {
  const update = (orderLineItems: object[], more: object = {}) =>
    graph(
      `mutation ($input: UpdateOrderLineItemsInput!, $onError: OnError) {
        done: updateOrderLineItems(input: $input, onError: $onError) {
          orderLineItems { itemState } invoices { invoiceNumber amount balance invoiceItems { totalCount } }
          payments { amount } paidAmount userErrors { code path } } }`,
      {
        input: { orderLineItems, processingOptions: { ...bills, collectPayment: true } },
        onError: 'RejectAll',
        ...more,
      },
    );

  test('moves line items of two orders to SentToBilling, and bills and collects them on one invoice', async () => {
    const accountNumber = await account();
    const [first, second] = lineIds(
      await sale([widget, { ...widget, quantity: 2, itemState: 'Booked' }], accountNumber),
    );
    const [third] = lineIds(await sale([{ ...widget, quantity: 1 }], accountNumber));
    const moved = await update([first, second, third].map((id) => ({ id, ...due })));
    expect(moved).toEqual({
      orderLineItems: Array(3).fill({ itemState: 'SentToBilling' }),
      invoices: [{ invoiceNumber: 'INV00000001', amount: '390.00', balance: '0.00', invoiceItems: { totalCount: 3 } }],
      payments: [{ amount: '390.00' }],
      paidAmount: '390.00',
      userErrors: [],
    });
  });

  test('N9: come back from createOrder in the order of the request, and keep it whatever changes later', async () => {
    const names = ['Third', 'First', 'Second'];
    const numbers = ['30', '1', '2'];
    const items = names.map((itemName, at) => ({ ...widget, itemName, itemNumber: numbers[at] }));
    const { order } = await sale(items, await account());
    const shown = (nodes: { itemNumber: string }[]) => nodes.map(({ itemNumber }) => itemNumber);
    expect(shown(order.orderLineItems.nodes)).toEqual(numbers);
    await update([{ id: order.orderLineItems.nodes[1].id, itemState: 'Booked' }]);
    const read = (more: string) =>
      graph(
        `query ($key: ID!) { order(key: $key) { orderLineItems${more} { nodes { itemNumber } pageInfo { endCursor } } } }`,
        {
          key: order.orderNumber,
        },
      );
    expect(shown((await read('')).orderLineItems.nodes)).toEqual(numbers);
    expect(shown((await read('(last: 2)')).orderLineItems.nodes)).toEqual(['1', '2']);
    const { pageInfo } = (await read('(first: 1)')).orderLineItems;
    expect(shown((await read(`(after: "${pageInfo.endCursor}")`)).orderLineItems.nodes)).toEqual(['1', '2']);
    const byChange = await read('(orderBy: { field: updatedDate })');
    expect(shown(byChange.orderLineItems.nodes)[0]).toBe('1');
  });

  test('bills what is due by the target date, and moves the rest unbilled', async () => {
    const [first, second] = lineIds(await sale([widget, widget], await account()));
    const moved = await update([
      { id: first, ...due },
      { id: second, ...due, billTargetDate: '2022-02-01' },
    ]);
    expect(moved.orderLineItems).toEqual(Array(2).fill({ itemState: 'SentToBilling' }));
    expect(moved.invoices).toMatchObject([{ amount: '300.00', invoiceItems: { totalCount: 1 } }]);
  });

  test('does nothing where one is refused, unless the failed ones are to be skipped', async () => {
    const ids = lineIds(
      await sale([widget, widget, { ...widget, billingRule: 'TriggerAsFulfillmentOccurs' }], await account()),
    );
    const entries = ids.map((id, at) => ({ id, ...(at === 0 ? { itemState: 'SentToBilling' } : due) }));
    const userErrors = [
      { code: 'BILL_TARGET_DATE_REQUIRED', path: ['input', 'orderLineItems', '0', 'billTargetDate'] },
      { code: 'TRANSITION_NOT_ALLOWED', path: ['input', 'orderLineItems', '2', 'itemState'] },
    ];
    expect(await update(entries)).toMatchObject({ invoices: [], userErrors });
    for (const id of ids) expect(await standing(id)).toContain('Executing');
    const skipped = await update(entries, { onError: 'SkipFailed' });
    expect(skipped).toMatchObject({ orderLineItems: [null, { itemState: 'SentToBilling' }, null], userErrors });
    expect(skipped.invoices).toMatchObject([{ amount: '300.00' }]);
  });
});

describe('a line item without fulfillments, from its making to its end', () => {
  interface Shown {
    editableFields: string[];
    allowedTransitions: { to: string; allowed: boolean; blockedBy: { code: string }[] }[];
  }
  /** Where it can go, with what is in the way. */
  const moves = ({ allowedTransitions }: Shown) =>
    allowedTransitions.map(({ to, blockedBy }) => [to, ...blockedBy.map(({ code }) => code)].join(' '));

  test('is canceled in part, booked, sent, billed and completed, and says at each step what may follow', async () => {
    const [id] = lineIds(await sale([widget], await account()));
    const less = (await changed(id, { quantity: 7 })).orderLineItem;
    expect(less).toMatchObject({ itemState: 'Executing', quantity: '7', amount: '210.00' });
    expect(moves(less)).toEqual(['Booked', 'SentToBilling BILL_TARGET_DATE_REQUIRED', 'Complete', 'Canceled']);
    expect(less.editableFields).toEqual(
      expect.arrayContaining(['quantity', 'amountPerUnit', 'taxCode', 'billTargetDate']),
    );

    const { orderLineItem: booked } = await changed(id, { itemState: 'Booked', billTargetDate: '2022-01-10' });
    expect(moves(booked)).toEqual(['SentToBilling', 'Complete']);
    expect(booked.editableFields).toEqual(['billTargetDate', 'paymentTerm', 'invoiceGroupNumber', 'customFields']);
    expect(await standing(id)).toBe('7/0/7/0 Booked');
    expect((await changed(id, { quantity: 6 })).userErrors).toEqual([
      { code: 'FIELD_LOCKED', path: ['input', 'quantity'] },
    ]);
    expect((await changed(id, { itemState: 'Canceled' })).userErrors).toEqual([
      { code: 'TRANSITION_NOT_ALLOWED', path: ['input', 'itemState'] },
    ]);

    const { orderLineItem: sent } = await changed(id, { itemState: 'SentToBilling' });
    expect(moves(sent)).toEqual(['Complete NOT_BILLED_YET']);
    expect(sent.editableFields).toEqual(['paymentTerm', 'invoiceGroupNumber', 'customFields']);
    expect((await changed(id, { itemState: 'Complete' })).userErrors).toEqual([
      { code: 'NOT_BILLED_YET', path: ['input', 'itemState'] },
    ]);

    const billed = await changed(id, { paymentTerm: 'Net 60', processingOptions: bills });
    expect(billed.invoices).toEqual([
      { invoiceNumber: 'INV00000001', amount: '210.00', invoiceDate: '2022-01-31', dueDate: '2022-04-01' },
    ]);
    expect(moves(billed.orderLineItem)).toEqual(['Complete']);
    const again = await changed(id, { paymentTerm: 'Net 30', processingOptions: bills });
    expect([again.invoices, again.userErrors]).toEqual([[], []]);

    const { orderLineItem: complete } = await changed(id, { itemState: 'Complete' });
    expect([moves(complete), complete.editableFields]).toEqual([[], ['customFields']]);
    expect(await standing(id)).toBe('7/0/7/7 Complete');
    const { history, order } = await graph(
      'query ($id: ID!) { orderLineItem(id: $id) { order { state } history { nodes { action toState } } } }',
      { id },
    );
    expect(order.state).toBe('Complete');
    const acts = history.nodes.map(({ action, toState }: Record<string, string>) => `${action} ${toState}`);
    expect(acts.sort()).toEqual(
      [
        ...['Create Executing', 'Update Executing', 'Book Booked', 'SendToBilling SentToBilling'],
        ...['Update SentToBilling', 'Update SentToBilling', 'Complete Complete'],
      ].sort(),
    );
  });

  test('Q1, Q2, Q3, Q4: counts as fulfilled from Booked on, and as returnable once sent or Complete, Booked or not before', async () => {
    const [byBooked, direct, unbilled] = lineIds(
      await sale(Array(3).fill({ ...widget, quantity: 100, billTargetDate: due.billTargetDate }), await account()),
    );
    const moved = async (id: string, itemState: string) => {
      expect((await changed(id, { itemState, processingOptions: bills })).userErrors).toEqual([]);
      return standing(id);
    };
    expect(await standing(byBooked)).toBe('100/0/0/0 Executing');
    expect(await moved(byBooked, 'Booked')).toBe('100/0/100/0 Booked');
    expect(await moved(byBooked, 'SentToBilling')).toBe('100/0/100/100 SentToBilling');
    expect(await moved(byBooked, 'Complete')).toBe('100/0/100/100 Complete');
    expect(await moved(direct, 'SentToBilling')).toBe('100/0/100/100 SentToBilling');
    expect(await moved(unbilled, 'Complete')).toBe('100/0/100/100 Complete');
  });

  test('N7: takes custom fields in every state but Canceled, on returns and with fulfillments too, and says so', async () => {
    const accountNumber = await account();
    const marked = async (id: string, to: object | null) => {
      if (to) expect((await changed(id, to)).userErrors).toEqual([]);
      const mark = { Sync__c: JSON.stringify(to) };
      const { orderLineItem, userErrors } = await changed(id, { customFields: mark });
      expect(userErrors).toEqual([]);
      expect(orderLineItem.editableFields).toContain('customFields');
      const { customFields } = await graph('query ($id: ID!) { orderLineItem(id: $id) { customFields } }', { id });
      expect(customFields).toEqual(mark);
    };
    const sold = await sale([widget, widget, { ...widget, billingRule: 'TriggerAsFulfillmentOccurs' }], accountNumber);
    const [id, canceled, withFulfillments] = lineIds(sold);
    await marked(id, null);
    await marked(id, { itemState: 'Booked' });
    await marked(id, { ...due, processingOptions: bills });
    await marked(id, { itemState: 'Complete' });
    await marked(withFulfillments, { itemState: 'Booked' });

    const [returned] = lineIds(await taken(accountNumber, sold.order.orderNumber, { quantity: 2 }));
    await marked(returned, { itemState: 'Booked' });
    await marked(returned, { ...due, processingOptions: bills });

    const { orderLineItem } = await changed(canceled, { itemState: 'Canceled' });
    expect(orderLineItem.editableFields).toEqual([]);
    expect((await changed(canceled, { customFields: { Sync__c: 'no' } })).userErrors).toEqual([
      { code: 'FIELD_LOCKED', path: ['input', 'customFields'] },
    ]);
  });
});
