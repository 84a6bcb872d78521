import { channel } from 'node:diagnostics_channel';
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { Connection, type StatementCounter, type TenantScope, told } from './connection';
import { isReadOnly } from './failure';
import { localSettings } from './local-settings';
import type { LockQueues } from './lock-queue';
import { SharedPool, type Taken } from './pool';
import { nameOf } from './prepared';
import { appRole } from './roles';
import { type Outcome, sendable, sendTogether } from './together';
import { leaveServer } from './watched-client';

/** Publishes the entity of each transaction that this process has committed. Without a subscriber it costs nothing. */
export const commits = channel('order-gateway.commit');

/** PostgreSQL answered a commit with a rollback: an earlier statement had failed unnoticed. */
export class RolledBack extends Error {
  constructor() {
    super('the transaction had failed, and was rolled back');
  }
}

/** The transaction ended, or went back to a savepoint, before the statement was sent. */
class NotSent extends Error {
  constructor() {
    super('the statement was not sent, since its transaction has ended');
  }
}

/** Characters of values above which a statement does not wait for the next one. */
const long = 65_536;

/** Begins a transaction that only reads, and reads one state of the database. A replica allows it too. */
const ofOneState = 'begin isolation level repeatable read, read only';

/** The role and the scope of a transaction (migrations/...-row-security.ts). */
const scopeText =
  "select set_config('role', $1, true), set_config('gateway.entity', $2::uuid::text, true), set_config('gateway.orgs', $3::uuid[]::text, true)";

const isLong = (values: readonly unknown[]): boolean =>
  values.some((value) => typeof value === 'string' && value.length > long);

/**
 * A separate prefix keeps the plans of the two roles apart. PostgreSQL plans a statement for one role, and plans it anew
 * when another role runs it.
 */
const ofLease = ({ name, ...statement }: QueryConfig): QueryConfig => ({ ...statement, name: name && `t${name}` });

const named = (text: string, values?: unknown[]): QueryConfig => ofLease({ name: nameOf(text), text, values });

const ignore = (): void => {};

/** A statement that has not been sent yet. */
interface Waiting {
  statement: QueryConfig;
  /** Sent as a message of its own, which may have several statements. */
  alone?: boolean;
  /** Gets the rows, before anybody hears of the message. */
  use?: (rows: unknown[]) => void;
  /** Settles once PostgreSQL has answered. */
  sent: Promise<QueryResult>;
  settle: (sent: Promise<QueryResult>) => void;
}

/**
 * One connection taken out of a pool for a transaction.
 *
 * Each message and its answer cost a round trip: the client, the server and twice the kernel wake up. So statements wait
 * for one another. What is asked for at the same moment goes out together. A write that nothing depends on (`post`)
 * waits for the next statement that is waited for, or for the commit. PostgreSQL runs all in the order in which they were
 * asked for.
 */
export class Lease extends Connection {
  /** In the order in which they were asked for. */
  private readonly waiting: Waiting[] = [];
  /** How many of them are to be sent now. */
  private due = 0;
  private sending: Promise<void> | undefined;
  private broken: Error | undefined;
  /** What failed first in this transaction. PostgreSQL refuses all later statements without saying why. */
  private failure: Error | undefined;
  private open = false;
  private ended = false;
  private entityId: string | undefined;
  /** A commit was sent, and PostgreSQL has not said that it was not carried out. */
  mayHaveCommitted = false;
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

  /**
   * Begins a transaction, whose statements all see one state of the database if `how` is `ofOneState`. With a scope it is under row security, the second line of defense: whatever its statements say,
   * PostgreSQL reads and writes rows of this scope only. Sent with the first statement.
   */
  begin(scope?: TenantScope, how: 'begin' | typeof ofOneState = 'begin'): void {
    this.open = true;
    this.add(named(how));
    const settings = localSettings(this.client);
    if (settings) this.add(ofLease(settings));
    if (scope) this.add(named(scopeText, [appRole, scope.entityId, scope.orgIds]));
    this.entityId = scope?.entityId;
  }

  /** A point that `rollbackTo` goes back to. Sent with the next statement. */
  savepoint(name: string): void {
    this.add(named(`savepoint ${name}`));
  }

