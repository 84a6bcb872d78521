import { canonical } from './json';

/** One field of an object before and after a change, as texts; null if the field has no value. */
export interface FieldChange {
  field: string;
  before: string | null;
  after: string | null;
}

/** The kinds of objects with a history. */
export const historySubjects = [
  'Account',
  'Order',
  'OrderLineItem',
  'Fulfillment',
  'Invoice',
  'CreditMemo',
  'Payment',
  'Refund',
  'BillRun',
  'BillingSettings',
  'WebhookEndpoint',
  'Client',
] as const;
export type HistorySubject = (typeof historySubjects)[number];

/**
 * The act that changed an object. Four acts are of bill runs: Start (a worker begins), Progress (some accounts are
 * billed), Finish (a worker ends a phase) and Remove (a client asks for removal). Delete comes when the run is gone. Three acts
 * are of webhook endpoints: Rotate (a new secret; of clients too), Enable, and Disable (by the client, or by the gateway after failures).
 * Dispute is of payments: the payment provider tells of a dispute.
 */
const historyActions = [
  'Create',
  'Update',
  'Delete',
  'Book',
  'SendToBilling',
  'Complete',
  'Cancel',
  'Post',
  'Unpost',
  'Reverse',
  'Apply',
  'Unapply',
  'Pay',
  'Capture',
  'FailCapture',
  'Offset',
  'Refund',
  'FailRefund',
  'Start',
  'Progress',
  'Finish',
  'Remove',
  'Reopen',
  'Rotate',
  'Enable',
  'Disable',
  'Dispute',
] as const;
export type HistoryAction = (typeof historyActions)[number];

/** The type of an entry: what happened to which kind of object. */
export const eventType = ({ subjectType, action }: { subjectType: string; action: string }): string =>
  `${subjectType}.${action}`;

/** Every type that there may be. */
export const eventTypes: readonly string[] = historySubjects.flatMap((subjectType) =>
  historyActions.map((action) => eventType({ subjectType, action })),
);

/** The acts that put money or credit against a document. */
export const usingActions: readonly HistoryAction[] = ['Pay', 'Offset', 'Apply', 'Reverse'];

/** Fields that the entry itself holds, or that the object has under the same name. */
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

/** Fields listed as changed, but without their values. The path of a webhook's URL often holds a secret. */
const secret = new Set(['paymentMethodToken', 'url']);

const text = (field: string, value: unknown): string | null => {
  if (value == null) return null;
  if (secret.has(field)) return '(not shown)';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/**
 * The changed fields. A new object has none, since its values can be read from the object. A deleted object leaves the
 * values that it had.
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
  value === now || JSON.stringify(canonical(value ?? null)) === JSON.stringify(canonical(now ?? null));

/**
 * Whether an update changes any field. An update that changes nothing leaves no version, no history and no event (N19).
 * Otherwise a client that sends unchanged data, such as a nightly export, would make all other clients read it again.
 */
export const isChanged = (before: object, after: object): boolean => changesOf(before, after).length > 0;

/** The state of an object, under any of its three names. */
export function stateOf(object: object | null): string | null {
  const { state, itemState, status } = (object ?? {}) as Record<string, unknown>;
  return ((state ?? itemState ?? status) as string | undefined) ?? null;
}

/** The values of a new object, as changes from null. For objects outside the graph, which can be read nowhere else. */
export const valuesOf = (made: object): FieldChange[] =>
  changesOf(made, null).map(({ field, before }) => ({ field, before: null, after: before }));
