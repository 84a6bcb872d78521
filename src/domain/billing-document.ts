import { type BillRunStatus, isPhase } from './bill-run';
import type { Caller, Scope } from './caller';
import type { CreditFacts } from './credit';
import { type CreditMemoStatus, unappliedCredit } from './credit-memo';
import { currencyDecimals } from './currency';
import type { Day } from './date';
import { add, compare, type Decimal, isPositive, round, subtract } from './decimal';
import { type UserError, userError } from './errors';
import type { InvoiceStatus } from './invoice';

export type DocumentAction = 'Post' | 'Unpost' | 'Cancel' | 'Reverse' | 'Apply' | 'Unapply' | 'CollectPayment';

export type DocumentStatus = InvoiceStatus | CreditMemoStatus;

/**
 * An action on a billing document. No other place decides which actions are allowed.
 *
 * `together`: the sister documents take the same action in the same act. Sister documents are the invoice and the credit
 * memos that one billing act made from one group of charges.
 * Sources: "Rules for generating invoices and credit memos" (sisters); "Overview of bill runs" (unposting); "Invoice
 * reversal". The other preconditions are usual in settlement.
 */
interface DocumentActionRow {
  document: 'Invoice' | 'CreditMemo';
  action: DocumentAction;
  from: DocumentStatus;
  to: DocumentStatus;
  scope: Scope;
  together: boolean;
  /** Whether the action needs invoice settlement. */
  settlement: boolean;
}

const row = (
  document: 'Invoice' | 'CreditMemo',
  action: DocumentAction,
  from: DocumentStatus,
  to: DocumentStatus,
  more: Partial<DocumentActionRow> = {},
): DocumentActionRow => ({ document, action, from, to, scope: 'bill', together: false, settlement: false, ...more });

export const documentActions: readonly DocumentActionRow[] = [
  row('Invoice', 'Post', 'Draft', 'Posted', { together: true }),
  row('Invoice', 'Unpost', 'Posted', 'Draft', { together: true }),
  row('Invoice', 'Cancel', 'Draft', 'Canceled', { together: true }),
  row('Invoice', 'Reverse', 'Posted', 'Posted', { settlement: true }),
  row('Invoice', 'CollectPayment', 'Posted', 'Posted', { scope: 'pay' }),
  row('CreditMemo', 'Post', 'Draft', 'Posted', { together: true }),
  row('CreditMemo', 'Unpost', 'Posted', 'Draft', { together: true }),
  row('CreditMemo', 'Cancel', 'Draft', 'Canceled', { together: true }),
  row('CreditMemo', 'Apply', 'Posted', 'Posted', { settlement: true }),
  row('CreditMemo', 'Unapply', 'Posted', 'Posted'),
];

/** The fields of an invoice, and of a credit memo, that the rules read. */
export interface InvoiceFacts {
  invoiceNumber: string;
  status: InvoiceStatus;
  amount: Decimal;
  balance: Decimal;
  reversed: boolean;
}
export interface CreditMemoFacts {
  creditMemoNumber: string;
  status: CreditMemoStatus;
  amount: Decimal;
  appliedAmount: Decimal;
  refundAmount: Decimal;
  reversedInvoiceId: string | null;
}
export type DocumentFacts = InvoiceFacts | CreditMemoFacts;

/** The facts besides the document itself. Each action needs only the facts that its rules read. */
export interface DocumentContext {
  caller: Pick<Caller, 'scopes'>;
  /** The status of the bill run that made the document; null if no run did. For Post, Unpost, Cancel and Reverse. */
  billRun?: BillRunStatus | null;
  /** For Post, Unpost and Cancel. */
  sisters?: readonly DocumentFacts[];
  /** The setting of the entity. For Reverse and Apply. */
  invoiceSettlement?: boolean;
  /** Whether the account has a payment method. For CollectPayment. */
  paymentMethod?: boolean;
  /**
   * The credit of the account on negative invoices in the currency. It is used before money is collected. For
   * CollectPayment without a payment method.
   */
  credit?: Decimal;
}

const isInvoice = (document: DocumentFacts): document is InvoiceFacts => 'invoiceNumber' in document;
const nameOf = (document: DocumentFacts): string =>
  isInvoice(document) ? `Invoice ${document.invoiceNumber}` : `Credit memo ${document.creditMemoNumber}`;

/** The actions that exist for this kind of document. */
export const actionsOf = (document: 'Invoice' | 'CreditMemo'): readonly DocumentActionRow[] =>
  documentActions.filter((each) => each.document === document);

/**
 * May the caller do this to the document? Returns every reason against it. The mutations, dryRun and `allowedActions`
 * on the graph all ask this function.
 */
