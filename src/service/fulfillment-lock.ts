import { idOf } from '../domain/key';
import { FulfillmentRow } from '../store/fulfillment';
import { rowsBy } from '../store/query/write';
import { lockLines } from './order-line-item';
import type { Unit } from './run/unit';

/**
 * The fulfillments that keys name, read after their line items are locked. The line item of a fulfillment never
 * changes, so it may be looked up before the lock. All else is read again after the lock.
 */
export async function lockFulfillments(unit: Unit, keys: readonly string[]) {
  const ids = [...new Set(keys.map(idOf).filter((id) => id !== undefined))];
  const numbers = [...new Set(keys.filter((key) => !idOf(key) && !key.includes('\0')))];
  const parents = ['id', 'orderLineItemId'];
  const located = (
    await Promise.all([
      ids.length ? rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'id', ids, parents) : [],
      numbers.length ? rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'fulfillmentNumber', numbers, parents) : [],
    ])
  ).flat();
  // In one message, and one after the other: the rows are read once the locks are held.
  const [lines, rows] = await Promise.all([
    lockLines(
      unit,
      located.map((row) => row.orderLineItemId),
    ),
    rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'id', [...new Set(located.map((row) => row.id))]),
  ]);
  const byKey = new Map(rows.flatMap((row) => [[row.id, row] as const, [row.fulfillmentNumber, row] as const]));
  const found = new Map(
    keys.flatMap((key) => {
      const row = byKey.get(idOf(key) ?? key);
      return row ? [[key, row] as const] : [];
    }),
  );
  return { found, lines };
}
