import { RequestError } from '../domain/errors';
import { LimitError } from '../domain/limits';
import type { StatementCounter } from '../store/connection';
import { TimeLimit } from '../store/time-limit';

/**
 * Carries out a request, and answers no later than its time is up. Where nothing has been committed by then, nothing will be:
 * its statements are canceled, and its transaction is rolled back behind the reply. Where something has been, the rest of the
 * request fails at once, and its reply says what took place. What `run` makes goes on by itself: whoever has something to do
 * behind it waits for that, and not for this.
 * @throws LimitError TIMEOUT
 * @throws RequestError OUTCOME_UNKNOWN where a commit was under way
 */
export async function timed<T>(milliseconds: number, run: (counter: StatementCounter) => Promise<T>): Promise<T> {
  const limit = new TimeLimit(milliseconds);
  const carriedOut = run({ statements: 0, limit }).finally(() => limit.stop());
  try {
    return await limit.within(carriedOut);
  } catch (error) {
    if (!limit.isUp(error)) throw error;
    if (limit.effect === 'unknown') throw new RequestError('OUTCOME_UNKNOWN', undefined, error);
    if (limit.effect === 'committed') return carriedOut;
    throw new LimitError(
      { limit: 'time', allowed: milliseconds },
      `The request took longer than ${milliseconds} ms and was ended; it has changed nothing.`,
    );
  }
}
