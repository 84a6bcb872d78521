import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { RequestError, type RequestErrorCode, requestErrorCodes } from '../../domain/errors';
import { LimitError } from '../../domain/limits';
import { placeOf } from '../../graph/read/events';
import { type EventQuery, eventsAtOnce, pageIn, subjectsOfEvents, takeOwn } from '../../graph/read/subscription';
import type { Changes } from '../../service/changes';
import type { Reader, Reading } from './reader';
import { Shared } from './shared';
import type { Answer, Subscriber } from './subscriber';

/** An event as subscribers get it, with its place among all events. */
interface Told extends Answer {
  place: string;
  cursor: string;
  /** When it happened. */
  at: string;
}

interface Page {
  events: Told[];
  end: string;
  hasNext: boolean;
}

/** The events that are kept for subscribers that take them a little later than others, and their characters. */
const mostKept = 1_000;
const longestKept = 1_000_000;

/**
 * Events of one filter and selection. A subscriber that has come to the end shares with the others what comes then. One that
 * is behind reads by itself what it has missed, at its own pace: nothing is kept for it.
 */
export class EventStream extends Shared {
  /** How far the events have been read for all. */
  private head: string | undefined;
  /** The latest events up to the head, behind the place `from`. */
  private recent: Told[] = [];
  private from = '';
  private length = 0;
  private beginning: Promise<void> | undefined;
  private isAdvancing = false;
  private atOnce = eventsAtOnce;
  /** Subscribers that have taken all. */
  private waiting = 0;
  private isDue = false;

  constructor(
    private readonly reader: Reader,
    private readonly query: EventQuery,
    changes: Changes,
    entityId: string,
    onEmpty: () => void,
  ) {
    super(changes, entityId, subjectsOfEvents(query.filter), onEmpty);
  }

  protected override async *answers(subscriber: Subscriber, after?: string): AsyncGenerator<Answer> {
    this.beginning ??= this.begin();
    await this.beginning;
    let cursor = after ?? (await this.reader.presentCursor(this.reading()));
    let at = placeOf(cursor);
    // The first page also tells whether the cursor can be used.
    let isBehind = after !== undefined;
    while (!subscriber.ended) {
      subscriber.begun ||= after === undefined;
      if (!isBehind && at >= this.from) {
        const next = this.next(at);
        if (next) {
          at = next.place;
          cursor = next.cursor;
          yield next;
        } else await this.idle(subscriber);
        continue;
      }
      const page = await this.patiently(subscriber, () => this.read(cursor, only(subscriber)));
      subscriber.begun = true;
      for (const event of page?.events ?? []) {
        if (subscriber.ended) return;
        yield event;
      }
      cursor = page?.end ?? cursor;
      at = placeOf(cursor);
      isBehind = false;
    }
  }

  protected override complete(): void {
    this.isDue = true;
    if (this.head !== undefined && !this.isAdvancing) this.advance();
  }

  private next(at: string): Told | undefined {
    const last = this.recent.at(-1);
    return last && last.place > at ? this.recent.find(({ place }) => place > at) : undefined;
  }

  /** What all have taken is not kept. */
  private async idle(subscriber: Subscriber): Promise<void> {
    this.waiting++;
    const last = this.recent.at(-1);
    if (last && this.waiting === this.subscribers.size)
      Object.assign(this, { recent: [], length: 0, from: last.place });
    await subscriber.wait();
    this.waiting--;
  }

  private async begin(): Promise<void> {
    try {
      const head = await this.reader.presentCursor(this.reading());
      this.from = placeOf(head);
      this.head = head;
      if (this.isDue) this.advance();
    } catch (error) {
      this.beginning = undefined;
      throw error;
    }
  }

  private async advance(): Promise<void> {
    this.isAdvancing = true;
    try {
      while (this.isDue && this.subscribers.size) {
        this.isDue = false;
        const { events, end, hasNext } = await this.read(this.head!, this.reading());
        this.isDue ||= hasNext;
        this.head = end;
        this.keep(events);
        for (const { at } of events) this.reader.meter.told(at);
        if (events.length) this.ringAll();
      }
      this.succeed();
    } catch (error) {
      this.isDue = true;
      this.fail(error, () => this.complete());
    } finally {
      this.isAdvancing = false;
    }
  }

  private keep(events: readonly Told[]): void {
    this.recent.push(...events);
    for (const { text } of events) this.length += text.length;
    let drop = 0;
    while (this.recent.length - drop > mostKept || this.length > longestKept)
      this.length -= this.recent[drop++].text.length;
    if (drop) this.from = this.recent[drop - 1].place;
    this.recent.splice(0, drop);
  }

  /** Pages are as long as their selection allows. */
  private async result(after: string, reading: Reading): Promise<FormattedExecutionResult> {
    const query = this.query.page(after, this.atOnce);
    try {
      return await this.reader.meter.run('events', () => this.reader.run(query, reading));
    } catch (error) {
      const isLong = error instanceof LimitError && ['cost', 'reply'].includes(error.details.limit);
      if (!isLong || this.atOnce === 1) throw error;
      this.atOnce = Math.ceil(this.atOnce / 10);
      return this.result(after, reading);
    }
  }

  private async read(after: string, reading: Reading): Promise<Page> {
    const { data, errors = [] } = await this.result(after, reading);
    const found = pageIn((data ?? {}) as Record<string, unknown>);
    if (!found) throw refusalIn(errors[0]);
    const { edges, pageInfo } = found;
    const events = edges.map((edge, index) => {
      const { cursor, at } = takeOwn(edge);
      const own = errors.flatMap((error) => below(error, index, this.query.name));
      const value: FormattedExecutionResult = {
        ...(own.length && { errors: own }),
        data: { [this.query.name]: edge },
      };
      return { value, text: JSON.stringify(value), at, cursor, place: placeOf(cursor) };
    });
    return { events, end: pageInfo.endCursor, hasNext: pageInfo.hasNextPage };
  }
}

const only = ({ caller, requestId }: Subscriber): Reading => ({ callers: [caller], requestId });

/**
 * Why there is no page. GraphQL's own codes are not among those of requests: such an error says that the subscription itself
 * is wrong.
 */
function refusalIn({ message, extensions }: GraphQLFormattedError): RequestError {
  const code = String(extensions?.code);
  return new RequestError(code in requestErrorCodes ? (code as RequestErrorCode) : 'BAD_REQUEST', message);
}

/** The error of a page as the error of its edge at an index. */
function below(error: GraphQLFormattedError, index: number, name: string): GraphQLFormattedError[] {
  const [, , at, ...rest] = error.path ?? [];
  return at === index ? [{ ...error, path: [name, ...rest] }] : [];
}
