import { currencyDecimals } from './currency';
import { add, compare, type Decimal, isPositive, isWithinLimits, round, subtract } from './decimal';
import { type UserError, type UserErrorCode, userError } from './errors';
import type { InvoiceStatus } from './invoice';

export type PaymentStatus = 'Processing' | 'Processed' | 'Error' | 'Voided' | 'Refunded';

/** Open until the gateway's outcome is known and acted on. Every other status is final. */
export type PaymentAttemptStatus = 'Open' | 'Declined' | 'Voided' | 'Captured' | 'Failed';

export type ChargeStatus = 'Authorized' | 'Captured' | 'Voided' | 'Refunded' | 'Declined';

/** Processing until the gateway has paid the money back. */
export type RefundStatus = 'Processing' | 'Processed' | 'Error';

export interface ProcessingOptions {
  runBilling?: boolean | null;
  collectPayment?: boolean | null;
  billingOptions?: { targetDate?: string | null; documentDate?: string | null } | null;
}

/** Whether a request with these options calls the payment gateway while its transaction is open. */
export const collects = (options: ProcessingOptions | null | undefined): boolean => options?.collectPayment === true;

/**
 * collectPayment requires runBilling, since otherwise there is nothing to collect. Billing and paying have separate
 * scopes.
 * Source: processing options of "Create an order"; collectPayment as in the sample of "Create fulfillments".
 */
export function judgeProcessingOptions(
  options: ProcessingOptions | null | undefined,
  scopes: ReadonlySet<string>,
): UserError[] {
  const errors: UserError[] = [];
  if (options?.collectPayment && !options.runBilling) {
    errors.push(userError('INVALID_VALUE', 'collectPayment needs runBilling.', ['collectPayment']));
  }
  if (options?.runBilling && !scopes.has('bill')) {
    errors.push(userError('PERMISSION_DENIED', 'runBilling needs the scope "bill".', ['runBilling']));
  }
  if (options?.collectPayment && !scopes.has('pay')) {
    errors.push(userError('PERMISSION_DENIED', 'collectPayment needs the scope "pay".', ['collectPayment']));
  }
  return errors;
}

/**
 * The payment gateway's answer to an authorization. After a failure or timeout, which throws, the outcome is unknown.
 * `code` is PAYMENT_DECLINED if it is not given. `reason` has no period at its end.
 */
export type Authorization = { approved: true } | { approved: false; reason: string; code?: UserErrorCode };

/** The gateway's record of a charge. */
export interface GatewayCharge {
  key: string;
  status: ChargeStatus;
  amount: Decimal;
  currency: string;
  refunded: Decimal;
}

interface PaymentAmounts {
  status: PaymentStatus;
  amount: Decimal;
  appliedAmount: Decimal;
  refundAmount: Decimal;
}

/** The amount of a payment that is applied to no invoice. A failed payment holds no money. */
export const unappliedAmount = (payment: PaymentAmounts): Decimal =>
  payment.status === 'Error' || payment.status === 'Voided'
    ? '0'
    : subtract(payment.amount, add(payment.appliedAmount, payment.refundAmount));

/**
 * A payment has at most 13 digits before the point (N14). A larger payment could not be refunded by any amount that can
 * be given.
 * Source: "Rounding and precision in Zuora".
 */
export const judgePayment = (amount: Decimal, currency: string, accountNumber: string): UserError[] =>
  isWithinLimits(amount)
    ? []
    : [
        userError(
          'LIMIT_EXCEEDED',
          `The payment of account ${accountNumber} would be ${amount} ${currency}; at most 13 digits before the decimal point are allowed. Collect fewer invoices at once.`,
        ),
      ];

/** The total of payments; null without payments, or if they are in several currencies. Source: "Create an order". */
export const paidAmount = (payments: readonly { amount: Decimal; currency: string }[]): Decimal | null =>
  new Set(payments.map(({ currency }) => currency)).size === 1 ? add(...payments.map(({ amount }) => amount)) : null;

