import { execFileSync } from 'node:child_process';
import { readInput } from '../../../src/graph/guard/coerce';
import { openApi } from '../../../src/http/rest/openapi';
import { inputTypeOf } from '../../../src/http/rest/operation';
import { operations } from '../../../src/http/rest/operations';
import { graphWords } from '../../../src/http/rest/words';
import { bodyProblems, undeclared } from '../../support/openapi';

const document = openApi('1.2.3') as {
  paths: Record<string, Record<string, object>>;
  components: Record<string, Record<string, object>>;
};
const lint = (documents: object[]): string[][] =>
  JSON.parse(
    execFileSync(process.execPath, ['test/clients/openapi/lint.mjs'], { input: JSON.stringify(documents) }).toString(),
  );

describe('the OpenAPI document', () => {
  test('passes a linter with all of its recommended rules as errors', () => {
    const { '/v1/orders': orders, ...paths } = document.paths;
    const unnamed = { ...document, paths: { ...paths, '/v1/orders': { post: { ...orders.post, operationId: '' } } } };
    const [problems, problemsOfUnnamed] = lint([document, unnamed]);
    expect(problems).toEqual([]);
    expect(problemsOfUnnamed).toEqual([expect.stringContaining('operation-operationId')]);
  });

  test('describes every field, parameter and tag', () => {
    const lacking: string[] = [];
    const walk = (value: unknown, at: string) => {
      if (typeof value !== 'object' || value === null) return;
      const { properties, parameters, tags } = value as Record<string, object | undefined>;
      for (const group of [properties, parameters, tags]) {
        for (const [name, each] of Object.entries(group ?? {})) {
          if (typeof each === 'object' && !('$ref' in each) && !('description' in each)) lacking.push(`${at}.${name}`);
        }
      }
      for (const [name, inner] of Object.entries(value)) walk(inner, `${at}/${name}`);
    };
    walk({ ...document, tags: undefined }, '');
    expect(lacking).toEqual([]);
  });

  test.each(operations.filter(({ body }) => body).map((each) => [each.summary, each] as const))(
    'the example of "%s" fits its schema and the input that reads it',
    (_summary, { method, path, body }) => {
      expect(bodyProblems(method, path, body!.example)).toEqual([]);
      const type = inputTypeOf(body);
      const given = graphWords(type)(body!.example);
      expect(readInput(type, body!.into ? body!.into(given) : given)).toHaveProperty('value');
    },
  );

  test('says of a body what the gateway says', () => {
    const problems = (body: object) => bodyProblems('POST', '/v1/orders', body).length > 0;
    const { example } = operations.find(({ summary }) => summary === 'Create an order')!.body!;
    expect(problems({ ...example, subscriptions: [] })).toBe(false);
    expect(problems({ ...example, subscriptions: [{}] })).toBe(true);
    // The body of a neighbour.
    expect(problems({ fulfillments: [] })).toBe(true);
    expect(bodyProblems('PUT', '/v1/order-line-items/{id}', { UOM: 'Each', Lot__c: 'A' })).toEqual([]);
    expect(bodyProblems('PUT', '/v1/order-line-items/{id}', { Lot__c: [] })).not.toEqual([]);
  });
});

describe('a reply in the tests', () => {
  const path = '/v1/fulfillment-items/1';
  const item = { id: '1', fulfillmentId: '2', itemIdentifier: null, description: null, customFields: {} };
  const wrong = (fulfillmentItem: object, more: object = {}) =>
    undeclared('GET', path, { ...reply, body: { success: true, fulfillmentItem }, ...more });
  const reply = { status: 200, type: 'application/json; charset=utf-8', body: {} };

  test('fails its test for a field, a type, a status or a media type that the document does not have', () => {
    const { id, ...withoutId } = item;
    expect(wrong(item)).toBeUndefined();
    expect(wrong({ ...item, colour: 'red' })).toContain('"additionalProperty":"colour"');
    expect(wrong({ ...item, id: 1 })).toContain('/fulfillmentItem/id must be string');
    expect(wrong(withoutId)).toContain("must have required property 'id'");
    expect(wrong(item, { status: 201 })).toContain('declares no status 201');
    expect(wrong(item, { type: 'text/csv' })).toContain('declares no text/csv');
    expect(undeclared('GET', '/v1/nothing', reply)).toContain('declares no status 200');
    expect(undeclared('GET', path, { ...reply, body: { success: false } })).toContain('processId');
  });
});
