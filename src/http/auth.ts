import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { type Caller, type Scope, withoutEntity } from '../domain/caller';
import { RequestError } from '../domain/errors';
import type { DocumentMode } from '../domain/registered-document';
import {
  authenticateClient,
  type ClientDatabase,
  clientIdOf,
  type Grants,
  grantsOf,
  grantsOfSubject,
} from '../service/client';
import { entityOf, headerOf, orgsOf, trackIdOf } from './caller-headers';
import { OutsideIssuer, type OutsideOptions } from './outside';

export interface AuthOptions {
  db: ClientDatabase;
  /** At least 32 characters; every process behind one address needs the same. */
  signingKey: string;
  /** How long a grant, secret or client that was revoked may still work. */
  grantsTtlMs?: number;
  /** An issuer whose tokens are taken beside our own. */
  outside?: OutsideOptions;
}

/** The reply of the token endpoint, with the published fields. */
export interface TokenReply {
  access_token: string;
  token_type: 'bearer';
  expires_in: number;
  scope: string;
  jti: string;
}

const issuer = 'order-fulfillment-gateway';
const lifetime = 3600;
/** Clients that the grants of are kept in memory; the oldest entry makes room. */
const mostClients = 1000;
/** A token travels in a header, and all headers together in 16 KB; its list of entities is for information only. */
const mostEntitiesInToken = 50;

/** The grants of a client, in the form that requests are held against. */
interface Access {
  id: string;
  scopes: ReadonlySet<Scope>;
  documentMode: DocumentMode;
  entities: ReadonlyMap<string, readonly string[]>;
  secretIds: ReadonlySet<string>;
}

/** What a token says of its bearer: a client by its id, and the secret it was issued for; or a subject from outside. */
type Bearer = { sub: string; secret_id: string } | { subject: string; scopes?: ReadonlySet<Scope> };

interface Cached {
  access: Promise<Access | undefined>;
  until: number;
}

/**
 * Who calls. A token says which client; what that client may do is read from the database, so that a revoked grant
 * ends within seconds and not with the token.
 */
export class Identity {
  private readonly db: ClientDatabase;
  private readonly ttl: number;
  private readonly sign: (claims: object) => string;
  private readonly verify: (token: string) => { sub: string; secret_id: string };
  private readonly outside: OutsideIssuer | undefined;
  private readonly cache = new Map<string, Cached>();

