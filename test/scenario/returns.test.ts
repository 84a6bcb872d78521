import { bills, due, lineIds, shop, widget } from '../support/shop';

/* Stories of the tutorials on returns, told through the doors that clients use. */

const { graph, done, rest, account, ordered, sale, taken, standing, changed, settle } = shop();

describe('"Order fulfillment"', () => {
  test('A2, A3: 10 at 30 are billed at once; 2 come back, are received over REST and credited', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    expect(sold.invoices).toMatchObject([
      { invoiceNumber: 'INV00000001', status: 'Posted', amount: '300.00', balance: '300.00' },
    ]);

    const back = await ordered({
      ...{ existingAccountNumber: accountNumber, orderNumber: 'RMA-00000001' },
      ...{ orderDate: '2022-01-20', category: 'Return' },
      orderLineItems: [
        {
          ...{ itemName: 'Widget', itemCategory: 'Return', itemState: 'Booked', quantity: 2 },
          ...{ originalOrderNumber: sold.order.orderNumber, originalOrderLineItemNumber: '1' },
          billingRule: 'TriggerAsFulfillmentOccurs',
        },
      ],
    });
    expect([back.order.orderNumber, back.invoices, back.creditMemos]).toEqual(['RMA-00000001', [], []]);
    const [returned] = lineIds(back);
    expect(await standing(returned)).toBe('2/2/0/0 Booked');
    expect(await standing(lineIds(sold)[0])).toBe('10/0/10/8 SentToBilling');

    const reply = await rest('POST', 'fulfillments', {
      fulfillments: [
        {
          ...{ orderLineItemId: returned, fulfillmentType: 'Return', fulfillmentDate: '2022-01-25', quantity: 2 },
          ...{ state: 'SentToBilling', billTargetDate: '2022-01-25' },
        },
      ],
      processingOptions: bills,
    });
    expect(reply).toEqual({
      success: true,
      fulfillments: [
        { id: expect.stringMatching(/^[0-9a-f]{32}$/), fulfillmentNumber: 'F-00000001', fulfillmentItems: [] },
      ],
      invoiceNumbers: null,
      creditMemoNumbers: ['CM00000001'],
      paidAmount: null,
      paymentNumber: null,
    });
    const memo = await graph(`{ creditMemo(key: "CM00000001") {
      status amount taxAmount appliedAmount unappliedAmount refundAmount source reasonCode currency
      creditMemoItems { nodes { quantity unitPrice amount fulfillment { fulfillmentNumber fulfillmentType } } } } }`);
    expect(memo).toEqual({
      ...{ status: 'Posted', amount: '60.00', taxAmount: '0.00', appliedAmount: '0.00', unappliedAmount: '60.00' },
      ...{ refundAmount: '0.00', source: 'API', reasonCode: 'Return Order', currency: 'USD' },
      creditMemoItems: {
        nodes: [
          {
            ...{ quantity: '2', unitPrice: '30.00', amount: '60.00' },
            fulfillment: { fulfillmentNumber: 'F-00000001', fulfillmentType: 'Return' },
          },
        ],
      },
    });
    expect(await standing(returned)).toBe('2/0/2/0 Complete');
    const { state } = await graph('{ order(key: "RMA-00000001") { state } }');
    expect(state).toBe('Complete');
  });

  test('A4: without invoice settlement the 2 are one negative item on one invoice, and there is no memo', async () => {
    expect((await settle({ invoiceSettlement: false })).userErrors).toEqual([]);
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    const back = await taken(accountNumber, sold.order.orderNumber, {
      ...{ quantity: 2, billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' },
    });
    const received = await done(
      `createFulfillments(input: $input) { paidAmount creditMemos { id } userErrors { code path }
        invoices { invoiceNumber status amount balance invoiceItems { nodes { chargeAmount quantity unitPrice } } } }`,
      {
        input: {
          fulfillments: [
            {
              ...{ orderLineItemId: lineIds(back)[0], fulfillmentDate: '2022-01-25', quantity: 2 },
              ...{ state: 'SentToBilling', billTargetDate: '2022-01-25' },
            },
          ],
          processingOptions: bills,
        },
      },
      '$input: CreateFulfillmentsInput!',
    );
    expect(received).toMatchObject({ paidAmount: null, creditMemos: [] });
    expect(received.invoices).toEqual([
      {
        ...{ invoiceNumber: 'INV00000002', status: 'Posted', amount: '-60.00', balance: '-60.00' },
        invoiceItems: { nodes: [{ chargeAmount: '-60.00', quantity: '2', unitPrice: '30.00' }] },
      },
    ]);
    expect((await graph('{ creditMemos { totalCount } }')).totalCount).toBe(0);
  });

  test('settlement stays on once a return has been credited by a memo', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, ...due }], accountNumber, bills);
    await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
    const refused = await settle({ invoiceSettlement: false });
    expect(refused.userErrors).toEqual([{ code: 'SETTLEMENT_REQUIRED', path: ['input', 'invoiceSettlement'] }]);
  });
});

