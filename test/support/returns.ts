import type { AccountRow } from '../../src/store/account';
import { BillingClaimRow } from '../../src/store/billing-claim';
import type { Scoped } from '../../src/store/connection/connection';
import { CreditMemoItemRow, CreditMemoRow } from '../../src/store/credit-memo';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { HistoryEntryRow } from '../../src/store/history';
import { newId } from '../../src/store/id';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { insertRows } from '../../src/store/query/write';
import { creditMemoItemRow, creditMemoRow, day, fulfillmentRow, historyRow, instant, lineRow, orderRow } from './rows';

/** A number that no sequence gives. */
const ours = () => `R-${newId()}`;

/** Rows of a return of 5 of a sold line item, received and credited, at 10.00 each unless told otherwise. */
export function returnOf(
  account: AccountRow,
  sold: OrderLineItemRow,
  more: { memo?: Partial<CreditMemoRow>; memoItem?: Partial<CreditMemoItemRow> } = {},
) {
  const { currency } = account;
  const order = orderRow(account, { category: 'Return', orderNumber: ours() });
  const line = lineRow(order, {
    ...{ itemCategory: 'Return', originalOrderLineItemId: sold.id, itemType: null, itemState: 'Complete', currency },
    ...{ quantity: '5', fulfilledQuantity: '5', sentQuantity: '5', fulfillmentCount: 1 },
  });
  const fulfillment = fulfillmentRow(line, {
    ...{ fulfillmentType: 'Return', state: 'SentToBilling', billTargetDate: day, sentToBillingDate: instant },
    ...{ quantity: '5', amount: '50', currency, fulfillmentNumber: ours() },
  });
  const memo = creditMemoRow(account, { amount: '50', amountWithoutTax: '50', currency, ...more.memo });
  const quantity = { quantity: '5', amountWithoutTax: '50', currency };
  const memoItem = creditMemoItemRow(memo, fulfillment, { ...quantity, ...more.memoItem });
  const { entityId, orgId } = memo;
  const claim = { id: fulfillment.id, entityId, orgId, invoiceItemId: null, creditMemoItemId: memoItem.id };
  const created = { subjectType: 'CreditMemo', subjectId: memo.id, action: 'Create', changes: [] } as const;
  const history = historyRow(fulfillment, { ...created, changes: [], fromState: null, toState: memo.status });
  return { order, line, fulfillment, memo, memoItem, claim, history };
}

export type Return = ReturnType<typeof returnOf>;

/** Writes returns, parents first. */
export async function insertReturns(scoped: Scoped, returns: readonly Return[]): Promise<void> {
  const each = <K extends keyof Return>(kind: K): Return[K][] => returns.map((row) => row[kind]);
  await insertRows(scoped, OrderRow, each('order'));
  await insertRows(scoped, OrderLineItemRow, each('line'));
  await insertRows(scoped, FulfillmentRow, each('fulfillment'));
  await insertRows(scoped, CreditMemoRow, each('memo'));
  await insertRows(scoped, CreditMemoItemRow, each('memoItem'));
  await insertRows(scoped, BillingClaimRow, each('claim'));
  await insertRows(scoped, HistoryEntryRow, each('history'));
}
