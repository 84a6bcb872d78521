import type { GraphiQLPlugin } from '@graphiql/react';
import { useState } from 'react';
import { isOffered, kindOf } from '../sample';
import { filled, tour } from '../tour';
import { useShared } from './context';
import { useOpen } from './open';
import { Kind } from './samples';

function TourIcon() {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M3 15V1 M3 2h10l-3 3.5L13 9H3" />
    </svg>
  );
}

// Kept here, not in the panel, which is gone while another panel is open.
let kept = -1;

function Tour() {
  const open = useOpen();
  const { identity, created } = useShared();
  const [step, setStep] = useState(kept);

  function go(index: number) {
    kept = index;
    setStep(index);
    const { query } = tour[index];
    open({ query, variables: filled(tour[index], created) });
  }

  return (
    <section className="page-panel" aria-label="Tour">
      <h2>Tour</h2>
      <p>From a first query to a bill, in six steps. A step opens a tab; run it there, and read its reply.</p>
      <ol className="page-steps">
        {tour.map((each, index) => {
          const offered = isOffered(each, identity?.scopes);
          return (
            <li key={each.title} aria-current={index === step ? 'step' : undefined}>
              <button type="button" className="page-card" disabled={!offered} onClick={() => go(index)}>
                <strong>
                  {index + 1}. {each.title}
                </strong>{' '}
                <Kind kind={kindOf(each)} />
                <span>{offered ? each.summary : `Needs the scopes ${each.needs.join(', ')}.`}</span>
              </button>
              {index === step && (
                <p role="status">
                  {each.takes && !created.length
                    ? 'Run step 3 first: this step takes the number of the fulfillment from its reply.'
                    : `Now run it. ${each.look}`}
                </p>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

export const tourPlugin: GraphiQLPlugin = { title: 'Tour', icon: TourIcon, content: Tour };
