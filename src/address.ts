import { createServer } from 'node:net';
import { ConfigError } from './config-error';

interface Address {
  host: string;
  port: number;
}

/**
 * Listens for a moment. A first start fills in the demo before it listens, which takes up to a minute. An address that cannot
 * be had is told before that.
 * @throws ConfigError
 */
export async function checkAddress(address: Address): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => reject(addressError(error, address)));
    probe.listen({ ...address, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** Why nobody can listen at the address, in one line. Any other error stays as it is. */
export function addressError(error: unknown, { host, port }: Address): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new ConfigError(`${host}:${port} is in use: stop the process that listens there, or set PORT.`);
  if (code === 'EADDRNOTAVAIL') return new ConfigError(`HOST is "${host}", which is no address of this machine.`);
  if (syscall === 'getaddrinfo') return new ConfigError(`HOST is "${host}", which is no address and no known name.`);
  if (code === 'EACCES') return new ConfigError(`This user may not listen at port ${port}. Set PORT to 1024 or above.`);
  return error;
}
