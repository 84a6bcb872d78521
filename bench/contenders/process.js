import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Ended with this process, however that ends. */
const children = new Set();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** What `npm start` gives to Node. All contenders have the same. */
export const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=64', '--heap-growing-percent=100'];

const logs = resolve(import.meta.dirname, '../.data/logs');

/**
 * Starts a contender as a process of its own, which listens on the PORT it is given; resolves once it does. What it writes goes
 * to a file, as that of a service would.
 */
export async function startProcess(name, command, args, env) {
  mkdirSync(logs, { recursive: true });
  const log = resolve(logs, `${name}.log`);
  const out = openSync(log, 'w');
  const port = await freePort();
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', out, out],
  });
  children.add(child);
  const ended = new Promise((done) => child.once('exit', done)).then(() => children.delete(child));
  const deadline = Date.now() + 60_000;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not start:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    await delay(50);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  };
  return { pid: child.pid, origin: `http://127.0.0.1:${port}`, stop };
}

/** The database under the role of the peers, for those that take a URL; the name tells its backends from the others'. */
export function urlFor(url, name) {
  const under = new URL(url);
  under.searchParams.set('application_name', name);
  under.searchParams.set('options', '-c role=bench_peer -c timezone=UTC');
  return under.href;
}

function freePort() {
  return new Promise((found, failed) => {
    const server = net.createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

function listens(port) {
  return new Promise((answer) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      answer(true);
    });
    socket.on('error', () => answer(false));
  });
}
