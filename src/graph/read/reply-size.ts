import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { ReplyTooLong } from '../../domain/limits';
import type { TimeLimit } from '../../store/connection/time-limit';
import { objectCost } from '../guard/cost';
import { turn } from './event-loop';

const manyObjects = 500;
/** Work of a batch of a thousand keys. A large reply has a hundred such batches at once. */
const perBatch = 3_000;

/**
 * The size of the reply to one request, counted while the reply is built. The price assumes usual lengths, and texts
 * can be longer. Beyond the limit, the request is ended as if its time were up. graphql-js cannot be stopped, but it
 * ends soon when nothing more is resolved.
 */
export class ReplySize {
  /** Characters of the text, without quotes and escapes. */
  characters = 0;
  private objects = 0;
  private reading = 0;
  private stopped: GraphQLError | undefined;

  constructor(
    readonly allowed: number,
    private readonly limit: TimeLimit | undefined,
  ) {}

  /** The size in the unit of a price. */
  get cost(): number {
    return this.characters + objectCost * this.objects + this.reading;
  }

  /** Counts a value, or a list of values. */
  addValue(name: string | number, value: unknown): void {
    this.characters += 4 + (typeof name === 'string' ? name.length : 0) + lengthOf(value);
    if (this.characters > this.allowed) this.limit?.pass(new ReplyTooLong(this.allowed));
  }

  /** Counts JSON that is passed through as it came, so that no object is built. Its length is checked before it is sent. */
  addJson(length: number): void {
    this.characters += length;
  }

  /** Ends the request. @throws */
  tooLong(): never {
    const error = new ReplyTooLong(this.allowed);
    this.limit?.pass(error);
    throw error;
  }

  addObjects(count: number): void {
    this.objects += count;
  }

  /** Counts what was read beyond the shown rows (`readingCosts`, `countCosts`). */
  addReading(cost: number): void {
    this.reading += cost;
  }

  private rowsWaiting = 0;
  private readonly afterRows: (() => void)[] = [];

  /** Waits for the turn of a row. */
  async waiting(turn: Promise<void>): Promise<void> {
    this.rowsWaiting++;
    await turn;
    if (--this.rowsWaiting === 0) for (const next of this.afterRows.splice(0)) this.onceSettled(next);
  }

  /**
   * Dispatches a batch of a dataloader when no row waits for its turn any more. Otherwise each turn of rows would need
   * a statement of its own for the level below.
   */
  onceSettled(dispatch: () => void): void {
    Promise.resolve().then(() =>
      process.nextTick(() => {
        if (this.rowsWaiting) this.afterRows.push(dispatch);
        else if (this.isLarge) Promise.resolve(turn(perBatch)).then(dispatch);
        else dispatch();
      }),
    );
  }

  /**
   * A large reply is built in turns, and checks its time. A small reply does not: it tells what a mutation has changed,
   * even after its time is up.
   */
  get isLarge(): boolean {
    return this.objects >= manyObjects;
  }

  /**
   * @throws GraphQLError once the request has been ended. All unresolved fields share one located error, because a
   * stack for each of 200,000 rows takes seconds.
   */
  check({ fieldNodes, path }: GraphQLResolveInfo): void {
    if (this.stopped) throw this.stopped;
    try {
      this.limit?.check();
    } catch (error) {
      const keys: (string | number)[] = [];
      for (let at: GraphQLResolveInfo['path'] | undefined = path; at; at = at.prev) keys.unshift(at.key);
      const originalError = error as Error;
      this.stopped = new GraphQLError(originalError.message, { nodes: fieldNodes, path: keys, originalError });
      throw this.stopped;
    }
  }
}

function lengthOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return value.length;
    case 'number':
      return 8;
    case 'boolean':
      return 5;
    case 'object':
      if (value === null) return 4;
      if (Array.isArray(value)) return value.reduce((sum, each) => sum + 1 + lengthOf(each), 2);
      // JSON of a column, which may hold kilobytes.
      return Object.entries(value).reduce((sum, [name, each]) => sum + 4 + name.length + lengthOf(each), 2);
    default:
      return 0;
  }
}
