import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../../src/service/client';
import { Database, migrate } from '../../src/store/connection/database';
import { unsettled } from '../support/books';
import { until } from '../support/own-process';
import { killAll, type Started, start } from '../support/process';
import { type Cluster, startCluster } from './cluster';
import { reckon } from './ledger';
import { Load } from './load';
import type { Node } from './node';

/*
 * Four processes of the gateway under load, two behind HAProxy and two that know the three servers, over a cluster that chooses its primary by itself. The primary is killed, frozen and
 * cut off. Whatever was acknowledged is counted outside of the database.
 */
jest.setTimeout(120_000);

const requestMs = 5_000;
/**
 * What a gateway may add to the time in which the database itself acknowledges nothing. Requests that hang end with their time
 * limit, their connections 3 seconds later, and then somebody looks for the primary.
 */
const recoveryMs = requestMs + 5_000;
/** The lock of the leader ends, a standby is promoted, and the other one follows it. */
const electionMs = 30_000;

/** How gateways find the primary: two of them each way. */
const ways = ['haproxy', 'servers', 'haproxy', 'servers'] as const;

let cluster: Cluster;
let gateways: Started[];
let load: Load;
/** For the record: how long each scene took. */
const measured: string[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  const { urls } = cluster;
  await migrate({ url: urls.haproxy });
  const db = await Database.open({ url: urls.haproxy });
  const { clientId, secret } = await createClient(db.aside(), {
    name: 'load',
    scopes: ['read', 'order', 'fulfill', 'bill', 'pay'],
    grants: [{ entity: 'Acme', orgs: ['North'] }],
  });
  await db.close();
  gateways = ways.map((way) =>
    start({
      DATABASE_URL: urls[way],
      DATABASE_POOL: '5',
      JWT_SIGNING_KEY: 'a key of thirty-two characters or more',
      REQUEST_TIMEOUT_MS: String(requestMs),
      GATEWAY_TIMEOUT_MS: '2000',
      LOG_LEVEL: 'error',
    }),
  );
  const origins = await Promise.all(gateways.map(({ origin }) => origin));
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret });
  const issued = await fetch(`${origins[0]}/oauth/token`, { method: 'POST', body });
  const { access_token } = (await issued.json()) as { access_token: string };
  load = new Load(origins, access_token);
  load.start(2);
});
afterAll(async () => {
  if (process.env.HA_LOGS) {
    const last = load.successes.map(
      (all, at) => `${ways[at]} ${all.length} ${performance.now() - (all.at(-1) ?? 0)} ms ago`,
    );
    console.log(
      measured,
      load.replies,
      load.recent,
      last,
      gateways.map((g) => [g.err(), g.child.exitCode, g.child.signalCode]),
    );
  }
  killAll();
  await load?.stop(0).catch(() => {});
  await cluster?.close();
});

const written = (since: number) => async () => load.successes.every((all) => all.some((at) => at > since));

/** An outage has its own lines. A request has one where its client heard it, and a payment that is open where it is settled. */
const isForeseen = ({ outage, err }: { outage?: string; err?: { code?: string; message: string } }): boolean =>
  outage !== undefined ||
  ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'TIMEOUT', '57014', '25P03'].includes(err?.code ?? '') ||
  /payment gateway did not answer/.test(err?.message ?? '');

/**
 * Strikes the leader, and waits until another node leads and all gateways write again. Then the old leader comes back, and
 * follows the new one.
 */
