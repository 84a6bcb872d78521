import { Breakers } from '../../src/gateway/breaker';

let now: number;
let told: string[];
let breakers: Breakers;
beforeEach(() => {
  now = 0;
  told = [];
  breakers = new Breakers(
    (account, open) => told.push(`${account} ${open ? 'opens' : 'closes'}`),
    () => now,
  );
});
const times = (count: number, act: () => void) => {
  for (let at = 0; at < count; at++) act();
};
const timeOut = () => breakers.timedOut('acme');

test('five time-outs in a row open the breaker of the account, and of no other', () => {
  times(4, timeOut);
  expect([breakers.admits('acme'), breakers.open]).toEqual([true, 0]);
  timeOut();
  expect([breakers.admits('acme'), breakers.admits('globex'), breakers.open]).toEqual([false, true, 1]);
  expect(told).toEqual(['acme opens']);
});

test('an answer in between begins the count anew', () => {
  times(4, timeOut);
  breakers.answered('acme');
  times(4, timeOut);
  expect([breakers.admits('acme'), told]).toEqual([true, []]);
});

test('after a pause one request is let through, and after each further pause one more', () => {
  times(5, timeOut);
  now = 9_999;
  expect(breakers.admits('acme')).toBe(false);
  now = 10_000;
  expect([breakers.admits('acme'), breakers.admits('acme')]).toEqual([true, false]);
  // The probe has no answer either; or it never tells.
  timeOut();
  now = 19_999;
  expect(breakers.admits('acme')).toBe(false);
  now = 20_000;
  expect([breakers.admits('acme'), breakers.admits('acme')]).toEqual([true, false]);
  expect([breakers.open, told]).toEqual([1, ['acme opens']]);
});

test('the answer to a probe closes it for all, and it takes five time-outs again to open it', () => {
  times(5, timeOut);
  now = 10_000;
  expect(breakers.admits('acme')).toBe(true);
  breakers.answered('acme');
  expect([breakers.admits('acme'), breakers.admits('acme'), breakers.open]).toEqual([true, true, 0]);
  times(4, timeOut);
  expect(breakers.admits('acme')).toBe(true);
  timeOut();
  expect(breakers.admits('acme')).toBe(false);
  expect(told).toEqual(['acme opens', 'acme closes', 'acme opens']);
});

test('requests that were under way when it opened neither open it twice nor put the probe off', () => {
  times(5, timeOut);
  now = 8_000;
  times(50, timeOut);
  now = 10_000;
  expect([breakers.admits('acme'), told]).toEqual([true, ['acme opens']]);
});
