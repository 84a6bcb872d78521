import Ajv, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApi } from '../../src/http/rest/openapi';
import type { Operation } from '../../src/http/rest/operation';
import { operations } from '../../src/http/rest/operations';

/* Every reply on /v1 and /object-query in the tests is held against the OpenAPI document: its status, its media type and its body. */

interface Content {
  content: Record<string, { schema: object }>;
}
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, object>; requestBody?: Content }>>;
  components: { schemas: Record<string, object>; responses: Record<string, object> };
}

/** Objects of replies have no fields but the declared ones. Clients are told less: a later version may add fields. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...inner, additionalProperties: false }
    : inner;
}

let made: { ajv: Ajv; document: Document } | undefined;
function strict() {
  if (!made) {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, keywords: ['components'] });
    addFormats(ajv);
    made = { ajv, document: openApi('test') as unknown as Document };
  }
  return made;
}

const validators = new Map<object, ValidateFunction>();
function validatorOf(schema: object): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const { ajv, document } = strict();
  const validate = ajv.compile(closed({ ...schema, components: document.components }) as object);
  validators.set(schema, validate);
  return validate;
}

/** The operation of a request. A path without a parameter comes before one with a parameter. */
export function operationOf(method: string, path: string): Operation | undefined {
  const fits = ({ path: template }: Operation) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]*')}$`).test(path);
  const found = operations.filter(fits);
  const exact = found.filter((each) => each.path === path);
  return (exact.length ? exact : found).find((each) => each.method === method);
}

/** The paths of the document itself and of its page. */
const ofTheDocument = /^\/v1\/(openapi\.json|docs)(\/|$)/;

/** What a reply says that the document does not. */
export function undeclared(
  method: string,
  url: string,
  reply: { status: number; type: string; body: unknown },
): string | undefined {
  const [path] = url.split('?');
  if (!/^\/(v1|object-query)\//.test(path) || ofTheDocument.test(path) || reply.body === undefined) return undefined;
  const { document } = strict();
  const operation = operationOf(method, path);
  const { status } = reply;
  const declared = operation && document.paths[operation.path][method.toLowerCase()].responses[status];
  if (!declared && (operation || status < 400)) return `${method} ${path} declares no status ${status}`;
  const { content } = (
    declared && !('$ref' in declared) ? declared : Object.values(document.components.responses)[0]
  ) as Content;
  const media = content[reply.type.split(';')[0]];
  if (!media) return `${method} ${path} declares no ${reply.type}`;
  const validate = validatorOf(media.schema);
  if (validate(reply.body)) return undefined;
  // A reply is the result or a refusal; only the errors of one of them mean something.
  const branch = (reply.body as { success?: unknown }).success === false ? /oneOf\/1/ : /oneOf\/0/;
  const errors = validate.errors!.filter(({ schemaPath }) => !/oneOf\/\d/.test(schemaPath) || branch.test(schemaPath));
  return `${method} ${path} ${status}: ${errors.map(describeError).join('; ')}\n${JSON.stringify(reply.body).slice(0, 2_000)}`;
}

const describeError = ({ instancePath, message, params }: NonNullable<ValidateFunction['errors']>[number]) =>
  `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;

/** What the document says against a body of an operation. */
export function bodyProblems(method: string, path: string, body: object): string[] {
  const { document } = strict();
  const { requestBody } = document.paths[path][method.toLowerCase()];
  const validate = validatorOf(requestBody!.content['application/json'].schema);
  return validate(body) ? [] : validate.errors!.map(describeError);
}
