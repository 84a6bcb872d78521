import { tracingChannel } from 'node:diagnostics_channel';
import type { Decimal } from '../domain/decimal';
import type { Authorization, GatewayCharge } from '../domain/payment';

export interface AuthorizationRequest {
  /** Our attempt's id: asking again with the same key has no second effect. */
  key: string;
  token: string;
  amount: Decimal;
  currency: string;
}

/**
 * What we ask of a payment gateway. Every call is idempotent under its key. A call that is thrown, or not answered in
 * time, has an unknown outcome: it may have been carried out.
 */
export interface PaymentGateway {
  /** Reserves the amount. A declined request leaves nothing reserved. */
  authorize(request: AuthorizationRequest): Promise<Authorization>;
  /** Takes what was authorized under the key; false where it can never be taken (voided, or never authorized). */
  capture(key: string): Promise<boolean>;
  /** Gives up what was authorized, and keeps the key from being authorized later. False where it was captured already. */
  void(key: string): Promise<boolean>;
  /** Pays back part or all of what was captured, under a key of the refund's own; false where less is left. */
  refund(key: string, refundKey: string, amount: Decimal): Promise<boolean>;
  /** What the gateway knows about a key; undefined where nothing. */
  find(key: string): Promise<GatewayCharge | undefined>;
  /** What may be shown of a payment method; undefined where the gateway does not know the token. */
  describe(token: string): { type: string; label: string } | undefined;
}

/** Thrown when the gateway fails or does not answer in time. */
export class GatewayFailure extends Error {}

/** Thrown where it does not answer in time. */
export class GatewayTimeout extends GatewayFailure {}

/** A call of the gateway, without what is paid and how. */
export interface GatewayCall {
  call: 'authorize' | 'capture' | 'void' | 'refund' | 'find';
  /** The attempt that it is about. */
  key: string;
  /** By the clock of `performance`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Each call is told here, for metrics, traces and the log; where nobody listens it costs nothing. */
export const gatewayCalls = tracingChannel<unknown, GatewayCall>('order-gateway.payment-gateway');

export type GatewayOutcome = 'ok' | 'declined' | 'error' | 'timeout';

/** How a call has ended; `declined` is a gateway that answered, and would not. */
export function outcomeOf({ result, error }: GatewayCall): GatewayOutcome {
  if (error instanceof GatewayTimeout) return 'timeout';
  if (error) return 'error';
  return result === false || (result as Authorization | undefined)?.approved === false ? 'declined' : 'ok';
}

/** Tells a listener of each call that has ended, until what it returns is called. */
export function onGatewayCall(listener: (call: GatewayCall) => void): () => void {
  const told = (call: unknown) => listener(call as GatewayCall);
  gatewayCalls.asyncEnd.subscribe(told);
  return () => {
    gatewayCalls.asyncEnd.unsubscribe(told);
  };
}

/** The same gateway with a limit on the time of every call, each of them told to `gatewayCalls`. */
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
