/** What clients have used is counted all the time, and shown some seconds later. */
const used = /"usage":\[(?:[^[\]]|\[[^[\]]*\])*\]|"useCount":"\d+"|"lastUsedDate":(?:null|"[^"]*")/g;

/**
 * A reply without the present moment. The cursor at the end of all events holds when it was given, and what a client uses grows
 * with each request. So two answers to one query differ in them.
 */
export const withoutPresent = (reply: string): string =>
  reply
    .replace(used, (all) => `${all.slice(0, all.indexOf(':'))}:"PRESENT"`)
    .replace(/"(WyJ[\w-]{40,})"/g, (all, cursor) => (holdsPresent(cursor) ? '"PRESENT"' : all));

function holdsPresent(cursor: string): boolean {
  const position: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  return position.length === 5 && /^\d{4}-\d\d-\d\dT/.test(String(position[4]));
}
