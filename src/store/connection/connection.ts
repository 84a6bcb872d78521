import { createHash } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import type { LockQueues } from './lock-queue';
import { type Asker, SharedPool, type Taken } from './pool';
import { appRole } from './roles';

/** Counts the statements of one request; begin, commit and savepoints are not counted. */
export interface StatementCounter extends Asker {
  statements: number;
  /** Whose they are, for the log. */
  requestId?: string;
}

/** A statement that is sent, without its values; begin, commit and "connect", the wait for a connection, are some too. */
export interface StatementRun {
  text: string;
  requestId?: string;
  /** By the clock of `performance`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Each statement is told here, for traces and the log; where nobody listens it costs nothing. */
export const statements = tracingChannel<unknown, StatementRun>('order-gateway.statement');

function told<T>(text: string, counter: StatementCounter | undefined, send: () => Promise<T>): Promise<T> {
  if (!statements.hasSubscribers) return send();
  return statements.tracePromise(send, { text, requestId: counter?.requestId, began: performance.now() });
}

/** Stands for a statement in PostgreSQL (pg_prepared_statements), in traces and in the log. */
export const statementName = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 24);

/**
 * A statement text is prepared once per connection under the hash of its text, since PostgreSQL cuts names at 63
 * bytes. The number of names is bounded: texts vary with the fields a client selects, and a connection keeps every
 * plan it has prepared. Texts beyond the bound run unnamed.
 */
const maxNames = 500;
const names = new Map<string, string>();
let preparing = true;

/** For poolers that cannot prepare. */
export function preparedStatements(on: boolean): void {
  preparing = on;
}

function nameOf(text: string): string | undefined {
  if (!preparing) return undefined;
  let name = names.get(text);
  if (name === undefined && names.size < maxNames) {
    name = statementName(text);
    names.set(text, name);
  }
  return name;
}

/** Runs statements on a pool, or on the one client of a transaction. Rows come as objects with the names selected. */
export class Connection {
  /** Begins the names of what is prepared. */
  protected readonly mark: string = '';

  constructor(
    private readonly target: Pool | SharedPool | PoolClient,
    readonly counter: StatementCounter = { statements: 0 },
  ) {}

  async query<T = Record<string, unknown>>(text: string, values: unknown[] = [], prepared = true): Promise<T[]> {
    this.counter.statements++;
    const name = prepared ? nameOf(text) : undefined;
    const sent = told(text, this.counter, () => this.send({ name: name && this.mark + name, text, values }));
    const { limit } = this.counter;
    const result = await (limit ? limit.within(sent) : sent);
    return result.rows as T[];
  }

  /**
   * A statement that may wait for others, who hold what the keys name: rows, or an advisory lock. Every lock goes through here.
   * Within a transaction of a request it is refused where too many wait already.
   */
  lock<T = Record<string, unknown>>(_keys: readonly string[], text: string, values: unknown[] = []): Promise<T[]> {
    return this.query<T>(text, values);
  }

  /** Resolves no sooner than the statement has ended, be its time up or not. */
  protected send(statement: QueryConfig): Promise<QueryResult> {
    const { target } = this;
    if (target instanceof SharedPool) return target.run(this.counter, (client) => client.query(statement));
    return target.query(statement);
  }

  /** begin, commit, rollback, savepoints: without parameters, uncounted, unprepared. */
  async control(text: string): Promise<void> {
    const { target } = this;
    if (target instanceof SharedPool) throw new Error(`${text} needs a connection of its own`);
    await told(text, this.counter, () => target.query(text));
  }
}

/** A commit that PostgreSQL has answered with a rollback: a statement failed before, and nobody took notice. */
export class RolledBack extends Error {
  constructor() {
    super('the transaction had failed, and was rolled back');
  }
}

/** One connection taken out of a pool for a transaction. */
export class Lease extends Connection {
  /** PostgreSQL plans a statement for a role, and anew whenever it finds it prepared for another: each has its own. */
  protected override readonly mark = 't';
  private broken: Error | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private ended = false;
  private readonly client: PoolClient;
  private readonly giveBack: Taken['release'];
  /** What it has locked, or wanted to. */
  private readonly locked = new Set<string>();

  private constructor(
    { client, release }: Taken,
    counter?: StatementCounter,
    private readonly locks?: LockQueues,
  ) {
    super(client, counter);
    this.client = client;
    this.giveBack = release;
    // The pool listens only while it holds the connection; an error nobody listens to would end the process.
    client.on('error', this.onError);
  }

  /** @throws LimitError RATE_LIMITED where too many requests of the same client wait already */
  static async take(pool: Pool | SharedPool, counter?: StatementCounter): Promise<Lease> {
    if (pool instanceof SharedPool) {
      return new Lease(await told('connect', counter, () => pool.take(counter ?? {})), counter, pool.locks);
    }
    const client = await told('connect', counter, () => pool.connect());
    return new Lease({ client, release: (spoilt) => client.release(spoilt) }, counter);
  }

