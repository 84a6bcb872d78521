import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, listProcesses } from '../../src/store/embedded/files';

/* Processes of other programs, which a test starts, freezes and kills. */

const given = new Set<number>();

/**
 * A port on loopback that nobody has, and that this process has given to nobody. Systems take the ports of outgoing connections
 * from 32768 on, and a port of theirs may be gone when its server starts at last.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const isFree = await new Promise<boolean>((found) => {
      const server = net.createServer().on('error', () => found(false));
      server.listen(port, '127.0.0.1', () => server.close(() => found(true)));
    });
    if (!isFree || given.has(port)) continue;
    given.add(port);
    return port;
  }
}

/** Asks until it holds. @throws after `milliseconds`, with what was waited for */
export async function until(what: string, milliseconds: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms in vain until ${what}`);
    await delay(100);
  }
}

export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended by itself meanwhile.
  }
}

/** A program with its output in a file. */
export class OwnProcess {
  private child: ChildProcess | undefined;

  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly how: { account?: Account; log: string; cwd: string; env?: Record<string, string> },
  ) {}

  start(): void {
    const { account, log, cwd, env } = this.how;
    const out = fs.openSync(log, 'a');
    const child = spawn(this.command, this.args, {
      ...account,
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, LC_ALL: 'C', ...env },
      stdio: ['ignore', out, out],
    });
    fs.closeSync(out);
    child.on('error', (error) => fs.appendFileSync(log, `${error}\n`));
    this.child = child;
  }

  /** Its process id; 0 where it does not run. */
  get pid(): number {
    return this.child && this.child.exitCode === null && this.child.signalCode === null ? (this.child.pid ?? 0) : 0;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid) send(this.pid, signal);
  }

  /** Ends it, also where it is frozen, and waits until it is gone. */
  async kill(): Promise<void> {
    const { child, pid } = this;
    if (!child || !pid) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    send(pid, 'SIGKILL');
    await gone;
  }
}

/** A process and all that it has started, itself first. */
export function familyOf(isRoot: (command: string) => boolean): number[] {
  const all = listProcesses()!;
  const family = new Set(all.filter(({ command }) => isRoot(command)).map(({ pid }) => pid));
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return [...family];
}
