import { type ReactNode, useId, useState } from 'react';
import type { RefusalFragment } from './generated/graphql';
import { Problem } from './problem';

export type Refusal = RefusalFragment;

/** The field that a refusal is about: the last name in its path, as in `input.fulfillments.0.quantity`. */
const fieldOf = ({ path }: Refusal): string | undefined => path.findLast((part) => !/^\d+$/.test(part));

interface FieldProps {
  name: string;
  label: string;
  refusals: readonly Refusal[];
  hint?: string;
  /** The control, with the attributes that tie it to its label and its errors. */
  children: (control: { id: string; name: string; 'aria-invalid'?: true; 'aria-describedby'?: string }) => ReactNode;
}

/** A labelled control with what the server refused of it. */
export function Field({ name, label, refusals, hint, children }: FieldProps) {
  const id = useId();
  const own = refusals.filter((refusal) => fieldOf(refusal) === name);
  const described = own.length > 0 || hint !== undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        name,
        ...(own.length > 0 && { 'aria-invalid': true }),
        ...(described && { 'aria-describedby': `${id}-note` }),
      })}
      {described ? (
        <div id={`${id}-note`} className={own.length ? 'refusal' : 'hint'}>
          {own.length ? own.map(({ message }) => <p key={message}>{message}</p>) : hint}
        </div>
      ) : null}
    </div>
  );
}

/** Refusals that belong to none of the fields of a form. */
export function Refusals({ of, except = [] }: { of: readonly Refusal[]; except?: readonly string[] }) {
  const rest = of.filter((refusal) => !except.includes(fieldOf(refusal) ?? ''));
  if (!rest.length) return null;
  return (
    <div className="refusal" role="alert">
      {rest.map(({ message, code }) => (
        <p key={code + message}>{message}</p>
      ))}
    </div>
  );
}

/** The context of a mutation. */
export interface Context {
  headers: { 'idempotency-key': string };
}

/** Sends a mutation in the context, and returns what the server refused of it. */
type Act = (context: Context) => Promise<readonly Refusal[] | undefined>;

const withKey = (): Context => ({ headers: { 'idempotency-key': crypto.randomUUID() } });

/**
 * Runs one action at a time, and keeps what the server refused of it, or why it failed. `run` is true if nothing was
 * refused. Trying again sends the same key: if only the reply was lost, the first reply comes again, and nothing happens
 * twice.
 */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [refusals, setRefusals] = useState<readonly Refusal[]>([]);
  const [failure, setFailure] = useState<{ error: unknown; again: () => void }>();

  async function run(act: Act, context: Context = withKey()): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setFailure(undefined);
    try {
      const refused = (await act(context)) ?? [];
      setRefusals(refused);
      return refused.length === 0;
    } catch (error) {
      setFailure({ error, again: () => run(act, context) });
      return false;
    } finally {
      setBusy(false);
    }
  }

  const problem = failure ? <Problem error={failure.error} onRetry={failure.again} /> : null;
  return { busy, refusals, run, problem, clear: () => setRefusals([]) };
}

/** The values of a form by name. Empty ones are absent. */
export function valuesOf(form: HTMLFormElement): Record<string, string | undefined> {
  const entries = [...new FormData(form)].map(([name, value]) => [name, String(value).trim() || undefined]);
  return Object.fromEntries(entries);
}
