import type { List } from '../../store/query/list';
import type { Noun, nouns } from './nouns';

/*
 * The lists of the root, and what clients read about them. A list of the store says what can be filtered and sorted by, and of which
 * kind each filter is; here each of these fields has its description. One that is missing here or there does not compile. The filter,
 * the order, the page arguments, the list of the root and the field that finds one object by its key are made from these.
 */

/** "Only those whose <field> meets these conditions." */
const whose = Symbol('whose');

/** How one object is found by its key. */
interface ByKey {
  argument: 'key' | 'id';
  argumentDescription: string;
  description: string;
}

type FieldsOf<T> = keyof NonNullable<T>;

interface Declared<L extends List> {
  /** What one of them is called in sentences; several have an s. */
  called: string;
  filters: { readonly [F in FieldsOf<L['filter']>]-?: string | typeof whose };
  sorts: { readonly [S in NonNullable<L['sort']>]: string };
  /** What a client reads about the order, where it is not the usual one that absence stands for. */
  orderBy?: string;
  /** How one of them is found, where that is not by its id or number. */
  byKey?: ByKey;
  /** What else to know of finding one. */
  alsoByKey?: string;
}

const audit = { updatedDate: 'The instant of the last change.', createdDate: 'The instant of its creation.' };
const changed = 'Only those last changed in this span of time: what is new since the last look.';
const ofAccounts = 'Only those of accounts whose id meets these conditions.';
const ofDocument = 'Only drafts, only what is posted, or only what was canceled.';
const ofBillRun = 'Only those that a bill run made whose id meets these conditions.';

