import type { ClassType } from 'type-graphql';
import { Account } from '../account';
import { BillRun, BillRunFailure } from '../bill-run';
import { BillingDocument } from '../billing-document';
import { BillingSettings } from '../billing-settings';
import { CreditMemo, CreditMemoItem } from '../credit-memo';
import { CreditMemoApplication } from '../credit-memo-application';
import { Fulfillment } from '../fulfillment';
import { FulfillmentItem } from '../fulfillment-item';
import { HistoryEntry } from '../history';
import { Invoice, InvoiceItem, InvoiceOffset } from '../invoice';
import { edges, manyEdges } from '../model/edges';
import { listedNouns } from '../model/lists';
import { type Noun, nouns } from '../model/nouns';
import { Order } from '../order';
import { OrderLineItem } from '../order-line-item';
import { Payment, PaymentApplication } from '../payment';
import { connectionType } from './connection-types';

const classes = [
  ...[Account, Order, OrderLineItem, Fulfillment, FulfillmentItem],
  ...[Invoice, InvoiceItem, InvoiceOffset, CreditMemo, CreditMemoItem, CreditMemoApplication, BillingDocument],
  ...[Payment, PaymentApplication, BillRun, BillRunFailure, HistoryEntry, BillingSettings],
] as unknown as ClassType<object>[];

const byName = new Map(classes.map((type) => [type.name, type]));

/** The class of a type that has edges. Edges name their target, so that no noun's file imports the class of another. */
export function typeNamed(name: string): ClassType<object> {
  const type = byName.get(name);
  if (!type) throw new Error(`No class is known for the type ${name}.`);
  return type;
}

export const typeOf = (noun: Noun): ClassType<object> => typeNamed(nouns[noun].typename);

const paged = new Set<Noun>([
  ...listedNouns,
  ...manyEdges.flatMap((name): Noun[] => (edges[name].form === 'page' ? [edges[name].target] : [])),
]);

/** The connection type of each noun that comes in pages. */
const connections = new Map(
  [...paged].map((noun) => [noun, connectionType(typeOf(noun), nouns[noun].typename)] as const),
);
export const connectionOf = (noun: Noun): ClassType<object> => connections.get(noun)!;
