import { fragmentOf, operationIn } from '../../src/http/playground/operation-link';
import { csvOf, tablesOf } from '../../src/http/playground/reply-table';

describe('the table of a reply', () => {
  const data = {
    viewer: { orgs: [{ id: '1', name: 'North' }] },
    lines: {
      totalCount: 2,
      nodes: [
        { name: 'Bolt', amount: '-5.00', order: { number: 'O-1', account: { name: 'Acme, Inc.' } }, tags: ['a', 'b'] },
        { name: '=1+1', amount: null, order: null, done: true },
      ],
    },
  };

  test('is made of each list that is not within another, the longest first', () => {
    expect(tablesOf(data).map(({ name, rows }) => [name, rows.length])).toEqual([
      ['lines.nodes', 2],
      ['viewer.orgs', 1],
    ]);
    expect(tablesOf(null)).toEqual([]);
    expect(tablesOf({ lines: { nodes: [] }, codes: ['a'] })).toEqual([]);
  });

  test('has a column for each field of its rows, inner ones by their path, and empty cells for null', () => {
    const [{ columns, rows }] = tablesOf(data);
    expect(columns).toEqual(['name', 'amount', 'order.number', 'order.account.name', 'tags', 'order', 'done']);
    expect(rows).toEqual([
      ['Bolt', '-5.00', 'O-1', 'Acme, Inc.', '["a","b"]', '', ''],
      ['=1+1', '', '', '', '', '', 'true'],
    ]);
  });

  test('skips entries of a list that are null, as a refused one is', () => {
    expect(tablesOf({ create: { fulfillments: [null, { id: '7' }] } })[0].rows).toEqual([['7']]);
  });

  test('becomes CSV that quotes what must be, and that no spreadsheet runs', () => {
    expect(csvOf(tablesOf(data)[0]).split('\r\n')).toEqual([
      'name,amount,order.number,order.account.name,tags,order,done',
      'Bolt,-5.00,O-1,"Acme, Inc.","[""a"",""b""]",,',
      "'=1+1,,,,,,true",
      '',
    ]);
    const cells = ['@cmd', '+1', '-2', '-1e', 'two\nlines', 'say "hi"'];
    expect(csvOf({ name: 'x', columns: ['c'], rows: cells.map((each) => [each]) })).toBe(
      'c\r\n\'@cmd\r\n\'+1\r\n-2\r\n\'-1e\r\n"two\nlines"\r\n"say ""hi"""\r\n',
    );
  });
});

describe('a link to an operation', () => {
  test.each([
    { query: 'query A { a(b: "#&=+%") }\n# ü' },
    { query: 'mutation B($x: Int) { b(x: $x) }', variables: '{\n  "x": 1 // kept\n}' },
  ])('carries it word for word: %j', (operation) => {
    const link = new URL(fragmentOf(operation), 'https://gateway.test/playground');
    expect(operationIn(link.hash)).toEqual(operation);
    expect([link.pathname, link.search]).toEqual(['/playground', '']);
  });

  test('is nothing where there is no operation', () => {
    expect(operationIn('')).toBeUndefined();
    expect(operationIn('#section')).toBeUndefined();
    expect(fragmentOf({ query: '{ a }', variables: ' ' })).toBe('#query=%7B+a+%7D');
  });
});
