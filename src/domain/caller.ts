import type { DocumentMode } from './registered-document';

/** What a client may do. Each root field and REST route names the one it needs. */
export const scopes = ['read', 'order', 'fulfill', 'edit-booked', 'bill', 'pay', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const scopeMeanings: Record<Scope, string> = {
  read: 'queries',
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
}
