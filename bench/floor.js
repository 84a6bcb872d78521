import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeFlags, startProcess } from './contenders/process.js';
import { startLoad, turn } from './measure.js';
import { median } from './report.js';
import { newClient, tokenOf } from './subject.js';

/*
 * What the gateway adds to each request whatever it asks for: { __typename }, signed in, beside a bare server in Node, and
 * beside other builds of the gateway. See README.md.
 */
const { values: flags } = parseArgs({
  options: {
    against: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '4' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const [rounds, seconds, connections] = [flags.rounds, flags.seconds, flags.connections].map(Number);
const here = import.meta.dirname;
const own = resolve(here, '..');
const profiles = resolve(here, '.data/profiles');

const require = createRequire(resolve(own, 'dist/src/main.js'));
const { startEmbedded } = require('./store/embedded/embedded.js');
const { Client } = require('pg');

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const dir = resolve(here, '.data/floor');
rmSync(dir, { recursive: true, force: true });
const server = await startEmbedded({ dir, database: 'bench' });
const sql = new Client(server.url);
await sql.connect();

/** A build of the gateway on a database of its own, as its users run it, but for the limits of a minute. */
async function startGateway(folder, at) {
  const url = new URL(server.url);
  url.pathname = `/floor_${at}`;
  await sql.query(`create database floor_${at}`);
  const client = newClient(url.href, 'Bench', 'read', resolve(folder, 'dist/src'));
  const profile = flags['cpu-prof'] && folder === own;
  if (profile) mkdirSync(profiles, { recursive: true });
  const args = [...nodeFlags, ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [])];
  const running = await startProcess(`floor-${at}`, process.execPath, [...args, resolve(folder, 'dist/src/main.js')], {
    DATABASE_URL: url.href,
    JWT_SIGNING_KEY: randomBytes(32).toString('hex'),
    REQUESTS_PER_MINUTE: '100000000',
    COST_PER_MINUTE: '100000000000',
  });
  const token = await tokenOf(running.origin, client);
  return { ...running, headers: async () => ({ authorization: `Bearer ${token}` }) };
}

const contenders = [
  {
    name: 'node:http',
    start: async () => ({
      ...(await startProcess('bare', process.execPath, [...nodeFlags, resolve(here, 'contenders/bare-server.js')], {})),
      headers: async () => ({}),
    }),
  },
  ...[own, ...flags.against.map((folder) => resolve(folder))].map((folder, at) => ({
    name: folder === own ? 'this gateway' : folder,
    start: () => startGateway(folder, at),
  })),
];
const requests = [{ path: '/graphql', body: JSON.stringify({ query: '{ __typename }' }) }];

const load = startLoad();
const running = [];
try {
  for (const contender of contenders) running.push(await contender.start());
  const turns = contenders.map(() => []);
  for (let at = 0; at < rounds; at++) {
    for (let step = 0; step < contenders.length; step++) {
      const which = (at + step) % contenders.length;
      const job = { sql, load, contender: { applicationName: 'none' }, running: running[which], requests };
      turns[which].push(await turn({ ...job, connections, seconds, warmUp: at === 0 ? 4 : 0.3, seed: 1 + at }));
    }
  }
  const [bare] = turns;
  for (const [which, { name }] of contenders.entries()) {
    const added = turns[which].map(({ server }, at) => server - bare[at].server);
    const perSecond = median(turns[which].map((each) => each.perSecond));
    const cost = median(turns[which].map((each) => each.server));
    console.log(
      `${name}: ${cost.toFixed(3)} ms of CPU, ${median(added).toFixed(3)} above node:http, ${perSecond.toFixed(0)}/s`,
    );
  }
} finally {
  load.stop();
  for (const each of running) await each.stop();
  await sql.end();
  await server.stop();
}
