import fc from 'fast-check';
import { targetOf, transitions } from '../../../src/domain/fulfillment';
import { editableFields, type FulfillmentChange } from '../../../src/domain/fulfillment-change';
import { type FulfillmentItemInput, takesItems } from '../../../src/domain/fulfillment-item';
import type { FulfillmentAction, FulfillmentState } from '../../../src/domain/fulfillment-state';
import { pendingOf } from '../../../src/domain/order-line-item';
import { movesFrom } from '../../../src/domain/order-line-item-move';
import type { OnError } from '../../../src/service/run/batch';
import type { FulfillmentRow } from '../../../src/store/fulfillment';
import { ask } from './asks';
import { due, onError, options, part } from './lines';
import { act, idOf, type Pick, partial, pick, picked, record, several, type World, weighted } from './world';

/* Commands over fulfillments and their items. */

/** By number or by id, as both are keys. */
const keyOf = (row: FulfillmentRow | undefined, { n }: Pick): string =>
  row ? (n % 2 ? row.id : row.fulfillmentNumber) : 'none';

const fulfillmentState = (executing: number, ends: number) =>
  weighted<FulfillmentState>(
    [executing, 'Executing'],
    [10, 'Booked'],
    [14, 'SentToBilling'],
    [ends, 'Complete'],
    [ends, 'Canceled'],
  );
const item: fc.Arbitrary<FulfillmentItemInput> = record({ itemIdentifier: fc.constantFrom('SN-1', 'SN-2', null) });

const moves = (state: FulfillmentState | null | undefined) => (row: FulfillmentRow) =>
  state == null || transitions.some((move) => move.from === row.state && move.to === state);

interface Moved {
  keys: Pick[];
  onError: OnError;
}
const moved = record<Moved>({ keys: several(pick, 4), onError });
const keysFor = ({ fulfillments }: World, keys: readonly Pick[], action: FulfillmentAction): string[] => {
  const rows = keys.map((key) => ({ key, row: picked(fulfillments, key, moves(targetOf[action])) }));
  const all = rows.map(({ key, row }) => keyOf(row, key));
  return keys[0].any ? all : all.filter((_, at) => rows.findIndex(({ row }) => row === rows[at].row) === at);
};

export const fulfillmentActs = {
  createFulfillments: act(
    16,
    record({
      entries: several(
        record({
          line: pick,
          quantity: part,
          state: fulfillmentState(24, 1),
          billTargetDate: due,
          fulfillmentItems: fc.option(several(item, 2), { freq: 3 }),
        }),
        3,
      ),
      processingOptions: options,
      onError,
    }),
    ({ lines }, { entries, processingOptions, onError }) => {
      const fulfillments = entries.map(({ line: n, fulfillmentItems, ...entry }) => {
        const line = picked(lines, n, (one) => movesFrom(one).some((move) => move.by === 'system'))!;
        return {
          ...{ fulfillmentDate: '2022-01-01', ...entry, orderLineItemId: line.id },
          quantity: entry.quantity ?? pendingOf(line),
          fulfillmentItems: n.any || takesItems(entry.state) ? fulfillmentItems : null,
        };
      });
      return ask('createFulfillments', { input: { fulfillments, processingOptions }, onError });
    },
  ),
  bookFulfillments: act(5, moved, (world, { keys, onError }) =>
    ask('bookFulfillments', { keys: keysFor(world, keys, 'Book'), onError }),
  ),
  sendFulfillmentsToBilling: act(
    8,
    record({
      moved,
      billTargetDate: weighted<string | null>([4, null], [1, '2022-01-01']),
      processingOptions: options,
    }),
    (world, { moved: { keys, onError }, ...input }) =>
      ask('sendFulfillmentsToBilling', { keys: keysFor(world, keys, 'SendToBilling'), ...input, onError }),
  ),
  completeFulfillments: act(3, moved, (world, { keys, onError }) =>
    ask('completeFulfillments', { keys: keysFor(world, keys, 'Complete'), onError }),
  ),
  // Few are Executing when asked for: with a weight of 3 some runs canceled none.
  cancelFulfillments: act(9, moved, (world, { keys, onError }) =>
    ask('cancelFulfillments', { keys: keysFor(world, keys, 'Cancel'), onError }),
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
    ({ fulfillments, lines }, { key, change }, caller) => {
      const { state, ...fields } = change;
      const fits = (row: FulfillmentRow) =>
        moves(state)(row) && Object.keys(fields).every((field) => editableFields(row, caller).includes(field as never));
      const row = picked(fulfillments, key, fits);
      const line = lines.find(({ id }) => id === row?.orderLineItemId);
      const rest = line && change.quantity === null ? { quantity: pendingOf(line) } : {};
      return ask('updateFulfillment', { key: keyOf(row, key), input: { ...change, ...rest } });
    },
  ),
  deleteFulfillment: act(3, record({ key: pick }), ({ fulfillments }, { key }) => {
    const row = picked(fulfillments, key, ({ state }) => state === 'Executing');
    return ask('deleteFulfillment', { key: keyOf(row, key) });
  }),
  createFulfillmentItems: act(
    5,
    record({ entries: several(record({ key: pick, item }), 3), onError }),
    ({ fulfillments }, { entries, onError }) => {
      const input = entries.map(({ key, item }) => {
        const row = picked(fulfillments, key, ({ state }) => takesItems(state));
        return { ...item, fulfillmentNumber: keyOf(row, key) };
      });
      return ask('createFulfillmentItems', { input, onError });
    },
  ),
  updateFulfillmentItem: act(2, record({ at: pick, item }), ({ items }, { at, item: input }) =>
    ask('updateFulfillmentItem', { id: idOf(picked(items, at)), input }),
  ),
  deleteFulfillmentItem: act(2, record({ at: pick }), ({ items }, { at }) =>
    ask('deleteFulfillmentItem', { id: idOf(picked(items, at)) }),
  ),
};
