import { isRunPosted } from '../../../store/bill-run';
import { isPosted } from '../../../store/billing-claim';
import { runStatus, type SisterMemo, sisterFacts } from '../../../store/billing-document';
import { BillingSettingsRow } from '../../../store/billing-settings';
import { creditByCurrency } from '../../../store/invoice';
import { expression, type Json, object, written } from '../../../store/query/json';
import { tableOf } from '../../../store/query/table';
import * as tree from '../../../store/query/tree';
import { paymentMethodFacts } from '../../billing-document-action';
import { forms } from '../../model/columns';
import { listOf, type Noun, type RowOf } from '../../model/nouns';
import { columnsOf } from '../columns';
import type { Loaders } from '../loaders';

/*
 * What the rules behind a field read besides the row of the field. The statement of a query reads it along, and it is made
 * known to the loaders that the field's resolver asks.
 */

/** Makes a row of a noun in the statement. */
type RowAt = (noun: Noun) => tree.Row;
/** The row of the field, as the statement gave it. */
type Given = { id: string } & Record<string, string | null>;

export interface Fact {
  name: string;
  json(row: tree.Row, rowAt: RowAt): Json;
  know(loaders: Loaders, value: unknown, row: Given): void;
}

/** Columns of a row, as the loaders show them. */
export const columnsAs = (noun: Noun, row: tree.Row, columns: readonly string[]): Json =>
  object(columns.map((column) => [column, tree.column(row, column, forms[noun][column] as 'text')]));

/** Another row that a column refers to. */
function other<N extends Noun>(noun: N, from: string, columns: readonly string[]): Fact {
  return {
    name: from,
    json: (row, rowAt) => {
      const target = rowAt(noun);
      return tree.one(row, from, target, columnsAs(noun, target, columns));
    },
    know: (loaders, value) => {
      if (value) loaders.knowRow(noun, columns, value as RowOf<N> & { id: string });
    },
  };
}

/** Whether the bill of a fulfillment or line item stands on a Posted document. */
const posted: Fact = {
  name: 'posted',
  json: (row) => written.boolean(isPosted(row.column('id'))),
  know: (loaders, value, { id }) => loaders.knowPosted(id, value as boolean),
};

/** The credit memos that were made together with the invoice whose id is in a column. */
const sisters = (from: 'id' | 'sisterInvoiceId'): Fact => ({
  name: 'sisters',
  json: (row, rowAt) => {
    const memo = rowAt('creditMemo');
    // As the store has them, which is how the rules take them.
    const forms = {
      id: 'id',
      sisterInvoiceId: 'id',
      creditMemoNumber: 'text',
      status: 'enum',
      reversedInvoiceId: 'id',
    };
    const fields = sisterFacts.map((fact): [string, Json] => [
      fact,
      tree.column(memo, fact, (forms[fact as keyof typeof forms] ?? 'decimal') as 'text'),
    ]);
    return tree.list(row.column(from), memo, listOf('creditMemo'), 'sisterInvoiceId', object(fields));
  },
  know: (loaders, value, row) => {
    if (row[from]) loaders.knowSisters(row[from], value as SisterMemo[]);
  },
});

const settlement: Fact = {
  name: 'settlement',
  json: () => {
    const settings = new tree.Row(tableOf(BillingSettingsRow), 'settings');
    return tree.settings(settings, tree.column(settings, 'invoiceSettlement', 'boolean'));
  },
  know: (loaders, value) => loaders.knowInvoiceSettlement(value as boolean),
};

/** The status of the bill run of a document. */
const run: Fact = {
  name: 'run',
  json: (row) => expression(runStatus(row.column('billRunId'))),
  know: (loaders, value, { billRunId }) => {
    if (billRunId) loaders.knowRunStatus(billRunId, value as never);
  },
};

/** The credit of an account without a payment method. */
const credit: Fact = {
  name: 'credit',
  json: (row) => expression(creditByCurrency(row.column('accountId'))),
  know: (loaders, value, { accountId }) => {
    if (value) loaders.knowCredit(accountId!, new Map(Object.entries(value)));
  },
};

const runPosted: Fact = {
  name: 'posted',
  json: (row) => written.boolean(isRunPosted(row.column('id'))),
  know: (loaders, value, { id }) => loaders.knowRunPosted(id, value as boolean),
};

/** By the name of the field. */
export const facts: Readonly<Record<string, readonly Fact[]>> = {
  'Fulfillment.allowedTransitions': [
    other('orderLineItem', 'orderLineItemId', columnsOf('orderLineItem', ['quantityFulfilled'])),
    posted,
  ],
  'OrderLineItem.allowedTransitions': [
    other('orderLineItem', 'originalOrderLineItemId', columnsOf('orderLineItem', ['quantityAvailableForReturn'])),
    posted,
  ],
  'Invoice.allowedActions': [
    other('account', 'accountId', paymentMethodFacts),
    ...[sisters('id'), settlement, run, credit],
  ],
  'CreditMemo.allowedActions': [
    other('invoice', 'sisterInvoiceId', columnsOf('invoice', ['allowedActions'])),
    ...[sisters('sisterInvoiceId'), settlement, run],
  ],
  'BillRun.allowedActions': [runPosted],
};
