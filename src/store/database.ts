import { Pool, type PoolConfig, types } from 'pg';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { byIndex, Connection, type Lease, type StatementCounter } from './connection';
import { SnakeNaming } from './naming';
import type { Reader, Replicas } from './replicas';
import { appRole, readerRole, systemRole } from './roles';
import { rows } from './rows';

// Values leave PostgreSQL in the one form they have in this program: days as days (the driver would make them
// midnights of a time zone), instants in RFC 3339, ids without dashes, decimals without needless zeros.
types.setTypeParser(types.builtins.DATE, (text) => text);
types.setTypeParser(types.builtins.TIMESTAMPTZ, instant);
types.setTypeParser(types.builtins.UUID, (text) => text.replaceAll('-', ''));
// An array of ids, of which none holds a comma or a quote.
types.setTypeParser(2951 as never, (text: string) => text.slice(1, -1).replaceAll('-', '').split(',').filter(Boolean));
types.setTypeParser(types.builtins.NUMERIC, (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text));

/** "2025-03-09 12:00:00.1+00" as "2025-03-09T12:00:00.100Z"; every session runs in UTC. */
function instant(text: string): string {
  const fraction = text.charAt(19) === '.' ? text.slice(20, text.indexOf('+', 20)) : '';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

const workTimeoutMs = 600_000;

export interface DatabaseOptions {
  url: string;
  poolSize?: number;
  statementTimeoutMs?: number;
  onPoolError?: (error: Error) => void;
}

const noLogger: Logger = {
  logQuery() {},
  logQueryError() {},
  logQuerySlow() {},
  logSchemaBuild() {},
  logMigration() {},
  log() {},
};

const sessionOptions = (role: string | undefined, extra: Record<string, number | string>): string =>
  [['timezone', 'UTC'], ...(role ? [['role', role]] : []), ...Object.entries(extra)]
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

/** The options of a data source: as the owner for migrations, else under the role that reads. */
export function dataSourceOptions(options: DatabaseOptions, as: 'owner' | 'reader'): DataSourceOptions {
  const limits = {
    statement_timeout: options.statementTimeoutMs ?? 20_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
  };
  return {
    type: 'postgres',
    url: options.url,
    entities: rows,
    migrations: [`${__dirname}/migrations/*.js`],
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNaming(),
    synchronize: false,
    installExtensions: false,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    applicationName: 'order-fulfillment-gateway',
    logger: noLogger,
    poolErrorHandler: options.onPoolError ?? (() => {}),
    extra: {
      options: as === 'owner' ? sessionOptions(undefined, {}) : sessionOptions(readerRole, limits),
      keepAlive: true,
    },
  } as DataSourceOptions;
}

/**
 * The database as the application sees it. A session may do little until a transaction begins (Lease.begin): those of `main`
 * only read, those of `side` are of the system's role, the others are shown no row of any tenant. `main` is TypeORM's own
 * pool; `side` is a small pool for what must be committed on a connection of its own while a unit of work holds one of the
 * first: were both from one pool, units that each wait for a second connection could exhaust it and wait for one another.
 * `settling` waits for the payment gateway, which new payments should not; `working` is for bill runs, whose statements may
 * take long.
 */
export class Database {
  /** Where there are any: opened by whoever serves requests (replicas.ts). */
  replicas?: Replicas;

  private constructor(
    readonly dataSource: DataSource,
    readonly main: Pool,
    readonly side: Pool,
    readonly settling: Pool,
    readonly working: Pool,
  ) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const dataSource = await new DataSource(dataSourceOptions(options, 'reader')).initialize();
    const main = (dataSource.driver as PostgresDriver).master as Pool;
    const side = openPool(options, 4, {}, {}, systemRole);
    const working = openPool({ ...options, statementTimeoutMs: workTimeoutMs }, 8, byIndex);
    return new Database(dataSource, main, side, openPool(options, 2), working);
  }

  /** All pools by what they are for, with those of replicas by their names. */
  get pools(): [name: string, pool: Pool][] {
    const { main, side, settling, working } = this;
    const replicas = this.replicas?.states.map(({ name, pool }): [string, Pool] => [`replica ${name}`, pool]) ?? [];
    return [...Object.entries({ main, side, settling, working }), ...replicas];
  }

  /** Statements on the pool, each on whichever connection is free; of the primary, as everything but `replicas`. */
  reads(counter?: StatementCounter): Connection {
    return new Connection(this.main, counter);
  }

  /**
   * Statements for what belongs to no tenant alone, under a role that may do just that: clients and what they are granted, which
   * bill runs, payments and refunds wait to be carried on, outcomes that are past their day. Each commits at once.
   */
  aside(): Connection {
    return new Connection(this.side);
  }

  /** Commits what a caller has written; what the caller reads from then on will have it. */
  commit(lease: Lease, writer: Reader): Promise<void> {
    return this.replicas ? this.replicas.commit(lease, writer) : lease.commit();
  }

  /**
   * Are sessions under the role that they ask for? A pooler that was told to ignore their options leaves them with the rights of
   * the login, its time zone and no time-outs, and nothing else would say so.
   */
  async keepsOptions(): Promise<boolean> {
    const [{ kept }] = await this.aside().query<{ kept: boolean }>('select current_user <> session_user as kept');
    return kept;
  }

  /** Have all migrations that this program knows been applied? */
  async isMigrated(): Promise<boolean> {
    const rows = await this.reads().query<{ name: string }>('select name from migrations');
    const applied = new Set(rows.map((row) => row.name));
    return this.dataSource.migrations.every((migration) => applied.has(migration.name ?? migration.constructor.name));
  }

  async close(): Promise<void> {
    await this.replicas?.close();
    await this.side.end();
    await this.settling.end();
    await this.working.end();
    await this.dataSource.destroy();
  }
}

