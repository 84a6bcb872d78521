import { buildSchema, parse } from 'graphql';
import { deprecatedIn, deprecationHeaders } from '../../../src/graph/guard/deprecation';

const reason = (since: string, until: string) => `Deprecated since ${since}: use other. Removal not before ${until}.`;
const schema = buildSchema(`
  type Query { old: Int @deprecated(reason: "${reason('2026-02-01', '2027-02-01')}"), other(a: Int @deprecated(reason: "${reason('2026-01-01', '2027-06-01')}"), b: In, c: E): Query }
  input In { old: Int @deprecated(reason: "${reason('2026-03-01', '2027-03-01')}"), other: Int }
  enum E { OLD @deprecated(reason: "${reason('2026-03-01', '2027-03-01')}") NEW }
`);
const usesIn = (text: string) => deprecatedIn(schema, parse(text));
const coordinatesIn = (text: string) => usesIn(text).map(({ coordinate }) => coordinate);

describe('what a document uses that is to go', () => {
  test.each([
    ['a field', '{ old }', ['Query.old']],
    [
      'a field that comes twice, and in a fragment',
      '{ a: old b: old ...F } fragment F on Query { old }',
      ['Query.old'],
    ],
    ['an argument', '{ other(a: 1) { __typename } }', ['Query.other(a:)']],
    ['a field of an input', '{ other(b: { old: 1 }) { __typename } }', ['In.old']],
    ['a value', '{ other(c: OLD) { __typename } }', ['E.OLD']],
    ['nothing', '{ other(b: { other: 1 }, c: NEW) { __typename } }', []],
  ])('%s', (_name, text, coordinates) => {
    expect(coordinatesIn(text)).toEqual(coordinates);
  });

  test('is told by headers, by the first day of each kind', () => {
    expect(deprecationHeaders(usesIn('{ old other(a: 1) { __typename } }'))).toEqual({
      deprecation: `@${Date.UTC(2026, 0, 1) / 1000}`,
      sunset: 'Mon, 01 Feb 2027 00:00:00 GMT',
    });
    expect(deprecationHeaders([])).toEqual({});
  });
});
