import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { Conflict, conflictIn, type Side, withoutConflict } from './conflict';
import { Field, Refusals, useAction, valuesOf } from './form';
import { type DetailsFragment, EditDocument, type UpdateFulfillmentInput } from './generated/graphql';

const fields = [
  { name: 'quantity', label: 'Quantity', type: 'text' },
  { name: 'fulfillmentDate', label: 'Date', type: 'date' },
  { name: 'billTargetDate', label: 'Billed from', type: 'date' },
  { name: 'carrier', label: 'Carrier', type: 'text' },
  { name: 'trackingNumber', label: 'Tracking number', type: 'text' },
  { name: 'description', label: 'Description', type: 'text' },
] as const;

type Name = (typeof fields)[number]['name'];
type Changes = Partial<Record<Name, string | null>>;

/** Changes the fields that the graph says may change now. */
export function Edit({ of: fulfillment }: { of: DetailsFragment }) {
  const [base, setBase] = useState<Side>();
  const editable = fields.filter(({ name }) => fulfillment.editableFields.includes(name));
  if (!base) {
    if (!editable.length) return null;
    // The form keeps what the person saw when it was opened. Live answers must not change it under the fingers.
    return (
      <button type="button" className="quiet" onClick={() => setBase(fulfillment)}>
        Change fields
      </button>
    );
  }
  return <Form base={base} editable={editable.map(({ name }) => name)} onEnd={() => setBase(undefined)} />;
}

function Form({ base, editable, onEnd }: { base: Side; editable: Name[]; onEnd: () => void }) {
  const [edit] = useMutation(EditDocument);
  const { busy, refusals, run, problem } = useAction();
  const [changes, setChanges] = useState<Changes>({});
  const conflict = conflictIn(refusals);

  async function save(changed: Changes, version: number) {
    setChanges(changed);
    const input = changed as UpdateFulfillmentInput;
    const saved = await run(async (context) => {
      const { data } = await edit({ variables: { key: base.id, version, input }, context });
      return data?.updateFulfillment?.userErrors;
    });
    if (saved) onEnd();
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const values = valuesOf(event.currentTarget);
    const changed = editable.filter((name) => (values[name] ?? null) !== base[name]);
    if (!changed.length) return onEnd();
    save(Object.fromEntries(changed.map((name) => [name, values[name] ?? null])), base.version);
  }

  return (
    <form className="form" onSubmit={submit} aria-label="Change fields">
      {fields
        .filter(({ name }) => editable.includes(name))
        .map(({ name, label, type }) => (
          <Field key={name} name={name} label={label} refusals={refusals}>
            {(control) => <input {...control} type={type} defaultValue={base[name] ?? ''} />}
          </Field>
        ))}
      <Refusals of={withoutConflict(refusals)} except={editable} />
      {problem}
      {conflict ? (
        <Conflict
          had={{ ...base, ...(changes as Partial<Side>) }}
          now={conflict.current}
          onTake={onEnd}
          onApply={() => save(changes, conflict.currentVersion)}
        />
      ) : (
        <div className="buttons">
          <button type="submit" disabled={busy}>
            Save
          </button>
          <button type="button" className="quiet" onClick={onEnd}>
            Leave as it is
          </button>
        </div>
      )}
    </form>
  );
}
