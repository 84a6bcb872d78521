import { useState } from 'react';
import type { Identity } from './identity';

/** What the page's own fields say; they become headers of each request. */
export interface Fields {
  /** An entity's id; undefined while the client has one entity only, or has not chosen. */
  entity?: string;
  /** Ids of orgs; empty for all. */
  orgs: string[];
  idempotencyKey: string;
}

/** The headers that these fields stand for, for an operation of this kind. */
export function headersOf(fields: Fields, identity: Identity | undefined, operation: string): Record<string, string> {
  const several = (identity?.entities.length ?? 0) > 1;
  const entity = fields.entity ?? (several ? identity?.entities[0].id : undefined);
  return {
    'show-cost': 'true',
    'show-statements': 'true',
    ...(entity && { 'zuora-entity-ids': entity }),
    ...(fields.orgs.length && { 'zuora-org-ids': fields.orgs.join(',') }),
    ...(operation === 'mutation' &&
      fields.idempotencyKey.trim() && { 'idempotency-key': fields.idempotencyKey.trim() }),
  };
}

interface PageHeaderProps {
  identity?: Identity;
  /** Shown where there is no name: how the page is signed in. */
  fallback?: string;
  fields: Fields;
  onFields(fields: Fields): void;
  onSignOut?(): void;
}

/** The top of the page: who asks, in which entity and orgs, with which key. */
export function PageHeader({ identity, fallback, fields, onFields, onSignOut }: PageHeaderProps) {
  // On a telephone the fields are folded away.
  const [shown, setShown] = useState(false);
  const { entities = [], orgs = [] } = identity ?? {};
  const toggle = (id: string, on: boolean) =>
    onFields({
      ...fields,
      orgs: orgs.map((org) => org.id).filter((each) => (each === id ? on : fields.orgs.includes(each))),
    });
  const chosen = orgs.filter(({ id }) => fields.orgs.includes(id)).map(({ name }) => name);

  return (
    <header className="graphiql-container page-header">
      <h1>Playground</h1>
      <button
        type="button"
        className="page-more"
        aria-expanded={shown}
        aria-controls="page-fields"
        onClick={() => setShown(!shown)}
      >
        Request
      </button>
      <div id="page-fields" className={shown ? 'page-fields page-fields-shown' : 'page-fields'}>
        {identity && (
          <label>
            Entity
            <select
              value={fields.entity ?? entities[0]?.id}
              onChange={(event) => onFields({ ...fields, entity: event.target.value, orgs: [] })}
            >
              {entities.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {orgs.length > 0 && (
          <details className="page-orgs">
            <summary>Orgs: {chosen.join(', ') || 'all'}</summary>
            <fieldset>
              <legend>See these orgs; all if none is marked</legend>
              {orgs.map(({ id, name }) => (
                <label key={id}>
                  <input
                    type="checkbox"
                    checked={fields.orgs.includes(id)}
                    onChange={(event) => toggle(id, event.target.checked)}
                  />
                  {name}
                </label>
              ))}
            </fieldset>
          </details>
        )}
        <label className="page-key">
          Idempotency-Key
          <input
            value={fields.idempotencyKey}
            placeholder="none"
            maxLength={255}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onFields({ ...fields, idempotencyKey: event.target.value })}
          />
          <button type="button" onClick={() => onFields({ ...fields, idempotencyKey: randomKey() })}>
            New
          </button>
        </label>
      </div>
      <span className="page-who">{identity?.name ?? fallback ?? 'Not signed in'}</span>
      {onSignOut && (
        <button type="button" onClick={onSignOut}>
          Sign out
        </button>
      )}
    </header>
  );
}

/** 128 random bits. `crypto.randomUUID` exists on https and loopback alone. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
