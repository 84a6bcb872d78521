import { randomUUID } from 'node:crypto';
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import type { Scope } from '../../domain/caller';
import { idOf } from '../../domain/key';
import { clientIdOf, type Grants } from '../../service/client';

/* The tokens that this gateway issues: what they say of their bearer, and how they limit it. */

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
const entityPrefix = 'entity.';

/**
 * A token travels in a header, and all headers together have at most 16 KB. The list of entities in a token is only for
 * information.
 */
const mostEntitiesInToken = 50;

/** The limits of a token. A kind that is absent is not limited. */
export interface Limited {
  scopes?: ReadonlySet<Scope>;
  entities?: ReadonlySet<string>;
}

/** The bearer of our own token: a client, and the secret that the token was issued for. */
export interface OwnBearer extends Limited {
  sub: string;
  secret_id: string;
  exp: number;
}

/** The claims of our own tokens that count. */
interface Claims {
  sub: string;
  /** In seconds since 1970. */
  exp: number;
  secret_id: string;
  scope?: string;
  /**
   * The kinds of words in `scope` that limit the token. Without it, `scope` only lists the client's grants at the time
   * of issue, and later grants count too.
   */
  limits?: readonly (keyof Limited)[];
}

/**
 * A scope that does not exist, or that is not granted to the client. The message is for the client (RFC 6749, section
 * 5.2).
 */
export class ScopeError extends Error {}

/** Issues our own tokens, and reads them. */
export class OwnTokens {
  private readonly sign: (claims: object) => string;
  /** For the signing key, and for the previous signing key. */
  private readonly verifiers: readonly ((token: string) => Claims)[];

  constructor(signingKey: string, previousSigningKey: string | undefined) {
    this.sign = createSigner({
      key: Buffer.from(signingKey),
      algorithm: 'HS256',
      iss: issuer,
      aud: issuer,
      expiresIn: lifetime * 1000,
    });
    this.verifiers = [signingKey, previousSigningKey].flatMap((key) => {
      if (key === undefined) return [];
      return createVerifier({
        key: Buffer.from(key),
        algorithms: ['HS256'],
        allowedIss: issuer,
        allowedAud: issuer,
        requiredClaims: ['iss', 'aud', 'sub', 'jti', 'exp', 'secret_id'],
      });
    });
  }

  /**
   * Issues a token for the client with these grants. `wanted` limits it to these scopes and entities.
   * @throws ScopeError
   */
  issue(grants: Grants & { secretId: string }, wanted: readonly string[]): TokenReply {
    const limited = limitedTo(grants, wanted);
    const limits = (['scopes', 'entities'] as const).filter((kind) => limited[kind]);
    const entities = grants.entities
      .filter(({ id }) => limited.entities?.has(id) ?? true)
      .map(({ id }) => entityPrefix + id);
    const scopes = [...grants.scopes].filter((scope) => limited.scopes?.has(scope) ?? true);
    const told = entities.length > mostEntitiesInToken && !limited.entities ? scopes : [...entities, ...scopes];
    const jti = randomUUID().replaceAll('-', '');
    return {
      access_token: this.sign({
        ...{ sub: clientIdOf(grants.id), jti, secret_id: grants.secretId, scope: told.join(' ') },
        ...(limits.length && { limits }),
      }),
      token_type: 'bearer',
      // One second less than the token lives, as published, so that a client that counts down never sends an expired
      // token.
      expires_in: lifetime - 1,
      scope: [...entities, ...scopes].join(' '),
      jti,
    };
  }

  /** @throws an error of fast-jwt if the token is not valid */
  bearerOf(token: string): OwnBearer {
    return ownBearer(this.verify(token));
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
}

/** The limits of a token, from the words of its request. A kind without a word is not limited. */
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

function ownBearer({ sub, secret_id, exp, scope = '', limits = [] }: Claims): OwnBearer {
  const bearer: OwnBearer = { sub, secret_id, exp };
  if (limits.length === 0) return bearer;
  const words = scope.split(' ');
  const named = words.filter((word) => word.startsWith(entityPrefix)).map((word) => word.slice(entityPrefix.length));
  if (limits.includes('scopes')) bearer.scopes = new Set(words as Scope[]);
  if (limits.includes('entities')) bearer.entities = new Set(named);
  return bearer;
}
