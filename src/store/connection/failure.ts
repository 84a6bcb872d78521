/** The kinds of database errors, told apart by the driver's codes. */
type DatabaseFault = 'unavailable' | 'timeout' | 'contention';

const unavailableErrno = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN'];

/** Tables in which two requests may insert the same key: a claim or an outcome. */
const contested = ['billing_claim', 'idempotency_outcome'];

/**
 * The driver's own errors have no code. "timeout expired" is a server that accepts a connection and says nothing, "Query read
 * timeout" a statement without an answer in the time that the driver gives it.
 */
const ofDriver =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|query read timeout|connection error|not queryable/i;

/**
 * Whether the server takes no writes. After a failover, the address may lead to the old primary for some seconds. Another
 * connection may find the new one.
 */
export const isReadOnly = (error: unknown): boolean => (error as { code?: string } | undefined)?.code === '25006';

/** Has the code of PostgreSQL's error for a write on a server that takes none. */
export class ReadOnlyServer extends Error {
  readonly code = '25006';
  constructor(message = 'the server takes no writes: it is a standby, or was made read-only') {
    super(message);
  }
}

/**
 * Classifies a database error. Contention is a deadlock, a lock timeout, a serialization failure, or a unique key that
 * another request took at the same moment. A retry after contention sees the final state. Undefined: an internal error.
 */
export function faultOf(error: unknown): DatabaseFault | undefined {
  const { code, message, severity, table } = (error ?? {}) as Partial<
    Record<'code' | 'message' | 'severity' | 'table', string>
  >;
  if (code === '57014') return 'timeout';
  if (code && ['40P01', '40001', '55P03'].includes(code)) return 'contention';
  if (code === '23505' && contested.includes(table ?? '')) return 'contention';
  if (isReadOnly(error)) return 'unavailable';
  if (
    code &&
    (unavailableErrno.includes(code) || /^(08(?!P01)|57P|53|58030)/.test(code) || ['25P03', '25P04'].includes(code))
  )
    return 'unavailable';
  // The database accepts no connections at present.
  if (code === '55000' && severity === 'FATAL') return 'unavailable';
  return message && ofDriver.test(message) ? 'unavailable' : undefined;
}

/** What an operator has to look at when the database is unavailable to many. */
export type Outage = 'away' | 'readOnly' | 'diskFull' | 'outOfMemory' | 'tooManyConnections' | 'storageFails';

const outageOfCode: Record<string, Outage> = {
  '25006': 'readOnly',
  '53100': 'diskFull',
  '53200': 'outOfMemory',
  '53300': 'tooManyConnections',
  '58030': 'storageFails',
};

/** Unavailable to one session alone: it was idle in a transaction, or transaction or statement has passed a limit of its own. */
const ofOne = ['25P03', '25P04', '53400'];

/** The outage that a database error is a part of. Undefined for errors that are of one session or statement alone. */
export function outageOf(error: unknown): Outage | undefined {
  if (faultOf(error) !== 'unavailable') return undefined;
  const { code = '' } = error as { code?: string };
  return ofOne.includes(code) ? undefined : (outageOfCode[code] ?? 'away');
}
