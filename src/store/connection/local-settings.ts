import type { QueryConfig } from 'pg';
import { preparesStatements } from './prepared';

/*
 * A pooler in transaction mode gives each transaction another session of PostgreSQL. The options that a connection begins with
 * reach none of them. So each transaction takes the settings along, for itself alone.
 */

type Settings = readonly (readonly [name: string, value: string])[];

/** The network limits of a session are between the pooler and PostgreSQL. */
const isOfNetwork = ([name]: Settings[number]): boolean => name.startsWith('tcp_');

/** The settings in the options of a connection, which are written as `-c name=value` without spaces in the values. */
const settingsOf = (options = ''): Settings =>
  Array.from(options.matchAll(/-c (\w+)=(\S+)/g), ([, name, value]) => [name, value] as const);

const settingsOfClient = new WeakMap<object, QueryConfig>();

/** The options with which a client connects: none through a pooler, which takes the settings with each transaction. */
export function startupOptions<T extends { options?: string }>(config: T): T {
  return preparesStatements() ? config : { ...config, options: undefined };
}

/** The client has connected through a pooler, or not. Its transactions are to have the settings of these options. */
export function rememberSettings(client: object, options: string | undefined): void {
  if (preparesStatements()) return;
  const settings = settingsOf(options).filter((setting) => !isOfNetwork(setting));
  if (!settings.length) return;
  const calls = settings.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, true)`);
  settingsOfClient.set(client, { text: `select ${calls.join(', ')}`, values: settings.flat() });
}

/** The statement with which each transaction of the client has to begin. Undefined where its session has the settings. */
export const localSettings = (client: object): QueryConfig | undefined => settingsOfClient.get(client);
