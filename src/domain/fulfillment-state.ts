/* The words of the state machine in fulfillment.ts. The rules of line items use them as well. */

export type FulfillmentState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';

export type FulfillmentType = 'Delivery' | 'Return';

export type FulfillmentAction = 'Book' | 'SendToBilling' | 'Complete' | 'Cancel';
