import type { IncomingHttpHeaders } from 'node:http';
import { TOKEN_ERROR_CODES } from 'fast-jwt';
import { LRUCache } from 'lru-cache';
import { type Caller, type Scope, withoutEntity } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import type { DocumentMode } from '../../domain/registered-document';
import { authenticateClient, clientIdOf, type Grants, grantsOf, grantsOfSubject } from '../../service/client';
import { type GroupPolicy, grantsAtPresent, grantsOfToken, type SignInDatabase } from '../../service/person';
import { within } from '../../service/run/patience';
import { entityOf, headerOf, orgsOf, trackIdOf } from '../caller-headers';
import { rightsOf } from './group-rights';
import { type OutsideClaims, OutsideIssuer, type OutsideOptions } from './outside-issuer';
import { type Limited, type OwnBearer, OwnTokens, type TokenReply } from './own-token';
import { noGroup, type PersonClaims } from './person-claims';

interface AuthOptions {
  db: SignInDatabase;
  /** At least 32 characters. All processes behind one address need the same key. */
  signingKey: string;
  /** The key before a rotation. Tokens that it has signed stay valid until they expire. */
  previousSigningKey?: string;
  /** How long a revoked grant, secret or client may still work. */
  grantsTtlMs?: number;
  /** An issuer whose tokens are accepted besides our own. */
  outside?: OutsideOptions;
}

/** Timeout of the database reads that identify the caller: the time limit of a request begins later. */
const patienceMs = 5_000;
/** The most clients whose grants are cached. A new entry replaces the oldest. */
const mostClients = 1000;

function silent(): never {
  const error: NodeJS.ErrnoException = new Error(`the database has not answered for ${patienceMs} ms`);
  // As the network says it, so that the log counts it with the outage.
  error.code = 'ETIMEDOUT';
  throw new RequestError('UNAVAILABLE', undefined, error);
}

/** The grants of a client, in the form that checks use. */
interface Access {
  id: string;
  scopes: ReadonlySet<Scope>;
  documentMode: DocumentMode;
  entities: ReadonlyMap<string, readonly string[]>;
  secretIds: ReadonlySet<string>;
  /** The grants follow the groups in the token of a person. */
  isPerson: boolean;
  /** When the grants are too old to be used, on the clock of `performance`. */
  until: number;
}

/** What a valid token gives to its bearer. */
interface Identified {
  /** The part of a Caller that follows from the token alone. */
  client: Pick<Caller, 'clientId' | 'scopes' | 'tokenEntityIds' | 'documentMode' | 'secret'>;
  entities: Access['entities'];
  /** When the token has to be checked again, on the clock of `performance`. */
  until: number;
}

/**
 * The bearer of a token. Our own token names a client by its id, and the secret that it was issued for. An outside
 * token names a subject. Either may be limited to some of the client's scopes; our own also to some entities.
 */
type Bearer = OwnBearer | (OutsideClaims & Limited);

interface Cached {
  access: Promise<Access | undefined>;
  until: number;
}

/**
 * Identifies the caller of a request. The token names the client, and the database holds the client's grants. So a
 * revoked grant ends within seconds, and not with the token.
 */
export class Identity {
  private readonly db: SignInDatabase;
  private readonly ttl: number;
  private readonly own: OwnTokens;
  /**
   * What our own tokens gave, by the header, for as long as their grants are cached. The verifier's own cache makes a hash
   * of the token each time, which takes as long as the check.
   */
  private readonly identified = new LRUCache<string, Identified>({ max: mostClients });
  private readonly outside: OutsideIssuer | undefined;
  /** How the groups of people become rights. Undefined if nobody signs in by groups. */
  private readonly people: GroupPolicy | undefined;
  private readonly cache = new Map<string, Cached>();

