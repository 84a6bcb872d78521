import { createHash } from 'node:crypto';
import { canonical } from '../domain/canonical';
import { isDay } from '../domain/date';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import type { Order, Position, Sort } from '../store/list';

/**
 * A cursor is the place of a row in one order of one list: base64url of [signature, sort value, id]. The signature
 * binds it to list, filter and order; a foreign one is a clear error rather than a page from somewhere else.
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
    if (signed === signature && typeof value === 'string' && idOf(id) && fits(value, sort)) return { value, id };
  } catch {
    // Not one of ours: said below.
  }
  throw new RequestError('BAD_CURSOR');
}

function fits(value: string, { type }: Sort): boolean {
  if (type === 'text') return !value.includes('\0');
  if (type === 'uuid') return idOf(value) !== undefined;
  if (type === 'date') return value === 'infinity' || isDay(value);
  return !Number.isNaN(Date.parse(value)) && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
}
