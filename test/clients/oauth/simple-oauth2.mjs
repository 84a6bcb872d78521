// What a partner writes with simple-oauth2, with its defaults: HTTP Basic.
import { ClientCredentials } from 'simple-oauth2';

const [tokenHost, id, secret] = process.argv.slice(2);
const client = new ClientCredentials({ client: { id, secret }, auth: { tokenHost } });
const all = await client.getToken({});
const read = await client.getToken({ scope: ['read'] });
const refused = await client.getToken({ scope: 'everything' }).catch(({ data }) => data.payload.error);
const wrong = new ClientCredentials({ client: { id, secret: 'wrong' }, auth: { tokenHost } });
const unknown = await wrong.getToken({}).catch(({ output }) => output.statusCode);
console.log(JSON.stringify([{ token: all.token.access_token, read: read.token.scope, refused, unknown }]));
