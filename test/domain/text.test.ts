import { checkCustomFields, checkTexts, isBlank } from '../../src/domain/text';
import { told } from '../support/facts';

describe('a text', () => {
  const check = (value: unknown) => told(checkTexts({ name: value }, { name: 5 }));

  test('is as long as allowed, counted in characters', () => {
    expect(check('')).toEqual([]);
    expect(check('größe')).toEqual([]);
    expect(check('größer')).toEqual(['INVALID_VALUE name']);
  });

  test('is not judged where it is absent, null or of another kind', () => {
    for (const value of [undefined, null, 1234567, ['long enough']]) expect(check(value)).toEqual([]);
  });

  test.each([
    ['a nul byte', 'a\u0000b'],
    ['a bell', 'a\u0007b'],
    ['a carriage return', 'a\r\nb'],
    ['a delete', 'a\u007f'],
    ['a next line', '\u0085'],
    ['a character of four bytes', 'a😀'],
    ['half of one', 'a\ud800'],
    ['the other half', '\udc00'],
  ])('holds no %s', (_what, value) => {
    expect(check(value)).toEqual(['INVALID_VALUE name']);
  });

  test('N23: may hold every character but control characters and halves of pairs; tab and line feed it may', () => {
    const refused: number[] = [];
    for (let code = 0; code <= 0xffff; code++) if (check(String.fromCharCode(code)).length) refused.push(code);
    const spans = [
      [0, 8],
      [0x0b, 0x1f],
      [0x7f, 0x9f],
      [0xd800, 0xdfff],
    ];
    const expected = spans.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
    expect(refused).toEqual(expected);
  });

  test('N23: is blank where there is nothing to be seen in it', () => {
    for (const text of ['', ' ', '\t\n', '\u00a0\u3000', '\u200b', '\ufeff\u200d\u2060', ' \u00ad\u3164 ']) {
      expect([text, isBlank(text)]).toEqual([text, true]);
    }
    for (const text of ['a', ' a ', '\u200ba', '0', '-', '\u0301'])
      expect([text, isBlank(text)]).toEqual([text, false]);
  });

  test('is judged field by field, in the order of the limits', () => {
    const limits = { one: 1, two: 2, three: 3 };
    expect(told(checkTexts({ three: 'long', two: 'ok', one: '\u0000' }, limits))).toEqual([
      'INVALID_VALUE one',
      'INVALID_VALUE three',
    ]);
  });
});

describe('custom fields', () => {
  test('may be absent or empty', () => {
    for (const fields of [undefined, null, {}]) expect(checkCustomFields(fields)).toEqual([]);
  });

  test('have names that end in __c, case sensitive, and hold text, numbers, booleans or null', () => {
    expect(checkCustomFields({ color__c: 'red', Size_2__c: 4.5, fragile__c: false, note__c: null })).toEqual([]);
  });

  test.each(['color', '__c', 'color__C', 'color__c ', 'co-lor__c', 'größe__c', 'a\u0000__c', `${'x'.repeat(81)}__c`])(
    'are not called %j',
    (name) => {
      expect(told(checkCustomFields({ [name]: 1 }))).toEqual([`INVALID_VALUE customFields.${name}`]);
    },
  );

  test('hold no objects and no lists', () => {
    expect(told(checkCustomFields({ a__c: {}, b__c: [1], c__c: { d: null } }))).toEqual([
      'INVALID_VALUE customFields.a__c',
      'INVALID_VALUE customFields.b__c',
      'INVALID_VALUE customFields.c__c',
    ]);
  });

  test('hold numbers that JSON keeps exactly', () => {
    expect(checkCustomFields({ a__c: Number.MAX_SAFE_INTEGER, b__c: -0.1, c__c: 0 })).toEqual([]);
    for (const wrong of [2 ** 53, -(2 ** 53), 1e300, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(told(checkCustomFields({ a__c: wrong }))).toEqual(['INVALID_VALUE customFields.a__c']);
    }
  });

  test('hold texts of at most 500 characters, of the kind that other texts have', () => {
    expect(checkCustomFields({ a__c: 'x'.repeat(500) })).toEqual([]);
    expect(told(checkCustomFields({ a__c: 'x'.repeat(501), b__c: '\u0000', c__c: '😀' }))).toEqual([
      'INVALID_VALUE customFields.a__c',
      'INVALID_VALUE customFields.b__c',
      'INVALID_VALUE customFields.c__c',
    ]);
  });

  test('are at most 100 on one object, with 10,000 characters of names and texts, and more are told of once', () => {
    const fields = (count: number, length: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`a${String(at).padStart(3, '0')}__c`, 'x'.repeat(length)]),
      );
    expect(checkCustomFields(fields(100, 93))).toEqual([]);
    expect(told(checkCustomFields(fields(101, 1)))).toEqual(['LIMIT_EXCEEDED customFields']);
    expect(told(checkCustomFields(fields(100, 94)))).toEqual(['LIMIT_EXCEEDED customFields']);
    expect(told(checkCustomFields({ a__c: Object.create(null) }))).toEqual(['INVALID_VALUE customFields.a__c']);
  });
});
