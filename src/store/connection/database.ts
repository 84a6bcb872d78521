import { Pool, type QueryConfig, types } from 'pg';
import { DataSource, type DataSourceOptions, type Logger, type MigrationInterface } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { Turns } from '../../domain/turns';
import type { Reader } from '../client-write';
import { beginEpoch } from '../event-epoch';
import { byIndex, Connection, type StatementCounter, told } from './connection';
import { type Lease } from './lease';
import { Listener } from './listener';
import { LockQueues } from './lock-queue';
import { SnakeNaming } from './naming';
import { SharedPool } from './pool';
import type { Replicas } from './replicas';
import { demandRights, type RightsHeld, rightsHeld, rightsInFull } from './rights';
import { readerRole, systemRole } from './roles';
import { rows } from './rows';
import { serverList } from './server-list';
import {
  ageLimit,
  applicationName,
  type DatabaseOptions,
  exportPool,
  heartbeatMs,
  openPool,
  ownerLimits,
  readLimits,
  requestLimits,
  sessionOptions,
  settlingLimits,
  standardPoolSize,
  watchedFor,
} from './session';

// Values leave PostgreSQL in the one form that this program uses. Days stay days: the driver would turn them into
// midnights of a time zone. Instants are in RFC 3339, ids have no dashes, and decimals no trailing zeros.
types.setTypeParser(types.builtins.DATE, (text) => text);
types.setTypeParser(types.builtins.TIMESTAMPTZ, instant);
types.setTypeParser(types.builtins.UUID, (text) => text.replaceAll('-', ''));
// An array of ids. No id contains a comma or a quote.
types.setTypeParser(2951 as never, (text: string) => text.slice(1, -1).replaceAll('-', '').split(',').filter(Boolean));
types.setTypeParser(types.builtins.NUMERIC, (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text));

