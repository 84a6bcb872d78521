import { orderStateOf } from '../domain/order';
import { completesItself, type OrderLineItemState } from '../domain/order-line-item';
import { OrderRow } from '../store/order';
import { itemStatesByOrder, OrderLineItemRow } from '../store/order-line-item';
import { lockRows, updateRows } from '../store/write';
import type { Unit } from './work';

/** Locks line items in the order of their ids, always the first lock of a unit of work. */
export async function lockLines(unit: Unit, ids: Iterable<string>): Promise<Map<string, OrderLineItemRow>> {
  const rows = await lockRows<OrderLineItemRow>(unit.db, OrderLineItemRow, [...new Set(ids)]);
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Writes line items whose fulfillments have changed: counters and, where the last one was sent, the completion that
 * only the system brings about; then the state of their orders. Returns the lines as they stand now.
 */
export async function settleLines(
  unit: Unit,
  before: ReadonlyMap<string, OrderLineItemRow>,
  after: ReadonlyMap<string, OrderLineItemRow>,
): Promise<OrderLineItemRow[]> {
  const changed = [...after.values()].filter((line) => line !== before.get(line.id));
  const lines = changed.map((line) => {
    const itemState: OrderLineItemState = completesItself(line) ? 'Complete' : line.itemState;
    return { ...line, itemState, ...unit.touched(line) };
  });
  await updateRows(unit.db, OrderLineItemRow, lines, [
    'itemState',
    'fulfilledQuantity',
    'sentQuantity',
    'fulfillmentCount',
    'openFulfillmentCount',
    'version',
    'updatedDate',
    'updatedById',
  ]);
  for (const line of lines) {
    const was = before.get(line.id)!;
    unit.note('OrderLineItem', line.itemState === was.itemState ? 'Update' : 'Complete', was, line);
  }
  const orderIds = lines.filter((line, at) => line.itemState !== changed[at].itemState).map((line) => line.orderId);
  if (orderIds.length) await settleOrders(unit, orderIds);
  return lines;
}

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
