/**
 * A reply without the present moment. The cursor at the end of all events holds when it was given, so two answers to one query
 * differ in it.
 */
export const withoutPresent = (reply: string): string =>
  reply.replace(/"(WyJ[\w-]{40,})"/g, (all, cursor) => (holdsPresent(cursor) ? '"PRESENT"' : all));

function holdsPresent(cursor: string): boolean {
  const position: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  return position.length === 5 && /^\d{4}-\d\d-\d\dT/.test(String(position[4]));
}
