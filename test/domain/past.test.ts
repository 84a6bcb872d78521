import { type Audit, auditAt, type Entry, type Recorded } from '../../src/domain/past';

/** The entry of a version; each second has one change. */
const entry = (version: number, action = version === 1 ? 'Create' : 'Update'): Entry => ({
  ...{ version, action, actor: `client ${version}` },
  at: `2022-01-01T00:00:0${version}.000Z`,
});
const at = (second: number, ms = '000') => `2022-01-01T00:00:0${second}.${ms}Z`;
const row = (version: number): Audit => ({
  ...{ version, createdDate: at(1), createdById: 'client 1' },
  ...{ updatedDate: at(version), updatedById: `client ${version}` },
});

/** What the history holds if all versions but some have an entry. */
function recorded(entries: readonly Entry[], instant: string): Recorded {
  const up = entries.filter((each) => each.at <= instant);
  const of = (list: readonly Entry[], n: number) => list.at(n) ?? null;
  return { first: of(entries, 0), newest: of(entries, -1), last: of(up, -1), later: entries.length - up.length };
}
const whole = [entry(1), entry(2), entry(3)];
const version = (present: Audit | null, entries: readonly Entry[], instant: string) => {
  const audit = auditAt(present, recorded(entries, instant), instant);
  return audit === null || audit === 'unknown' ? audit : audit.version;
};

describe('the audit columns at an instant', () => {
  test('are those of the last change up to it, its own millisecond included', () => {
    expect(auditAt(row(3), recorded(whole, at(2)), at(2))).toEqual(row(2));
    expect(auditAt(row(3), recorded(whole, at(2, '999')), at(2, '999'))).toEqual(row(2));
    expect(auditAt(row(3), recorded(whole, at(9)), at(9))).toEqual(row(3));
    expect(version(row(3), whole, at(1))).toBe(1);
    expect(version(row(3), whole, at(0))).toBeNull();
  });

  test('of a deleted object end with the deletion', () => {
    const deleted = [...whole, entry(4, 'Delete')];
    expect(auditAt(null, recorded(deleted, at(3)), at(3))).toEqual(row(3));
    expect(version(null, deleted, at(4))).toBeNull();
    expect(version(null, deleted, at(0))).toBeNull();
  });

  test('are unknown where a change has no entry, and known since the last change', () => {
    for (const missing of [1, 2, 3]) {
      const entries = whole.filter((each) => each.version !== missing);
      expect([missing, version(row(3), entries, at(missing - 1, '999'))]).toEqual([
        missing,
        missing === 1 ? null : 'unknown',
      ]);
      expect([missing, version(row(3), entries, at(3))]).toEqual([missing, 3]);
    }
    expect(version(row(3), [], at(2))).toBe('unknown');
    expect(version(row(3), [], at(3))).toBe(3);
    expect(version(null, [entry(2), entry(3, 'Delete')], at(2))).toBe('unknown');
    expect(version(null, whole, at(2))).toBe('unknown');
    expect(version(null, [], at(2))).toBeNull();
  });
});
