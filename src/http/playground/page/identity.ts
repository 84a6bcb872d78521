import { useEffect, useState } from 'react';

/** Something with a name, as the header Zuora-Entity-Ids or Zuora-Org-Ids takes it. */
export interface Named {
  id: string;
  name: string;
}

/** The client behind the token, as `viewer` tells of it. */
export interface Identity {
  name: string;
  scopes: string[];
  entities: Named[];
  /** The orgs of the chosen entity. */
  orgs: Named[];
}

type Ask = (
  query: string,
  headers: Record<string, string>,
) => Promise<{ data?: { viewer?: Partial<Identity> | null } }>;

// A client of several entities may ask for these alone without naming one of them.
const WHO = 'query PlaygroundClient { viewer { name scopes entities { id name } } }';
const WHERE = 'query PlaygroundOrgs { viewer { orgs { id name } } }';

/**
 * Who is signed in, and the orgs of the entity. Undefined until the gateway has answered, while nobody is signed in, and
 * for a client without the scope read. `ask` sends a query with these headers; another one asks again.
 */
export function useIdentity(ask: Ask, entity: string | undefined): Identity | undefined {
  const [identity, setIdentity] = useState<Identity>();

  useEffect(() => {
    let current = true;
    setIdentity(undefined);
    (async () => {
      const { name, scopes, entities } = (await ask(WHO, {})).data?.viewer ?? {};
      if (!name || !scopes || !entities) return;
      const chosen = entities.find(({ id }) => id === entity) ?? entities[0];
      const { orgs = [] } = chosen ? ((await ask(WHERE, { 'zuora-entity-ids': chosen.id })).data?.viewer ?? {}) : {};
      if (current) setIdentity({ name, scopes, entities, orgs });
    })().catch(() => {
      // A gateway that does not answer says so in the reply to the next operation.
    });
    return () => {
      current = false;
    };
  }, [ask, entity]);

  return identity;
}
