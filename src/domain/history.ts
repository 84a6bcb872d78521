import { canonical } from './canonical';

/** One field of an object before and after a change, as texts; null where it has no value. */
export interface FieldChange {
  field: string;
  before: string | null;
  after: string | null;
}

/** The kinds of objects whose changes are kept. */
export type HistorySubject =
  | 'Account'
  | 'Order'
  | 'OrderLineItem'
  | 'Fulfillment'
  | 'Invoice'
  | 'CreditMemo'
  | 'Payment'
  | 'Refund'
  | 'BillRun'
  | 'BillingSettings';

/**
 * The act that changed an object. Start, Finish and Remove are of bill runs: a worker begins with one, one comes to the end
 * of what it was at, and a client has one removed; Delete is when it is gone.
 */
export type HistoryAction =
  | 'Create'
  | 'Update'
  | 'Delete'
  | 'Book'
  | 'SendToBilling'
  | 'Complete'
  | 'Cancel'
  | 'Post'
  | 'Unpost'
  | 'Reverse'
  | 'Apply'
  | 'Unapply'
  | 'Pay'
  | 'Capture'
  | 'FailCapture'
  | 'Offset'
  | 'Refund'
  | 'FailRefund'
  | 'Start'
  | 'Finish'
  | 'Remove'
  | 'Reopen';

/** The acts by which money or credit was put against a document. */
export const usingActions: readonly HistoryAction[] = ['Pay', 'Offset', 'Apply', 'Reverse'];

/** Said by the entry itself, or by the object's own fields of the same name. */
const untold = new Set([
  'id',
  'entityId',
  'orgId',
  'orgIds',
  'trackId',
  'version',
  'createdDate',
  'createdById',
  'updatedDate',
  'updatedById',
]);

/** Told as changed, but never what they are. */
const secret = new Set(['paymentMethodToken']);

const text = (field: string, value: unknown): string | null => {
  if (value == null) return null;
  if (secret.has(field)) return '(not shown)';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/**
 * The fields that a change has touched. A new object has changed nothing: it is there to be looked at. One that is
 * deleted leaves the values it had.
 */
export function changesOf(before: object | null, after: object | null): FieldChange[] {
  if (before === null) return [];
  const changes: FieldChange[] = [];
  for (const [field, value] of Object.entries(before)) {
    const now = after === null ? null : (after as Record<string, unknown>)[field];
    if (!untold.has(field) && !isSame(value, now))
      changes.push({ field, before: text(field, value), after: text(field, now) });
  }
  return changes;
}

/** PostgreSQL keeps the fields of a JSON object in an order of its own. */
const isSame = (value: unknown, now: unknown): boolean =>
  JSON.stringify(canonical(value ?? null)) === JSON.stringify(canonical(now ?? null));

/**
 * Whether a change has changed anything. One that has not leaves no trace: no version, no history, no event (N19). Whoever
 * sends what is there already, such as a nightly export, would otherwise make everybody else read it again.
 */
export const isChanged = (before: object, after: object): boolean => changesOf(before, after).length > 0;

/** The state of an object, by whichever name it has. */
export function stateOf(object: object | null): string | null {
  const { state, itemState, status } = (object ?? {}) as Record<string, unknown>;
  return ((state ?? itemState ?? status) as string | undefined) ?? null;
}

/** What a new object was made with. For what is no object of the graph: nobody can look at it. */
export const valuesOf = (made: object): FieldChange[] =>
  changesOf(made, null).map(({ field, before }) => ({ field, before: null, after: before }));
