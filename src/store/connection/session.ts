import { Pool, type PoolConfig } from 'pg';
import { appRole } from './roles';

export const applicationName = (pool: string): string => `order-fulfillment-gateway ${pool}`;

export interface DatabaseOptions {
  url: string;
  /** Connections for reads, as many for writes, and as many for payments. */
  poolSize?: number;
  /** Of what writes, and of all that is no request. */
  statementTimeoutMs?: number;
  /** Of what only reads. */
  readStatementTimeoutMs?: number;
  onPoolError?: (error: Error) => void;
}

export const sessionOptions = (role: string | undefined, extra: Record<string, number | string>): string =>
  [['timezone', 'UTC'], ...(role ? [['role', role]] : []), ...Object.entries(extra)]
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

export const standardPoolSize = 10;

/** How long a session of a request waits for a lock, and may leave a transaction idle. */
export const requestLimits = { lock_timeout: 10_000, idle_in_transaction_session_timeout: 60_000 };

/** Limits of a session that only reads. */
export const readLimits = ({ readStatementTimeoutMs = 10_000 }: DatabaseOptions) => ({
  ...requestLimits,
  statement_timeout: readStatementTimeoutMs,
});

/** A pool of its own, for the side connections, for replicas and for the test gateway. */
export function openPool(
  options: DatabaseOptions,
  size: number,
  settings: Record<string, string | number> = {},
  more: PoolConfig = {},
  role = appRole,
): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: size,
    connectionTimeoutMillis: 5_000,
    options: sessionOptions(role, { statement_timeout: options.statementTimeoutMs ?? 20_000, ...settings }),
    application_name: applicationName('beside'),
    ...more,
  });
  pool.on('error', options.onPoolError ?? (() => {}));
  return pool;
}
