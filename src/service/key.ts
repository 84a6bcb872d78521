import { type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import type { Scoped } from '../store/connection/connection';
import type { RowClass } from '../store/query/table';
import { rowsBy } from '../store/query/write';

/** The object that a key names. A key in the form of an id is an id, any other is a business number. */
export async function findByKey<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  number: (keyof R & string) | undefined,
  key: string,
  properties?: readonly string[],
): Promise<R | undefined> {
  const id = idOf(key);
  if (!id && (!number || key.includes('\0'))) return undefined;
  const [found] = id
    ? await rowsBy<R>(scoped, row, 'id', [id], properties)
    : await rowsBy<R>(scoped, row, number!, [key], properties);
  return found;
}

/**
 * The objects that keys name, by key. One statement finds those named by id, and one those named by business number.
 */
export async function findAllByKeys<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  number: keyof R & string,
  keys: readonly string[],
  properties: readonly string[],
): Promise<Map<string, R>> {
  const ids = [...new Set(keys.map(idOf).filter((id) => id !== undefined))];
  const numbers = [...new Set(keys.filter((key) => !idOf(key) && !key.includes('\0')))];
  const rows = [
    ...(ids.length ? await rowsBy<R>(scoped, row, 'id', ids, properties) : []),
    ...(numbers.length ? await rowsBy<R>(scoped, row, number, numbers, properties) : []),
  ];
  const byKey = new Map(
    rows.flatMap((found) => [[found.id, found] as const, [found[number] as string, found] as const]),
  );
  return new Map(
    keys.flatMap((key) => {
      const found = byKey.get(idOf(key) ?? key);
      return found ? [[key, found] as const] : [];
    }),
  );
}

/** Refuses a change based on an older version. The error holds the current object. */
export const judgeVersion = (
  current: { id: string; version: number },
  expected: number | null | undefined,
  path: (string | number)[] = ['expectedVersion'],
): UserError[] =>
  expected == null || expected === current.version
    ? []
    : [
        userError(
          'VERSION_CONFLICT',
          `The object has the version ${current.version}, not ${expected}. Read the object again.`,
          path,
          { kind: 'VersionConflict', currentVersion: current.version, current },
        ),
      ];

/** Versions are given for all objects or for none (N21): a list that is too short would protect only some of them. */
export const judgeVersionCount = (expected: readonly number[] | null | undefined, keys: number): UserError[] =>
  expected == null || expected.length === keys
    ? []
    : [
        userError(
          'INVALID_VALUE',
          `expectedVersions has ${expected.length} entries for ${keys} keys. Give one version for each key, in the order of the keys.`,
          ['expectedVersions'],
        ),
      ];
