import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { ReplyTooLong } from '../../domain/limits';
import type { TimeLimit } from '../../store/connection/time-limit';
import { objectCost } from '../guard/cost';
import { turn } from './event-loop';

const manyObjects = 500;
/** Work of a batch of a thousand keys, of which a large reply has a hundred at once. */
const perBatch = 3_000;

/**
 * How large the reply to one request has become, counted while it is built: what its price said is what is usual, and texts
 * can be longer. Beyond the limit the request is ended as if its time were up: graphql-js has no way to stop, but with nothing
 * more to resolve it comes to its end soon.
 */
export class ReplySize {
  /** Of the text, less quotes and escapes. */
  characters = 0;
  private objects = 0;
  private reading = 0;
  private stopped: GraphQLError | undefined;

  constructor(
    private readonly allowed: number,
    private readonly limit: TimeLimit | undefined,
  ) {}

  /** In the unit of a price. */
  get cost(): number {
    return this.characters + objectCost * this.objects + this.reading;
  }

  /** A value, or a list of values. */
  addValue(name: string | number, value: unknown): void {
    this.characters += 4 + (typeof name === 'string' ? name.length : 0) + lengthOf(value);
    if (this.characters > this.allowed) this.limit?.pass(new ReplyTooLong(this.allowed));
  }

  addObjects(count: number): void {
    this.objects += count;
  }

  /** What was read beyond the rows that are shown (`readingCosts`, `countCosts`). */
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
   * Dispatches a batch of a dataloader when no row waits any more: rows that come by turns would otherwise ask for what lies below
   * them by a statement for each turn.
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

  /** From here on it is built by turns, and looks at its time. A small one tells what a mutation has changed, also where its time is up. */
  get isLarge(): boolean {
    return this.objects >= manyObjects;
  }

  /**
   * @throws GraphQLError once the request has been ended: one error for all that is not resolved any more, and located already,
   * since a stack for each of 200,000 rows takes seconds
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
