import type { GraphQLResolveInfo } from 'graphql';
import { RequestError } from '../../domain/errors';
import { countEvents, type EventFilter, type EventsNow, eventPage, eventsNow } from '../../store/event';
import type { HistoryEntryRow } from '../../store/history';
import type { Listed, Position } from '../../store/query/list';
import type { PageInfo } from '../build/connection-types';
import type { GraphContext } from '../context';
import { checkedFilter } from '../filters';
import { countCosts } from '../guard/cost';
import { columnsOf } from './columns';
import { type Asked, Page, type RelayConnection, windowOf } from './connections';
import { isId, isInstant, signatureOf } from './cursor';
import { selectedFields } from './selection';
import { showInPlace } from './show';

interface EventsArgs {
  first?: number | null;
  after?: string | null;
  filter?: EventFilter | null;
}

/**
 * The cursor of an event is a position among all events, whatever the filter. It also holds the epoch in which it was
 * given, and the time of the event. From then on a client looks for what it missed, if the database is restored.
 */
export interface EventCursor extends Position {
  epoch: number;
  at: string;
}

const signature = signatureOf('events', { field: 'position', direction: 'ASC' }, null);
const lastId = 'f'.repeat(32);
const beginning = { value: '0', id: '0'.repeat(32), at: '1970-01-01T00:00:00.000Z' };
const isPosition = /^\d{1,18}$/;

const encode = ({ value, id, epoch, at }: EventCursor): string =>
  Buffer.from(JSON.stringify([signature, value, id, epoch, at])).toString('base64url');

/** The position of a cursor of events, in its epoch. @throws RequestError BAD_CURSOR */
export function decodeEventCursor(cursor: string): EventCursor {
  try {
    const [signed, value, id, epoch, at] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    // A list of one text reads like the text, until PostgreSQL gets it.
    const texts = [value, id, at].every((each) => typeof each === 'string');
    const fits = texts && isPosition.test(value) && isId.test(id) && isInstant(at);
    if (signed === signature && fits && Number.isInteger(epoch)) return { value, id, epoch, at };
  } catch {
    // Not a cursor of this gateway: refused below.
  }
  throw new RequestError('BAD_CURSOR');
}

/** Where a cursor stands among all events. @throws RequestError BAD_CURSOR */
export function placeOf(cursor: string): string {
  const { value, id } = decodeEventCursor(cursor);
  return value.padStart(18, '0') + id;
}

/** The cursor behind all events that are complete now. */
export async function presentCursor(context: GraphContext): Promise<string> {
  const { horizon, epoch, now } = await eventsNow(context.work.reads().connection);
  return encode({ value: String(BigInt(horizon) - 1n), id: lastId, epoch, at: now });
}

/** @throws RequestError BAD_CURSOR with the time to resume from, if the database was restored since the cursor was given */
export function checkEventCursor(
  cursor: EventCursor | null,
  now: Pick<EventsNow, 'epoch' | 'end' | 'beganDate' | 'isReplica'>,
): void {
  if (!cursor) return;
  // A replica may not know the position yet. The primary has given no position beyond its end, unless it was set back.
  const isLost = !now.isReplica && BigInt(cursor.value) >= BigInt(now.end);
  if (cursor.epoch === now.epoch && !isLost) return;
  const when = cursor.epoch === now.epoch ? 'to a time before this cursor' : `on ${now.beganDate}`;
  throw new RequestError(
    'BAD_CURSOR',
    `The database was restored ${when}. Read what has changed since ${cursor.at}, and follow the events anew from there.`,
  );
}

/** A page of events. Its end is known on an empty page too. */
class EventPage extends Page<HistoryEntryRow> {
  constructor(
    asked: Asked,
    fetch: () => Promise<Listed<HistoryEntryRow>[]>,
    total: () => Promise<number>,
    private readonly now: () => EventsNow,
    private readonly after: string | null,
  ) {
    super(asked, fetch, total);
  }

  protected override cursorOf({ sortValue, id, at }: Listed<HistoryEntryRow>): string {
    return encode({ value: sortValue, id, epoch: this.now().epoch, at });
  }

  override async pageInfo(): Promise<PageInfo> {
    const info = await super.pageInfo();
    return { ...info, endCursor: info.endCursor ?? this.reached(info.hasNextPage) };
  }

  /** How far an empty page has looked: nowhere if it was to be empty. A replica may be behind the client's cursor. */
  private reached(hasNext: boolean): string {
    const { horizon, epoch, now } = this.now();
    const { from } = this.asked.query;
    const reached = BigInt(horizon) - 1n;
    if (this.after && from && (hasNext || BigInt(from.value) > reached)) return this.after;
    if (hasNext) return encode({ ...beginning, epoch });
    return encode({ value: String(reached), id: lastId, epoch, at: now });
  }
}

/**
 * The events of the caller's scope, the oldest first.
 * @throws RequestError PAGE_SIZE, BAD_CURSOR
 */
export function eventConnection(
  context: GraphContext,
  { first, after, filter }: EventsArgs,
  info: GraphQLResolveInfo,
): RelayConnection<HistoryEntryRow> {
  const { size } = windowOf({ first }, context.maxPageSize);
  const scoped = context.work.reads();
  const cursor = after == null ? null : decodeEventCursor(after);
  const query = {
    filter: checkedFilter(filter),
    properties: columnsOf('historyEntry', [...selectedFields(info), 'at']),
    limit: size + 1,
    from: cursor,
    backward: false,
  };
  let known: EventsNow;
  const fetch = async () => {
    const { now, rows } = await eventPage(scoped, query);
    checkEventCursor(cursor, now);
    known = now;
    return rows.map((row) => showInPlace<'historyEntry', Listed<HistoryEntryRow>>('historyEntry', row));
  };
  const total = () => {
    context.reply.addReading(countCosts.root);
    return countEvents(scoped, query.filter);
  };
  return new EventPage({ query, signature: () => signature }, fetch, total, () => known, after ?? null);
}
