import * as fs from 'node:fs';
import * as os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import * as files from '../../src/store/embedded/files';
import { freePort, OwnProcess, until } from './own-process';

interface Pooler {
  port: number;
  close(): Promise<void>;
}

/**
 * PgBouncer in transaction mode before the server of a URL, as its package has it otherwise. It refuses the startup parameter
 * `options`, and gives each transaction any of its sessions.
 */
export async function startPgbouncer(target: string): Promise<Pooler> {
  const { hostname, port: behind, username, password } = new URL(target);
  const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), `pgbouncer-${process.pid}-`));
  fs.chmodSync(home, 0o755);
  const { account } = files.place(home);
  const port = await freePort();
  const users = path.join(home, 'users.txt');
  fs.writeFileSync(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  const settings = path.join(home, 'pgbouncer.ini');
  fs.writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${behind}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
max_client_conn = 2000
default_pool_size = 60
server_idle_timeout = 5
`,
  );
  const log = path.join(home, 'pgbouncer.log');
  const pooler = new OwnProcess('/usr/sbin/pgbouncer', [settings], { account, cwd: home, log });
  pooler.start();
  const url = Object.assign(new URL(target), { port: String(port), pathname: '/postgres' }).href;
  await until('PgBouncer answers', 10_000, async () => {
    const client = new Client(url);
    client.on('error', () => {});
    await client.connect();
    await client.end();
    return true;
  }).catch((error) => {
    throw new Error(`${error.message}: ${fs.readFileSync(log, 'utf8')}`);
  });
  return {
    port,
    close: async () => {
      // It should be there until now. Otherwise its last words explain what failed.
      if (!pooler.pid) process.stderr.write(`PgBouncer has ended: ${fs.readFileSync(log, 'utf8').slice(-2_000)}\n`);
      await pooler.kill();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}
