import type { BillingSettings } from '../domain/billing-settings';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import { judgeReturn, maxLineItems, withReturn } from '../domain/order-line-item';
import { changeLine, isEmptyChange, type OrderLineItemChange } from '../domain/order-line-item-change';
import { updatableLineFields } from '../domain/order-line-item-fields';
import { enterLine, judgeLineMove } from '../domain/order-line-item-move';
import { collects, judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import { withOtherCustomFields } from '../domain/text';
import { posted } from '../store/billing-claim';
import type { OrderLineItemRow } from '../store/order-line-item';
import { type Billed, bill } from './billing';
import { judgeVersion } from './key';
import { lockLines, settleLines } from './order-line-item';
import { type BatchOptions, judged, refuse, type UpdateOptions } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** In the order of the request. A skipped entry is null, and its reasons are in `userErrors`. */
interface OrderLineItemsResult extends Billed {
  orderLineItems: (OrderLineItemRow | null)[];
  userErrors: UserError[];
}

export interface UpdateOrderLineItemsInput {
  orderLineItems: readonly ({ id: string } & OrderLineItemChange)[];
  processingOptions?: ProcessingOptions | null;
}

/**
 * Changes line items. On request, bills the due ones without fulfillments in the same transaction. A line item named
 * without a change is only billed. This bills a return later than it was sent: once SentToBilling, a return cannot be
 * changed any more. Source: "Update multiple order line items and generate billing documents at the same time".
 */
export function updateOrderLineItems(
  work: Work,
  input: UpdateOrderLineItemsInput,
  {
    onError = 'RejectAll',
    dryRun = false,
    keepsCustomFields = false,
  }: BatchOptions & Pick<UpdateOptions, 'keepsCustomFields'> = {},
): Promise<OrderLineItemsResult> {
  return work.run({ dryRun, mayPay: collects(input.processingOptions) }, async (unit) => {
    const { orderLineItems: entries, processingOptions } = input;
    refuse(
      below(
        ['input'],
        [
          ...judgeLineCount(entries.length),
          ...below(['processingOptions'], judgeProcessingOptions(processingOptions, unit.caller.scopes)),
        ],
      ),
    );
    const changes = await Changes.begin(unit, entries, processingOptions, keepsCustomFields);
    const errors: UserError[] = [];
    const results = entries.map(({ id, ...change }, at) => {
      const outcome = changes.apply(id, change);
      if ('row' in outcome) return outcome.row;
      errors.push(...below(['input', 'orderLineItems', at], outcome.problems));
      return null;
    });
    const accepted = judged(results, errors, onError);
    const done = await changes.settle(accepted, ['input', 'processingOptions']);
    const byId = new Map(done.orderLineItems.map((row) => [row.id, row]));
    return { ...done, orderLineItems: results.map((row) => row && byId.get(row.id)!), userErrors: errors };
  });
}

/** Changes the fields of one line item that its state allows. Source: "Update an order line item". */
export function updateOrderLineItem(
  work: Work,
  id: string,
  { processingOptions, ...change }: OrderLineItemChange & { processingOptions?: ProcessingOptions | null },
  { expectedVersion, dryRun = false, keepsCustomFields = false }: UpdateOptions = {},
): Promise<Billed & { orderLineItem: OrderLineItemRow }> {
  return work.run({ dryRun, mayPay: collects(processingOptions) }, async (unit) => {
    const optionsPath = ['input', 'processingOptions'];
    refuse(below(optionsPath, judgeProcessingOptions(processingOptions, unit.caller.scopes)));
    const changes = await Changes.begin(unit, [{ id, ...change }], processingOptions, keepsCustomFields);
    const before = changes.find(id);
    if (before) refuse(judgeVersion(before, expectedVersion));
    const outcome = changes.apply(id, change);
    if ('problems' in outcome) {
      throw new Refusal(
        outcome.problems.map((problem) => (problem.path[0] === 'id' ? problem : below(['input'], [problem])[0])),
      );
    }
    const { orderLineItems, ...billed } = await changes.settle([outcome.row], optionsPath);
    return { ...billed, orderLineItem: orderLineItems[0] };
  });
}

/** One request updates 1 to 100 line items, as many as an order has. */
function judgeLineCount(count: number): UserError[] {
  if (count === 0) return [userError('REQUIRED', 'Give at least one entry.', ['orderLineItems'])];
  if (count <= maxLineItems) return [];
  return [
    userError('LIMIT_EXCEEDED', `The request has ${count} line items; at most ${maxLineItems} are allowed.`, [
      'orderLineItems',
    ]),
  ];
}

/** The changes of one unit. Line items are locked, then judged one after another, then written together. */
class Changes {
  private readonly named = new Set<string>();

  private constructor(
    private readonly unit: Unit,
    private readonly before: ReadonlyMap<string, OrderLineItemRow>,
    private readonly lines: Map<string, OrderLineItemRow>,
    private readonly settings: Pick<BillingSettings, 'taxCodes' | 'units'>,
    private readonly posted: ReadonlySet<string>,
    private readonly options: ProcessingOptions | null | undefined,
    private readonly keepsCustomFields: boolean,
  ) {}

  static async begin(
    unit: Unit,
    entries: readonly ({ id: string } & OrderLineItemChange)[],
    options: ProcessingOptions | null | undefined,
    keepsCustomFields: boolean,
  ): Promise<Changes> {
    const lines = await lockLines(
      unit,
      entries.map(({ id }) => idOf(id)).filter((id) => id !== undefined),
    );
    const completing = entries.filter((entry) => entry.itemState === 'Complete').map(({ id }) => idOf(id) ?? '');
    const sent = completing.filter((id) => lines.get(id)?.itemState === 'SentToBilling');
    // Held: a tax code entered here must not be removed meanwhile.
    const settings = await unit.settings(entries.some((entry) => entry.taxCode != null));
    const done = new Set(sent.length ? await posted(unit.db, sent) : []);
    return new Changes(unit, new Map(lines), lines, settings, done, options, keepsCustomFields);
  }

  find(id: string): OrderLineItemRow | undefined {
    return this.lines.get(idOf(id) ?? '');
  }

  /** Judges a change of fields, of state, or of both. For a return it also moves the counter of the sales line item. */
  apply(key: string, given: OrderLineItemChange): { row: OrderLineItemRow } | { problems: UserError[] } {
    const before = this.find(key);
    if (!before) return { problems: [userError('NOT_FOUND', 'No order line item has this id.', ['id'])] };
    if (this.named.has(before.id)) {
      return { problems: [userError('INVALID_VALUE', 'The same line item is named twice.', ['id'])] };
    }
    this.named.add(before.id);
    const change = this.keepsCustomFields ? withOtherCustomFields(before, given) : given;
    if (this.options?.runBilling && isEmptyChange(change)) return { row: before };

    const original = this.lines.get(before.originalOrderLineItemId ?? '') ?? null;
    const edited = changeLine(before, change, this.settings, original);
    if (Array.isArray(edited)) return { problems: edited };
    const { caller } = this.unit;
    const problems =
      change.itemState != null
        ? judgeLineMove(edited, change.itemState, { caller, posted: this.posted.has(before.id), original })
        : original && edited.quantity !== before.quantity
          ? judgeReturn(edited.quantity, original)
          : [];
    if (problems.length) return { problems };

    const row = change.itemState == null ? edited : enterLine(edited, change.itemState, this.unit.now);
    this.lines.set(row.id, row);
    if (original) this.lines.set(original.id, withReturn(original, before, row));
    return { row };
  }

  /**
   * Writes the accepted line items and bills them as far as they are due. Line items sent earlier may be billed by now.
   */
  async settle(
    accepted: readonly OrderLineItemRow[],
    path: string[],
  ): Promise<Billed & { orderLineItems: OrderLineItemRow[] }> {
    const settled = await settleLines(this.unit, this.before, this.lines, columns);
    const byId = new Map(settled.map((line) => [line.id, line]));
    // A line item that is only billed has not changed. It is settled only if a return of it has changed.
    const orderLineItems = accepted.map((line) => byId.get(line.id) ?? line);
    const sentBefore = orderLineItems.flatMap(({ id }) => (this.before.get(id)!.sentToBillingDate ? [id] : []));
    const billed = await bill(this.unit, { lines: orderLineItems, sentBefore }, this.options, path);
    return { ...billed, orderLineItems };
  }
}

/** The columns that a client's change may write, besides the counters and the state. */
const columns = [...updatableLineFields, 'amountPerUnitGiven', 'sentToBillingDate'] as const;
