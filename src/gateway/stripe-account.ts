import * as http from 'node:http';
import * as https from 'node:https';
import Stripe from 'stripe';
import { type UserError, userError } from '../domain/errors';

/** How to reach Stripe. */
export interface StripeOptions {
  /** The secret key of every entity that has none of its own. */
  key?: string;
  /** Secret keys of entities, by entity id. */
  entityKeys?: ReadonlyMap<string, string>;
  /** Another address of Stripe's API, such as a proxy. */
  url?: string;
  /** The time that one call of the port may take, in milliseconds. */
  timeoutMs: number;
  /** The version of this program, which Stripe shows beside each request. */
  version: string;
}

/** A client of the library for an account at Stripe. */
export interface StripeAccount {
  /** As breakers and logs name it. It holds nothing of the key. */
  name: string;
  stripe: Stripe;
}

/** Retries of one request, each under the idempotency key of the first. Stripe is asked again after 0.5 and 1 seconds. */
const retries = 2;

/** The accounts at Stripe: one per entity with a key of its own, and one for all others. */
export class StripeAccounts {
  private readonly shared?: StripeAccount;
  private readonly own: ReadonlyMap<string, StripeAccount>;
  private readonly agent: http.Agent;

  constructor({ key, entityKeys = new Map(), url = 'https://api.stripe.com', timeoutMs, version }: StripeOptions) {
    const { protocol, hostname, port } = new URL(url);
    const isHttp = protocol === 'http:';
    this.agent = isHttp ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true });
    const account = (name: string, secret: string): StripeAccount => ({
      name,
      stripe: new Stripe(secret, {
        host: hostname,
        port: port || (isHttp ? 80 : 443),
        protocol: isHttp ? 'http' : 'https',
        httpAgent: this.agent,
        // A silent connection is given up early enough to be asked once more within the time of the call.
        timeout: Math.ceil(timeoutMs * 0.8),
        maxNetworkRetries: retries,
        telemetry: false,
        appInfo: { name: 'order-fulfillment-gateway', version },
      }),
    });
    this.shared = key === undefined ? undefined : account('stripe', key);
    this.own = new Map([...entityKeys].map(([id, secret]) => [id, account(`stripe ${id}`, secret)]));
  }

  /** The account that an entity collects with; undefined if it has none. */
  of(entityId: string): StripeAccount | undefined {
    return this.own.get(entityId) ?? this.shared;
  }

  /** Refuses what an entity without an account would ask. */
  judge(entityId: string): UserError[] {
    if (this.of(entityId)) return [];
    return [userError('INVALID_VALUE', 'This entity has no account at the payment provider, so it cannot collect.')];
  }

  /** Closes all connections, and opens none from then on: a retry of the library must not keep the process alive. */
  close(): void {
    this.agent.maxSockets = 0;
    this.agent.destroy();
  }
}
