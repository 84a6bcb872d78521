/** What went wrong on the way to the database, told by the driver's codes. */
export type DatabaseFault = 'unavailable' | 'timeout' | 'contention';

const unavailableErrno = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN'];

/** Where two requests may want the same key: a claim or an outcome. */
const contested = ['billing_claim', 'idempotency_outcome'];

/**
 * Sorts an error of the database. Contention: deadlock, lock time-out, serialization, or a uniqueness that another
 * request won in the same moment; trying again meets the final state. Undefined: a fault of ours.
 */
export function faultOf(error: unknown): DatabaseFault | undefined {
  const { code, message, severity, table } = (error ?? {}) as Partial<
    Record<'code' | 'message' | 'severity' | 'table', string>
  >;
  if (code === '57014') return 'timeout';
  if (code && ['40P01', '40001', '55P03'].includes(code)) return 'contention';
  if (code === '23505' && contested.includes(table ?? '')) return 'contention';
  if (code && (unavailableErrno.includes(code) || /^(08(?!P01)|57P|53)/.test(code) || code === '25P03'))
    return 'unavailable';
  // The database takes no connections at present.
  if (code === '55000' && severity === 'FATAL') return 'unavailable';
  // The driver's own errors carry no code.
  if (
    message &&
    /connection terminated|timeout exceeded when trying to connect|connection error|not queryable/i.test(message)
  ) {
    return 'unavailable';
  }
  return undefined;
}
