import type { Pool } from 'pg';
import type { Config } from './config';
import { ConfigError } from './config-error';
import { isTestKey } from './config-stripe';
import { idOf } from './domain/key';
import type { PaymentGateway, ProviderBooks } from './gateway/port';
import type { KeyListener } from './gateway/stripe-account';
import { TestGateway } from './gateway/test-gateway';
import { Connection } from './store/connection/connection';
import { type DatabaseOptions, openPool } from './store/connection/session';
import { StripeLedger } from './store/stripe';
import { allEntities } from './store/tenant';
import { TestGatewayLedger } from './store/test-gateway';
import { version } from './version';

export interface OpenPayments {
  /** The gateway that PAYMENT_GATEWAY names. */
  gateway: PaymentGateway;
  /** Accounts at the provider whose money is not real. */
  unreal: readonly string[];
  /** Events and lists of the provider, beside the gateway; unset where it has none. */
  books?: ProviderBooks;
  close(): Promise<void>;
}

/**
 * Opens the payment gateway over connections of its own, which no unit of work holds. `db` reads the entities that keys are
 * for. @throws ConfigError if a key is for an entity that does not exist
 */
export async function openPayments(
  config: Config,
  options: DatabaseOptions,
  db: Connection,
  { connections = 4, onKey }: { connections?: number; onKey?: KeyListener } = {},
): Promise<OpenPayments> {
  const pool = openPool(options, connections);
  try {
    const { stripe } = config;
    if (stripe) return await openStripe({ ...config, stripe }, pool, db, onKey);
    const gateway = new TestGateway(new TestGatewayLedger(new Connection(pool)));
    return { gateway, unreal: ['all'], close: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function openStripe(
  { stripe, gatewayTimeoutMs: timeoutMs }: Config & Required<Pick<Config, 'stripe'>>,
  pool: Pool,
  db: Connection,
  onKey?: KeyListener,
): Promise<OpenPayments> {
  const { key, url } = stripe;
  const own = stripe.entityKeys.size + stripe.webhookSecrets.size;
  const entities = own ? await allEntities(db) : [];
  const entityKeys = keysById(stripe.entityKeys, entities);
  const entitySecrets = keysById(stripe.webhookSecrets, entities, 'STRIPE_WEBHOOK_SECRET_');
  for (const id of entitySecrets.keys()) {
    if (!entityKeys.has(id))
      throw new ConfigError(
        `STRIPE_WEBHOOK_SECRET_ names the entity ${id}, which has no STRIPE_SECRET_KEY_ of its own.`,
      );
  }
  // Loaded only if it is used: loading takes a tenth of a second and 17 MB.
  const { StripeGateway } = require('./gateway/stripe') as typeof import('./gateway/stripe');
  const { StripeBooks } = require('./gateway/stripe-books') as typeof import('./gateway/stripe-books');
  const accounts = { key, url, entityKeys, timeoutMs, version };
  const gateway = new StripeGateway(new StripeLedger(pool), accounts, onKey);
  const books = new StripeBooks({ secret: stripe.webhookSecret, entitySecrets }, accounts, onKey);
  const unreal = [...entityKeys].flatMap(([id, own]) => (isTestKey(own) ? gateway.accountOf(id) : []));
  if (key && isTestKey(key)) unreal.push('stripe');
  return {
    gateway,
    unreal,
    books,
    close: async () => {
      books.close();
      gateway.close();
      await pool.end();
    },
  };
}

/** A name as it may stand in the name of a variable. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '_').toUpperCase();

/** Keys by the id of their entity. A variable names its entity by id, or by name with _ for all but letters and digits. */
export function keysById(
  named: ReadonlyMap<string, string>,
  entities: readonly { id: string; name: string }[],
  prefix = 'STRIPE_SECRET_KEY_',
): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [suffix, key] of named) {
    const found = entities.filter(({ id, name }) => id === idOf(suffix) || plain(name) === plain(suffix));
    const variable = `${prefix}${suffix}`;
    if (found.length !== 1) {
      const why = found.length
        ? `${found.length} entities. Use the id`
        : 'no entity by id or name. It must exist first';
      throw new ConfigError(`${variable} names ${why}.`);
    }
    if (keys.has(found[0].id)) throw new ConfigError(`${variable} is a second key of the entity ${found[0].name}.`);
    keys.set(found[0].id, key);
  }
  return keys;
}
