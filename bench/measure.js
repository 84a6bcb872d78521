import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { cpuOf, forgetPeak, peakOf } from './subject.js';

/*
 * What a request costs: the CPU time that the contender's process and its PostgreSQL backends have used, divided by the
 * requests answered meanwhile. The load comes from a process of its own.
 */

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
