import { money } from '../../domain/currency';
import { shownNumber } from '../../domain/key';
import { clientIdOf } from '../../service/client';
import type { BillingSettingsRow } from '../../store/billing-settings';
import { type Form, forms } from '../model/columns';
import { allNouns, type Noun, nouns, type RowOf } from '../model/nouns';

type Show = (value: string, row: Record<string, unknown>) => string;

/** The forms whose values look other than the store has them: money is padded to its currency, clients are named as OAuth does it. */
export const shownAs: { readonly [F in Form]?: Show } = {
  client: clientIdOf,
  number: shownNumber,
  money: (value, { currency }) => money(value, currency as string),
};

/** The columns of each noun that are shown in another form. */
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
 * A row as it is shown: tagged with its type, its values in their forms. The row itself is changed: for one that was read to be
 * shown, and that nobody else has.
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

/** A row of a service as it is shown; the service's own stays as it is. */
export const shownCopy = <N extends Noun>(noun: N, row: RowOf<N>): RowOf<N> =>
  showInPlace(noun, { ...(row as object) }) as RowOf<N>;

/** The settings of an entity as they are shown: an object with the id of the entity, which has one of them. */
export const shownSettings = (row: BillingSettingsRow) => ({
  ...row,
  __typename: 'BillingSettings',
  id: row.entityId,
  updatedById: row.updatedById && clientIdOf(row.updatedById),
});
