import { add, compare, type Decimal, subtract } from './decimal';
import type { ChargeStatus, PaymentAttemptStatus, PaymentStatus, RefundStatus } from './payment';

/*
 * How a payment of ours is made to agree with what the payment provider knows of it. The provider's present state counts,
 * never the state that an event tells: events are repeated and come in any order.
 */

/**
 * Where a dispute stands. An inquiry has taken no money yet. The bank decides what is under review.
 * Source: Stripe, "How disputes work" and the field `status` of "The Dispute object".
 */
export type DisputeStatus =
  | 'Inquiry'
  | 'InquiryClosed'
  | 'NeedsResponse'
  | 'UnderReview'
  | 'Won'
  | 'Lost'
  | 'Prevented';

/** The latest dispute of a charge. */
export interface ProviderDispute {
  status: DisputeStatus;
  /** In the currency of the charge. */
  amount: Decimal;
  /** Whether the provider holds the disputed money back at present. */
  withdrawn: boolean;
}

/** A refund as the provider has it. */
export interface ProviderRefund {
  id: string;
  /** The id that we gave the refund; null if it was made at the provider. */
  ours: string | null;
  amount: Decimal;
  /** The money has come back to us, or never went. */
  failed: boolean;
}

/** A charge as the provider has it at present. */
export interface ProviderCharge {
  id: string;
  createdDate: string;
  /** Pending: no money is held, and the outcome is open. */
  status: ChargeStatus | 'Pending';
  /** What was authorized, or captured once it is. */
  amount: Decimal;
  currency: string;
  refunds: readonly ProviderRefund[];
  dispute: ProviderDispute | null;
}

/** What our books have on a charge. */
export interface ChargeBooks {
  attempt: { id: string; status: PaymentAttemptStatus; amount: Decimal; currency: string };
  payment: {
    status: PaymentStatus;
    amount: Decimal;
    refundAmount: Decimal;
    disputeStatus: DisputeStatus | null;
    disputeAmount: Decimal | null;
    disputeWithdrawn: boolean;
  } | null;
  refunds: readonly { id: string; amount: Decimal; status: RefundStatus; providerRefundId: string | null }[];
}

const differenceKinds = [
  'UnknownCharge',
  'MissingCharge',
  'Amount',
  'Currency',
  'Status',
  'UnknownRefund',
  'MissingRefund',
  'RefundAmount',
  'RefundStatus',
  'Dispute',
] as const;
/** How the books differ. Unknown: only the provider has it. Missing: only our books have it. */
export type DifferenceKind = (typeof differenceKinds)[number];

/** What our books and the provider say otherwise. A side that knows nothing is null. */
export interface Difference {
  kind: DifferenceKind;
  /** The charge or the refund: the provider's id of it, or ours where the provider has none. */
  objectId: string;
  ours: string | null;
  theirs: string | null;
}

/** A change of our books that the rules allow. It makes them agree with the provider. */
export type Step =
  | { kind: 'Refund'; refund: ProviderRefund }
  | { kind: 'FailRefund'; refundId: string; refund: ProviderRefund }
  | { kind: 'Dispute'; dispute: ProviderDispute };

/** The steps of a reconciliation, and the differences that no step may settle. */
interface Reconciliation {
  steps: Step[];
  differences: Difference[];
}

const isMoney = ({ status }: ProviderCharge): boolean =>
  status !== 'Pending' && status !== 'Declined' && status !== 'Voided';

/** A charge without an attempt of ours. One that never held money is no difference. */
export function unknownCharge(charge: ProviderCharge): Difference[] {
  if (!isMoney(charge) && !charge.dispute) return [];
  const theirs = `${charge.status} ${charge.amount} ${charge.currency}`;
  return [{ kind: 'UnknownCharge', objectId: charge.id, ours: null, theirs }];
}

/** A charge that the provider does not have, although we do. */
export const missingCharge = ({ attempt, payment }: ChargeBooks): Difference => ({
  ...{ kind: 'MissingCharge', objectId: attempt.id, theirs: null },
  ours: `${payment?.status ?? attempt.status} ${attempt.amount} ${attempt.currency}`,
});

/**
 * What has to be done so that our books agree with the provider. An attempt that is still open has an outcome to wait for,
 * so it is not judged. Where amount or currency differ, nothing is moved: every further amount would be wrong too.
 */
