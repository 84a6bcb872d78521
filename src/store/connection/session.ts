import { Pool, type PoolConfig } from 'pg';
import { appRole } from './roles';

export const applicationName = (pool: string): string => `order-fulfillment-gateway ${pool}`;

export interface DatabaseOptions {
  url: string;
  /** Connections in the pool for reads, in the pool for writes, and in the pool for payments. */
  poolSize?: number;
  /** Timeout of statements that write, and of statements outside requests. */
  statementTimeoutMs?: number;
  /** Timeout of statements that only read. */
  readStatementTimeoutMs?: number;
  onPoolError?: (error: Error) => void;
}

export const sessionOptions = (role: string | undefined, extra: Record<string, number | string>): string =>
  [['timezone', 'UTC'], ...(role ? [['role', role]] : []), ...Object.entries(extra)]
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

export const standardPoolSize = 10;

/** How long a request's session waits for a lock, and how long it may leave a transaction idle. */
export const requestLimits = { lock_timeout: 10_000, idle_in_transaction_session_timeout: 60_000 };

/**
 * Settings of a session that only reads. No compiling: a statement for a whole query is expected to cost much, and
 * compiling it would take longer than running it.
 */
export const readLimits = ({ readStatementTimeoutMs = 10_000 }: DatabaseOptions) => ({
  ...requestLimits,
  statement_timeout: readStatementTimeoutMs,
  jit: 'off',
});

/** Opens a pool beside TypeORM's own: for transactions, side connections, replicas and the test gateway. */
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
