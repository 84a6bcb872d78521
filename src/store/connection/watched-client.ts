import { Client, type ClientConfig } from 'pg';
import { drivenOf, endSoon, leadTo, sever } from './driven';
import { ReadOnlyServer } from './failure';
import { rememberSettings, startupOptions } from './local-settings';
import type { Found, PrimaryFinder } from './primary';
import { type Watched, watchdogFor } from './watchdog';

/** How a pool watches its connections. */
interface WatchOptions {
  /**
   * Milliseconds after which a statement without any answer loses its connection. Must be longer than the server's own
   * timeout of statements. Absent: only the server itself can say that the statement does not run.
   */
  silenceMs?: number;
  /** The server may be a standby. Otherwise a connection to a server that takes no writes is refused. */
  standby?: boolean;
  /** Where there are several servers: finds the one to connect to. */
  primary?: PrimaryFinder;
}

/** First probe of an idle connection by the kernel. It keeps firewalls from forgetting the connection. */
const keepAliveMs = 10_000;

const ignore = (): void => {};

/**
 * A connection that no silence of the server holds for good.
 *
 * Node has no TCP user timeout. Keepalive finds a dead machine only while nothing is on its way. So a watchdog counts how
 * long a statement has been without an answer. Measured before: a server that neither answered nor reset its connections
 * held every pool for good.
 */
export class WatchedClient extends Client implements Watched {
  silentFor = 0;
  private asked: object | null = null;
  private bytes = 0;
  private readonly standby = new Set<string>();
  private found: Found | undefined;
  private isGivenUp = false;

  constructor(private readonly config: ClientConfig & { watch?: WatchOptions } = {}) {
    super(startupOptions(config));
    rememberSettings(this, config.options);
    // A lost connection is told to whoever waits for its statement. Without any listener it would end the process.
    this.on('error', ignore);
    drivenOf(this).connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (!['in_hot_standby', 'default_transaction_read_only'].includes(parameterName)) return;
      if (parameterValue === 'on') this.standby.add(parameterName);
      else this.standby.delete(parameterName);
    });
  }

  /** PostgreSQL says by itself when it begins or ends to be a standby. Nobody has to ask. */
  get isMisled(): boolean {
    return !this.config.watch?.standby && this.standby.size > 0;
  }

  get isAtRest(): boolean {
    const { _activeQuery, _txStatus } = drivenOf(this);
    return !_activeQuery && _txStatus === 'I';
  }

  get hasEnded(): boolean {
    const { _ended, connection } = drivenOf(this);
    return _ended || connection.stream.destroyed;
  }

  get pid(): number {
    return drivenOf(this).processID ?? 0;
  }

  sever(reason: string): void {
    sever(this, reason);
  }

  get silenceMs(): number {
    return this.config.watch?.silenceMs ?? Number.POSITIVE_INFINITY;
  }

  /** @throws ReadOnlyServer */
  override connect(): Promise<Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<Client> | undefined {
    const connected = this.reach();
    if (!callback) return connected;
    connected.then(
      () => callback(undefined as unknown as Error),
      (error) => callback(error),
    );
    return undefined;
  }

  /** @throws ReadOnlyServer */
  private async reach(): Promise<Client> {
    const { primary } = this.config.watch ?? {};
    if (primary) {
      this.found = { server: await primary.find(), finder: primary };
      if (this.isGivenUp || this.hasEnded) throw new Error('Connection terminated: it was given up meanwhile');
      leadTo(this, this.found.server);
    }
    try {
      await super.connect();
      if (this.isMisled) throw new ReadOnlyServer();
    } catch (error) {
      this.leaveFound();
      if (error instanceof ReadOnlyServer) this.end().catch(ignore);
      throw error;
    }
    watchdogFor(this.config, this.found).watch(this);
    return this;
  }

  /** Ends in an orderly way, or after two seconds at once. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    // A server that says nothing does not close its side. The socket would keep a stopping process alive.
    endSoon(this);
    this.isGivenUp = true;
    return callback ? super.end(callback) : super.end();
  }

  /**
   * Called each second. Counts seconds and reads no clock: a process that was stopped for a minute has not yet read what
   * the server has answered meanwhile.
   */
  listen(): void {
    const { _activeQuery, connection } = drivenOf(this);
    const { bytesRead } = connection.stream;
    if (_activeQuery && _activeQuery === this.asked && bytesRead === this.bytes) {
      this.silentFor++;
      return;
    }
    this.asked = _activeQuery;
    this.bytes = bytesRead;
    this.silentFor = 0;
  }

  /** All connections to the same address that are at rest are ended. */
  leaveServer(): void {
    watchdogFor(this.config, this.found).dropAtRest('the server takes no writes');
    this.leaveFound();
  }

  /** The next connection looks for the primary anew. */
  private leaveFound(): void {
    this.found?.finder.leave(this.found.server);
  }

  get state(): string {
    const { _activeQuery, connection } = drivenOf(this);
    return `${_activeQuery !== null && _activeQuery === this.asked} ${connection.stream.bytesRead}`;
  }
}

/**
 * The server of a connection has refused a write. All its connections at rest are ended, so that the next ones find the
 * server that takes writes.
 */
export function leaveServer(client: object): void {
  if (client instanceof WatchedClient) client.leaveServer();
}

/** The options of a pool whose connections are watched. */
export const watched = (watch: WatchOptions) => ({
  Client: WatchedClient,
  watch,
  keepAlive: true,
  keepAliveInitialDelayMillis: keepAliveMs,
});
