import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020';
import { importPath } from '../../src/http/rest/import/document';
import { openApi } from '../../src/http/rest/openapi';
import type { Operation } from '../../src/http/rest/operation';
import { operations } from '../../src/http/rest/operations';

/* Every reply on /v1 and /object-query in the tests is held against the OpenAPI document: its status, its media type and its body. */

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, object> }>>;
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

let made: { ajv: Ajv2020; document: Document } | undefined;
/** The validator is loaded with the first reply: most test files have none. */
function strict() {
  if (!made) {
    const { Ajv2020 } = require('ajv/dist/2020') as typeof import('ajv/dist/2020');
    const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
    const document = openApi('test') as unknown as Document;
    // Added as a whole, so that each named schema is compiled once, which takes half the time.
    const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, keywords: Object.keys(document) });
    addFormats(ajv);
    ajv.addSchema(closed(document) as object, 'document', false, false);
    made = { ajv, document };
  }
  return made;
}

/** The validator of the schema of a JSON body. `place`: of its media types, as a JSON pointer. */
const validatorAt = (...place: string[]): ValidateFunction => {
  const steps = [...place, 'content', 'application/json', 'schema'];
  const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  return strict().ajv.getSchema(`document#/${pointer}`)!;
};

/** The operation of a request. A path without a parameter comes before one with a parameter. */
export function operationOf(method: string, path: string): Operation | undefined {
  // No operation: its reply is a stream.
  if (path === importPath) return undefined;
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
  const responses = operation && document.paths[operation.path][method.toLowerCase()].responses;
  if (!responses?.[status] && (operation || status < 400)) return `${method} ${path} declares no status ${status}`;
  if (reply.type.split(';')[0] !== 'application/json') return `${method} ${path} declares no ${reply.type}`;
  const validate =
    operation && status === 200
      ? validatorAt('paths', operation.path, method.toLowerCase(), 'responses', '200')
      : validatorAt('components', 'responses', 'Refused400');
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
  const validate = validatorAt('paths', path, method.toLowerCase(), 'requestBody');
  return validate(body) ? [] : validate.errors!.map(describeError);
}
