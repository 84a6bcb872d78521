import * as http from 'node:http';
import * as https from 'node:https';
import Stripe from 'stripe';
import { type UserError, userError } from '../domain/errors';
import { GatewayKeyRefused } from './port';
import { failureOf } from './stripe-error';

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

/** Called when Stripe begins to refuse a key for a call, with the reason, and when it accepts the key again, without one. */
export type KeyListener = (account: string, call: string, reason?: string) => void;

/** A client of the library for an account at Stripe. */
export interface StripeAccount {
  /** As breakers and logs name it. It holds nothing of the key. */
  name: string;
  stripe: Stripe;
}

/** Retries of one request, each under the idempotency key of the first. Stripe is asked again after 0.5 and up to 1 seconds. */
const retries = 2;

/** The accounts at Stripe: one per entity with a key of its own, and one for all others. */
export class StripeAccounts {
  private readonly shared?: StripeAccount;
  private readonly own: ReadonlyMap<string, StripeAccount>;
  private readonly agent: http.Agent;
  /** Account and call for which Stripe refuses the key at present: a restricted key may lack a single right. */
  private readonly refusedKeys = new Set<string>();

  constructor(
    { key, entityKeys = new Map(), url = 'https://api.stripe.com', timeoutMs, version }: StripeOptions,
    private readonly onKey: KeyListener = () => {},
  ) {
    const { protocol, hostname, port } = new URL(url);
    const isHttp = protocol === 'http:';
    this.agent = isHttp ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true });
    const account = (name: string, secret: string): StripeAccount => ({
      name,
      stripe: new Stripe(secret, {
        host: hostname,
        port: port || (isHttp ? 80 : 443),
        protocol: isHttp ? 'http' : 'https',
        httpClient: patient(this.agent),
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

  /** Every account, the shared one first. */
  get all(): StripeAccount[] {
    return [...(this.shared ? [this.shared] : []), ...this.own.values()];
  }

  /** The account that an entity shares with none; the shared one for no entity. Undefined if there is none. */
  exactly(entityId: string | undefined): StripeAccount | undefined {
    return entityId === undefined ? this.shared : this.own.get(entityId);
  }

  /** Asks an account. Tells of a key that is refused when that begins and ends. @throws GatewayFailure */
  async ask<T>({ name, stripe }: StripeAccount, call: string, act: (stripe: Stripe) => Promise<T>): Promise<T> {
    const use = `${name} ${call}`;
    try {
      const result = await act(stripe);
      if (this.refusedKeys.delete(use)) this.onKey(name, call);
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (failure instanceof GatewayKeyRefused && !this.refusedKeys.has(use)) {
        this.refusedKeys.add(use);
        this.onKey(name, call, failure.message);
      }
      throw failure;
    }
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

/**
 * The library's own HTTP client, whose requests are asked again too if Stripe limits them (429). The library leaves that to
 * its users. Stripe counts before it looks at idempotency keys, so a limited request has done nothing.
 * Source: Stripe, "Rate limits"; "Advanced error handling".
 */
function patient(agent: http.Agent): Stripe.HttpClient {
  const client = Stripe.createNodeHttpClient(agent);
  const ask = client.makeRequest.bind(client);
  client.makeRequest = async (...request) => {
    const response = await ask(...request);
    // Stripe's own word counts where it says one.
    if (response.getStatusCode() === 429) response.getHeaders()['stripe-should-retry'] ??= 'true';
    return response;
  };
  return client;
}
