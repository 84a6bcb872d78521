/**
 * Every error code in one place.
 *
 * `userErrorCodes`: refusals by the rules. A mutation returns them as `userErrors`. REST returns them as `reasons`
 * whose code ends in `category` (the two digits published for Zuora's REST API).
 *
 * `requestErrorCodes`: refusals before the rules run. They become `extensions.code` of a GraphQL error. In a REST reply
 * they become the HTTP status and the category of the one reason.
 *
 * `graphqlErrorCodes` come from GraphQL itself.
 */
interface UserErrorMeaning {
  meaning: string;
  category: number;
  retryable?: true;
}

export const userErrorCodes = {
  INVALID_VALUE: { category: 20, meaning: 'A value has the wrong form or is not allowed.' },
  REQUIRED: { category: 22, meaning: 'A required value is missing.' },
  NOT_FOUND: { category: 40, meaning: 'No object that the client may see has this id or number.' },
  DUPLICATE: { category: 30, meaning: 'The number or id is taken already.' },
  TYPE_MISMATCH: {
    category: 20,
    meaning:
      'The fulfillmentType does not fit the line item. A Sales line item takes Delivery, a Return line item takes Return.',
  },
  STATE_NOT_CREATABLE: { category: 30, meaning: 'A fulfillment or line item cannot be created in this state.' },
  TRANSITION_NOT_ALLOWED: { category: 30, meaning: 'The object cannot go from its present state to this state.' },
  FIELD_LOCKED: { category: 30, meaning: 'The field cannot be changed, or not in the present state of the object.' },
  NOT_DELETABLE: { category: 30, meaning: 'Only a fulfillment that is Executing can be deleted.' },
  ORDER_LINE_ITEM_NOT_BOOKED: {
    category: 30,
    meaning: 'A fulfillment can be created or changed only while its line item is Booked.',
  },
  BILLING_RULE_MISMATCH: {
    category: 30,
    meaning: 'Only a line item with the billing rule TriggerAsFulfillmentOccurs takes fulfillments.',
  },
  QUANTITY_EXCEEDED: {
    category: 30,
    meaning:
      'The quantity is more than is pending or can be returned, or a fulfillment has more items than its quantity.',
  },
  RETURN_NOT_ALLOWED: { category: 30, meaning: 'The line item cannot be returned, or not by this order.' },
  LIMIT_EXCEEDED: {
    category: 30,
    meaning:
      'A request or an object holds more than is allowed. Or an amount has more than 13 digits before the decimal point, or is more than the payment provider takes.',
  },
  ITEMS_NOT_ALLOWED: {
    category: 30,
    meaning:
      'A fulfillment that is Executing or Canceled takes no items. The items of a Canceled fulfillment cannot be changed or deleted.',
  },
  BILL_TARGET_DATE_REQUIRED: {
    category: 22,
    meaning: 'A fulfillment or line item needs a billTargetDate before it is sent to billing.',
  },
  NOT_BILLED_YET: {
    category: 30,
    meaning: 'A fulfillment or line item can be completed only after its invoice or credit memo is posted.',
  },
  ALREADY_BILLED: { category: 30, meaning: 'The fulfillment or line item is on an invoice or credit memo already.' },
  DOCUMENT_STATUS: {
    category: 30,
    meaning: 'The status of the billing document, payment or bill run does not allow this.',
  },
  DOCUMENT_IN_USE: {
    category: 30,
    meaning:
      'The billing document is in use by a payment, credit, offset, refund, reversal, credited return or active bill run. A bill run cannot be deleted if any of its documents was ever paid, credited or offset.',
  },
  SETTLEMENT_REQUIRED: {
    category: 30,
    meaning: 'Invoice settlement is off, or it cannot be turned off because credit memos exist.',
  },
  CURRENCY_MISMATCH: { category: 30, meaning: 'The credit memo is in another currency than the invoice.' },
  BALANCE_EXCEEDED: {
    category: 30,
    meaning: 'The amount is more than is left to pay, apply, unapply or refund, or nothing is left.',
  },
  PAYMENT_METHOD_MISSING: { category: 30, meaning: 'The account has no payment method to collect a payment with.' },
  PAYMENT_DECLINED: { category: 30, meaning: 'The payment gateway declined the payment. Nothing was charged.' },
  PAYMENT_FAILED: {
    category: 99,
    retryable: true,
    meaning: 'The payment gateway failed or did not answer in time. Nothing was charged.',
  },
  PAYMENT_PENDING: {
    category: 61,
    retryable: true,
    meaning: 'The payment is still Processing, which takes moments. Try again.',
  },
  VERSION_CONFLICT: { category: 30, meaning: 'The object has changed since the version that the request expects.' },
  PERMISSION_DENIED: {
    category: 10,
    meaning:
      'The client lacks the scope for this part of the operation, or does not see every org that the change affects.',
  },
  UNEXPECTED: {
    category: 60,
    meaning: 'The bill run skipped this account after an unexpected failure. The log has the details.',
  },
  LOCKED_RETRY: {
    category: 50,
    retryable: true,
    meaning: 'Other requests hold locks on the same objects. Nothing was changed. Try again.',
  },
} as const satisfies Record<string, UserErrorMeaning>;

export type UserErrorCode = keyof typeof userErrorCodes;

type UserErrorDetails =
  | { kind: 'FulfillmentTransitionNotAllowed'; from: string | null; to: string; allowed: readonly string[] }
  | { kind: 'OrderLineItemTransitionNotAllowed'; from: string | null; to: string; allowed: readonly string[] }
  | { kind: 'QuantityExceeded'; requested: string; available: string }
  | { kind: 'VersionConflict'; currentVersion: number; current: { id: string } };

