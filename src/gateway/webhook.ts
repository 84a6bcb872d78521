import { createHmac } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import { Resolver } from 'node:dns/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isAllowedAddress, isLocalName, wrongUrl } from './webhook-address';

/* Sends webhooks as Standard Webhooks says: one POST, signed, judged by its status alone. */

/** The whole exchange, from the lookup of the name to the end of the answer. */
const timeoutMs = 10_000;
/** Bytes of an answer that are read before its connection is closed. Nobody reads what an endpoint answers. */
const mostRead = 65_536;
const longestError = 200;

export interface WebhookRequest {
  url: string;
  /** The same for every attempt: a receiver recognizes by it what it has already. */
  id: string;
  body: string;
  /** Each begins with `whsec_`. All of them sign. */
  secrets: readonly string[];
}

/** What came of an attempt. Without a status there was no answer. */
export interface WebhookAnswer {
  status: number | null;
  /** Why it has failed, in short; null for a status of 200 to 299. */
  error: string | null;
  /** Milliseconds to wait as the endpoint says by Retry-After. */
  retryAfterMs?: number;
}

/** An attempt, without URL and content. */
export interface WebhookAttempt {
  endpointId: string;
  deliveryId: string;
  /** On the clock of `performance`. */
  began: number;
  result?: WebhookAnswer;
  error?: unknown;
}

/** Publishes each attempt for metrics, traces and the log. Without a subscriber it costs nothing. */
export const webhookAttempts = tracingChannel<unknown, WebhookAttempt>('order-gateway.webhook');

export type AttemptOutcome = 'delivered' | 'refused' | 'unreachable';

/** The outcome of an attempt: an answer of success, another answer, or none. */
export function outcomeOfAttempt({ result }: WebhookAttempt): AttemptOutcome {
  if (!result || result.status === null) return 'unreachable';
  return result.error === null ? 'delivered' : 'refused';
}

export interface WebhookSenderOptions {
  /** Also http, and addresses of this machine: for a demo and for tests. */
  local?: boolean;
  /** DNS servers to ask in place of those of this machine, as in `dns.setServers`. */
  dnsServers?: readonly string[];
  /** The version of this program, for the header User-Agent. */
  version: string;
}

const prefix = 'whsec_';

