import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { load, save } from './durable.mjs';

/* Requests to the gateway: signed in, repeated until there is an answer, and by the ids of registered documents alone. */

const { GATEWAY_URL = 'http://127.0.0.1:4000', CLIENT_ID, CLIENT_SECRET } = process.env;

process.on('uncaughtException', ({ message }) => {
  // What was carried out stays; the next run goes on from there.
  console.error(`Ended early: ${message}`);
  process.exit(1);
});

/** The ids of our documents by the names of their operations, as they were registered. */
const { operations } = JSON.parse(readFileSync(new URL('manifest.json', import.meta.url), 'utf8'));
const idOf = Object.fromEntries(operations.map(({ name, id }) => [name, id]));

/** The same request may fare better later: the gateway is away, busy, or still at the first one under this key. */
export class Again extends Error {
  constructor(message, reply) {
    super(message);
    this.seconds = Number(reply?.headers.get('retry-after')) || undefined;
  }
}

/** Our credentials. The environment has the first ones, and the file those that we have since. */
export function credentials() {
  const kept = load('credentials.json');
  if (kept) return kept;
  if (!CLIENT_ID || !CLIENT_SECRET) throw new Error('Set CLIENT_ID and CLIENT_SECRET.');
  return { clientId: CLIENT_ID, secret: CLIENT_SECRET };
}

let token;
async function signIn() {
  // Read each time: another process may have replaced the secret.
  const { clientId, secret } = credentials();
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
  const reply = await fetch(`${GATEWAY_URL}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  if (reply.status === 401) throw new Error('The client_id and client_secret are not those of a client.');
  if (!reply.ok) throw new Again(`no token: ${reply.status}`, reply);
  token = (await reply.json()).access_token;
}

/** Sends a request with our token. @throws Again if the gateway cannot carry it out at present */
export async function send(path, { headers, ...options }) {
  if (!token) await signIn();
  const authorization = `Bearer ${token}`;
  const reply = await fetch(GATEWAY_URL + path, { method: 'POST', headers: { authorization, ...headers }, ...options });
  if (reply.status === 401) {
    token = undefined;
    throw new Again('the token has ended');
  }
  if (reply.status === 429 || reply.status === 409 || reply.status >= 500) {
    throw new Again(`status ${reply.status}`, reply);
  }
  return reply;
}

/** Acts until there is an answer: after 1, 2, 4, ... 30 seconds, each time somewhat earlier, or when the gateway says. */
export async function untilAnswered(act) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      // What fetch throws is a TypeError: the gateway cannot be reached, or was lost on the way.
      if (!(error instanceof Again || error instanceof TypeError) || attempt === 10) throw error;
      const seconds = error.seconds ?? Math.min(2 ** attempt, 30) * (0.5 + Math.random() / 2);
      console.error(`${error.message}; again in ${seconds.toFixed(1)} s`);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

/** A refusal that no repetition changes. `code` is the first code of the reply. */
export class Refused extends Error {
  constructor(name, errors) {
    super(`${name} is refused: ${errors.map(({ message }) => message).join(' ')}`);
    this.code = errors[0].extensions?.code ?? errors[0].code;
  }
}

/** The answer to a registered document. A mutation needs a key: it is carried out once, however often it is sent. */
export const ask = (name, variables = {}, key = undefined) =>
  untilAnswered(async () => {
    const headers = { 'content-type': 'application/json', 'zuora-track-id': `partner-erp ${name}` };
    if (key) headers['idempotency-key'] = key;
    const reply = await send(`/graphql/${idOf[name]}`, { headers, body: JSON.stringify({ variables }) });
    const { data, errors } = await reply.json();
    const refused = errors ?? data[Object.keys(data)[0]]?.userErrors ?? [];
    if (refused.some((error) => error.retryable ?? error.extensions?.retryable)) throw new Again(refused[0].message);
    if (refused.length) throw new Refused(name, refused);
    return data;
  });

/**
 * Runs a mutation whose answer is shown once. Its key is on the disk before it is sent. So a run that is killed before it
 * saves the answer is repeated by the next one, and gets the same answer.
 */
export async function once(file, name, variables, made) {
  const before = load(file) ?? {};
  const key = before.pending?.name === name ? before.pending.key : randomUUID();
  if (before.pending?.key !== key) save(file, { ...before, pending: { name, key } });
  const { pending: _, ...rest } = load(file);
  const answer = await ask(name, variables, key).catch((error) => {
    // The gateway repeats a refusal under its key. The next run asks under another one.
    if (error instanceof Refused) save(file, rest);
    throw error;
  });
  save(file, { ...rest, ...made(answer, rest) });
}
