import {
  documentIdOf,
  isRetired,
  judgeRegistration,
  longestDocument,
  mostDocuments,
} from '../../src/domain/registered-document';

const told = (...args: Parameters<typeof judgeRegistration>) =>
  judgeRegistration(...args).map(({ code, path }) => [code, path.join(' ')]);
const document = (documentId: string, text = `query ${documentId} { __typename }`) => ({ documentId, text });
const registered = new Map([['a', 'query A { __typename }']]);

describe('registering', () => {
  test('takes what is new, and what is there already with the same text', () => {
    expect(told([document('a', registered.get('a')), document('b')], registered)).toEqual([]);
  });

  test('gives no id another text, neither one that is registered nor one that came a moment ago', () => {
    expect(told([document('a', 'query Other { __typename }')], registered)).toEqual([['DUPLICATE', 'manifest a']]);
    expect(told([document('b'), document('b', 'query Other { __typename }')], registered)).toEqual([
      ['DUPLICATE', 'manifest b'],
    ]);
  });

  test('counts what is there with what is new', () => {
    const most = Array.from({ length: mostDocuments - 1 }, (_, at) => document(`n${at}`));
    expect(told(most, registered)).toEqual([]);
    expect(told([...most, document('one more')], registered)).toEqual([['LIMIT_EXCEEDED', 'manifest']]);
  });

  test('takes no document beyond the longest', () => {
    const text = 'x'.repeat(longestDocument);
    expect(told([document('b', text), document('c', `${text}x`)], registered)).toEqual([
      ['LIMIT_EXCEEDED', 'manifest c'],
    ]);
  });
});

test.each([
  ['sha256:0AF', '0af'],
  ['SHA256:0af', '0af'],
  ['0AF', '0af'],
  ['sha256:My-Query', 'My-Query'],
  ['My-Query', 'My-Query'],
])('the id %s is kept as %s', (given, kept) => {
  expect(documentIdOf(given)).toBe(kept);
});

test('a document is retired from its day on', () => {
  const days = ['2026-01-30', '2026-01-31', '2026-02-01'];
  expect(days.map((today) => isRetired({ retiredDate: '2026-01-31' }, today))).toEqual([false, true, true]);
  expect(isRetired({ retiredDate: null }, '2026-01-31')).toBe(false);
});