/**
 * Only captured money can be refunded, and each cent once. A null amount refunds all that is left.
 * Source: Zuora, "Refund a payment".
 */
export function judgeRefund(payment: PaymentAmounts & { currency: string }, amount: Decimal | null): UserError[] {
  const { status, currency } = payment;
  if (status === 'Processing') {
    // N20: this refusal is temporary, so it is not stored under the request's Idempotency-Key.
    const text = 'The payment is Processing, but must be Processed for a refund. Try again in a moment.';
    return [userError('PAYMENT_PENDING', text, ['key'])];
  }
  if (status !== 'Processed') {
    return [userError('DOCUMENT_STATUS', `The payment is ${status}, but must be Processed for a refund.`, ['key'])];
  }
  if (amount === null) return [];
  const decimals = currencyDecimals(currency);
  if (!isPositive(amount) || compare(round(amount, decimals, 'DOWN'), amount) !== 0) {
    const text = `amount must be above 0 and have at most ${decimals} decimals in ${currency}.`;
    return [userError('INVALID_VALUE', text, ['amount'])];
  }
  const left = subtract(payment.amount, payment.refundAmount);
  if (compare(amount, left) <= 0) return [];
  return [userError('BALANCE_EXCEEDED', `amount is ${amount}; at most ${left} can be refunded.`, ['amount'])];
}

/** A part of an amount, applied to one invoice. */
export interface InvoicePart {
  invoiceId: string;
  amount: Decimal;
}

const least = (a: Decimal, b: Decimal): Decimal => (compare(a, b) < 0 ? a : b);

/**
 * Takes a refund from a payment: first from the unapplied amount, then from the applications, the last application
 * first. `taken` is owed again on its invoices.
 * Source: Zuora, "Refund a payment" (unapplied amounts are refunded; applied amounts are unapplied before).
 */
export function refunded<A extends InvoicePart>(
  payment: PaymentAmounts,
  applications: readonly A[],
  amount: Decimal,
): Pick<PaymentAmounts, 'status' | 'appliedAmount' | 'refundAmount'> & { taken: { from: A; amount: Decimal }[] } {
  const taken: { from: A; amount: Decimal }[] = [];
  let open = subtract(amount, least(amount, unappliedAmount(payment)));
  for (const from of [...applications].reverse()) {
    if (!isPositive(open)) break;
    const part = least(open, from.amount);
    taken.push({ from, amount: part });
    open = subtract(open, part);
  }
  const refundAmount = add(payment.refundAmount, amount);
  return {
    status: compare(refundAmount, payment.amount) === 0 ? 'Refunded' : payment.status,
    appliedAmount: subtract(payment.appliedAmount, add('0', ...taken.map((part) => part.amount))),
    refundAmount,
    taken,
  };
}

/**
 * The payment after its refund has failed for good, so that the money is still ours. The amounts taken from invoices
 * are applied again, as far as the invoices are still Posted and still owe them. The rest stays unapplied.
 */
export function refundFailed(
  payment: PaymentAmounts,
  refund: { amount: Decimal; taken: readonly InvoicePart[] },
  invoices: ReadonlyMap<string, { status: InvoiceStatus; balance: Decimal }>,
): Pick<PaymentAmounts, 'status' | 'appliedAmount' | 'refundAmount'> & { putBack: InvoicePart[] } {
  const putBack = refund.taken.flatMap(({ invoiceId, amount }): InvoicePart[] => {
    const invoice = invoices.get(invoiceId);
    if (invoice?.status !== 'Posted' || !isPositive(invoice.balance)) return [];
    return [{ invoiceId, amount: least(amount, invoice.balance) }];
  });
  return {
    status: 'Processed',
    appliedAmount: add(payment.appliedAmount, ...putBack.map((part) => part.amount)),
    refundAmount: subtract(payment.refundAmount, refund.amount),
    putBack,
  };
}
