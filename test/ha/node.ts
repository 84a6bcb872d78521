import * as fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, listProcesses } from '../../src/store/embedded/files';
import { familyOf, freePort, OwnProcess, send } from '../support/own-process';
import { proxyTo, type TestProxy } from '../support/proxy';

/** What a node and its neighbours are told in common. */
export interface Setting {
  home: string;
  account?: Account;
  bin: string;
  etcdPort: number;
}

/**
 * Seconds of Patroni: how long a leader that is not heard keeps its lock, how often each node looks, and how long etcd may be
 * silent. With 6, 1 and 2 a leader gave up on a machine that was busy.
 */
const patroni = { ttl: 10, loopWait: 1, retryTimeout: 4 };

/**
 * One PostgreSQL under Patroni. Everybody else reaches PostgreSQL and Patroni through proxies, and Patroni reaches etcd
 * through one. So the node can be cut off from all sides at once.
 */
export class Node {
  readonly data: string;
  private readonly patroni: OwnProcess;

  private constructor(
    readonly name: string,
    private readonly setting: Setting,
    private readonly own: { postgres: number; patroni: number },
    /** The addresses that others know, and the way to etcd. */
    readonly links: { clients: TestProxy; standbys: TestProxy; patroni: TestProxy; etcd: TestProxy },
  ) {
    this.data = path.join(setting.home, name);
    const file = path.join(setting.home, `${name}.json`);
    // YAML takes JSON.
    fs.writeFileSync(file, JSON.stringify(this.configuration(), null, 2));
    const log = path.join(setting.home, `${name}.log`);
    this.patroni = new OwnProcess('/usr/bin/patroni', [file], { account: setting.account, log, cwd: setting.home });
  }

  static async make(name: string, setting: Setting): Promise<Node> {
    const own = { postgres: await freePort(), patroni: await freePort() };
    const links = {
      clients: await proxyTo(own.postgres),
      standbys: await proxyTo(own.postgres),
      patroni: await proxyTo(own.patroni),
      etcd: await proxyTo(setting.etcdPort),
    };
    return new Node(name, setting, own, links);
  }

  /** The ports at which clients reach PostgreSQL, and others Patroni. */
  get ports(): { clients: number; patroni: number } {
    return { clients: portOf(this.links.clients), patroni: portOf(this.links.patroni) };
  }

  private configuration(): object {
    const { bin } = this.setting;
    const loopback = (port: number) => `127.0.0.1:${port}`;
    return {
      scope: 'gateway',
      name: this.name,
      log: { level: 'INFO' },
      restapi: { listen: loopback(this.own.patroni), connect_address: loopback(this.ports.patroni) },
      // Without use_proxies Patroni would ask etcd for its address, and go around the proxy.
      // Its version 2: Patroni 3.0 with version 3 lets a leader that was frozen take the lock from its successor.
      etcd: { hosts: [loopback(portOf(this.links.etcd))], use_proxies: true },
      bootstrap: {
        dcs: {
          ttl: patroni.ttl,
          loop_wait: patroni.loopWait,
          retry_timeout: patroni.retryTimeout,
          // A standby that has all that was acknowledged may lack what nobody has confirmed.
          maximum_lag_on_failover: 67_108_864,
          // With no standby to confirm them commits wait. Otherwise what was acknowledged could be lost.
          synchronous_mode: true,
          synchronous_mode_strict: true,
          postgresql: {
            use_pg_rewind: true,
            parameters: {
              max_connections: 200,
              // No machine crashes here, only servers.
              fsync: 'off',
              wal_keep_size: '256MB',
              wal_retrieve_retry_interval: '200ms',
              // Shared memory that the system limits is not used.
              dynamic_shared_memory_type: 'mmap',
            },
          },
        },
        initdb: [
          { encoding: 'UTF8' },
          { locale: 'C' },
          { auth: 'trust' },
          'no-sync',
          'no-instructions',
          'data-checksums',
        ],
      },
      postgresql: {
        listen: loopback(this.own.postgres),
        connect_address: loopback(portOf(this.links.standbys)),
        data_dir: this.data,
        bin_dir: bin,
        pgpass: path.join(this.setting.home, `${this.name}.pgpass`),
        pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
        authentication: {
          superuser: { username: 'postgres', password: 'postgres' },
          replication: { username: 'replicator', password: 'replicator' },
          rewind: { username: 'postgres', password: 'postgres' },
        },
        parameters: { unix_socket_directories: this.setting.home },
        // A standby begins with a base backup at once, not at the next checkpoint.
        create_replica_methods: ['basebackup'],
        basebackup: [{ checkpoint: 'fast' }, 'no-sync'],
      },
      watchdog: { mode: 'off' },
      tags: {},
    };
  }

  start(): void {
    this.patroni.start();
  }

  /** The processes of PostgreSQL here, the postmaster first. */
  private pids(): number[] {
    return familyOf((command) => command.includes(`-D ${this.data} `) && command.includes('/postgres '));
  }

  /** Ends Patroni and PostgreSQL at once, as a power failure would. */
  async kill(): Promise<void> {
    await this.patroni.kill();
    for (let pids = this.pids(); pids.length; pids = this.pids()) {
      for (const pid of pids) send(pid, 'SIGKILL');
      await delay(20);
    }
  }

  /** Stops or continues Patroni and all of PostgreSQL. */
  freeze(): void {
    this.patroni.signal('SIGSTOP');
    for (const pid of this.pids()) send(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.pids()) send(pid, 'SIGCONT');
    this.patroni.signal('SIGCONT');
  }

  /** Stops what receives the leader's log here. */
  holdReceiver(): void {
    for (const pid of this.receivers()) send(pid, 'SIGSTOP');
  }

  /** Ends what was held, with all that it has not taken yet. PostgreSQL starts another, which has to reach the leader. */
  dropReceiver(): void {
    for (const pid of this.receivers()) for (const signal of ['SIGTERM', 'SIGCONT'] as const) send(pid, signal);
  }

  private receivers(): number[] {
    const own = new Set(this.pids());
    return listProcesses()!.flatMap(({ pid, command }) =>
      own.has(pid) && command.includes('walreceiver') ? [pid] : [],
    );
  }

  /** Nothing reaches the node, and nothing leaves it. Nobody is told: connections stay open. */
  cutOff(links = Object.values(this.links)): void {
    for (const link of links) {
      link.deaf = true;
      link.silence();
    }
  }

  /** Standbys hear nothing from the node, and it nothing from them, while clients and etcd do. */
  loseStandbys(): void {
    this.cutOff([this.links.standbys]);
  }

  /** The network is whole again. Connections that lost something on their way are reset. */
  reconnect(): void {
    for (const link of Object.values(this.links)) {
      link.deaf = false;
      link.cut();
    }
  }

  async close(): Promise<void> {
    await this.kill();
    for (const link of Object.values(this.links)) await link.close();
  }
}

const portOf = (link: TestProxy): number => Number(new URL(link.url('postgres://127.0.0.1')).port);
