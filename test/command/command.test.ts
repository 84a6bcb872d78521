import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const dist = resolve(__dirname, '../../src');
const commands = [
  'main',
  'command/client',
  'command/documents',
  'command/webhooks',
  'command/bill-run',
  'command/import',
  'command/reconcile',
  'command/demo',
  'command/generate',
];

/** Runs a command with a folder of its own for data, and tells whether it has touched it. */
function run(command: string, ...args: string[]) {
  const dataDir = mkdtempSync(join(tmpdir(), 'usage-'));
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve(dist, `${command}.js`), ...args], {
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' },
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, stdout, stderr, touched: readdirSync(dataDir).length > 0 };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

test.each(commands)('%s --help says how it is used, and does nothing', (command) => {
  const { status, stdout, stderr, touched } = run(command, '--help');
  expect([status, stderr, touched]).toEqual([0, '', false]);
  expect(stdout).toMatch(/^Usage: npm (run [\w:-]+|start)/);
});

test.each(commands)('%s refuses what it does not understand, and does nothing', (command) => {
  const { status, stdout, stderr, touched } = run(command, '--no-such-option');
  expect([status, stdout, touched]).toEqual([2, '', false]);
  expect(stderr).toContain('no-such-option');
  expect(stderr).toContain('Usage: npm ');
});
