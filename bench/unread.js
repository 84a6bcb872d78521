// What replies that nobody reads cost: `npm run build && node bench/unread.js [sockets] [pipelined] [megabytes]`.
// Starts the real process on demo data, sends requests for replies of some MB over sockets that read nothing, and prints
// the memory of the process before, at its highest, and after a minute and a half. Linux only (`/proc`).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryOf, tokenOf } from './subject.js';

const [sockets, pipelined, size] = [24, 20, 4.5].map((standard, at) => Number(process.argv[at + 2] ?? standard));
const seconds = 90;
const folder = mkdtempSync(path.join(tmpdir(), 'unread-'));
const started = [
  '--enable-source-maps',
  '--max-semi-space-size=64',
  '--heap-growing-percent=100',
  path.resolve(import.meta.dirname, '../dist/src/main.js'),
];
const child = spawn(process.execPath, started, { env: { ...process.env, PORT: '0', DATA_DIR: folder } });

const megabytes = () => Math.round(memoryOf(child.pid));

async function main() {
  const origin = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /Playground {2}(http:\S+)\/playground/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on('exit', () => reject(new Error(`the gateway ended: ${text}`)));
  });
  const demo = { clientId: '00000000-0000-4000-8000-000000000001', secret: 'demo-secret' };
  const token = await tokenOf(origin, demo);
  const ask = async (text) => fetch(`${origin}/graphql`, { method: 'POST', headers, body: text });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  // Each alias is there once for each type of the schema.
  const count = JSON.parse(await (await ask('{"query":"{ __schema { types { name } } }"}')).text()).data.__schema.types
    .length;
  const names = Array.from(
    { length: Math.round((size * 1e6) / count / 252) },
    (_, at) => `${`a${at}_`.padEnd(240, 'x')}: kind`,
  );
  const body = JSON.stringify({ query: `{ __schema { types { ${names.join(' ')} } } }` });
  const { length } = await (await ask(body)).text();
  await pause(3_000);
  const before = megabytes();
  const lines = Object.entries({ ...headers, host: new URL(origin).host, 'content-length': Buffer.byteLength(body) });
  const head = `POST /graphql HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const { hostname, port } = new URL(origin);
  const opened = Array.from({ length: sockets }, () => {
    const socket = connect(Number(port), hostname).pause();
    socket.on('error', () => {});
    socket.write(`${head}${body}`.repeat(pipelined));
    return socket;
  });
  let highest = before;
  for (let second = 1; second <= seconds; second++) {
    await pause(1_000);
    highest = Math.max(highest, megabytes());
    if (second % 10 === 0) console.log(`after ${second} s: ${megabytes()} MB`);
  }
  const { status } = await ask('{"query":"{ viewer { name } }"}');
  console.log({ sockets, pipelined, reply: `${length} bytes`, before, highest, after: megabytes(), status });
  for (const socket of opened) socket.destroy();
}

main().finally(async () => {
  child.removeAllListeners('exit');
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
});
