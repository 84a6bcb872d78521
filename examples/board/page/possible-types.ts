/** The objects behind each interface that the documents have fragments on. Kept equal to the schema by a test. */
export const possibleTypes = {
  UserError: [
    'BusinessError',
    'FulfillmentTransitionNotAllowed',
    'OrderLineItemTransitionNotAllowed',
    'QuantityExceeded',
    'VersionConflict',
  ],
};
