import type { List } from '../../store/query/list';
import type { Noun, nouns } from './nouns';

/*
 * The lists of the root and their descriptions. A list of the store declares its filters, with their kinds, and its
 * sorts. This file describes each of these fields; a field that is missing here or there does not compile. Filters,
 * orders, page arguments, root lists and the fields that find one object by its key are made from both.
 */

/** "Only <plural> whose <field> meets these conditions." */
const whose = Symbol('whose');

/** How one object is found by its key. */
interface ByKey {
  argument: 'key' | 'id';
  argumentDescription: string;
  description: string;
}

type FieldsOf<T> = keyof NonNullable<T>;

interface Declared<L extends List> {
  /** The name of one object in sentences; the plural adds an s. */
  called: string;
  filters: { readonly [F in FieldsOf<L['filter']>]-?: string | typeof whose };
  sorts: { readonly [S in NonNullable<L['sort']>]: string };
  /** The description of the argument orderBy. Absent: the last changed comes first. */
  orderBy?: string;
  /** How one object is found. Absent: by its id or business number. */
  byKey?: ByKey;
  /** The end of the description of the field that finds one object. */
  alsoByKey?: string;
}

const audit = { updatedDate: 'Time of the last change.', createdDate: 'Time of the creation.' };
const changed = 'Only objects last changed in this time span. Finds everything new since the last query.';
const ofAccounts = 'Only objects of accounts whose id meets these conditions.';
const ofDocument = 'Only drafts, only Posted documents, or only Canceled documents.';
const ofBillRun = 'Only documents of bill runs whose id meets these conditions.';

