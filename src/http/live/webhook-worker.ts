import type { FastifyBaseLogger } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../domain/caller';
import { mostInFlight, pauseAfter, retryPauses } from '../../domain/webhook-endpoint';
import { type WebhookAnswer, type WebhookSender, webhookAttempts } from '../../gateway/webhook';
import { tellOutage } from '../../service/run/outage';
import type { Services } from '../../service/run/services';
import {
  type Claimed,
  claimDeliveries,
  disableFailing,
  eventsToSend,
  fanOut,
  newEvents,
  type Outcome,
  recordOutcomes,
  type WebhookEvent,
} from '../../service/webhook-delivery';
import type { Identity } from '../auth/identity';
import { Signal } from './signal';
import { BudgetUsedUp, mostQueryMs, type Payloads } from './webhook-payload';

/** Without a signal, the worker looks for new events and due deliveries as often. */
const pollMs = 1_000;
/** Pause between two looks for events. Commits that come closer together are looked at together. */
const gapMs = 20;
/** Requests that this process has under way. Each takes a socket and its body. */
const mostSends = 512;
/** Endpoints that are remembered to be silent: more than the requests above can ever be under way to. */
const mostSilent = 1_000;
/** Deliveries that one statement claims. */
const mostClaimed = 200;
/** A request has ended by then (gateway/webhook.ts). */
const sendMs = 10_000;
/**
 * After this time a claim ends, and any process sends the delivery again. It has room for query and request. With the wait
 * for the next look, what was under way in a process that died is sent again within 20 seconds.
 */
const leaseMs = sendMs + mostQueryMs + 2_000;
/** Pause after a failure that is not the endpoint's. */
const ownPauseMs = 5_000;
/** How long a client without access is left alone. */
const unseenPauseMs = 60_000;
/** How long a stop waits for requests under way. What is cut off is sent again by another process. */
const stopMs = 3_000;

export interface WorkerOptions {
  services: Services;
  identity: Identity;
  payloads: Payloads;
  sender: WebhookSender;
  log: FastifyBaseLogger;
}

/**
 * Sends webhooks. Three loops share the work: one turns new events into deliveries, one claims what is due and starts sending,
 * and one records what came of it. No transaction and no connection is held while a request is under way. Any number of
 * processes do this at once.
 */
export class WebhookWorker {
  private readonly news = new Signal();
  private readonly due = new Signal();
  private readonly done = new Signal();
  /** Requests under way by endpoint, until their outcome is recorded. */
  private readonly busy = new Map<string, number>();
  private total = 0;
  /**
   * Endpoints whose last request got no answer. Each is asked one thing at a time until it answers: hundreds that hang would
   * otherwise take all requests that this process may have under way. Bounded, since nobody tells of one that is deleted.
   */
  private readonly silent = new LRUCache<string, true>({ max: mostSilent });
  private outcomes: Outcome[] = [];
  private enabled = false;
  private ended = false;
  private draining = false;
  private cutOff = false;
  private loops: Promise<void>[] = [];

  constructor(private readonly options: WorkerOptions) {}

  /** Begins to work. */
  start(): void {
    if (this.loops.length) return;
    this.loops = [
      this.loop(this.news, 'looking for events to send', () => this.lookForEvents(), gapMs),
      this.loop(this.due, 'claiming webhook deliveries', () => this.claim()),
      this.loop(this.done, 'recording webhook deliveries', () => this.record()),
    ];
  }

  /** Tells that something was committed. Costs nothing while no endpoint is enabled. */
  wake(): void {
    if (this.enabled) this.news.set();
  }

  /** Ends after the requests under way, or cuts them off after some seconds. Their outcomes are recorded. */
  async stop(): Promise<void> {
    this.ended = true;
    for (const signal of [this.news, this.due]) signal.set();
    const cut = setTimeout(() => {
      this.cutOff = true;
      this.options.sender.close();
    }, stopMs);
    const [looking, claiming, recording] = this.loops;
    await Promise.all([looking, claiming]);
    // Nothing is claimed from now on.
    this.draining = true;
    this.done.set();
    await recording;
    clearTimeout(cut);
    this.options.sender.close();
  }

