import { randomFillSync } from 'node:crypto';

let lastTime = 0;
let sequence = 0;

/** Random bytes made ahead: to ask for 8 of them takes ten times as long as the rest of an id. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

function random(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.subarray(used - bytes, used);
}

/**
 * A UUID of version 7 (RFC 9562) as 32 lower-case hex digits, the form of ids everywhere outside PostgreSQL. Ids of one
 * process rise strictly, so sorting a batch by id keeps the order of the request. Ids rise with time, and a B-tree
 * inserts them faster than random ids.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    sequence = random(2).readUInt16BE() & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastTime += 1;
    sequence = 0;
  }
  const rest = random(8);
  rest[0] = (rest[0] & 0x3f) | 0x80;
  return `${lastTime.toString(16).padStart(12, '0')}7${sequence.toString(16).padStart(3, '0')}${rest.toString('hex')}`;
}
