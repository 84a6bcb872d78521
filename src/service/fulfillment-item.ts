import { below, Refusal, type UserError, userError } from '../domain/errors';
import {
  checkItem,
  type FulfillmentItemInput,
  givenItem,
  itemFields,
  judgeItemChange,
  judgeItemOf,
  judgeItems,
  maxItems,
} from '../domain/fulfillment-item';
import { isChanged } from '../domain/history';
import { withOtherCustomFields } from '../domain/text';
import { FulfillmentRow } from '../store/fulfillment';
import { FulfillmentItemRow, fulfillmentItems, itemCounts } from '../store/fulfillment-item';
import { newId } from '../store/id';
import { pagesBy } from '../store/query/list';
import { tableOf } from '../store/query/table';
import { deleteRows, insertRows, updateRows } from '../store/query/write';
import { lockFulfillments } from './fulfillment-lock';
import { findByKey } from './key';
import { type BatchOptions, judgeCount, judged, refuse, type UpdateOptions } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** In the order of the request. A skipped entry is null, and its reasons are in `userErrors`. */
export interface FulfillmentItemsResult {
  fulfillmentItems: (FulfillmentItemRow | null)[];
  deletedId: string | null;
  userErrors: UserError[];
}

export interface CreateFulfillmentItemInput extends FulfillmentItemInput {
  /** Accepts the id of the fulfillment too, like every other reference to a fulfillment. */
  fulfillmentNumber: string;
}

/** Adds items to any number of fulfillments. */
export function createFulfillmentItems(
  work: Work,
  input: readonly CreateFulfillmentItemInput[],
  { onError = 'RejectAll', dryRun = false }: BatchOptions = {},
): Promise<FulfillmentItemsResult> {
  return work.run(dryRun, async (unit) => {
    refuse(judgeCount(input.length, ['input']));
    const { found } = await lockFulfillments(
      unit,
      input.map((entry) => entry.fulfillmentNumber),
    );
    const fulfillments = new Map([...found.values()].map((row) => [row.id, row]));
    const counts = await itemCounts(unit.db, [...fulfillments.keys()]);
    const errors: UserError[] = [];
    const drafts = input.map(givenItem).map((entry, at) => {
      const fulfillment = found.get(entry.fulfillmentNumber);
      const count = (counts.get(fulfillment?.id ?? '') ?? 0) + 1;
      const problems = fulfillment
        ? [...below(['fulfillmentNumber'], judgeItems(fulfillment, count)), ...checkItem(entry)]
        : [userError('NOT_FOUND', 'No fulfillment has this id or number.', ['fulfillmentNumber'])];
      errors.push(...below(['input', at], problems));
      if (!fulfillment || problems.length) return null;
      counts.set(fulfillment.id, count);
      return itemRow(entry, fulfillment);
    });
    const accepted = judged(drafts, errors, onError);

    await insertRows(unit.db, FulfillmentItemRow, accepted);
    const parents = new Set(accepted.map((item) => item.fulfillmentId));
    await touchFulfillments(
      unit,
      [...fulfillments.values()].filter((row) => parents.has(row.id)),
      [],
      accepted,
    );
    return { fulfillmentItems: drafts, deletedId: null, userErrors: errors };
  });
}

export function updateFulfillmentItem(
  work: Work,
  id: string,
  input: FulfillmentItemInput,
  { dryRun = false, keepsCustomFields = false }: Omit<UpdateOptions, 'expectedVersion'> = {},
): Promise<FulfillmentItemsResult> {
  return work.run(dryRun, async (unit) => {
    const { item, fulfillment } = await lockItem(unit, id);
    const given = givenItem(input);
    const change = keepsCustomFields ? withOtherCustomFields(item, given) : given;
    refuse([...below(['id'], judgeItemOf(fulfillment)), ...below(['input'], judgeItemChange(change))]);
    const changed = { ...item };
    for (const field of itemFields) {
      if (change[field] !== undefined) Object.assign(changed, { [field]: change[field] });
    }
    if (!isChanged(item, changed)) return { fulfillmentItems: [item], deletedId: null, userErrors: [] };
    await updateRows(unit.db, FulfillmentItemRow, [changed], itemFields);
    await touchFulfillments(unit, [fulfillment], [item], [changed]);
    return { fulfillmentItems: [changed], deletedId: null, userErrors: [] };
  });
}

