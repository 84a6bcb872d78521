import { Pool, types } from 'pg';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { Turns } from '../../domain/turns';
import { byIndex, Connection, type Lease, type StatementCounter } from './connection';
import { LockQueues } from './lock-queue';
import { SnakeNaming } from './naming';
import { SharedPool } from './pool';
import type { Reader, Replicas } from './replicas';
import { readerRole, systemRole } from './roles';
import { rows } from './rows';
import {
  applicationName,
  type DatabaseOptions,
  openPool,
  readLimits,
  requestLimits,
  sessionOptions,
  standardPoolSize,
} from './session';

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

const noLogger: Logger = {
  logQuery() {},
  logQueryError() {},
  logQuerySlow() {},
  logSchemaBuild() {},
  logMigration() {},
  log() {},
};

/** The options of a data source: as the owner for migrations, else under the role that reads. */
export function dataSourceOptions(options: DatabaseOptions, as: 'owner' | 'reader'): DataSourceOptions {
  return {
    type: 'postgres',
    url: options.url,
    entities: rows,
    migrations: [`${__dirname}/../migrations/*.js`],
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNaming(),
    synchronize: false,
    installExtensions: false,
    poolSize: options.poolSize ?? standardPoolSize,
    connectTimeoutMS: 5_000,
    applicationName: applicationName('reading'),
    logger: noLogger,
    poolErrorHandler: options.onPoolError ?? (() => {}),
    extra: {
      options: as === 'owner' ? sessionOptions(undefined, {}) : sessionOptions(readerRole, readLimits(options)),
      keepAlive: true,
    },
  } as DataSourceOptions;
}

/**
 * The database as the application sees it. A session may do little until a transaction begins (Lease.begin): those of `reading`
 * only read, those of `side` are of the system's role, the others are shown no row of any tenant. What takes its time has a pool
 * of its own, so that it holds nobody else up.
 */
export class Database {
  /** Where there are any: opened by whoever serves requests (replicas.ts). */
  replicas?: Replicas;

  private constructor(
    readonly dataSource: DataSource,
    /** Statements of requests that read, one at a time; TypeORM's own pool. */
    readonly reading: SharedPool,
    /** Transactions of requests. */
    readonly writing: SharedPool,
    /** Those that stay open while the payment gateway is asked, which may take seconds. */
    readonly paying: SharedPool,
    /**
     * What must be committed on a connection of its own while a unit of work holds another, and who clients are. Were both from
     * one pool, units that each wait for a second connection could exhaust it and wait for one another.
     */
    readonly side: Pool,
    /** Waits for the payment gateway behind replies; entities take turns. */
    readonly settling: SharedPool,
    /** Bill runs, whose statements may take long. */
    readonly working: Pool,
  ) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const dataSource = await new DataSource(dataSourceOptions(options, 'reader')).initialize();
    const main = (dataSource.driver as PostgresDriver).master as Pool;
    const size = options.poolSize ?? standardPoolSize;
    // As many as one client may have at once: it alone never runs into the bound, it waits for its turn instead. And always
    // one behind the holder. Each pool counts for itself: a client that pays for a row may write to it as well.
    const locks = () => new LockQueues(Math.max(2, Math.ceil(size / 2)));
    const named = (name: string) => ({ application_name: applicationName(name) });
    const requests = (name: string) => new SharedPool(openPool(options, size, requestLimits, named(name)), locks());
    return new Database(
      dataSource,
      new SharedPool(main),
      requests('writing'),
      requests('paying'),
      openPool(options, 4, {}, named('side'), systemRole),
      new SharedPool(openPool(options, 4, {}, named('settling'))),
      // One for each of 8 workers, and one for the look whether the process is ready.
      openPool({ ...options, statementTimeoutMs: workTimeoutMs }, 9, byIndex, named('working')),
    );
  }

  /** All pools by what they are for, with those of replicas by their names; the turns of those that are shared. */
  get pools(): [name: string, pool: Pool, turns?: Turns][] {
    const { reading, writing, paying, side, settling, working } = this;
    const shared = Object.entries({ reading, writing, paying, settling });
    for (const { name, pool } of this.replicas?.states ?? []) shared.push([`replica ${name}`, pool]);
    return [
      ...shared.map(([name, { pool, turns }]): [string, Pool, Turns] => [name, pool, turns]),
      ...Object.entries({ side, working }),
    ];
  }

  /** Statements on the pool, each on whichever connection is free; of the primary, as everything but `replicas`. */
  reads(counter?: StatementCounter): Connection {
    return new Connection(this.reading, counter);
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
    // Beside the requests: a pool that they keep busy is no sign of a database that is away.
    const rows = await new Connection(this.working).query<{ name: string }>('select name from migrations');
    const applied = new Set(rows.map((row) => row.name));
    return this.dataSource.migrations.every((migration) => applied.has(migration.name ?? migration.constructor.name));
  }

  async close(): Promise<void> {
    await this.replicas?.close();
    for (const { pool } of [this.writing, this.paying, this.settling]) await pool.end();
    await this.side.end();
    await this.working.end();
    await this.dataSource.destroy();
  }
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
