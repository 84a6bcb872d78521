import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, type Params, StripeModel } from './stripe-model';

/*
 * A server that answers as Stripe's API does, for the real client library: keys, idempotency, error bodies, and a network that
 * fails when a test says so.
 */

/** A secret key that the stand-in accepts. */
export const standInKey = 'sk_test_standin0001';

/**
 * What happens to a request. `cut` closes the connection, `silent` never answers; the effect is there `after`. `page` is the
 * answer of a proxy.
 */
export type Fault = 'cut before' | 'cut after' | 'silent before' | 'silent after' | 'page' | 429 | 500 | 503;

export interface Asked {
  /** Such as "POST /v1/refunds". */
  what: string;
  idempotencyKey: string | undefined;
  params: Params;
  secretKey: string;
}

interface Kept {
  fingerprint: string;
  at: number;
  answer: { status: number; body: unknown };
}

/** Requests that wait at a gate, as those of a process that is to be killed. */
interface Gate {
  /** How many have arrived. */
  readonly waiting: number;
  /** Lets them all go on. `lose`: the first so many as if they had never arrived. */
  open(lose?: number): void;
}

const dayMs = 86_400_000;

export class StripeStandIn {
  readonly asked: Asked[] = [];
  /** Accounts by secret key. */
  readonly accounts = new Map<string, StripeModel>();
  /** Rights that a key lacks: requests that begin so are refused. */
  readonly denied = new Map<string, { begins: string; right: string }>();
  /** Milliseconds that are added to the clock. */
  later = 0;
  private readonly faults: { match: RegExp; fault: Fault; times: number }[] = [];
  private gate?: { match: RegExp; at: 'before' | 'after'; waiting: ((lost: boolean) => void)[] };
  private readonly idempotency = new Map<string, Kept>();
  /** Idempotency keys of requests that run. */
  private readonly running = new Set<string>();
  private server?: Server;