/** A refusal by the rules. `path` leads into the arguments of the operation, outermost first. */
export interface UserError {
  code: UserErrorCode;
  message: string;
  path: string[];
  details?: UserErrorDetails;
}

export const isRetryable = (code: UserErrorCode): boolean => 'retryable' in userErrorCodes[code];

export const userError = (
  code: UserErrorCode,
  message: string,
  path: (string | number)[] = [],
  details?: UserErrorDetails,
): UserError => ({ code, message, path: path.map(String), ...(details && { details }) });

/** The same errors with their paths below `prefix`. */
export const below = (prefix: (string | number)[], errors: readonly UserError[]): UserError[] =>
  errors.map((error) => ({ ...error, path: [...prefix.map(String), ...error.path] }));

/** Thrown to roll a unit of work back. The reply shows its errors to the client. */
export class Refusal extends Error {
  constructor(readonly errors: UserError[]) {
    super(errors.map((error) => `${error.code} ${error.path.join('.')}: ${error.message}`).join('; '));
  }
}

interface RequestErrorMeaning {
  status: number;
  category: number;
  meaning: string;
  retryable?: true;
}

export const requestErrorCodes = {
  UNAUTHENTICATED: {
    status: 401,
    category: 11,
    meaning: 'A valid bearer token is required. Get one from POST /oauth/token and try again.',
  },
  FORBIDDEN: { status: 403, category: 10, meaning: 'The token does not cover this operation, entity or org.' },
  BAD_REQUEST: {
    status: 400,
    category: 90,
    meaning: 'The request is malformed: its headers, its JSON or the use of its arguments.',
  },
  BAD_PARAMETER: {
    status: 400,
    category: 27,
    meaning: 'A parameter in the address of a REST operation is unknown, or has a value that it does not take.',
  },
  NO_SUCH_PATH: { status: 404, category: 40, meaning: 'There is nothing at this path.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    category: 45,
    meaning:
      'The path does not support this method, and the header Allow lists the methods that it supports. A mutation must be sent by POST.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    category: 20,
    meaning: 'The header Accept allows none of the media types that the reply can have.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    category: 61,
    retryable: true,
    meaning: 'The request did not arrive in time. Nothing was done.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    category: 20,
    meaning: 'A body may have at most 2 MB after decompression, unless BODY_LIMIT sets another limit.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    category: 20,
    meaning: 'The body must be application/json, uncompressed or compressed by gzip.',
  },
  HEADERS_TOO_LARGE: { status: 431, category: 20, meaning: 'All headers together may have at most 16 KB.' },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    category: 50,
    retryable: true,
    meaning: 'The first request with this Idempotency-Key is still running.',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    category: 30,
    meaning: 'This Idempotency-Key was used for another request.',
  },
  ONE_MUTATION_PER_KEY: {
    status: 400,
    category: 90,
    meaning: 'A request with an Idempotency-Key or with dryRun must hold exactly one mutation field.',
  },
  QUERY_TOO_COMPLEX: {
    status: 400,
    category: 20,
    meaning:
      'The operation exceeds a limit of this server. `extensions` name the limit, the allowed value and the requested value.',
  },
  RATE_LIMITED: {
    status: 429,
    category: 70,
    retryable: true,
    meaning:
      'The client sends too much in a minute or at a time, or does not read its replies. The header Retry-After says when to try again.',
  },
  PAGE_SIZE: { status: 400, category: 20, meaning: 'first or last is not 0 to 100, or both are given.' },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 404,
    category: 40,
    meaning: 'The client has no registered document with this id, and the request does not contain the document.',
  },
  PERSISTED_QUERY_REQUIRED: {
    status: 403,
    category: 10,
    meaning: 'The client may run only registered documents, and this document is not registered.',
  },
  BAD_CURSOR: {
    status: 400,
    category: 20,
    meaning: 'The cursor does not belong to this list with this filter and order.',
  },
  UNAVAILABLE: {
    status: 503,
    category: 61,
    retryable: true,
    meaning: 'The database, or the issuer of outside tokens, cannot be reached. Try again later.',
  },
  TIMEOUT: {
    status: 503,
    category: 61,
    retryable: true,
    meaning:
      'The request took too long, or waited too long for locks of other requests, and was ended. Nothing was changed.',
  },
  OUTCOME_UNKNOWN: {
    // Not 503: that status invites a retry.
    status: 500,
    category: 60,
    meaning:
      'The database was lost, or the time was up, during the commit of a change or before its reply. Check whether the change took place before you send the request again. With an Idempotency-Key, simply send the same request again.',
  },
  INTERNAL: {
    status: 500,
    category: 60,
    retryable: true,
    meaning: 'An unexpected failure. The log has the details under the request id.',
  },
} as const satisfies Record<string, RequestErrorMeaning>;

/** Refusals by GraphQL before a resolver runs. REST has none of these. */
export const graphqlErrorCodes = {
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'The document is not GraphQL, or is too long.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, meaning: 'The document does not fit the schema.' },
  BAD_USER_INPUT: {
    status: 400,
    meaning: 'A variable or argument does not fit its type, or does not go with a selected field.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    meaning: 'operationName names no operation of the document, or is missing although the document has several.',
  },
} as const satisfies Record<string, Omit<RequestErrorMeaning, 'category'>>;

export type RequestErrorCode = keyof typeof requestErrorCodes;

/** A refusal before the rules run, or apart from them. */
export class RequestError extends Error {
  constructor(
    readonly code: RequestErrorCode,
    message: string = requestErrorCodes[code].meaning,
    /** The underlying failure, for the log. */
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
