import { RequestError } from '../../domain/errors';
import { LimitError, ReplyTooLong } from '../../domain/limits';
import type { StatementCounter } from '../../store/connection/connection';
import { TimeLimit } from '../../store/connection/time-limit';
import { within } from './patience';

/** Once the time is up, the rest of a request fails at once. This is the time left to put its reply together. */
const graceMs = 1_000;

const committedMessage =
  'The time was up after a change was committed, but before the reply was ready. Check what took place before you send the request again. With an Idempotency-Key, simply send the same request again.';

/**
 * Runs a request and answers when its time is up at the latest, or after a grace period if a change was committed, or
 * may have been.
 *
 * If nothing was committed when the time is up, nothing will be. The statements are canceled, and the transaction is
 * rolled back after the reply. If a change was committed, the rest of the request fails at once, and the reply says
 * which changes took place. `run` continues by itself, perhaps forever. Work to do after it must wait for `run` itself,
 * not for this function.
 * @throws LimitError TIMEOUT, or the reason given to `TimeLimit.pass`
 * @throws RequestError OUTCOME_UNKNOWN if a commit stays under way, or a committed change has no reply
 */
export async function timed<T>(milliseconds: number, run: (counter: StatementCounter) => Promise<T>): Promise<T> {
  const limit = new TimeLimit(milliseconds);
  const carriedOut = run({ statements: 0, limit }).finally(() => limit.stop());
  try {
    return await limit.within(carriedOut);
  } catch (error) {
    if (!limit.isUp(error)) throw error;
    if (limit.effect === 'committed' && limit.reason instanceof ReplyTooLong) {
      throw new ReplyTooLong(limit.reason.details.allowed, true);
    }
    if (limit.effect !== 'none') {
      return within(graceMs, carriedOut, () => {
        const message = limit.effect === 'committed' ? committedMessage : undefined;
        throw new RequestError('OUTCOME_UNKNOWN', message, error);
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
