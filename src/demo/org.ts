import { addDays } from '../domain/date';
import { fulfillmentTypeFor } from '../domain/fulfillment';
import { maxLineItems } from '../domain/order-line-item';
import { createAccount } from '../service/account';
import { createFulfillments } from '../service/fulfillment';
import { transitionFulfillments } from '../service/fulfillment-change';
import { createOrder } from '../service/order';
import { updateOrderLineItems } from '../service/order-line-item-change';
import type { Work } from '../service/run/work';
import type { OrderRow } from '../store/order';
import type { OrderLineItemRow } from '../store/order-line-item';
import type { DemoAccount } from './account';
import type { DemoFulfillment, DemoLine, DemoReturn } from './orders';

/** A created line item of the demo. */
interface Placed<D extends DemoLine | DemoReturn = DemoLine | DemoReturn> {
  demo: D;
  accountNumber: string;
  order: OrderRow;
  row: OrderLineItemRow;
}

/**
 * Fills one org. Independent objects share a request, one request for each month, as a warehouse would send them. The
 * requests run one after another, so that every demo gives the same objects the same numbers.
 */
export async function fillOrg(work: Work, orgId: string, accounts: readonly DemoAccount[]): Promise<void> {
  const sold: Placed<DemoLine>[] = [];
  for (const { account, orders } of accounts) {
    const { accountNumber } = (await createAccount(work, { ...account, orgId })).account;
    for (const { lines, ...order } of orders) {
      const made = await createOrder(work, {
        ...order,
        existingAccountNumber: accountNumber,
        orderLineItems: lines.map(({ line }) => line),
      });
      sold.push(...made.orderLineItems.map((row, at) => ({ demo: lines[at], accountNumber, order: made.order, row })));
    }
  }
  await carryOut(work, sold);
  await carryOut(work, await takeBack(work, sold));
}

/** Creates one return order for each order with returns, some weeks later. */
async function takeBack(work: Work, sold: readonly Placed<DemoLine>[]): Promise<Placed<DemoReturn>[]> {
  const taken = sold.flatMap((sale) => (sale.demo.returns ?? []).map((demo) => ({ sale, demo })));
  const returned: Placed<DemoReturn>[] = [];
  for (const entries of groups(taken, ({ sale }) => sale.order.orderNumber)) {
    const { accountNumber, order } = entries[0].sale;
    const made = await createOrder(work, {
      existingAccountNumber: accountNumber,
      orderNumber: order.orderNumber.replace('O-', 'RMA-'),
      orderDate: addDays(order.orderDate, 25),
      category: 'Return',
      reasonCode: 'Return Order',
      orderLineItems: entries.map(({ sale, demo }) => ({
        ...demo.line,
        itemName: sale.row.itemName,
        itemCategory: 'Return',
        originalOrderNumber: order.orderNumber,
        originalOrderLineItemNumber: sale.row.itemNumber,
      })),
    });
    const rows = made.orderLineItems;
    returned.push(...rows.map((row, at) => ({ demo: entries[at].demo, accountNumber, order: made.order, row })));
  }
  return returned;
}

/** Delivers, receives, bills and moves the created line items. */
async function carryOut(work: Work, placed: readonly Placed[]): Promise<void> {
  await fulfill(work, placed);
  await move(work, placed);
  await work.finish();
}

async function fulfill(work: Work, placed: readonly Placed[]): Promise<void> {
  const wanted = placed.flatMap(({ demo, row }) => (demo.fulfillments ?? []).map((entry) => ({ entry, row })));
  const next: { action: 'Cancel' | 'Complete'; id: string }[] = [];
  const request = ({ fulfillmentDate, move }: DemoFulfillment) =>
    `${month(fulfillmentDate)} ${move?.bill ? 'billed' : '-'} ${move?.pay ? 'paid' : '-'}`;
  for (const entries of groups(wanted, ({ entry }) => request(entry))) {
    const [{ entry: first }] = entries;
    const { fulfillments } = await createFulfillments(work, {
      fulfillments: entries.map(({ entry: { move: _, ...entry }, row }) => ({
        ...entry,
        orderLineItemId: row.id,
        fulfillmentType: fulfillmentTypeFor(row),
      })),
      processingOptions: first.move?.bill ? billing(first.fulfillmentDate, first.move.pay) : null,
    });
    for (const [at, { entry }] of entries.entries()) {
      if (entry.move?.next) next.push({ action: entry.move.next as 'Cancel', id: fulfillments[at]!.id });
    }
  }
  for (const moves of groups(next, ({ action }) => action)) {
    await transitionFulfillments(work, { keys: moves.map(({ id }) => id), action: moves[0].action });
  }
}

/** Moves line items, state by state. A move to SentToBilling is billed in the same request. */
async function move(work: Work, placed: readonly Placed[]): Promise<void> {
  const most = Math.max(0, ...placed.map(({ demo }) => demo.moves?.length ?? 0));
  for (let step = 0; step < most; step++) {
    const moving = placed.filter(({ demo }) => demo.moves?.[step]);
    const request = ({ demo, row }: Placed) =>
      `${demo.moves![step]} ${month(row.billTargetDate ?? '-')} ${demo.pay ? 'paid' : '-'}`;
    for (const entries of groups(moving, request)) {
      const [{ demo, row }] = entries;
      const itemState = demo.moves![step];
      await updateOrderLineItems(work, {
        orderLineItems: entries.map((entry) => ({ id: entry.row.id, itemState })),
        processingOptions: itemState === 'SentToBilling' ? billing(row.billTargetDate!, demo.pay) : null,
      });
    }
  }
}

const month = (day: string): string => day.slice(0, 7);

/** Processing options that bill everything due by the 28th of the month. */
const billing = (day: string, pay = false) => ({
  runBilling: true,
  collectPayment: pay,
  billingOptions: { targetDate: `${month(day)}-28` },
});

/**
 * Groups entries by key, in the order of the keys. Each group has at most as many entries as one request takes line
 * items.
 */
function groups<T>(all: readonly T[], keyOf: (each: T) => string): T[][] {
  const byKey = new Map<string, T[]>();
  for (const each of all) byKey.set(keyOf(each), [...(byKey.get(keyOf(each)) ?? []), each]);
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([, entries]) =>
    Array.from({ length: Math.ceil(entries.length / maxLineItems) }, (_, at) =>
      entries.slice(at * maxLineItems, (at + 1) * maxLineItems),
    ),
  );
}
