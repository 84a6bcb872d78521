import type { GraphiQLPlugin } from '@graphiql/react';
import { sampleOperations } from '../operations';
import { isOffered, kindOf, type SampleKind, sampleGroups } from '../sample';
import { useShared } from './context';
import { useOpen } from './open';

// The browser keeps its tabs. This panel restores samples that were closed or edited, and shows the samples of a newer
// version.

function SamplesIcon() {
  return (
    <svg viewBox="0 0 14 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M1 1h8l4 4v10H1z M9 1v4h4 M4 8h6 M4 11h6" />
    </svg>
  );
}

const meanings: Record<SampleKind, string> = {
  read: 'changes nothing',
  rehearsal: 'writes nothing until dryRun is false',
  write: 'writes',
};

/** The mark of an operation: read, rehearsal or write. */
export function Kind({ kind }: { kind: SampleKind }) {
  return <em className={`page-kind page-kind-${kind}`}>{kind}</em>;
}

function Samples() {
  const open = useOpen();
  const scopes = useShared().identity?.scopes;
  const offered = sampleOperations.filter((sample) => isOffered(sample, scopes));
  const left = sampleOperations.length - offered.length;

  return (
    <section className="page-panel" aria-label="Samples">
      <h2>Samples</h2>
      <dl className="page-kinds">
        {Object.entries(meanings).map(([kind, meaning]) => (
          <div key={kind}>
            <dt>
              <Kind kind={kind as SampleKind} />
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      {sampleGroups.map((group) => {
        const samples = offered.filter((sample) => sample.group === group);
        if (!samples.length) return null;
        return (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {samples.map((sample) => (
                <li key={sample.title}>
                  <button type="button" className="page-card" onClick={() => open(sample)}>
                    <strong>{sample.title}</strong> <Kind kind={kindOf(sample)} />
                    <span>{sample.summary}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      {left > 0 && <p>{left} more need scopes that this client does not have.</p>}
    </section>
  );
}

export const samplesPlugin: GraphiQLPlugin = { title: 'Samples', icon: SamplesIcon, content: Samples };