const declared = {
  account: {
    called: 'account',
    filters: {
      id: whose,
      accountNumber: whose,
      name: whose,
      currency: 'Only accounts in this currency, an ISO 4217 code such as USD.',
      updatedDate: changed,
    },
    sorts: { ...audit, name: 'The name, by code points.', accountNumber: 'The account number, by code points.' },
  },
  order: {
    called: 'order',
    filters: {
      id: whose,
      orderNumber: whose,
      accountId: ofAccounts,
      orderDate: whose,
      category: 'Only sales, or only returns.',
      state: 'Only orders that are Executing, only Complete, or only Canceled.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      orderDate: 'The day on which the order was placed.',
      orderNumber: 'The order number, by code points.',
    },
  },
  orderLineItem: {
    called: 'line item',
    filters: {
      id: whose,
      orderId: 'Only line items of orders whose id meets these conditions.',
      orderNumber: 'Only line items of orders whose orderNumber meets these conditions.',
      itemNumber:
        'Only line items whose itemNumber meets these conditions. Together with orderNumber, it finds one line item.',
      itemName: whose,
      itemState: whose,
      itemCategory: 'Only sold line items, or only returns.',
      itemType: 'Only goods, only fees, or only services.',
      billingRule: 'Only line items billed as a whole, or only line items billed by fulfillment.',
      productCode: whose,
      productRatePlanChargeId: whose,
      relatedSubscriptionNumber: whose,
      soldTo: 'Only line items sold to the contacts whose id meets these conditions.',
      accountId: ofAccounts,
      originalOrderLineItemId: 'Only returns of the sold line items whose id meets these conditions.',
      originalOrderId: 'Only returns of line items sold by orders whose id meets these conditions.',
      originalOrderNumber: 'Only returns of line items sold by orders whose orderNumber meets these conditions.',
      unitOfMeasure: 'Only line items whose unitOfMeasure meets these conditions.',
      inlineDiscountType: 'Only line items with this kind of discount, None included.',
      hasPendingQuantity:
        'True: fulfillments may still take a quantity of the line item. False: nothing is left to fulfill.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      itemNumber: 'The item number: shorter numbers first, so that 2 comes before 10, then by code points.',
      itemName: 'The itemName, by code points.',
    },
    orderBy: 'Sort order. Default: within an order, the order of the request; otherwise the last changed first.',
    byKey: {
      argument: 'id',
      argumentDescription: 'Id of the line item, in any spelling. An itemNumber is unique only within its order.',
      description:
        'The line item with this id; null if the caller sees none. To find one by its numbers, filter orderLineItems by orderNumber and itemNumber.',
    },
  },
  fulfillment: {
    called: 'fulfillment',
    filters: {
      id: whose,
      fulfillmentNumber: whose,
      externalId:
        'Only fulfillments whose externalId meets these conditions. A partner finds its own fulfillments by it.',
      trackingNumber: whose,
      carrier: whose,
      state: whose,
      fulfillmentType: 'Only deliveries, or only receipts of returns.',
      fulfillmentDate: whose,
      billTargetDate:
        'Only fulfillments whose billTargetDate meets these conditions. isNull finds fulfillments without one.',
      orderLineItemId: 'Only fulfillments of line items whose id meets these conditions.',
      orderId: 'Only fulfillments of orders whose id meets these conditions.',
      accountId: ofAccounts,
      billed: 'True: on a billing document, drafts included. False: waiting for a bill, or not ready to be billed.',
      updatedDate: changed,
      createdDate: 'Only fulfillments created in this time span.',
    },
    sorts: {
      ...audit,
      fulfillmentDate: 'The day of delivery or receipt.',
      billTargetDate: 'The day to bill from. Fulfillments without such a day come last in ascending order.',
      fulfillmentNumber: 'The fulfillment number, by code points.',
    },
    alsoByKey: '. To find one by its externalId, filter fulfillments.',
  },
  invoice: {
    called: 'invoice',
    filters: {
      id: whose,
      invoiceNumber: whose,
      accountId: ofAccounts,
      status: ofDocument,
      invoiceDate: whose,
      dueDate: whose,
      amount:
        'Only invoices whose total, tax included, meets these conditions. A negative invoice has a total below 0.',
      balance: 'Only invoices whose balance meets these conditions, in any status.',
      hasBalance: 'True: the balance is not 0, so the invoice is not Canceled. False: the balance is 0.',
      billRunId: ofBillRun,
      source: 'Only invoices of this origin: API or BillRun.',
      reversed: 'True: reversed in full by a credit memo. False: not reversed.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      invoiceDate: 'The day printed on the invoice.',
      dueDate: 'The day by which the invoice must be paid.',
      amount: 'The total, tax included.',
      balance: 'The amount that is still owed.',
      invoiceNumber: 'The invoice number, by code points.',
    },
  },
  creditMemo: {
    called: 'credit memo',
    filters: {
      id: whose,
      creditMemoNumber: whose,
      accountId: ofAccounts,
      status: ofDocument,
      creditMemoDate: whose,
      hasUnapplied:
        'True: the unappliedAmount is not 0, so the credit memo is not Canceled. False: the unappliedAmount is 0.',
      billRunId: ofBillRun,
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      creditMemoDate: 'The day printed on the credit memo.',
      creditMemoNumber: 'The credit memo number, by code points.',
    },
  },
  payment: {
    called: 'payment',
    filters: {
      id: whose,
      paymentNumber: whose,
      accountId: ofAccounts,
      status: 'Only payments whose money was taken, could not be taken, or was paid back.',
      disputeStatus: 'Only payments whose latest dispute stands there.',
      effectiveDate: whose,
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      effectiveDate: 'The day of the authorization.',
      paymentNumber: 'The payment number, by code points.',
    },
  },
  billRun: {
    called: 'bill run',
    filters: {
      status: 'Only bill runs with this status, such as Processing or Completed.',
      targetDate: whose,
      updatedDate: changed,
    },
    sorts: { ...audit, billRunNumber: 'The bill run number, by code points.' },
    alsoByKey: ', or if the run was removed.',
  },
} as const satisfies { readonly [N in Noun]?: Declared<(typeof nouns)[N]['list']> };

/** A noun that has a list of the root. */
export type ListedNoun = keyof typeof declared;

/** A list of the root as the graph shows it. */
interface RootList {
  plural: string;
  /** Descriptions of the filter's fields and of the sorts. */
  filters: Readonly<Record<string, string>>;
  sorts: Readonly<Record<string, string>>;
  orderBy: string;
  byKey: ByKey;
}

function listOfRoot({ called, sorts, orderBy, alsoByKey = '.', byKey, ...rest }: Declared<List>): RootList {
  const filters = Object.entries<string | typeof whose>(rest.filters).map(([field, text]) => [
    field,
    text === whose ? `Only ${called}s whose ${field} meets these conditions.` : text,
  ]);
  const number = `${called} number`;
  return {
    plural: `${called}s`,
    filters: Object.fromEntries(filters),
    sorts,
    orderBy: orderBy ?? 'Sort order. Default: the last changed first.',
    byKey: byKey ?? {
      argument: 'key',
      argumentDescription: `Id of the ${called}, in any spelling, or its ${number}.`,
      description: `The ${called} with this id or ${number}; null if the caller sees none${alsoByKey}`,
    },
  };
}

export const listedNouns = Object.keys(declared) as ListedNoun[];
export const lists = Object.fromEntries(listedNouns.map((noun) => [noun, listOfRoot(declared[noun])])) as Record<
  ListedNoun,
  RootList
>;
