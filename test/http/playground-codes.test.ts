import { readFileSync } from 'node:fs';
import path from 'node:path';
import { lexicographicSortSchema } from 'graphql';
import { graphqlErrorCodes, requestErrorCodes, userErrorCodes } from '../../src/domain/errors';
import { schema } from '../../src/graph/build/schema';
import { codesIn, explained } from '../../src/http/playground/error-texts';
import { changesBetween } from '../../src/http/playground/reply-changes';
import { edgesOf } from '../../src/http/playground/schema-edges';

describe('a code in a reply', () => {
  const page = readFileSync(path.resolve(__dirname, '../../../docs/errors.md'), 'utf8');
  const codes = Object.keys({ ...userErrorCodes, ...requestErrorCodes, ...graphqlErrorCodes });

  test.each(codes)('%s is explained in the words of docs/errors.md', (code) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${code}\` |`));
    const told = explained(code);
    expect(row).toContain(told?.meaning);
    if (!['OUTCOME_UNKNOWN', 'UNAUTHENTICATED'].includes(code)) {
      expect(told?.advice).toMatch(row?.includes('| yes |') ? /^Wait for Retry-After/ : /^Mend the request/);
    }
  });

  test('is found once, wherever it stands', () => {
    const reply = {
      errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }],
      data: {
        book: { userErrors: [{ code: 'NOT_FOUND' }, { code: 'NOT_FOUND' }] },
        line: { blockedBy: [{ code: 'REQUIRED' }], currency: { code: 'USD' } },
        state: 'DUPLICATE',
      },
    };
    expect(codesIn(reply).map(({ code }) => code)).toEqual(['FORBIDDEN', 'NOT_FOUND', 'REQUIRED']);
    expect(explained('constructor')).toBeUndefined();
    expect(codesIn(undefined)).toEqual([]);
  });
});

describe('what changed between two answers', () => {
  test('is told by path, with the value before and after', () => {
    const counts = (executing: number) => ({
      fulfillmentCounts: [
        { state: 'Executing', count: executing },
        { state: 'Booked', count: 2 },
      ],
    });
    expect(changesBetween(counts(1), counts(2))).toEqual([
      { path: 'fulfillmentCounts[Executing].count', before: '1', after: '2' },
    ]);
    expect(changesBetween(counts(1), counts(1))).toEqual([]);
  });

  test('is not that a row has moved, but that it has come or gone', () => {
    const list = (...ids: string[]) => ({ nodes: ids.map((id) => ({ id })) });
    expect(changesBetween(list('a', 'b'), list('b', 'a'))).toEqual([]);
    expect(changesBetween(list('a', 'b'), list('b', 'c'))).toEqual([
      { path: 'nodes[c].id', before: undefined, after: '"c"' },
      { path: 'nodes[a].id', before: '"a"' },
    ]);
  });
});

test('the picture of the schema leads from a fulfillment to all that it has to do with', () => {
  const edges = edgesOf(lexicographicSortSchema(schema()));
  const of = (from: string) => edges.filter((edge) => edge.from === from).map(({ field, to }) => `${field} ${to}`);
  expect(of('Fulfillment')).toEqual([
    ...['creditMemoItems CreditMemoItem', 'fulfillmentItems FulfillmentItem', 'history HistoryEntry'],
    ...['invoiceItems InvoiceItem', 'orderLineItem OrderLineItem'],
  ]);
  const edge = (from: string, field: string) => edges.find((each) => each.from === from && each.field === field);
  expect(edge('OrderLineItem', 'fulfillments')).toMatchObject({ to: 'Fulfillment', many: true });
  expect(edge('Fulfillment', 'orderLineItem')).toMatchObject({ to: 'OrderLineItem', many: false });
});
