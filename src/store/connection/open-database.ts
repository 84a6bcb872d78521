import { resolve } from 'node:path';
import { startEmbedded } from '../embedded/embedded';
import { Database, migrate } from './database';
import { faultOf, isReadOnly } from './failure';
import { advised, demandRights, RightsMissing } from './rights';
import { serverList } from './server-list';
import { type DatabaseOptions } from './session';

export interface OpenOptions extends Omit<DatabaseOptions, 'url'> {
  /** Unset: the embedded PostgreSQL under `dataDir`. */
  databaseUrl?: string;
  dataDir: string;
  embeddedPostgresBin?: string;
  /** Called before each step that takes time. */
  onStep?: (step: string) => void;
  /** Gets statements that an administrator should run, and without which the gateway works. */
  onAdvice?: (statements: string[]) => void;
  /** Called once if the server takes no writes. The start then waits for one that does. Absent: the start fails. */
  onStandby?: (message: string) => void;
  /** Opens the database for inspection, without applying migrations. It may be a standby. */
  asItIs?: boolean;
}

export interface OpenDatabase {
  db: Database;
  options: DatabaseOptions;
  embedded: boolean;
  close(): Promise<void>;
}

/** The server named by the configuration: its URL, and `stop`, which stops the embedded server. */
export async function locate(options: OpenOptions): Promise<{ url: string; stop(): Promise<void> }> {
  if (options.databaseUrl) return { url: options.databaseUrl, stop: async () => {} };
  const dir = resolve(options.dataDir, 'postgres');
  options.onStep?.(`Starting PostgreSQL in ${dir}`);
  return startEmbedded({ dir, database: 'gateway', binaries: options.embeddedPostgresBin }).catch((error: Error) => {
    throw new OpenError(error.message);
  });
}

/**
 * Opens the configured database and applies its migrations, unless `asItIs` is set. close() also stops an embedded
 * server that no other process uses.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenDatabase> {
  const server = await locate(options);
  const database: DatabaseOptions = { ...options, url: server.url, standby: options.asItIs };
  try {
    const db = await onPrimary(options, database.url, async () => {
      if (!options.asItIs) {
        options.onStep?.('Bringing the database up to date');
        await migrate(database, (held, known) => {
          demandRights(held, known);
          const statements = advised(held, known);
          if (statements.length) options.onAdvice?.(statements);
        });
      }
      return Database.open(database);
    });
    if (!(await db.keepsOptions())) {
      await db.close();
      throw new OpenError(
        `The connection pooler at ${serverList(server.url).name} drops the options of connections, and with them the role of the gateway. Set DATABASE_PREPARE=off, or configure the pooler to pass options on.`,
      );
    }
    const close = async () => {
      await db.close();
      await server.stop();
    };
    return { db, options: database, embedded: !options.databaseUrl, close };
  } catch (error) {
    await server.stop();
    throw explained(error, database.url);
  }
}

/** How long a start waits before it looks for a server that takes writes again. */
const againMs = 1_000;

/**
 * Opens the database, and waits while its address leads to a server that takes no writes. During a failover that lasts
 * some seconds. A standby answers queries, so the start would get as far as its first write, and fail there.
 */
async function onPrimary<T>({ onStandby }: OpenOptions, url: string, open: () => Promise<T>): Promise<T> {
  for (let times = 0; ; times++) {
    try {
      return await open();
    } catch (error) {
      if (!onStandby || !isReadOnly(error)) throw error;
      if (times === 0)
        onStandby(`The server at ${serverList(url).name} is a standby or read-only: waiting for a primary`);
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}

/** The reason why the database cannot be opened, in one line that says what to do. */
export class OpenError extends Error {}

/** Explains the errors that an administrator can fix, by the code of the driver or of PostgreSQL. */
function explained(error: unknown, url: string): unknown {
  const { code, message, path } = error as { code?: string; message: string; path?: string };
  const { name: host, url: alone } = serverList(url);
  const { pathname } = new URL(alone);
  if (error instanceof RightsMissing) {
    const lacks = `The database ${pathname.slice(1)} on ${host} lacks rights that its migrations made, as after a restore without the roles.`;
    return new OpenError(
      [lacks, '-- A superuser runs these statements in it, and then the gateway starts.', message].join('\n'),
    );
  }
  // sslrootcert, sslcert and sslkey name files.
  if (path !== undefined)
    return new OpenError(`DATABASE_URL names the file ${path}, which cannot be read: ${message}.`);
  if (code === 'P0001') return new OpenError(message);
  if (code === '3D000') return new OpenError(`There is no database ${pathname.slice(1)} on ${host}: create it first.`);
  if (code === '42501') return new OpenError(`The user of DATABASE_URL must own the database: ${message}.`);
  if (code?.startsWith('28')) return new OpenError(`${host} refuses the user of DATABASE_URL: ${message}.`);
  if (isReadOnly(error)) return new OpenError(`The server at ${host} is a standby or read-only; a primary is needed.`);
  if (faultOf(error) === 'unavailable')
    return new OpenError(`The database at ${host} cannot be reached: ${message || code}.`);
  return error;
}
