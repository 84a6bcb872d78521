import * as oauth from 'openid-client';
import { type Session, SignInNeeded } from './session';

/** Where people sign in, and the public client that this page is there. */
export interface IssuerConfig {
  issuer: string;
  clientId: string;
  scope: string;
  /** The audience of the access tokens, for issuers with resource indicators (RFC 8707). */
  resource?: string;
}

/** Signing in did not succeed. `retry` begins anew. */
export class SignInFailed extends Error {
  constructor(
    message: string,
    readonly retry: () => void,
    readonly retryLabel: string,
  ) {
    super(message);
  }
}

/** What must be remembered while the person is at the issuer. Nothing of it is of use to anybody afterwards. */
interface Pending {
  verifier: string;
  state: string;
  nonce: string;
  /** The screen to return to. */
  hash: string;
}

const storageKey = 'board-sign-in';
const returnTo = `${location.origin}/board`;

/**
 * A session by authorization code with PKCE. A page that was just loaded has no token, and asks the issuer for one
 * without a word (`prompt=none`); whoever is signed in there does not notice.
 * @throws SignInFailed with the reason, and what a button may do about it
 */
export async function issuerSession(config: IssuerConfig): Promise<Session> {
  const retry = () => begin(config).catch(() => location.reload());
  const parameters = new URLSearchParams(location.search);
  const returned = parameters.has('code') || parameters.has('error');
  const pending = takePending();
  const url = new URL(location.href);
  // A code works once: it must be neither in the address nor in the history of the browser.
  if (returned) history.replaceState(null, '', `${returnTo}${pending?.hash ?? ''}`);
  try {
    if (!returned) return await begin(config, 'none');
    if (['login_required', 'interaction_required', 'consent_required'].includes(parameters.get('error') ?? '')) {
      throw new SignInFailed('Sign in to see the board.', retry, 'Sign in');
    }
    if (!pending) throw new SignInFailed('This sign-in was not begun here, or was completed before.', retry, 'Sign in');
    return await complete(config, url, pending);
  } catch (error) {
    if (error instanceof SignInFailed) throw error;
    throw new SignInFailed(explained(error), retry, 'Try again');
  }
}

function explained(error: unknown): string {
  const { error: refusal, error_description: description } = error as oauth.ResponseBodyError;
  const { code, name, message } = error as oauth.ClientError;
  if (refusal === 'invalid_grant') return 'This sign-in was completed before, or took too long.';
  if (refusal) return `The issuer refused the sign-in: ${description ?? refusal}.`;
  if (name === 'TypeError' || code === 'OAUTH_TIMEOUT') return 'The issuer cannot be reached.';
  // The state, the nonce or the issuer is another one.
  if (code === 'OAUTH_INVALID_RESPONSE' || code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED')
    return 'This sign-in was not begun here.';
  return `The issuer gave no proper answer: ${message}.`;
}

const discovered = ({ issuer, clientId }: IssuerConfig) =>
  oauth.discovery(new URL(issuer), clientId, undefined, oauth.None(), {
    timeout: 20,
    // Plain HTTP is for an issuer on this machine, as in the demo.
    execute: new URL(issuer).protocol === 'http:' ? [oauth.allowInsecureRequests] : [],
  });

/** Leaves for the issuer, and does not return. */
async function begin(config: IssuerConfig, prompt?: 'none' | 'login'): Promise<never> {
  const server = await discovered(config);
  const pending: Pending = {
    verifier: oauth.randomPKCECodeVerifier(),
    state: oauth.randomState(),
    nonce: oauth.randomNonce(),
    hash: location.hash,
  };
  sessionStorage.setItem(storageKey, JSON.stringify(pending));
  location.assign(
    oauth.buildAuthorizationUrl(server, {
      redirect_uri: returnTo,
      scope: config.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      ...(config.resource && { resource: config.resource }),
      ...(prompt && { prompt }),
    }),
  );
  return new Promise(() => {});
}

function takePending(): Pending | undefined {
  const text = sessionStorage.getItem(storageKey);
  sessionStorage.removeItem(storageKey);
  return text ? JSON.parse(text) : undefined;
}

async function complete(config: IssuerConfig, url: URL, pending: Pending): Promise<Session> {
  const server = await discovered(config);
  const resource: Record<string, string> = config.resource ? { resource: config.resource } : {};
  const tokens = await oauth.authorizationCodeGrant(
    server,
    url,
    { pkceCodeVerifier: pending.verifier, expectedState: pending.state, expectedNonce: pending.nonce },
    resource,
  );
  const claims = tokens.claims();
  let { access_token: token, refresh_token: refreshToken } = tokens;
  let renewing: Promise<string> | undefined;

  async function renew(): Promise<string> {
    if (!refreshToken) throw new SignInNeeded('Your session has ended.');
    try {
      const next = await oauth.refreshTokenGrant(server, refreshToken, resource);
      token = next.access_token;
      refreshToken = next.refresh_token ?? refreshToken;
      return token;
    } catch (error) {
      if ((error as oauth.ResponseBodyError).error) throw new SignInNeeded('Your session has ended.');
      throw error;
    }
  }

  const signIn = () => void begin(config).catch(() => location.reload());
  return {
    who: String(claims?.name ?? claims?.preferred_username ?? claims?.sub ?? ''),
    async token(refused) {
      if (refused !== token) return token;
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
    signIn,
    signOut() {
      const { end_session_endpoint: end } = server.serverMetadata();
      if (!end) return location.reload();
      // Without an id_token_hint the issuer asks once more, and no token gets into an address.
      location.assign(oauth.buildEndSessionUrl(server, { post_logout_redirect_uri: returnTo }));
    },
  };
}