async function failOver(name: string, strike: (leader: Node) => unknown, mend: (leader: Node) => void): Promise<void> {
  const old = await cluster.leader();
  const began = performance.now();
  load.scene = `while it is ${name}`;
  await strike(old);
  await cluster.writes();
  const writes = performance.now();
  await until('all gateways write again', 60_000, written(writes));
  const pauses = load.successes.map((_, at) => load.longestPause(at, began));
  load.scene = `after it was ${name}`;
  mend(old);
  await cluster.whole();
  const seconds = (all: number[]) => all.map((ms) => (ms / 1_000).toFixed(1)).join(' and ');
  const ofWay = (way: string) => `${seconds(pauses.filter((_, at) => ways[at] === way))} s by ${way}`;
  measured.push(
    `${name}: no write by itself for ${seconds([writes - began])} s, for ${ofWay('haproxy')}, ${ofWay('servers')}`,
  );
  expect(writes - began).toBeLessThan(electionMs);
  expect(Math.max(...pauses)).toBeLessThan(writes - began + recoveryMs);
  for (const all of load.notReady) expect(all.some((at) => at > began && at < writes)).toBe(true);
  expect(await cluster.leader()).not.toBe(old);
}

beforeEach(async () => {
  const began = performance.now();
  await until('all gateways write', 20_000, written(began));
});

test('all gateways go on within seconds after the primary is killed with all its processes', () =>
  failOver(
    'killed',
    (leader) => leader.kill(),
    (leader) => leader.start(),
  ));

test('all gateways go on within seconds after the primary is frozen, and nothing comes of it when it thaws', () =>
  failOver(
    'frozen',
    (leader) => leader.freeze(),
    (leader) => leader.thaw(),
  ));

test('all gateways go on within seconds after the primary is cut off from everybody, and it comes back as a standby', () =>
  failOver(
    'cut off',
    (leader) => leader.cutOff(),
    (leader) => leader.reconnect(),
  ));

test('nothing is acknowledged that no standby has confirmed, and that is gone after a failover', async () => {
  const [leader, successor] = [await cluster.leader(), await cluster.successor()];
  load.scene = 'while no standby confirms';
  // A standby that has more of the log than the successor has to be rewound before it can confirm anything, which takes Patroni
  // ten seconds or more. So the third node has less.
  const third = cluster.nodes.find((node) => node !== leader && node !== successor)!;
  third.holdReceiver();
  await delay(500);
  leader.loseStandbys();
  third.dropReceiver();
  const began = performance.now();
  const unknown = () => load.replies['500 OUTCOME_UNKNOWN'] ?? 0;
  const before = unknown();
  // Each client has a commit under way by now that no standby confirms.
  await delay(requestMs + 3_000);
  const acknowledged = load.successes.flatMap((all) => all.filter((at) => at > began + 1_000));
  expect(acknowledged).toEqual([]);
  expect(unknown()).toBeGreaterThan(before);
  await failOver(
    'killed while no standby confirmed',
    (leader) => leader.kill(),
    (leader) => {
      leader.reconnect();
      leader.start();
    },
  );
});

test('nothing that was acknowledged is lost, nothing is there twice, and nobody heard what no client should hear', async () => {
  // What was lost keeps clients waiting too. The ledger says more of it.
  const stopped = await load.stop(40_000).catch((error) => error);
  const told = (kind: string) => load.effects.filter((effect) => effect.kind === kind && effect.told === 'done').length;
  console.log(
    measured,
    Object.fromEntries(['account', 'order', 'fulfillment', 'bill', 'payment'].map((kind) => [kind, told(kind)])),
    load.replies,
    load.slowest,
  );
  for (const kind of ['account', 'order', 'fulfillment', 'bill', 'payment']) expect(told(kind)).toBeGreaterThan(0);
  // What was left open by a failover is settled by the next round of housekeeping, a capture among it.
  await until('all payments are settled', 90_000, async () => Object.keys(await unsettled(cluster.ask)).length === 0);
  expect(await reckon(load.effects, cluster.ask)).toEqual({ lost: [], twice: [], refusedAndThere: [], idsLost: [] });
  expect([load.odd, load.missed, stopped]).toEqual([[], [], undefined]);
  const lines = gateways.flatMap((gateway) => gateway.out().match(/^\{.*\}$/gm) ?? []).map((line) => JSON.parse(line));
  expect(lines.filter((line) => !isForeseen(line))).toEqual([]);
  for (const gateway of gateways) expect(gateway.err()).toBe('');
}, 150_000);
