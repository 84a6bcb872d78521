import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** The longest client_secret that OAuth clients of the published API expect. */
export const longestSecret = 42;

/** A client has two live secrets while one is replaced by the other. */
export const usualSecrets = 2;

/** A secret that cannot be guessed: 240 random bits. */
export const newSecret = (): string => randomBytes(30).toString('base64url');

/**
 * A secret as it is stored, each time with another salt.
 * One of our making is stored as `$sha256$salt$hash`: 240 random bits cannot be tried out, however fast a try is. One that
 * somebody chose is stored as `$scrypt$ln=14,r=8,p=1$salt$hash`, which makes each try expensive. Until November 2026 all were.
 */
export async function hashSecret(secret: string, { chosen }: { chosen: boolean }): Promise<string> {
  const salt = randomBytes(16);
  if (!chosen) return `$sha256$${salt.toString('base64url')}$${digest(secret, salt).toString('base64url')}`;
  const hash = await derived(secret, salt, parameters);
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** Is this the secret that is stored so? */
export async function matchesSecret(secret: string, stored: string): Promise<boolean> {
  const [, scheme, ...parts] = stored.split('$');
  if (scheme === 'sha256' && parts.length === 2) {
    const [salt, hash] = parts.map((part) => Buffer.from(part, 'base64url'));
    return timingSafeEqual(digest(secret, salt), hash);
  }
  const expensive = /^ln=(\d+),r=(\d+),p=(\d+)$/.exec(parts[0]);
  if (scheme !== 'scrypt' || !expensive || parts.length !== 3) throw new Error('A stored client secret is not a hash');
  const [ln, r, p] = expensive.slice(1).map(Number);
  const [salt, hash] = parts.slice(1).map((part) => Buffer.from(part, 'base64url'));
  return timingSafeEqual(await derived(secret, salt, { ln, r, p }), hash);
}

/** Matched against in place of a secret that a client has not: takes as long as one of our making, and is nobody's. */
export const noSecret = `$sha256$${'A'.repeat(22)}$${'A'.repeat(43)}`;

const digest = (secret: string, salt: Buffer): Buffer => createHash('sha256').update(salt).update(secret).digest();

/** 17 MB and about 35 ms on one thread. What is stored names its own parameters, so these can be raised at any time. */
const parameters = { ln: 14, r: 8, p: 1 };

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

let last: Promise<unknown> = Promise.resolve();

/**
 * One at a time: Node has four threads for this, for files and for names of hosts. 120 wrong secrets at once took all of them,
 * and of the processors, for two seconds.
 */
function derived(secret: string, salt: Buffer, { ln, r, p }: typeof parameters): Promise<Buffer> {
  const mine = last.then(() => derive(secret, salt, 32, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r }));
  last = mine.catch(() => {});
  return mine;
}
