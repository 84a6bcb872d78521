import { tracingChannel } from 'node:diagnostics_channel';
import { Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { asTheyCome } from './bytes';
import type { LockQueues } from './lock-queue';
import { type Asker, SharedPool, type Taken } from './pool';
import { nameOf, sendOn } from './prepared';
import { appRole } from './roles';

/** Counts the statements of one request. Begin, commit and savepoints are not counted. */
export interface StatementCounter extends Asker {
  statements: number;
  /** The request that sends the statements, for the log. */
  requestId?: string;
}

/**
 * A statement that is sent, without its values. Begin, commit and "connect" (the wait for a connection) are statements
 * too.
 */
export interface StatementRun {
  text: string;
  requestId?: string;
  /** On the clock of `performance`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Publishes each statement for traces and the log. Without a subscriber it costs nothing. */
export const statements = tracingChannel<unknown, StatementRun>('order-gateway.statement');

function told<T>(text: string, counter: StatementCounter | undefined, send: () => Promise<T>): Promise<T> {
  if (!statements.hasSubscribers) return send();
  return statements.tracePromise(send, { text, requestId: counter?.requestId, began: performance.now() });
}

/**
 * Runs statements on a pool, or on the one client of a transaction. Rows are objects whose names come from the select
 * list.
 */
export class Connection {
  /** Prefix of the names of prepared statements. */
  protected readonly mark: string = '';

  constructor(
    private readonly target: Pool | SharedPool | PoolClient,
    readonly counter: StatementCounter = { statements: 0 },
  ) {}

  async query<T = Record<string, unknown>>(text: string, values: unknown[] = [], prepared = true): Promise<T[]> {
    return this.ask<T>({ name: prepared ? nameOf(text) : undefined, text, values });
  }

  /** The only row of a statement whose first column is called `bytesColumn`. Its values are bytes as they came. */
  async bytes(text: string, values: unknown[]): Promise<(Buffer | string | null)[]> {
    const how = { rowMode: 'array', types: asTheyCome as never } as const;
    const [row] = await this.ask<(Buffer | string | null)[]>({ name: nameOf(text), text, values, ...how });
    return row;
  }

  /** Each statement but begin, commit and the like passes here. */
  protected async ask<T>(statement: QueryConfig): Promise<T[]> {
    this.counter.statements++;
    const { name, text } = statement;
    const sent = told(text, this.counter, () => this.send({ ...statement, name: name && this.mark + name }));
    const { limit } = this.counter;
    const result = await (limit ? limit.within(sent) : sent);
    return result.rows as T[];
  }

  /**
   * A statement that may wait for transactions that hold the rows or the advisory lock named by the keys. Every lock
   * goes through here. Within a request's transaction it is refused if too many transactions wait already.
   */
  lock<T = Record<string, unknown>>(_keys: readonly string[], text: string, values: unknown[] = []): Promise<T[]> {
    return this.query<T>(text, values);
  }

  /** Resolves only after the statement has ended, even if the request's time is up. */
  protected send(statement: QueryConfig): Promise<QueryResult> {
    const { target } = this;
    if (target instanceof SharedPool) return target.run(this.counter, (client) => sendOn(client, statement));
    // The pools that are not shared run the texts of this program alone.
    return target instanceof Pool ? target.query(statement) : sendOn(target, statement);
  }

  /** begin, commit, rollback, savepoints: without parameters, not counted, not prepared. */
  async control(text: string): Promise<void> {
    const { target } = this;
    if (target instanceof SharedPool) throw new Error(`${text} needs a connection of its own`);
    await told(text, this.counter, () => target.query(text));
  }
}

/** PostgreSQL answered a commit with a rollback: an earlier statement had failed unnoticed. */
export class RolledBack extends Error {
  constructor() {
    super('the transaction had failed, and was rolled back');
  }
}

/** One connection taken out of a pool for a transaction. */
export class Lease extends Connection {
  /**
   * A separate prefix keeps the plans of the two roles apart. PostgreSQL plans a statement for one role, and plans it
   * anew when another role runs it.
   */
  protected override readonly mark = 't';
  private broken: Error | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private ended = false;
  private readonly client: PoolClient;
  private readonly giveBack: Taken['release'];
  /** Keys that this transaction holds or has asked for. */
  private readonly locked = new Set<string>();

  private constructor(
    { client, release }: Taken,
    counter?: StatementCounter,
    private readonly locks?: LockQueues,
  ) {
    super(client, counter);
    this.client = client;
    this.giveBack = release;
    // The pool listens for errors only while it holds the connection. An error without a listener would end the
    // process.
    client.on('error', this.onError);
  }

  /** @throws LimitError RATE_LIMITED if too many requests of the same client wait already */
  static async take(pool: Pool | SharedPool, counter?: StatementCounter): Promise<Lease> {
    if (pool instanceof SharedPool) {
      return new Lease(await told('connect', counter, () => pool.take(counter ?? {})), counter, pool.locks);
    }
    const client = await told('connect', counter, () => pool.connect());
    return new Lease({ client, release: (spoilt) => client.release(spoilt) }, counter);
  }

  /** One statement at a time: resolvers that share a transaction query side by side, and the driver does not queue. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.last.then(run, run);
    this.last = mine.catch(() => {});
    return mine;
  }

  /** @throws once the connection has been given back: a resolver may outlive its request */
  protected override async ask<T>(statement: QueryConfig): Promise<T[]> {
    if (this.ended) throw new Error('the transaction of this request has ended');
    return super.ask<T>(statement);
  }

  /** @throws an error with code 55P03, "lock not available", if too many transactions wait for one of the keys */
  override async lock<T = Record<string, unknown>>(
    keys: readonly string[],
    text: string,
    values: unknown[] = [],
  ): Promise<T[]> {
    if (this.locks && !this.ended) {
      const fresh = [...new Set(keys)].filter((key) => !this.locked.has(key));
      this.locks.enter(fresh);
      for (const key of fresh) this.locked.add(key);
    }
    return this.query<T>(text, values);
  }

  protected override send(statement: QueryConfig): Promise<QueryResult> {
    const { limit } = this.counter;
    return this.inTurn(() => {
      const run = () => sendOn(this.client, statement);
      return limit ? limit.run(this.client, run) : run();
    });
  }

  override control(text: string): Promise<void> {
    return this.inTurn(() => super.control(text));
  }

  /**
   * Begins a transaction under row security, the second line of defense. Whatever its statements say, PostgreSQL reads
   * and writes rows of this scope only (migrations/...-row-security.ts).
   *
   * The message that begins the transaction also sets role and scope, which saves a round trip. A message of several
   * statements takes no parameters, so ids are checked to be ids.
   */
  begin({ entityId, orgIds }: TenantScope): Promise<void> {
    for (const id of [entityId, ...orgIds]) if (!/^[0-9a-f]{32}$/.test(id)) throw new Error(`"${id}" is no id`);
    return this.control(
      `begin; set local role ${appRole}; set local gateway.entity = '${entityId}'; set local gateway.orgs = '{${orgIds.join()}}'`,
    );
  }

  private readonly onError = (error: Error): void => {
    this.broken ??= error;
  };

  /**
   * Commits. If the commit fails, the outcome is unknown: the caller must look it up, and the connection is not used
   * again. `afterwards` is a statement in the same message. Its single row is returned.
   */
  async commit(): Promise<void>;
  async commit<T>(afterwards: string): Promise<T>;
  async commit(afterwards?: string): Promise<unknown> {
    const text = afterwards === undefined ? 'commit' : `commit; ${afterwards}`;
    try {
      // A message of several statements has several results.
      const send = () =>
        this.inTurn<QueryResult | QueryResult[]>(() => told('commit', this.counter, () => this.client.query(text)));
      const { limit } = this.counter;
      const results = await (limit ? limit.commit(send) : send());
      const [committed, replied] = [results].flat();
      // PostgreSQL ends a transaction with a failed statement by a rollback, and reports success.
      if (committed.command !== 'COMMIT') throw new RolledBack();
      return replied?.rows[0];
    } catch (error) {
      this.broken = error as Error;
      throw error;
    }
  }

  /**
   * Rolls back a transaction that is still open. Returns the connection to the pool, or discards a broken connection.
   */
  async release(open: boolean): Promise<void> {
    this.ended = true;
    await this.last;
    if (open && !this.broken) await this.control('rollback').catch(this.onError);
    this.client.removeListener('error', this.onError);
    this.locks?.leave(this.locked);
    this.giveBack(this.broken ?? this.counter.limit?.isSpoilt(this.client));
  }
}

/** One transaction in a scope, on a connection of a pool. Commits when `act` returns. */
export const transaction = <T>(
  pool: Pool | SharedPool,
  scope: TenantScope,
  act: (lease: Lease) => Promise<T>,
): Promise<T> => within(pool, scope.entityId, (lease) => lease.begin(scope), act);

/** The same for data that belongs to no tenant, under the role of the pool. */
export const transactionAside = <T>(pool: Pool, act: (lease: Lease) => Promise<T>): Promise<T> =>
  within(pool, undefined, (lease) => lease.control('begin'), act);

/** In a shared pool, entities take turns. */
async function within<T>(
  pool: Pool | SharedPool,
  clientId: string | undefined,
  begin: (lease: Lease) => Promise<void>,
  act: (lease: Lease) => Promise<T>,
): Promise<T> {
  const lease = await Lease.take(pool, { statements: 0, clientId });
  let open = true;
  try {
    await begin(lease);
    const result = await act(lease);
    open = false;
    await lease.commit();
    return result;
  } finally {
    await lease.release(open);
  }
}

/**
 * Planner settings for bill runs, and for statements that look up many rows.
 *
 * No sequential scans: a connection plans the check of a foreign key once. A check planned while the table has one page
 * scans the table, which grows with every document of the run. 300,000 items took 1.65 times a plain transaction,
 * against 1.3.
 *
 * No bitmap scans: in a table that was never analyzed, PostgreSQL expects few rows of the entity. For each id it then
 * also reads the whole entity from a second index. 10,000 sales took 10.8 s, against 0.2.
 *
 * Pages at about the price of memory: at the price of a disk, each chunk scans all rows billed so far.
 *
 * No parallel workers: starting two costs more than they save.
 */
export const byIndex = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  random_page_cost: '1.1',
  max_parallel_workers_per_gather: '0',
};

/** The rows that a caller may see: rows of one entity and of the caller's orgs in it. */
export interface TenantScope {
  entityId: string;
  orgIds: readonly string[];
}

/**
 * The only access to business data. Every statement gets the scope as its first two parameters: `$1` is the entity and
 * `$2` the orgs. PostgreSQL refuses a text that leaves either unused. Further values begin at `$3`.
 */
export class Scoped {
  constructor(
    readonly connection: Connection,
    readonly scope: TenantScope,
  ) {}

  query<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return this.connection.query<T>(text, [this.scope.entityId, this.scope.orgIds, ...values]);
  }

  /** The only row of a statement, whose values are bytes as they came (`Connection.bytes`). */
  bytes(text: string, values: unknown[]): Promise<(Buffer | string | null)[]> {
    return this.connection.bytes(text, [this.scope.entityId, this.scope.orgIds, ...values]);
  }

  /**
   * The same as `query`, planned for these exact values. After five executions PostgreSQL may keep one plan of a prepared
   * statement. That plan expects ten elements in an array, and tables as large as when it was made.
   */
  queryAnew<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return this.connection.query<T>(text, [this.scope.entityId, this.scope.orgIds, ...values], false);
  }

  /** The same for statements that look up many rows: `byIndex` applies to the end of the transaction. */
  async queryByIndex<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    const settings = Object.entries(byIndex).map(([name, value]) => `set local ${name} = ${value}`);
    await this.connection.control(settings.join('; '));
    return this.queryAnew<T>(text, values);
  }

  /** A statement that waits for transactions that hold objects of this kind and these ids. */
  lock<T = Record<string, unknown>>(
    kind: string,
    ids: readonly string[],
    text: string,
    values: unknown[] = [],
  ): Promise<T[]> {
    const keys = ids.map((id) => `${kind} ${id}`);
    return this.connection.lock<T>(keys, text, [this.scope.entityId, this.scope.orgIds, ...values]);
  }
}
