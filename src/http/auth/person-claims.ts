import { isBlank } from '../../domain/text';
import { isSubject } from '../../service/client';
import type { PersonToken } from '../../service/person';
import type { GroupRights } from './group-rights';

/** What a verified token says of a person. */
export interface PersonClaims extends PersonToken {
  /** Why the token names no group that has rights; for the person. Undefined if it names one. */
  lack?: string;
}

/** The most characters of a name, as of every client. */
const longestName = 255;

/**
 * Reads the name and the groups of a person from the claims of a verified token. Groups without rights are left out, so
 * a token with ten thousand groups is kept as small as any.
 */
export function personClaims(claims: object, subject: string, { claim, groups }: GroupRights): PersonClaims {
  const iat = ownOf(claims, 'iat');
  const now = Date.now();
  // A token from the future would count as the latest for as long.
  const issuedMs = typeof iat === 'number' ? Math.max(0, Math.min(iat * 1000, now)) : 0;
  const person = { subject, name: nameOf(claims, subject), issuedDate: new Date(issuedMs).toISOString() };
  if (!isSubject(subject)) return { ...person, groups: [], lack: badSubject };
  const value = claimAt(claims, claim);
  if (value === undefined || value === null) {
    return { ...person, groups: [], lack: `The bearer token has no claim "${claim}", which lists groups.` };
  }
  if (!Array.isArray(value)) {
    return { ...person, groups: [], lack: `The claim "${claim}" of the bearer token must be a list of groups.` };
  }
  const known = [...new Set(value.filter((group) => groups.has(group)))].sort();
  return { ...person, groups: known, ...(known.length === 0 && { lack: noGroup }) };
}

/** What a person is told whose groups have no rights. */
export const noGroup = 'The bearer token names no group that has rights here.';

const badSubject = 'The subject of the bearer token must have 1 to 255 ASCII characters.';

/**
 * A claim by its name, or by a path of names: Keycloak lists roles in `realm_access.roles`. The name goes first, because
 * other issuers name claims by addresses, such as `https://example.com/groups`.
 */
function claimAt(claims: object, name: string): unknown {
  const whole = ownOf(claims, name);
  if (whole !== undefined) return whole;
  return name.split('.').reduce<unknown>(ownOf, claims);
}

const ownOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

function nameOf(claims: object, subject: string): string {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = ownOf(claims, claim);
    const name = typeof value === 'string' ? shown(value) : '';
    if (name) return name;
  }
  return shown(subject);
}

/**
 * A name that is safe to show: without characters that end lines, that are no text, or that change the direction of the
 * text behind them. Bounded before anything else looks at it. Surrogate pairs are left out as in every text (N23).
 */
function shown(text: string): string {
  const clean = text
    .slice(0, 4 * longestName)
    .replace(/[\p{Cc}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u{10000}-\u{10ffff}]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  return isBlank(clean) ? '' : clean.slice(0, longestName).trim();
}