/** A pool of its own, for the side connections, for replicas and for the test gateway. */
export function openPool(
  options: DatabaseOptions,
  size: number,
  settings: Record<string, string> = {},
  more: PoolConfig = {},
  role = appRole,
): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: size,
    connectionTimeoutMillis: 5_000,
    options: sessionOptions(role, { statement_timeout: options.statementTimeoutMs ?? 20_000, ...settings }),
    application_name: 'order-fulfillment-gateway side',
    ...more,
  });
  pool.on('error', options.onPoolError ?? (() => {}));
  return pool;
}

/** Brings the database up to date, as its owner. Returns how many migrations ran. */
export async function migrate(options: DatabaseOptions): Promise<number> {
  // Two connections: one holds the lock, the other migrates.
  const dataSource = await new DataSource(dataSourceOptions({ ...options, poolSize: 2 }, 'owner')).initialize();
  try {
    // One migrator at a time, however many processes start at once.
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query('select pg_advisory_lock(724601)');
      return (await dataSource.runMigrations()).length;
    } finally {
      await runner.query('select pg_advisory_unlock(724601)').catch(() => {});
      await runner.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

/** Takes everything out of the database, as its owner: all rows, and with the entities their number sequences. */
export async function emptyDatabase(options: DatabaseOptions): Promise<void> {
  const pool = new Pool({ connectionString: options.url, max: 1 });
  try {
    const { rows: tables } = await pool.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('public', 'test_gateway') and tablename <> 'migrations'`,
    );
    await pool.query('begin');
    await pool.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    const { rows: sequences } = await pool.query<{ name: string }>(
      "select format('%I.%I', schemaname, sequencename) as name from pg_sequences where schemaname = 'number'",
    );
    if (sequences.length) await pool.query(`drop sequence ${sequences.map(({ name }) => name).join(', ')}`);
    await pool.query('commit');
  } finally {
    await pool.end();
  }
}
