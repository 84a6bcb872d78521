import {
  below,
  isRetryable,
  Refusal,
  RequestError,
  type RequestErrorCode,
  requestErrorCodes,
  type UserErrorCode,
  userError,
  userErrorCodes,
} from '../../src/domain/errors';

const userCodes = Object.keys(userErrorCodes) as UserErrorCode[];
const requestCodes = Object.keys(requestErrorCodes) as RequestErrorCode[];

/** The published error categories, and those after which a request may be sent again. */
const categories = [10, 11, 20, 21, 22, 23, 27, 30, 40, 45, 50, 60, 61, 70, 90, 99];
const retryable = [50, 61, 70, 99];

describe('the codes of user errors', () => {
  test.each(userCodes)('%s has a published category, and a meaning in a sentence', (code) => {
    const { category, meaning } = userErrorCodes[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(categories).toContain(category);
    expect(meaning).toMatch(/^[A-Z].{10,}\.$/);
    expect(isRetryable(code)).toBe(retryable.includes(category));
  });

  test('have the published categories of their situations', () => {
    const of = (category: number) => userCodes.filter((code) => userErrorCodes[code].category === category).sort();
    expect(of(10)).toEqual(['PERMISSION_DENIED']);
    expect(of(20)).toEqual(['INVALID_VALUE', 'TYPE_MISMATCH']);
    expect(of(22)).toEqual(['BILL_TARGET_DATE_REQUIRED', 'REQUIRED']);
    expect(of(40)).toEqual(['NOT_FOUND']);
    expect(of(50)).toEqual(['LOCKED_RETRY']);
    expect(of(61)).toEqual(['PAYMENT_PENDING']);
    expect(of(99)).toEqual(['PAYMENT_FAILED']);
    expect(of(30)).toEqual(
      expect.arrayContaining([
        'BILLING_RULE_MISMATCH',
        'FIELD_LOCKED',
        'ITEMS_NOT_ALLOWED',
        'LIMIT_EXCEEDED',
        'NOT_DELETABLE',
        'ORDER_LINE_ITEM_NOT_BOOKED',
        'PAYMENT_DECLINED',
        'QUANTITY_EXCEEDED',
        'STATE_NOT_CREATABLE',
        'TRANSITION_NOT_ALLOWED',
      ]),
    );
  });

  test('each say something of their own', () => {
    expect(new Set(userCodes.map((code) => userErrorCodes[code].meaning)).size).toBe(userCodes.length);
  });
});

describe('the codes of request errors', () => {
  test.each(requestCodes)('%s has an HTTP status of an error, and a meaning in sentences', (code) => {
    const { status, category, meaning } = requestErrorCodes[code];
    expect([400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 431, 500, 503]).toContain(status);
    expect(categories).toContain(category);
    expect(meaning).toMatch(/^[A-Za-z].{10,}\.$/);
    // Refused for good are the requests that are wrong in themselves.
    // Whether the change took place is not known: asking again could have it twice.
    const again = code !== 'OUTCOME_UNKNOWN' && [408, 409, 429, 500, 503].includes(status);
    expect('retryable' in requestErrorCodes[code]).toBe(again);
  });

  test.each<[RequestErrorCode, number]>([
    ['UNAUTHENTICATED', 401],
    ['FORBIDDEN', 403],
    ['BAD_REQUEST', 400],
    ['IDEMPOTENCY_IN_PROGRESS', 409],
    ['IDEMPOTENCY_MISMATCH', 422],
    ['ONE_MUTATION_PER_KEY', 400],
    ['UNAVAILABLE', 503],
    ['INTERNAL', 500],
  ])('%s has the status %i', (code, status) => {
    expect(requestErrorCodes[code].status).toBe(status);
  });

  test('are not codes of user errors as well', () => {
    expect(requestCodes.filter((code) => code in userErrorCodes)).toEqual([]);
  });
});

describe('an error', () => {
  test('has its path as texts, and details only where there are any', () => {
    expect(userError('REQUIRED', 'm', ['input', 0, 'a'])).toEqual({
      code: 'REQUIRED',
      message: 'm',
      path: ['input', '0', 'a'],
    });
    const details = { kind: 'QuantityExceeded', requested: '2', available: '1' } as const;
    expect(userError('QUANTITY_EXCEEDED', 'm', [], details)).toMatchObject({ path: [], details });
  });

  test('is put below a longer path without changing the one given', () => {
    const error = userError('REQUIRED', 'm', ['a']);
    expect(below(['input', 3], [error])[0].path).toEqual(['input', '3', 'a']);
    expect(error.path).toEqual(['a']);
  });

  test('of a refusal is told in its message', () => {
    const refusal = new Refusal([userError('REQUIRED', 'give it', ['a', 'b']), userError('DUPLICATE', 'twice')]);
    expect(refusal.message).toBe('REQUIRED a.b: give it; DUPLICATE : twice');
    expect(refusal.errors).toHaveLength(2);
  });

  test('of a request says its meaning unless it is told more', () => {
    expect(new RequestError('PAGE_SIZE').message).toBe(requestErrorCodes.PAGE_SIZE.meaning);
    expect(new RequestError('PAGE_SIZE', 'more').message).toBe('more');
  });
});