export function deleteFulfillmentItem(work: Work, id: string, dryRun = false): Promise<FulfillmentItemsResult> {
  return work.run(dryRun, async (unit) => {
    const { item, fulfillment } = await lockItem(unit, id);
    refuse(below(['id'], judgeItemOf(fulfillment)));
    await deleteRows(unit.db, FulfillmentItemRow, [item.id]);
    await touchFulfillments(unit, [fulfillment], [item], []);
    return { fulfillmentItems: [], deletedId: item.id, userErrors: [] };
  });
}

/** One item by id, or undefined. */
export const findFulfillmentItem = (work: Work, id: string): Promise<FulfillmentItemRow | undefined> =>
  findByKey<FulfillmentItemRow>(work.reads(), FulfillmentItemRow, undefined, id);

/** All items of a fulfillment, in the order in which they were added. */
export const itemsOfFulfillment = (work: Work, fulfillmentId: string): Promise<FulfillmentItemRow[]> =>
  pagesBy(work.reads(), fulfillmentItems, 'fulfillmentId', [fulfillmentId], {
    properties: Object.keys(tableOf(FulfillmentItemRow).columns),
    limit: maxItems,
    backward: false,
  });

export const itemRow = (
  input: FulfillmentItemInput,
  { id: fulfillmentId, entityId, orgId }: FulfillmentRow,
): FulfillmentItemRow => ({
  id: newId(),
  entityId,
  orgId,
  fulfillmentId,
  itemIdentifier: input.itemIdentifier ?? null,
  description: input.description ?? null,
  customFields: input.customFields ?? null,
});

/**
 * An item and its fulfillment, read after the line item is locked. The fulfillment of an item never changes, so it may
 * be looked up before the lock. The item is read again after the lock: it may have changed or been deleted.
 */
async function lockItem(unit: Unit, id: string): Promise<{ item: FulfillmentItemRow; fulfillment: FulfillmentRow }> {
  const located = await findByKey<FulfillmentItemRow>(unit.db, FulfillmentItemRow, undefined, id, ['fulfillmentId']);
  if (!located) throw notFound();
  const { found } = await lockFulfillments(unit, [located.fulfillmentId]);
  const item = await findByKey<FulfillmentItemRow>(unit.db, FulfillmentItemRow, undefined, id);
  if (!item) throw notFound();
  return { item, fulfillment: found.get(item.fulfillmentId)! };
}

const notFound = () => new Refusal([userError('NOT_FOUND', 'No fulfillment item has this id.', ['id'])]);

/** Items as the history records them. Null if there are none. */
const told = (items: readonly FulfillmentItemRow[], { id: fulfillmentId }: FulfillmentRow) => {
  const own = items.filter((item) => item.fulfillmentId === fulfillmentId);
  if (own.length === 0) return null;
  return own.map(({ id, itemIdentifier, description, customFields }) => ({
    id,
    itemIdentifier,
    description,
    customFields,
  }));
};

/** A change of items changes their fulfillments: each gets a new version and one history entry. */
async function touchFulfillments(
  unit: Unit,
  fulfillments: readonly FulfillmentRow[],
  before: readonly FulfillmentItemRow[],
  after: readonly FulfillmentItemRow[],
): Promise<void> {
  const touched = fulfillments.map((row) => ({ ...row, ...unit.touched(row) }));
  await updateRows(unit.db, FulfillmentRow, touched, ['version', 'updatedDate', 'updatedById']);
  for (const [at, row] of fulfillments.entries()) {
    const was = { ...row, fulfillmentItems: told(before, row) };
    const is = { ...touched[at], fulfillmentItems: told(after, row) };
    unit.note('Fulfillment', 'Update', was, is);
  }
}
