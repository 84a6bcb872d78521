/* The headers of the published operations, for the OpenAPI document. docs/http.md has the table of all headers. */

const header = (name: string, description: string, schema: object) => ({ name, in: 'header', description, schema });

/** The headers that a request may have, beside those of HTTP itself. */
export const requestHeaders = [
  header('Idempotency-Key', 'The POST has its effect once for the same key. A key is kept for 24 hours.', {
    ...{ type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' },
  }),
  header('Zuora-Entity-Ids', 'One entity. Needed only where the client has several.', { type: 'string' }),
  header('Zuora-Org-Ids', 'The orgs to see, separated by commas; all orgs of the client if absent.', {
    type: 'string',
  }),
  header('Zuora-Track-Id', 'An id of the client for its request. The reply repeats it, and the history keeps it.', {
    ...{ type: 'string', maxLength: 64, pattern: `^[^:;"']*$` },
  }),
  header('Zuora-Version', 'A number or a date. It changes nothing.', { type: 'string' }),
];

interface ReplyHeader {
  description: string;
  schema: object;
  /** The statuses and methods whose replies have the header; all unless told otherwise. */
  on?: { statuses?: readonly number[]; method?: string };
}

/** The headers that a reply may have, by name. */
export const replyHeaders: Readonly<Record<string, ReplyHeader>> = {
  'Zuora-Request-Id': { description: 'The id of the request in our log.', schema: { type: 'string', format: 'uuid' } },
  'Zuora-Track-Id': { description: 'Zuora-Track-Id of the request.', schema: { type: 'string' } },
  'Idempotency-Replayed': {
    description: '`true` if an earlier reply is sent again.',
    schema: { const: 'true' },
    on: { statuses: [200], method: 'POST' },
  },
  'RateLimit-Limit': {
    description: 'What a minute allows of what is nearest to its limit.',
    schema: { type: 'integer' },
  },
  'RateLimit-Remaining': { description: 'What is left of it.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until all of it is there again.', schema: { type: 'integer' } },
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer' },
    on: { statuses: [409, 429, 503] },
  },
  'WWW-Authenticate': { description: 'Bearer.', schema: { type: 'string' }, on: { statuses: [401] } },
};
