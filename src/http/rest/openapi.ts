import { isInputObjectType } from 'graphql';
import { scopeMeanings } from '../../domain/caller';
import { type RequestErrorCode, requestErrorCodes, userErrorCodes } from '../../domain/errors';
import { schema } from '../../graph/build/schema';
import { replyHeaders, requestHeaders } from './document-headers';
import { importOperation, importPath } from './import/document';
import { type JsonSchema, NamedSchemas } from './json-schema';
import { type Body, inputTypeOf, type Operation } from './operation';
import { operations } from './operations';
import { Published, schemaOfForm } from './shape';

/** The OpenAPI 3.1 document of the published operations. It follows from their declarations and the graph. `version`: of the gateway. */
export function openApi(version: string): JsonSchema {
  const schemas = new NamedSchemas();
  schemas.named('Refusal', refusalSchema);
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    paths[operation.path] ??= {};
    paths[operation.path][operation.method.toLowerCase()] = operationObject(operation, schemas);
  }
  paths[importPath] = {
    post: { ...importOperation.object, tags: [tagOf('Fulfillment')], responses: importResponses() },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Order Fulfillment Gateway',
      version,
      summary: 'The published REST operations around fulfillments of order line items.',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway that served this document.' }],
    security: [{ client: [] }],
    tags: nouns().map((noun) => ({ name: tagOf(noun), description: schema().getType(noun)!.description })),
    paths,
    components: {
      schemas: schemas.all,
      responses: Object.fromEntries(
        statusesFor(allCodes).map((status) => [responseName(status), refusalResponse(status)]),
      ),
      parameters: Object.fromEntries(requestHeaders.map((header) => [header.name, header])),
      headers: Object.fromEntries(
        Object.entries(replyHeaders).map(([name, { description, schema }]) => [name, { description, schema }]),
      ),
      securitySchemes: {
        client: {
          type: 'oauth2',
          description: 'Client credentials of OAuth 2.0. A token lasts an hour.',
          flows: { clientCredentials: { tokenUrl: '/oauth/token', scopes: scopeMeanings } },
        },
      },
    },
  };
}

const description = `Every reply has the header Zuora-Request-Id. What the rules refuse has status 200 and \`success: false\`, with the reasons. What is refused before the rules run has a status of 400 or more, and the same form.

Decimals are JSON numbers with all their digits. A POST with an Idempotency-Key happens once: send it again with the same key until there is a reply.`;

const nouns = () => [...new Set(operations.map(({ noun }) => noun))];
/** `OrderLineItem` as `Order line items`. */
const tagOf = (noun: string): string => {
  const words = noun.replace(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);
  return `${words}s`;
};

/** "Retrieve an order line item" as `retrieveOrderLineItem`. */
const operationIdOf = (summary: string): string =>
  summary
    .toLowerCase()
    .replace(/\b(an?|the) /g, '')
    .replace(/ (\w)/g, (_, letter) => letter.toUpperCase());

function operationObject(operation: Operation, schemas: NamedSchemas): JsonSchema {
  const { method, path, summary, scope, noun, query = {}, body } = operation;
  const reply = replySchema(operation, schemas);
  const headers = requestHeaders.filter(({ name }) => method === 'POST' || name !== 'Idempotency-Key');
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      ...{ name, in: 'path', required: true, schema: { type: 'string' } },
      description: operation.key ?? `The id${name === 'key' ? ' or number' : ''} of the ${oneOf(noun)}.`,
    })),
    ...Object.entries(query).map(([name, parameter]) => ({ name, in: 'query', ...parameter })),
    ...headers.map(({ name }) => ({ $ref: `#/components/parameters/${name}` })),
  ];
  return {
    operationId: operationIdOf(summary),
    summary,
    description: `Needs the scope \`${scope}\`.`,
    tags: [tagOf(noun)],
    security: [{ client: [scope] }],
    parameters,
    ...(body && { requestBody: requestBody(body, schemas) }),
    responses: {
      200: {
        description: operation.bare ? 'Found.' : 'Done, or refused by the rules with `success: false`.',
        headers: headersOf(200, method),
        content: { 'application/json': { schema: operation.bare ? reply : { oneOf: [reply, refusalReference] } } },
      },
      ...refusalsOf(statusesOf(operation)),
    },
  };
}

/** The word for one of a noun, such as `order line item`. */
const oneOf = (noun: string): string => tagOf(noun).slice(0, -1).toLowerCase();

function requestBody(body: Body, schemas: NamedSchemas): JsonSchema {
  return {
    required: true,
    content: { 'application/json': { schema: bodySchema(body, schemas), example: body.example } },
  };
}

