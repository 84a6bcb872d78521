import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { type Caller, type Scope, withoutEntity } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { idOf } from '../../domain/key';
import type { DocumentMode } from '../../domain/registered-document';
import {
  authenticateClient,
  type ClientDatabase,
  clientIdOf,
  type Grants,
  grantsOf,
  grantsOfSubject,
} from '../../service/client';
import { within } from '../../service/run/patience';
import { entityOf, headerOf, orgsOf, trackIdOf } from '../caller-headers';
import { OutsideIssuer, type OutsideOptions } from './outside-issuer';

export interface AuthOptions {
  db: ClientDatabase;
  /** At least 32 characters; every process behind one address needs the same. */
  signingKey: string;
  /** Signed before it, during a rotation: tokens that it has signed are taken until they end. */
  previousSigningKey?: string;
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
/** How long the database may take to say who asks: the time limit of a request begins later. */
const patienceMs = 5_000;
/** Clients that the grants of are kept in memory; the oldest entry makes room. */
const mostClients = 1000;
/** A token travels in a header, and all headers together in 16 KB; its list of entities is for information only. */
const mostEntitiesInToken = 50;

function silent(): never {
  throw new RequestError('UNAVAILABLE');
}

/** The grants of a client, in the form that requests are held against. */
interface Access {
  id: string;
  scopes: ReadonlySet<Scope>;
  documentMode: DocumentMode;
  entities: ReadonlyMap<string, readonly string[]>;
  secretIds: ReadonlySet<string>;
}

/**
 * What a token says of its bearer: a client by its id, and the secret it was issued for; or a subject from outside. Either
 * may be good for fewer scopes than its client has, our own for fewer entities too.
 */
type Bearer = ({ sub: string; secret_id: string } | { subject: string }) & Limited;

interface Limited {
  scopes?: ReadonlySet<Scope>;
  entities?: ReadonlySet<string>;
}

/** The claims of our own tokens that count. */
interface Claims {
  sub: string;
  secret_id: string;
  scope?: string;
  /**
   * The kinds of words in `scope` that limit the token. Without it they tell what the client had when the token was issued, and
   * what the client is granted later counts too.
   */
  limits?: readonly (keyof Limited)[];
}

/** A scope that does not exist, or that the client does not have. The message is for the client (RFC 6749, section 5.2). */
export class ScopeError extends Error {}

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
  /** By the key that signs, and by the one that did before. */
  private readonly verifiers: readonly ((token: string) => Claims)[];
  private readonly outside: OutsideIssuer | undefined;
  private readonly cache = new Map<string, Cached>();

  constructor({ db, signingKey, previousSigningKey, grantsTtlMs = 5_000, outside }: AuthOptions) {
    this.db = db;
    this.ttl = grantsTtlMs;
    this.sign = createSigner({
      key: Buffer.from(signingKey),
      algorithm: 'HS256',
      iss: issuer,
      aud: issuer,
      expiresIn: lifetime * 1000,
    });
    // The cache answers in 2 microseconds instead of 6; it keeps hashes of tokens, and none beyond its expiry.
    this.verifiers = [signingKey, previousSigningKey].flatMap((key) => {
      if (key === undefined) return [];
      return createVerifier({
        key: Buffer.from(key),
        algorithms: ['HS256'],
        allowedIss: issuer,
        allowedAud: issuer,
        requiredClaims: ['iss', 'aud', 'sub', 'jti', 'exp', 'secret_id'],
        cache: mostClients,
      });
    });
    this.outside = outside && new OutsideIssuer(outside);
  }