describe('"Create a return order line item without fulfillments"', () => {
  test('Q8, Q9: 40 of 100 are taken back once booked, and credited once sent', async () => {
    const accountNumber = await account();
    const sold = await sale([{ ...widget, quantity: 100, ...due }], accountNumber, bills);
    const back = await taken(accountNumber, sold.order.orderNumber, { quantity: 40 });
    const [original, returned] = [lineIds(sold)[0], lineIds(back)[0]];
    expect([await standing(original), await standing(returned)]).toEqual([
      '100/0/100/100 SentToBilling',
      '40/0/0/0 Executing',
    ]);

    await changed(returned, { itemState: 'Booked' });
    expect([await standing(original), await standing(returned)]).toEqual([
      '100/0/100/60 SentToBilling',
      '40/0/40/0 Booked',
    ]);
    const sent = await changed(returned, { ...due, processingOptions: bills });
    expect(sent.creditMemos).toEqual([
      { creditMemoNumber: 'CM00000001', amount: '1200.00', unappliedAmount: '1200.00' },
    ]);
    expect(await standing(original)).toBe('100/0/100/60 SentToBilling');

    const { returnOrderLineItems } = await graph(
      'query ($id: ID!) { orderLineItem(id: $id) { returnOrderLineItems { nodes { quantity order { category } } } } }',
      { id: original },
    );
    expect(returnOrderLineItems.nodes).toEqual([{ quantity: '40', order: { category: 'Return' } }]);
  });
});

describe('a taxed sale whose tax rate changes before it is returned', () => {
  const rates = (rate: string) =>
    settle({
      taxCodes: [
        { code: 'STATE', rate },
        { code: 'FOOD', rate: rate === '0.07775' ? '0.04' : '0.5' },
      ],
      units: [{ name: 'Each', decimals: 0, roundingMode: 'DOWN' }],
    });

  test('A12, A15: with the tax on top, each return is credited by the rate that it was billed with', async () => {
    await rates('0.07775');
    const accountNumber = await account();
    const taxed = {
      quantity: 4.6,
      unitOfMeasure: 'Each',
      amountPerUnit: 59.99,
      taxCode: 'STATE',
      taxMode: 'TaxExclusive',
    };
    const sold = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(sold.order.orderLineItems.nodes).toMatchObject([{ quantity: '4', amount: '239.96' }]);
    expect(sold.invoices).toMatchObject([{ amountWithoutTax: '239.96', taxAmount: '18.66', amount: '258.62' }]);

    await rates('0.1');
    const one = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
    expect(one.creditMemos).toMatchObject([{ amountWithoutTax: '59.99', taxAmount: '4.66', amount: '64.65' }]);
    const rest = await taken(accountNumber, sold.order.orderNumber, { quantity: 3, ...due }, bills);
    expect(rest.creditMemos).toMatchObject([
      {
        ...{ amountWithoutTax: '179.97', taxAmount: '14.00', amount: '193.97' },
        creditMemoItems: {
          nodes: [{ amount: '179.97', amountWithoutTax: '179.97', taxAmount: '14.00', taxRate: '0.07775' }],
        },
      },
    ]);
    const anew = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(anew.invoices).toMatchObject([{ taxAmount: '24.00', amount: '263.96' }]);
  });

  test('with the tax in the price, what is credited in the end is the price, part by part', async () => {
    await rates('0.07775');
    const accountNumber = await account();
    const taxed = { quantity: 2, amountPerUnit: 2.99, taxCode: 'FOOD', taxMode: 'TaxInclusive' };
    const sold = await sale([{ ...widget, ...taxed, ...due }], accountNumber, bills);
    expect(sold.invoices).toMatchObject([{ amountWithoutTax: '5.75', taxAmount: '0.23', amount: '5.98' }]);

    await rates('0.1');
    const parts = [];
    for (let times = 0; times < 2; times++) {
      const { creditMemos } = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...due }, bills);
      parts.push(creditMemos[0].creditMemoItems.nodes[0]);
    }
    expect(parts).toEqual([
      { amount: '2.99', amountWithoutTax: '2.88', taxAmount: '0.11', taxRate: '0.04' },
      { amount: '2.99', amountWithoutTax: '2.87', taxAmount: '0.12', taxRate: '0.04' },
    ]);
  });
});

