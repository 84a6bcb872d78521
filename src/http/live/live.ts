import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { OperationTypeNode } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { canonical } from '../../domain/json';
import { type Limits } from '../../domain/limits';
import type { Operation, Variables } from '../../graph/guard/operation';
import { type EventQuery, eventQuery, followsEvents, queryOf, subjectsRead } from '../../graph/read/subscription';
import type { Changes } from '../../service/changes';
import type { ClientUse } from '../../service/client-use';
import type { Identity } from '../auth/identity';
import { failureOf } from '../failure';
import { EventStream } from './event-stream';
import { HeldSubscriptions } from './held-subscriptions';
import { LiveRead } from './live-read';
import type { LiveMeter } from './meter';
import { type Reader } from './reader';
import type { Shared } from './shared';
import { type Answer, Subscriber } from './subscriber';

/** A client that subscribes, by one connection. */
export interface Session {
  caller: Caller;
  /** What the caller was identified by. It is judged again and again while the connection lasts. */
  headers: IncomingHttpHeaders;
  requestId: string;
  /** Ends all subscriptions of the session: its client may not have them any more, or should connect again. */
  end(reason: Ending): void;
}

/** Why a session ends. */
export type Ending = { kind: 'refused'; error: RequestError } | { kind: 'changed' } | { kind: 'stopping' };

type Source = (subscriber: Subscriber) => AsyncGenerator<Answer>;

interface LiveOptions {
  identity: Identity;
  changes: Changes;
  reader: Reader;
  limits: Limits;
  /** How long a revoked grant may still work, in milliseconds. */
  grantsTtlMs: number;
  log: FastifyBaseLogger;
  meter: LiveMeter;
  /** What clients use in other processes. */
  use: ClientUse;
}

/** The shortest time between two looks at the grants of sessions. */
const leastMs = 100;

/** The subscriptions of this process. */
export class Live {
  private readonly sessions = new Map<Session, Set<Subscriber>>();
  private readonly shared = new Map<string, Shared>();
  private readonly held: HeldSubscriptions;
  private readonly timer: NodeJS.Timeout;
  private isStopping = false;
  private isJudging = false;

  constructor(private readonly options: LiveOptions) {
    this.timer = setInterval(() => this.judgeAll(), Math.max(options.grantsTtlMs, leastMs)).unref();
    this.held = new HeldSubscriptions(options.limits, options.use);
    const { shared, sessions, held } = this;
    options.meter.watch(() => ({ subscriptions: held.count, shared: shared.size, sessions: sessions.size }));
  }

  /** @throws RequestError UNAVAILABLE while the server stops */
  open(session: Session): void {
    this.check();
    this.sessions.set(session, new Set());
  }

  close(session: Session): void {
    for (const subscriber of this.sessions.get(session) ?? []) subscriber.end();
    this.sessions.delete(session);
  }

  /** @throws RequestError UNAVAILABLE while the server stops */
  check(): void {
    if (this.isStopping) throw new RequestError('UNAVAILABLE', stopping);
  }

  /**
   * The answers to a subscription, or the one answer to a query. The operation has been judged as any. Failures come as
   * `shown` makes them.
   * @throws RequestError FORBIDDEN, BAD_REQUEST
   * @throws LimitError RATE_LIMITED if the client, or all together, have too many
   */
  subscribe(
    session: Session,
    operation: Operation,
    requestId: string,
    shown: (error: unknown) => unknown = (error) => error,
  ): AsyncGenerator<Answer> {
    this.check();
    const subscribers = this.sessions.get(session);
    if (!subscribers) throw new RequestError('UNAVAILABLE', 'The connection has ended.');
    const { caller } = session;
    const source = this.sourceOf(operation, caller, requestId);
    this.held.admit(caller.clientId);
    const began = performance.now();
    const subscriber: Subscriber = new Subscriber(caller, requestId, (error) => {
      subscribers.delete(subscriber);
      this.held.leave(caller.clientId);
      const code = error === undefined ? 'left' : failureOf(error, requestId).code;
      this.options.meter.end(code);
      this.options.log.info(
        {
          ...{ requestId, clientId: caller.clientId, operation: nameOf(operation), answers: subscriber.taken, code },
          milliseconds: Math.round(performance.now() - began),
        },
        'subscription',
      );
    });
    subscribers.add(subscriber);
    return subscriber.answers(source(subscriber), shown);
  }

