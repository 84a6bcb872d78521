import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { PoolClient, QueryConfig, QueryResult } from 'pg';

/** Names a statement in PostgreSQL (pg_prepared_statements), in traces and in the log. */
export const statementName = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 24);

/**
 * A statement is prepared once per connection under the hash of its text, because PostgreSQL cuts names at 63 bytes. Texts
 * vary with the fields a client selects, and a connection keeps every plan it has prepared, some as large as 200 KB. So a
 * connection keeps the plans that it used last, and a text is prepared when it comes for the second time.
 */
const mostPrepared = 200;
/** Texts that are remembered, with their names: those that came last for the first time. A text may have 100,000 characters. */
const mostRemembered = 2_000;
const mostCharacters = 20_000_000;
const remembered = new Map<string, string>();
let characters = 0;
let preparing = true;

/** Turns prepared statements off for poolers that do not support them, or on. No text counts as met before. */
export function preparedStatements(on: boolean): void {
  preparing = on;
  remembered.clear();
  characters = 0;
}

export const preparesStatements = (): boolean => preparing;

/** The name to prepare a text under; undefined if it is not prepared. */
export function nameOf(text: string): string | undefined {
  if (!preparing) return undefined;
  const name = remembered.get(text);
  if (name !== undefined) return name;
  remembered.set(text, statementName(text));
  characters += text.length;
  forget(forgetOldest(remembered, mostRemembered));
  while (characters > mostCharacters) forget(forgetOldest(remembered, 0));
  return undefined;
}

const forget = (text: string | undefined): void => {
  characters -= text?.length ?? 0;
};

function forgetOldest(all: Map<string, unknown> | Set<string>, most: number): string | undefined {
  if (all.size <= most) return undefined;
  const [oldest] = all.keys();
  all.delete(oldest);
  return oldest;
}

/** What the driver has of a connection. */
interface Driven {
  connection: {
    close(message: { type: 'S'; name: string }): void;
    parsedStatements: Record<string, string>;
    stream: Socket;
  };
}

const preparedBy = new WeakMap<PoolClient, Set<string>>();

/** Sends a statement on a connection that is free. */
export function sendOn(client: PoolClient, statement: QueryConfig): Promise<QueryResult> {
  keepPlans(client, [statement]);
  return client.query(statement);
}

/** Before statements are sent: beyond `mostPrepared` the connection forgets the plans that were used longest ago. */
export function keepPlans(client: PoolClient, statements: readonly QueryConfig[]): void {
  const names = statements.flatMap(({ name }) => name ?? []);
  if (names.length === 0) return;
  let prepared = preparedBy.get(client);
  if (!prepared) {
    prepared = new Set();
    preparedBy.set(client, prepared);
    writeAtOnce((client as unknown as Driven).connection.stream);
  }
  for (const name of names) {
    prepared.delete(name);
    prepared.add(name);
    const oldest = forgetOldest(prepared, mostPrepared);
    if (oldest === undefined) continue;
    const { connection } = client as unknown as Driven;
    // A message of the protocol: it goes out with the statement, and is no error in a failed transaction.
    connection.close({ type: 'S', name: oldest });
    delete connection.parsedStatements[oldest];
  }
}

/**
 * The driver corks its socket and writes the five messages of a statement. The socket would hand a list of five to the
 * system, which takes longer than to join them first.
 */
function writeAtOnce(socket: Socket): void {
  const write = socket.write.bind(socket) as (chunk: Buffer, ...more: unknown[]) => boolean;
  let held: Buffer[] | undefined;
  socket.cork = () => {
    held ??= [];
  };
  socket.uncork = () => {
    const all = held;
    held = undefined;
    if (all?.length) write(Buffer.concat(all));
  };
  socket.write = ((chunk: Buffer, ...more: unknown[]) => {
    if (!held) return write(chunk, ...more);
    held.push(chunk);
    return true;
  }) as Socket['write'];
}