export function reconciled(charge: ProviderCharge, books: ChargeBooks): Reconciliation {
  const { attempt, payment } = books;
  if (attempt.status === 'Open') return { steps: [], differences: [] };
  const differ = (kind: DifferenceKind, ours: string | null, theirs: string | null): Difference => ({
    ...{ kind, objectId: charge.id, ours, theirs },
  });
  if (attempt.currency !== charge.currency)
    return { steps: [], differences: [differ('Currency', attempt.currency, charge.currency)] };
  if (isMoney(charge) && compare(attempt.amount, charge.amount) !== 0)
    return { steps: [], differences: [differ('Amount', attempt.amount, charge.amount)] };

  const differences: Difference[] = [];
  const isTaken = charge.status === 'Captured' || charge.status === 'Refunded';
  // What was captured without a request was refunded in full: service/payment-attempt.ts.
  const agrees = attempt.status === 'Captured' ? isTaken : !isMoney(charge) || charge.status === 'Refunded';
  if (!agrees) differences.push(differ('Status', payment?.status ?? attempt.status, charge.status));
  const refunds = reconciledRefunds(charge, books);
  const steps: Step[] = refunds.steps;
  differences.push(...refunds.differences);

  const { dispute } = charge;
  const known = payment?.disputeStatus
    ? { status: payment.disputeStatus, amount: payment.disputeAmount!, withdrawn: payment.disputeWithdrawn }
    : null;
  if (!isSameDispute(known, dispute)) {
    if (dispute && payment) steps.push({ kind: 'Dispute', dispute });
    else differences.push(differ('Dispute', shownDispute(known), shownDispute(dispute)));
  }
  return { steps, differences };
}

/**
 * Refunds of ours are known by the id that we gave them. A refund made at the provider is placed on the payment as our own
 * would be, if the payment has the money left. It is listed otherwise.
 *
 * A refund may fail after it was accepted: the money then comes back. Source: Stripe, "Refunds", failed refunds.
 */
function reconciledRefunds(charge: ProviderCharge, { attempt, payment, refunds }: ChargeBooks): Reconciliation {
  const steps: Step[] = [];
  const differences: Difference[] = [];
  const differ = (kind: DifferenceKind, objectId: string, ours: string | null, theirs: string | null) =>
    differences.push({ kind, objectId, ours, theirs });
  const fresh: ProviderRefund[] = [];
  const seen = new Set<string>();
  for (const refund of charge.refunds) {
    // The money of an attempt whose request came to nothing was refunded under the id of the attempt.
    if (refund.ours === attempt.id) continue;
    const own = refunds.find(({ id, providerRefundId }) =>
      refund.ours === null ? providerRefundId === refund.id : id === refund.ours,
    );
    if (!own) {
      if (!refund.failed) fresh.push(refund);
      continue;
    }
    seen.add(own.id);
    const theirs = refund.failed ? 'failed' : 'paid back';
    if (compare(own.amount, refund.amount) !== 0) differ('RefundAmount', refund.id, own.amount, refund.amount);
    else if (own.status === 'Processed' && refund.failed) steps.push({ kind: 'FailRefund', refundId: own.id, refund });
    else if (own.status === 'Error' && !refund.failed) differ('RefundStatus', refund.id, own.status, theirs);
  }
  for (const { id, status, amount } of refunds) {
    if (status === 'Processed' && !seen.has(id)) differ('MissingRefund', id, amount, null);
  }

  const failed = steps.map((step) => (step as { refund: ProviderRefund }).refund.amount);
  let left =
    payment?.status === 'Processed' || payment?.status === 'Refunded'
      ? subtract(add(payment.amount, ...failed), payment.refundAmount)
      : '0';
  for (const refund of fresh) {
    // One that bears an id of ours, without a row, is from other books than these.
    if (refund.ours !== null || compare(refund.amount, left) > 0) {
      differ('UnknownRefund', refund.id, null, refund.amount);
      continue;
    }
    left = subtract(left, refund.amount);
    steps.push({ kind: 'Refund', refund });
  }
  return { steps, differences };
}

const isSameDispute = (a: ProviderDispute | null, b: ProviderDispute | null): boolean =>
  a === null || b === null
    ? a === b
    : a.status === b.status && a.withdrawn === b.withdrawn && compare(a.amount, b.amount) === 0;

const shownDispute = (dispute: ProviderDispute | null): string | null =>
  dispute && `${dispute.status} ${dispute.amount}${dispute.withdrawn ? ', withdrawn' : ''}`;

/** A step that nobody has carried out yet, as the difference that it would settle. */
export function differenceOf(step: Step, chargeId: string): Difference {
  switch (step.kind) {
    case 'Refund':
      return { kind: 'UnknownRefund', objectId: step.refund.id, ours: null, theirs: step.refund.amount };
    case 'FailRefund':
      return { kind: 'RefundStatus', objectId: step.refund.id, ours: 'Processed', theirs: 'failed' };
    case 'Dispute':
      return { kind: 'Dispute', objectId: chargeId, ours: null, theirs: shownDispute(step.dispute) };
  }
}