  /** One at a time: resolvers that read through a held transaction ask side by side, and the driver does not queue. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.last.then(run, run);
    this.last = mine.catch(() => {});
    return mine;
  }

  /** @throws once the connection has been given back: a resolver may outlive the request that it was part of. */
  override async query<T = Record<string, unknown>>(
    text: string,
    values: unknown[] = [],
    prepared = true,
  ): Promise<T[]> {
    if (this.ended) throw new Error('the transaction of this request has ended');
    return super.query<T>(text, values, prepared);
  }

  /** @throws what says 55P03, "lock not available", where too many wait for one of the keys */
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
      const run = () => this.client.query(statement);
      return limit ? limit.run(this.client, run) : run();
    });
  }

  override control(text: string): Promise<void> {
    return this.inTurn(() => super.control(text));
  }

  /**
   * Begins a transaction behind the second wall: whatever its statements say, PostgreSQL shows and takes rows of this scope
   * alone, to its end (migrations/...-row-security.ts). Role and scope go along in the message that begins it, which
   * costs no round trip; a message of several statements has no parameters, so ids have to be ids.
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
   * Commits. Where that fails nobody knows whether it took place: what depends on it has to be found out afterwards, and
   * the connection is not used again. Replies to `afterwards`, a statement that is sent along with it, with its one row.
   */
  async commit(): Promise<void>;
  async commit<T>(afterwards: string): Promise<T>;
  async commit(afterwards?: string): Promise<unknown> {
    const text = afterwards === undefined ? 'commit' : `commit; ${afterwards}`;
    try {
      // Several statements in one message have several results.
      const send = () =>
        this.inTurn<QueryResult | QueryResult[]>(() => told('commit', this.counter, () => this.client.query(text)));
      const { limit } = this.counter;
      const results = await (limit ? limit.commit(send) : send());
      const [committed, replied] = [results].flat();
      // PostgreSQL ends a transaction in which a statement has failed with a rollback, and calls that a success.
      if (committed.command !== 'COMMIT') throw new RolledBack();
      return replied?.rows[0];
    } catch (error) {
      this.broken = error as Error;
      throw error;
    }
  }

  /** Ends whatever transaction is still open and gives the connection back, or away where it is broken. */
  async release(open: boolean): Promise<void> {
    this.ended = true;
    await this.last;
    if (open && !this.broken) await this.control('rollback').catch(this.onError);
    this.client.removeListener('error', this.onError);
    this.locks?.leave(this.locked);
    this.giveBack(this.broken ?? this.counter.limit?.isSpoilt(this.client));
  }
}

/** One transaction in a scope, on a connection of a pool: committed where `act` comes to its end. */
export const transaction = <T>(
  pool: Pool | SharedPool,
  scope: TenantScope,
  act: (lease: Lease) => Promise<T>,
): Promise<T> => within(pool, scope.entityId, (lease) => lease.begin(scope), act);

/** The same for what belongs to no tenant, under the role of the pool. */
export const transactionAside = <T>(pool: Pool, act: (lease: Lease) => Promise<T>): Promise<T> =>
  within(pool, undefined, (lease) => lease.control('begin'), act);

/** Of a pool that is shared, entities take turns here. */
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
 * Planner settings of bill runs, and of statements that look many rows up.
 * No sequential scans: a connection plans the check of a foreign key once. Planned while the table has one page, the check scans
 * the table, which grows with every document of the run. 300,000 items took 1.65 times a plain transaction, against 1.3.
 * No bitmap scans: in a table that was never analyzed, PostgreSQL expects few rows of the entity. For each id it then reads the
 * whole entity from a second index as well. 10,000 sales took 10.8 s, against 0.2.
 * Pages at about the price of memory: at the price of a disk, each chunk scans everything that is billed already.
 * No parallel workers: starting two costs more than they save.
 */
export const byIndex = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  random_page_cost: '1.1',
  max_parallel_workers_per_gather: '0',
};

/** Which rows a caller may see: those of one entity and of the orgs it may see there. */
export interface TenantScope {
  entityId: string;
  orgIds: readonly string[];
}

/**
 * The one door to business data. Every statement gets the scope as its first two parameters, `$1` the entity and
 * `$2` the orgs; PostgreSQL itself refuses a text that leaves either unused. Further values begin at `$3`.
 */
export class Scoped {
  constructor(
    readonly connection: Connection,
    readonly scope: TenantScope,
  ) {}

  query<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return this.connection.query<T>(text, [this.scope.entityId, this.scope.orgIds, ...values]);
  }

  /**
   * The same, planned for these very values. After five executions PostgreSQL may keep one plan of a prepared statement,
   * which expects ten elements in an array, and tables as large as they were when it was made.
   */
  queryAnew<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return this.connection.query<T>(text, [this.scope.entityId, this.scope.orgIds, ...values], false);
  }

  /** The same for what looks many rows up: in a transaction, and by index to the end of the transaction. */
  async queryByIndex<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    const settings = Object.entries(byIndex).map(([name, value]) => `set local ${name} = ${value}`);
    await this.connection.control(settings.join('; '));
    return this.queryAnew<T>(text, values);
  }

  /** A statement that waits for whoever holds things of this kind with these ids. */
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
