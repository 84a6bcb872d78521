import { type HistoryAction, isChanged } from '../domain/history';
import { orderStateOf } from '../domain/order';
import { type OrderLineItemState } from '../domain/order-line-item';
import { completesItself, enterLine, orderLineItemTransitions } from '../domain/order-line-item-move';
import { OrderRow } from '../store/order';
import { itemStatesByOrder, lockOrderLineItems, OrderLineItemRow } from '../store/order-line-item';
import { lockRows, updateRows } from '../store/query/write';
import type { Unit } from './run/unit';

/**
 * Locks line items, and the sales line items of the returns among them, in the order of their ids. This is the first
 * lock of a unit of work. Only the settings may be held before or after it (CONTRIBUTING.md, "Lock order").
 */
export async function lockLines(unit: Unit, ids: Iterable<string>): Promise<Map<string, OrderLineItemRow>> {
  const rows = await lockOrderLineItems(unit.db, [...new Set(ids)]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** The columns of a line item that change with its fulfillments or returns. */
const counters = [
  'itemState',
  'fulfilledQuantity',
  'sentQuantity',
  'returnedQuantity',
  'fulfillmentCount',
  'openFulfillmentCount',
  'version',
  'updatedDate',
  'updatedById',
] as const;

/**
 * Writes line items that changed, or whose fulfillments or returns changed. It writes the counters, and completes a
 * line item whose last fulfillment was sent; only the system does so. Then it updates the state of their orders.
 * `changed` names further columns that a client has changed. Returns the line items in their new state.
 */
export async function settleLines(
  unit: Unit,
  before: ReadonlyMap<string, OrderLineItemRow>,
  after: ReadonlyMap<string, OrderLineItemRow>,
  changed: readonly (keyof OrderLineItemRow & string)[] = [],
): Promise<OrderLineItemRow[]> {
  const lines = [...after.values()]
    .filter((line) => isChanged(before.get(line.id)!, line))
    .map((line) => ({
      ...(completesItself(line) ? enterLine(line, 'Complete', unit.now) : line),
      ...unit.touched(line),
    }));
  await updateRows(unit.db, OrderLineItemRow, lines, [...counters, ...changed]);
  for (const line of lines) {
    const was = before.get(line.id)!;
    unit.note('OrderLineItem', actionOf(was.itemState, line.itemState), was, line);
  }
  const moved = lines.filter((line) => line.itemState !== before.get(line.id)!.itemState);
  if (moved.length) {
    await settleOrders(
      unit,
      moved.map((line) => line.orderId),
    );
  }
  return lines;
}

/** The history's action for a change of state, or of fields alone. */
const actionOf = (from: OrderLineItemState, to: OrderLineItemState): HistoryAction =>
  orderLineItemTransitions.find((move) => move.from === from && move.to === to)?.action ?? 'Update';

/**
 * Updates the state of orders whose line items have changed state. The orders are locked in the order of their ids, and
 * a later statement reads the states. If three requests each complete one line item of an order, the last one sees all
 * three.
 */
async function settleOrders(unit: Unit, ids: readonly string[]): Promise<void> {
  const orders = await lockRows<OrderRow>(unit.db, OrderRow, [...new Set(ids)]);
  const states = new Map(
    (
      await itemStatesByOrder(
        unit.db,
        orders.map((order) => order.id),
      )
    ).map((row) => [row.orderId, row.states]),
  );
  const changed = orders.flatMap((order) => {
    const state = orderStateOf(states.get(order.id) ?? []);
    if (state === order.state) return [];
    const settled = { ...order, state, ...unit.touched(order) };
    unit.note('Order', 'Update', order, settled);
    return [settled];
  });
  await updateRows(unit.db, OrderRow, changed, ['state', 'version', 'updatedDate', 'updatedById']);
}
