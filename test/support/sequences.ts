import fc from 'fast-check';
import type { BillingSettingsInput } from '../../src/domain/billing-settings-change';
import { Refusal } from '../../src/domain/errors';
import { type FulfillmentAction, type FulfillmentState, targetOf, transitions } from '../../src/domain/fulfillment';
import { editableFields, type FulfillmentChange } from '../../src/domain/fulfillment-change';
import { type FulfillmentItemInput, takesItems } from '../../src/domain/fulfillment-item';
import {
  availableForReturn,
  type BillingRule,
  movesFrom,
  type OrderLineItemState,
  pendingOf,
} from '../../src/domain/order-line-item';
import { editableLineFields, type OrderLineItemChange } from '../../src/domain/order-line-item-change';
import type { ProcessingOptions } from '../../src/domain/payment';
import type { OnError } from '../../src/service/batch';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { deleteFulfillment, transitionFulfillments, updateFulfillment } from '../../src/service/fulfillment-change';
import {
  createFulfillmentItems,
  deleteFulfillmentItem,
  updateFulfillmentItem,
} from '../../src/service/fulfillment-item';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { updateOrderLineItem, updateOrderLineItems } from '../../src/service/order-line-item-change';
import { Work } from '../../src/service/work';
import { AccountRow } from '../../src/store/account';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { FulfillmentItemRow } from '../../src/store/fulfillment-item';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import type { RowClass } from '../../src/store/table';
import { rowsBy } from '../../src/store/write';
import { orderFor, type TestGatewayServer } from './gateway';

/*
 * Random mutations of a small world. A command names objects by numbers, which count among those that there are when it
 * is carried out: any part of a sequence is a sequence again, so that a failing one can be made shorter. Most count only
 * what the mutation fits, since a sequence that is refused goes nowhere.
 */

/** What there is, as somebody sees it who looks before asking: others may change it meanwhile. */
interface World {
  accounts: AccountRow[];
  orders: OrderRow[];
  lines: OrderLineItemRow[];
  fulfillments: FulfillmentRow[];
  items: FulfillmentItemRow[];
}

async function look(work: Work): Promise<World> {
  const all = async <R extends { id: string }>(row: RowClass<R>): Promise<R[]> =>
    (await rowsBy<R>(work.reads(), row, 'entityId' as keyof R & string, [work.caller.entityId])).sort((a, b) =>
      a.id < b.id ? -1 : 1,
    );
  return {
    accounts: await all<AccountRow>(AccountRow),
    // Lines before orders, so that no line is without its order.
    lines: await all<OrderLineItemRow>(OrderLineItemRow),
    orders: await all<OrderRow>(OrderRow),
    fulfillments: await all<FulfillmentRow>(FulfillmentRow),
    items: await all<FulfillmentItemRow>(FulfillmentItemRow),
  };
}

interface Pick {
  n: number;
  /** Among all, and not only among what fits. */
  any: boolean;
}