  constructor({ db, signingKey, grantsTtlMs = 5_000, outside }: AuthOptions) {
    this.db = db;
    this.ttl = grantsTtlMs;
    const key = Buffer.from(signingKey);
    this.sign = createSigner({
      key,
      algorithm: 'HS256',
      iss: issuer,
      aud: issuer,
      expiresIn: lifetime * 1000,
    });
    // The cache answers in 2 microseconds instead of 6; it keeps hashes of tokens, and none beyond its expiry.
    this.verify = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedIss: issuer,
      allowedAud: issuer,
      requiredClaims: ['iss', 'aud', 'sub', 'jti', 'exp', 'secret_id'],
      cache: mostClients,
    });
    this.outside = outside && new OutsideIssuer(outside);
  }

  /** A token for the client. Throws UNAUTHENTICATED where there is no such client or the secret is not one of its own. */
  async issue(clientId: string, secret: string): Promise<TokenReply> {
    const grants = await authenticateClient(this.db.aside(), clientId, secret);
    if (!grants) throw new RequestError('UNAUTHENTICATED', 'There is no client with this client_id and client_secret.');
    const jti = randomUUID().replaceAll('-', '');
    const entities = grants.entities.map((entity) => `entity.${entity.id}`);
    const scopes = [...grants.scopes];
    const told = entities.length > mostEntitiesInToken ? scopes : [...entities, ...scopes];
    return {
      access_token: this.sign({ sub: clientIdOf(grants.id), jti, secret_id: grants.secretId, scope: told.join(' ') }),
      token_type: 'bearer',
      // One second less than the token lives, as published: a client that counts along never sends an expired one.
      expires_in: lifetime - 1,
      scope: [...entities, ...scopes].join(' '),
      jti,
    };
  }

  /**
   * On whose behalf a request with these headers runs; without an entity where the client has several and the request
   * names none. Throws UNAUTHENTICATED without a valid token, FORBIDDEN for an entity or org that the client may not see,
   * and BAD_REQUEST for a header of the wrong form.
   */
  async callerOf(headers: IncomingHttpHeaders, requestId: string): Promise<Caller> {
    const bearer = await this.bearerOf(headers.authorization);
    const access = await this.accessOf(bearer);
    const trackId = trackIdOf(headerOf(headers, 'zuora-track-id'));
    const { id: clientId, documentMode } = access;
    const caller = { clientId, scopes: scopesOf(access, bearer), documentMode, requestId, trackId };
    const entity = entityOf(access.entities, headerOf(headers, 'zuora-entity-ids'));
    if ('undecided' in entity) return withoutEntity(caller, entity.undecided);
    const orgIds = orgsOf(entity.orgs, headerOf(headers, 'zuora-org-ids'));
    return { ...caller, entityId: entity.id, orgIds };
  }

  private async bearerOf(authorization: string | undefined): Promise<Bearer> {
    if (!authorization) throw new RequestError('UNAUTHENTICATED');
    const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1];
    if (!token) throw new RequestError('UNAUTHENTICATED', 'Authorization must be "Bearer" and a token.');
    try {
      // Each kind is verified by keys and algorithms of its own: what a token says of itself only chooses between them.
      return this.outside?.issued(token) ? await this.outside.verify(token) : this.verify(token);
    } catch (error) {
      if (error instanceof RequestError) throw error;
      const expired = (error as { code?: string }).code === TOKEN_ERROR_CODES.expired;
      const what = expired ? 'The bearer token has expired.' : 'The bearer token is not valid.';
      // What exactly is wrong is for the log: whoever forges tokens would learn from it.
      throw new RequestError('UNAUTHENTICATED', `${what} ${this.another} and try again.`, error);
    }
  }

  private get another(): string {
    return `Get another from POST /oauth/token${this.outside ? ', or from its issuer,' : ''}`;
  }

  private async accessOf(bearer: Bearer): Promise<Access> {
    if ('subject' in bearer) {
      const access = await this.cached(`subject ${bearer.subject}`, () =>
        grantsOfSubject(this.db.aside(), bearer.subject),
      );
      if (access) return access;
      throw new RequestError('UNAUTHENTICATED', 'No client is linked to the subject of this bearer token.');
    }
    const cached = (fresh: boolean) =>
      this.cached(`client ${bearer.sub}`, () => grantsOf(this.db.aside(), bearer.sub), fresh);
    const access = await cached(false);
    if (access?.secretIds.has(bearer.secret_id)) return access;
    // The secret may be younger than what is known of the client: a token for it works at once.
    const now = access && (await cached(true));
    if (now?.secretIds.has(bearer.secret_id)) return now;
    const what = now ? 'The client_secret that this bearer token was issued for' : 'The client of this bearer token';
    throw new RequestError('UNAUTHENTICATED', `${what} does not exist any more.`);
  }

  /** Kept as a promise, so that requests that come together read the grants once. */
  private cached(key: string, read: () => Promise<Grants | undefined>, fresh = false): Promise<Access | undefined> {
    const now = Date.now();
    const cached = this.cache.get(key);
    if (cached && cached.until > now && !fresh) return cached.access;
    // Deleted first, so that the map stays in the order of reading and its first entry is the oldest.
    this.cache.delete(key);
    if (this.cache.size >= mostClients) this.cache.delete(this.cache.keys().next().value as string);
    const entry = { access: read().then(accessOf), until: now + this.ttl };
    this.cache.set(key, entry);
    entry.access.catch(() => {
      // A failure is not remembered: the next request asks again.
      if (this.cache.get(key) === entry) this.cache.delete(key);
    });
    return entry.access;
  }
}

/** The scopes of the client. A token from outside may be for fewer of them, never for more. */
function scopesOf(access: Access, bearer: Bearer): ReadonlySet<Scope> {
  const wanted = 'subject' in bearer ? bearer.scopes : undefined;
  return wanted ? new Set([...access.scopes].filter((scope) => wanted.has(scope))) : access.scopes;
}

const accessOf = (grants: Grants | undefined): Access | undefined =>
  grants && {
    id: grants.id,
    scopes: grants.scopes,
    documentMode: grants.documentMode,
    entities: new Map(grants.entities.map(({ id, orgs }) => [id, orgs.map((org) => org.id)])),
    secretIds: new Set(grants.secretIds),
  };