  constructor({ db, signingKey, previousSigningKey, grantsTtlMs = 5_000, outside }: AuthOptions) {
    this.db = db;
    this.ttl = grantsTtlMs;
    this.own = new OwnTokens(signingKey, previousSigningKey);
    this.outside = outside && new OutsideIssuer(outside);
    const { groups, maxLifetime } = outside ?? {};
    this.people = groups && { rightsOf: (names) => rightsOf(groups, names), maxLifetime: maxLifetime! };
  }

  /**
   * Issues a token for the client. `wanted` limits it to these scopes and entities. A kind without a word in `wanted`
   * is not limited.
   * @throws RequestError UNAUTHENTICATED if the client does not exist, or does not have this secret
   * @throws ScopeError
   */
  async issue(clientId: string, secret: string, wanted: readonly string[] = []): Promise<TokenReply> {
    const grants = await within(patienceMs, authenticateClient(this.db.aside(), clientId, secret), silent);
    if (!grants) throw new RequestError('UNAUTHENTICATED', 'There is no client with this client_id and client_secret.');
    return this.own.issue(grants, wanted);
  }

  /**
   * The caller of a request with these headers. The caller has no entity if the client has several and the request
   * names none.
   * @throws RequestError UNAUTHENTICATED without a valid token, FORBIDDEN for an entity or org that the client may not
   * see, BAD_REQUEST for a malformed header
   */
  async callerOf(headers: IncomingHttpHeaders, requestId: string): Promise<Caller> {
    const { authorization = '' } = headers;
    const known = this.identified.get(authorization);
    const { client, entities } = known && performance.now() < known.until ? known : await this.identify(authorization);
    const trackId = trackIdOf(headerOf(headers, 'zuora-track-id'));
    const entity = entityOf(entities, headerOf(headers, 'zuora-entity-ids'));
    if ('undecided' in entity) return withoutEntity({ requestId, trackId, ...client }, entity.undecided);
    const orgIds = orgsOf(entity.orgs, headerOf(headers, 'zuora-org-ids'));
    return { requestId, trackId, entityId: entity.id, orgIds, ...client };
  }

  /**
   * The caller that a client is in an entity at present, with all that it may see there: for webhooks. Undefined if the client
   * is revoked, has not the scopes of webhooks, or sees nothing in the entity any more. The scopes of a person may have ended
   * with a change of the configuration, which no row tells.
   */
  async present(clientId: string, entityId: string, requestId: string): Promise<Caller | undefined> {
    const sub = clientIdOf(clientId);
    const access = await this.cached(`present ${sub}`, () => grantsAtPresent(this.db.aside(), sub, this.people));
    const orgIds = access?.entities.get(entityId);
    if (!access || !orgIds?.length || !access.scopes.has('read') || !access.scopes.has('webhook')) return undefined;
    const { id, scopes, documentMode } = access;
    return { clientId: id, entityId, orgIds, scopes, documentMode, requestId, trackId: null };
  }

  private async identify(authorization: string): Promise<Identified> {
    const bearer = await this.bearerOf(authorization);
    const access = await this.accessOf(bearer);
    const { id: clientId, documentMode } = access;
    // An older token of a person may lead to fewer entities than the database has for the latest.
    const only = bearer.entities ?? (access.isPerson ? new Set(access.entities.keys()) : undefined);
    const limited = only && { tokenEntityIds: only };
    const secret = 'secret_id' in bearer && {
      secret: { id: bearer.secret_id, isLimited: Boolean(bearer.scopes || bearer.entities) },
    };
    const client = { clientId, scopes: scopesOf(access, bearer), documentMode, ...limited, ...secret };
    const entities = bearer.entities ? those(access.entities, bearer.entities) : access.entities;
    // An outside issuer may take its key back at any time.
    if ('subject' in bearer) return { client, entities, until: 0 };
    const expires = performance.now() + bearer.exp * 1000 - Date.now();
    const found = { client, entities, until: Math.min(access.until, expires) };
    this.identified.set(authorization, found);
    return found;
  }

