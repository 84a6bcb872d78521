import * as fs from 'node:fs';
import * as os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import * as files from '../../src/store/embedded/files';
import { installedPostgres } from '../support/installed';
import { freePort, OwnProcess, until } from '../support/own-process';
import { Node, type Setting } from './node';

/* Three PostgreSQL under Patroni, which agree through etcd, and HAProxy before them. All of it lives in one folder. */

const database = 'gateway';
const slowMs = 60_000;

export interface Cluster {
  nodes: readonly Node[];
  /** URLs of the gateway's database: at HAProxy, which leads to the primary, and of the three servers themselves. */
  urls: { haproxy: string; servers: string };
  /** The node that holds the lock, and takes writes. */
  leader(): Promise<Node>;
  /** The standby that PostgreSQL waits for, and that follows the leader if that is lost. */
  successor(): Promise<Node>;
  /** Resolves once there is a leader, all other nodes stream from it, and one of them may become its successor. */
  whole(): Promise<void>;
  /** Resolves once a write is acknowledged. */
  writes(): Promise<void>;
  /** A statement of a superuser on the primary. */
  ask<T>(text: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** Ends what test processes that were killed have left, and removes their folders. */
function removeLeftovers(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    const pid = Number(/^ha-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (files.isAlive(pid)) continue;
    const home = path.join(folder, name);
    for (const { pid: left, command } of files.listProcesses()!) {
      if (command.includes(`${home}/`)) process.kill(left, 'SIGKILL');
    }
    fs.rmSync(home, { recursive: true, force: true });
  }
}

function haproxy(port: number, nodes: readonly Node[]): string {
  const servers = nodes.map(
    ({ name, ports }) => `  server ${name} 127.0.0.1:${ports.clients} check port ${ports.patroni}`,
  );
  return `global
  maxconn 1000
defaults
  mode tcp
  retries 1
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  timeout check 1s
listen primary
  bind 127.0.0.1:${port}
  option httpchk GET /primary
  http-check expect status 200
  # The old primary may still hold connections open when it is not the primary any more.
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}

/** Starts the cluster, with an empty database "gateway". */
export async function startCluster(): Promise<Cluster> {
  const folder = fs.realpathSync(os.tmpdir());
  removeLeftovers(folder);
  const home = fs.mkdtempSync(path.join(folder, `ha-${process.pid}-`));
  fs.chmodSync(home, 0o755);
  const { account } = files.place(home);
  if (account) fs.chownSync(home, account.uid, account.gid);
  const program = (name: string, command: string, args: string[]) =>
    new OwnProcess(command, args, { account, cwd: home, log: path.join(home, `${name}.log`) });

  const ports = { etcd: await freePort(), peer: await freePort(), haproxy: await freePort() };
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  const etcd = program('etcd', '/usr/bin/etcd', [
    '--enable-v2',
    ...['--name', 'one', '--data-dir', path.join(home, 'etcd'), '--initial-cluster', `one=${peer}`],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
  ]);
  const setting: Setting = { home, account, bin: installedPostgres()!, etcdPort: ports.etcd };
  const nodes = await Promise.all(['one', 'two', 'three'].map((name) => Node.make(name, setting)));
  const settings = path.join(home, 'haproxy.cfg');
  fs.writeFileSync(settings, haproxy(ports.haproxy, nodes));
  const balancer = program('haproxy', '/usr/sbin/haproxy', ['-db', '-f', settings]);

  const url = (name: string) => `postgres://postgres@127.0.0.1:${ports.haproxy}/${name}`;
  const askingAt = async <T>(connectionString: string, text: string, values: unknown[], within = 0): Promise<T[]> => {
    const asker = new Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: within });
    asker.on('error', () => {});
    await asker.connect();
    try {
      return (await asker.query(text, values)).rows as T[];
    } finally {
      // A server that says nothing would keep an orderly end waiting.
      asker.end().catch(() => {});
    }
  };
  const asking = <T>(name: string, text: string, values: unknown[] = [], within = 0) =>
    askingAt<T>(url(name), text, values, within);
  const close = async () => {
    for (const node of nodes) node.thaw();
    await Promise.all([...nodes.map((node) => node.close()), balancer.kill(), etcd.kill()]);
    if (process.env.HA_LOGS)
      fs.cpSync(home, process.env.HA_LOGS, { recursive: true, filter: (f) => f === home || f.endsWith('.log') });
    fs.rmSync(home, { recursive: true, force: true });
  };

  const stateOf = async ({ ports: { patroni } }: Node, state: string) =>
    (await fetch(`http://127.0.0.1:${patroni}/${state}`, { signal: AbortSignal.timeout(1_000) })).status === 200;
  const inState = async (state: string) => {
    const states = await Promise.all(nodes.map((node) => stateOf(node, state).catch(() => false)));
    const at = states.indexOf(true);
    if (at < 0) throw new Error(`no node is ${state}`);
    return nodes[at];
  };
  const leader = () => inState('primary');
  // A standby that PostgreSQL waits for may not lead yet: Patroni promotes only the one that it has written down in etcd. Until
  // then PostgreSQL waits for any standby, and a leader that is lost in this second has no successor before it comes back.
  const whole = () =>
    until('all nodes stream from the leader, and one may follow it', slowMs, async () => {
      const first = await leader();
      const [{ timeline }] = await asking<{ timeline: number }>(
        'postgres',
        "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer as timeline",
      );
      // An old leader may stream what it had in common for a moment, and be rewound after that.
      for (const { ports: own } of nodes.filter((node) => node !== first)) {
        const at = `postgres://postgres@127.0.0.1:${own.clients}/postgres`;
        const received = 'select received_tli as timeline from pg_stat_wal_receiver';
        const [receiver] = await askingAt<{ timeline: number }>(at, received, [], 1_000);
        if (receiver?.timeline !== timeline) return false;
      }
      const standbys = await asking<{ name: string; isSync: boolean }>(
        'postgres',
        `select application_name as name, sync_state = 'sync' as "isSync" from pg_stat_replication where state = 'streaming'`,
      );
      const successor = nodes.find(({ name }) => standbys.some((each) => each.isSync && each.name === name));
      return standbys.length === nodes.length - 1 && !!successor && (await stateOf(successor, 'synchronous'));
    });
  try {
    etcd.start();
    await until('etcd is there', slowMs, async () => (await fetch(`${client}/health`)).ok);
    for (const node of nodes) node.start();
    balancer.start();
    await whole();
    await asking('postgres', `create database ${database}`);
    await asking('postgres', 'create table written (at timestamptz)');
  } catch (error) {
    for (const name of fs.readdirSync(home).filter((each) => each.endsWith('.log'))) {
      const text = fs.readFileSync(path.join(home, name), 'utf8');
      process.stderr.write(`--- ${name}\n${text.split('\n').slice(-25).join('\n')}\n`);
    }
    await close();
    throw error;
  }
  return {
    nodes,
    urls: {
      haproxy: url(database),
      servers: `postgres://postgres@${nodes.map((node) => `127.0.0.1:${node.ports.clients}`)}/${database}?target_session_attrs=read-write`,
    },
    leader,
    successor: () => inState('synchronous'),
    whole,
    writes: () =>
      until('the database takes writes', slowMs, async () => {
        await asking('postgres', 'insert into written values (now())', [], 1_000);
        return true;
      }),
    ask: (text, values) => asking(database, text, values),
    close,
  };
}