  /** Runs an act at each signal and once a second, and again at once while it says that more is left. */
  private async loop(signal: Signal, what: string, act: () => Promise<boolean>, pauseMs = 0): Promise<void> {
    const isOver = () => (signal === this.done ? this.draining && this.total === 0 : this.ended);
    while (!isOver()) {
      try {
        if (await act()) continue;
      } catch (error) {
        this.options.services.onFailure(error, what);
        // Another process sends again what could not be recorded.
        if (this.cutOff) return;
        await new Promise((resolve) => setTimeout(resolve, pollMs).unref());
      }
      if (pauseMs && !this.ended) await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      await signal.wait(this.ended ? gapMs : pollMs);
    }
  }

  private async lookForEvents(): Promise<boolean> {
    const { services, identity } = this.options;
    const { enabled, behind } = await newEvents(services);
    if (enabled && !this.enabled) this.due.set();
    this.enabled = enabled;
    let more = false;
    const failures: unknown[] = [];
    for (const { entityId, clientId } of behind) {
      if (this.ended) return false;
      try {
        const caller = await identity.present(clientId, entityId, 'webhooks');
        if (!caller) continue;
        more = (await fanOut(services, caller)) || more;
        this.due.set();
      } catch (error) {
        // The others get their events all the same. In an outage, one failure is enough.
        failures.push(error);
        if (tellOutage(error)) break;
      }
    }
    if (failures.length) throw failures[0];
    return more;
  }

  private async claim(): Promise<boolean> {
    const most = Math.min(mostSends - this.total, mostClaimed);
    if (!this.enabled || most <= 0) return false;
    const began = performance.now();
    const claimed = await claimDeliveries(this.options.services, { most, leaseMs, busy: this.taken() });
    const groups = new Map<string, Claimed[]>();
    for (const delivery of claimed) {
      this.count(delivery.endpointId, 1);
      const key = `${delivery.entityId} ${delivery.clientId}`;
      groups.set(key, [...(groups.get(key) ?? []), delivery]);
    }
    for (const group of groups.values()) void this.deliverAll(group, began);
    return claimed.length > 0;
  }

  /** The requests under way by endpoint, as if a silent endpoint had room for one. */
  private taken(): Map<string, number> {
    const silent = [...this.silent.keys()].map((id): [string, number] => [
      id,
      (this.busy.get(id) ?? 0) + mostInFlight - 1,
    ]);
    return new Map([...this.busy, ...silent]);
  }

  private count(endpointId: string, by: 1 | -1): void {
    this.total += by;
    const now = (this.busy.get(endpointId) ?? 0) + by;
    if (now > 0) this.busy.set(endpointId, now);
    else this.busy.delete(endpointId);
  }

  /** Sends deliveries to endpoints of one client in one entity, all at once. */
  private async deliverAll(deliveries: readonly Claimed[], began: number): Promise<void> {
    const { services, identity } = this.options;
    const [{ clientId, entityId, claim }] = deliveries;
    try {
      const caller = await identity.present(clientId, entityId, `webhooks ${claim}`);
      if (!caller) {
        for (const delivery of deliveries) this.end(later(delivery, unseenPauseMs));
        return;
      }
      const events = await eventsToSend(services, caller, deliveries);
      for (const delivery of deliveries) void this.deliver(caller, delivery, events.get(delivery.id), began);
    } catch (error) {
      services.onFailure(error, 'preparing webhook deliveries');
      for (const delivery of deliveries) this.end(later(delivery, ownPauseMs));
    }
  }

