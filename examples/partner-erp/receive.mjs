import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileOf, load, write } from './durable.mjs';
import { once } from './gateway.mjs';

/*
 * Receives webhooks, and keeps each event once. The id of an event and what it does are written by one line, before the answer:
 * what is not answered is sent again, and what comes again is known by its id.
 */

const port = Number(process.env.PORT ?? 4100);
const url = process.env.RECEIVER_URL ?? `http://127.0.0.1:${port}/`;
const inbox = fileOf('inbox.jsonl');
/** The longest body in characters: an event has some thousand. */
const longest = 1_000_000;

/** The lines of the inbox. A line that a kill has cut was not answered: it is dropped, and comes again. */
function readInbox() {
  if (!existsSync(inbox)) return [];
  const text = readFileSync(inbox, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) truncateSync(inbox, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const seen = new Set(readInbox().map(({ id }) => id));
const log = openSync(inbox, 'a', 0o600);

/** The secrets that may have signed, read each time: a rotation is another process. */
function isSigned({ 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures = '' }, body) {
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) return false;
  const { secret, previous } = load('webhook.json') ?? {};
  return [secret, previous].filter(Boolean).some((each) => {
    const key = Buffer.from(each.replace('whsec_', ''), 'base64');
    const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
    return signatures.split(' ').some((signature) => {
      const given = Buffer.from(signature.replace('v1,', ''), 'base64');
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  });
}

function keep(event) {
  try {
    write(log, `${JSON.stringify(event)}\n`, { keepOpen: true });
  } catch (error) {
    // Half a line may be there, and the next start drops it.
    console.error(`The inbox cannot be written: ${error.message}`);
    process.exit(1);
  }
}

async function receive(request, response) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    // Anybody may send, so this comes before the signature, which is of the whole.
    if (body.length > longest) return response.writeHead(413, { connection: 'close' }).end();
  }
  if (!isSigned(request.headers, body)) return response.writeHead(401).end();
  const id = request.headers['webhook-id'];
  if (!seen.has(id)) {
    const { type, data } = JSON.parse(body);
    keep({ id, type, event: data.event.id, subjectId: data.event.subjectId });
    seen.add(id);
    console.log(type, data.event.subjectId);
  }
  response.writeHead(204).end();
}

// Listens before there is an endpoint: the first event may come at once.
createServer((request, response) => {
  receive(request, response).catch((error) => {
    console.error(error.message);
    response.destroy();
  });
}).listen(port, '127.0.0.1', async () => {
  const made = ({ createWebhookEndpoint }) => ({
    id: createWebhookEndpoint.webhookEndpoint.id,
    secret: createWebhookEndpoint.secret,
  });
  if (!load('webhook.json')?.id) await once('webhook.json', 'CreateEndpoint', { url }, made);
  console.log(`listening at ${url}`);
});
