import { type BillingSettings, roundQuantity } from '../domain/billing-settings';
import { add, type Decimal } from '../domain/decimal';
import { below, type UserError, userError } from '../domain/errors';
import { givenOrder, judgeOrder, type OrderInput, orderStateOf } from '../domain/order';
import { leftToReturn, withReturn } from '../domain/order-line-item';
import {
  judgeItemNumbers,
  judgeLineInput,
  judgeReturnInput,
  nameOfOriginal,
  type OrderLineItemInput,
  withOriginal,
} from '../domain/order-line-item-create';
import { withLineDefaults } from '../domain/order-line-item-fields';
import { enterLine } from '../domain/order-line-item-move';
import { collects, judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import { judgeExtended, type Price, priceOf } from '../domain/price';
import { AccountRow } from '../store/account';
import { newId } from '../store/id';
import { OrderRow } from '../store/order';
import { lineItemsByNumbers, OrderLineItemRow } from '../store/order-line-item';
import { insertChosenRows, insertRows } from '../store/query/write';
import { type Billed, bill } from './billing';
import { findByKey } from './key';
import { lockLines, settleLines } from './order-line-item';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** `id` is for the demo and for tests, whose line items have published ids. No public interface passes an id. */
export type NewOrderLineItem = OrderLineItemInput & { id?: string };

export interface CreateOrderInput extends OrderInput {
  orderLineItems: readonly NewOrderLineItem[];
  processingOptions?: ProcessingOptions | null;
}

/**
 * Creates an order with line items on an existing account. On request, bills and collects the line items without
 * fulfillments. All of it happens in one transaction.
 */
export function createOrder(
  work: Work,
  asked: CreateOrderInput,
  dryRun = false,
): Promise<Billed & { account: AccountRow; order: OrderRow; orderLineItems: OrderLineItemRow[] }> {
  const input = givenOrder(asked);
  return work.run({ dryRun, mayPay: collects(input.processingOptions) }, async (unit) => {
    refuse(
      below(
        ['input'],
        [
          ...judgeOrder(input),
          ...below(['processingOptions'], judgeProcessingOptions(input.processingOptions, unit.caller.scopes)),
        ],
      ),
    );
    const account = await findByKey<AccountRow>(unit.db, AccountRow, 'accountNumber', input.existingAccountNumber);
    const settings = await settingsFor(unit, input.orderLineItems);
    const originals = await lockOriginals(unit, input);
    const judged = judgeLines(input, account, settings, originals);
    const errors = [...(account ? [] : [noAccount()]), ...judged.errors];
    refuse(below(['input'], errors));

    const draft = orderRow(unit, input, account!);
    const numbering = unit.numbering('order', 'orderNumber', 1);
    const [order] = await insertChosenRows<OrderRow>(unit.db, OrderRow, [draft], numbering);
    const orderLineItems = judged.lines.map((line, at) => lineRow(unit, order, account!, line, at));
    await insertRows(unit.db, OrderLineItemRow, orderLineItems);
    unit.note('Order', 'Create', null, order);
    for (const line of orderLineItems) unit.note('OrderLineItem', 'Create', null, line);
    await settleReturns(unit, orderLineItems, originals.lines);
    const options = input.processingOptions;
    const billed = await bill(unit, { lines: orderLineItems }, options, ['input', 'processingOptions']);
    return { ...billed, account: account!, order, orderLineItems };
  });
}

const noAccount = (): UserError =>
  userError('NOT_FOUND', 'No account has this id or number.', ['existingAccountNumber']);

/** Held if a tax code is used, so that the code is not removed meanwhile. Units are read once. */
async function settingsFor(
  unit: Unit,
  lines: readonly NewOrderLineItem[],
): Promise<Pick<BillingSettings, 'taxCodes' | 'units'>> {
  const taxed = lines.some((line) => line.taxCode != null);
  if (taxed || lines.some((line) => line.unitOfMeasure != null || isReturn(line))) return unit.settings(taxed);
  return { taxCodes: [], units: [] };
}

const isReturn = (line: OrderLineItemInput): boolean => line.itemCategory === 'Return';

interface Originals {
  /** The locked sales line items by id. */
  lines: Map<string, OrderLineItemRow>;
  /** The sales line item that each entry names, if any. */
  of: (OrderLineItemRow | undefined)[];
}

/** Locks the sales line items that returns name. Only the settings are locked earlier. */
async function lockOriginals(unit: Unit, { orderLineItems }: CreateOrderInput): Promise<Originals> {
  const names = orderLineItems.map(nameOfOriginal);
  const named = names.filter((name) => name !== null);
  if (named.length === 0) return { lines: new Map(), of: [] };
  const found = await lineItemsByNumbers(unit.db, named);
  const lines = await lockLines(
    unit,
    found.map(({ id }) => id),
  );
  const key = (name: { orderNumber: string; itemNumber: string }) =>
    JSON.stringify([name.orderNumber, name.itemNumber]);
  const ids = new Map(found.map((row) => [key(row), row.id]));
  return { lines, of: names.map((name) => (name ? lines.get(ids.get(key(name)) ?? '') : undefined)) };
}

type JudgedLine = OrderLineItemInput & Price & { id?: string; original?: OrderLineItemRow };

function judgeLines(
  input: CreateOrderInput,
  account: AccountRow | undefined,
  settings: Pick<BillingSettings, 'taxCodes' | 'units'>,
  originals: Originals,
): { lines: JudgedLine[]; errors: UserError[] } {
  const errors: UserError[] = [];
  const reserved = new Map<string, Decimal>();
  const orderCategory = input.category ?? 'NewSales';
  const lines = input.orderLineItems.map((given, at) => {
    const original = originals.of[at];
    const taken = reserved.get(original?.id ?? '') ?? '0';
    const unitOfMeasure = original ? original.unitOfMeasure : given.unitOfMeasure;
    const left = original && leftToReturn(original, taken);
    const line = { ...given, quantity: roundQuantity(given.quantity, unitOfMeasure, settings, left) };
    const context = { orderCategory, orderDate: input.orderDate, settings };
    const refuseLine = (problems: readonly UserError[]) => errors.push(...below(['orderLineItems', at], problems));
    refuseLine(judgeLineInput(line, context));
    if (!isReturn(line)) {
      const price = priceOf(line);
      if (Array.isArray(price)) refuseLine(price);
      else if (account) refuseLine(judgeExtended({ ...line, ...price, currency: account.currency }, 'quantity'));
      return { ...line, ...(price as Price) };
    }
    if (!original || (account && original.accountId !== account.id)) {
      if (nameOfOriginal(line)) {
        refuseLine([
          original
            ? userError('RETURN_NOT_ALLOWED', 'The original line item belongs to another account.', [
                'originalOrderNumber',
              ])
            : userError('NOT_FOUND', 'No line item has this order number and item number.', [
                'originalOrderLineItemNumber',
              ]),
        ]);
      }
      return line as JudgedLine;
    }
    refuseLine(judgeReturnInput(line, original, taken));
    if (line.itemState !== 'Canceled') reserved.set(original.id, add(taken, line.quantity));
    return { ...withOriginal(line, original), original };
  });
  errors.push(...below(['orderLineItems'], judgeItemNumbers(input.orderLineItems)));
  return { lines, errors };
}

/** Moves the counters of sales line items whose returns begin as Booked or later. */
async function settleReturns(
  unit: Unit,
  returns: readonly OrderLineItemRow[],
  originals: ReadonlyMap<string, OrderLineItemRow>,
): Promise<void> {
  const after = new Map(originals);
  for (const line of returns) {
    const original = after.get(line.originalOrderLineItemId ?? '');
    if (original) after.set(original.id, withReturn(original, null, line));
  }
  await settleLines(unit, originals, after);
}

function orderRow(unit: Unit, input: CreateOrderInput, account: AccountRow): OrderRow {
  return {
    id: newId(),
    ...unit.created(account.orgId),
    accountId: account.id,
    orderNumber: input.orderNumber ?? (null as unknown as string),
    orderDate: input.orderDate,
    category: input.category ?? 'NewSales',
    state: orderStateOf(input.orderLineItems.map((line) => line.itemState ?? 'Executing')),
    description: input.description ?? null,
    reasonCode: input.reasonCode ?? null,
  };
}

function lineRow(unit: Unit, order: OrderRow, account: AccountRow, line: JudgedLine, at: number): OrderLineItemRow {
  const transactionStartDate = line.transactionStartDate ?? order.orderDate;
  const row: OrderLineItemRow = {
    id: line.id ?? newId(),
    ...unit.created(order.orgId),
    orderId: order.id,
    accountId: account.id,
    itemNumber: line.itemNumber ?? String(at + 1),
    itemName: line.itemName,
    itemCategory: line.itemCategory ?? 'Sales',
    originalOrderLineItemId: line.original?.id ?? null,
    itemState: 'Executing',
    billingRule: line.billingRule ?? 'TriggerWithoutFulfillment',
    quantity: line.quantity,
    fulfilledQuantity: '0',
    sentQuantity: '0',
    returnedQuantity: '0',
    fulfillmentCount: 0,
    openFulfillmentCount: 0,
    currency: line.original?.currency ?? account.currency,
    listPricePerUnit: line.listPricePerUnit,
    amountPerUnit: line.amountPerUnit,
    amountPerUnitGiven: line.amountPerUnitGiven,
    inlineDiscountType: line.inlineDiscountType,
    inlineDiscountPerUnit: line.inlineDiscountPerUnit,
    sentToBillingDate: null,
    transactionStartDate,
    transactionEndDate: line.transactionEndDate ?? transactionStartDate,
    ...withLineDefaults(line),
  };
  return enterLine(row, line.itemState ?? 'Executing', unit.now);
}
