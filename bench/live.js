import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { nodeFlags, startProcess } from './contenders/process.js';
import { openData } from './data.js';
import { asking, cpuOf, dist, memoryOf, newClient, tokenOf } from './subject.js';

/*
 * Subscriptions: how soon a change is told, and what it costs that somebody listens. See README.md.
 */
const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '30000' },
    seconds: { type: 'string', default: '10' },
    subscribers: { type: 'string', default: '1000' },
    /** Different live reads. */
    reads: { type: 'string', default: '100' },
    /** Changes in a second. */
    rate: { type: 'string', default: '100' },
    fresh: { type: 'boolean', default: false },
  },
});
const [seconds, subscribers, reads, rate] = ['seconds', 'subscribers', 'reads', 'rate'].map((name) =>
  Number(flags[name]),
);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const WebSocket = createRequire(resolve(dist, 'main.js'))('ws');

const data = await openData({ lineItems: Number(flags.size), fresh: flags.fresh });
const running = await startProcess('live', process.execPath, [...nodeFlags, resolve(dist, 'main.js')], {
  ...{ DATABASE_URL: data.url, JWT_SIGNING_KEY: randomBytes(32).toString('hex') },
  ...{ REQUESTS_PER_MINUTE: '10000000', COST_PER_MINUTE: '1000000000000', MAX_SUBSCRIPTIONS: '100000' },
});

async function clientOf(entity) {
  const { origin } = running;
  const authorization = `Bearer ${await tokenOf(origin, newClient(data.url, entity, 'read,order,fulfill'))}`;
  return { authorization, graphql: asking(origin, { authorization, 'content-type': 'application/json' }) };
}

/** A socket with its subscriptions; `told` gets each answer with the time. */
async function subscribe({ authorization }, asked, told) {
  const socket = new WebSocket(`${running.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await new Promise((done, failed) => socket.once('open', done).once('error', failed));
  let first = asked.length;
  await new Promise((done, failed) => {
    socket.on('message', (text) => {
      const now = performance.now();
      const { type, id, payload } = JSON.parse(text);
      if (type === 'connection_ack')
        for (const [at, each] of asked.entries())
          socket.send(JSON.stringify({ type: 'subscribe', id: String(at), payload: each }));
      else if (type === 'next') {
        if (first > 0 && --first === 0) done();
        told(payload.data, now);
      } else if (type === 'error') failed(new Error(JSON.stringify([id, payload])));
    });
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    if (asked.some(({ quiet }) => quiet)) setTimeout(done, 500);
  });
  return () => socket.terminate();
}

/** Makes changes at the rate, and returns when each was answered. */
async function change(act, perSecond, forSeconds) {
  const all = [];
  const began = performance.now();
  for (let made = 0; performance.now() - began < forSeconds * 1_000; made++) {
    const due = began + (made * 1_000) / perSecond;
    if (due > performance.now()) await delay(due - performance.now());
    all.push(act(made));
  }
  await Promise.all(all);
  return all.length;
}
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const spread = (numbers) => {
  const sorted = numbers.sort((a, b) => a - b);
  return `p50 ${at(sorted, 0.5)?.toFixed(0)} ms, p99 ${at(sorted, 0.99)?.toFixed(0)} ms of ${sorted.length}`;
};

const client = await clientOf('Bench');
const stranger = await clientOf(`Stranger ${Date.now()}`);
const { fulfillments } = await client.graphql(
  '{ fulfillments(first: 100, filter: { state: { eq: Executing } }) { nodes { id } } }',
);
const ids = fulfillments.nodes.map(({ id }) => id).slice(0, reads);
const update =
  'mutation ($id: ID!, $text: String) { updateFulfillment(key: $id, input: { description: $text }) { userErrors { code } } }';
const named = 'mutation ($name: String!) { createAccount(input: { name: $name, currency: "USD" }) { account { id } } }';
try {
  const changed = new Map();
  const touch = async (made) => {
    const text = String(made);
    await client.graphql(update, { id: ids[made % ids.length], text });
    changed.set(text, performance.now());
  };
  /** Milliseconds from the answer to the writer until a subscriber is told. It may be told before. */
  const lags = [];
  const measured = [];
  const tell = (text, now) => measured.push([text, now]);
  const lagsOf = () => {
    for (const [text, now] of measured.splice(0))
      if (changed.has(text)) lags.push(Math.max(0, now - changed.get(text)));
    changed.clear();
    return spread(lags.splice(0));
  };

  await change(touch, rate, 3);
  const events =
    'subscription { events(filter: { type: { eq: "Fulfillment.Update" } }) { node { changes { field after } } } }';
  const end = await subscribe(client, [{ query: events, quiet: true }], (answer, now) => {
    const text = answer.events.node.changes.find(({ field }) => field === 'description')?.after;
    if (text) tell(text, now);
  });
  await change(touch, rate, seconds);
  await delay(500);
  console.log(`events, ${rate} changes a second: ${lagsOf()}`);
  end();

  const costs = [];
  for (const listening of [0, subscribers]) {
    const watch = 'subscription ($id: ID!) { fulfillment(key: $id) { id state quantity description } }';
    const ends = [];
    for (let each = 0; each < listening; each++)
      ends.push(
        await subscribe(client, [{ query: watch, variables: { id: ids[each % ids.length] } }], (answer, now) =>
          tell(answer.fulfillment.description ?? '', now),
        ),
      );
    await delay(1_000);
    measured.length = 0;
    for (const [what, act] of [
      ['of what is read', touch],
      ['of another kind', (made) => client.graphql(named, { name: `Kind ${made}` })],
      ['of another entity', (made) => stranger.graphql(named, { name: `Entity ${made}` })],
    ]) {
      const before = cpuOf(running.pid);
      const count = await change(act, rate, seconds);
      await delay(500);
      const cost = (cpuOf(running.pid) - before) / count;
      costs.push({ listening, what, cost });
      const lag = act === touch && listening ? `, ${lagsOf()}` : '';
      console.log(
        `${listening} subscribers, ${count} changes ${what}: ${cost.toFixed(2)} ms of processor each, ${Math.round(memoryOf(running.pid))} MB${lag}`,
      );
      measured.length = 0;
      changed.clear();
    }
    for (const each of ends) each();
  }
} finally {
  await running.stop();
  await data.close();
}
