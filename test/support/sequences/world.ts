import fc from 'fast-check';
import type { Caller } from '../../../src/domain/caller';
import type { Work } from '../../../src/service/run/work';
import { AccountRow } from '../../../src/store/account';
import { BillRunRow } from '../../../src/store/bill-run';
import { type BillingSettingsRow, billingSettings } from '../../../src/store/billing-settings';
import { CreditMemoApplicationRow, CreditMemoRow } from '../../../src/store/credit-memo';
import { FulfillmentRow } from '../../../src/store/fulfillment';
import { FulfillmentItemRow } from '../../../src/store/fulfillment-item';
import { InvoiceRow } from '../../../src/store/invoice';
import { OrderRow } from '../../../src/store/order';
import { OrderLineItemRow } from '../../../src/store/order-line-item';
import { PaymentRow } from '../../../src/store/payment';
import type { RowClass } from '../../../src/store/query/table';
import { rowsBy } from '../../../src/store/query/write';
import type { Ask } from './asks';

/*
 * What random commands look at, and what they are made of. A command names objects by numbers, which count among those
 * that there are when it is carried out: any part of a sequence is a sequence again, so that a failing one can be made
 * shorter. Most count only what the mutation fits, since a sequence that is refused goes nowhere.
 */

/** What there is, as somebody sees it who looks before asking: others may change it meanwhile. */
export interface World {
  accounts: AccountRow[];
  orders: OrderRow[];
  lines: OrderLineItemRow[];
  fulfillments: FulfillmentRow[];
  items: FulfillmentItemRow[];
  invoices: InvoiceRow[];
  memos: CreditMemoRow[];
  applications: CreditMemoApplicationRow[];
  payments: PaymentRow[];
  runs: BillRunRow[];
  settings: BillingSettingsRow;
}

export async function look(work: Work): Promise<World> {
  const scoped = work.reads();
  const all = async <R extends { id: string }>(row: RowClass<R>): Promise<R[]> =>
    (await rowsBy<R>(scoped, row, 'entityId' as keyof R & string, [work.caller.entityId])).sort((a, b) =>
      a.id < b.id ? -1 : 1,
    );
  return {
    accounts: await all<AccountRow>(AccountRow),
    // Lines before orders, so that no line is without its order; documents likewise after what refers to them.
    lines: await all<OrderLineItemRow>(OrderLineItemRow),
    orders: await all<OrderRow>(OrderRow),
    fulfillments: await all<FulfillmentRow>(FulfillmentRow),
    items: await all<FulfillmentItemRow>(FulfillmentItemRow),
    payments: await all<PaymentRow>(PaymentRow),
    applications: await all<CreditMemoApplicationRow>(CreditMemoApplicationRow),
    memos: await all<CreditMemoRow>(CreditMemoRow),
    invoices: await all<InvoiceRow>(InvoiceRow),
    runs: await all<BillRunRow>(BillRunRow),
    settings: await billingSettings(scoped),
  };
}

export interface Pick {
  n: number;
  /** Among all, and not only among what fits. */
  any: boolean;
}

/** The one that is named, or undefined where there is none at all. */
export function picked<T>(list: readonly T[], { n, any }: Pick, fits: (one: T) => boolean = () => true): T | undefined {
  const fitting = any ? [] : list.filter(fits);
  const from = fitting.length ? fitting : list;
  return from[n % from.length];
}
export const idOf = (row: { id: string } | undefined): string => row?.id ?? 'none';

/** One kind of command: how often it comes, what it is made of, and what it asks for in a world. */
export interface Act<A> {
  weight: number;
  of: fc.Arbitrary<A>;
  ask(world: World, args: A, caller: Caller): Ask;
}
export const act = <A>(weight: number, of: fc.Arbitrary<A>, ask: Act<A>['ask']): Act<A> => ({ weight, of, ask });

export const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
export const partial = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { noNullPrototype: true, requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
export const several = <T>(value: fc.Arbitrary<T>, maxLength: number) => fc.array(value, { minLength: 1, maxLength });
export const weighted = <T>(...values: [number, T][]): fc.Arbitrary<T> =>
  fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

export const pick: fc.Arbitrary<Pick> = record({ n: fc.nat({ max: 59 }), any: weighted([9, false], [1, true]) });
