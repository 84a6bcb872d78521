import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';
import { Connection } from '../../src/store/connection/connection';
import { Database } from '../../src/store/connection/database';
import { preparedStatements } from '../../src/store/connection/prepared';
import { type DatabaseOptions } from '../../src/store/connection/session';
import { partition } from './partitioned';

export interface TestDatabase {
  db: Database;
  /** The owner's URL; with TEST_POOLER through the pooler. */
  url: string;
  /** The owner's URL without a pooler: for sessions of a test's own. */
  direct: string;
  /** A statement as the owner, outside of every scope: for preparing and for looking. */
  owner<T>(text: string, values?: unknown[]): Promise<T[]>;
  /** Statements of the store as the owner, whom row security does not bind: for writing rows, and for looking without that wall. */
  raw: Connection;
  /** What `raw` is on. */
  pool: Pool;
  /** Resolves once so many sessions wait for a lock. */
  blocked(count?: number): Promise<void>;
  close(): Promise<void>;
}

type TestDatabaseOptions = Pick<DatabaseOptions, 'poolSize' | 'readStatementTimeoutMs'> & {
  /** The tables of tenants in partitions. */
  partitioned?: boolean;
};

/** Tables in which processes tell each other what they do: SQL for those that are no data of anybody. */
export const ofProcesses = `'{gateway_process,client_rate,client_subscription,client_write,client_day,client_document_use}'::text[]`;

/** A clone of the migrated template, for one test file or one test. */
export async function testDatabase({ partitioned, ...options }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const template = new URL(process.env.TEST_TEMPLATE_URL!);
  // Its own whatever a test file before it has left behind.
  const name = `test_${randomBytes(6).toString('hex')}`;
  const server = Object.assign(new URL(template.href), { pathname: '/postgres' }).href;
  const url = Object.assign(new URL(template.href), { pathname: `/${name}` }).href;
  const run = async (text: string) => {
    const admin = new Client(server);
    await admin.connect();
    try {
      await admin.query(text);
    } finally {
      await admin.end();
    }
  };
  // Copied as files, a clone takes 20 ms of CPU in memory, by the log 36. And its first session finds the catalog's cache made.
  await run(`create database ${name} template ${template.pathname.slice(1)} strategy file_copy`);
  if (partitioned) await partition(url);
  return openedAt(throughPooler(url), options, () => run(`drop database ${name} with (force)`));
}

/** The same database without it. */
function aroundPooler(url: string): string {
  const { TEST_POOLER_PORT, TEST_TEMPLATE_URL } = process.env;
  if (new URL(url).port !== TEST_POOLER_PORT) return url;
  return Object.assign(new URL(url), { port: new URL(TEST_TEMPLATE_URL!).port }).href;
}

/**
 * Whether the run has a pooler. Then queries are read level by level, in more statements, and nobody hears at once what another
 * process commits.
 */
export const behindPooler = process.env.TEST_POOLER !== undefined;

/** The same database through the pooler of the run, where there is one. */
function throughPooler(url: string): string {
  const { TEST_POOLER_PORT: port } = process.env;
  if (!port) return url;
  preparedStatements(false);
  return Object.assign(new URL(url), { port }).href;
}

/** A migrated database that is there already. `url` is the one of the gateway; the test itself uses no pooler. */
export async function openedAt(
  url: string,
  options: TestDatabaseOptions,
  afterwards: () => Promise<void>,
): Promise<TestDatabase> {
  const db = await Database.open({ url, ...options });
  const direct = aroundPooler(url);
  const client = new Client(direct);
  await client.connect();
  const pool = new Pool({ connectionString: direct, max: 10, options: '-c timezone=UTC' });
  pool.on('error', () => {});
  // One after the other, also where a test asks for many at once: pg 9 no longer queues them itself.
  let last: Promise<unknown> = Promise.resolve();
  const owner = async <T>(text: string, values: unknown[] = []) => {
    const asked = last.then(() => client.query(text, values));
    last = asked.catch(() => {});
    return (await asked).rows as T[];
  };
  return {
    db,
    url,
    direct,
    owner,
    raw: new Connection(pool),
    pool,
    blocked: async (count = 1) => {
      const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      // Within a transaction the owner would see the sessions as they were when it first looked.
      do await owner('select pg_stat_clear_snapshot()');
      while ((await owner(waiting)).length < count);
    },
    close: async () => {
      await client.end();
      await pool.end();
      await db.close();
      await afterwards();
    },
  };
}
