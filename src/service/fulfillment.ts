import { add, type Decimal } from '../domain/decimal';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import {
  enter,
  type FulfillmentAction,
  type FulfillmentChange,
  type FulfillmentInput,
  type FulfillmentState,
  fulfillmentTypeFor,
  judgeChange,
  judgeCreate,
  judgeDelete,
  judgeMove,
  maxEntries,
  targetOf,
  transitions,
  type UpdatableField,
  updatableFields,
} from '../domain/fulfillment';
import type { HistoryAction } from '../domain/history';
import { chargeAmount } from '../domain/invoice';
import { idOf } from '../domain/key';
import { withFulfillment } from '../domain/order-line-item';
import { judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import { FulfillmentRow } from '../store/fulfillment';
import { newId } from '../store/id';
import { postedFulfillments } from '../store/invoice';
import type { OrderLineItemRow } from '../store/order-line-item';
import { deleteRows, insertNumberedRows, rowsBy, updateRows } from '../store/write';
import { type Billed, bill, nothingBilled } from './invoice';
import { findByKey, judgeVersion } from './key';
import { lockLines, settleLines } from './order-line-item';
import type { Unit, Work } from './work';

export type OnError = 'RejectAll' | 'SkipFailed';

export interface BatchOptions {
  /** RejectAll refuses everything on any error; SkipFailed carries out what is allowed, judged in request order. */
  onError?: OnError;
  dryRun?: boolean;
}

/** In the order of the request; null where an entry was skipped, whose reasons are then in `userErrors`. */
export interface FulfillmentsResult extends Billed {
  fulfillments: (FulfillmentRow | null)[];
  userErrors: UserError[];
}

export interface CreateFulfillmentsInput {
  fulfillments: readonly FulfillmentInput[];
  processingOptions?: ProcessingOptions | null;
}

/** Creates fulfillments on any mix of line items, and bills and collects them in the same act where asked to. */
export function createFulfillments(
  work: Work,
  input: CreateFulfillmentsInput,
  { onError = 'RejectAll', dryRun = false }: BatchOptions = {},
): Promise<FulfillmentsResult> {
  return work.run(dryRun, async (unit) => {
    const entries = input.fulfillments;
    refuse([
      ...judgeCount(entries.length, ['input', 'fulfillments']),
      ...below(['input', 'processingOptions'], judgeProcessingOptions(input.processingOptions, unit.caller.scopes)),
    ]);
    const ids = entries.map((entry) => idOf(entry.orderLineItemId));
    const lines = await lockLines(
      unit,
      ids.filter((id) => id !== undefined),
    );
    const before = new Map(lines);
    const reserved = new Map<string, Decimal>();
    const errors: UserError[] = [];
    const drafts = entries.map((entry, at) => {
      const line = lines.get(ids[at] ?? '');
      const problems = line
        ? judgeCreate(entry, line, reserved.get(line.id) ?? '0')
        : [userError('NOT_FOUND', 'No order line item has this id.', ['orderLineItemId'])];
      errors.push(...below(['input', 'fulfillments', at], problems));
      if (!line || problems.length) return null;
      const draft = fulfillmentRow(unit, entry, line);
      lines.set(line.id, withFulfillment(line, null, draft));
      if (draft.state === 'Executing') reserved.set(line.id, add(reserved.get(line.id) ?? '0', draft.quantity));
      return draft;
    });
    const accepted = judged(drafts, errors, onError);

    const numbering = unit.numbering('fulfillment', 'fulfillmentNumber', accepted.length);
    const written = await insertNumberedRows<FulfillmentRow>(unit.db, FulfillmentRow, accepted, numbering);
    for (const row of written) unit.note('Fulfillment', 'Create', null, row);
    await settleLines(unit, before, lines);
    const billed = await bill(unit, written, lines, input.processingOptions, ['input', 'processingOptions']);
    return { ...billed, fulfillments: inOrder(drafts, written), userErrors: errors };
  });
}

export interface TransitionInput {
  keys: readonly string[];
  action: FulfillmentAction;
  /** With SendToBilling: the date to bill from, for those that have none or may be edited. */
  billTargetDate?: string | null;
  processingOptions?: ProcessingOptions | null;
}

/** Moves many fulfillments by one action, and bills them in the same act where asked to. */
export function transitionFulfillments(
  work: Work,
  input: TransitionInput,
  { onError = 'RejectAll', dryRun = false }: BatchOptions = {},
): Promise<FulfillmentsResult> {
  return work.run(dryRun, async (unit) => {
    const { keys } = input;
    refuse([
      ...judgeCount(keys.length, ['keys']),
      ...below(['processingOptions'], judgeProcessingOptions(input.processingOptions, unit.caller.scopes)),
    ]);
    const change: FulfillmentChange = { state: targetOf[input.action] };
    if (input.billTargetDate != null) change.billTargetDate = input.billTargetDate;
    const { found, lines } = await lockFulfillments(unit, keys);
    const posted = new Set(
      input.action === 'Complete'
        ? await postedFulfillments(
            unit.db,
            [...found.values()].map((f) => f.id),
          )
        : [],
    );
    const before = new Map(lines);
    const seen = new Set<string>();
    const errors: UserError[] = [];
    const results = keys.map((key, at) => {
      const fulfillment = found.get(key);
      if (!fulfillment) {
        errors.push(userError('NOT_FOUND', 'No fulfillment has this id or number.', ['keys', at]));
        return null;
      }
      if (seen.has(fulfillment.id)) {
        errors.push(userError('INVALID_VALUE', 'The same fulfillment is named twice.', ['keys', at]));
        return null;
      }
      seen.add(fulfillment.id);
      const outcome = changed(unit, fulfillment, change, lines, posted);
      if ('problems' in outcome) {
        errors.push(...outcome.problems.map((problem) => ({ ...problem, path: pathOfMove(problem, at) })));
        return null;
      }
      return outcome.row;
    });
    const accepted = judged(results, errors, onError);
    const byId = new Map([...found.values()].map((row) => [row.id, row]));

    await updateRows(unit.db, FulfillmentRow, accepted, moveColumns);
    for (const row of accepted) unit.note('Fulfillment', input.action, byId.get(row.id)!, row);
    await settleLines(unit, before, lines);
    const billed =
      input.action === 'SendToBilling'
        ? await bill(unit, accepted, lines, input.processingOptions, ['processingOptions'])
        : nothingBilled;
    return { ...billed, fulfillments: results, userErrors: errors };
  });
}

/** A date that is missing or refused is the argument's; everything else is the key's. */
const pathOfMove = (problem: UserError, at: number): string[] =>
  problem.path[0] === 'billTargetDate' ? ['billTargetDate'] : ['keys', String(at)];

export function updateFulfillment(
  work: Work,
  key: string,
  change: FulfillmentChange,
  { expectedVersion, dryRun = false }: { expectedVersion?: number | null; dryRun?: boolean } = {},
): Promise<{ fulfillment: FulfillmentRow }> {
  return work.run(dryRun, async (unit) => {
    const { found, lines } = await lockFulfillments(unit, [key]);
    const before = found.get(key);
    if (!before) throw notFound();
    refuse(judgeVersion(before, expectedVersion));
    const posted = new Set(change.state === 'Complete' ? await postedFulfillments(unit.db, [before.id]) : []);
    const linesBefore = new Map(lines);
    const outcome = changed(unit, before, change, lines, posted);
    if ('problems' in outcome) {
      // The line item is no argument of an update: what is wrong with it is the key's.
      throw new Refusal(
        outcome.problems.map((problem) =>
          problem.path[0] === 'orderLineItemId' ? { ...problem, path: ['key'] } : below(['input'], [problem])[0],
        ),
      );
    }
    await updateRows(unit.db, FulfillmentRow, [outcome.row], updateColumns);
    unit.note('Fulfillment', actionOf(before.state, outcome.row.state), before, outcome.row);
    await settleLines(unit, linesBefore, lines);
    return { fulfillment: outcome.row };
  });
}

export function deleteFulfillment(
  work: Work,
  key: string,
  { expectedVersion, dryRun = false }: { expectedVersion?: number | null; dryRun?: boolean } = {},
): Promise<{ deletedId: string; orderLineItem: OrderLineItemRow }> {
  return work.run(dryRun, async (unit) => {
    const { found, lines } = await lockFulfillments(unit, [key]);
    const fulfillment = found.get(key);
    if (!fulfillment) throw notFound();
    refuse([...judgeVersion(fulfillment, expectedVersion), ...below(['key'], judgeDelete(fulfillment))]);
    const line = lines.get(fulfillment.orderLineItemId)!;
    await deleteRows(unit.db, FulfillmentRow, [fulfillment.id]);
    unit.note('Fulfillment', 'Delete', fulfillment, null);
    const without = new Map([[line.id, withFulfillment(line, fulfillment, null)]]);
    const [orderLineItem] = await settleLines(unit, lines, without);
    return { deletedId: fulfillment.id, orderLineItem };
  });
}

/** One fulfillment by id or number, or undefined. */
export const findFulfillment = (
  work: Work,
  key: string,
  properties?: readonly string[],
): Promise<FulfillmentRow | undefined> =>
  findByKey<FulfillmentRow>(work.reads(), FulfillmentRow, 'fulfillmentNumber', key, properties);

const notFound = () => new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.', ['key'])]);

const moveColumns = ['state', 'sentToBillingDate', 'billTargetDate', 'version', 'updatedDate', 'updatedById'] as const;
const updateColumns = [...new Set([...moveColumns, ...updatableFields, 'amount'] as const)];

function refuse(errors: UserError[]): void {
  if (errors.length) throw new Refusal(errors);
}

function judgeCount(count: number, path: string[]): UserError[] {
  if (count === 0) return [userError('REQUIRED', 'Give at least one entry.', path)];
  if (count <= maxEntries) return [];
  return [userError('LIMIT_EXCEEDED', `${count} entries; one request takes at most ${maxEntries}.`, path)];
}

/** What goes on after the entries were judged: all or nothing, or those that passed; if none did, nothing. */
function judged<R>(results: readonly (R | null)[], errors: UserError[], onError: OnError): R[] {
  const accepted = results.filter((result) => result !== null);
  if (errors.length && (onError === 'RejectAll' || accepted.length === 0)) throw new Refusal(errors);
  return accepted;
}

/**
 * The fulfillments that keys name, as they stand once their line items are locked. The line item of a fulfillment
 * never changes, so it may be looked up before the lock; everything else is read again behind it.
 */
async function lockFulfillments(unit: Unit, keys: readonly string[]) {
  const ids = [...new Set(keys.map(idOf).filter((id) => id !== undefined))];
  const numbers = [...new Set(keys.filter((key) => !idOf(key) && !key.includes('\0')))];
  const parents = ['id', 'orderLineItemId'];
  const located = [
    ...(ids.length ? await rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'id', ids, parents) : []),
    ...(numbers.length
      ? await rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'fulfillmentNumber', numbers, parents)
      : []),
  ];
  const lines = await lockLines(
    unit,
    located.map((row) => row.orderLineItemId),
  );
  const rows = await rowsBy<FulfillmentRow>(unit.db, FulfillmentRow, 'id', [...new Set(located.map((row) => row.id))]);
  const byKey = new Map(rows.flatMap((row) => [[row.id, row] as const, [row.fulfillmentNumber, row] as const]));
  const found = new Map(
    keys.flatMap((key) => {
      const row = byKey.get(idOf(key) ?? key);
      return row ? [[key, row] as const] : [];
    }),
  );
  return { found, lines };
}