  private async deliver(
    caller: Caller,
    delivery: Claimed,
    event: WebhookEvent | undefined,
    began: number,
  ): Promise<void> {
    try {
      this.end(event ? await this.attempt(caller, delivery, event, began) : unseen(delivery));
    } catch (error) {
      if (!(error instanceof BudgetUsedUp)) this.options.services.onFailure(error, 'delivering a webhook');
      const pauseMs = error instanceof BudgetUsedUp ? error.retryAfterMs : ownPauseMs;
      this.end(later(delivery, pauseMs, error instanceof BudgetUsedUp ? `${error.message}` : null));
    }
  }

  private async attempt(caller: Caller, delivery: Claimed, event: WebhookEvent, began: number): Promise<Outcome> {
    const { payloads, sender } = this.options;
    const { url, secrets, endpointId, id: deliveryId, documentId } = delivery;
    const body = await payloads.body(caller, event, documentId);
    // The claim must not end while the request is under way: another process would send at the same time.
    if (performance.now() - began > leaseMs - sendMs) return later(delivery, 0);
    const answer = await webhookAttempts.tracePromise(() => sender.send({ url, id: event.id, body, secrets }), {
      ...{ endpointId, deliveryId, began: performance.now() },
    });
    if (this.cutOff && answer.status === null) return later(delivery, 0);
    return this.judge(caller, delivery, answer);
  }

  /** What a delivery becomes by an answer. An endpoint that is gone, or has failed for three days, is disabled first. */
  private async judge(caller: Caller, delivery: Claimed, answer: WebhookAnswer): Promise<Outcome> {
    const { status: responseStatus, error, retryAfterMs } = answer;
    if (responseStatus === null) this.silent.set(delivery.endpointId, true);
    else this.silent.delete(delivery.endpointId);
    const tried = { ...claimOf(delivery), attempts: 1 as const, responseStatus, error };
    if (error === null) return { ...tried, status: 'Delivered', pauseMs: null };
    const pauseMs = pauseAfter(delivery.attempts + 1, retryAfterMs, Math.random());
    if (pauseMs !== null && responseStatus !== 410) return { ...tried, status: 'Pending', pauseMs };
    const reason =
      responseStatus === 410
        ? 'The endpoint answered 410 Gone.'
        : `A delivery failed ${retryPauses.length + 1} times over three days. The last reason: ${error}.`;
    const { services, log } = this.options;
    const { endpointId, clientId, url } = delivery;
    const found = await disableFailing(services, caller, { id: endpointId, url, reason });
    // What the old address says is nothing against the new one.
    if (found === 'moved') return { ...tried, status: 'Pending', pauseMs: 0 };
    if (found === 'disabled') log.warn({ endpointId, clientId, reason }, 'a webhook endpoint was disabled');
    return { ...tried, status: 'Failed', pauseMs: null };
  }

  private end(outcome: Outcome): void {
    this.outcomes.push(outcome);
    this.done.set();
  }

  /** Records all that has ended, in one transaction. What cannot be recorded is kept for the next try. */
  private async record(): Promise<boolean> {
    const outcomes = this.outcomes.splice(0);
    if (outcomes.length === 0) return false;
    try {
      await recordOutcomes(this.options.services, outcomes);
    } catch (error) {
      this.outcomes.unshift(...outcomes);
      throw error;
    }
    for (const { endpointId } of outcomes) this.count(endpointId, -1);
    this.due.set();
    return this.outcomes.length > 0;
  }
}

const claimOf = ({ entityId, id, endpointId, subjectId, claim }: Claimed) => ({
  ...{ entityId, id, endpointId, subjectId, claim },
});

/** Nothing was tried: the delivery is sent later, and the attempt does not count. */
const later = (delivery: Claimed, pauseMs: number, error: string | null = null): Outcome => ({
  ...claimOf(delivery),
  ...{ status: 'Pending', pauseMs, attempts: 0, responseStatus: null, error },
});

const unseen = (delivery: Claimed): Outcome => ({
  ...claimOf(delivery),
  ...{ status: 'Failed', pauseMs: null, attempts: 0, responseStatus: null },
  error: 'the client no longer sees the event',
});