/** "2025-03-09 12:00:00.1+00" as "2025-03-09T12:00:00.100Z"; every session runs in UTC. */
function instant(text: string): string {
  const fraction = text.charAt(19) === '.' ? text.slice(20, text.indexOf('+', 20)) : '';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

/** The name under which a migration is recorded. */
const nameOf = (migration: MigrationInterface): string => migration.name ?? migration.constructor.name;

const workTimeoutMs = 600_000;
/** An exchange of counts takes a millisecond. The process goes on without one that takes longer. */
const countTimeoutMs = 2_000;

/** Timeout of a look at the state of the database. */
const stateMs = 2_000;
const stateText = `select name, pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "readOnly"
  from migrations`;

const noLogger: Logger = {
  logQuery() {},
  logQueryError() {},
  logQuerySlow() {},
  logSchemaBuild() {},
  logMigration() {},
  log() {},
};

/** The options of a data source: the owner for migrations, else the reader role. */
export function dataSourceOptions(options: DatabaseOptions, as: 'owner' | 'reader'): DataSourceOptions {
  const limits = readLimits(options);
  return {
    type: 'postgres',
    url: serverList(options.url).url,
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
    extra:
      as === 'owner'
        ? { ...watchedFor(options), options: sessionOptions(undefined, ownerLimits) }
        : { ...watchedFor(options, limits.statement_timeout), options: sessionOptions(readerRole, limits) },
  } as DataSourceOptions;
}

/**
 * The database as the application sees it. A session has few rights until a transaction begins (Lease.begin). Sessions
 * of `reading` only read, sessions of `side` have the system role, and all others see no row of any tenant. Slow work
 * has its own pools, so that it delays nothing else.
 */
export class Database {
  /** Present if replicas are configured. The process that serves requests opens them (replicas.ts). */
  replicas?: Replicas;

  private constructor(
    readonly dataSource: DataSource,
    /** Single statements of requests that read. The pool belongs to TypeORM. */
    readonly reading: SharedPool,
    /** Transactions of requests. */
    readonly writing: SharedPool,
    /** Transactions that stay open during a call to the payment gateway, which may take seconds. */
    readonly paying: SharedPool,
    /**
     * Statements that must commit on a second connection while a unit of work holds the first, and lookups of clients.
     * If both connections came from one pool, units that wait for a second connection could exhaust the pool and
     * deadlock.
     */
    readonly side: Pool,
    /** Exports: each reads one state of the database for as long as it lasts. */
    private readonly exporting: SharedPool,
    /** Work after replies that waits for the payment gateway. Entities take turns. */
    readonly settling: SharedPool,
    /** Bill runs: their statements may take long. */
    readonly working: Pool,
    /** Webhooks: short statements under the system role, and transactions in the scope of a client. */
    readonly delivering: Pool,
    /** What clients use, exchanged with other processes. Its own connection: no request waits for it, or is waited for by it. */
    private readonly counting: Pool,
    private readonly options: DatabaseOptions,
  ) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const dataSource = await new DataSource(dataSourceOptions(options, 'reader')).initialize();
    const main = (dataSource.driver as PostgresDriver).master as Pool;
    const size = options.poolSize ?? standardPoolSize;
    // The bound equals the connections that one client may hold. So a single client waits for its turn and never
    // reaches the bound. One transaction can always wait behind the holder. Each pool counts separately: a client that
    // pays for a row may also write to it.
    const locks = () => new LockQueues(Math.max(2, Math.ceil(size / 2)));
    const named = (name: string) => ({ application_name: applicationName(name) });
    const limits = { ...requestLimits(options), ...ageLimit(options, (dataSource.driver as PostgresDriver).version) };
    const requests = (name: string) => new SharedPool(openPool(options, size, limits, named(name)), locks());
    return new Database(
      dataSource,
      new SharedPool(main),
      requests('writing'),
      requests('paying'),
      openPool(options, 4, {}, named('side'), systemRole),
      new SharedPool(exportPool(options, named('exporting'))),
      new SharedPool(openPool(options, 4, settlingLimits(options), named('settling'))),
      // One for each of 8 workers, and one for the readiness check.
      openPool({ ...options, statementTimeoutMs: workTimeoutMs }, 9, byIndex, named('working')),
      // One each to find new events, to claim and to record.
      openPool(options, 3, { ...requestLimits(options), ...byIndex }, named('delivering'), systemRole),
      openPool({ ...options, statementTimeoutMs: countTimeoutMs }, 1, {}, named('counting'), systemRole),
      options,
    );
  }

  /** All pools by purpose, and those of replicas by name. Shared pools come with their turns. */
  get pools(): [name: string, pool: Pool, turns?: Turns][] {
    const { reading, writing, paying, side, exporting, settling, working, delivering, counting } = this;
    const shared = Object.entries({ reading, writing, paying, exporting, settling });
    for (const { name, pool, exporting } of this.replicas?.states ?? []) {
      shared.push([`replica ${name}`, pool], [`replica ${name} exporting`, exporting]);
    }
    return [
      ...shared.map(([name, { pool, turns }]): [string, Pool, Turns] => [name, pool, turns]),
      ...Object.entries({ side, working, delivering, counting }),
    ];
  }

  /** Runs each statement on any free connection to the primary. Only `replicas` read from other servers. */
  reads(counter?: StatementCounter): Connection {
    return new Connection(this.reading, counter);
  }

  /** Where a reader's export may read, best first: a replica that has the reader's own writes, and the primary. */
  async exports(reader: Reader, counter: StatementCounter): Promise<SharedPool[]> {
    const replica = await this.replicas?.exportsFor(reader, counter);
    return replica ? [replica, this.exporting] : [this.exporting];
  }

  /**
   * Statements that concern no single tenant, under a role with just these rights: clients and their grants, open bill
   * runs, payments and refunds of all entities, and expired outcomes. Each statement commits at once.
   */
  aside(): Connection {
    return new Connection(this.side);
  }

  /** What clients use in each process. Not the business of any request. */
  counts(): Connection {
    return new Connection(this.counting);
  }

  /** A connection that hears what other processes say. It connects when it is first used. */
  listener(heard: (payload: string) => void, lost: (error: unknown) => void): Listener {
    return new Listener(this.options, heard, lost);
  }

  /** Commits the writes of a caller. The caller's later reads will see them. */
  async commit(lease: Lease, writer: Reader): Promise<void> {
    if (this.replicas) await this.replicas.commit(lease, writer);
    else await lease.commit();
  }

  /**
   * Whether sessions run under the role that they ask for. A pooler may be configured to drop their options. Its
   * sessions then keep the rights of the login, its time zone and no timeouts. No other check would notice this.
   */
  async keepsOptions(): Promise<boolean> {
    const [{ kept }] = await this.aside().query<{ kept: boolean }>('select current_user <> session_user as kept');
    return kept;
  }

  /**
   * Whether the server can serve requests: it takes writes, and all migrations that this program knows have been applied.
   * @throws an error of the database, also if it does not answer within 2 seconds
   */
  async state(): Promise<'ready' | 'read-only' | 'migrations pending'> {
    // On a pool without requests: a pool that requests keep busy does not mean that the database is down. With a timeout
    // of its own: without it, each look at a silent server would take one more connection from the bill runs.
    const look = { text: stateText, query_timeout: stateMs } as QueryConfig;
    const { rows } = await told(stateText, undefined, () =>
      this.working.query<{ name: string; readOnly: boolean }>(look),
    );
    if (rows.some(({ readOnly }) => readOnly)) return 'read-only';
    const applied = new Set(rows.map(({ name }) => name));
    const isApplied = (each: MigrationInterface) => applied.has(nameOf(each));
    return this.dataSource.migrations.every(isApplied) ? 'ready' : 'migrations pending';
  }

  async close(): Promise<void> {
    await this.replicas?.close();
    for (const { pool } of [this.writing, this.paying, this.exporting, this.settling]) await pool.end();
    await this.side.end();
    await this.working.end();
    await this.delivering.end();
    await this.counting.end();
    await this.dataSource.destroy();
  }
}