const declared = {
  account: {
    called: 'account',
    filters: {
      id: whose,
      accountNumber: whose,
      name: whose,
      currency: 'Only those in this currency, an ISO 4217 code such as USD.',
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
      state: 'Only orders that are under way, done or given up.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      orderDate: 'The day on which it was placed.',
      orderNumber: 'The order number, by code points.',
    },
  },
  orderLineItem: {
    called: 'line item',
    filters: {
      id: whose,
      orderId: 'Only those of orders whose id meets these conditions.',
      orderNumber: 'Only those of orders whose orderNumber meets these conditions.',
      itemNumber: 'Only those whose itemNumber meets these conditions; together with orderNumber it names one.',
      itemName: whose,
      itemState: whose,
      itemCategory: 'Only what is sold, or only what is taken back.',
      itemType: 'Only goods, only fees, or only services.',
      billingRule: 'Only those billed as a whole, or only those billed fulfillment by fulfillment.',
      productCode: whose,
      accountId: ofAccounts,
      originalOrderLineItemId: 'Only returns of the sold line items whose id meets these conditions.',
      originalOrderId: 'By the order that sold what a return takes back.',
      originalOrderNumber: 'By the number of the order that sold what a return takes back.',
      unitOfMeasure: 'By the unit that its quantity counts.',
      inlineDiscountType: 'By the kind of its discount, None included.',
      hasPendingQuantity:
        'True: fulfillments may still take something of them. False: nothing is left to be fulfilled.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      itemNumber: 'The item number: shorter ones first, so that 2 comes before 10, then by code points.',
      itemName: 'The name of what is sold, by code points.',
    },
    orderBy:
      'What they are sorted by. Where absent, those of an order come as they were ordered, and else the last changed comes first.',
    byKey: {
      argument: 'id',
      argumentDescription: 'Its id, in any spelling; its number tells it apart only within its order.',
      description:
        'The line item that an id names; null where the caller sees none. By its numbers it is found with orderLineItems: orderNumber and itemNumber.',
    },
  },
  fulfillment: {
    called: 'fulfillment',
    filters: {
      id: whose,
      fulfillmentNumber: whose,
      externalId: 'Only those whose externalId meets these conditions: how a partner finds its own.',
      trackingNumber: whose,
      carrier: whose,
      state: whose,
      fulfillmentType: 'Only deliveries, or only what was received back.',
      fulfillmentDate: whose,
      billTargetDate: 'Only those whose billTargetDate meets these conditions; isNull finds those without one.',
      orderLineItemId: 'Only those of line items whose id meets these conditions.',
      orderId: 'Only those of orders whose id meets these conditions.',
      accountId: ofAccounts,
      billed: 'True: stands on a document, be it a draft. False: waits for its bill, or is not to have one yet.',
      updatedDate: changed,
      createdDate: 'Only those made in this span of time.',
    },
    sorts: {
      ...audit,
      fulfillmentDate: 'The day of delivery or receipt.',
      billTargetDate: 'The day to bill from; those without one come last in ascending order.',
      fulfillmentNumber: 'The fulfillment number, by code points.',
    },
    alsoByKey: '. By externalId it is found with fulfillments.',
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
      amount: 'Only those whose total, tax included, meets these conditions; it is below 0 on a negative invoice.',
      balance: 'Only those of which what is still owed meets these conditions, whatever the status.',
      hasBalance: 'True: their balance is other than 0, so they are not Canceled. False: it is 0.',
      billRunId: ofBillRun,
      source: 'Only those that came from here: API or BillRun.',
      reversed: 'True: taken back whole by a credit memo. False: not.',
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      invoiceDate: 'The day printed on it.',
      dueDate: 'The day until which it is to be paid.',
      amount: 'The total, tax included.',
      balance: 'What is still owed of it.',
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
      hasUnapplied: 'True: their unappliedAmount is other than 0, so they are not Canceled. False: it is 0.',
      billRunId: ofBillRun,
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      creditMemoDate: 'The day printed on it.',
      creditMemoNumber: 'The credit memo number, by code points.',
    },
  },
  payment: {
    called: 'payment',
    filters: {
      id: whose,
      paymentNumber: whose,
      accountId: ofAccounts,
      status: 'Only those whose money was taken, could not be, or was paid back.',
      effectiveDate: whose,
      updatedDate: changed,
    },
    sorts: {
      ...audit,
      effectiveDate: 'The day on which it was authorized.',
      paymentNumber: 'The payment number, by code points.',
    },
  },
  billRun: {
    called: 'bill run',
    filters: {
      status: 'Only runs that have come so far and no further.',
      targetDate: whose,
      updatedDate: changed,
    },
    sorts: { ...audit, billRunNumber: 'The bill run number, by code points.' },
    alsoByKey: ', or it has been removed.',
  },
} as const satisfies { readonly [N in Noun]?: Declared<(typeof nouns)[N]['list']> };

/** A noun that has a list of the root. */
export type ListedNoun = keyof typeof declared;

/** A list of the root as the graph shows it. */
export interface RootList {
  plural: string;
  /** The descriptions of the fields of its filter and of its sorts. */
  filters: Readonly<Record<string, string>>;
  sorts: Readonly<Record<string, string>>;
  orderBy: string;
  byKey: ByKey;
}

function listOfRoot({ called, sorts, orderBy, alsoByKey = '.', byKey, ...rest }: Declared<List>): RootList {
  const filters = Object.entries<string | typeof whose>(rest.filters).map(([field, text]) => [
    field,
    text === whose ? `Only those whose ${field} meets these conditions.` : text,
  ]);
  const number = `${called} number`;
  return {
    plural: `${called}s`,
    filters: Object.fromEntries(filters),
    sorts,
    orderBy: orderBy ?? 'What they are sorted by; the last changed comes first where absent.',
    byKey: byKey ?? {
      argument: 'key',
      argumentDescription: `Its id, in any spelling, or its ${number}.`,
      description: `The ${called} that an id or ${number} names; null where the caller sees none${alsoByKey}`,
    },
  };
}

export const listedNouns = Object.keys(declared) as ListedNoun[];
export const lists = Object.fromEntries(listedNouns.map((noun) => [noun, listOfRoot(declared[noun])])) as Record<
  ListedNoun,
  RootList
>;
