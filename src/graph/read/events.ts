import type { GraphQLResolveInfo } from 'graphql';
import { RequestError } from '../../domain/errors';
import { type EventsNow, eventsNow } from '../../store/event-epoch';
import { type EventFilter, events, type HistoryEntryRow } from '../../store/history';
import { count, type Listed, type Position, page } from '../../store/query/list';
import type { PageInfo } from '../build/connection-types';
import type { GraphContext } from '../context';
import { checkedFilter } from '../filters';
import { countCosts } from '../guard/cost';
import { columnsOf } from './columns';
import { type Asked, Page, type RelayConnection, windowOf } from './connections';
import { decodeCursor, isInstant, signatureOf } from './cursor';
import { selectedFields } from './selection';
import { showInPlace } from './show';

export interface EventsArgs {
  first?: number | null;
  after?: string | null;
  filter?: EventFilter | null;
}

/*
 * The cursor of an event is a position among all events, whatever the filter. Besides the position it holds the epoch in
 * which it was given, and the time of the event: from then on a client looks for what it may have missed, if the database
 * is restored.
 */

const order = events.defaultSort;
const signature = signatureOf('event', order, null);
const last = 'f'.repeat(32);

const encode = ({ value, id }: Position, { epoch }: EventsNow, at: string): string =>
  Buffer.from(JSON.stringify([signature, value, id, epoch, at])).toString('base64url');

/** @throws RequestError BAD_CURSOR, with the time to resume from if the database was restored since */
function decode(cursor: string, { epoch, beganDate, end, isReplica }: EventsNow): Position {
  const position = decodeCursor(cursor, signature, events.sorts[order.field]);
  const [, , , given, at] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  // A replica may not know the position yet. The primary has given no position beyond its end, unless it was set back.
  const isLost = !isReplica && BigInt(position.value) >= BigInt(end);
  if (given === epoch && !isLost) return position;
  if (!Number.isInteger(given) || typeof at !== 'string' || !isInstant(at)) throw new RequestError('BAD_CURSOR');
  const when = given === epoch ? 'to a time before this cursor' : `on ${beganDate}`;
  throw new RequestError(
    'BAD_CURSOR',
    `The database was restored ${when}. Read what has changed since ${at}, and follow the events anew from there.`,
  );
}

/** A page of events. Its end is known on an empty page too. */
class EventPage extends Page<HistoryEntryRow> {
  constructor(
    asked: Asked,
    fetch: () => Promise<Listed<HistoryEntryRow>[]>,
    total: () => Promise<number>,
    private readonly now: EventsNow,
    private readonly after: string | null,
  ) {
    super(asked, fetch, total);
  }

  protected override cursorOf(row: Listed<HistoryEntryRow>): string {
    return encode({ value: row.sortValue, id: row.id }, this.now, row.at);
  }

  override async pageInfo(): Promise<PageInfo> {
    const info = await super.pageInfo();
    return { ...info, endCursor: info.endCursor ?? this.position() };
  }

  /** What an empty page has looked through. A replica may be behind the cursor that the client came with. */
  private position(): string {
    const { from } = this.asked.query;
    const reached = BigInt(this.now.horizon) - 1n;
    if (this.after && from && BigInt(from.value) > reached) return this.after;
    return encode({ value: String(reached), id: last }, this.now, this.now.now);
  }
}

/**
 * The events of the caller's scope, the oldest first.
 * @throws RequestError PAGE_SIZE, BAD_CURSOR
 */
export async function eventConnection(
  context: GraphContext,
  { first, after, filter }: EventsArgs,
  info: GraphQLResolveInfo,
): Promise<RelayConnection<HistoryEntryRow>> {
  const { size } = windowOf({ first }, context.maxPageSize);
  const scoped = context.work.reads();
  const now = await eventsNow(scoped);
  const query = {
    filter: checkedFilter(filter),
    properties: columnsOf('historyEntry', [...selectedFields(info), 'at']),
    limit: size + 1,
    from: after == null ? null : decode(after, now),
    backward: false,
  };
  const fetch = async () =>
    (await page(scoped, events, query)).map((row) =>
      showInPlace<'historyEntry', Listed<HistoryEntryRow>>('historyEntry', row),
    );
  const total = () => {
    context.reply.addReading(countCosts.root);
    return count(scoped, events, query.filter);
  };
  return new EventPage({ query, signature: () => signature }, fetch, total, now, after ?? null);
}