/** What the history calls a change of state, or of fields alone. */
const actionOf = (from: FulfillmentState, to: FulfillmentState): HistoryAction =>
  transitions.find((move) => move.from === from && move.to === to)?.action ?? 'Update';

/** Written rows in the places of their drafts. */
function inOrder(
  drafts: readonly (FulfillmentRow | null)[],
  written: readonly FulfillmentRow[],
): (FulfillmentRow | null)[] {
  const byId = new Map(written.map((row) => [row.id, row]));
  return drafts.map((draft) => draft && byId.get(draft.id)!);
}

/** Judges a change of fields, of state, or of both in one step, and moves the line's counters along with it. */
function changed(
  unit: Unit,
  before: FulfillmentRow,
  change: FulfillmentChange,
  lines: Map<string, OrderLineItemRow>,
  posted: ReadonlySet<string>,
): { row: FulfillmentRow } | { problems: UserError[] } {
  const { caller } = unit;
  const line = lines.get(before.orderLineItemId)!;
  const fields = withoutRepetition(before, change);
  const problems = judgeChange(before, fields, line, caller);
  if (problems.length) return { problems };

  const edited = { ...before };
  for (const field of updatableFields) {
    if (fields[field] !== undefined)
      Object.assign(edited, { [field]: fields[field] as FulfillmentRow[UpdatableField] });
  }
  edited.amount = chargeAmount(line.amountPerUnit, edited.quantity, line.currency);
  if (change.state != null) {
    const refused = judgeMove(edited, change.state, { line, posted: posted.has(before.id), caller });
    if (refused.length) return { problems: refused };
  }
  const state: FulfillmentState = change.state ?? before.state;
  const row = { ...enter(edited, state, unit.now), ...unit.touched(before) };
  lines.set(line.id, withFulfillment(line, before, row));
  return { row };
}

