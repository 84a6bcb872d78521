import * as client from 'openid-client';

/*
 * A person with a browser, who signs in as the manual of openid-client says: authorization code with PKCE. Each message of
 * the parent process is one sign-in, and is answered with what came of it.
 */

const redirectUri = 'http://127.0.0.1:4000/board';

/** Follows redirects with cookies, as a browser does, until one leads to the application. Posts the form on the way. */
async function browse(url, form) {
  const cookies = new Map();
  let body;
  for (let steps = 0; steps < 10; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const method = body ? 'POST' : 'GET';
    const reply = await fetch(url, { method, body, headers: { cookie }, redirect: 'manual' });
    body = undefined;
    for (const set of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      cookies.set(name, value);
    }
    const to = reply.headers.get('location');
    if (to) {
      url = new URL(to, url);
      if (url.href.startsWith(redirectUri)) return url;
    } else if (reply.ok && form) {
      body = new URLSearchParams(form);
      form = undefined;
    } else throw new Error(`${reply.status} ${await reply.text()}`);
  }
  throw new Error('too many redirects');
}

async function signIn({ issuer, clientId, scope, resource, person, groups }) {
  const options = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(new URL(issuer), clientId, undefined, client.None(), options);
  const verifier = client.randomPKCECodeVerifier();
  const checks = { expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const url = client.buildAuthorizationUrl(config, {
    ...{ redirect_uri: redirectUri, scope, resource, state: checks.expectedState, nonce: checks.expectedNonce },
    ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
  });
  const back = await browse(url, [['person', person], ...groups.map((group) => ['group', group])]);
  const redeem = () =>
    client.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: verifier }, { resource });
  const tokens = await redeem();
  const renewed = tokens.refresh_token
    ? await client.refreshTokenGrant(config, tokens.refresh_token, { resource })
    : undefined;
  const again = await redeem().then(
    () => 'redeemed',
    (error) => error.error ?? String(error),
  );
  const withoutVerifier = await browse(
    client.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope, resource }),
  ).then(
    (to) => to.searchParams.get('error'),
    (error) => String(error),
  );
  return {
    ...{ token: tokens.access_token, expiresIn: tokens.expires_in, claims: tokens.claims() },
    ...{ renewed: renewed?.access_token, again, withoutVerifier },
  };
}

process.on('message', (message) => {
  signIn(message).then(
    (done) => process.send(done),
    (error) => process.send({ error: String(error), cause: String(error.cause) }),
  );
});
