import type { Server } from './server-list';

/** What the driver has of a client, and does not declare. */
interface Driven {
  host: string;
  port: number;
  processID: number | null;
  _activeQuery: object | null;
  _txStatus: string | null;
  _ended: boolean;
  connection: {
    stream: {
      bytesRead: number;
      destroyed: boolean;
      destroy(error?: Error): void;
      on(event: 'error', act: () => void): unknown;
      once(event: 'close', act: () => void): unknown;
    };
    on(event: 'parameterStatus', hear: (message: { parameterName: string; parameterValue: string }) => void): void;
  };
}

export const drivenOf = (client: object): Driven => client as unknown as Driven;

/** A client that is not connected yet will connect to this server, whatever its URL says. */
export function leadTo(client: object, { host, port }: Server): void {
  Object.assign(drivenOf(client), { host, port });
}

/**
 * Ends a connection at once, whatever the server does. Its statement fails with an error that `faultOf` takes for an
 * outage. An orderly end would wait for a server that says nothing.
 */
export function sever(client: object, reason = 'the server was silent'): void {
  const { stream } = drivenOf(client).connection;
  // The driver listens to a socket from its connecting on. Without any listener, the error would end the process.
  stream.on('error', () => {});
  stream.destroy(new Error(`Connection terminated: ${reason}`));
}

/** How long an orderly end of a connection may take. */
const endMs = 2_000;

/** Call this before an orderly end. If the server does not close its side within two seconds, the socket is closed. */
export function endSoon(client: object): void {
  const { stream } = drivenOf(client).connection;
  const timer = setTimeout(() => stream.destroy(), endMs).unref();
  stream.once('close', () => clearTimeout(timer));
}
