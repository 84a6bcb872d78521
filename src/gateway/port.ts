import { tracingChannel } from 'node:diagnostics_channel';
import type { Decimal } from '../domain/decimal';
import type { Authorization, GatewayCharge } from '../domain/payment';

export interface AuthorizationRequest {
  /** The id of the payment attempt. A retry with the same key has no second effect. */
  key: string;
  token: string;
  amount: Decimal;
  currency: string;
}

/**
 * The operations of a payment gateway. Every call is idempotent under its key. A call that throws or times out has an
 * unknown outcome: it may have been carried out.
 */
export interface PaymentGateway {
  /** Reserves the amount. A declined request leaves nothing reserved. */
  authorize(request: AuthorizationRequest): Promise<Authorization>;
  /** Captures the authorization of the key; false if it can never be captured (voided, or never authorized). */
  capture(key: string): Promise<boolean>;
  /**
   * Voids the authorization of the key, and keeps the key from being authorized later. False if it is captured already.
   */
  void(key: string): Promise<boolean>;
  /** Refunds part or all of a captured charge, under the refund's own key. False if less than the amount is left. */
  refund(key: string, refundKey: string, amount: Decimal): Promise<boolean>;
  /** The gateway's record of a key; undefined if there is none. */
  find(key: string): Promise<GatewayCharge | undefined>;
  /** The public data of a payment method; undefined if the gateway does not know the token. */
  describe(token: string): { type: string; label: string } | undefined;
}

/** Thrown when the gateway fails or does not answer in time. */
export class GatewayFailure extends Error {}

/** Thrown when the gateway does not answer in time. */
export class GatewayTimeout extends GatewayFailure {}

/** A call of the gateway, without amounts and payment methods. */
export interface GatewayCall {
  call: 'authorize' | 'capture' | 'void' | 'refund' | 'find';
  /** The id of the payment attempt. */
  key: string;
  /** A time of `performance.now()`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Reports each call, for metrics, traces and the log. Without a listener it costs nothing. */
export const gatewayCalls = tracingChannel<unknown, GatewayCall>('order-gateway.payment-gateway');

export type GatewayOutcome = 'ok' | 'declined' | 'error' | 'timeout';

/** The outcome of a call. `declined`: the gateway answered with a refusal. */
export function outcomeOf({ result, error }: GatewayCall): GatewayOutcome {
  if (error instanceof GatewayTimeout) return 'timeout';
  if (error) return 'error';
  return result === false || (result as Authorization | undefined)?.approved === false ? 'declined' : 'ok';
}

/** Calls the listener after each call, until the returned function is called. */
export function onGatewayCall(listener: (call: GatewayCall) => void): () => void {
  const told = (call: unknown) => listener(call as GatewayCall);
  gatewayCalls.asyncEnd.subscribe(told);
  return () => {
    gatewayCalls.asyncEnd.unsubscribe(told);
  };
}

/** The same gateway with a timeout for every call. Each call is reported to `gatewayCalls`. */
export function withTimeout(gateway: PaymentGateway, milliseconds: number): PaymentGateway {
  const limit = async <T>(call: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new GatewayTimeout(`the payment gateway did not answer within ${milliseconds} ms`)),
        milliseconds,
      );
    });
    try {
      return await Promise.race([call, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  const told = <T>(call: GatewayCall['call'], key: string, act: () => Promise<T>): Promise<T> =>
    gatewayCalls.tracePromise(() => limit(act()), { call, key, began: performance.now() });
  return {
    authorize: (request) => told('authorize', request.key, () => gateway.authorize(request)),
    capture: (key) => told('capture', key, () => gateway.capture(key)),
    void: (key) => told('void', key, () => gateway.void(key)),
    refund: (key, refundKey, amount) => told('refund', key, () => gateway.refund(key, refundKey, amount)),
    find: (key) => told('find', key, () => gateway.find(key)),
    describe: (token) => gateway.describe(token),
  };
}
