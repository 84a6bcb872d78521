import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import Provider, { interactionPolicy } from 'oidc-provider';
import { loginPage } from './login-page.mjs';
import { people } from './people.mjs';

/*
 * An issuer for trying sign-in out: authorization code with PKCE, on this machine alone, and without passwords. It keeps
 * everything in memory. Never let others reach it: whoever opens its login page is whom they choose to be.
 */

const usage = `Usage: npm run demo:issuer -- [--port <number>] [--token-seconds <number>]

Runs an OpenID Connect issuer on 127.0.0.1 with a few people to sign in as, and prints how to start a gateway with it.
  --port <number>           where it listens; default: 4400; 0 for any free port
  --token-seconds <number>  how long an access token lives; default: 300`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4400' },
    'token-seconds': { type: 'string', default: '300' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit();
}

const audience = 'https://gateway.example';
const clientId = 'board';
/** The scopes of the gateway. A token is good for those that the application asks for, and that the groups give. */
const scopes = 'read order fulfill edit-booked bill pay webhook admin';
const tokenSeconds = Number(values['token-seconds']);

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const server = createServer();
await new Promise((resolve, reject) => server.on('error', reject).listen(Number(values.port), '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const isLoopback = (origin) => /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin);

// Native applications would be asked for consent each time, and could not renew a session silently.
const policy = interactionPolicy.base();
policy.get('consent').checks.remove('native_client_prompt');

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'demo', alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [crypto.randomUUID()] },
  clients: [
    {
      client_id: clientId,
      // For a native application any port of this machine is good (RFC 8252, section 7.3).
      application_type: 'native',
      redirect_uris: ['http://localhost/board', 'http://127.0.0.1/board'],
      post_logout_redirect_uris: ['http://localhost:4000/board', 'http://127.0.0.1:4000/board'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  pkce: { required: () => true },
  clientBasedCORS: (_ctx, origin) => isLoopback(origin),
  claims: { openid: ['sub'], profile: ['name', 'groups'] },
  findAccount: (_ctx, sub) => people.has(sub) && { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) },
  // The gateway reads the name and the groups from the access token. It never asks for the rest.
  extraTokenClaims: (_ctx, { accountId }) => ({ ...people.get(accountId) }),
  // The demo's own application asks nobody for consent.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
    grant.addOIDCScope('openid profile offline_access');
    grant.addResourceScope(audience, scopes);
    await grant.save();
    return grant;
  },
  interactions: { policy, url: (_ctx, { uid }) => `/sign-in/${uid}` },
  issueRefreshToken: () => true,
  ttl: { AccessToken: tokenSeconds, AuthorizationCode: 60, IdToken: 300, Interaction: 600 },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        ...{ scope: scopes, audience, accessTokenFormat: 'jwt', accessTokenTTL: tokenSeconds },
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

/** The login page, and what it sends: who it is, and in which groups from now on. */
async function signIn(request, response) {
  if (request.method !== 'POST') {
    await provider.interactionDetails(request, response);
    return response.setHeader('content-type', 'text/html; charset=utf-8').end(loginPage(people));
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body.slice(0, 10_000));
  const person = people.get(form.get('person'));
  if (!person) return response.writeHead(400).end('There is no such person.');
  person.groups = form.getAll('group');
  return provider.interactionFinished(request, response, { login: { accountId: form.get('person') } });
}

const handle = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/sign-in/')) return handle(request, response);
  signIn(request, response).catch((error) => response.writeHead(error.statusCode ?? 500).end(error.message));
});

console.log(`
  Issuer      ${issuer}
  People      ${[...people.values()].map(({ name }) => name).join(', ')}

  Start a gateway that they may sign in to, in another terminal:

JWT_ISSUER=${issuer} JWT_AUDIENCE=${audience} JWT_JWKS_URL=${issuer}/jwks \\
  JWT_GROUPS=./examples/issuer/groups.json BOARD_CLIENT_ID=${clientId} npm start
`);
