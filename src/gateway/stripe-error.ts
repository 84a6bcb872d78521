import Stripe from 'stripe';
import type { Authorization } from '../domain/payment';
import { GatewayFailure, GatewayKeyRefused, GatewayTimeout } from './port';

type Refused = Extract<Authorization, { approved: false }>;

/**
 * Reasons of an issuer that Stripe asks not to pass on: they would tell a thief that the card is known as stolen.
 * Source: Stripe, "Decline codes".
 */
const confidential = ['fraudulent', 'lost_card', 'merchant_blacklist', 'pickup_card', 'restricted_card', 'stolen_card'];
const longestReason = 300;

/** Names of objects and keys stay out of replies and logs: a payment method must not be learnt from an error. */
const redacted = (text: string): string =>
  text.replace(/\b(?:pm|cus|src|tok|sk|rk|pk|seti|pi|acct)_\w[\w*]*|\bcard_[A-Za-z0-9]{14,}/g, '...');

const sentence = (text: string): string => redacted(text).slice(0, longestReason).trim().replace(/\.$/, '');

/** The reason of a decline: Stripe's sentence, with the code that its documentation lists. */
export function declineReason(error: { message?: string; code?: string; decline_code?: string }): string {
  const code = error.decline_code ?? error.code;
  if (code && confidential.includes(code)) return 'the card was declined (generic_decline)';
  return `${sentence(error.message || 'the card was declined')}${code ? ` (${code})` : ''}`;
}

/** The refusal behind an error, where Stripe has answered that it will not authorize this payment. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return { approved: false, reason: declineReason(error) };
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  const { code, param, message } = error;
  if (code === 'amount_too_large') return { approved: false, code: 'LIMIT_EXCEEDED', reason: sentence(message) };
  if (code === 'amount_too_small') return { approved: false, code: 'INVALID_VALUE', reason: sentence(message) };
  // Stripe's sentence lists the 135 that it takes.
  if (param === 'currency')
    return { approved: false, code: 'INVALID_VALUE', reason: 'the payment provider does not take this currency' };
  // A customer that was deleted has taken its payment methods along.
  if (param === 'payment_method' || param === 'customer' || code === 'payment_method_unexpected_state')
    return { approved: false, reason: `the payment method cannot be charged (${code ?? 'payment_method'})` };
  return undefined;
}

/** Whether Stripe has answered that the request cannot be carried out: a retrieval then says why. */
export const isRefused = (error: unknown): error is Stripe.errors.StripeError =>
  error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError;

/** Whether Stripe has no such object; only as this parameter, if one is given. */
export const isMissing = (error: unknown, param?: string): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError &&
  error.code === 'resource_missing' &&
  (param === undefined || error.param === param);

/** Rights that a restricted key lacks, as Stripe names them. */
const rightsIn = (message: string): string => [...new Set(message.match(/\brak_\w+/g))].join(', ');

/**
 * An error of the client library as the port throws it. It has no message of Stripe's, no headers and no cause: these may
 * hold payment methods, and the library keeps the whole request.
 */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const { statusCode, rawType, code, requestId, message } = error;
  const where = requestId ? `, request ${requestId}` : '';
  if (error instanceof Stripe.errors.StripeAuthenticationError)
    return new GatewayKeyRefused(`Stripe does not accept the secret key${where}`);
  if (error instanceof Stripe.errors.StripePermissionError)
    return new GatewayKeyRefused(`the secret key lacks a right at Stripe: ${rightsIn(message) || 'unnamed'}${where}`);
  if (error instanceof Stripe.errors.StripeConnectionError) {
    const { code: reason } = (error.detail ?? {}) as { code?: string };
    return reason === 'ETIMEDOUT'
      ? new GatewayTimeout('Stripe did not answer in time')
      : new GatewayFailure(`no answer of Stripe: ${reason ?? 'the connection was lost'}`);
  }
  // Without a status, something between us and Stripe has answered.
  const answer = [statusCode, rawType, code].filter(Boolean).join(' ') || 'nothing that can be read';
  return new GatewayFailure(`Stripe answered ${answer}${where}`);
}
