import { RequestError } from '../../domain/errors';
import { LimitError, ReplyTooLong } from '../../domain/limits';
import type { StatementCounter } from '../../store/connection/connection';
import { TimeLimit } from '../../store/connection/time-limit';
import { within } from './patience';

/** Once the time is up, all that is left of a request fails at once. This is for its reply to be put together from that. */
const graceMs = 1_000;

const committedMessage =
  'The time was up after a change was committed, but before the reply was ready. Check what took place before you send the request again. With an Idempotency-Key, simply send the same request again.';

/**
 * Carries out a request, and answers no later than its time is up, and a grace where something was committed. Where nothing has
 * been committed by then, nothing will be: its statements are canceled, and its transaction is rolled back behind the reply.
 * Where something has been, the rest of the request fails at once, and its reply says what took place. What `run` makes goes on
 * by itself, be it for ever: whoever has something to do behind it waits for that, and not for this.
 * @throws LimitError TIMEOUT, or what `TimeLimit.pass` was given as the reason
 * @throws RequestError OUTCOME_UNKNOWN where a commit was under way, or there is no reply to what was committed
 */
export async function timed<T>(milliseconds: number, run: (counter: StatementCounter) => Promise<T>): Promise<T> {
  const limit = new TimeLimit(milliseconds);
  const carriedOut = run({ statements: 0, limit }).finally(() => limit.stop());
  try {
    return await limit.within(carriedOut);
  } catch (error) {
    if (!limit.isUp(error)) throw error;
    if (limit.effect === 'unknown') throw new RequestError('OUTCOME_UNKNOWN', undefined, error);
    if (limit.effect === 'committed') {
      if (limit.reason instanceof ReplyTooLong) throw new ReplyTooLong(limit.reason.details.allowed, true);
      return within(graceMs, carriedOut, () => {
        throw new RequestError('OUTCOME_UNKNOWN', committedMessage, error);
      });
    }
    throw (
      limit.reason ??
      new LimitError(
        { limit: 'time', allowed: milliseconds },
        `The request took longer than ${milliseconds} ms and was ended. Nothing was changed.`,
      )
    );
  }
}