export function judgeDocument(action: DocumentAction, document: DocumentFacts, context: DocumentContext): UserError[] {
  const { scope, settlement, together } = rowOf(action, document);
  const errors: UserError[] = [];
  if (!context.caller.scopes.has(scope)) {
    errors.push(userError('PERMISSION_DENIED', `The client lacks the scope "${scope}".`, ['key']));
  }
  if (settlement && !context.invoiceSettlement) {
    errors.push(userError('SETTLEMENT_REQUIRED', `${action} needs invoice settlement, which is off.`, ['key']));
  }
  const moves = together || action === 'Reverse';
  if (moves && isAtWork(context.billRun ?? null)) {
    errors.push(
      userError('DOCUMENT_IN_USE', `${nameOf(document)} is part of a bill run that is ${context.billRun}.`, ['key']),
    );
  }
  const group = together ? [document, ...(context.sisters ?? [])] : [document];
  errors.push(...group.flatMap((each) => judgeOne(action, each)));
  if (action === 'CollectPayment' && !context.paymentMethod && !isCovered(document, context.credit ?? '0')) {
    errors.push(userError('PAYMENT_METHOD_MISSING', 'The account has no payment method.', ['key']));
  }
  return errors;
}

const rowOf = (action: DocumentAction, document: DocumentFacts): DocumentActionRow =>
  actionsOf(isInvoice(document) ? 'Invoice' : 'CreditMemo').find((each) => each.action === action)!;

/** An invoice that credit covers in full needs no payment method. */
const isCovered = (document: DocumentFacts, credit: Decimal): boolean =>
  isInvoice(document) && isPositive(document.balance) && compare(credit, document.balance) >= 0;

/** While a run bills, posts, cancels or removes, nobody else moves its documents. Our choice. */
const isAtWork = (status: BillRunStatus | null): boolean => status !== null && isPhase(status);

/** The reasons against an action that lie in the document alone. */
function judgeOne(action: DocumentAction, document: DocumentFacts): UserError[] {
  const { from } = rowOf(action, document);
  const name = nameOf(document);
  if (document.status !== from) {
    return [userError('DOCUMENT_STATUS', `${name} is ${document.status}, but must be ${from} for ${action}.`, ['key'])];
  }
  const exceeded = (message: string) => [userError('BALANCE_EXCEEDED', `${name} ${message}.`, ['key'])];
  const inUse = (usage: string) => [userError('DOCUMENT_IN_USE', `${name} ${usage}.`, ['key'])];
  if (action === 'Unpost' || action === 'Reverse') {
    const usage = usageOf(document);
    if (usage) return inUse(usage);
  }
  if (isInvoice(document)) {
    if (action === 'Reverse' && compare(document.amount, '0') < 0)
      return exceeded('has an amount below 0 and cannot be reversed');
    if (action === 'CollectPayment' && !isPositive(document.balance)) return exceeded('has nothing left to pay');
    return [];
  }
  if (action === 'Apply' && !isPositive(unappliedCredit(document))) return exceeded('has nothing left to apply');
  if (action === 'Unapply' && !isPositive(document.appliedAmount)) return exceeded('is not applied');
  if (action === 'Unapply' && document.reversedInvoiceId) return inUse(usageOf(document)!);
  return [];
}

/**
 * The use of a document that would be lost with the document. Payments, credits and offsets change its balance.
 * Sources: "Overview of bill runs"; "Invoice reversal" ("payments and credit memos are applied").
 */
function usageOf(document: DocumentFacts): string | undefined {
  if (isInvoice(document)) {
    if (document.reversed) return 'has been reversed';
    return compare(document.balance, document.amount) === 0 ? undefined : 'has payments, credits or offsets';
  }
  // Without this credit memo the reversed invoice would be owed again, and would still be reversed.
  if (document.reversedInvoiceId) return 'reverses an invoice';
  if (isPositive(document.appliedAmount)) return 'is applied';
  return isPositive(document.refundAmount) ? 'has been refunded' : undefined;
}

/**
 * The document after Post, Unpost or Cancel. A document has a posted date only while it is Posted. A canceled invoice
 * owes nothing (N11). Our choice: Zuora does not document the balance.
 */
export const enterDocument = <D extends { status: DocumentStatus; postedDate: Day | null }>(
  document: D,
  action: 'Post' | 'Unpost' | 'Cancel',
  today: Day,
): D => ({
  ...document,
  status: targetStatus[action],
  postedDate: action === 'Post' ? today : null,
  ...(action === 'Cancel' && 'balance' in document && { balance: '0' }),
});

const targetStatus = { Post: 'Posted', Unpost: 'Draft', Cancel: 'Canceled' } as const;

/** The default reason of a reversal. Our choice: the published default depends on the tenant. */
export const reversalReasonCode = 'Reversal';

/** The day of a reversal. The default is today, or the invoice date if that is in the future. */
export const reversalDate = (given: Day | null | undefined, invoice: { invoiceDate: Day }, today: Day): Day =>
  given ?? (today < invoice.invoiceDate ? invoice.invoiceDate : today);

/** A reversal is not dated before its invoice. Source: "Reverse an invoice", memoDate. */
export const judgeReversalDate = (date: Day, invoice: { invoiceDate: Day }): UserError[] =>
  date < invoice.invoiceDate
    ? [
        userError('INVALID_VALUE', `documentDate must not be before the invoice date ${invoice.invoiceDate}.`, [
          'documentDate',
        ]),
      ]
    : [];

