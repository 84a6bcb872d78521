import type { Caller } from '../domain/caller';
import { Refusal, RequestError } from '../domain/errors';
import {
  type ChargeBooks,
  type Difference,
  missingCharge,
  type ProviderCharge,
  type ProviderDispute,
  reconciled,
  unknownCharge,
} from '../domain/reconciliation';
import type { ProviderBooks, ProviderEvent } from '../gateway/port';
import type { Connection } from '../store/connection/connection';
import { transaction } from '../store/connection/lease';
import { PaymentAttemptRow, PaymentRow } from '../store/payment';
import { keepDifferences } from '../store/provider-difference';
import { rowsBy, updateRows } from '../store/query/write';
import { RefundRow } from '../store/refund';
import { attemptsOfIntents, type KnownIntent, lockReconciliation } from '../store/stripe';
import { settleAttempt } from './payment-attempt';
import { failRefund, lockPayment, placeRefund, settleRefund } from './payment-refund';
import { noted, type Services, translated } from './run/services';
import { Unit } from './run/unit';

/** The actor of what was done at the payment provider. No token has this client id. */
const atProvider = '00000000000000000000000000000000';

/** Something of ours must come to its end before the charge can be judged. The provider sends the event again. */
const notSettled = () =>
  new RequestError('UNAVAILABLE', 'A payment or refund of this charge is still under way. Send the event again.');

/**
 * Takes an event of the provider. Its transaction is committed when this returns. The event says only which charge to look
 * at: what is done follows from the state of the charge at the provider, read under a lock. So a repeated event changes
 * nothing, and events may come in any order. @throws GatewayFailure, RequestError: the event must be sent again
 */
export async function takeEvent(services: Services, books: ProviderBooks, event: ProviderEvent): Promise<void> {
  if (event.chargeId === undefined) return;
  try {
    await reconcileCharge(services, books, event.account, event.chargeId);
  } catch (error) {
    const told = noted(services, translated(error));
    // Locks that others hold: later it goes through.
    throw told instanceof Refusal ? new RequestError('UNAVAILABLE', undefined, error) : told;
  }
}

/** Makes our books agree with one charge as far as the rules allow, and keeps what still differs. */
async function reconcileCharge(
  services: Services,
  books: ProviderBooks,
  account: string,
  chargeId: string,
): Promise<void> {
  const [known] = await attemptsOfIntents(services.db.reads(), [chargeId]);
  const read = () => books.charge(account, chargeId);
  const keep = (differences: Difference[]) => keepDifferences(services.db.aside(), account, chargeId, differences);
  if (known && services.gateway.accountOf(known.entityId) === account) {
    await settle(services, known);
    const scope = { entityId: known.entityId, orgIds: [known.orgId] };
    await transaction(services.db.settling, scope, async (connection) => {
      // Kept before the lock is given back, so that an older look does not overwrite a newer one.
      await keep(await agree(services, connection, known, read));
    });
  } else {
    const charge = await read();
    await keep(charge ? unknownCharge(charge) : []);
  }
}

/** What is open ends first, by the ways that it has. One that is under way elsewhere stays open. */
async function settle(services: Services, known: KnownIntent): Promise<void> {
  const { entityId, orgId } = known;
  if (known.status === 'Open') await settleAttempt(services, known);
  const open = await transaction(services.db.settling, { entityId, orgIds: [orgId] }, async (connection) => {
    const { payment, refunds } = await booksOf(new Unit(connection, services, callerOf(known), false), known);
    return payment ? refunds.filter(({ status }) => status === 'Processing') : [];
  });
  for (const refund of open) await settleRefund(services, refund);
}

const callerOf = ({ entityId, orgId }: KnownIntent): Caller => ({
  ...{ clientId: atProvider, entityId, orgIds: [orgId], scopes: new Set() },
  ...{ requestId: '', trackId: null },
});

/** What our books have on the charge of an attempt. */
async function booksOf({ db }: Unit, { id }: { id: string }) {
  const [attempt] = await rowsBy<PaymentAttemptRow>(db, PaymentAttemptRow, 'id', [id]);
  const [payment = null] = await rowsBy<PaymentRow>(db, PaymentRow, 'attemptId', [id]);
  const refunds = payment ? await rowsBy<RefundRow>(db, RefundRow, 'paymentId', [payment.id]) : [];
  refunds.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { attempt, payment, refunds } satisfies ChargeBooks;
}

/**
 * Carries out the steps of one charge. Its order of locks: the reconciliation of the attempt, then as every refund. The
 * charge is read after the first, so that what is read later is also written later.
 */
async function agree(
  services: Services,
  connection: Connection,
  known: KnownIntent,
  read: () => Promise<ProviderCharge | undefined>,
): Promise<Difference[]> {
  await lockReconciliation(connection, known);
  const unit = new Unit(connection, services, callerOf(known), false);
  const before = await booksOf(unit, known);
  const charge = await read();
  const { payment } = before;
  if (payment) await lockPayment(unit, payment);
  const books = await booksOf(unit, known);
  if (!charge) return [missingCharge(books)];
  if (books.attempt.status === 'Open' && (charge.refunds.length || charge.dispute)) throw notSettled();
  const { steps, differences } = reconciled(charge, books);
  // A refund of ours that is under way holds money that the provider may have paid back otherwise. And what changed since
  // the charge was read may differ from it for that reason alone.
  const isMoving = differences.some(({ kind }) => kind === 'UnknownRefund') && books.refunds.some(isOpen);
  if (isMoving || (differences.length && JSON.stringify(before) !== JSON.stringify(books))) throw notSettled();
  for (const step of steps) {
    const { accountId } = known;
    if (step.kind === 'Refund') await placeRefund(unit, { id: payment!.id, accountId }, step.refund);
    else if (step.kind === 'Dispute') await writeDispute(unit, payment!.id, step.dispute);
    else await failRefund(unit, books.refunds.find(({ id }) => id === step.refundId)!, accountId);
  }
  await unit.writeHistory();
  return differences;
}

const isOpen = ({ status }: RefundRow): boolean => status === 'Processing';

/** Flags the payment with its dispute. No balance moves: who bears a lost dispute is for people to decide. */
async function writeDispute(unit: Unit, paymentId: string, dispute: ProviderDispute): Promise<void> {
  // Read again: a refund before this step has changed it.
  const [before] = await rowsBy<PaymentRow>(unit.db, PaymentRow, 'id', [paymentId]);
  const { status: disputeStatus, amount: disputeAmount, withdrawn: disputeWithdrawn } = dispute;
  const after = { ...before, disputeStatus, disputeAmount, disputeWithdrawn, ...unit.touched(before) };
  const columns = [
    'disputeStatus',
    'disputeAmount',
    'disputeWithdrawn',
    'version',
    'updatedDate',
    'updatedById',
  ] as const;
  await updateRows(unit.db, PaymentRow, [after], columns);
  unit.note('Payment', 'Dispute', before, after);
}
