import { LimitError, type Limits } from '../../domain/limits';
import { TooManyWaiting, Turns } from '../../domain/turns';

/** An operation up to this cost is light. A page of 100 rows with 10 rows below each costs about half as much. */
const light = 1_000_000;

/**
 * Limits the total cost of the operations that a process runs at a time. That bounds the memory of their replies and
 * the load of their reads. Light operations have their own lane, a quarter as wide, so that they never wait for heavy
 * operations.
 */
export class InFlight {
  private readonly lanes: { light: Turns; heavy: Turns };

  constructor(private readonly limits: Limits) {
    const { costInFlight, waiting } = limits;
    this.lanes = { light: new Turns(Math.ceil(costInFlight / 4), waiting), heavy: new Turns(costInFlight, waiting) };
  }

  /**
   * Resolves when the operation may run, with the function that ends its turn. It waits for at most a third of the
   * request's time limit. A later start would run out of time, and the client would see an outage.
   * @throws LimitError RATE_LIMITED if its turn does not come, or if too many operations of its client wait already
   */
  async enter(clientId: string, cost: number, limit: { signal: AbortSignal }): Promise<() => void> {
    const lane = cost <= light ? this.lanes.light : this.lanes.heavy;
    const free = lane.tryTake(clientId, cost);
    if (free) return free;
    const patienceMs = Math.ceil(this.limits.time / 3);
    const patience = AbortSignal.timeout(patienceMs);
    const { signal } = limit;
    try {
      return await lane.take(clientId, cost, AbortSignal.any([signal, patience]));
    } catch (error) {
      if (error instanceof TooManyWaiting) {
        throw tooMany('waiting', error.allowed, `was refused: ${error.allowed} operations of the client wait already`);
      }
      if (signal.aborted || !patience.aborted) throw error;
      throw tooMany('costInFlight', this.limits.costInFlight, `waited ${patienceMs} ms for other operations to end`);
    }
  }

  /** For metrics. */
  get states(): { lane: string; cost: number; waiting: number }[] {
    return Object.entries(this.lanes).map(([lane, { inUse, waiting }]) => ({ lane, cost: inUse, waiting }));
  }
}

const tooMany = (limit: 'waiting' | 'costInFlight', allowed: number, what: string): LimitError =>
  new LimitError(
    { limit, allowed },
    `The operation ${what}. Nothing was changed. Send fewer or cheaper operations at a time.`,
    1,
  );
