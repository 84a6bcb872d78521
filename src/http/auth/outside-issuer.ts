import { createDecoder, createVerifier } from 'fast-jwt';
import { type Scope, scopes } from '../../domain/caller';
import type { GroupRights } from './group-rights';
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys';
import { type PersonClaims, personClaims } from './person-claims';

/** An issuer whose tokens are accepted besides our own: the expected `iss` and `aud`, and the location of its keys. */
export interface OutsideOptions extends IssuerKeysOptions {
  issuer: string;
  audience: string;
  /** The longest lifetime of a token, in seconds. */
  maxLifetime: number;
  /** The rights of people by their groups. Without it, only subjects that an operator has linked are let in. */
  groups?: GroupRights;
}

/** The claims of an outside token that count. */
export interface OutsideClaims {
  subject: string;
  /** The scopes of this gateway that the token names, maybe none; undefined without a scope claim. */
  scopes?: ReadonlySet<Scope>;
  /** What the token says of a person; undefined without `groups`. */
  person?: PersonClaims;
}

/** The clocks of two machines differ. */
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
 * Verifies tokens of an outside issuer. These facts in a token count: it is from the issuer and for us, its subject, and
 * its scopes of this gateway. With JWT_GROUPS, the name and the groups of a person count too.
 *
 * Only `sub` identifies the bearer. Every issuer sets it, and it is unique and never reassigned (OpenID Connect,
 * section 2). An operator links it to a client, or the first token of a person makes one (service/person.ts). `client_id` and `azp` were rejected: in the token of a person they name
 * the application, so all of its users would be one client of ours. A claim equal to one of our ids proves nothing: our
 * ids are no secret, and some issuers let users choose claims.
 */
export class OutsideIssuer {
  private readonly keys: IssuerKeys<(token: string) => Claims>;
  private readonly decode = createDecoder({ complete: true });

  constructor(private readonly options: OutsideOptions) {
    // One verifier for each key: its cache ends with the key, and a token cannot choose its algorithm. A token costs 45
    // (RSA) or 85 (EC) microseconds of CPU the first time, and 8 from then on.
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

  /** Whether the token names this issuer. Throws if it is no token. */
  issued(token: string): boolean {
    return (this.decode(token).payload as Claims).iss === this.options.issuer;
  }

  /**
   * Returns the claims of a valid token. Throws UNAVAILABLE if the issuer cannot be asked for the key, and an error
   * with the reason for an invalid token.
   */
  async verify(token: string): Promise<OutsideClaims> {
    const { kid, typ } = this.decode(token).header as { kid?: unknown; typ?: unknown };
    if (!isAccessToken(typ)) throw new Error('The typ of the token is neither JWT nor at+jwt.');
    const verify = typeof kid === 'string' ? await this.keys.find(kid) : undefined;
    if (!verify) throw new Error('The issuer has no key with the kid of the token.');
    const claims = verify(token);
    if (typeof claims.sub !== 'string') throw new Error('The sub claim must be a string.');
    this.checkLifetime(claims);
    const { groups } = this.options;
    const person = groups && personClaims(claims, claims.sub, groups);
    return { subject: claims.sub, scopes: scopesOf('scope' in claims ? claims.scope : claims.scp), person };
  }

  /** Limits the lifetime, because a token cannot be revoked: a stolen token works until it expires. */
  private checkLifetime({ exp, iat }: Claims): void {
    const now = Date.now() / 1000;
    // A token that claims to be issued in the future would seem short-lived.
    const begins = typeof iat === 'number' ? Math.min(iat, now) : now;
    if (Number(exp) - begins > this.options.maxLifetime + clockToleranceMs / 1000) {
      throw new Error(`The token lives longer than ${this.options.maxLifetime} seconds.`);
    }
  }
}

/**
 * Issuers sign other things with the same key, such as ID tokens for their own logout (`logout+jwt`) or events
 * (`secevent+jwt`). RFC 9068 requires at+jwt, but most issuers still write JWT or nothing. The `application/` prefix is
 * allowed (RFC 7515, 4.1.9).
 */
const isAccessToken = (typ: unknown): boolean =>
  typ === undefined || (typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ));

/**
 * `scope` is a text of words (RFC 9068). Some issuers name it `scp`, or make it a list. A claim always limits the
 * token, even if it is empty or names none of our scopes: then the issuer has granted none of our rights.
 */
function scopesOf(claim: unknown): ReadonlySet<Scope> | undefined {
  if (claim === undefined) return undefined;
  const words = typeof claim === 'string' ? claim.split(' ') : claim;
  // An unreadable claim must not count as a missing claim, which gives all rights of the client.
  if (!Array.isArray(words)) throw new Error('The scope claim must be a string.');
  return new Set(scopes.filter((scope) => words.includes(scope)));
}
