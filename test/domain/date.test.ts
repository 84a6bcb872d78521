import { execFileSync } from 'node:child_process';
import { addDays, dayOf, isDay } from '../../src/domain/date';

describe('a day', () => {
  test.each(['2022-01-02', '2024-02-29', '2000-02-29', '1900-01-01', '2999-12-31', '2022-12-31'])('is %s', (text) => {
    expect(isDay(text)).toBe(true);
  });

  test.each([
    '2022-02-29',
    '1900-02-29',
    '2022-02-30',
    '2022-04-31',
    '2022-13-01',
    '2022-00-10',
    '2022-01-00',
    '2022-01-32',
    '1899-12-31',
    '3000-01-01',
    '22-01-01',
    '2022-1-1',
    '2022/01/01',
    '2022-01-01T00:00:00Z',
    ' 2022-01-01',
    '2022-01-01\n',
    '٢٠٢٢-٠١-٠١',
    '',
  ])('is not %j', (text) => {
    expect(isDay(text)).toBe(false);
  });
});

test('days are added over the ends of months, years and February', () => {
  expect(addDays('2022-01-02', 30)).toBe('2022-02-01');
  expect(addDays('2023-12-31', 1)).toBe('2024-01-01');
  expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
  expect(addDays('2022-02-28', 1)).toBe('2022-03-01');
  expect(addDays('2022-03-27', 1)).toBe('2022-03-28');
  expect(addDays('2022-01-02', 0)).toBe('2022-01-02');
  expect(addDays('2022-01-02', -2)).toBe('2021-12-31');
});

test('days are added alike in every time zone, where a day has 23 or 25 hours too', () => {
  const script = require.resolve('../../src/domain/date');
  const program = `console.log(require(${JSON.stringify(script)}).addDays('2022-03-26', 2))`;
  for (const TZ of ['Europe/Berlin', 'America/Santiago', 'Pacific/Kiritimati']) {
    const printed = execFileSync(process.execPath, ['-e', program], { env: { ...process.env, TZ }, encoding: 'utf8' });
    expect([TZ, printed.trim()]).toEqual([TZ, '2022-03-28']);
  }
});

test('the longest payment term behind the last day is still a date of four digits', () => {
  expect(addDays('2999-12-31', 999)).toBe('3002-09-26');
});

test('the day of an instant is the one in UTC', () => {
  expect(dayOf('2022-01-02T23:59:59.999Z')).toBe('2022-01-02');
  expect(dayOf(new Date(Date.UTC(2022, 0, 2)).toISOString())).toBe('2022-01-02');
});
