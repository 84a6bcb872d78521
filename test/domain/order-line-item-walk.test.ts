import fc from 'fast-check';
import { enter, type FulfillmentFacts, fulfillmentStates, judgeMove } from '../../src/domain/fulfillment';
import { judgeChange, judgeDelete } from '../../src/domain/fulfillment-change';
import { judgeCreate } from '../../src/domain/fulfillment-create';
import type { FulfillmentState } from '../../src/domain/fulfillment-state';
import { pendingOf, withFulfillment } from '../../src/domain/order-line-item';
import { completesItself } from '../../src/domain/order-line-item-move';
import { aCaller, aLine, anInput, billionths, ofBillionths, someSettings } from '../support/facts';

const settings = someSettings();

type Walked = FulfillmentFacts & { sentToBillingDate: string | null; posted: boolean };

type Step =
  | { kind: 'create'; entries: { quantity: number; state: FulfillmentState; dated: boolean }[] }
  | { kind: 'move'; at: number; to: FulfillmentState; posted: boolean }
  | { kind: 'edit'; at: number; quantity: number; to: FulfillmentState | null }
  | { kind: 'delete'; at: number };

/** Quantities are multiples of 0.100000001: sums that a float would not get right, in all nine decimals. */
const decimal = (n: number): string => ofBillionths(BigInt(n) * 100_000_001n);

/** More of what is allowed than of what is not, else most walks would stand still. */
const state = fc.constantFrom(...fulfillmentStates, 'SentToBilling' as const, 'SentToBilling' as const);
const start = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<FulfillmentState>('Executing', 'Booked') },
  { weight: 2, arbitrary: state },
);
const dated = fc.integer({ min: 0, max: 9 }).map((n) => n > 0);
const quantity = fc.integer({ min: 1, max: 5 });
const at = fc.nat({ max: 5 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('create' as const),
        entries: fc.array(fc.record({ quantity, state: start, dated }), { minLength: 1, maxLength: 2 }),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('move' as const), at, to: state, posted: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('edit' as const), at, quantity, to: fc.option(state, { freq: 2 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at }) },
  ),
  { minLength: 10, maxLength: 60, size: 'max' },
);

/** One line item and its fulfillments, walked as the services walk them. */
class Line {
  line: ReturnType<typeof aLine>;
  fulfillments: Walked[] = [];
  /** How often each kind of step was accepted. */
  readonly accepted: Record<string, number> = {};

  constructor(
    quantity: number,
    private readonly caller: ReturnType<typeof aCaller>,
  ) {
    this.line = aLine({ quantity: decimal(quantity) });
  }

  take(step: Step): void {
    if (step.kind === 'create') {
      this.create(step.entries);
      return;
    }
    const index = step.at % Math.max(1, this.fulfillments.length);
    const before = this.fulfillments[index];
    if (!before) return;
    if (step.kind === 'delete') {
      if (judgeDelete(before).length === 0) this.replace(index, before, null, 'delete');
      return;
    }
    const to = step.to;
    const change = step.kind === 'edit' ? { quantity: decimal(step.quantity), state: to } : { state: to };
    if (judgeChange(before, change, this.line, this.caller, settings).length) return;
    const edited = { ...before, quantity: 'quantity' in change ? change.quantity! : before.quantity };
    if (step.kind === 'move') edited.posted = step.posted;
    if (to !== null) {
      const context = { line: this.line, posted: edited.posted, caller: this.caller };
      if (judgeMove(edited, to, context).length) return;
    }
    this.replace(index, before, enter(edited, to ?? before.state, 'now'), to ?? 'edit');
  }

  private create(entries: { quantity: number; state: FulfillmentState; dated: boolean }[]): void {
    let line = this.line;
    let reserved = 0;
    const made: Walked[] = [];
    for (const entry of entries) {
      const billTargetDate = entry.dated ? '2022-01-01' : null;
      const input = anInput({ quantity: decimal(entry.quantity), state: entry.state, billTargetDate });
      if (judgeCreate(input, line, reserved ? decimal(reserved) : '0', settings).length) return;
      const { quantity } = input;
      const draft = { state: 'Executing' as const, quantity, billTargetDate, sentToBillingDate: null, posted: false };
      made.push(enter<Walked>(draft, entry.state, 'now'));
      line = withFulfillment(line, null, made.at(-1)!);
      if (entry.state === 'Executing') reserved += entry.quantity;
    }
    this.line = line;
    this.fulfillments.push(...made);
    this.settle('create');
  }

