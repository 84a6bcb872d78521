import type { BillingSettings } from '../domain/billing-settings';
import { add, type Decimal } from '../domain/decimal';
import { below, type UserError, userError } from '../domain/errors';
import { enter, fulfillmentTypeFor, inUnitOf } from '../domain/fulfillment';
import { type FulfillmentInput, judgeCreate, leftForNew } from '../domain/fulfillment-create';
import { withDefaults } from '../domain/fulfillment-fields';
import { chargeAmount } from '../domain/invoice';
import { idOf } from '../domain/key';
import { withFulfillment } from '../domain/order-line-item';
import { collects, judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import { FulfillmentRow } from '../store/fulfillment';
import { FulfillmentItemRow } from '../store/fulfillment-item';
import { newId } from '../store/id';
import type { OrderLineItemRow } from '../store/order-line-item';
import { insertNumberedRows, insertRows } from '../store/query/write';
import { type Billed, bill } from './billing';
import { itemRow } from './fulfillment-item';
import { findByKey } from './key';
import { lockLines, settleLines } from './order-line-item';
import { type BatchOptions, judgeCount, judged, refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** In the order of the request. A skipped entry is null, and its reasons are in `userErrors`. */
export interface FulfillmentsResult extends Billed {
  fulfillments: (FulfillmentRow | null)[];
  userErrors: UserError[];
}

interface CreatedFulfillments extends FulfillmentsResult {
  /** The items created with the fulfillments, by the fulfillment's id. */
  items: ReadonlyMap<string, readonly FulfillmentItemRow[]>;
}

export interface CreateFulfillmentsInput {
  fulfillments: readonly FulfillmentInput[];
  processingOptions?: ProcessingOptions | null;
}

/** Creates fulfillments on any number of line items. Bills and collects them in the same transaction on request. */
export function createFulfillments(
  work: Work,
  input: CreateFulfillmentsInput,
  { onError = 'RejectAll', dryRun = false }: BatchOptions = {},
): Promise<CreatedFulfillments> {
  return work.run({ dryRun, mayPay: collects(input.processingOptions) }, async (unit) => {
    const entries = input.fulfillments;
    refuse([
      ...judgeCount(entries.length, ['input', 'fulfillments']),
      ...below(['input', 'processingOptions'], judgeProcessingOptions(input.processingOptions, unit.caller.scopes)),
    ]);
    const ids = entries.map((entry) => idOf(entry.orderLineItemId));
    const named = ids.filter((id) => id !== undefined);
    const [lines, settings] = await Promise.all([lockLines(unit, named), unit.settings()]);
    const before = new Map(lines);
    const reserved = new Map<string, Decimal>();
    const errors: UserError[] = [];
    const drafts = entries.map((given, at) => {
      const line = lines.get(ids[at] ?? '');
      const taken = reserved.get(line?.id ?? '') ?? '0';
      const entry = line ? inUnitOf(line, given, leftForNew(line, taken), settings) : given;
      const problems = line
        ? judgeCreate(entry, line, taken, settings)
        : [userError('NOT_FOUND', 'No order line item has this id.', ['orderLineItemId'])];
      errors.push(...below(['input', 'fulfillments', at], problems));
      if (!line || problems.length) return null;
      const draft = fulfillmentRow(unit, entry, line, settings);
      lines.set(line.id, withFulfillment(line, null, draft));
      if (draft.state === 'Executing') reserved.set(line.id, add(taken, draft.quantity));
      return draft;
    });
    const accepted = judged(drafts, errors, onError);

    const numbering = unit.numbering('fulfillment', 'fulfillmentNumber', accepted.length);
    await insertNumberedRows<FulfillmentRow>(unit.db, FulfillmentRow, accepted, numbering);
    const items = new Map(
      entries.flatMap(({ fulfillmentItems }, at) => {
        const draft = drafts[at];
        return draft && fulfillmentItems ? [[draft.id, fulfillmentItems.map((item) => itemRow(item, draft))]] : [];
      }),
    );
    await insertRows(unit.db, FulfillmentItemRow, [...items.values()].flat());
    for (const row of accepted) unit.note('Fulfillment', 'Create', null, row);
    await settleLines(unit, before, lines);
    const billed = await bill(unit, { fulfillments: accepted, lineOf: lines }, input.processingOptions, [
      'input',
      'processingOptions',
    ]);
    return { ...billed, fulfillments: drafts, items, userErrors: errors };
  });
}

/** One fulfillment by id or number, or undefined. */
export const findFulfillment = (work: Work, key: string): Promise<FulfillmentRow | undefined> =>
  findByKey<FulfillmentRow>(work.reads(), FulfillmentRow, 'fulfillmentNumber', key);

function fulfillmentRow(
  unit: Unit,
  input: FulfillmentInput,
  line: OrderLineItemRow,
  settings: BillingSettings,
): FulfillmentRow {
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
    amount: chargeAmount(line.amountPerUnit, input.quantity, line.currency, settings.roundingMode),
    currency: line.currency,
    sentToBillingDate: null,
    ...withDefaults(input),
  };
  return enter(draft, input.state ?? 'Executing', unit.now);
}
