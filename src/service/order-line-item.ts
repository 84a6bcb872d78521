import { type HistoryAction, isChanged } from '../domain/history';
import { orderStateOf } from '../domain/order';
import {
  completesItself,
  enterLine,
  type OrderLineItemState,
  orderLineItemTransitions,
} from '../domain/order-line-item';
import { OrderRow } from '../store/order';
import { itemStatesByOrder, lockOrderLineItems, OrderLineItemRow } from '../store/order-line-item';
import { lockRows, updateRows } from '../store/query/write';
import type { Unit } from './run/unit';

/**
 * Locks line items, and the sales lines of the returns among them, in the order of their ids: the first lock of a unit of
 * work, but for the settings, which may be held before or after (CONTRIBUTING.md, "Lock order").
 */
export async function lockLines(unit: Unit, ids: Iterable<string>): Promise<Map<string, OrderLineItemRow>> {
  const rows = await lockOrderLineItems(unit.db, [...new Set(ids)]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** What changes of a line when its fulfillments or returns do. */
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
 * Writes line items that have changed, or whose fulfillments or returns have: counters and, where the last fulfillment
 * was sent, the completion that only the system brings about; then the state of their orders. `changed` names the
 * columns that a client has changed besides. Returns the lines as they stand now.
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

/** What the history calls a change of state, or of fields alone. */
const actionOf = (from: OrderLineItemState, to: OrderLineItemState): HistoryAction =>
  orderLineItemTransitions.find((move) => move.from === from && move.to === to)?.action ?? 'Update';

/**
 * Recomputes the state of orders whose line items have changed state. The orders are locked, in the order of their
 * ids, before the states are read in a later statement: of three requests that each complete one line of an order, the
 * last one sees all three.
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
