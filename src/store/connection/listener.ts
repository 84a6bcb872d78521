import type { Client } from 'pg';
import { sever } from './driven';
import { nameOf, preparesStatements } from './prepared';
import { readerRole } from './roles';
import { applicationName, type DatabaseOptions, sessionOptions, watchedFor } from './session';
import { sendAlone } from './together';
import { WatchedClient } from './watched-client';

const channelName = 'order_gateway_change';
/** A statement of this connection takes milliseconds. A server that says nothing for so long is taken to be lost. */
const silenceMs = 5_000;

/**
 * One connection beside the pools, which hears what other processes say (`notify`), and can ask the database. A lost
 * connection is opened anew with the next statement. A pooler that cannot prepare statements shares its connections among its
 * clients, so behind one this neither hears nor says anything.
 */
export class Listener {
  private opening: Promise<Client> | undefined;
  private closed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: DatabaseOptions,
    /** Called with what another process says. */
    private readonly heard: (payload: string) => void,
    /** Called when the connection is lost. What was said meanwhile is never heard. */
    private readonly lost: (error: unknown) => void,
  ) {}

  /** One statement at a time. @throws an error of the database */
  query<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const asked = this.last.then(() => this.ask<T>(text, values));
    this.last = asked.catch(() => {});
    return asked;
  }

  private async ask<T>(text: string, values: unknown[]): Promise<T[]> {
    const client = await this.client();
    try {
      return (await sendAlone(client, { name: nameOf(text), text, values })).rows as T[];
    } catch (error) {
      this.drop(client, error);
      throw error;
    }
  }

  /** Says something to all other processes. At most 8,000 bytes. */
  async notify(payload: string): Promise<void> {
    if (!preparesStatements()) return;
    await this.query('select pg_notify($1, $2)', [channelName, payload]);
  }

  async close(): Promise<void> {
    await this.last;
    this.closed = true;
    const client = await this.opening?.catch(() => undefined);
    await client?.end().catch(() => {});
  }

  private client(): Promise<Client> {
    if (this.closed) return Promise.reject(new Error('the connection was closed'));
    this.opening ??= this.open();
    return this.opening;
  }

  private async open(): Promise<Client> {
    const client = new WatchedClient({
      connectionTimeoutMillis: silenceMs,
      query_timeout: silenceMs,
      ...watchedFor(this.options, silenceMs),
      options: sessionOptions(readerRole, { statement_timeout: silenceMs, jit: 'off' }),
      application_name: applicationName('listening'),
    });
    client.on('error', (error) => this.drop(client, error));
    client.on('end', () => this.drop(client, new Error('Connection terminated: the server has ended it')));
    client.on('notification', ({ payload, processId }) => {
      const own = (client as unknown as { processID: number }).processID;
      if (processId !== own) this.heard(payload ?? '');
    });
    try {
      await client.connect();
      if (preparesStatements()) await client.query(`listen ${channelName}`);
      return client;
    } catch (error) {
      this.opening = undefined;
      // A server that accepts the connection and then says nothing: an orderly end would wait for it.
      destroy(client);
      throw error;
    }
  }

  private drop(client: Client, error: unknown): void {
    if (!this.opening || this.closed) return;
    this.opening = undefined;
    destroy(client);
    this.lost(error);
  }
}

function destroy(client: Client): void {
  client.removeAllListeners('end');
  sever(client);
}