/** A billTargetDate that repeats the present one is no change, so that a batch may name one date for all. */
function withoutRepetition(before: FulfillmentRow, change: FulfillmentChange): FulfillmentChange {
  if (change.state == null || change.billTargetDate !== before.billTargetDate) return change;
  const { billTargetDate: _, ...rest } = change;
  return rest;
}

function fulfillmentRow(unit: Unit, input: FulfillmentInput, line: OrderLineItemRow): FulfillmentRow {
  const draft: FulfillmentRow = {
    id: newId(),
    ...unit.created(line.orgId),
    orderLineItemId: line.id,
    orderId: line.orderId,
    accountId: line.accountId,
    fulfillmentNumber: null as unknown as string,
    fulfillmentType: fulfillmentTypeFor(line),
    state: 'Executing',
    fulfillmentDate: input.fulfillmentDate,
    quantity: input.quantity,
    amount: chargeAmount(line.amountPerUnit, input.quantity, line.currency),
    currency: line.currency,
    billTargetDate: input.billTargetDate ?? null,
    sentToBillingDate: null,
    description: input.description ?? null,
    carrier: input.carrier ?? null,
    trackingNumber: input.trackingNumber ?? null,
    fulfillmentSystem: input.fulfillmentSystem ?? null,
    fulfillmentLocation: input.fulfillmentLocation ?? null,
    externalId: input.externalId ?? null,
    excludeItemBillingFromRevenueAccounting: input.excludeItemBillingFromRevenueAccounting ?? false,
    excludeItemBookingFromRevenueAccounting: input.excludeItemBookingFromRevenueAccounting ?? false,
    customFields: input.customFields ?? null,
  };
  return enter(draft, input.state ?? 'Executing', unit.now);
}