  private sourceOf(operation: Operation, caller: Caller, requestId: string): Source {
    const { operation: type } = operation.node;
    if (type === OperationTypeNode.MUTATION) throw new RequestError('BAD_REQUEST', noMutation);
    if (type === OperationTypeNode.QUERY) {
      const { reader } = this.options;
      return async function* () {
        yield await reader.answer(operation, { callers: [caller], requestId });
      };
    }
    if (caller.undecided) throw caller.undecided;
    if (!caller.scopes.has('read')) throw new RequestError('FORBIDDEN', 'Subscriptions need the scope "read".');
    const events = followsEvents(operation) ? eventQuery(operation) : undefined;
    const shared = () => this.sharedFor(operation, caller, events);
    // Begun with the first answer that is asked for, so that nothing is shared by nobody.
    return async function* (subscriber) {
      yield* shared().follow(subscriber, events?.after);
    };
  }

  /** Ends all subscriptions, and takes no more. Their clients connect again, to another process. */
  stop(): void {
    this.isStopping = true;
    clearInterval(this.timer);
    for (const session of [...this.sessions.keys()]) session.end({ kind: 'stopping' });
  }

  private sharedFor(operation: Operation, caller: Caller, events: EventQuery | undefined): Shared {
    const query = events?.page('', 1) ?? queryOf(operation);
    const subjects = subjectsRead(query);
    // A query that reads whatever an id names may find what belongs to one client alone.
    const owner = subjects === 'all' ? caller.clientId : null;
    const key = keyOf(operation, events?.shared ?? operation.variables, caller, owner);
    const known = this.shared.get(key);
    if (known) return known;
    const { reader, changes } = this.options;
    const forget = () => this.shared.get(key) === made && this.shared.delete(key);
    const made: Shared = events
      ? new EventStream(reader, events, changes, caller.entityId, forget)
      : new LiveRead(reader, query, subjects, changes, caller.entityId, forget);
    this.shared.set(key, made);
    return made;
  }

  /** Ends the sessions whose token has ended, whose client is revoked, or whose grants have changed. */
  private async judgeAll(): Promise<void> {
    if (this.isJudging) return;
    this.isJudging = true;
    await Promise.all([...this.sessions.keys()].map((session) => this.judge(session)));
    this.isJudging = false;
  }

  private async judge(session: Session): Promise<void> {
    try {
      const now = await this.options.identity.callerOf(session.headers, session.requestId);
      if (scopeOf(now) !== scopeOf(session.caller)) session.end({ kind: 'changed' });
    } catch (error) {
      // An outage says nothing of the client.
      if (error instanceof RequestError && error.code !== 'UNAVAILABLE') session.end({ kind: 'refused', error });
    }
  }
}

const nameOf = ({ node }: Operation): string => `${node.operation} ${node.name?.value ?? '(unnamed)'}`;

const stopping = 'The server is stopping. Connect again.';
const noMutation = 'A mutation is sent by POST with Accept: application/json. Here are subscriptions, and queries.';

/** What a caller may see and run, in one text. */
function scopeOf(caller: Caller): string {
  const { clientId, scopes, documentMode } = caller;
  const where = caller.undecided ? [] : [caller.entityId, ...[...caller.orgIds].sort()];
  return JSON.stringify([clientId, documentMode, [...scopes].sort(), where]);
}

/** Equal subscriptions in the same scope have the same key, whoever their clients are, unless they have an owner. */
function keyOf({ hash, node }: Operation, variables: Variables, caller: Caller, owner: string | null): string {
  const scope = [caller.entityId, [...caller.orgIds].sort(), [...caller.scopes].sort(), owner];
  const asked = [hash, node.name?.value ?? null, canonical(variables), scope];
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
}
