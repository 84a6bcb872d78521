import { createHash } from 'node:crypto';
import { RequestError } from '../../domain/errors';
import { canonical } from '../../domain/json';
import type { Order, Position, Sort } from '../../store/query/list';

/**
 * A cursor is the position of a row in one order of one list: base64url of [signature, sort value, id]. The signature
 * binds the cursor to list, filter and order. A cursor of another list gets a clear error instead of a wrong page.
 */
export function signatureOf(listName: string, order: Order, filter: unknown): string {
  const text = JSON.stringify([listName, order.field, order.direction, canonical(filter ?? {})]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 8);
}

export const encodeCursor = (signature: string, position: Position): string =>
  Buffer.from(JSON.stringify([signature, position.value, position.id])).toString('base64url');

/** @throws RequestError BAD_CURSOR */
export function decodeCursor(cursor: string, signature: string, sort: Sort): Position {
  try {
    const [signed, value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const texts = typeof value === 'string' && typeof id === 'string';
    if (signed === signature && texts && isId.test(id) && fits(value, sort)) return { value, id };
  } catch {
    // Not a cursor of this gateway: refused below.
  }
  throw new RequestError('BAD_CURSOR');
}

/**
 * The forms in which the store returns values. PostgreSQL might refuse any other value, and that would not count as an
 * error of the client.
 */
export const isId = /^[0-9a-f]{32}$/;
const isNumber = /^-?\d{1,30}(\.\d{1,30})?$/;
const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function fits(value: string, { type }: Sort): boolean {
  if (type === 'text') return !value.includes('\0');
  if (type === 'uuid') return isUuid.test(value);
  if (type === 'numeric') return isNumber.test(value);
  // A due date may be later than the last day that input accepts.
  if (type === 'date') return value === 'infinity' || isInstant(`${value}T00:00:00.000Z`);
  return isInstant(value);
}

export function isInstant(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && text >= '0001' && new Date(time).toISOString() === text;
}
