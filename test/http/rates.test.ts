import { standardLimits } from '../../src/domain/limits';
import { Rates } from '../../src/http/rates';

let now = 0;
const rates = (limits: object) => new Rates({ ...standardLimits, ...limits }, () => now);
const codeOf = (act: () => void): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};
const headers = (limit: number, remaining: number, reset: number) => ({
  'ratelimit-limit': limit,
  'ratelimit-remaining': remaining,
  'ratelimit-reset': reset,
});

beforeEach(() => {
  now = 1_000_000;
});

test('a minute begins with the first request of a client, and all is as before when it has passed', () => {
  const all = rates({ requests: 2 });
  all.count('a');
  now += 40_000;
  all.count('a');
  expect(all.headersFor('a')).toEqual(headers(2, 0, 20));
  expect(() => all.count('a')).toThrow('The client is at 3 requests in this minute; 2 are allowed. Try again in 20 s.');
  now += 19_999;
  expect(codeOf(() => all.count('a'))).toBe('RATE_LIMITED');
  now += 1;
  expect(codeOf(() => all.count('a'))).toBeUndefined();
  expect(all.headersFor('a')).toEqual(headers(2, 1, 60));
});

test('each client has its own', () => {
  const all = rates({ requests: 1 });
  all.count('a');
  expect([codeOf(() => all.count('a')), codeOf(() => all.count('b'))]).toEqual(['RATE_LIMITED', undefined]);
});

test('what is refused for its cost takes nothing, and smaller ones still have room', () => {
  const all = rates({ costPerMinute: 100 });
  all.spend('a', 60);
  expect(codeOf(() => all.spend('a', 41))).toBe('RATE_LIMITED');
  expect(codeOf(() => all.spend('a', 40))).toBeUndefined();
});

test('what is given back is there again, but not in a later minute', () => {
  const all = rates({ costPerMinute: 100 });
  const giveBack = all.spend('a', 100);
  giveBack(70);
  expect(codeOf(() => all.spend('a', 70))).toBeUndefined();
  now += 60_000;
  all.spend('a', 100);
  giveBack(30);
  expect(codeOf(() => all.spend('a', 1))).toBe('RATE_LIMITED');
});

test('the headers tell of what is closer to its end', () => {
  const all = rates({ requests: 10, costPerMinute: 1_000 });
  all.count('a');
  all.spend('a', 50);
  expect(all.headersFor('a')).toEqual(headers(10, 9, 60));
  all.spend('a', 900);
  expect(all.headersFor('a')).toEqual(headers(1_000, 50, 60));
});

test('ten thousand clients are known, and one more takes the place of the first', () => {
  const all = rates({ requests: 1 });
  for (let client = 0; client < 10_000; client++) all.count(String(client));
  expect(codeOf(() => all.count('0'))).toBe('RATE_LIMITED');
  all.count('one more');
  expect([codeOf(() => all.count('1')), codeOf(() => all.count('0'))]).toEqual(['RATE_LIMITED', undefined]);
});
