import type { RequestError } from './errors';
import type { DocumentMode } from './registered-document';

/** What a client may do. Each root field and REST route names the one it needs. */
export const scopes = ['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const scopeMeanings: Record<Scope, string> = {
  read: 'queries, and whatever lies below the objects that a mutation returns',
  order: 'accounts, orders and line items',
  fulfill: 'fulfillments and their items',
  'edit-booked': 'editing fulfillments that are Booked ("Allow Edit Of Booked Order Line Items")',
  bill: 'runBilling, bill runs and billing documents',
  pay: 'collectPayment and refunds',
  admin: 'settings, clients and registered documents',
};

/** On whose behalf a request runs, and what it may see. Made once per request from its token and headers. */
export interface Caller {
  clientId: string;
  entityId: string;
  /** The orgs whose rows are visible: never empty, always of this entity. */
  orgIds: readonly string[];
  scopes: ReadonlySet<Scope>;
  /** The entities that its token is limited to; absent where it is good for all of its client. */
  tokenEntityIds?: ReadonlySet<string>;
  /** What it may run besides its registered documents, over GraphQL. */
  documentMode?: DocumentMode;
  requestId: string;
  trackId: string | null;
  /** Why it has no entity: whoever reads its `entityId` or `orgIds` is refused with this. */
  undecided?: RequestError;
}

/**
 * A caller whose client has several entities, and whose request names none. That is enough to ask who one is; what needs an
 * entity is refused, also where nobody has thought of it.
 */
export function withoutEntity(caller: Omit<Caller, 'entityId' | 'orgIds'>, undecided: RequestError): Caller {
  return {
    ...caller,
    undecided,
    get entityId(): never {
      throw undecided;
    },
    get orgIds(): never {
      throw undecided;
    },
  };
}
