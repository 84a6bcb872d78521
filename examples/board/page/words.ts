import type { FulfillmentAction, FulfillmentState } from './generated/graphql';

/** The columns of the board, in the order of a fulfillment's life. */
export const states: FulfillmentState[] = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'];

/** A word of the graph as people write it: SentToBilling is "Sent to billing". */
export const inWords = (word: string): string =>
  word.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The value of a field, as people read it. Only states are words of the graph. */
export const shown = (field: string, value: string | null): string =>
  value === null ? 'none' : field === 'state' ? inWords(value) : value;

/** What the button of a move says. */
export const moveLabels: Record<FulfillmentAction, string> = {
  Book: 'Book',
  Cancel: 'Cancel',
  Complete: 'Complete',
  SendToBilling: 'Send to billing',
};

/** An amount in the form of the reader's language. The text goes to Intl as it is, since a number would lose digits. */
export const money = (amount: string, currency: string): string =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount as Intl.StringNumericLiteral);

/** A quantity with its unit. */
export const quantity = (value: string, unit: string | null | undefined): string =>
  `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 9 }).format(value as Intl.StringNumericLiteral)} ${unit ?? ''}`.trim();

/** An instant in the time zone of the reader. */
export const instant = (at: string): string =>
  new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Today in UTC, as the graph writes days. */
export const today = (): string => new Date().toISOString().slice(0, 10);
