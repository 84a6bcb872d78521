import { type FormEvent, useState } from 'react';
import { Conflict, conflictIn, type Side, withoutConflict } from './conflict';
import { Field, type Refusal, Refusals, useAction, valuesOf } from './form';
import type { DetailsFragment } from './generated/graphql';
import { type MoveOptions, useMove } from './move';
import { moveLabels, today } from './words';

type Transition = DetailsFragment['allowedTransitions'][number];

/** The form of the move asks for the day, so its absence does not block the button. */
const lacksOnlyDay = ({ blockedBy }: Transition) => blockedBy.every(({ code }) => code === 'BILL_TARGET_DATE_REQUIRED');

/** A button for each move that the graph allows. What it blocks has the reasons beside it. */
export function Moves({ of: fulfillment }: { of: DetailsFragment }) {
  const move = useMove();
  const { busy, refusals, run, problem, clear } = useAction();
  const [sending, setSending] = useState<Transition>();
  // What the person sees when the move begins. The card may change before the server answers.
  const [seen, setSeen] = useState<Side>(fulfillment);
  const [again, setAgain] = useState<(now: Side) => void>();

  async function make(transition: Transition, options: MoveOptions = {}, base: Side = fulfillment) {
    setSeen(base);
    setAgain(() => (now: Side) => make(transition, options, now));
    if (await run((context) => move(base, transition, options, context))) setSending(undefined);
  }

  const transitions = fulfillment.allowedTransitions;
  const conflict = conflictIn(refusals);
  return (
    <section aria-label="Moves" className="moves">
      {transitions.length ? null : <p className="hint">No move leads on from here.</p>}
      {transitions.map((transition) => {
        const { action, blockedBy } = transition;
        const allowed = transition.allowed || lacksOnlyDay(transition);
        return (
          <div key={action}>
            <button
              type="button"
              disabled={busy || !allowed}
              aria-describedby={`why-${action}`}
              className={action === 'Cancel' ? 'quiet' : undefined}
              onClick={() =>
                action === 'SendToBilling' ? setSending(sending ? undefined : transition) : make(transition)
              }
            >
              {moveLabels[action]}
            </button>
            {allowed ? null : (
              <ul id={`why-${action}`} className="why">
                {blockedBy.map(({ code, message }) => (
                  <li key={code + message}>{message}</li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
      {sending ? (
        <Send
          of={fulfillment}
          busy={busy}
          refusals={withoutConflict(refusals)}
          onSend={(options) => make(sending, options)}
        />
      ) : (
        <Refusals of={withoutConflict(refusals)} />
      )}
      {problem}
      {conflict ? (
        <Conflict had={seen} now={conflict.current} onTake={clear} onApply={() => again?.(conflict.current)} />
      ) : null}
    </section>
  );
}

interface SendProps {
  of: DetailsFragment;
  busy: boolean;
  refusals: readonly Refusal[];
  onSend: (options: MoveOptions) => void;
}

/** Sends to billing; on request bills and collects in the same request. */
function Send({ of: fulfillment, busy, refusals, onSend }: SendProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { billTargetDate, runBilling, collectPayment } = valuesOf(event.currentTarget);
    onSend({
      billTargetDate,
      ...(runBilling && { options: { runBilling: true, collectPayment: Boolean(collectPayment) } }),
    });
  };
  return (
    <form className="form" onSubmit={submit} aria-label="Send to billing">
      <Field name="billTargetDate" label="Bill from" refusals={refusals}>
        {(control) => <input {...control} type="date" defaultValue={fulfillment.billTargetDate ?? today()} />}
      </Field>
      <label className="check">
        <input type="checkbox" name="runBilling" /> Bill at once
      </label>
      <label className="check">
        <input type="checkbox" name="collectPayment" /> and collect the payment
      </label>
      <Refusals of={refusals} except={['billTargetDate']} />
      <button type="submit" disabled={busy}>
        Send
      </button>
    </form>
  );
}
