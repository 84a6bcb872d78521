import { Pool, type PoolConfig } from 'pg';
import { standardLimits } from '../../domain/limits';
import { primaryOf } from './primary';
import { appRole, readerRole } from './roles';
import { serverList } from './server-list';
import { watched } from './watched-client';

export const applicationName = (pool: string): string => `order-fulfillment-gateway ${pool}`;

export interface DatabaseOptions {
  /** One server, or several as libpq has them (server-list.ts). */
  url: string;
  /** Connections in the pool for reads, in the pool for writes, and in the pool for payments. */
  poolSize?: number;
  /** Timeout of statements that write, and of statements outside requests. */
  statementTimeoutMs?: number;
  /** Timeout of statements that only read. */
  readStatementTimeoutMs?: number;
  /** Time limit of a request (`REQUEST_TIMEOUT_MS`). Absent: of no request, as in a command. */
  requestTimeoutMs?: number;
  /** How long the payment gateway may take, while a transaction waits for it. */
  gatewayTimeoutMs?: number;
  /** Connections for exports. */
  exports?: number;
  /** How long a client may read nothing of its reply (`SEND_TIMEOUT_MS`). The transaction of an export is idle meanwhile. */
  sendTimeoutMs?: number;
  /** The server may be a standby, as a read replica is. Otherwise a server that takes no writes is refused. */
  standby?: boolean;
  onPoolError?: (error: Error) => void;
}

/**
 * The server's side of a connection ends 20 to 25 seconds after the machine of the gateway is gone. Otherwise PostgreSQL
 * would keep its locks for two hours. A process that is frozen on a live machine is ended by the time-outs of its
 * transactions.
 */
const networkLimits = {
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 20_000,
};

export const sessionOptions = (role: string | undefined, extra: Record<string, number | string>): string =>
  [['timezone', 'UTC'], ...(role ? [['role', role]] : []), ...Object.entries({ ...networkLimits, ...extra })]
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

export const standardPoolSize = 10;

/** What the server adds to a time of the gateway, so that a gateway that works is always the first to act. */
const afterwardsMs = 5_000;

/** Milliseconds after which PostgreSQL ends the transaction of a request: nobody waits for its reply any more. */
const requestEndMs = ({ requestTimeoutMs = standardLimits.time }: DatabaseOptions): number =>
  requestTimeoutMs + afterwardsMs;

/**
 * How long a request's session waits for a lock, and how long it may leave a transaction idle. A process that is frozen
 * holds its rows, and its idempotency keys, no longer than that. A transaction that waits for the payment gateway is idle
 * too, but not longer than its request.
 */
export const requestLimits = (options: DatabaseOptions) => ({
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: requestEndMs(options),
});

/**
 * From PostgreSQL 17 on, the whole transaction of a request has an end. Before, it ends when it has been idle for as long,
 * so a process that is frozen late in a request may keep a key for the time of two. `version` is PostgreSQL's, such as
 * "18.4".
 */
export function ageLimit(options: DatabaseOptions, version = ''): Record<string, number> {
  const hasIt = Number.parseInt(version, 10) >= 17;
  return options.requestTimeoutMs && hasIt ? { transaction_timeout: requestEndMs(options) } : {};
}

/** Transactions behind replies are idle while they wait for the payment gateway. */
export const settlingLimits = ({ gatewayTimeoutMs = 60_000 }: DatabaseOptions) => ({
  idle_in_transaction_session_timeout: gatewayTimeoutMs + 2 * afterwardsMs,
});

/**
 * How long a transaction outside requests may be idle: on side connections, in bill runs and in migrations. Measured with
 * 40,000 items of one account: a bill run leaves its transaction idle for 5 ms at most, because PostgreSQL does the work.
 *
 * This is what fences off a worker that is frozen. PostgreSQL ends its session, and with it the locks and all that was not
 * committed. Thawed, it finds its connection lost, so nothing of it comes late.
 */
const idleMs = 10_000;

/** How often a migrator says that it lives, while its other connection migrates. */
export const heartbeatMs = 2_000;

/** Settings of the sessions that migrate. They may be idle neither between transactions nor in one: it may hold the lock. */
export const ownerLimits = { idle_session_timeout: idleMs, idle_in_transaction_session_timeout: idleMs };

/**
 * Settings of a session that only reads. No compiling: a statement for a whole query is expected to cost much, and
 * compiling it would take longer than running it.
 */
export const readLimits = (options: DatabaseOptions) => ({
  ...requestLimits(options),
  statement_timeout: options.readStatementTimeoutMs ?? 10_000,
  jit: 'off',
});

/**
 * Settings of the sessions of exports. Between two pages the transaction is idle until the client has taken the first. The
 * gateway ends the export then; PostgreSQL does if the process is frozen.
 */
const exportLimits = (options: DatabaseOptions) => ({
  ...readLimits(options),
  idle_in_transaction_session_timeout: (options.sendTimeoutMs ?? 20_000) + 2 * afterwardsMs,
});

/** The pool of exports: each holds its connection, and so a state of the database, until its end. */
export const exportPool = (options: DatabaseOptions, more: PoolConfig): Pool =>
  openPool(options, options.exports ?? standardLimits.exports, exportLimits(options), more, readerRole);

/**
 * Where the connections of a pool lead, and how they are watched. `statementTimeoutMs`: the server itself ends their
 * statements then.
 */
export const watchedFor = ({ url, standby }: DatabaseOptions, statementTimeoutMs?: number) => ({
  ...watched({ standby, silenceMs: statementTimeoutMs && statementTimeoutMs + afterwardsMs, primary: primaryOf(url) }),
  connectionString: serverList(url).url,
});

/** Opens a pool beside TypeORM's own: for transactions, side connections, replicas and the test gateway. */
export function openPool(
  options: DatabaseOptions,
  size: number,
  settings: Record<string, string | number> = {},
  more: PoolConfig = {},
  role = appRole,
): Pool {
  const limits = {
    statement_timeout: options.statementTimeoutMs ?? 20_000,
    idle_in_transaction_session_timeout: idleMs,
    ...settings,
  };
  const pool = new Pool({
    ...watchedFor(options, Number(limits.statement_timeout)),
    max: size,
    connectionTimeoutMillis: 5_000,
    options: sessionOptions(role, limits),
    application_name: applicationName('beside'),
    ...more,
  });
  pool.on('error', options.onPoolError ?? (() => {}));
  return pool;
}
