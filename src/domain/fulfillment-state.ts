/* The words of the state machine in fulfillment.ts, which the rules of line items use as well. */

export type FulfillmentState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';

export type FulfillmentType = 'Delivery' | 'Return';

export type FulfillmentAction = 'Book' | 'SendToBilling' | 'Complete' | 'Cancel';
