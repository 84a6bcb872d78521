import { load, save } from './durable.mjs';
import { credentials, once } from './gateway.mjs';

/*
 * Replaces our secret and that of our webhook endpoint, without a gap: the secrets before stay valid for a day. A run that was
 * killed is simply repeated: what was replaced within a day is left alone.
 */

const day = 86_400_000;
const isDue = (file) => Date.now() - Date.parse(load(file).replacedDate ?? 0) >= day;
const now = () => new Date().toISOString();

if (!load('credentials.json')) save('credentials.json', credentials());
if (isDue('credentials.json')) {
  await once('credentials.json', 'RotateSecret', {}, ({ rotateClientSecret }) => ({
    secret: rotateClientSecret.secret,
    replacedDate: now(),
  }));
  console.log('The client has a new secret.');
}

const { id } = load('webhook.json') ?? {};
if (id && isDue('webhook.json')) {
  await once('webhook.json', 'RotateEndpointSecret', { id }, ({ rotateWebhookSecret }, { secret }) => ({
    secret: rotateWebhookSecret.secret,
    previous: secret,
    replacedDate: now(),
  }));
  console.log('The webhook endpoint has a new secret.');
}