  /** Listens on a free port of this machine. */
  static async start(): Promise<StripeStandIn> {
    const standIn = new StripeStandIn();
    standIn.accounts.set(standInKey, standIn.newAccount());
    const server = createServer((request, response) => {
      standIn.serve(request, response).catch((error) => response.destroy(error));
    });
    standIn.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`;
  }

  get account(): StripeModel {
    return this.accounts.get(standInKey)!;
  }

  newAccount(): StripeModel {
    return new StripeModel(() => Date.now() + this.later);
  }

  /** The next `times` requests that match have this fault. */
  fail(match: RegExp, fault: Fault, times = 1): void {
    this.faults.push({ match, fault, times });
  }

  /** The network is well from now on. */
  recover(): void {
    this.faults.length = 0;
  }

  /** Requests that match wait, before or after their effect, until the gate is opened. One gate at a time. */
  hold(match: RegExp, at: 'before' | 'after'): Gate {
    const gate = { match, at, waiting: [] as ((lost: boolean) => void)[] };
    this.gate = gate;
    return {
      get waiting() {
        return gate.waiting.length;
      },
      open: (lose = 0) => {
        this.gate = undefined;
        for (const [index, go] of gate.waiting.entries()) go(index < lose);
      },
    };
  }

  async close(): Promise<void> {
    this.server!.closeAllConnections();
    await new Promise((resolve) => this.server!.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://stripe');
    const form = new URLSearchParams(request.method === 'GET' ? url.search : await bodyOf(request));
    const asked: Asked = {
      what: `${request.method} ${url.pathname}`,
      idempotencyKey: request.headers['idempotency-key'] as string | undefined,
      params: nested(form),
      secretKey: String(request.headers.authorization).replace('Bearer ', ''),
    };
    this.asked.push(asked);
    const fault = this.faultFor(asked.what);
    if (fault === 'cut before') return void response.destroy();
    if (fault === 'silent before') return;
    if (fault === 'page') return void response.end('<html></html>');
    const running = this.begin(asked, request.method!);
    if (running === 'twice') {
      const message = 'There is currently another in-progress request using this Idempotent Key.';
      const error = { type: 'idempotency_error', code: 'idempotency_key_in_use', message };
      return void response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    }
    const lost = await this.wait('before', asked.what);
    if (running) this.running.delete(running);
    if (lost) return;
    const { status, body, replayed } =
      typeof fault === 'number' ? this.failing(fault, asked) : this.answer(asked, request.method!, url.pathname);
    if (fault === 'cut after') return void response.destroy();
    if (fault === 'silent after') return;
    await this.wait('after', asked.what);
    if (response.destroyed) return;
    response.writeHead(status, {
      'content-type': 'application/json',
      'request-id': `req_${this.asked.length}`,
      ...(replayed && { 'idempotent-replayed': 'true' }),
      // As Stripe has it: a failure that is kept under the key would only be repeated.
      ...(status === 500 && { 'stripe-should-retry': 'false' }),
    });
    response.end(JSON.stringify(body));
  }

  /** Marks the key of a request as in use; `twice` if it is so already. Undefined for a request without a key. */
  private begin(asked: Asked, method: string): string | undefined {
    if (method !== 'POST' || !asked.idempotencyKey) return undefined;
    const key = keyOf(asked);
    if (this.running.has(key)) return 'twice';
    this.running.add(key);
    return key;
  }

  private faultFor(what: string): Fault | undefined {
    const found = this.faults.find(({ match, times }) => times > 0 && match.test(what));
    if (found) found.times--;
    return found?.fault;
  }

  /** Whether the request was lost at the gate. */
  private async wait(at: 'before' | 'after', what: string): Promise<boolean> {
    const { gate } = this;
    if (gate?.at !== at || !gate.match.test(what)) return false;
    return new Promise((resolve) => gate.waiting.push(resolve));
  }

  /** A failure of Stripe's own. 500 is kept under the key, 429 and 503 come before anything runs. */
  private failing(status: 429 | 500 | 503, asked: Asked) {
    const body = {
      error:
        status === 429
          ? { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' }
          : { type: 'api_error', message: 'An unknown error occurred.' },
    };
    if (status === 500 && asked.idempotencyKey) {
      const answer = { status, body };
      this.idempotency.set(keyOf(asked), { fingerprint: fingerprintOf(asked), at: this.now(), answer });
    }
    return { status, body, replayed: false };
  }

  private now(): number {
    return Date.now() + this.later;
  }

  private answer(asked: Asked, method: string, path: string): { status: number; body: unknown; replayed?: boolean } {
    const account = this.accounts.get(asked.secretKey);
    const wrong = (status: number, error: object) => ({ status, body: { error } });
    if (!account) {
      const shown = `${asked.secretKey.slice(0, 8)}********`;
      return wrong(401, { type: 'invalid_request_error', message: `Invalid API Key provided: ${shown}` });
    }
    const denied = this.denied.get(asked.secretKey);
    if (denied && asked.what.startsWith(denied.begins)) {
      const message = `The provided key does not have the required permissions for this endpoint. Having the '${denied.right}' permission would allow this request to continue.`;
      return wrong(403, { type: 'invalid_request_error', message });
    }
    if (method !== 'POST' || !asked.idempotencyKey) return run(account, asked, method, path);
    const key = keyOf(asked);
    const kept = this.idempotency.get(key);
    if (kept && this.now() - kept.at < dayMs) {
      if (kept.fingerprint !== fingerprintOf(asked)) {
        const message =
          'Keys for idempotent requests can only be used with the same parameters they were first used with.';
        return wrong(400, { type: 'idempotency_error', message });
      }
      return { ...kept.answer, replayed: true };
    }
    const answer = run(account, asked, method, path);
    // What fails validation is not kept.
    if (answer.status !== 400 && answer.status !== 404)
      this.idempotency.set(key, { fingerprint: fingerprintOf(asked), at: this.now(), answer });
    return answer;
  }
}

function run(account: StripeModel, { params }: Asked, method: string, path: string) {
  try {
    // As it is now: the objects of the model change.
    return { status: 200, body: structuredClone(account.handle(method, path, params)) };
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, body: { error: error.body } };
    throw error;
  }
}

const keyOf = ({ secretKey, idempotencyKey }: Asked): string => `${secretKey} ${idempotencyKey}`;
const fingerprintOf = ({ what, params }: Asked): string => `${what} ${JSON.stringify(params)}`;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** A form such as `metadata[account]=1&expand[0]=customer` as nested objects. */
function nested(form: URLSearchParams): Params {
  const result: Record<string, unknown> = {};
  for (const [name, value] of form) {
    const path = name.replaceAll(']', '').split('[');
    let at = result;
    for (const part of path.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[path.at(-1)!] = value;
  }
  return result as Params;
}
