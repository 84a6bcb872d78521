import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error';

/** The accounts at Stripe that payments go to. */
export interface StripeConfig {
  /** The secret key for entities that have none of their own. */
  key?: string;
  /** Secret keys of entities, by what stands behind STRIPE_SECRET_KEY_ in the name of the variable. */
  entityKeys: ReadonlyMap<string, string>;
  /** Another address of Stripe's API. */
  url?: string;
}

const variable = 'STRIPE_SECRET_KEY';
const prefix = `${variable}_`;

/** Whether a key moves no money. */
export const isTestKey = (key: string): boolean => /^[rs]k_test_/.test(key);

/** A secret key, or the one in the file at a path. No message repeats a key. */
function keyOf(name: string, value: string): string {
  let key = value;
  if (/^\.?\//.test(value)) {
    try {
      key = readFileSync(value, 'utf8').trim();
    } catch (error) {
      throw new ConfigError(`${name} is the path ${value}, which cannot be read. ${(error as Error).message}`);
    }
  }
  if (/^[rs]k_(test|live)_\w{8,}$/.test(key)) return key;
  throw new ConfigError(
    `${name} must be a secret or restricted key of Stripe, or the path of a file that begins with / or ./. A key begins with sk_live_, rk_live_, sk_test_ or rk_test_.`,
  );
}

/**
 * The configuration of Stripe, or undefined if payments go elsewhere. `isSafeUrl` judges another address of the API, to which
 * the keys are sent. A live key outside of production would charge real cards from a test.
 */
export function stripeOf(
  env: Readonly<Record<string, string | undefined>>,
  { gateway, production, databaseUrl }: { gateway: string; production: boolean; databaseUrl?: string },
  isSafeUrl: (url: string) => boolean,
): StripeConfig | undefined {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const given = [variable, ...Object.keys(env).filter((name) => name.startsWith(prefix))].filter(text);
  const url = text('STRIPE_API_URL');
  if (gateway !== 'stripe') {
    if (!given.length && !url) return undefined;
    throw new ConfigError(`${given[0] ?? 'STRIPE_API_URL'} needs PAYMENT_GATEWAY=stripe.`);
  }
  if (!given.length) {
    throw new ConfigError(`PAYMENT_GATEWAY=stripe needs ${variable}, or ${prefix}<entity> for at least one entity.`);
  }
  if (!databaseUrl) {
    throw new ConfigError('PAYMENT_GATEWAY=stripe needs DATABASE_URL: demo data pays with the test gateway.');
  }
  if (url && !(isSafeUrl(url) && new URL(url).pathname === '/')) {
    throw new ConfigError(
      'STRIPE_API_URL must be an https:// URL without user, password and path. The scheme http:// is allowed only for a loopback host.',
    );
  }
  const keys = new Map(given.map((name) => [name, keyOf(name, text(name)!)]));
  const live = [...keys].find(([, key]) => !isTestKey(key));
  if (live && !production) {
    throw new ConfigError(`${live[0]} is a live key, which needs NODE_ENV=production: it charges real cards.`);
  }
  const key = keys.get(variable);
  keys.delete(variable);
  const entityKeys = new Map([...keys].map(([name, own]) => [name.slice(prefix.length), own]));
  return { key, entityKeys, url };
}
