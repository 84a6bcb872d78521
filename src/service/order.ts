import { below, Refusal, userError } from '../domain/errors';
import { judgeOrder, type OrderInput, orderStateOf } from '../domain/order';
import { judgeItemNumbers, judgeLineInput, type OrderLineItemInput } from '../domain/order-line-item';
import { type Price, priceOf } from '../domain/price';
import { AccountRow } from '../store/account';
import { newId } from '../store/id';
import { OrderRow } from '../store/order';
import { OrderLineItemRow } from '../store/order-line-item';
import { insertNumberedRows, insertRows, rowsBy } from '../store/write';
import type { Unit, Work } from './work';

/** `id` is for the demo and for tests, whose line items have published ids; no outer door passes one. */
export type NewOrderLineItem = OrderLineItemInput & { id?: string };

export interface CreateOrderInput extends OrderInput {
  orderLineItems: readonly NewOrderLineItem[];
}

/** Creates an order of sales line items on an existing account, all of it or nothing. */
export function createOrder(
  work: Work,
  input: CreateOrderInput,
  dryRun = false,
): Promise<{ order: OrderRow; orderLineItems: OrderLineItemRow[] }> {
  return work.run(dryRun, async (unit) => {
    const errors = judgeOrder(input);
    if (errors.length) throw new Refusal(below(['input'], errors));
    const account = await judgedAccount(unit, input, errors);
    const prices = input.orderLineItems.map((line, at) => {
      const price = priceOf(line);
      const problems = judgeLineInput(line, input.orderDate, []);
      if (Array.isArray(price)) problems.push(...price);
      errors.push(...below(['orderLineItems', at], problems));
      return price as Price;
    });
    errors.push(...below(['orderLineItems'], judgeItemNumbers(input.orderLineItems)));
    if (errors.length) throw new Refusal(below(['input'], errors));

    const states = input.orderLineItems.map((line) => line.itemState ?? 'Executing');
    const draft = {
      id: newId(),
      ...unit.created(account!.orgId),
      accountId: account!.id,
      orderNumber: input.orderNumber ?? (null as unknown as string),
      orderDate: input.orderDate,
      category: 'NewSales' as const,
      state: orderStateOf(states),
      description: input.description ?? null,
      reasonCode: input.reasonCode ?? null,
    };
    const [order] = await insertNumberedRows<OrderRow>(
      unit.db,
      OrderRow,
      [draft],
      unit.numbering('order', 'orderNumber', 1),
    );
    const orderLineItems = input.orderLineItems.map((line, at) => lineRow(unit, order, account!, line, prices[at], at));
    await insertRows(unit.db, OrderLineItemRow, orderLineItems);
    unit.note('Order', 'Create', null, order);
    for (const line of orderLineItems) unit.note('OrderLineItem', 'Create', null, line);
    return { order, orderLineItems };
  });
}

async function judgedAccount(
  unit: Unit,
  input: CreateOrderInput,
  errors: ReturnType<typeof judgeOrder>,
): Promise<AccountRow | undefined> {
  const [account] = await rowsBy<AccountRow>(unit.db, AccountRow, 'accountNumber', [input.existingAccountNumber]);
  if (!account) {
    errors.push(userError('NOT_FOUND', 'No account has this number.', ['existingAccountNumber']));
  }
  return account;
}

function lineRow(
  unit: Unit,
  order: OrderRow,
  account: AccountRow,
  line: NewOrderLineItem,
  price: Price,
  at: number,
): OrderLineItemRow {
  const itemState = line.itemState ?? 'Executing';
  const transactionStartDate = line.transactionStartDate ?? order.orderDate;
  return {
    id: line.id ?? newId(),
    ...unit.created(order.orgId),
    orderId: order.id,
    accountId: account.id,
    itemNumber: line.itemNumber ?? String(at + 1),
    itemName: line.itemName,
    itemType: line.itemType ?? null,
    itemCategory: 'Sales',
    originalOrderLineItemId: null,
    itemState,
    billingRule: line.billingRule ?? 'TriggerWithoutFulfillment',
    quantity: line.quantity,
    fulfilledQuantity: '0',
    sentQuantity: '0',
    returnedQuantity: '0',
    fulfillmentCount: 0,
    openFulfillmentCount: 0,
    unitOfMeasure: line.unitOfMeasure ?? null,
    currency: account.currency,
    ...price,
    taxMode: line.taxMode ?? null,
    taxCode: line.taxCode ?? null,
    billTargetDate: line.billTargetDate ?? null,
    sentToBillingDate: itemState === 'SentToBilling' ? unit.now : null,
    transactionStartDate,
    transactionEndDate: line.transactionEndDate ?? transactionStartDate,
    paymentTerm: line.paymentTerm ?? null,
    invoiceGroupNumber: line.invoiceGroupNumber ?? null,
    productCode: line.productCode ?? null,
    purchaseOrderNumber: line.purchaseOrderNumber ?? null,
    description: line.description ?? null,
    customFields: line.customFields ?? null,
  };
}
