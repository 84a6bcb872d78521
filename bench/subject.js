import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/* The gateway under measurement: its clients, and what its process takes. Linux only (`/proc`). */

export const dist = resolve(import.meta.dirname, '../dist/src');

/** Runs a command of the gateway on a database, and returns what it prints. `folder` has another build. */
export const command = (url, name, words, folder = dist) =>
  execFileSync(process.execPath, [resolve(folder, `command/${name}.js`), ...words], {
    env: { PATH: process.env.PATH, DATABASE_URL: url },
    encoding: 'utf8',
  });

/** A new client of an entity, with its secret. */
export function newClient(url, entity, scopes, folder = dist) {
  const words = ['create', '--entity', entity, '--org', 'Main', '--scopes', scopes];
  const [, clientId, secret] = /client_id\s+(\S+)\s+client_secret\s+(\S+)/.exec(command(url, 'client', words, folder));
  return { clientId, secret };
}

/** A token for a client. It lasts an hour. */
export async function tokenOf(origin, { clientId, secret }) {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
  const reply = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return (await reply.json()).access_token;
}

/** Asks the graph with a token. @throws if the reply has errors */
export const asking = (origin, headers) => async (query, variables) => {
  const body = JSON.stringify({ query, variables });
  const reply = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
  const { data, errors } = await reply.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU milliseconds of a process with all its threads since its start; 0 where it has ended. */
export function cpuOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th word behind it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(words[11]) + Number(words[12])) * 1000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

const statusOf = (pid, name) =>
  Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** The memory of a process in MB: now, and the most since `forgetPeak`. */
export const memoryOf = (pid) => statusOf(pid, 'VmRSS');
export const peakOf = (pid) => statusOf(pid, 'VmHWM');
export const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');