describe('serial numbers of what was delivered and came back', () => {
  test('come along with a fulfillment, are added later, changed and taken off, over REST', async () => {
    const accountNumber = await account();
    const taking = { billingRule: 'TriggerAsFulfillmentOccurs', itemState: 'Booked' };
    const sold = await sale([{ ...widget, ...taking }], accountNumber);
    const sent = { state: 'SentToBilling', billTargetDate: '2022-01-10', fulfillmentDate: '2022-01-10' };
    const post = (orderLineItemId: string, more: object) =>
      rest('POST', 'fulfillments', { fulfillments: [{ orderLineItemId, ...sent, ...more }], processingOptions: bills });
    const made = await post(lineIds(sold)[0], {
      quantity: 3,
      fulfillmentItems: [{ itemIdentifier: 'SN-1' }, { itemIdentifier: 'SN-2', description: 'With a dent' }],
    });
    const [{ fulfillmentNumber, fulfillmentItems }] = made.fulfillments;
    expect([fulfillmentItems.length, made.invoiceNumbers]).toEqual([2, ['INV00000001']]);

    // The delivery is locked for edits; its items are not.
    const add = (itemIdentifier: string) =>
      rest('POST', 'fulfillment-items', { fulfillmentItems: [{ fulfillmentNumber, itemIdentifier }] });
    expect(await add('SN-3')).toMatchObject({ success: true });
    expect(await add('SN-4')).toMatchObject({ success: false, reasons: [{ code: 58000030 }] });
    const path = `fulfillment-items/${fulfillmentItems[1].id}`;
    expect(await rest('PUT', path, { itemIdentifier: 'SN-2a' })).toMatchObject({ success: true });
    expect((await rest('GET', path)).fulfillmentItem).toMatchObject({
      itemIdentifier: 'SN-2a',
      description: 'With a dent',
    });
    expect(await rest('DELETE', `fulfillment-items/${fulfillmentItems[0].id}`)).toEqual({ success: true });
    const shown = await rest('GET', `fulfillments/${fulfillmentNumber}?fulfillment-items=true`);
    expect(shown.fulfillment.fulfillmentItems.map((item: { itemIdentifier: string }) => item.itemIdentifier)).toEqual([
      'SN-2a',
      'SN-3',
    ]);

    const back = await taken(accountNumber, sold.order.orderNumber, { quantity: 1, ...taking });
    const received = await post(lineIds(back)[0], { quantity: 1, fulfillmentItems: [{ itemIdentifier: 'SN-2a' }] });
    expect(received).toMatchObject({ success: true, creditMemoNumbers: ['CM00000001'] });
    const { fulfillment } = await graph(
      `query ($key: ID!) { creditMemo(key: $key) { creditMemoItems { nodes {
        fulfillment { fulfillmentType fulfillmentItems { nodes { itemIdentifier } } } } } } }`,
      { key: 'CM00000001' },
    ).then((memo) => memo.creditMemoItems.nodes[0]);
    expect(fulfillment).toEqual({
      fulfillmentType: 'Return',
      fulfillmentItems: { nodes: [{ itemIdentifier: 'SN-2a' }] },
    });
  });
});
