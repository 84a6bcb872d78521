import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../src/store/connection/database';
import { startEmbedded } from '../../src/store/embedded/embedded';
import { memoryFolder } from './memory-folder';
import { partition } from './partitioned';
import { startPgbouncer } from './pgbouncer';

/**
 * One PostgreSQL for all test files, with a migrated template that each file clones. Nothing here must survive a crash,
 * so it runs without fsync, and in memory where there is room (memory-folder.ts). TEST_DATABASE_URL names
 * another server instead (a superuser's URL).
 * With TEST_PARTITIONED the tables of tenants are partitioned by entity (partitioned.ts).
 * With TEST_POOLER the gateways under test reach it through PgBouncer in transaction mode (pgbouncer.ts).
 */
export default async function setup(): Promise<void> {
  const database = 'template_gateway';
  const memory = memoryFolder(process.cwd());
  // Temporary folders too: some tests keep servers of their own in theirs. Workers and processes of tests inherit this.
  if (memory) process.env.TMPDIR = memory;
  const postgres = process.env.TEST_DATABASE_URL
    ? { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
    : await startEmbedded({
        dir: memory ? resolve(memory, 'postgres') : resolve('.data/test-postgres'),
        database: 'postgres',
        settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
      });
  const url = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  const admin = new Client(url('postgres'));
  await admin.connect();
  const { rows } = await admin.query<{ datname: string }>(
    "select datname from pg_database where datname like 'test\\_%' or datname = $1",
    [database],
  );
  for (const { datname } of rows)
    await admin.query(`drop database if exists ${admin.escapeIdentifier(datname)} with (force)`);
  await admin.query(`create database ${database}`);
  await admin.end();
  await migrate({ url: url(database) });
  if (process.env.TEST_PARTITIONED) await partition(url(database));
  process.env.TEST_TEMPLATE_URL = url(database);
  const pooler = process.env.TEST_POOLER ? await startPgbouncer(postgres.url) : undefined;
  if (pooler) process.env.TEST_POOLER_PORT = String(pooler.port);
  (globalThis as { stopTestPostgres?: () => Promise<void> }).stopTestPostgres = async () => {
    await pooler?.close();
    await postgres.stop();
    if (memory) rmSync(memory, { recursive: true, force: true });
  };
}
