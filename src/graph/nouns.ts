import { money } from '../domain/currency';
import { shownNumber } from '../domain/key';
import { clientIdOf } from '../service/client';
import { accounts } from '../store/account';
import { billRunFailures, billRuns } from '../store/bill-run';
import type { BillingSettingsRow } from '../store/billing-settings';
import { creditMemoApplications, creditMemoItems, creditMemos } from '../store/credit-memo';
import { fulfillments } from '../store/fulfillment';
import { fulfillmentItems } from '../store/fulfillment-item';
import { historyEntries } from '../store/history';
import { invoiceItems, invoiceOffsets, invoices } from '../store/invoice';
import type { List } from '../store/list';
import { orders } from '../store/order';
import { orderLineItems } from '../store/order-line-item';
import { paymentApplications, payments } from '../store/payment';

/**
 * The nouns of the graph. `needs` names the columns behind fields that are computed: a statement reads only the columns
 * of what was selected. `money` names the columns that are shown with their currency's decimals.
 */
// biome-ignore lint/suspicious/noExplicitAny: rows and filters differ from noun to noun
type AnyList = { [K in keyof List<any>]: any };

interface NounSpec {
  list: AnyList;
  typename: string;
  /** The column of the business number, by which it can be found too. */
  number?: string;
  money: readonly string[];
  needs: Readonly<Record<string, readonly string[]>>;
}

const transitionFacts = ['orderLineItemId', 'state', 'quantity', 'billTargetDate'];
const quantityFacts = [
  'itemCategory',
  'itemState',
  'billingRule',
  'quantity',
  'fulfilledQuantity',
  'sentQuantity',
  'returnedQuantity',
  'fulfillmentCount',
  'openFulfillmentCount',
];
const priceFacts = [
  'quantity',
  'currency',
  'listPricePerUnit',
  'amountPerUnit',
  'inlineDiscountType',
  'inlineDiscountPerUnit',
];

export const nouns = {
  account: {
    list: accounts,
    typename: 'Account',
    number: 'accountNumber',
    money: [],
    needs: { org: ['orgId'], paymentMethod: ['paymentMethodToken'] },
  },
  order: { list: orders, typename: 'Order', number: 'orderNumber', money: [], needs: { account: ['accountId'] } },
  orderLineItem: {
    list: orderLineItems,
    typename: 'OrderLineItem',
    money: ['listPricePerUnit', 'amountPerUnit'],
    needs: {
      order: ['orderId'],
      account: ['accountId'],
      originalOrderLineItem: ['originalOrderLineItemId'],
      requiresFulfillment: ['billingRule'],
      quantityFulfilled: quantityFacts,
      quantityPendingFulfillment: quantityFacts,
      quantityAvailableForReturn: quantityFacts,
      inlineDiscountPerUnit: ['inlineDiscountType', 'inlineDiscountPerUnit', 'currency'],
      listPrice: priceFacts,
      discount: priceFacts,
      amount: priceFacts,
      amountWithoutTax: [...priceFacts, 'taxMode', 'taxCode'],
      allowedTransitions: [...quantityFacts, 'billTargetDate', 'originalOrderLineItemId'],
      editableFields: ['itemCategory', 'itemState'],
    },
  },
  fulfillment: {
    list: fulfillments,
    typename: 'Fulfillment',
    number: 'fulfillmentNumber',
    money: ['amount'],
    needs: {
      orderLineItem: ['orderLineItemId'],
      allowedTransitions: transitionFacts,
      editableFields: transitionFacts,
    },
  },
  fulfillmentItem: {
    list: fulfillmentItems,
    typename: 'FulfillmentItem',
    money: [],
    needs: { fulfillment: ['fulfillmentId'] },
  },
  invoice: {
    list: invoices,
    typename: 'Invoice',
    number: 'invoiceNumber',
    money: ['amount', 'amountWithoutTax', 'taxAmount', 'balance'],
    needs: {
      account: ['accountId'],
      documentNumber: ['invoiceNumber'],
      documentDate: ['invoiceDate'],
      billRun: ['billRunId'],
      allowedActions: [
        ...['invoiceNumber', 'status', 'currency', 'amount', 'balance', 'reversed'],
        ...['accountId', 'billRunId'],
      ],
    },
  },
  invoiceItem: {
    list: invoiceItems,
    typename: 'InvoiceItem',
    money: ['unitPrice', 'chargeAmount', 'taxAmount'],
    needs: { invoice: ['invoiceId'], orderLineItem: ['orderLineItemId'], fulfillment: ['fulfillmentId'] },
  },
  invoiceOffset: {
    list: invoiceOffsets,
    typename: 'InvoiceOffset',
    money: ['amount'],
    needs: { invoice: ['invoiceId'], negativeInvoice: ['negativeInvoiceId'] },
  },
  creditMemo: {
    list: creditMemos,
    typename: 'CreditMemo',
    number: 'creditMemoNumber',
    money: ['amount', 'amountWithoutTax', 'taxAmount', 'appliedAmount', 'refundAmount'],
    needs: {
      account: ['accountId'],
      documentNumber: ['creditMemoNumber'],
      documentDate: ['creditMemoDate'],
      unappliedAmount: ['status', 'amount', 'appliedAmount', 'refundAmount', 'currency'],
      billRun: ['billRunId'],
      reversedInvoice: ['reversedInvoiceId'],
      allowedActions: [
        ...['creditMemoNumber', 'status', 'currency', 'amount', 'appliedAmount', 'refundAmount', 'reversedInvoiceId'],
        ...['sisterInvoiceId', 'billRunId'],
      ],
    },
  },
  creditMemoItem: {
    list: creditMemoItems,
    typename: 'CreditMemoItem',
    money: ['unitPrice', 'amountWithoutTax', 'taxAmount'],
    needs: {
      amount: ['amountWithoutTax', 'taxAmount', 'taxMode', 'currency'],
      creditMemo: ['creditMemoId'],
      orderLineItem: ['orderLineItemId'],
      fulfillment: ['fulfillmentId'],
    },
  },
  billRun: {
    list: billRuns,
    typename: 'BillRun',
    number: 'billRunNumber',
    money: [],
    needs: { allowedActions: ['status'] },
  },
  billRunFailure: {
    list: billRunFailures,
    typename: 'BillRunFailure',
    money: [],
    needs: { account: ['accountId'], orderLineItem: ['orderLineItemId'], fulfillment: ['fulfillmentId'] },
  },
  creditMemoApplication: {
    list: creditMemoApplications,
    typename: 'CreditMemoApplication',
    money: ['amount'],
    needs: { creditMemo: ['creditMemoId'], invoice: ['invoiceId'] },
  },
  payment: {
    list: payments,
    typename: 'Payment',
    number: 'paymentNumber',
    money: ['amount', 'appliedAmount', 'refundAmount'],
    needs: {
      account: ['accountId'],
      unappliedAmount: ['status', 'amount', 'appliedAmount', 'refundAmount', 'currency'],
    },
  },
  paymentApplication: {
    list: paymentApplications,
    typename: 'PaymentApplication',
    money: ['amount'],
    needs: { payment: ['paymentId'], invoice: ['invoiceId'] },
  },
  historyEntry: {
    list: historyEntries,
    typename: 'HistoryEntry',
    money: [],
    needs: { subject: ['subjectType', 'subjectId'] },
  },
} as const satisfies Record<string, NounSpec>;

