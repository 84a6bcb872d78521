import { LimitError, type Limits } from '../domain/limits';
import { TooManyWaiting, Turns } from '../domain/turns';

/** An operation up to this cost is light: a page of 100 rows with 10 rows below each has about half of it. */
const light = 1_000_000;

/**
 * The cost of the operations that a process runs at a time. It bounds the memory of their replies, and the reading that they
 * cause. Light operations have a lane of their own, a quarter as wide: they do not wait for heavy ones, whoever sent those.
 */
export class InFlight {
  private readonly lanes: { light: Turns; heavy: Turns };

  constructor({ costInFlight, waiting }: Limits) {
    this.lanes = { light: new Turns(Math.ceil(costInFlight / 4), waiting), heavy: new Turns(costInFlight, waiting) };
  }

  /**
   * Resolves when an operation may run, with what ends it. One whose time is up while it waits gives up its place.
   * @throws LimitError RATE_LIMITED where too many operations of its client wait already
   */
  async enter(clientId: string, cost: number, limit?: { readonly signal: AbortSignal }): Promise<() => void> {
    const lane = cost <= light ? this.lanes.light : this.lanes.heavy;
    try {
      return lane.tryTake(clientId, cost) ?? (await lane.take(clientId, cost, limit?.signal));
    } catch (error) {
      if (!(error instanceof TooManyWaiting)) throw error;
      const { allowed } = error;
      throw new LimitError(
        { limit: 'waiting', allowed, requested: allowed + 1 },
        `${allowed} operations of the client wait for their turn already. Send fewer at a time.`,
        1,
      );
    }
  }

  /** For metrics. */
  get states(): { lane: string; cost: number; waiting: number }[] {
    return Object.entries(this.lanes).map(([lane, { inUse, waiting }]) => ({ lane, cost: inUse, waiting }));
  }
}
