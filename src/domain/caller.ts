import type { RequestError } from './errors';
import type { DocumentMode } from './registered-document';

/** The rights of a client. Each root field and REST route names the scope that it needs. */
export const scopes = ['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay', 'webhook', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const scopeMeanings: Record<Scope, string> = {
  read: 'queries, and whatever lies below the objects that a mutation returns',
  order: 'accounts, orders and line items',
  fulfill: 'fulfillments and their items',
  'edit-booked': 'editing fulfillments that are Booked ("Allow Edit Of Booked Order Line Items")',
  bill: 'runBilling, bill runs and billing documents',
  pay: 'collectPayment and refunds',
  webhook: 'webhook endpoints of the client itself, which also needs the scope read',
  admin: 'settings, clients and registered documents',
};

/** The client of a request, and the data that it may see. Made once per request from the token and the headers. */
export interface Caller {
  clientId: string;
  entityId: string;
  /** The orgs whose rows are visible: never empty, always of this entity. */
  orgIds: readonly string[];
  scopes: ReadonlySet<Scope>;
  /** The entities of a limited token; absent if the token covers every entity of its client. */
  tokenEntityIds?: ReadonlySet<string>;
  /** The documents that the client may run over GraphQL besides its registered documents. */
  documentMode?: DocumentMode;
  /** The client_secret that the token was issued for; absent if an outside issuer has made the token. */
  secret?: CallerSecret;
  requestId: string;
  trackId: string | null;
  /** The reason why the request has no entity. Reading `entityId` or `orgIds` throws this error. */
  undecided?: RequestError;
}

interface CallerSecret {
  id: string;
  /** The token has only some of the scopes or entities of its client. */
  isLimited: boolean;
}

/**
 * A caller whose client has several entities, for a request that names none of them. Such a caller may only ask who it
 * is. The getters refuse everything else, even where a check was forgotten.
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
