import { createDecoder, createVerifier } from 'fast-jwt';
import { type Scope, scopes } from '../../domain/caller';
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys';

/** Whose tokens are taken beside our own: `iss` and `aud` as they have to be, and where its keys are. */
export interface OutsideOptions extends IssuerKeysOptions {
  issuer: string;
  audience: string;
  /** The longest lifetime of a token, in seconds. */
  maxLifetime: number;
}

/** What an outside token says of its bearer. */
export interface OutsideClaims {
  subject: string;
  /** Those of our scopes that the token is for, maybe none; undefined where it has no claim about scopes. */
  scopes?: ReadonlySet<Scope>;
}

/** Clocks of two machines differ. */
const clockToleranceMs = 5_000;
const mostCached = 1_000;

interface Claims {
  iss?: unknown;
  sub?: unknown;
  exp?: unknown;
  iat?: unknown;
  scope?: unknown;
  scp?: unknown;
}

/**
 * Tokens of an outside issuer. Of what they say, three things count: that they are the issuer's and for us, whose they
 * are, and which of our scopes they are for. What their bearer may do and see is in our database.
 *
 * The bearer is known by `sub` alone. Every issuer has it, unique and never given to another (OpenID Connect, section
 * 2), and somebody of ours has linked it to a client. `client_id` and `azp` were turned down: in a token of a person they
 * name the application the person sits at, so that all of its users would be one client of ours. And that a claim equals
 * one of our ids proves nothing, since those ids are no secret and other issuers let their users choose some claims.
 */
export class OutsideIssuer {
  private readonly keys: IssuerKeys<(token: string) => Claims>;
  private readonly decode = createDecoder({ complete: true });

  constructor(private readonly options: OutsideOptions) {
    // One verifier for each key: what it has cached ends with the key, and no token chooses its algorithm. A token costs
    // 45 (RSA) or 85 (EC) microseconds of CPU the first time, and 8 from then on.
    this.keys = new IssuerKeys(options, ({ pem, algorithms }) =>
      createVerifier({
        key: pem,
        algorithms: [...algorithms],
        allowedIss: options.issuer,
        allowedAud: options.audience,
        requiredClaims: ['iss', 'aud', 'sub', 'exp'],
        clockTolerance: clockToleranceMs,
        cache: mostCached,
      }),
    );
  }

  /** Does the token say that it is of this issuer? Throws where it is no token at all. */
  issued(token: string): boolean {
    return (this.decode(token).payload as Claims).iss === this.options.issuer;
  }

  /** Throws UNAVAILABLE where the issuer cannot be asked for the key of the token, and else what is wrong with it. */
  async verify(token: string): Promise<OutsideClaims> {
    const { kid, typ } = this.decode(token).header as { kid?: unknown; typ?: unknown };
    if (!isAccessToken(typ)) throw new Error('The typ of the token is neither JWT nor at+jwt.');
    const verify = typeof kid === 'string' ? await this.keys.find(kid) : undefined;
    if (!verify) throw new Error('The issuer has no key with the kid of the token.');
    const claims = verify(token);
    if (typeof claims.sub !== 'string') throw new Error('The sub claim must be a string.');
    this.checkLifetime(claims);
    return { subject: claims.sub, scopes: scopesOf('scope' in claims ? claims.scope : claims.scp) };
  }

  /** A token cannot be taken back: one that was lost works until it ends. */
  private checkLifetime({ exp, iat }: Claims): void {
    const now = Date.now() / 1000;
    // One that says that it was issued in the future would seem short-lived.
    const begins = typeof iat === 'number' ? Math.min(iat, now) : now;
    if (Number(exp) - begins > this.options.maxLifetime + clockToleranceMs / 1000) {
      throw new Error(`The token lives longer than ${this.options.maxLifetime} seconds.`);
    }
  }
}

/**
 * Issuers sign other things with the same key, such as ID tokens for their own logout (`logout+jwt`) or events (`secevent+jwt`).
 * RFC 9068 asks for at+jwt; most issuers still say JWT, or nothing. The prefix may be written out (RFC 7515, 4.1.9).
 */
const isAccessToken = (typ: unknown): boolean =>
  typ === undefined || (typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ));

/**
 * `scope` is a text of words (RFC 9068); some issuers call it `scp`, or make a list of it. One that is there limits, also where
 * it is empty or names nothing of ours: the issuer has given no right that is ours.
 */
function scopesOf(claim: unknown): ReadonlySet<Scope> | undefined {
  if (claim === undefined) return undefined;
  const words = typeof claim === 'string' ? claim.split(' ') : claim;
  // What cannot be read must not count as if the token had no scope, and so every right of its client.
  if (!Array.isArray(words)) throw new Error('The scope claim must be a string.');
  return new Set(scopes.filter((scope) => words.includes(scope)));
}
