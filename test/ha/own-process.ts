import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, listProcesses } from '../../src/store/embedded/files';

/* Processes of other programs, which a test starts, freezes and kills. */

/** A port on loopback that was free when the system was asked. */
export const freePort = () =>
  new Promise<number>((found) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => found(port));
    });
  });

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