  /**
   * A token for the client, limited to the scopes and entities in `wanted` where it names any of that kind.
   * @throws RequestError UNAUTHENTICATED where there is no such client, or the secret is not one of its own
   * @throws ScopeError
   */
  async issue(clientId: string, secret: string, wanted: readonly string[] = []): Promise<TokenReply> {
    const grants = await within(patienceMs, authenticateClient(this.db.aside(), clientId, secret), silent);
    if (!grants) throw new RequestError('UNAUTHENTICATED', 'There is no client with this client_id and client_secret.');
    const limited = limitedTo(grants, wanted);
    const limits = (['scopes', 'entities'] as const).filter((kind) => limited[kind]);
    const entities = grants.entities
      .filter(({ id }) => limited.entities?.has(id) ?? true)
      .map(({ id }) => `entity.${id}`);
    const scopes = [...grants.scopes].filter((scope) => limited.scopes?.has(scope) ?? true);
    const told = entities.length > mostEntitiesInToken && !limited.entities ? scopes : [...entities, ...scopes];
    const jti = randomUUID().replaceAll('-', '');
    return {
      access_token: this.sign({
        ...{ sub: clientIdOf(grants.id), jti, secret_id: grants.secretId, scope: told.join(' ') },
        ...(limits.length && { limits }),
      }),
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
    const limited = bearer.entities && { tokenEntityIds: bearer.entities };
    const caller = { clientId, scopes: scopesOf(access, bearer), ...limited, documentMode, requestId, trackId };
    const entities = bearer.entities ? those(access.entities, bearer.entities) : access.entities;
    const entity = entityOf(entities, headerOf(headers, 'zuora-entity-ids'));
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
      return this.outside?.issued(token) ? await this.outside.verify(token) : ownBearer(this.verify(token));
    } catch (error) {
      if (error instanceof RequestError) throw error;
      const expired = (error as { code?: string }).code === TOKEN_ERROR_CODES.expired;
      const what = expired ? 'The bearer token has expired.' : 'The bearer token is not valid.';
      // What exactly is wrong is for the log: whoever forges tokens would learn from it.
      throw new RequestError('UNAUTHENTICATED', `${what} ${this.another} and try again.`, error);
    }
  }

  private verify(token: string): Claims {
    const [verify, verifyPrevious] = this.verifiers;
    try {
      return verify(token);
    } catch (error) {
      const foreign = (error as { code?: string }).code === TOKEN_ERROR_CODES.invalidSignature;
      if (!foreign || !verifyPrevious) throw error;
      return verifyPrevious(token);
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
    const now = performance.now();
    const cached = this.cache.get(key);
    if (cached && cached.until > now && !fresh) return cached.access;
    // Deleted first, so that the map stays in the order of reading and its first entry is the oldest.
    this.cache.delete(key);
    if (this.cache.size >= mostClients) this.cache.delete(this.cache.keys().next().value as string);
    const entry = { access: within(patienceMs, read().then(accessOf), silent), until: now + this.ttl };
    this.cache.set(key, entry);
    entry.access.catch(() => {
      // A failure is not remembered: the next request asks again.
      if (this.cache.get(key) === entry) this.cache.delete(key);
    });
    return entry.access;
  }
}

/** The scopes of the client. A token may be for fewer of them, never for more. */
const scopesOf = (access: Access, { scopes: wanted }: Bearer): ReadonlySet<Scope> =>
  wanted ? new Set([...access.scopes].filter((scope) => wanted.has(scope))) : access.scopes;

const those = <T>(entities: ReadonlyMap<string, T>, wanted: ReadonlySet<string>): ReadonlyMap<string, T> =>
  new Map([...entities].filter(([id]) => wanted.has(id)));

const entityPrefix = 'entity.';

/** What a client limits its token to; a kind that it does not name is not limited. */
function limitedTo(grants: Grants, wanted: readonly string[]): Limited {
  const scopes = new Set<Scope>();
  const entities = new Set<string>();
  for (const word of wanted) {
    const entityId = word.startsWith(entityPrefix) ? idOf(word.slice(entityPrefix.length)) : undefined;
    if (grants.scopes.has(word as Scope)) scopes.add(word as Scope);
    else if (entityId !== undefined && grants.entities.some(({ id }) => id === entityId)) entities.add(entityId);
    else {
      const own = [...grants.scopes].join(', ');
      throw new ScopeError(
        `scope has a value that the client is not granted. The client may request ${own}, and entity.<id> of its entities.`,
      );
    }
  }
  return { ...(scopes.size && { scopes }), ...(entities.size && { entities }) };
}

function ownBearer({ sub, secret_id, scope = '', limits = [] }: Claims): Bearer {
  const bearer: Bearer = { sub, secret_id };
  if (limits.length === 0) return bearer;
  const words = scope.split(' ');
  const named = words.filter((word) => word.startsWith(entityPrefix)).map((word) => word.slice(entityPrefix.length));
  if (limits.includes('scopes')) bearer.scopes = new Set(words as Scope[]);
  if (limits.includes('entities')) bearer.entities = new Set(named);
  return bearer;
}

const accessOf = (grants: Grants | undefined): Access | undefined =>
  grants && {
    id: grants.id,
    scopes: grants.scopes,
    documentMode: grants.documentMode,
    entities: new Map(grants.entities.map(({ id, orgs }) => [id, orgs.map((org) => org.id)])),
    secretIds: new Set(grants.secretIds),
  };
