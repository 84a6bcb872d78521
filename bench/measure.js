import { execFileSync, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/*
 * What a request costs: the CPU time that the contender's process and its PostgreSQL backends have used, divided by the
 * requests answered meanwhile. The load comes from a process of its own.
 */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU milliseconds of a process with all its threads since its start; 0 where it has ended. */
function cpuOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th word behind it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(words[11]) + Number(words[12])) * 1000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** The most memory that a process has held since `forgetPeak`, in MB. */
const peakOf = (pid) => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** The CPU time of every backend that serves a contender. */
async function backends(sql, applicationName) {
  const { rows } = await sql.query('select pid from pg_stat_activity where application_name like $1', [
    applicationName,
  ]);
  return new Map(rows.map(({ pid }) => [pid, cpuOf(pid)]));
}

export function startLoad() {
  const child = fork(resolve(import.meta.dirname, 'load.js'));
  let settle;
  child.on('message', (message) => settle?.(message));
  child.on('exit', (code) => settle?.({ failure: `the load generator has ended with ${code}` }));
  return {
    run: async (job) => {
      const message = await new Promise((done) => {
        settle = done;
        child.send(job);
      });
      settle = undefined;
      if (message.failure) throw new Error(message.failure);
      return message.result;
    },
    stop: () => child.connected && child.disconnect(),
  };
}

/** One turn: a short warm-up, then load for so many seconds. */
export async function turn({ sql, load, contender, running, requests, connections, seconds, warmUp, seed }) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(await running.headers()),
  };
  const job = { origin: running.origin, requests, headers, connections };
  await load.run({ ...job, seconds: warmUp, seed: seed + 1 });
  forgetPeak(running.pid);
  const before = { server: cpuOf(running.pid), backends: await backends(sql, contender.applicationName) };
  const result = await load.run({ ...job, seconds, seed });
  const server = cpuOf(running.pid) - before.server;
  // A backend that was not there before has all of its time from this turn; none ends within one, as pools keep them longer.
  let postgres = 0;
  for (const [pid, cpu] of await backends(sql, contender.applicationName)) {
    postgres += cpu - (before.backends.get(pid) ?? 0);
  }
  return {
    server: server / result.requests,
    postgres: postgres / result.requests,
    total: (server + postgres) / result.requests,
    perSecond: result.perSecond,
    p50: result.p50,
    p99: result.p99,
    peak: peakOf(running.pid),
  };
}