/** The headers that prove where a body comes from. Source: Standard Webhooks, "Signature scheme". */
export function signed({ id, body, secrets }: Omit<WebhookRequest, 'url'>, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** An address that no webhook may go to: the name of the host leads there, or the socket is connected to it. */
class ForbiddenAddress extends Error {
  constructor() {
    super('the host leads to a private, local or reserved address');
  }
}

/** Sends webhooks over connections that it keeps open for the next ones. */
export class WebhookSender {
  private readonly agents: { 'http:': http.Agent; 'https:': https.Agent };
  private readonly local: boolean;
  private readonly userAgent: string;
  /**
   * Asks DNS servers itself. `dns.lookup` takes a thread of four for each name, and one name that nobody answers would hold up
   * all others, files included.
   */
  private readonly resolver = new Resolver({ timeout: 2_000, tries: 2 });
  /** Lookups under way, by name. */
  private readonly lookups = new Map<string, Promise<string[]>>();

  constructor({ local = false, dnsServers, version }: WebhookSenderOptions) {
    this.local = local;
    this.userAgent = `order-fulfillment-gateway/${version}`;
    const kept = { keepAlive: true, maxFreeSockets: 256, timeout: timeoutMs };
    this.agents = { 'http:': new http.Agent(kept), 'https:': new https.Agent(kept) };
    if (dnsServers) this.resolver.setServers(dnsServers);
  }

  /** Sends once. Never throws: what went wrong is part of the answer. */
  async send(request: WebhookRequest): Promise<WebhookAnswer> {
    try {
      const wrong = wrongUrl(request.url, this.local);
      if (wrong) return { status: null, error: wrong.slice(0, longestError) };
      return await this.attempt(request);
    } catch (error) {
      return { status: null, error: reasonOf(error).slice(0, longestError) };
    }
  }

  private async attempt(request: WebhookRequest): Promise<WebhookAnswer> {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      return await this.exchange(request, limit);
    } catch (error) {
      // The endpoint had closed a connection that was kept open. Nothing has arrived, so a new connection is tried at once.
      if (!(error instanceof StaleConnection) || limit.aborted) throw error;
      return this.exchange(request, limit, true);
    }
  }

  private exchange(request: WebhookRequest, signal: AbortSignal, fresh = false): Promise<WebhookAnswer> {
    const url = new URL(request.url);
    const { protocol } = url as { protocol: 'http:' | 'https:' };
    const { request: open } = protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const sent = open(url, {
        method: 'POST',
        agent: fresh ? false : this.agents[protocol],
        lookup: this.lookup,
        signal,
        headers: {
          ...signed(request, new Date()),
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(request.body),
          'user-agent': this.userAgent,
        },
        maxHeaderSize: 16_384,
      });
      const fail = (error: Error) => {
        if (signal.aborted) reject(new Error(`no answer within ${timeoutMs / 1000} seconds`));
        else if (sent.reusedSocket && isReset(error)) reject(new StaleConnection());
        else reject(error);
      };
      sent.on('error', fail);
      // Whatever ends the exchange, such as an answer that begins another protocol: the delivery must not stay under way for ever.
      sent.on('close', () => fail(new Error(closedEarly)));
      // Second look: whatever has chosen the address, nothing is written to a forbidden one.
      sent.on('socket', (socket) => {
        if (!socket.connecting) return;
        socket.once('connect', () => {
          if (!isAllowedAddress(socket.remoteAddress ?? '', this.local)) sent.destroy(new ForbiddenAddress());
        });
      });
      sent.on('response', (response) => {
        const answer = () => resolve(answerOf(response));
        let read = 0;
        response.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read <= mostRead) return;
          answer();
          sent.destroy();
        });
        response.on('end', answer);
        response.on('error', fail);
      });
      sent.end(request.body);
    });
  }

  /** Looks a name up for a socket. It refuses a name with any forbidden address, so the judged address is the connected one. */
  private readonly lookup: LookupFunction = (hostname, options, done) => {
    this.addressesOf(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) done(null, found);
        else done(null, found[0].address, found[0].family);
      },
      (error) => done(error, ''),
    );
  };

  private addressesOf(hostname: string): Promise<string[]> {
    let lookup = this.lookups.get(hostname);
    if (!lookup) {
      lookup = this.resolve(hostname).finally(() => this.lookups.delete(hostname));
      this.lookups.set(hostname, lookup);
    }
    return lookup;
  }

  private async resolve(hostname: string): Promise<string[]> {
    if (this.local && isLocalName(hostname)) return ['127.0.0.1'];
    const asked = await Promise.allSettled([this.resolver.resolve4(hostname), this.resolver.resolve6(hostname)]);
    const addresses = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (addresses.length === 0) throw new Error(`the name of the host was not found`);
    if (!addresses.every((address) => isAllowedAddress(address, this.local))) throw new ForbiddenAddress();
    return addresses;
  }

  /** Closes the connections that are kept open. */
  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }
}

const closedEarly = 'the connection was closed before the answer was complete';

class StaleConnection extends Error {}

const isReset = (error: Error): boolean =>
  ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');

function answerOf({ statusCode, headers }: http.IncomingMessage): WebhookAnswer {
  const status = statusCode ?? 0;
  if (status >= 200 && status < 300) return { status, error: null };
  const error = status >= 300 && status < 400 ? `status ${status}: redirects are not followed` : `status ${status}`;
  return { status, error, retryAfterMs: retryAfterOf(headers['retry-after']) };
}

/** Retry-After in seconds, or as a date. */
function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? ms : undefined;
}

/** The reason in short. It names no address: a client must not learn the operator's network from it. */
function reasonOf(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] };
  const known = code ?? errors?.[0]?.code;
  if (error instanceof ForbiddenAddress || known === undefined) return message || 'the request failed';
  return reasons[known] ?? `the request failed: ${known}`;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the host refused the connection',
  ECONNRESET: closedEarly,
  EPIPE: closedEarly,
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too long',
  ETIMEDOUT: 'the host did not accept the connection in time',
  CERT_HAS_EXPIRED: 'the certificate of the host has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the host is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the host is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the host is signed by an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the host is for another name',
};
