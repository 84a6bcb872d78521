import { setTimeout as delay } from 'node:timers/promises';
import type { Effect } from './ledger';

/* Clients of two gateways: mixed writes and reads, each asked for as a careful client would ask. */

interface Answered {
  status: number;
  /** Of the first error. Absent where there was none. */
  code?: string;
  retryAfter: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  data?: any;
}

/** What a client may hear while there is no primary, by status and code. */
const foreseen = ['503 UNAVAILABLE', '503 TIMEOUT', '409 IDEMPOTENCY_IN_PROGRESS', '500 OUTCOME_UNKNOWN'];
/** Refusals that the rules do not make, and that say so. */
const passing = ['LOCKED_RETRY', 'PAYMENT_FAILED'];

const probeMs = 250;
const pauseMs = 30;
const againMs = 200;
const day = '2022-01-01';
const billed = `processingOptions: { runBilling: true, billingOptions: { targetDate: "2022-01-31", documentDate: "2022-01-31" }`;

const documents = {
  account: `mutation ($name: String!) { done: createAccount(input: { name: $name, currency: "USD", paymentMethodToken: "tok_ok" }) {
    account { id accountNumber } userErrors { code } } }`,
  order: `mutation ($account: String!, $name: String!) { done: createOrder(input: {
    existingAccountNumber: $account, orderDate: "${day}", orderLineItems: [{ itemName: $name, itemType: Product,
      itemState: Booked, billingRule: TriggerAsFulfillmentOccurs, quantity: 500, amountPerUnit: 10 }] }) {
    order { orderLineItems { nodes { id } } } userErrors { code } } }`,
  fulfillments: `mutation ($all: [CreateFulfillmentInput!]!) { done: createFulfillments(input: { fulfillments: $all }) {
    fulfillments { id } userErrors { code } } }`,
  bill: `mutation ($keys: [ID!]!) { done: sendFulfillmentsToBilling(keys: $keys, billTargetDate: "${day}", ${billed} }) {
    fulfillments { id } invoices { id } userErrors { code } } }`,
  pay: `mutation ($all: [CreateFulfillmentInput!]!) { done: createFulfillments(input: { fulfillments: $all,
    ${billed}, collectPayment: true } }) { fulfillments { id } invoices { id } payments { id } userErrors { code } } }`,
  read: `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`,
};

export class Load {
  readonly effects: Effect[] = [];
  /** Replies by status and code. */
  readonly replies: Record<string, number> = {};
  /** When each gateway last replied so. */
  readonly recent: Record<string, string> = {};
  /** What no client should ever hear. */
  readonly odd: string[] = [];
  /** Reads that did not find what had been acknowledged before. */
  readonly missed: string[] = [];
  /** What happens to the servers meanwhile. */
  scene = 'at rest';
  /** The longest time that a request took, in milliseconds. */
  slowest = 0;
  /** When each gateway acknowledged a write, in milliseconds of `performance.now()`. */
  readonly successes: number[][];
  /** When each gateway was asked for readiness and was not ready. */
  readonly notReady: number[][];
  private stopping = false;
  private patience = Number.POSITIVE_INFINITY;
  private working: Promise<unknown> = Promise.resolve();
  private count = 0;

  constructor(
    private readonly origins: readonly string[],
    private readonly token: string,
  ) {
    this.successes = origins.map(() => []);
    this.notReady = origins.map(() => []);
  }

  /** So many clients for each gateway. */
  start(clients: number): void {
    const all = this.origins.flatMap((_, at) => Array.from({ length: clients }, () => this.client(at)));
    const watchers = this.origins.flatMap((_, at) => [this.watchReadiness(at), this.probe(at)]);
    this.working = Promise.all([...all, ...watchers]);
    this.working.catch(() => {});
  }

  /**
   * Resolves once every client has the answer that it waits for.
   * @throws if one still waits after `milliseconds`
   */
  async stop(milliseconds = 60_000): Promise<void> {
    this.stopping = true;
    this.patience = performance.now() + milliseconds;
    await this.working;
  }

  /** The longest time between two writes that a gateway acknowledged, since a moment. In milliseconds. */
  longestPause(gateway: number, since: number): number {
    const all = [since, ...this.successes[gateway].filter((at) => at > since), performance.now()];
    return Math.max(...all.slice(1).map((at, before) => at - all[before]));
  }

  private async client(home: number): Promise<void> {
    const { data } = await this.ask(home, documents.account, { name: `account-${this.count++}` }, `a-${this.count}`);
    const account = data.done.account.accountNumber;
    while (!this.stopping) {
      await this.story(home, account);
      await delay(pauseMs);
    }
  }

  /** Writes at a fixed pace, whatever becomes of the writes before: they tell when a gateway works again. */
  private async probe(gateway: number): Promise<void> {
    const all: Promise<void>[] = [];
    while (!this.stopping) {
      const name = `probe-${this.count++}`;
      const asked = this.ask(gateway, documents.account, { name }).then(({ code, data }) =>
        this.note('account', [name], false, code ? undefined : data, (done) => [done.account.id]),
      );
      all.push(asked);
      await delay(probeMs);
    }
    await Promise.all(all);
  }

