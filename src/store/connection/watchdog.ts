import { Client, type ClientConfig } from 'pg';
import { drivenOf, endSoon, leadTo } from './driven';
import type { Found } from './primary';

/** A connection, as the watchdog sees it. */
export interface Watched {
  /** Seconds without a byte from the server, while a statement waits for its answer. */
  readonly silentFor: number;
  /** Milliseconds after which a statement without any answer loses its connection. */
  readonly silenceMs: number;
  /** The number that the server has given to the connection. */
  readonly pid: number;
  /** What is waited for now. The same twice: nothing has come in between. */
  readonly state: string;
  /** The connection runs nothing, and is in no transaction. */
  readonly isAtRest: boolean;
  /** The server takes no writes, and writes are wanted. */
  readonly isMisled: boolean;
  readonly hasEnded: boolean;
  /** Called each second. */
  listen(): void;
  /** Ends the connection at once. */
  sever(reason: string): void;
}

const tickMs = 1_000;
/** Ticks without a byte after which the server is asked whether the statement still runs. */
const askAfter = 3;
/** The longest pause between two such questions about one statement, in ticks. */
const longestPause = 30;
/** Timeout for connecting to ask, and for the answer. */
const answerMs = 3_000;
/** An answer may be under way when the server says that its statement has ended. A lost packet is sent again by then. */
const graceMs = 2_000;

const ignore = (): void => {};

/**
 * Watches all connections of this process to one server.
 *
 * After 3 seconds of silence it asks the server on a connection of its own which of the silent statements run. A statement
 * that does not run has lost its connection: a firewall has forgotten it, or another server has taken the address over.
 * Then all connections at rest are ended too, because the next requests would wait on them in vain.
 *
 * Without an answer nothing is ended before the timeout of the pool: a server that is slow to answer may still work. Unless
 * another server of the list takes writes now: then all connections to this one are ended.
 */
class Watchdog {
  /** Each with the seconds of silence after which the server is asked next. */
  private readonly clients = new Map<Watched, number>();
  private timer: NodeJS.Timeout | undefined;
  private asking = false;

  constructor(
    private readonly config: ClientConfig,
    private readonly found: Found | undefined,
    private readonly forget: () => void,
  ) {}

  watch(client: Watched): void {
    this.clients.set(client, askAfter);
    this.timer ??= setInterval(() => this.tick(), tickMs).unref();
  }

  private tick(): void {
    const doubtful: Watched[] = [];
    for (const [client, askAt] of this.clients) {
      if (client.hasEnded) {
        this.clients.delete(client);
        continue;
      }
      client.listen();
      if (client.silentFor === 0) this.clients.set(client, askAfter);
      if (client.isAtRest && client.isMisled) client.sever('the server takes no writes any more');
      else if (client.silentFor * tickMs > client.silenceMs) client.sever('the server was silent');
      else if (client.silentFor >= askAt) doubtful.push(client);
    }
    if (doubtful.length && !this.asking) {
      this.asking = true;
      this.judge(doubtful)
        .catch(ignore)
        .finally(() => {
          this.asking = false;
        });
    }
    if (this.clients.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      this.forget();
    }
  }

  private async judge(doubtful: readonly Watched[]): Promise<void> {
    const before = doubtful.map((client) => client.state);
    const running = await this.ask(doubtful.map(({ pid }) => pid)).catch(async (error) => {
      await this.leaveIfReplaced();
      throw error;
    });
    const lost: [Watched, string][] = [];
    for (const [at, client] of doubtful.entries()) {
      if (!running || running.has(client.pid)) {
        this.clients.set(client, client.silentFor + Math.min(client.silentFor, longestPause));
      } else lost.push([client, before[at]]);
    }
    if (!lost.length) return;
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    const silent = lost.filter(([client, state]) => client.state === state && !client.hasEnded);
    for (const [client] of silent) client.sever('the server was silent');
    if (silent.length) this.dropAtRest('another connection to the server was lost in silence');
  }

  /** The server does not answer. @throws if no server of the list takes writes */
  private async leaveIfReplaced(): Promise<void> {
    if (!this.found) return;
    const { server, finder } = this.found;
    finder.leave(server);
    if ((await finder.find()) === server) return;
    for (const client of this.clients.keys()) if (!client.hasEnded) client.sever('another server takes writes now');
  }

  /** Ends the connections that run nothing. */
  dropAtRest(reason: string): void {
    for (const client of this.clients.keys()) if (client.isAtRest && !client.hasEnded) client.sever(reason);
  }

  /**
   * Which of these connections run a statement, by the server. Undefined where it cannot know: a pooler has numbers of its
   * own. A backend that waits for us to read counts as not running, since nothing has come.
   * @throws if the server does not answer
   */
  private async ask(pids: readonly number[]): Promise<Set<number> | undefined> {
    const { connectionString, host, port, user, password, database, ssl } = this.config;
    const asker = new Client({
      ...{ connectionString, host, port, user, password, database, ssl },
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
      application_name: 'order-fulfillment-gateway watching',
    });
    asker.on('error', ignore);
    if (this.found) leadTo(asker, this.found.server);
    try {
      await asker.connect();
      const { rows } = await asker.query<{ own: number; running: number[] }>(
        `select pg_backend_pid() as own, array(
           select pid from pg_stat_activity
           where pid = any($1) and not coalesce(state like 'idle%' or wait_event = 'ClientWrite', false)) as running`,
        [pids],
      );
      const [{ own, running }] = rows;
      return own === drivenOf(asker).processID ? new Set(running) : undefined;
    } finally {
      endSoon(asker);
      asker.end().catch(ignore);
    }
  }
}

const watchdogs = new Map<string, Watchdog>();

/** The watchdog of all connections to the server of this configuration, or to this server of several. */
export function watchdogFor(config: ClientConfig, found?: Found): Watchdog {
  const url = config.connectionString ?? `${config.host}:${config.port}/${config.database}`;
  const key = found ? `${url} ${found.server.host}:${found.server.port}` : url;
  let watchdog = watchdogs.get(key);
  if (!watchdog) {
    watchdog = new Watchdog(config, found, () => watchdogs.delete(key));
    watchdogs.set(key, watchdog);
  }
  return watchdog;
}