function bodySchema(body: Body, schemas: NamedSchemas): JsonSchema {
  const type = inputTypeOf(body);
  if (!isInputObjectType(type)) throw new Error(`${type} is no input object`);
  const make = () => {
    const made = schemas.fieldsOf(type);
    const properties = Object.entries({ ...(made.properties as Record<string, JsonSchema>), ...body.but });
    return { ...made, properties: Object.fromEntries(properties.filter(([, property]) => property !== null)) };
  };
  // Types that are made for one body have no name of their own.
  return type.name === 'Body' ? make() : schemas.named(type.name, make);
}

function replySchema({ reply, noun, bare }: Operation, schemas: NamedSchemas): JsonSchema {
  const schema = reply instanceof Published ? reply.objectSchema(schemas) : schemaOfForm(reply, noun, schemas);
  if (bare) return schema;
  return {
    ...schema,
    required: ['success', ...(schema.required as string[])],
    properties: { success: { const: true, description: 'Whether it was done.' }, ...(schema.properties as object) },
  };
}

const refusalReference = { $ref: '#/components/schemas/Refusal' };

const refusalSchema = (): JsonSchema => ({
  type: 'object',
  description: 'The published envelope of an error.',
  required: ['success', 'processId', 'requestId', 'reasons'],
  properties: {
    success: { const: false, description: 'Whether it was done.' },
    processId: { type: 'string', pattern: '^[0-9a-f]{16}$', description: 'Another id on every reply.' },
    requestId: { type: 'string', format: 'uuid', description: 'The header Zuora-Request-Id of the reply.' },
    reasons: {
      type: 'array',
      minItems: 1,
      description: 'Why the request was refused.',
      items: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: {
            type: 'integer',
            description: `Six digits of a resource, then two of a category:\n\n${categories()}`,
          },
          message: { type: 'string', description: 'The place in the body, if there is one, and the reason.' },
        },
      },
    },
  },
});

/** Each category with the meanings that it stands for. */
function categories(): string {
  const all = [...Object.values(userErrorCodes), ...allCodes.map((code) => requestErrorCodes[code])];
  const numbers = [...new Set(all.map(({ category }) => category))].sort((a, b) => a - b);
  const meaningsOf = (number: number) =>
    all.filter(({ category }) => category === number).map(({ meaning }) => meaning);
  return numbers.map((number) => `- ${number}: ${[...new Set(meaningsOf(number))].join(' ')}`).join('\n');
}

/** The codes that a REST request may be refused with before the rules run, by what it is. */
const codes = {
  all: [
    ...([
      'BAD_REQUEST',
      'BAD_PARAMETER',
      'QUERY_TOO_COMPLEX',
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'REQUEST_TIMEOUT',
      'RATE_LIMITED',
    ] as const),
    ...(['HEADERS_TOO_LARGE', 'OUTCOME_UNKNOWN', 'INTERNAL', 'UNAVAILABLE', 'TIMEOUT'] as const),
  ],
  body: ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  post: ['IDEMPOTENCY_IN_PROGRESS', 'IDEMPOTENCY_MISMATCH'],
  // A reply without `success` cannot say that there is none.
  bareKey: ['NO_SUCH_PATH'],
} as const satisfies Record<string, readonly RequestErrorCode[]>;
const allCodes: readonly RequestErrorCode[] = Object.values(codes).flat();

const statusesFor = (some: readonly RequestErrorCode[]): number[] =>
  [...new Set(some.map((code) => requestErrorCodes[code].status))].sort((a, b) => a - b);

/** The responses of the import: a stream, or what refused it before its first line. */
const importResponses = (): JsonSchema => ({
  200: { ...importOperation.reply, headers: headersOf(200, 'POST') },
  ...refusalsOf(statusesFor([...codes.all, 'UNSUPPORTED_MEDIA_TYPE', ...codes.post])),
});

const refusalsOf = (statuses: readonly number[]): JsonSchema =>
  Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${responseName(status)}` }]));

const statusesOf = ({ method, path, bare }: Operation): number[] =>
  statusesFor([
    ...codes.all,
    ...(method === 'GET' ? [] : codes.body),
    ...(method === 'POST' ? codes.post : []),
    ...(bare && path.includes('{') ? codes.bareKey : []),
  ]);

const responseName = (status: number): string => `Refused${status}`;

function refusalResponse(status: number): JsonSchema {
  const meanings = allCodes.map((code) => requestErrorCodes[code]).filter((each) => each.status === status);
  return {
    description: meanings.map(({ meaning }) => meaning).join(' '),
    headers: headersOf(status),
    content: { 'application/json': { schema: refusalReference } },
  };
}

/** The headers of a reply. `method`: of its operation, if only one operation has the reply. */
function headersOf(status: number, method?: string): JsonSchema {
  const names = Object.entries(replyHeaders)
    .filter(([, { on = {} }]) => (on.statuses?.includes(status) ?? true) && (on.method ?? method) === method)
    .map(([name]) => name);
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
