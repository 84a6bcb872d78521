import { RequestError, userError } from '../domain/errors';
import { type LiveSecret, rotateOwnSecret } from '../store/client-change';
import { newId } from '../store/id';
import { hashSecret, mostSecrets, newSecret } from './client-secret';
import { refuse } from './run/batch';
import type { Work } from './run/work';

/** The longest time, in hours, for which the other secrets of a client stay valid beside a new one. */
export const longestOverlap = 168;

const hour = 3_600_000;

const noSecret =
  'A client replaces its secret with a token that was issued for its secret. This token is of an outside issuer, and whoever signs in there has no secret here. Ask the operator.';
const limited =
  'The token is limited to some scopes or entities of its client. A new secret would open all of them. Get a token without "scope" and try again.';

interface OwnRotated {
  clientSecret: LiveSecret;
  /** Shown once: the database has its hash. */
  secret: string;
}

/**
 * Gives the caller's client a new secret, by the client's own token. All other secrets end after `overlapHours`, or at once for 0,
 * with the tokens that were issued for them. The history of the entity of the request tells of it.
 *
 * A token that can less than its client, or that an outside issuer can take back, gets no secret: a secret can all, and lasts.
 * @throws Refusal INVALID_VALUE, PERMISSION_DENIED, LIMIT_EXCEEDED
 * @throws RequestError UNAUTHENTICATED if the secret behind the token has ended meanwhile
 */
export async function rotateClientSecret(work: Work, overlapHours: number): Promise<OwnRotated> {
  const { caller } = work;
  const secret = newSecret();
  const hash = await hashSecret(secret, { chosen: false });
  return work.run(false, async (unit) => {
    if (!(overlapHours >= 0 && overlapHours <= longestOverlap)) {
      const message = `overlapHours is ${overlapHours}; 0 to ${longestOverlap} is allowed.`;
      refuse([userError('INVALID_VALUE', message, ['overlapHours'])]);
    }
    if (!caller.secret || caller.secret.isLimited) {
      refuse([userError('PERMISSION_DENIED', caller.secret ? limited : noSecret)]);
    }
    const { id: by } = caller.secret!;
    const { clientId, entityId, orgIds } = caller;
    const made = { id: newId(), createdDate: unit.now };
    const endsDate = new Date(Date.parse(unit.now) + overlapHours * hour).toISOString();
    const outcome = await rotateOwnSecret(unit.db, {
      ...{ clientId, by, endsDate, most: mostSecrets, secret: { ...made, hash } },
    });
    if (outcome === 'person') refuse([userError('PERMISSION_DENIED', noSecret)]);
    if (outcome === 'full') {
      const message = `The client has ${mostSecrets} live secrets already. Wait until one ends, or give overlapHours 0, which ends all others at once.`;
      refuse([userError('LIMIT_EXCEEDED', message, ['overlapHours'])]);
    }
    if (outcome !== 'done') {
      const message = 'The client_secret that this bearer token was issued for does not exist any more.';
      throw new RequestError('UNAUTHENTICATED', message);
    }
    const client = { id: clientId, entityId, version: 1, updatedDate: unit.now, orgIds: [...orgIds] };
    const before = { ...client, secretId: by, othersEnd: null };
    const after = { ...before, secretId: made.id, othersEnd: endsDate };
    unit.note('Client', 'Rotate', before, after);
    return { clientSecret: { ...made, lastUsedDate: null, endsDate: null }, secret };
  });
}
