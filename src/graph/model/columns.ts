import { BillingSettingsRow } from '../../store/billing-settings';
import { type Table, tableOf } from '../../store/query/table';
import { allNouns, listOf, type Noun, type RowOf } from './nouns';

/**
 * How the value of a column is shown. `id` is the id of an object, `client` the id of an OAuth client, `number` a
 * business number, and `money` an amount with the decimals of its row's currency.
 */
export type Form =
  | 'id'
  | 'client'
  | 'number'
  | 'text'
  | 'money'
  | 'decimal'
  | 'day'
  | 'instant'
  | 'integer'
  | 'boolean'
  | 'enum'
  | 'json'
  | 'list';

/** The form of a column by its SQL type. */
const formOfType: Readonly<Record<string, Form>> = {
  uuid: 'id',
  text: 'text',
  numeric: 'decimal',
  date: 'day',
  'timestamp with time zone': 'instant',
  integer: 'integer',
  bigint: 'integer',
  boolean: 'boolean',
  jsonb: 'json',
};

/** The form of a column by its name, if the SQL type does not tell. Many rows have these columns. */
const formOfName: Readonly<Record<string, Form>> = {
  createdById: 'client',
  updatedById: 'client',
  actor: 'client',
  accountNumber: 'number',
  orderNumber: 'number',
  fulfillmentNumber: 'number',
  invoiceNumber: 'number',
  creditMemoNumber: 'number',
  paymentNumber: 'number',
  billRunNumber: 'number',
};

/** The columns of a noun that hold money, in the currency of the row. */
const money: { readonly [N in Noun]?: readonly (keyof RowOf<N>)[] } = {
  orderLineItem: ['listPricePerUnit', 'amountPerUnit'],
  fulfillment: ['amount'],
  invoice: ['amount', 'amountWithoutTax', 'taxAmount', 'balance'],
  invoiceItem: ['unitPrice', 'chargeAmount', 'taxAmount'],
  invoiceOffset: ['amount'],
  creditMemo: ['amount', 'amountWithoutTax', 'taxAmount', 'appliedAmount', 'refundAmount'],
  creditMemoItem: ['unitPrice', 'amountWithoutTax', 'taxAmount'],
  creditMemoApplication: ['amount'],
  payment: ['amount', 'appliedAmount', 'refundAmount', 'disputeAmount'],
  paymentApplication: ['amount'],
};

function formsOf({ columns }: Table, amounts: readonly string[] = []): Readonly<Record<string, Form>> {
  const forms = Object.entries(columns).map(([name, { type }]): [string, Form] => {
    if (amounts.includes(name)) return [name, 'money'];
    return [name, formOfName[name] ?? (type.endsWith('[]') ? 'list' : (formOfType[type] ?? 'enum'))];
  });
  return Object.fromEntries(forms);
}

/** The columns of every noun, each with its form. */
export const forms = Object.fromEntries(
  allNouns.map((noun) => [noun, formsOf(listOf(noun).table, money[noun])]),
) as Record<Noun, Readonly<Record<string, Form>>>;

/** The columns of the settings, which are no noun. */
export const settingsForms = formsOf(tableOf(BillingSettingsRow));