  private replace(index: number, before: Walked, after: Walked | null, what: string): void {
    this.line = withFulfillment(this.line, before, after);
    this.fulfillments.splice(index, 1, ...(after ? [after] : []));
    this.settle(what);
  }

  private settle(what: string): void {
    this.accepted[what] = (this.accepted[what] ?? 0) + 1;
    if (!completesItself(this.line)) return;
    this.accepted.line = 1;
    this.line = { ...this.line, itemState: 'Complete' };
  }
}

const sum = (fulfillments: readonly Walked[], ...states: FulfillmentState[]): bigint =>
  fulfillments.filter((f) => states.includes(f.state)).reduce((total, f) => total + billionths(f.quantity), 0n);

/** What must hold after every step, as names of what does not. */
function broken({ line, fulfillments }: Line): string[] {
  const [quantity, fulfilled, sent, pending] = [
    line.quantity,
    line.fulfilledQuantity,
    line.sentQuantity,
    pendingOf(line),
  ].map(billionths);
  const open = fulfillments.filter((f) => f.state === 'Executing' || f.state === 'Booked').length;
  const toBill = fulfillments.filter((f) => f.state === 'SentToBilling' || f.state === 'Complete');
  const rules = {
    'quantity = pending + fulfilled': quantity === pending + fulfilled,
    '0 <= sent <= fulfilled <= quantity': 0n <= sent && sent <= fulfilled && fulfilled <= quantity,
    'fulfilled counts Booked and later': fulfilled === sum(fulfillments, 'Booked', 'SentToBilling', 'Complete'),
    'sent counts SentToBilling and Complete': sent === sum(fulfillments, 'SentToBilling', 'Complete'),
    'all are counted': line.fulfillmentCount === fulfillments.length,
    'those that are open are counted': line.openFulfillmentCount === open,
    'a Complete line is all sent': line.itemState !== 'Complete' || (sent === quantity && open === 0),
    'a line that is all sent is Complete': line.itemState === 'Complete' || sent < quantity || open > 0,
    'what is sent has its dates': toBill.every((f) => f.billTargetDate !== null && f.sentToBillingDate !== null),
  };
  return Object.entries(rules).flatMap(([name, kept]) => (kept ? [] : [name]));
}

/** What may never change again: fulfillments that are Complete or Canceled, and a line that is Complete. */
const settled = ({ line, fulfillments }: Line) => ({
  line: line.itemState === 'Complete' ? line.fulfilledQuantity : undefined,
  fulfillments: fulfillments.filter((f) => f.state === 'Complete' || f.state === 'Canceled'),
});

test('whatever is tried, the counters equal their fulfillments, nothing is over-fulfilled and no end is left', () => {
  const seen: Record<string, number> = {};
  const property = fc.property(fc.integer({ min: 1, max: 12 }), fc.boolean(), steps, (quantity, trusted, walk) => {
    const caller = aCaller(trusted ? ['fulfill', 'edit-booked'] : ['fulfill']);
    const line = new Line(quantity, caller);
    for (const step of walk) {
      const before = settled(line);
      line.take(step);
      const after = settled(line);
      const wrong = broken(line);
      const kept = before.fulfillments.every((f) => after.fulfillments.includes(f));
      if (!kept || (before.line !== undefined && after.line !== before.line)) wrong.push('an end is not left');
      if (wrong.length) throw new Error(`${JSON.stringify(step)} breaks: ${wrong.join('; ')}`);
    }
    for (const [kind, count] of Object.entries(line.accepted)) seen[kind] = (seen[kind] ?? 0) + count;
  });
  fc.assert(property, { numRuns: 800 });
  // The walks were worth taking: every kind of step was accepted, and lines completed themselves.
  for (const kind of ['create', 'edit', 'delete', 'Booked', 'Canceled', 'SentToBilling', 'Complete', 'line']) {
    expect([kind, seen[kind] > 0]).toEqual([kind, true]);
  }
});
