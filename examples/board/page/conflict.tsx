import type { Refusal } from './form';
import type { CardFragment, EditableFragment } from './generated/graphql';
import { shown } from './words';

/** A fulfillment as a person may have seen or changed it. */
export type Side = CardFragment & EditableFragment;

/** The refusal that says: somebody else has changed the fulfillment meanwhile. It brings the fulfillment along. */
export function conflictIn(refusals: readonly Refusal[]) {
  for (const refusal of refusals) {
    if (refusal.__typename === 'VersionConflict' && refusal.current.__typename === 'Fulfillment') {
      return { ...refusal, current: refusal.current };
    }
  }
  return undefined;
}

/** The refusals that have no dialog of their own. */
export const withoutConflict = (refusals: readonly Refusal[]) =>
  refusals.filter(({ __typename }) => __typename !== 'VersionConflict');

const compared = {
  state: 'State',
  quantity: 'Quantity',
  fulfillmentDate: 'Date',
  billTargetDate: 'Billed from',
  carrier: 'Carrier',
  trackingNumber: 'Tracking number',
  description: 'Description',
} as const;

interface ConflictProps {
  /** What the person had, with the changes that were not saved. */
  had: Side;
  now: Side;
  onTake: () => void;
  onApply: () => void;
}

/** Both sides of a conflict: the person decides, and nothing is overwritten unseen. */
export function Conflict({ had, now, onTake, onApply }: ConflictProps) {
  const names = Object.keys(compared) as (keyof typeof compared)[];
  const different = names.filter((name) => had[name] !== now[name]);
  return (
    <div className="conflict" role="alert">
      <p>
        <b>Somebody else was faster.</b> {now.fulfillmentNumber} has changed since you opened it, so nothing was saved.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">What you had</th>
            <th scope="col">What is there now</th>
          </tr>
        </thead>
        <tbody>
          {different.map((name) => (
            <tr key={name}>
              <th scope="row">{compared[name]}</th>
              <td>{shown(name, had[name])}</td>
              <td>{shown(name, now[name])}</td>
            </tr>
          ))}
          {different.length ? null : (
            <tr>
              <td colSpan={3}>The fields shown here are the same. Another one has changed.</td>
            </tr>
          )}
        </tbody>
      </table>
      <div className="buttons">
        <button type="button" onClick={onTake}>
          Take theirs
        </button>
        <button type="button" className="quiet" onClick={onApply}>
          Apply mine again
        </button>
      </div>
    </div>
  );
}
