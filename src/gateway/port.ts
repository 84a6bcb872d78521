import { tracingChannel } from 'node:diagnostics_channel';
import type { Decimal } from '../domain/decimal';
import type { UserError } from '../domain/errors';
import type { Authorization, GatewayCharge } from '../domain/payment';
import type { ProviderCharge } from '../domain/reconciliation';

/** The payment providers, as PAYMENT_GATEWAY, metrics and logs name them. */
export type Provider = 'test' | 'stripe';

/** A payment attempt. Its id is the idempotency key at the provider. The entity says which account there is asked. */
export interface AttemptKey {
  entityId: string;
  id: string;
}

export interface AuthorizationRequest extends AttemptKey {
  /** The billing account whose payment method is charged. */
  accountId: string;
  token: string;
  amount: Decimal;
  currency: string;
}

/** An amount to pay back. Its id is the idempotency key of the refund. */
export interface RefundRequest {
  id: string;
  amount: Decimal;
  currency: string;
}

/**
 * The operations of a payment gateway. Every call is idempotent under its key. A call that throws or times out has an
 * unknown outcome: it may have been carried out. docs/payments.md says what a new provider must keep.
 */
export interface PaymentGateway {
  readonly provider: Provider;
  /** The account at the provider that an entity collects with. Each has a breaker of its own. */
  accountOf(entityId: string): string;
  /** Why the provider can never move this amount for the entity. Asks nobody. The path of the error is the caller's. */
  judge(entityId: string, amount: Decimal, currency: string): UserError[];
  /** Reserves the amount. A declined request leaves nothing reserved. A retry has no second effect. */
  authorize(request: AuthorizationRequest): Promise<Authorization>;
  /** Captures the authorization of the attempt; false if it can never be captured (voided, or never authorized). */
  capture(attempt: AttemptKey): Promise<boolean>;
  /**
   * Voids the authorization of the attempt, and keeps it from being authorized later. False if it is captured already.
   */
  void(attempt: AttemptKey): Promise<boolean>;
  /** Refunds part or all of a captured charge, under the refund's own key. False if less than the amount is left. */
  refund(attempt: AttemptKey, refund: RefundRequest): Promise<boolean>;
  /** The gateway's record of an attempt; undefined if there is none. */
  find(attempt: AttemptKey): Promise<GatewayCharge | undefined>;
  /** The public data of a payment method, without asking the provider; undefined if it cannot be a token of it. */
  describe(token: string): { type: string; label: string } | undefined;
}

/** Thrown when the gateway fails or does not answer in time. */
export class GatewayFailure extends Error {}

/** Thrown when the provider refuses our credentials. It is logged when it begins and ends, not for each request. */
export class GatewayKeyRefused extends GatewayFailure {}

/** Thrown when the gateway does not answer in time. */
export class GatewayTimeout extends GatewayFailure {}

/** A call of the gateway, without amounts and payment methods. */
export interface GatewayCall {
  call: 'authorize' | 'capture' | 'void' | 'refund' | 'find';
  provider: Provider;
  /** The id of the payment attempt. */
  key: string;
  /** A time of `performance.now()`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Reports each call, for metrics, traces and the log. Without a listener it costs nothing. */
export const gatewayCalls = tracingChannel<unknown, GatewayCall>('order-gateway.payment-gateway');

type GatewayOutcome = 'ok' | 'declined' | 'error' | 'timeout';

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
  const { provider } = gateway;
  const told = <T>(call: GatewayCall['call'], key: string, act: () => Promise<T>): Promise<T> =>
    gatewayCalls.tracePromise(() => limit(act()), { call, provider, key, began: performance.now() });
  return {
    provider,
    accountOf: (entityId) => gateway.accountOf(entityId),
    judge: (entityId, amount, currency) => gateway.judge(entityId, amount, currency),
    authorize: (request) => told('authorize', request.id, () => gateway.authorize(request)),
    capture: (attempt) => told('capture', attempt.id, () => gateway.capture(attempt)),
    void: (attempt) => told('void', attempt.id, () => gateway.void(attempt)),
    refund: (attempt, refund) => told('refund', attempt.id, () => gateway.refund(attempt, refund)),
    find: (attempt) => told('find', attempt.id, () => gateway.find(attempt)),
    describe: (token) => gateway.describe(token),
  };
}

/** What a provider tells by itself. `chargeId` is unset where the event is of no business of ours. */
export interface ProviderEvent {
  account: string;
  id: string;
  type: string;
  chargeId?: string;
}

/** Thrown for an event that the provider has not signed, or whose signature is too old. */
export class EventRefused extends Error {}

/** A charge of a list. Its refunds and its dispute are known only once the charge itself is asked for. */
export interface ListedCharge {
  charge: ProviderCharge;
  /** The charge has refunds or a dispute, which the list does not show. */
  more: boolean;
}

/**
 * What a provider knows beside what we have asked it: its own events, and lists of what it has. Each call throws
 * GatewayFailure where the provider does not answer.
 */
export interface ProviderBooks {
  /** Names of the accounts there, as `accountOf` of the gateway gives them. */
  readonly accounts: readonly string[];
  /** Whether events are taken for an entity with an account of its own, or for the shared account. */
  takesEvents(entityId: string | undefined): boolean;
  /** Reads a signed event. @throws EventRefused */
  event(entityId: string | undefined, body: Buffer, signature: string): ProviderEvent;
  /** The charge as it is at present, its refunds and its latest dispute included; undefined if the account has none. */
  charge(account: string, id: string): Promise<ProviderCharge | undefined>;
  /** Charges made in a period, in pages, the newest first. `from` is within it and `to` is not. */
  charges(account: string, from: Date, to: Date): AsyncIterable<readonly ListedCharge[]>;
  /** Ids of charges with a refund or a dispute made since, in pages. An id may come again. */
  changedSince(account: string, from: Date): AsyncIterable<readonly string[]>;
  close(): void;
}