  private async bearerOf(authorization: string): Promise<Bearer> {
    if (!authorization) throw new RequestError('UNAUTHENTICATED');
    const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1];
    if (!token) throw new RequestError('UNAUTHENTICATED', 'Authorization must be "Bearer" and a token.');
    try {
      // Each kind of token is verified by its own keys and algorithms. The unverified token only chooses the kind.
      return this.outside?.issued(token) ? await this.outside.verify(token) : this.own.bearerOf(token);
    } catch (error) {
      if (error instanceof RequestError) throw error;
      const expired = (error as { code?: string }).code === TOKEN_ERROR_CODES.expired;
      const what = expired ? 'The bearer token has expired.' : 'The bearer token is not valid.';
      // The exact reason goes to the log: a forger of tokens could learn from it.
      throw new RequestError('UNAUTHENTICATED', `${what} ${this.another} and try again.`, error);
    }
  }

  private get another(): string {
    return `Get another from POST /oauth/token${this.outside ? ', or from its issuer,' : ''}`;
  }

  private async accessOf(bearer: Bearer): Promise<Access> {
    if ('subject' in bearer) {
      if (bearer.person && this.people) return this.personAccess(bearer.person, this.people);
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
    // The secret may be newer than the cached grants. A token for a new secret works at once.
    const now = access && (await cached(true));
    if (now?.secretIds.has(bearer.secret_id)) return now;
    const what = now ? 'The client_secret that this bearer token was issued for' : 'The client of this bearer token';
    throw new RequestError('UNAUTHENTICATED', `${what} does not exist any more.`);
  }

  /** Cached by what the token says, so that a later token counts at once. */
  private async personAccess(token: PersonClaims, people: GroupPolicy): Promise<Access> {
    const { subject, issuedDate, name, groups, lack } = token;
    const key = `token ${JSON.stringify([subject, issuedDate, name, groups])}`;
    const access = await this.cached(key, () => grantsOfToken(this.db, token, people));
    if (access && !(access.isPerson && access.scopes.size === 0)) return access;
    if (lack || access) throw new RequestError('FORBIDDEN', lack ?? noGroup);
    throw new RequestError('UNAUTHENTICATED', 'The client of the person of this bearer token was revoked.');
  }

  /** Cached as a promise, so that concurrent requests read the grants once. */
  private cached(
    key: string,
    read: () => Promise<(Grants & { isPerson?: boolean }) | undefined>,
    fresh = false,
  ): Promise<Access | undefined> {
    const now = performance.now();
    const cached = this.cache.get(key);
    if (cached && cached.until > now && !fresh) return cached.access;
    // Deleted first, so that the map is ordered by the time of reading, and its first entry is the oldest.
    this.cache.delete(key);
    if (this.cache.size >= mostClients) this.cache.delete(this.cache.keys().next().value as string);
    const until = now + this.ttl;
    const reading = read().then((grants) => accessOf(grants, until));
    const entry = { access: within(patienceMs, reading, silent), until };
    this.cache.set(key, entry);
    entry.access.catch(() => {
      // A failure is not cached: the next request reads again.
      if (this.cache.get(key) === entry) this.cache.delete(key);
    });
    return entry.access;
  }
}

/** The scopes of a token: the client's scopes, or fewer, never more. */
const scopesOf = (access: Access, { scopes: wanted }: Bearer): ReadonlySet<Scope> =>
  wanted ? new Set([...access.scopes].filter((scope) => wanted.has(scope))) : access.scopes;

const those = <T>(entities: ReadonlyMap<string, T>, wanted: ReadonlySet<string>): ReadonlyMap<string, T> =>
  new Map([...entities].filter(([id]) => wanted.has(id)));

const accessOf = (grants: (Grants & { isPerson?: boolean }) | undefined, until: number): Access | undefined =>
  grants && {
    until,
    isPerson: grants.isPerson ?? false,
    id: grants.id,
    scopes: grants.scopes,
    documentMode: grants.documentMode,
    entities: new Map(grants.entities.map(({ id, orgs }) => [id, orgs.map((org) => org.id)])),
    secretIds: new Set(grants.secretIds),
  };