  private async story(home: number, account: string): Promise<void> {
    const name = `story-${this.count++}`;
    const ordered = await this.keyed(home, documents.order, { account, name });
    this.note('order', [name], true, ordered, (done) => ids(done.order.orderLineItems.nodes));
    const [orderLineItemId] = ids(ordered.done.order.orderLineItems.nodes);
    const entry = (externalId: string) => ({
      orderLineItemId,
      externalId,
      quantity: 1,
      fulfillmentDate: day,
      state: 'Booked',
    });

    const names = ['a', 'b', 'c'].map((letter) => `${name}-${letter}`);
    const made = await this.keyed(home, documents.fulfillments, { all: names.map(entry) });
    this.note('fulfillment', names, true, made, (done) => ids(done.fulfillments));
    const shipped = ids(made.done.fulfillments);
    await this.find((home + 1) % this.origins.length, shipped);

    const once = await this.ask(home, documents.fulfillments, { all: [entry(`${name}-u`)] });
    this.note('fulfillment', [`${name}-u`], false, once.code ? undefined : once.data, (done) => ids(done.fulfillments));

    const bill = await this.keyed(home, documents.bill, { keys: shipped.slice(0, 2) });
    this.note('bill', names.slice(0, 2), true, bill, (done) => ids(done.invoices));
    const sent = { ...entry(`${name}-p`), state: 'SentToBilling', billTargetDate: day };
    const paid = await this.keyed(home, documents.pay, { all: [sent] });
    this.note('fulfillment', [`${name}-p`], true, paid, (done) => ids(done.fulfillments));
    this.note('bill', [`${name}-p`], true, paid, (done) => ids(done.invoices));
    this.note('payment', [`${name}-p`], true, paid, (done) => ids(done.payments));
    await this.find((home + 1) % this.origins.length, shipped);
  }

  // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
  private note(kind: Effect['kind'], names: string[], keyed: boolean, data: any, found: (done: any) => string[]): void {
    const refused = data?.done.userErrors.length > 0;
    const told = data === undefined ? 'unknown' : refused ? 'refused' : 'done';
    const known = told === 'done' ? found(data.done) : [];
    for (const [at, name] of names.entries()) this.effects.push({ name, kind, keyed, told, ids: at ? [] : known });
  }

  /** Asks until the gateways answer, each in turn, under one key. */
  private async keyed(home: number, query: string, variables: object) {
    const key = `key-${this.count++}`;
    for (let times = 0; ; times++) {
      const { code, data } = await this.ask((home + times) % this.origins.length, query, variables, key);
      if (!code) return data;
      await delay(againMs);
    }
  }

  /** What was acknowledged is there for the next reader, at whichever gateway. */
  private async find(gateway: number, wanted: string[]): Promise<void> {
    for (;;) {
      const { code, data } = await this.ask(gateway, documents.read, { ids: wanted });
      if (!code) {
        if (data.nodes.some((node: object | null) => node === null))
          this.missed.push(`${new Date().toISOString()} ${wanted} at gateway ${gateway}, ${this.scene}`);
        return;
      }
      await delay(againMs);
    }
  }

  private async ask(gateway: number, query: string, variables: object, key?: string): Promise<Answered> {
    const began = performance.now();
    if (began > this.patience) throw new Error('a client waits in vain for its answer');
    const answer = await this.fetched(gateway, query, variables, key).catch(
      (error): Answered => ({ status: 0, code: String(error.cause ?? error), retryAfter: null }),
    );
    this.slowest = Math.max(this.slowest, performance.now() - began);
    const { status, code, retryAfter } = answer;
    const heard = code ? `${status} ${code}` : `${status}`;
    this.replies[heard] = (this.replies[heard] ?? 0) + 1;
    this.recent[`${gateway} ${heard}`] = new Date().toISOString();
    if (code && !passing.includes(code) && !foreseen.includes(heard)) this.odd.push(heard);
    if (status === 503 && !retryAfter) this.odd.push(`${heard} without Retry-After`);
    if (!code && query.startsWith('mutation')) this.successes[gateway].push(performance.now());
    return answer;
  }

  private async fetched(gateway: number, query: string, variables: object, key?: string): Promise<Answered> {
    const response = await fetch(`${this.origins[gateway]}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        ...(key && { 'idempotency-key': key }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as Answered & { errors?: { extensions: { code: string } }[] };
    const refusal = data?.done?.userErrors?.[0]?.code;
    const code = errors?.[0].extensions.code ?? refusal;
    return { status: response.status, code, retryAfter: response.headers.get('retry-after'), data };
  }

  private async watchReadiness(gateway: number): Promise<void> {
    while (!this.stopping) {
      const { status } = await fetch(`${this.origins[gateway]}/readyz`);
      if (status !== 200) this.notReady[gateway].push(performance.now());
      await delay(againMs);
    }
  }
}

const ids = (nodes: readonly { id: string }[]): string[] => nodes.map(({ id }) => id);
