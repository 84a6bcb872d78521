import { openApi } from './openapi';

/* The Postman collection of docs/, made of the OpenAPI document. openapi-to-postmanv2 gives every request another id on every run. */

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  description: string;
  /** Headers and parameters of the query are optional otherwise. */
  required?: true;
  example?: string | readonly string[];
}
interface OpenApiOperation {
  summary: string;
  description: string;
  tags: [string];
  parameters: (Parameter | { $ref: string })[];
  requestBody?: { content: Record<string, { example: object | string }> };
}
interface Document {
  info: { title: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { parameters: Record<string, Parameter> };
}

/** The client of the demo, which the collection is filled in for. */
const variables = {
  baseUrl: 'http://localhost:4000',
  clientId: '00000000-0000-4000-8000-000000000001',
  clientSecret: 'demo-secret',
};

/** The collection in Postman's format 2.1: a folder for each tag, a request for each operation. */
export function postmanCollection(): object {
  const document = openApi('') as unknown as Document;
  const requests = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      tag: operation.tags[0],
      item: { name: operation.summary, request: requestOf(method.toUpperCase(), path, operation, document) },
    })),
  );
  return {
    info: {
      name: document.info.title,
      description: document.info.description,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'oauth2', oauth2: Object.entries(signIn).map(([key, value]) => ({ key, value, type: 'string' })) },
    variable: Object.entries(variables).map(([key, value]) => ({ key, value })),
    item: document.tags.map(({ name, description }) => ({
      name,
      description,
      item: requests.filter(({ tag }) => tag === name).map(({ item }) => item),
    })),
  };
}

const signIn = {
  grant_type: 'client_credentials',
  accessTokenUrl: '{{baseUrl}}/oauth/token',
  clientId: '{{clientId}}',
  clientSecret: '{{clientSecret}}',
  client_authentication: 'body',
  addTokenTo: 'header',
};

function requestOf(method: string, path: string, operation: OpenApiOperation, { components }: Document): object {
  const parameters = operation.parameters.map((each) =>
    '$ref' in each ? components.parameters[each.$ref.split('/').at(-1)!] : each,
  );
  const given = (place: Parameter['in'], more: object) =>
    parameters
      .filter((each) => each.in === place)
      .map(({ name, description, required, example = '' }) => ({
        ...{ key: name, value: String(example), description },
        ...(required ? {} : more),
      }));
  const query = given('query', { disabled: true }) as { key: string; value: string; disabled?: true }[];
  const asked = query
    .filter(({ disabled }) => !disabled)
    .map(({ key, value }) => `${key}=${encodeURIComponent(value)}`);
  const url = path.replace(/\{(\w+)\}/g, ':$1');
  const [[type, { example }] = ['', { example: undefined }]] = Object.entries(operation.requestBody?.content ?? {});
  const language = type === 'application/json' ? 'json' : 'text';
  return {
    method,
    description: operation.description,
    // What a request can do without is there to be switched on.
    header: [...(example ? [{ key: 'Content-Type', value: type }] : []), ...given('header', { disabled: true })],
    url: {
      raw: `{{baseUrl}}${url}${asked.length ? `?${asked.join('&')}` : ''}`,
      host: ['{{baseUrl}}'],
      path: url.slice(1).split('/'),
      query,
      variable: given('path', {}),
    },
    ...(example && {
      body: {
        mode: 'raw',
        raw: typeof example === 'string' ? example : JSON.stringify(example, null, 2),
        options: { raw: { language } },
      },
    }),
  };
}