/** The one that is named, or undefined where there is none at all. */
function picked<T>(list: readonly T[], { n, any }: Pick, fits: (one: T) => boolean = () => true): T | undefined {
  const fitting = any ? [] : list.filter(fits);
  const from = fitting.length ? fitting : list;
  return from[n % from.length];
}
const idOf = (row: { id: string } | undefined): string => row?.id ?? 'none';
/** By number or by id, as both are keys. */
const keyOf = (row: FulfillmentRow | undefined, { n }: Pick): string =>
  row ? (n % 2 ? row.id : row.fulfillmentNumber) : 'none';

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const partial = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { noNullPrototype: true, requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const several = <T>(value: fc.Arbitrary<T>, maxLength: number) => fc.array(value, { minLength: 1, maxLength });
const weighted = <T>(...values: [number, T][]): fc.Arbitrary<T> =>
  fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const pick: fc.Arbitrary<Pick> = record({ n: fc.nat({ max: 59 }), any: weighted([9, false], [1, true]) });
const quantity = fc.constantFrom('1', '2', '3', '0.5', '1.25', '4', '2.333');
/** Null is all there is left. */
const part = fc.constantFrom(null, '0.5', '1', '1.25', '2', '0.333');
const due = weighted<string | null>([7, '2022-01-01'], [1, '2022-01-03'], [1, null]);
const onError = fc.constantFrom<OnError>('RejectAll', 'SkipFailed');
const group = weighted<string | null>([3, null], [1, 'A'], [1, 'B']);
const rule = fc.constantFrom<BillingRule>('TriggerAsFulfillmentOccurs', 'TriggerWithoutFulfillment');
const billingOptions = { targetDate: '2022-01-02' };
const options = weighted<ProcessingOptions | null>(
  [3, null],
  [5, { runBilling: true, billingOptions }],
  [2, { runBilling: true, collectPayment: true, billingOptions }],
  [1, { runBilling: true }],
);

const price = fc.constantFrom<Partial<NewOrderLineItem>>(
  { amountPerUnit: '3.335' },
  { amountPerUnit: '19.99' },
  { amountPerUnit: '0.015' },
  { amountPerUnit: '0' },
  { listPricePerUnit: '100', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '12.5' },
  { listPricePerUnit: '7.7777', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '0.5' },
);
const tax = fc.constantFrom<Partial<NewOrderLineItem>>(
  {},
  { taxCode: 'VAT', taxMode: 'TaxInclusive' },
  { taxCode: 'VAT', taxMode: 'TaxExclusive' },
  { taxCode: 'GST', taxMode: 'TaxInclusive' },
  { taxCode: 'GST' },
);
const unitOfMeasure = weighted<string | null>([2, null], [2, 'Each'], [1, 'kg']);

const lineState = weighted<OrderLineItemState>(
  [4, 'Executing'],
  [4, 'Booked'],
  [6, 'SentToBilling'],
  [2, 'Complete'],
  [1, 'Canceled'],
);
/** A rule and a state to start in: most of those that do not go together are mended. */
const begins = fc.tuple(rule, lineState, pick).map(([billingRule, state, { any }]) => {
  const mend = billingRule === 'TriggerAsFulfillmentOccurs' && !any && ['SentToBilling', 'Complete'].includes(state);
  return { billingRule, itemState: mend ? ('Booked' as const) : state };
});

const sale = fc.tuple(begins, quantity, price, tax, unitOfMeasure, group, due).map(
  ([start, count, cost, taxed, unit, invoiceGroupNumber, billTargetDate]): NewOrderLineItem => ({
    ...{ itemName: 'Device', itemType: 'Product', quantity: count, unitOfMeasure: unit, invoiceGroupNumber },
    ...{ billTargetDate, ...start, ...cost, ...taxed },
  }),
);
const returned = record({ of: pick, start: begins, quantity: part, billTargetDate: due });

const lineChange: fc.Arbitrary<OrderLineItemChange> = fc.oneof(
  { weight: 4, arbitrary: record({ itemState: lineState }) },
  { weight: 1, arbitrary: record({ itemState: lineState, billTargetDate: due }) },
  { weight: 1, arbitrary: partial({ billTargetDate: due, invoiceGroupNumber: group }) },
  { weight: 1, arbitrary: record({ paymentTerm: fc.constantFrom('Net 30', 'Net 15', null) }) },
  { weight: 1, arbitrary: partial({ quantity, itemState: lineState }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        partial({ quantity, billingRule: rule, unitOfMeasure, itemState: lineState }),
        fc.option(price, { nil: {} }),
        fc.option(tax, { nil: {} }),
      )
      .map(([own, cost, taxed]) => ({ ...own, ...cost, ...taxed })),
  },
);

const fulfillmentState = (executing: number, ends: number) =>
  weighted<FulfillmentState>(
    [executing, 'Executing'],
    [10, 'Booked'],
    [14, 'SentToBilling'],
    [ends, 'Complete'],
    [ends, 'Canceled'],
  );
const item: fc.Arbitrary<FulfillmentItemInput> = record({ itemIdentifier: fc.constantFrom('SN-1', 'SN-2', null) });

const vat = (rate: string) => ({ code: 'VAT', rate });
const gst = (rate: string) => ({ code: 'GST', rate });
const settings: fc.Arbitrary<BillingSettingsInput> = partial({
  taxCodes: fc.constantFrom([vat('0.19'), gst('0.07775')], [vat('0.2'), gst('0')], [vat('0.1')], [gst('1')]),
  units: fc.constantFrom(
    [],
    [
      { name: 'Each', decimals: 0, roundingMode: 'DOWN' as const },
      { name: 'kg', decimals: 1 },
    ],
    [
      { name: 'Each', decimals: 1, roundingMode: 'UP' as const },
      { name: 'kg', decimals: 9 },
    ],
  ),
  creditMemoRule: fc.constantFrom('AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping'),
  roundingMode: fc.constantFrom('HALF_UP', 'UP', 'DOWN'),
  inclusiveTaxRule: fc.constantFrom('NetFirst', 'TaxFirst'),
  invoiceSettlement: fc.boolean(),
});

/** A line that may be moved and changed like this, as far as its state goes. */
const lineFits =
  ({ itemState, ...fields }: OrderLineItemChange, { caller }: Work) =>
  (line: OrderLineItemRow): boolean =>
    (itemState == null || movesFrom(line).some((move) => move.by === 'caller' && move.to === itemState)) &&
    Object.keys(fields).every((field) => (editableLineFields(line, caller) as readonly string[]).includes(field));

const moves = (state: FulfillmentState | null | undefined) => (row: FulfillmentRow) =>
  state == null || transitions.some((move) => move.from === row.state && move.to === state);

/** One kind of command: how often it comes, what it is made of, and how it is carried out. */
interface Act<A> {
  weight: number;
  of: fc.Arbitrary<A>;
  run(work: Work, world: World, args: A): Promise<unknown>;
}
const act = <A>(weight: number, of: fc.Arbitrary<A>, run: Act<A>['run']): Act<A> => ({ weight, of, run });

const acts = {
  createOrder: act(
    5,
    record({ account: pick, lines: several(sale, 3), processingOptions: options }),
    (work, { accounts }, { account, lines: orderLineItems, processingOptions }) => {
      const existingAccountNumber = picked(accounts, account)!.accountNumber;
      return createOrder(work, {
        ...{ existingAccountNumber, orderDate: '2022-01-01', orderLineItems, processingOptions },
      });
    },
  ),
  createReturn: act(
    14,
    record({ account: pick, lines: several(returned, 3), processingOptions: options }),
    (work, { accounts, orders, lines }, { account, lines: wanted, processingOptions }) => {
      const { id, accountNumber: existingAccountNumber } = picked(accounts, account)!;
      const own = lines.filter((line) => line.accountId === id);
      const orderLineItems = wanted.map(({ of, start, quantity, billTargetDate }): NewOrderLineItem => {
        const original = picked(own, of, (line) => availableForReturn(line) !== '0')!;
        return {
          ...{ itemName: 'Device, returned', itemCategory: 'Return', billTargetDate, ...start },
          quantity: quantity ?? availableForReturn(original),
          originalOrderNumber: orders.find((order) => order.id === original.orderId)!.orderNumber,
          originalOrderLineItemNumber: original.itemNumber,
        };
      });
      return createOrder(work, {
        ...{ existingAccountNumber, orderDate: '2022-01-05', category: 'Return', orderLineItems, processingOptions },
      });
    },
  ),
  updateOrderLineItem: act(
    10,
    record({ line: pick, change: lineChange, processingOptions: options }),
    (work, { lines }, { line, change, processingOptions }) =>
      updateOrderLineItem(work, idOf(picked(lines, line, lineFits(change, work))), { ...change, processingOptions }),
  ),
  updateOrderLineItems: act(
    12,
    record({
      entries: several(record({ line: pick, change: lineChange }), 5),
      processingOptions: options,
      onError,
    }),
    (work, { lines }, { entries, processingOptions, onError }) => {
      const orderLineItems = entries.map(({ line, change }) => ({
        id: idOf(picked(lines, line, lineFits(change, work))),
        ...change,
      }));
      return updateOrderLineItems(work, { orderLineItems, processingOptions }, { onError });
    },
  ),
  createFulfillments: act(
    16,
    record({
      entries: several(
        record({
          line: pick,
          quantity: part,
          state: fulfillmentState(12, 1),
          billTargetDate: due,
          fulfillmentItems: fc.option(several(item, 2), { freq: 3 }),
        }),
        3,
      ),
      processingOptions: options,
      onError,
    }),
    (work, { lines }, { entries, processingOptions, onError }) => {
      const fulfillments = entries.map(({ line: n, fulfillmentItems, ...entry }) => {
        const line = picked(lines, n, (one) => movesFrom(one).some((move) => move.by === 'system'))!;
        return {
          ...{ fulfillmentDate: '2022-01-01', ...entry, orderLineItemId: line.id },
          quantity: entry.quantity ?? pendingOf(line),
          fulfillmentItems: n.any || takesItems(entry.state) ? fulfillmentItems : null,
        };
      });
      return createFulfillments(work, { fulfillments, processingOptions }, { onError });
    },
  ),
  transitionFulfillments: act(
    16,
    record({
      keys: several(pick, 4),
      action: fc.constantFrom<FulfillmentAction>('Book', 'SendToBilling', 'SendToBilling', 'Complete', 'Cancel'),
      billTargetDate: weighted<string | null>([4, null], [1, '2022-01-01']),
      processingOptions: options,
      onError,
    }),
    (work, { fulfillments }, { keys, onError, ...input }) => {
      const named = keys.map((key) => keyOf(picked(fulfillments, key, moves(targetOf[input.action])), key));
      return transitionFulfillments(work, { ...input, keys: named }, { onError });
    },
  ),
  updateFulfillment: act(
    8,
    record({
      key: pick,
      change: partial({
        quantity: part,
        billTargetDate: due,
        carrier: fc.constantFrom('UPS', null),
        state: fulfillmentState(1, 4),
      }) as fc.Arbitrary<FulfillmentChange>,
    }),
    (work, { fulfillments, lines }, { key, change }) => {
      const { state, ...fields } = change;
      const fits = (row: FulfillmentRow) =>
        moves(state)(row) &&
        Object.keys(fields).every((field) => editableFields(row, work.caller).includes(field as never));
      const row = picked(fulfillments, key, fits);
      const line = lines.find(({ id }) => id === row?.orderLineItemId);
      const rest = line && change.quantity === null ? { quantity: pendingOf(line) } : {};
      return updateFulfillment(work, keyOf(row, key), { ...change, ...rest });
    },
  ),
  deleteFulfillment: act(3, record({ key: pick }), (work, { fulfillments }, { key }) =>
    deleteFulfillment(
      work,
      keyOf(
        picked(fulfillments, key, ({ state }) => state === 'Executing'),
        key,
      ),
    ),
  ),
  createFulfillmentItems: act(
    5,
    record({ entries: several(record({ key: pick, item }), 3), onError }),
    (work, { fulfillments }, { entries, onError }) => {
      const input = entries.map(({ key, item }) => ({
        ...item,
        fulfillmentNumber: keyOf(
          picked(fulfillments, key, ({ state }) => takesItems(state)),
          key,
        ),
      }));
      return createFulfillmentItems(work, input, { onError });
    },
  ),
  updateFulfillmentItem: act(2, record({ at: pick, item }), (work, { items }, { at, item }) =>
    updateFulfillmentItem(work, idOf(picked(items, at)), item),
  ),
  deleteFulfillmentItem: act(2, record({ at: pick }), (work, { items }, { at }) =>
    deleteFulfillmentItem(work, idOf(picked(items, at))),
  ),
  updateBillingSettings: act(4, settings, (work, _, change) => updateBillingSettings(work, change)),
};

export type ActName = keyof typeof acts;
export const actNames = Object.keys(acts) as ActName[];

interface Command {
  act: ActName;
  args: unknown;
}

const command: fc.Arbitrary<Command> = fc.oneof(
  ...actNames.map((name) => ({
    weight: acts[name].weight,
    arbitrary: (acts[name].of as fc.Arbitrary<unknown>).map((args) => ({ act: name, args })),
  })),
);

/** Ten tens: any of them, and any one in them, can be left out to find out which it takes; none is made simpler. */
const tenOf = <T>(each: fc.Arbitrary<T>) => fc.array(fc.option(each, { freq: 1e9 }), { minLength: 10, maxLength: 10 });
export const hundredCommands: fc.Arbitrary<Command[]> = tenOf(tenOf(fc.noShrink(command))).map((tens) =>
  tens.flatMap((ten) => ten ?? []).filter((one) => one !== null),
);

/** Two accounts, the second of which can pay nothing: what is to be collected there is taken back as a whole. */
export async function beginWorld(gateway: TestGatewayServer): Promise<Work> {
  const work = await (await gateway.client()).work();
  await updateBillingSettings(work, { taxCodes: [vat('0.1'), gst('0.05')] });
  const sent = { itemState: 'SentToBilling', billTargetDate: '2022-01-01' } as const;
  const without = { billingRule: 'TriggerWithoutFulfillment' } as const;
  const lines: Partial<NewOrderLineItem>[] = [
    { quantity: '9.5', amountPerUnit: '3.335', taxCode: 'VAT', taxMode: 'TaxInclusive' },
    { quantity: '12', amountPerUnit: '7.77', taxCode: 'GST' },
    { quantity: '3', amountPerUnit: '3.335', unitOfMeasure: 'Each', ...without, ...sent },
    {
      quantity: '5.5',
      amountPerUnit: '0.333',
      unitOfMeasure: 'kg',
      taxCode: 'VAT',
      ...without,
      itemState: 'Executing',
    },
  ];
  await orderFor(work, lines);
  await orderFor(work, lines, { currency: 'JPY', paymentMethodToken: 'tok_declined' });
  return work;
}

/** What came of the commands of each kind: how many were done, and how many each code refused. */
export type Tally = Partial<Record<ActName, Record<string, number>>>;

/** Carries commands out, so many at once. Whatever goes wrong without being refused by the rules is thrown. */
export async function carryOut(
  gateway: TestGatewayServer,
  { caller }: Work,
  commands: readonly Command[],
  atOnce: number,
  tally: Tally,
): Promise<void> {
  const queue = [...commands];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const outcome = await outcomeOf(new Work(gateway.services, caller), next);
      const counts = tally[next.act] ?? {};
      tally[next.act] = { ...counts, [outcome]: (counts[outcome] ?? 0) + 1 };
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** "done", or the code of the first refusal. That others hold the same objects is none: they are to take turns. */
async function outcomeOf(work: Work, { act, args }: Command): Promise<string> {
  try {
    await (acts[act] as Act<unknown>).run(work, await look(work), args);
    return 'done';
  } catch (error) {
    const refused = error instanceof Refusal ? error.errors[0].code : undefined;
    if (refused && !['LOCKED_RETRY', 'PAYMENT_FAILED'].includes(refused)) return refused;
    throw new Error(`${act} ${JSON.stringify(args)} failed`, { cause: error });
  } finally {
    await work.finish();
  }
}

/** The line items of the world, as they stand. */
export const linesOf = async (work: Work): Promise<OrderLineItemRow[]> => (await look(work)).lines;
