import { tracingChannel } from 'node:diagnostics_channel';
import { Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { asTheyCome } from './bytes';
import { type Asker, SharedPool } from './pool';
import { nameOf, preparesStatements, sendOn } from './prepared';
import { sendAlone } from './together';

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

export function told<T>(text: string, counter: StatementCounter | undefined, send: () => Promise<T>): Promise<T> {
  if (!statements.hasSubscribers) return send();
  return statements.tracePromise(send, { text, requestId: counter?.requestId, began: performance.now() });
}

async function sendOnAny(pool: Pool, statement: QueryConfig): Promise<QueryResult> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    return await sendAlone(client, statement);
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure);
  }
}

/**
 * Runs statements on a pool, or on the one client of a transaction. Rows are objects whose names come from the select
 * list.
 */
export class Connection {
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

  /** Each statement that is waited for passes here, but begin, commit and the like. */
  protected async ask<T>(statement: QueryConfig): Promise<T[]> {
    this.counter.statements++;
    const sent = this.send(statement);
    const { limit } = this.counter;
    const result = await (limit ? limit.within(sent) : sent);
    return result.rows as T[];
  }

  /**
   * A statement that nothing later in the unit depends on. In a transaction it is sent with the next statement that is
   * waited for, or with the commit, unless it is long. Its failure is that statement's. `use` gets its rows.
   */
  async post<T>(text: string, values: unknown[] = [], use: (rows: T[]) => void = () => {}): Promise<void> {
    use(await this.query<T>(text, values));
  }

  /** Waits for the statements that were posted. @throws the failure of the first that failed */
  async flush(): Promise<void> {}

  /** Settings to the end of the transaction. */
  async setLocal(settings: Readonly<Record<string, string>>): Promise<void> {
    const all = Object.entries(settings).map(([name, value]) => `set local ${name} = ${value}`);
    await this.control(all.join('; '));
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
    return told(statement.text, this.counter, () => {
      if (target instanceof SharedPool) return target.run(this.counter, (client) => sendAlone(client, statement));
      if (!(target instanceof Pool)) return sendOn(target, statement);
      // The pools that are not shared run the texts of this program alone.
      return preparesStatements() ? target.query(statement) : sendOnAny(target, statement);
    });
  }

  /** Statements without parameters, several of them separated by ";". Not counted, not prepared, sent by themselves. */
  async control(text: string): Promise<void> {
    const { target } = this;
    if (target instanceof SharedPool) throw new Error(`${text} needs a connection of its own`);
    await told(text, this.counter, () => target.query(text));
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
  queryAnew<T = Record<string, unknown>>(text: string, values: unknown[]): Promise<T[]> {
    return this.connection.query<T>(text, [this.scope.entityId, this.scope.orgIds, ...values], false);
  }

  /** `queryAnew` for statements that look up many rows: `byIndex` applies to the end of the transaction. */
  async queryByIndex<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    await this.connection.setLocal(byIndex);
    return this.queryAnew<T>(text, values);
  }

  /** A statement that nothing later in the unit depends on (`Connection.post`). */
  post<T>(text: string, values: unknown[] = [], use?: (rows: T[]) => void): Promise<void> {
    return this.connection.post(text, [this.scope.entityId, this.scope.orgIds, ...values], use);
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
