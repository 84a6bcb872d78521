import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { RequestError } from '../../domain/errors';

export interface IssuerKeysOptions {
  jwksUrl: string;
  /** Timeout of a request to the issuer. */
  timeoutMs?: number;
  /** The least time between two requests to the issuer, however many unknown keys tokens name. */
  cooldownMs?: number;
  /** Age at which used keys are fetched again. A key that the issuer has withdrawn stops working by then. */
  freshMs?: number;
  /** Called when a fetch of the keys fails. */
  onFailure: (error: unknown, what: string) => void;
}

/** The key set of a large issuer, with certificate chains, has some 20 KB. */
const mostBytes = 262_144;
const mostKeys = 100;

/** A public key as PEM, and its allowed algorithms: those of its type, and only the one in `alg` if it names one. */
export interface IssuerKey {
  pem: string;
  algorithms: readonly Algorithm[];
}

const byCurve = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' } as const;
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
type Algorithm = (typeof byCurve)[keyof typeof byCurve] | (typeof rsa)[number] | 'EdDSA';

/**
 * The keys of an issuer by `kid`; `use` makes the verifier of each key. Keys rotate without a restart: an unknown key
 * is fetched, and used keys are fetched again from time to time. Known keys keep working while the issuer cannot be
 * reached.
 *
 * Rejected libraries: get-jwks 11 fetches every unknown kid anew and without a timeout. jose 6 forgets known keys while
 * the issuer is down, fetches again and again meanwhile, and is ES modules only. Neither bounds the bytes that it reads.
 */
export class IssuerKeys<Verify> {
  private known = new Map<string, Verify>();
  private askedAt = Number.NEGATIVE_INFINITY;
  private readAt = Number.NEGATIVE_INFINITY;
  private failed = false;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly options: IssuerKeysOptions,
    private readonly use: (key: IssuerKey) => Verify,
  ) {}

  /**
   * The verifier of the key; undefined if the issuer has no such key. Throws UNAVAILABLE if the issuer cannot be
   * reached.
   */
  async find(kid: string): Promise<Verify | undefined> {
    const { freshMs = 300_000 } = this.options;
    const known = this.known.get(kid);
    if (known !== undefined && performance.now() - this.readAt < freshMs) return known;
    const wasFailing = this.failed;
    const asked = this.ask();
    // While the issuer is down, requests with a known key do not wait for its timeout: the fetch goes on in the
    // background.
    if (known !== undefined && wasFailing) return known;
    await asked;
    const found = this.known.get(kid);
    if (found !== undefined || !this.failed) return found;
    throw new RequestError(
      'UNAVAILABLE',
      'The issuer of this token cannot be reached, so the token cannot be checked. Try again later.',
    );
  }

  /** Fetches the keys, or joins the fetch under way. Does nothing within the cooldown. */
  private async ask(): Promise<void> {
    const { cooldownMs = 5_000 } = this.options;
    if (!this.asking && performance.now() - this.askedAt >= cooldownMs) {
      this.askedAt = performance.now();
      this.asking = this.read().finally(() => {
        this.asking = undefined;
      });
    }
    await this.asking;
  }

  private async read(): Promise<void> {
    const { jwksUrl, timeoutMs = 3_000, onFailure } = this.options;
    try {
      const keys = keysOf(await documentAt(jwksUrl, timeoutMs));
      this.known = new Map([...keys].map(([kid, key]) => [kid, this.use(key)]));
      this.readAt = performance.now();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      onFailure(error, 'fetching the keys from JWT_JWKS_URL');
    }
  }
}

async function documentAt(url: string, timeoutMs: number): Promise<unknown> {
  // The signal also covers the body. A redirect could lead to a URL that was not checked: the configured URL has to be
  // right.
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`${url} answers with more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`${url} answers with status ${response.status}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** The keys of a key set (RFC 7517) that sign tokens. Keys for other uses, or of unsupported types, are left out. */
function keysOf(document: unknown): Map<string, IssuerKey> {
  const { keys } = (document ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the key set of the issuer has no list of keys');
  const found = new Map<string, IssuerKey>();
  for (const jwk of keys.slice(0, mostKeys)) {
    const key = keyOf(jwk);
    if (key && !found.has(jwk.kid)) found.set(jwk.kid, key);
  }
  return found;
}

function keyOf(jwk: JsonWebKey | null): IssuerKey | undefined {
  if (typeof jwk?.kid !== 'string' || (jwk.use ?? 'sig') !== 'sig') return undefined;
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes('verify')) return undefined;
  try {
    // createPublicKey refuses a symmetric key: whoever reads the key set could sign with it.
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const algorithms = algorithmsOf(key).filter((each) => each === (jwk.alg ?? each));
    return algorithms.length ? { pem: key.export({ type: 'spki', format: 'pem' }) as string, algorithms } : undefined;
  } catch {
    return undefined;
  }
}

function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly Algorithm[] {
  if (type === 'rsa') return details!.modulusLength! >= 2048 ? rsa : [];
  if (type === 'ed25519') return ['EdDSA'];
  const curve = byCurve[details?.namedCurve as keyof typeof byCurve];
  return type === 'ec' && curve ? [curve] : [];
}
