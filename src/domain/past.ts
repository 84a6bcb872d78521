/** An entry of the history, without what it changed. */
export interface Entry {
  version: number;
  at: string;
  actor: string;
  action: string;
}

/** What the history holds of one object, seen from an instant. */
export interface Recorded {
  /** The first entry of all, and the newest. Null if there is none. */
  first: Entry | null;
  newest: Entry | null;
  /** The last entry up to the instant, and the number of entries after it. */
  last: Entry | null;
  later: number;
}

/** Who made an object and who changed it last, and when. */
export interface Audit {
  version: number;
  createdDate: string;
  createdById: string;
  updatedDate: string;
  updatedById: string;
}

/**
 * The audit columns of an object at an instant. `present` is the object now, null if it is gone. Null: it was not made
 * yet, or deleted by then. 'unknown': a change was not recorded, so nobody can tell.
 *
 * Each change raises the version by one and leaves one entry. So the versions of the entries count them, and a missing
 * one shows. The times of an object's entries never decrease from version to version. So the entries up to an instant
 * are those up to a version, even if several have the same time.
 */
export function auditAt(
  present: Audit | null,
  { first, newest, last, later }: Recorded,
  at: string,
): Audit | 'unknown' | null {
  if (present && later === 0 && present.updatedDate <= at) return present;
  if (last?.action === 'Delete') return null;
  const made = present ?? (first?.action === 'Create' ? { createdDate: first.at, createdById: first.actor } : null);
  if (!made) return newest ? 'unknown' : null;
  const { createdDate, createdById } = made;
  if (createdDate > at) return null;
  if (!newest || (present ? present.version !== newest.version : newest.action !== 'Delete')) return 'unknown';
  if (!last || last.version !== newest.version - later) return 'unknown';
  return { version: last.version, createdDate, createdById, updatedDate: last.at, updatedById: last.actor };
}
