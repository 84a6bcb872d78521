import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

const main = path.resolve(__dirname, '../../src/main.js');
const running = new Set<ChildProcess>();

/** A process of the gateway, started as a supervisor starts it. */
export interface Started {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  /** Exit status, or the signal that ended it. */
  ended: Promise<number | string | null>;
  /** Where it listens; throws where it ends before. */
  origin: Promise<string>;
}

export function start(env: Record<string, string>): Started {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: '0', ...(process.env.TEST_POOLER && { DATABASE_PREPARE: 'off' }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const text = { out: '', err: '' };
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  const origin = new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (chunk) => {
      text.out += chunk;
      const found = /Playground {2}(http:\/\/\S+)\/playground/.exec(text.out);
      if (found) resolve(found[1]);
    });
    child.on('close', () => reject(new Error(`ended before it listened: ${text.err}`)));
  });
  origin.catch(() => {});
  child.stderr!.on('data', (chunk) => {
    text.err += chunk;
  });
  return { child, out: () => text.out, err: () => text.err, ended, origin };
}

/** What a test that failed may have left running. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
