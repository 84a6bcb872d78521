import { newId } from '../../src/store/id';

const timeOf = (id: string) => Number.parseInt(id.slice(0, 12), 16);

afterEach(() => jest.restoreAllMocks());

test('an id is a UUID of version 7 as 32 lower-case hex digits', () => {
  for (let n = 0; n < 1000; n++) expect(newId()).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
});

test('an id begins with the time it was made at', () => {
  const before = Date.now();
  const time = timeOf(newId());
  expect(time).toBeGreaterThanOrEqual(before);
  // A process may run some milliseconds ahead, where it has made thousands within one.
  expect(time).toBeLessThanOrEqual(Date.now() + 100);
});

test('ids rise strictly, however many are made within a millisecond', () => {
  const ids = Array.from({ length: 50_000 }, newId);
  expect(ids.findIndex((id, at) => at > 0 && id <= ids[at - 1])).toBe(-1);
});

test('ids rise strictly though the clock is set back', () => {
  const last = newId();
  jest.spyOn(Date, 'now').mockReturnValue(timeOf(last) - 3_600_000);
  const ids = [last, ...Array.from({ length: 10_000 }, newId)];
  expect(ids.findIndex((id, at) => at > 0 && id <= ids[at - 1])).toBe(-1);
});

test('ids of one instant differ in their random part', () => {
  expect(new Set(Array.from({ length: 1000 }, () => newId().slice(16))).size).toBe(1000);
});
