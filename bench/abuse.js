import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { kinds } from './abuse-kinds.js';
import { startProcess } from './contenders/process.js';
import { openData } from './data.js';
import { startLoad } from './measure.js';
import { asking, dist, forgetPeak, newClient, peakOf as peakMemoryOf, tokenOf } from './subject.js';

/*
 * The worst requests that are admitted, of every kind, beside a quiet tenant. See README.md.
 */
const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '100000' },
    fresh: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    /** Requests in flight. */
    flight: { type: 'string', default: '16' },
    'cpu-prof': { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(kinds).join() },
  },
});
const [seconds, flight] = [Number(flags.seconds), Number(flags.flight)];
const names = flags.only.split(',').map((name) => name.trim());
for (const name of names) {
  if (!kinds[name]) throw new Error(`There is no ${name}; there are ${Object.keys(kinds).join(', ')}.`);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const here = import.meta.dirname;
const profiling = flags['cpu-prof'] ? ['--cpu-prof', `--cpu-prof-dir=${resolve(here, '.data/profiles')}`] : [];
const watchFile = resolve(here, '.data/watch');

/** A client of its own, with a token. */
async function clientOf({ origin }, url, entity) {
  const client = newClient(url, entity, 'read,order,fulfill,bill,pay,admin');
  const headers = { authorization: `Bearer ${await tokenOf(origin, client)}`, 'content-type': 'application/json' };
  return { ...client, headers, graphql: asking(origin, headers), origin };
}

/** Peak resident memory since the last reset, in MB. */
function peakOf(pid) {
  const peak = peakMemoryOf(pid);
  forgetPeak(pid);
  return Math.round(peak);
}

async function longestHold(pid) {
  rmSync(watchFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (const until = Date.now() + 10_000; !existsSync(watchFile); ) {
    if (Date.now() > until) throw new Error('the gateway does not answer to SIGUSR2');
    await delay(20);
  }
  await delay(20);
  return JSON.parse(readFileSync(watchFile, 'utf8'));
}

const data = await openData({ lineItems: Number(flags.size), fresh: flags.fresh });
const load = startLoad();
let running;
try {
  running = await startProcess(
    'abuse',
    process.execPath,
    // As `npm start` does, with the watch ahead.
    [
      ...[
        '--enable-source-maps',
        '--max-semi-space-size=64',
        '--heap-growing-percent=100',
        '--import',
        resolve(here, 'watch.js'),
        ...profiling,
      ],
      resolve(dist, 'main.js'),
    ],
    { DATABASE_URL: data.url, JWT_SIGNING_KEY: randomBytes(32).toString('hex'), WATCH_FILE: watchFile },
  );
  const hostile = await clientOf(running, data.url, 'Bench');
  const quiet = await clientOf(running, data.url, `Quiet ${Date.now()}`);
  await quiet.graphql(
    'mutation { createAccount(input: { name: "Quiet", currency: "USD" }) { userErrors { message } } }',
  );
  const requests = [
    { path: '/graphql', body: JSON.stringify({ query: '{ accounts(first: 1) { nodes { id name } } }' }) },
  ];
  const quietly = (time) =>
    load.run({ origin: running.origin, requests, headers: quiet.headers, connections: 1, seconds: time, seed: 1 });

  await quietly(2);
  const idle = await quietly(3);
  await longestHold(running.pid);
  const ms = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  console.log(`idle: p50 ${ms(idle.p50)} ms, p99 ${ms(idle.p99)} ms, peak RSS ${peakOf(running.pid)} MB\n`);
  const rows = [
    `| ${flight} in flight | hold ms | of it GC | peak RSS MB | quiet p50 ms | x idle | p99 ms | answers |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const name of names) {
    const { prepare, asks } = kinds[name];
    const ask = asks(hostile, prepare && (await prepare(hostile, data.sql)));
    await delay(1_000);
    await longestHold(running.pid);
    peakOf(running.pid);
    const answers = {};
    let over = false;
    const attack = Promise.all(
      Array.from({ length: flight }, async (_, at) => {
        while (!over) {
          const status = await ask(at);
          answers[status] = (answers[status] ?? 0) + 1;
        }
      }),
    );
    await delay(1_000);
    const beside = await quietly(seconds).catch((failure) => ({ failure }));
    over = true;
    const { hold, pause } = await longestHold(running.pid);
    const peak = peakOf(running.pid);
    await Promise.race([attack, delay(60_000)]);
    const told = Object.entries(answers).map(([status, count]) => `${count} x ${status}`);
    const figures = beside.failure
      ? ['-', '-', String(beside.failure)]
      : [ms(beside.p50), (beside.p50 / idle.p50).toFixed(1), ms(beside.p99)];
    rows.push(`| ${name} | ${ms(hold)} | ${ms(pause)} | ${peak} | ${figures.join(' | ')} | ${told.join(', ')} |`);
    console.log(rows.at(-1));
  }
  console.log(`\n${rows.join('\n')}`);
} finally {
  load.stop();
  await running?.stop();
  await data.close();
}
process.exit(0);
