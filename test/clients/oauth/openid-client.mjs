// What a partner writes with openid-client: discovery, then client credentials, with its defaults and by HTTP Basic.
import * as client from 'openid-client';

const [origin, clientId, secret] = process.argv.slice(2);
// The one thing that is set: without it the library asks by https alone.
const local = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
const replies = [];
for (const way of [undefined, client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
  const server = await client.discovery(new URL(origin), clientId, secret, way, local);
  const { issuer } = server.serverMetadata();
  const all = await client.clientCredentialsGrant(server);
  const read = await client.clientCredentialsGrant(server, { scope: 'read' });
  const refused = await client.clientCredentialsGrant(server, { scope: 'everything' }).catch(({ error }) => error);
  replies.push({ issuer, token: all.access_token, read: read.scope, refused });
}
console.log(JSON.stringify(replies));
