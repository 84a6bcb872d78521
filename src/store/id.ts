import { randomBytes } from 'node:crypto';

let lastTime = 0;
let sequence = 0;

/**
 * A UUID of version 7 (RFC 9562) as 32 lower-case hex digits, the form of ids everywhere outside PostgreSQL. Ids of one
 * process rise strictly, so sorting a batch by id keeps the order of the request. Ids rise with time, and a B-tree
 * inserts them faster than random ids.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    sequence = randomBytes(2).readUInt16BE() & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastTime += 1;
    sequence = 0;
  }
  const random = randomBytes(8);
  random[0] = (random[0] & 0x3f) | 0x80;
  return `${lastTime.toString(16).padStart(12, '0')}7${sequence.toString(16).padStart(3, '0')}${random.toString('hex')}`;
}
