import * as driver from 'pg';
import {
  type Client,
  type Connection,
  DatabaseError,
  type PoolClient,
  Query,
  type QueryConfig,
  type QueryResult,
} from 'pg';
import { localSettings } from './local-settings';
import { keepPlans, sendOn } from './prepared';

/** What became of a statement: its result, or why it has none. */
export interface Outcome {
  result?: QueryResult;
  error?: Error;
  /** An earlier statement of the message failed, so PostgreSQL did not run this one. Then `error` is the other's. */
  skipped?: boolean;
}

/**
 * Sends statements (`sendable`) in one message, and waits once for all of them: PostgreSQL runs them in their order, and skips those
 * behind a failure. Each gets its own outcome. The promise always resolves.
 *
 * The driver has a pipeline mode. It ends each statement with a Sync of its own. PostgreSQL then sends each answer
 * apart. It still carries out a commit behind a failed statement, as a rollback.
 */
export function sendTogether(client: PoolClient, statements: readonly QueryConfig[]): Promise<Outcome[]> {
  return new Promise((resolve) => {
    keepPlans(client, statements);
    client.query(new Together(statements, resolve));
  });
}

/**
 * Sends one statement on a connection that is free and in no transaction. Through a pooler the settings of the connection go
 * before it in the same message. PostgreSQL takes a message for one transaction, so they hold for the statement alone.
 */
export async function sendAlone(client: PoolClient | Client, statement: QueryConfig): Promise<QueryResult> {
  const settings = localSettings(client);
  if (!settings) return sendOn(client as PoolClient, statement);
  const [, { result, error }] = await sendTogether(client as PoolClient, [settings, statement].map(sendable));
  if (!result) throw error;
  return result;
}

/* What the driver has, and does not declare. */
const { prepareValue } = (driver as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;
/**
 * Converts the values as the driver does. @throws if one cannot be converted. While a message is written, that would leave
 * half of it on the connection.
 */
export const sendable = (statement: QueryConfig): QueryConfig => ({
  ...statement,
  values: statement.values?.map(prepareValue),
});

interface Wire extends Connection {
  submittedNamedStatements: Record<string, string>;
  execute(portal: { portal: string }): void;
  sync(): void;
}
interface Handling {
  name?: string;
  text: string;
  prepare(wire: Wire): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
  handleReadyForQuery(wire: Wire): void;
}

/** A query of the driver that does not end the message. */
class Part extends Query {
  _getRows(wire: Wire): void {
    wire.execute({ portal: '' });
  }
}

/** What the driver takes for one query. It hands all answers up to the end of the message to it. */
class Together {
  /** Where the driver waits no longer than `query_timeout`, this stops its timer. */
  callback?: () => void;
  private readonly parts: Handling[];
  private readonly outcomes: Outcome[] = [];
  /** The statement that is answered next. */
  private at = 0;

  constructor(
    statements: readonly QueryConfig[],
    private readonly end: (outcomes: Outcome[]) => void,
  ) {
    this.parts = statements.map((statement, at) => {
      const callback = (error: Error | undefined, result: unknown) => {
        this.outcomes[at] = error ? { error } : { result: result as QueryResult };
      };
      return new Part(statement, callback) as unknown as Handling;
    });
  }

  /* The driver notes under these that a statement was parsed. */
  get name(): string | undefined {
    return this.parts[this.at]?.name;
  }
  get text(): string {
    return this.parts[this.at].text;
  }

  submit(wire: Wire): void {
    wire.stream.cork();
    for (const part of this.parts) part.prepare(wire);
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription(message: unknown): void {
    this.parts[this.at].handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.parts[this.at].handleDataRow(message);
  }

  handleCommandComplete(message: unknown, wire: Wire): void {
    this.parts[this.at].handleCommandComplete(message, wire);
    this.at++;
  }

  handleReadyForQuery(wire: Wire): void {
    for (const part of this.parts) part.handleReadyForQuery(wire);
    this.finish();
  }

  private finish(): void {
    this.callback?.();
    this.end(this.outcomes);
  }

  handleError(error: Error, wire: Wire): void {
    for (const part of this.parts.slice(0, this.at)) part.handleReadyForQuery(wire);
    for (let at = this.at; at < this.parts.length; at++) {
      // PostgreSQL skips what follows. Without an answer of PostgreSQL all of it may have been carried out.
      this.outcomes[at] = { error, skipped: at > this.at && error instanceof DatabaseError };
      // It was not parsed either.
      const { name } = this.parts[at];
      if (name !== undefined) delete wire.submittedNamedStatements[name];
    }
    this.finish();
  }
}