/**
 * A reversal without rebill is refused if the credits of its sales would then exceed their bills: returns that were
 * credited would be credited twice. `facts` are the facts of these sales after the reversal. Our choice: Zuora's
 * documents are silent.
 */
export const judgeReversalForGood = (facts: Iterable<CreditFacts>): UserError[] =>
  [...facts].some(
    (sale) => compare(sale.creditedNet, sale.billedNet) > 0 || compare(sale.creditedTax, sale.billedTax) > 0,
  )
    ? [
        userError(
          'DOCUMENT_IN_USE',
          'Returns of the billed line items have been credited. The invoice can be reversed only with rebill.',
          ['rebill'],
        ),
      ]
    : [];

interface Settled {
  accountId: string;
  currency: string;
}

/**
 * May this amount of a credit memo be applied to the invoice? Both must be Posted, of one account and in one currency,
 * and the amount must be within both balances. A null amount applies as much as possible. An invoice with a balance of
 * 0 or less takes no credit.
 * No source for the preconditions: they are usual in settlement.
 */
export function judgeApplication(
  memo: CreditMemoFacts & Settled,
  invoice: InvoiceFacts & Settled,
  amount: Decimal | null,
  context: DocumentContext,
): UserError[] {
  const errors = [...judgeDocument('Apply', memo, context), ...judgeTarget(memo, invoice)];
  if (errors.length || amount === null) return errors;
  const most = applicableAmount(memo, invoice);
  return judgeAmount(amount, most, memo.currency, `at most ${most} can be applied`);
}

function judgeTarget(memo: Settled, invoice: InvoiceFacts & Settled): UserError[] {
  const path = ['invoiceKey'];
  const name = nameOf(invoice);
  if (invoice.status !== 'Posted') {
    return [userError('DOCUMENT_STATUS', `${name} is ${invoice.status}, but must be Posted for Apply.`, path)];
  }
  const errors: UserError[] = [];
  if (invoice.accountId !== memo.accountId) {
    errors.push(userError('INVALID_VALUE', `${name} belongs to another account than the credit memo.`, path));
  }
  if (invoice.currency !== memo.currency) {
    const message = `${name} is in ${invoice.currency}, the credit memo in ${memo.currency}.`;
    errors.push(userError('CURRENCY_MISMATCH', message, path));
  }
  if (!isPositive(invoice.balance))
    errors.push(userError('BALANCE_EXCEEDED', `${name} has nothing left to pay.`, path));
  return errors;
}

/** The most that can be applied of the memo to the invoice: the smaller of both balances. */
export function applicableAmount(
  memo: Pick<CreditMemoFacts, 'status' | 'amount' | 'appliedAmount' | 'refundAmount'>,
  invoice: { balance: Decimal },
): Decimal {
  const left = unappliedCredit(memo);
  return compare(left, invoice.balance) <= 0 ? left : invoice.balance;
}

/**
 * May this amount of a credit memo be unapplied from an invoice? `applied` is the amount applied to the invoice. A null
 * amount unapplies all of it.
 */
export function judgeUnapplication(
  memo: CreditMemoFacts & Settled,
  applied: Decimal,
  amount: Decimal | null,
  context: DocumentContext,
): UserError[] {
  const errors = judgeDocument('Unapply', memo, context);
  if (errors.length) return errors;
  if (!isPositive(applied)) {
    return [userError('BALANCE_EXCEEDED', 'The credit memo is not applied to this invoice.', ['invoiceKey'])];
  }
  return amount === null ? [] : judgeAmount(amount, applied, memo.currency, `at most ${applied} can be unapplied`);
}

/** Checks an amount of money to move: above 0, in whole units of the currency, and at most `most`. */
function judgeAmount(amount: Decimal, most: Decimal, currency: string, there: string): UserError[] {
  const decimals = currencyDecimals(currency);
  if (!isPositive(amount)) return [userError('INVALID_VALUE', `amount is ${amount}, but must be above 0.`, ['amount'])];
  if (compare(round(amount, decimals, 'DOWN'), amount) !== 0) {
    return [userError('INVALID_VALUE', `amount must have at most ${decimals} decimals in ${currency}.`, ['amount'])];
  }
  return compare(amount, most) > 0 ? [userError('BALANCE_EXCEEDED', `amount is ${amount}; ${there}.`, ['amount'])] : [];
}

/** Memo and invoice after `amount` more of the memo is applied to the invoice. A negative amount unapplies. */
export const withApplied = <M extends { appliedAmount: Decimal }, I extends { balance: Decimal }>(
  memo: M,
  invoice: I,
  amount: Decimal,
): [M, I] => [
  { ...memo, appliedAmount: add(memo.appliedAmount, amount) },
  { ...invoice, balance: subtract(invoice.balance, amount) },
];
