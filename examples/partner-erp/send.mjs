import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/*
 * Sends the shipments of a file, each once, however often it is run and wherever it is killed. It keeps nothing of its own:
 *
 * - A shipment's number is the externalId of its fulfillment: what is there already is left out.
 * - The rest goes in batches, all of which the gateway carries out or nothing, each under an Idempotency-Key made of what it holds. A
 *   batch whose answer was lost, or which is still being carried out, is sent again under the same key, and has its effect once.
 *
 * A batch is always the same part of the file. If none of it is there, it is sent whole and so under the same key as the last time; if
 * some of it is there, the last time has ended, and what it left out can be sent anew.
 */

const { values, positionals } = parseArgs({
  options: { batch: { type: 'string', default: '100' } },
  allowPositionals: true,
});
const batchSize = Number(values.batch);
if (positionals.length !== 1 || !(batchSize >= 1 && batchSize <= 100)) {
  console.error('Usage: node send.mjs [--batch 1..100] <shipments.csv>');
  process.exit(2);
}
const { GATEWAY_URL = 'http://127.0.0.1:4000', CLIENT_ID, CLIENT_SECRET } = process.env;

/** The ids of our documents by the names of their operations, as they were registered. */
const { operations } = JSON.parse(readFileSync(new URL('manifest.json', import.meta.url), 'utf8'));
const idOf = Object.fromEntries(operations.map(({ name, id }) => [name, id]));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let token;
async function signIn() {
  const form = { grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
  const reply = await fetch(`${GATEWAY_URL}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  if (reply.status === 401) throw new Error('CLIENT_ID and CLIENT_SECRET are not those of a client.');
  if (!reply.ok) throw new Again(`no token: ${reply.status}`, reply);
  token = (await reply.json()).access_token;
}

/** The same request may fare better later: the gateway is away, busy, or still at the first one under this key. */
class Again extends Error {
  constructor(message, reply) {
    super(message);
    this.seconds = Number(reply?.headers.get('retry-after')) || undefined;
  }
}

async function once(name, variables, key) {
  if (!token) await signIn();
  const reply = await fetch(`${GATEWAY_URL}/graphql/${idOf[name]}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'zuora-track-id': `partner-erp ${name}`,
      ...(key && { 'idempotency-key': key }),
    },
    body: JSON.stringify({ variables }),
  });
  if (reply.status === 401) {
    token = undefined;
    throw new Again('the token has expired');
  }
  const { data, errors } = await reply.json();
  if (errors?.some(({ extensions }) => extensions?.retryable) || reply.status >= 500) {
    throw new Again(errors?.[0]?.message ?? `status ${reply.status}`, reply);
  }
  if (errors) throw new Error(`${name} is refused: ${JSON.stringify(errors)}`);
  if (data[Object.keys(data)[0]].userErrors?.some(({ retryable }) => retryable))
    throw new Again('others are at it', reply);
  return data;
}

/** Asks until there is an answer: after 1, 2, 4, ... seconds at most, each time somewhat earlier, or when the gateway says. */
async function ask(name, variables, key) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(name, variables, key);
    } catch (error) {
      // What fetch throws is a TypeError: the gateway cannot be reached, or was lost on the way.
      if (!(error instanceof Again || error instanceof TypeError) || attempt === 10) throw error;
      const seconds = error.seconds ?? Math.min(2 ** attempt, 30) * (0.5 + Math.random() / 2);
      console.error(`${error.message}; again in ${seconds.toFixed(1)} s`);
      await sleep(seconds * 1000);
    }
  }
}

/** The rows of a file by its first line, in the format of RFC 4180. */
function readCsv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') rows.push([]);
  }
  const [names, ...lines] = rows.filter((row) => row.some((value) => value !== ''));
  return lines.map((values) => Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])));
}

const shipmentOf = (row) => ({
  externalId: row.shipment,
  orderLineItemId: row['order line item'],
  quantity: row.quantity,
  fulfillmentDate: row['shipped on'],
  state: 'Booked',
  carrier: row.carrier || null,
  trackingNumber: row['tracking number'] || null,
});

const shipments = readCsv(readFileSync(positionals[0], 'utf8')).map(shipmentOf);
const numbers = new Set();
for (const { externalId } of shipments) {
  if (!externalId || numbers.has(externalId)) {
    console.error(externalId ? `${externalId} stands in the file twice.` : 'A shipment has no number.');
    process.exit(2);
  }
  numbers.add(externalId);
}
const sent = { new: 0, before: 0, refused: 0 };

async function sendAll() {
  for (let start = 0; start < shipments.length; start += batchSize) {
    const batch = shipments.slice(start, start + batchSize);
    const found = await ask('Delivered', { externalIds: batch.map(({ externalId }) => externalId) });
    const there = new Set(found.fulfillments.nodes.map(({ externalId }) => externalId));
    const rest = batch.filter(({ externalId }) => !there.has(externalId));
    sent.before += batch.length - rest.length;
    if (rest.length === 0) continue;

    const key = `partner-erp ${createHash('sha256').update(JSON.stringify(rest)).digest('hex')}`;
    const { createFulfillments } = await ask('Deliver', { shipments: rest }, key);
    const { fulfillments, userErrors } = createFulfillments;
    for (const made of fulfillments ?? []) if (made) sent.new++;
    for (const { path, code, message } of userErrors) {
      const shipment = rest[Number(path[2])];
      console.log(`${shipment?.externalId ?? 'the batch'}: ${code}, ${message}`);
    }
    sent.refused += rest.length - (fulfillments ?? []).filter(Boolean).length;
  }
}

try {
  await sendAll();
} catch (error) {
  // What was sent stays; the next run goes on from there.
  console.error(`Ended early: ${error.message}`);
  process.exitCode = 1;
}
console.log(`${sent.new} shipments sent, ${sent.before} were there before, ${sent.refused} refused.`);
if (sent.refused) process.exitCode = 1;
