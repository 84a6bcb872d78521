import { add, type Decimal, subtract } from './decimal';
import { type UserError, userError } from './errors';

export type PaymentStatus = 'Processing' | 'Processed' | 'Error' | 'Voided' | 'Refunded';

/** Open until the gateway's outcome is known and acted on; every other status is final. */
export type PaymentAttemptStatus = 'Open' | 'Declined' | 'Voided' | 'Captured' | 'Failed';

export type ChargeStatus = 'Authorized' | 'Captured' | 'Voided' | 'Refunded' | 'Declined';

/** Processing until the gateway has paid it back. */
export type RefundStatus = 'Processing' | 'Processed' | 'Error';

export interface ProcessingOptions {
  runBilling?: boolean | null;
  collectPayment?: boolean | null;
  billingOptions?: { targetDate?: string | null; documentDate?: string | null } | null;
}

/**
 * collectPayment only with runBilling, since there would be nothing to collect. Billing and paying are scopes of their
 * own. Source: processing options of "Create an order"; collectPayment as in the sample of "Create fulfillments".
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

/** The payment gateway's answer to a request to authorize. A failure or time-out is thrown: the outcome is unknown. */
export type Authorization = { approved: true } | { approved: false; reason: string };

/** What the gateway knows about a key. */
export interface GatewayCharge {
  key: string;
  status: ChargeStatus;
  amount: Decimal;
  currency: string;
  refunded: Decimal;
}

/** What of a payment is put against no invoice. A payment that failed holds no money. */
export const unappliedAmount = (payment: {
  status: PaymentStatus;
  amount: Decimal;
  appliedAmount: Decimal;
  refundAmount: Decimal;
}): Decimal =>
  payment.status === 'Error' || payment.status === 'Voided'
    ? '0'
    : subtract(payment.amount, add(payment.appliedAmount, payment.refundAmount));
