import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * Webhooks to receivers on this machine: how many a process delivers in a second, and how long after the commit they arrive.
 * See README.md.
 */
if (process.send) receive();
else await measure();

/** Receivers, a process of their own: they count, and say when each event came. */
function receive() {
  let got = [];
  const server = http.createServer((request, response) => {
    got.push([request.headers['webhook-id'], Date.now()]);
    request.resume();
    request.on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.on('message', () => {
    process.send({ got });
    got = [];
  });
}

async function measure() {
  const { values } = parseArgs({
    options: {
      burst: { type: 'string', default: '2000' },
      endpoints: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '20' },
      rate: { type: 'string', default: '500' },
    },
  });
  const [burst, endpoints, seconds, rate] = ['burst', 'endpoints', 'seconds', 'rate'].map((name) =>
    Number(values[name]),
  );
  const here = dirname(fileURLToPath(import.meta.url));
  const require = createRequire(resolve(here, '../dist/src/main.js'));
  require('reflect-metadata');
  const { Client } = require('pg');
  const { startEmbedded } = require('./store/embedded/embedded.js');
  const { Database, migrate } = require('./store/connection/database.js');
  const { createServer } = require('./server.js');
  const { createClient } = require('./service/client.js');
  const { Breakers } = require('./gateway/breaker.js');
  const { scopes } = require('./domain/caller.js');

  const dir = resolve(here, '.data/webhooks');
  rmSync(dir, { recursive: true, force: true });
  const database = await startEmbedded({ dir, database: 'bench' });
  const sql = new Client(database.url);
  await sql.connect();
  await migrate({ url: database.url });
  const db = await Database.open({ url: database.url });
  const onFailure = (error, what) => console.error(what, error);
  const services = { db, gateway: {}, breakers: new Breakers(), onFailure, localWebhooks: true };
  const server = await createServer({ services, signingKey: 'a key of thirty-two characters or more' });

  const receivers = fork(fileURLToPath(import.meta.url));
  process.once('exit', () => receivers.kill('SIGKILL'));
  const heard = () => new Promise((done) => receivers.once('message', done));
  const { port } = await heard();
  const grants = [{ entity: 'Bench', orgs: ['Main'] }];
  const { clientId, secret } = await createClient(db.aside(), { name: 'bench', scopes, grants });
  const { access_token: token } = await server.identity.issue(clientId, secret);
  for (let at = 0; at < endpoints; at++) {
    const query = `mutation { createWebhookEndpoint(input: { url: "http://127.0.0.1:${port}/${at}", eventTypes: ["Fulfillment."] }) { userErrors { message } } }`;
    const made = await server.app.inject({
      ...{ method: 'POST', url: '/graphql', payload: { query } },
      headers: { authorization: `Bearer ${token}` },
    });
    if (!made.body.includes('"userErrors":[]')) throw new Error(made.body);
  }
  const [org] = (await sql.query('select id, entity_id from org')).rows;
  /** Events of as many objects, in one transaction, as a change of as many fulfillments writes them. */
  const write = async (count) => {
    await sql.query(
      `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
       select uuidv7(), $1, $2, 'Fulfillment', gen_random_uuid(), now(), $1, 'Update', '[{"field":"carrier","before":null,"after":"UPS"}]', 2, event_position()
       from generate_series(1, $3)`,
      [org.entity_id, org.id, count],
    );
    server.webhooks.wake();
  };
  /** All that came until nothing is pending, with the time of the last. */
  const drained = async (count) => {
    const all = [];
    while (all.length < count) {
      await delay(20);
      receivers.send('tell');
      all.push(...(await heard()).got);
    }
    return all;
  };
  const cpu = () => process.cpuUsage();
  const milliseconds = ({ user, system }) => (user + system) / 1000;
  server.webhooks.start();
  await write(100);
  await drained(100 * endpoints);

  let before = cpu();
  let began = Date.now();
  await write(burst);
  const came = await drained(burst * endpoints);
  const took = (Math.max(...came.map(([, at]) => at)) - began) / 1000;
  const each = milliseconds(process.cpuUsage(before)) / came.length;
  console.log(
    `burst: ${came.length} deliveries to ${endpoints} endpoints in ${took.toFixed(1)} s: ${Math.round(came.length / took)} a second`,
  );
  console.log(`  CPU of the gateway's process: ${each.toFixed(2)} ms each`);

  before = cpu();
  began = Date.now();
  const ticks = seconds * 10;
  for (let tick = 0; tick < ticks; tick++) {
    await delay(Math.max(0, began + tick * 100 - Date.now()));
    await write(Math.round(rate / endpoints / 10));
  }
  const steady = await drained(Math.round(rate / endpoints / 10) * ticks * endpoints);
  const busy = milliseconds(process.cpuUsage(before)) / (Date.now() - began);
  const { rows } = await sql.query('select id, at from history_entry');
  const written = new Map(rows.map(({ id, at }) => [id, Date.parse(at)]));
  const late = steady.map(([id, at]) => at - written.get(id)).sort((a, b) => a - b);
  const part = (share) => late[Math.floor(late.length * share)];
  console.log(
    `steady: ${rate} a second for ${seconds} s, from the change to the receiver: p50 ${part(0.5)} ms, p99 ${part(0.99)} ms`,
  );
  console.log(`  CPU of the gateway's process: ${Math.round(busy * 100)} % of a core`);

  receivers.kill();
  await server.app.close();
  await sql.end();
  await db.close();
  await database.stop();
}
