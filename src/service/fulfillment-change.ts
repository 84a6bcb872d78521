import type { BillingSettings } from '../domain/billing-settings';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import { enter, inUnitOf, judgeMove, judgeTransition, targetOf, transitions } from '../domain/fulfillment';
import {
  dependsOnSettings,
  type FulfillmentChange,
  judgeChange,
  judgeDelete,
  judgeNamed,
  leftFor,
  withoutRepetition,
} from '../domain/fulfillment-change';
import { type UpdatableField, updatableFields } from '../domain/fulfillment-fields';
import { takesItems } from '../domain/fulfillment-item';
import type { FulfillmentAction, FulfillmentState } from '../domain/fulfillment-state';
import { type HistoryAction, isChanged } from '../domain/history';
import { chargeAmount } from '../domain/invoice';
import { withFulfillment } from '../domain/order-line-item';
import { collects, judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import { withOtherCustomFields } from '../domain/text';
import { posted as postedOf } from '../store/billing-claim';
import { FulfillmentRow } from '../store/fulfillment';
import { itemCounts } from '../store/fulfillment-item';
import type { OrderLineItemRow } from '../store/order-line-item';
import { deleteRows, updateRows } from '../store/query/write';
import { bill, nothingBilled } from './billing';
import type { FulfillmentsResult } from './fulfillment';
import { lockFulfillments } from './fulfillment-lock';
import { judgeVersion, judgeVersionCount } from './key';
import { settleLines } from './order-line-item';
import { type BatchOptions, judgeCount, judged, refuse, type UpdateOptions } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

export interface TransitionInput {
  keys: readonly string[];
  action: FulfillmentAction;
  /** The versions that the caller has read, one for each key. */
  expectedVersions?: readonly number[] | null;
  /** With SendToBilling: the bill target date, for fulfillments that have none or may be edited. */
  billTargetDate?: string | null;
  processingOptions?: ProcessingOptions | null;
}

/** Moves fulfillments by one action, and bills them in the same transaction on request. */
export function transitionFulfillments(
  work: Work,
  input: TransitionInput,
  { onError = 'RejectAll', dryRun = false }: BatchOptions = {},
): Promise<FulfillmentsResult> {
  return work.run({ dryRun, mayPay: collects(input.processingOptions) }, async (unit) => {
    const { keys } = input;
    refuse([
      ...judgeCount(keys.length, ['keys']),
      ...judgeVersionCount(input.expectedVersions, keys.length),
      ...below(['processingOptions'], judgeProcessingOptions(input.processingOptions, unit.caller.scopes)),
    ]);
    const change: FulfillmentChange = { state: targetOf[input.action] };
    if (input.billTargetDate != null) change.billTargetDate = input.billTargetDate;
    const { found, lines } = await lockFulfillments(unit, keys);
    const ids = [...found.values()].map(({ id }) => id);
    const posted = new Set(input.action === 'Complete' ? await postedOf(unit.db, ids) : []);
    const before = new Map(lines);
    const seen = new Set<string>();
    const errors: UserError[] = [];
    const refused = (...problems: UserError[]): null => {
      errors.push(...problems);
      return null;
    };
    const results = keys.map((key, at) => {
      const fulfillment = found.get(key);
      if (!fulfillment) return refused(userError('NOT_FOUND', 'No fulfillment has this id or number.', ['keys', at]));
      if (seen.has(fulfillment.id)) {
        return refused(userError('INVALID_VALUE', 'The same fulfillment is named twice.', ['keys', at]));
      }
      seen.add(fulfillment.id);
      const conflicts = judgeVersion(fulfillment, input.expectedVersions?.[at], ['expectedVersions', at]);
      if (conflicts.length) return refused(...conflicts);
      const outcome = changed(unit, fulfillment, change, lines, posted, null);
      if ('row' in outcome) return outcome.row;
      return refused(...outcome.problems.map((problem) => ({ ...problem, path: pathOfMove(problem, at, input) })));
    });
    const accepted = judged(results, errors, onError);
    const byId = new Map([...found.values()].map((row) => [row.id, row]));

    await updateRows(unit.db, FulfillmentRow, accepted, moveColumns);
    for (const row of accepted) unit.note('Fulfillment', input.action, byId.get(row.id)!, row);
    await settleLines(unit, before, lines);
    const billed =
      input.action === 'SendToBilling'
        ? await bill(unit, { fulfillments: accepted, lineOf: lines }, input.processingOptions, ['processingOptions'])
        : nothingBilled;
    return { ...billed, fulfillments: results, userErrors: errors };
  });
}

/** A problem with the given date points to that argument. Every other problem points to the key. */
const pathOfMove = (problem: UserError, at: number, input: TransitionInput): string[] =>
  problem.path[0] === 'billTargetDate' && input.billTargetDate != null ? ['billTargetDate'] : ['keys', String(at)];

export function updateFulfillment(
  work: Work,
  key: string,
  given: FulfillmentChange,
  { expectedVersion, dryRun = false, keepsCustomFields = false }: UpdateOptions = {},
): Promise<{ fulfillment: FulfillmentRow }> {
  return work.run(dryRun, async (unit) => {
    const { found, lines } = await lockFulfillments(unit, [key]);
    const before = found.get(key);
    if (!before) throw notFound();
    const change = keepsCustomFields ? withOtherCustomFields(before, given) : given;
    refuse([...judgeVersion(before, expectedVersion), ...below(['input'], judgeNamed(before, change))]);
    const posted = new Set(change.state === 'Complete' ? await postedOf(unit.db, [before.id]) : []);
    const settings = dependsOnSettings(change) ? await unit.settings() : null;
    // Only a new quantity is judged by the number of items, and only in a state that takes items.
    const counted = change.quantity != null && takesItems(before.state);
    const items = counted ? await itemCounts(unit.db, [before.id]) : undefined;
    const linesBefore = new Map(lines);
    const outcome = changed(unit, before, change, lines, posted, settings, items?.get(before.id));
    if ('problems' in outcome) {
      // An update has no line item argument, so its problems point to the key.
      throw new Refusal(
        outcome.problems.map((problem) =>
          problem.path[0] === 'orderLineItemId' ? { ...problem, path: ['key'] } : below(['input'], [problem])[0],
        ),
      );
    }
    if (!isChanged(before, outcome.row)) return { fulfillment: before };
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
    // Items are not checked: an Executing fulfillment has none.
    await deleteRows(unit.db, FulfillmentRow, [fulfillment.id]);
    unit.note('Fulfillment', 'Delete', fulfillment, null);
    const without = new Map([[line.id, withFulfillment(line, fulfillment, null)]]);
    const [orderLineItem] = await settleLines(unit, lines, without);
    return { deletedId: fulfillment.id, orderLineItem };
  });
}

const notFound = () => new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.', ['key'])]);

const moveColumns = ['state', 'sentToBillingDate', 'billTargetDate', 'version', 'updatedDate', 'updatedById'] as const;
const updateColumns = [...new Set([...moveColumns, ...updatableFields, 'amount'] as const)];

/** The history's action for a change of state, or of fields alone. */
const actionOf = (from: FulfillmentState, to: FulfillmentState): HistoryAction =>
  transitions.find((move) => move.from === from && move.to === to)?.action ?? 'Update';

/**
 * Judges a change of fields, of state, or of both, and moves the line item's counters. `settings` is null if the change
 * does not depend on them.
 */
function changed(
  unit: Unit,
  before: FulfillmentRow,
  change: FulfillmentChange,
  lines: Map<string, OrderLineItemRow>,
  posted: ReadonlySet<string>,
  settings: BillingSettings | null,
  itemCount?: number,
): { row: FulfillmentRow } | { problems: UserError[] } {
  const { caller } = unit;
  const line = lines.get(before.orderLineItemId)!;
  const named = withoutRepetition(before, change, caller);
  const fields = settings ? inUnitOf(line, named, leftFor(before, line), settings) : named;
  const noMove = change.state == null ? [] : judgeTransition(before.state, change.state);
  if (noMove.length) return { problems: noMove };
  const problems = judgeChange(before, fields, line, caller, settings, itemCount);
  if (problems.length) return { problems };

  const edited = { ...before };
  for (const field of updatableFields) {
    if (fields[field] !== undefined)
      Object.assign(edited, { [field]: fields[field] as FulfillmentRow[UpdatableField] });
  }
  if (settings && fields.quantity != null) {
    edited.amount = chargeAmount(line.amountPerUnit, edited.quantity, line.currency, settings.roundingMode);
  }
  if (change.state != null) {
    const refused = judgeMove(edited, change.state, { line, posted: posted.has(before.id), caller });
    if (refused.length) return { problems: refused };
  }
  const moved = change.state == null ? edited : enter(edited, change.state, unit.now);
  const row = { ...moved, ...unit.touched(before) };
  lines.set(line.id, withFulfillment(line, before, row));
  return { row };
}