/**
 * Applies the migrations as the owner of the database. Returns how many ran. `judge` gets the rights that the roles have
 * then, and the names of the migrations of this program.
 * @throws RightsMissing if the roles lack rights
 */
export async function migrate(
  options: DatabaseOptions,
  judge: (held: RightsHeld, known: readonly string[]) => void = demandRights,
): Promise<number> {
  // Two connections: one holds the lock, the other migrates.
  const dataSource = await new DataSource(dataSourceOptions({ ...options, poolSize: 2 }, 'owner')).initialize();
  try {
    // One migrator at a time, even if several processes start at once. One that is frozen loses both connections after 10 s.
    const runner = dataSource.createQueryRunner();
    const judgeRights = async () => {
      const [held] = await runner.query(rightsHeld);
      judge(held, dataSource.migrations.map(nameOf));
    };
    let heartbeat: NodeJS.Timeout | undefined;
    try {
      // Held by a transaction. Through a pooler, another session would be asked to give up a lock that a session holds.
      await runner.query('begin');
      const { idle_in_transaction_session_timeout: idleMs } = ownerLimits;
      await runner.query(`set local idle_in_transaction_session_timeout = ${idleMs}`);
      await runner.query('select pg_advisory_xact_lock(724601)');
      heartbeat = setInterval(() => runner.query('select 1').catch(() => {}), heartbeatMs).unref();
      const { length } = await dataSource.runMigrations().catch(async (error) => {
        // A migration that gives rights to a role that is gone: what is missing says more than its failure.
        if (['42704', '22023'].includes(error.code)) await judgeRights();
        throw error;
      });
      clearInterval(heartbeat);
      await runner.query(beginEpoch);
      await judgeRights();
      await runner.query('commit');
      return length;
    } finally {
      clearInterval(heartbeat);
      // Gives the lock up after a failure. Behind the commit it does nothing.
      await runner.query('rollback').catch(() => {});
      await runner.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

/** Migrates an empty database, and returns the rights that the migrations make in it. `url` is that of a superuser. */
export async function freshRights(url: string): Promise<string[]> {
  const pool = new Pool({ connectionString: url, max: 1 });
  // The pool ends before its connection does. Whoever drops the database then ends it first, and nobody else listens.
  pool.on('error', () => {});
  try {
    // What everybody may do hides what the migrations grant.
    await pool.query(
      "do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$",
    );
    await migrate({ url }, () => {});
    const { rows: held } = await pool.query<RightsHeld>(rightsInFull);
    return held[0].rights;
  } finally {
    await pool.end();
  }
}

/** Empties the database as its owner: deletes all rows, and the entities' number sequences. */
export async function emptyDatabase(options: DatabaseOptions): Promise<void> {
  const pool = new Pool({ connectionString: options.url, max: 1 });
  try {
    const { rows: tables } = await pool.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('public', 'test_gateway') and tablename not in ('migrations', 'event_epoch')`,
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
