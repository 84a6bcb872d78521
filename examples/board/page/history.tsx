import type { DetailsFragment } from './generated/graphql';
import { instant, inWords, shown } from './words';

/** The last ten changes, the newest first. */
export function History({ of: { nodes, totalCount } }: { of: DetailsFragment['history'] }) {
  return (
    <>
      <ol className="history">
        {nodes.toReversed().map(({ id, at, action, actor, actorName, changes }) => (
          <li key={id}>
            <b>{inWords(action)}</b>
            <time dateTime={at}>{instant(at)}</time>
            {changes.length ? (
              <ul>
                {changes.map(({ field, before, after }) => (
                  <li key={field}>
                    {inWords(field)}: {shown(field, before)} → {shown(field, after)}
                  </li>
                ))}
              </ul>
            ) : null}
            <small>{actorName ?? actor}</small>
          </li>
        ))}
      </ol>
      {totalCount > nodes.length ? <p className="hint">{totalCount - nodes.length} earlier changes.</p> : null}
    </>
  );
}
