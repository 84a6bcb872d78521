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

/** The same gateway with a limit on the time of every call. */
export function withTimeout(gateway: PaymentGateway, milliseconds: number): PaymentGateway {
  const limit = async <T>(call: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new GatewayFailure(`no answer within ${milliseconds} ms`)), milliseconds);
    });
    try {
      return await Promise.race([call, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    authorize: (request) => limit(gateway.authorize(request)),
    capture: (key) => limit(gateway.capture(key)),
    void: (key) => limit(gateway.void(key)),
    refund: (key, refundKey, amount) => limit(gateway.refund(key, refundKey, amount)),
    find: (key) => limit(gateway.find(key)),
    describe: (token) => gateway.describe(token),
  };
}
