import * as fs from 'node:fs';
import * as os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '../../src/store/connection/database';
import * as files from '../../src/store/embedded/files';
import { openedAt, type TestDatabase } from './database';
import { freePort } from './own-process';

/* Real PostgreSQL servers, each with processes and data of its own: a primary, and replicas that stream from it. */

const database = 'gateway';

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended by itself meanwhile.
  }
}

export class TestServer {
  readonly data: string;
  private readonly log: string;

  constructor(
    private readonly machine: { bin: string; account?: files.Account },
    home: string,
    /** Also the server's cluster_name, which any session can ask for. */
    readonly name: string,
    readonly port: number,
  ) {
    this.data = path.join(home, name);
    this.log = path.join(home, `${name}.log`);
  }

  /** The URL of a superuser. */
  url(to = database): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${to}`;
  }

  async start(): Promise<void> {
    const settings = {
      port: this.port,
      cluster_name: this.name,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      // No machine crashes here, only servers.
      fsync: 'off',
      wal_keep_size: '512MB',
      wal_retrieve_retry_interval: '100ms',
      // A statement in the way of the replay is ended soon.
      max_standby_streaming_delay: '100ms',
      log_statement: 'all',
      log_line_prefix: '%a: ',
    };
    fs.rmSync(path.join(this.data, 'postmaster.pid'), { force: true });
    const options = Object.entries(settings).map(([name, value]) => `-c ${files.quote(`${name}=${value}`)}`);
    const args = ['start', '-w', '-s', '-D', this.data, '-l', this.log, '-o', options.join(' ')];
    await files.run(this.machine, 'pg_ctl', args);
  }

  /** Its postmaster and all that works for it. */
  private pids(): number[] {
    const mine = (command: string) =>
      command.includes(`-D ${this.data} `) || command.startsWith(`postgres: ${this.name}: `);
    return files.listProcesses()!.flatMap(({ pid, command }) => (mine(command) ? [pid] : []));
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of this.pids()) send(pid, signal);
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    while (this.pids().length) {
      this.signal('SIGKILL');
      await delay(10);
    }
  }

  async ask<T>(text: string, to = database): Promise<T[]> {
    const client = new Client(this.url(to));
    await client.connect();
    try {
      return (await client.query(text)).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** What the gateway has sent it, by its own log, but for the counts of clients that it exchanges in the background. */
  private sent(): string[] {
    const lines = fs
      .readFileSync(this.log, 'utf8')
      .matchAll(/^order-fulfillment-gateway (?!counting).*?: LOG: {2}execute \S+: (.*)/gm);
    return Array.from(lines, ([, text]) => text);
  }

  /** The statements that requests have sent it. */
  statements(): string[] {
    return this.sent().filter((text) => !/^with log as|pg_last_wal|pg_control_system/.test(text));
  }

  /** How often it has been asked how far it is. */
  looks(): number {
    return this.sent().filter((text) => text.includes('pg_last_wal_replay_lsn')).length;
  }
}

export interface Replicated {
  primary: TestServer;
  replicas: TestServer[];
  /** The database "gateway" of the primary, or another of it, made and migrated where it is not there. */
  open(name?: string): Promise<TestDatabase>;
  /** Stops the replay on a replica, until it is resumed: it goes on answering, from then. */
  pause(replica: TestServer): Promise<void>;
  resume(replica: TestServer): Promise<void>;
  /** Resolves once all replicas have what the primary has now. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Stands in the names of the servers, and so in the titles of their processes, which tell those of other test files apart. */
const tagOf = (home: string) => home.slice(-6);

/** Ends the servers of test processes that were killed, and removes what they left. */
function removeLeftovers(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    const pid = Number(/^replicated-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (files.isAlive(pid)) continue;
    const home = path.join(folder, name);
    for (const { pid: server, command } of files.listProcesses()!) {
      // One that was frozen does not notice that its postmaster has ended.
      if (command.includes(`-D ${home}/`) || command.includes(`-${tagOf(home)}: `)) send(server, 'SIGKILL');
    }
    fs.rmSync(home, { recursive: true, force: true });
  }
}

export async function replicated(count: number): Promise<Replicated> {
  const folder = fs.realpathSync(os.tmpdir());
  removeLeftovers(folder);
  const home = fs.mkdtempSync(path.join(folder, `replicated-${process.pid}-`));
  fs.chmodSync(home, 0o755);
  const { account } = files.place(home);
  const machine = { bin: await files.findBinaries(process.env.EMBEDDED_PG_BIN, account), account };
  const owned = (of: string) => account && fs.chownSync(of, account.uid, account.gid);
  owned(home);
  const names = ['primary', ...Array.from({ length: count }, (_, at) => `replica${at + 1}`)];
  const [primary, ...replicas] = await Promise.all(
    names.map(async (name) => new TestServer(machine, home, `${name}-${tagOf(home)}`, await freePort())),
  );
  const initdb = `-A trust -U postgres -E UTF8 --locale C --no-sync --no-instructions -D ${primary.data}`;
  await files.run(machine, 'initdb', initdb.split(' '));
  // A cluster that has never been started is its own base backup.
  for (const replica of replicas) {
    fs.cpSync(primary.data, replica.data, { recursive: true });
    fs.writeFileSync(path.join(replica.data, 'standby.signal'), '');
    const source = `host=127.0.0.1 port=${primary.port} user=postgres`;
    fs.appendFileSync(path.join(replica.data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
    fs.chmodSync(replica.data, 0o700);
    owned(replica.data);
    for (const name of fs.readdirSync(replica.data, { recursive: true, encoding: 'utf8' })) {
      owned(path.join(replica.data, name));
    }
  }
  const servers = [primary, ...replicas];
  await Promise.all(servers.map((server) => server.start()));
  const made = new Set<string>();
  const make = async (name: string) => {
    if (made.has(name)) return;
    made.add(name);
    await primary.ask(`create database ${name}`, 'postgres');
    await migrate({ url: primary.url(name) });
  };
  await make(database);

  const caughtUp = async () => {
    const [{ at }] = await primary.ask<{ at: string }>('select pg_current_wal_flush_lsn() as at');
    for (const replica of replicas) {
      const passed = `select pg_last_wal_replay_lsn() >= '${at}' as passed`;
      while (!(await replica.ask<{ passed: boolean }>(passed, 'postgres'))[0].passed) await delay(5);
    }
  };
  await caughtUp();
  return {
    primary,
    replicas,
    open: async (name = database) => {
      await make(name);
      return openedAt(primary.url(name), {}, async () => {});
    },
    pause: async (replica) => {
      await replica.ask('select pg_wal_replay_pause()');
      const state = 'select pg_get_wal_replay_pause_state() as state';
      while ((await replica.ask<{ state: string }>(state))[0].state !== 'paused') await delay(5);
    },
    resume: async (replica) => void (await replica.ask('select pg_wal_replay_resume()')),
    caughtUp,
    close: async () => {
      for (const server of servers) {
        server.signal('SIGCONT');
        await server.kill();
      }
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}
