import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** The longest client_secret that OAuth clients of the published API expect. */
export const longestSecret = 42;

/** A client has two live secrets while one is replaced by the other. */
export const usualSecrets = 2;

/** 17 MB and about 35 ms on one thread. What is stored names its own parameters, so these can be raised at any time. */
const parameters = { ln: 14, r: 8, p: 1 };

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const derived = (secret: string, salt: Buffer, { ln, r, p }: typeof parameters): Promise<Buffer> =>
  derive(secret, salt, 32, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r });

/** A secret that cannot be guessed. */
export const newSecret = (): string => randomBytes(30).toString('base64url');

/** A secret as it is stored: `$scrypt$ln=14,r=8,p=1$salt$hash`, each time with another salt. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derived(secret, salt, parameters);
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** Is this the secret that is stored so? */
export async function matchesSecret(secret: string, stored: string): Promise<boolean> {
  const parts = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]{43})$/.exec(stored);
  if (!parts) throw new Error('A stored client secret is not a scrypt hash');
  const [ln, r, p] = parts.slice(1, 4).map(Number);
  const hash = await derived(secret, Buffer.from(parts[4], 'base64url'), { ln, r, p });
  return timingSafeEqual(hash, Buffer.from(parts[5], 'base64url'));
}

/** Matched against in place of a secret that a client has not: takes as long, and is nobody's. */
export const noSecret = `$scrypt$ln=${parameters.ln},r=${parameters.r},p=${parameters.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
