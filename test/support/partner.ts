import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/* The example of a partner, as processes of their own over a folder of its own. */

export const example = path.resolve('examples/partner-erp');

interface Ran {
  /** Null if the run was killed. */
  status: number | null;
  text: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ran>;
  /** Resolves once the process has written a text that fits. */
  said(what: RegExp): Promise<void>;
}

export class Partner {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'erp-'));
  private readonly running = new Set<ChildProcess>();

  constructor(private readonly env: Record<string, string>) {}

  /** Starts a script of the example. */
  start(script: string, ...args: string[]): Running {
    const child = spawn(process.execPath, [path.join(example, script), ...args], {
      env: { PATH: process.env.PATH, ERP_FOLDER: this.folder, ...this.env },
    });
    this.running.add(child);
    let text = '';
    const heard = (chunk: Buffer) => {
      text += chunk;
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    const ended = new Promise<Ran>((resolve) => {
      child.on('close', (status) => {
        this.running.delete(child);
        resolve({ status, text });
      });
    });
    const said = (what: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => what.test(text) && resolve();
        look();
        child.stdout.on('data', look);
        child.on('close', () => reject(new Error(`ended: ${text}`)));
      });
    return { child, ended, said };
  }

  /** Runs a script to its end, or kills it after so many milliseconds. */
  async run(script: string, args: string[] = [], killAfterMs?: number): Promise<Ran> {
    const { child, ended } = this.start(script, ...args);
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    const ran = await ended;
    clearTimeout(timer);
    return ran;
  }

  /** Runs a script again and again, each time killed somewhat later, until it comes to its end. */
  async runKilled(script: string, args: string[] = []): Promise<Ran & { kills: number }> {
    let kills = 0;
    for (let killAfterMs = 80; ; killAfterMs *= 1.35) {
      const ran = await this.run(script, args, killAfterMs);
      if (ran.status !== null) return { ...ran, kills };
      kills++;
    }
  }

  /** A file of shipments, each an id, a line item and a quantity. */
  shipments(name: string, rows: readonly [id: string, line: string, quantity?: string][]): string {
    const file = path.join(this.folder, name);
    const lines = rows.map(
      ([id, line, quantity = '1']) => `${id},${line},${quantity},2026-11-02,Booked,"UPS, ""Express"""`,
    );
    writeFileSync(file, ['externalId,orderLineItemId,quantity,fulfillmentDate,state,carrier', ...lines].join('\r\n'));
    return file;
  }

  // biome-ignore lint/suspicious/noExplicitAny: files are read as the scripts read them
  load(name: string): any {
    return JSON.parse(readFileSync(path.join(this.folder, name), 'utf8'));
  }

  /** The events that the receiver has kept. */
  inbox(): { id: string; type: string; event: string; subjectId: string }[] {
    const file = path.join(this.folder, 'inbox.jsonl');
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  end(): void {
    for (const child of this.running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
