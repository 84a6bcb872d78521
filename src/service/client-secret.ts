import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** The longest client_secret that OAuth clients of the published API expect. */
export const longestSecret = 42;

/** While one secret replaces another, a client has two live secrets. */
export const usualSecrets = 2;

/** The most live secrets of a client that replaces its own: one is new, and others have not ended yet. */
export const mostSecrets = 3;

/** A secret of 240 random bits, which cannot be guessed. */
export const newSecret = (): string => randomBytes(30).toString('base64url');

/**
 * The stored form of a secret, with a new salt each time. A generated secret is stored as `$sha256$salt$hash`: 240
 * random bits cannot be found by trial, however fast a trial is. A chosen secret is stored as
 * `$scrypt$ln=14,r=8,p=1$salt$hash`, which makes each trial expensive. Until November 2026 all secrets were stored with
 * scrypt.
 */
export async function hashSecret(secret: string, { chosen }: { chosen: boolean }): Promise<string> {
  const salt = randomBytes(16);
  if (!chosen) return `$sha256$${salt.toString('base64url')}$${digest(secret, salt).toString('base64url')}`;
  const hash = await derived(secret, salt, parameters);
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** Whether a secret matches its stored form. */
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

/**
 * Compared in place of a missing secret. The comparison takes as long as for a generated secret, and no secret matches
 * it.
 */
export const noSecret = `$sha256$${'A'.repeat(22)}$${'A'.repeat(43)}`;

const digest = (secret: string, salt: Buffer): Buffer => createHash('sha256').update(salt).update(secret).digest();

/** 17 MB and about 35 ms on one thread. Each stored secret names its parameters, so these can be raised at any time. */
const parameters = { ln: 14, r: 8, p: 1 };

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

let last: Promise<unknown> = Promise.resolve();

/**
 * One derivation at a time: Node has four threads for derivations, files and host names. 120 wrong secrets at once took
 * all four threads, and all processors, for two seconds.
 */
function derived(secret: string, salt: Buffer, { ln, r, p }: typeof parameters): Promise<Buffer> {
  const mine = last.then(() => derive(secret, salt, 32, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r }));
  last = mine.catch(() => {});
  return mine;
}
