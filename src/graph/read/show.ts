import { money } from '../../domain/currency';
import { shownNumber } from '../../domain/key';
import { clientIdOf } from '../../service/client';
import type { BillingSettingsRow } from '../../store/billing-settings';
import { type Form, forms } from '../model/columns';
import { allNouns, type Noun, nouns, type RowOf } from '../model/nouns';

type Show = (value: string, row: Record<string, unknown>) => string;

/**
 * The forms whose values differ from those of the store: money is padded to its currency, and clients are named as in
 * OAuth.
 */
export const shownAs: { readonly [F in Form]?: Show } = {
  client: clientIdOf,
  number: shownNumber,
  money: (value, { currency }) => money(value, currency as string),
};

/** The columns of each noun that `shownAs` changes. */
const reformed = Object.fromEntries(
  allNouns.map((noun) => [
    noun,
    Object.entries(forms[noun]).flatMap(([column, form]): [string, Show][] => {
      const as = shownAs[form];
      return as ? [[column, as]] : [];
    }),
  ]),
) as Record<Noun, [column: string, as: Show][]>;

/**
 * Tags a row with its type, and gives its values their forms. Changes the row itself, so the row must have been read
 * for this and have no other user.
 */
export function showInPlace<N extends Noun, R extends object>(noun: N, row: R): R {
  const result = row as Record<string, unknown>;
  result.__typename = nouns[noun].typename;
  for (const [column, as] of reformed[noun]) {
    const value = result[column];
    if (typeof value === 'string') result[column] = as(value, result);
  }
  return row;
}

/** A row of a service as the graph shows it. The service's own row stays as it is. */
export const shownCopy = <N extends Noun>(noun: N, row: RowOf<N>): RowOf<N> =>
  showInPlace(noun, { ...(row as object) }) as RowOf<N>;

/** The settings of an entity as the graph shows them: one object with the id of the entity. */
export const shownSettings = (row: BillingSettingsRow) => ({
  ...row,
  __typename: 'BillingSettings',
  id: row.entityId,
  updatedById: row.updatedById && clientIdOf(row.updatedById),
});