  async rollbackTo(name: string): Promise<void> {
    const at = this.waiting.findIndex(({ statement }) => statement.text === `savepoint ${name}`);
    this.drop(at < 0 ? 0 : at);
    if (at < 0) await this.control(`rollback to savepoint ${name}`);
    this.failure = undefined;
  }

  /** @throws once the connection has been given back: a resolver may outlive its request */
  protected override async ask<T>(statement: QueryConfig): Promise<T[]> {
    this.check();
    return super.ask<T>(statement);
  }

  override async post<T>(text: string, values: unknown[] = [], use?: (rows: T[]) => void): Promise<void> {
    this.check();
    this.counter.statements++;
    this.add(named(text, values), { use: use as Waiting['use'] });
    if (isLong(values)) await this.flush();
  }

  override async flush(): Promise<void> {
    const all = Promise.all(this.waiting.map(({ sent }) => sent));
    this.sendWaiting();
    const { limit } = this.counter;
    await (limit ? limit.within(all) : all);
  }

  override async setLocal(settings: Readonly<Record<string, string>>): Promise<void> {
    const all = Object.entries(settings);
    const text = `select ${all.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, true)`).join(', ')}`;
    this.add(named(text, all.flat()));
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

  override async control(text: string): Promise<void> {
    const sent = this.add({ text }, { alone: true });
    this.sendWaiting();
    await sent;
  }

  /**
   * Commits, in one message with the writes that were left for later. `afterwards` is a statement in the same message.
   * Returns whether it succeeded: its failure changes nothing about the commit.
   *
   * If the commit fails, `mayHaveCommitted` tells whether the outcome is unknown. Then the caller must look it up, and the
   * connection is not used again.
   */
  async commit(afterwards?: { text: string; values: unknown[] }): Promise<boolean> {
    const committed = this.add(named('commit'));
    const done = afterwards && this.add(named(afterwards.text, afterwards.values));
    this.sendWaiting();
    // PostgreSQL ends a transaction with a failed statement by a rollback, and reports success.
    if ((await committed).command !== 'COMMIT') throw new RolledBack();
    return done
      ? done.then(
          () => true,
          () => false,
        )
      : true;
  }

  /**
   * Rolls back a transaction that is still open. Returns the connection to the pool, or discards a broken connection.
   */
  async release(): Promise<void> {
    this.ended = true;
    this.drop(0);
    await this.sending;
    if (this.open && !this.broken) await this.control('rollback').catch(this.onError);
    this.client.removeListener('error', this.onError);
    this.locks?.leave(this.locked);
    this.giveBack(this.broken ?? this.counter.limit?.isSpoilt(this.client));
  }

  private check(): void {
    if (this.ended) throw new Error('the transaction of this request has ended');
  }

  protected override send(statement: QueryConfig): Promise<QueryResult> {
    const sent = this.add(ofLease(statement));
    this.sendWaiting();
    return sent;
  }

  private add(statement: QueryConfig, how: Pick<Waiting, 'alone' | 'use'> = {}): Promise<QueryResult> {
    let settle: Waiting['settle'] = ignore;
    const sent = new Promise<QueryResult>((resolve) => {
      settle = resolve;
    });
    // A failure is told to whoever waits for the statement, or for one behind it.
    sent.catch(ignore);
    this.waiting.push({ statement: sendable(statement), ...how, sent, settle });
    return sent;
  }

  /** Gives up the statements from a position on that have not been sent. */
  private drop(from: number): void {
    for (const { statement, settle } of this.waiting.splice(from)) {
      if (statement.text.startsWith('begin')) this.open = false;
      settle(Promise.reject(new NotSent()));
    }
    this.due = Math.min(this.due, from);
  }

  /** All that waits goes out as soon as the connection is free, with what else is asked for at this moment. */
  private sendWaiting(): void {
    this.due = this.waiting.length;
    this.sending ??= Promise.resolve().then(() => this.sendDue());
  }

  private async sendDue(): Promise<void> {
    while (this.due > 0) {
      const others = this.waiting.slice(0, this.due).findIndex(({ alone }) => alone);
      const message = this.waiting.splice(0, others < 0 ? this.due : Math.max(others, 1));
      this.due -= message.length;
      await this.sendMessage(message);
    }
    this.sending = undefined;
  }

  /** Sends statements in one message, and resolves once the connection can take another. */
  private async sendMessage(message: readonly Waiting[]): Promise<void> {
    // A rollback is sent although the time of the request is up.
    const limit = message[0].alone ? undefined : this.counter.limit;
    const commits = message.findIndex(({ statement }) => statement.text === 'commit');
    const answers = message.map(({ statement, settle }) => {
      let answer: (outcome: Outcome) => void = ignore;
      const answered = new Promise<QueryResult>((resolve, reject) => {
        answer = ({ result, error }) => (result ? resolve(result) : reject(error));
      });
      settle(told(statement.text, this.counter, () => answered));
      return answer;
    });
    const send = async () => {
      this.mayHaveCommitted = commits >= 0;
      const outcomes = await this.exchange(message);
      if (commits >= 0) this.hasCommitted(outcomes[commits]);
      return outcomes;
    };
    let outcomes: Outcome[];
    try {
      if (!limit) outcomes = await send();
      else if (commits < 0) outcomes = await limit.run(this.client, send);
      else outcomes = await limit.commit(send, () => this.mayHaveCommitted);
    } catch (error) {
      // The time was up before the message was sent.
      outcomes = message.map(() => ({ error: error as Error }));
    }
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.result) message[at].use?.(outcome.result.rows);
      answers[at](this.explained(outcome));
    }
  }

  private async exchange(message: readonly Waiting[]): Promise<Outcome[]> {
    const [{ statement, alone }] = message;
    if (!alone)
      return sendTogether(
        this.client,
        message.map((each) => each.statement),
      );
    const outcome = (result: QueryResult) => ({ result });
    return [await this.client.query(statement.text).then(outcome, (error: Error) => ({ error }))];
  }

  private hasCommitted({ result, error, skipped }: Outcome): void {
    this.open = skipped ?? false;
    if (skipped || (result && result.command !== 'COMMIT')) this.mayHaveCommitted = false;
    else if (error) this.broken = error;
    else if (this.entityId !== undefined && commits.hasSubscribers) commits.publish(this.entityId);
  }

  /** The first failure of the transaction, where PostgreSQL only says that there was one. */
  private explained(outcome: Outcome): Outcome {
    const { error } = outcome;
    if (!error) return outcome;
    this.failure ??= error;
    if (isReadOnly(error)) {
      this.broken ??= error;
      leaveServer(this.client);
    }
    return (error as { code?: string }).code === '25P02' ? { error: this.failure } : outcome;
  }

  private readonly onError = (error: Error): void => {
    this.broken ??= error;
  };
}

/**
 * One transaction on a connection of a pool, in a scope, or under the role of the pool alone. Commits when `act` returns. In a shared
 * pool, entities take turns.
 */
export async function transaction<T>(
  pool: Pool | SharedPool,
  scope: TenantScope | undefined,
  act: (lease: Lease) => Promise<T>,
): Promise<T> {
  const lease = await Lease.take(pool, { statements: 0, clientId: scope?.entityId });
  try {
    lease.begin(scope);
    const result = await act(lease);
    await lease.commit();
    return result;
  } finally {
    await lease.release();
  }
}

/** A transaction over data that belongs to no tenant, under the role of the pool. */
export const transactionAside = <T>(pool: Pool, act: (lease: Lease) => Promise<T>): Promise<T> =>
  transaction(pool, undefined, act);

/**
 * A transaction that reads one state of the database, under the role of the pool. The caller must release it. The state is that of the
 * first statement, which is sent at once: what others commit later is not seen, and a server that is away is.
 */
export async function oneState(pool: SharedPool, counter: StatementCounter): Promise<Lease> {
  const lease = await Lease.take(pool, counter);
  try {
    lease.begin(undefined, ofOneState);
    await lease.query('select 1');
    return lease;
  } catch (error) {
    await lease.release();
    throw error;
  }
}