export type Noun = keyof typeof nouns;
export type RowOf<N extends Noun> = NonNullable<(typeof nouns)[N]['list']['row']>;

/** The list of a noun whose name is known only at run time. */
// biome-ignore lint/suspicious/noExplicitAny: rows and filters differ from noun to noun
export const listOf = (noun: Noun): List<any, any> => nouns[noun].list as never;

/** The column of a noun's business number, where it has one. */
export const numberOf = (noun: Noun): string | undefined => (nouns[noun] as NounSpec).number;

/** The columns behind the selected fields of a noun, in one order whatever the order of the fields. */
export function columnsOf(noun: Noun, fields: readonly string[]): string[] {
  const spec: NounSpec = nouns[noun];
  const columns = new Set<string>(['id']);
  for (const field of fields) {
    for (const column of spec.needs[field] ?? (spec.list.table.columns[field] ? [field] : [])) columns.add(column);
    if (spec.money.includes(field)) columns.add('currency');
  }
  return [...columns].sort();
}

/** Columns that hold a client_id, which OAuth writes with dashes, unlike the ids of objects. */
const clients = ['createdById', 'updatedById', 'actor'];

/** Columns that hold a business number. */
const numbers = [
  'accountNumber',
  'orderNumber',
  'fulfillmentNumber',
  'invoiceNumber',
  'creditMemoNumber',
  'paymentNumber',
  'billRunNumber',
];

/** The columns of a noun that are shown in another form than the store has them. */
interface Reformed {
  clients: readonly string[];
  numbers: readonly string[];
  money: readonly string[];
  typename: string;
}
const reformed = Object.fromEntries(
  Object.entries<NounSpec>(nouns).map(([noun, { list, typename, money }]): [string, Reformed] => {
    const own = (columns: readonly string[]) => columns.filter((column) => list.table.columns[column]);
    return [noun, { clients: own(clients), numbers: own(numbers), money, typename }];
  }),
) as Record<Noun, Reformed>;

/**
 * A row as it is shown: tagged with its type, money padded to its currency, clients as OAuth names them. The row itself is
 * changed: for one that was read to be shown, and that nobody else has.
 */
export function show<N extends Noun, R extends object>(noun: N, row: R): R {
  const { clients, numbers, money: amounts, typename } = reformed[noun];
  const result = row as Record<string, unknown>;
  result.__typename = typename;
  for (const column of clients) {
    const value = result[column];
    if (typeof value === 'string') result[column] = clientIdOf(value);
  }
  for (const column of numbers) {
    const value = result[column];
    if (typeof value === 'string') result[column] = shownNumber(value);
  }
  for (const column of amounts) {
    const value = result[column];
    if (typeof value === 'string') result[column] = money(value, result.currency as string);
  }
  return row;
}

/** A row of a service as it is shown; the service's own stays as it is. */
export const shown = <N extends Noun>(noun: N, row: RowOf<N>): RowOf<N> =>
  show(noun, { ...(row as object) }) as RowOf<N>;

/** The settings of an entity as they are shown: an object with the id of the entity, which has one of them. */
export const shownSettings = (row: BillingSettingsRow) => ({
  ...row,
  __typename: 'BillingSettings',
  id: row.entityId,
  updatedById: row.updatedById && clientIdOf(row.updatedById),
});
