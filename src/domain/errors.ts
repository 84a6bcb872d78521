/**
 * Every error code in one place. `userErrorCodes` are what the rules refuse; a mutation returns them as `userErrors`
 * and REST as `reasons` whose code ends in `category` (the two digits published for Zuora's REST API).
 * `requestErrorCodes` are what never reaches the rules: they become `extensions.code` of a GraphQL error, or the
 * HTTP status of a REST reply and the category of its one reason. `graphqlErrorCodes` come from GraphQL itself.
 */
interface UserErrorMeaning {
  meaning: string;
  category: number;
  retryable?: true;
}

export const userErrorCodes = {
  INVALID_VALUE: { category: 20, meaning: 'A value has the wrong form or is outside of what is allowed.' },
  REQUIRED: { category: 22, meaning: 'A value that this operation needs is missing.' },
  NOT_FOUND: { category: 40, meaning: 'Nothing with this id or number is visible to the caller.' },
  DUPLICATE: { category: 30, meaning: 'The number is taken already.' },
  TYPE_MISMATCH: {
    category: 20,
    meaning: 'The fulfillmentType does not fit the category of the line item: Delivery for Sales, Return for Return.',
  },
  STATE_NOT_CREATABLE: { category: 30, meaning: 'Nothing can be created in this state.' },
  TRANSITION_NOT_ALLOWED: { category: 30, meaning: 'The state machine has no such move.' },
  FIELD_LOCKED: { category: 30, meaning: 'The field cannot be changed in the present state.' },
  NOT_DELETABLE: { category: 30, meaning: 'Only a fulfillment that is Executing can be deleted.' },
  ORDER_LINE_ITEM_NOT_BOOKED: { category: 30, meaning: 'Fulfillments need a line item that is Booked.' },
  BILLING_RULE_MISMATCH: {
    category: 30,
    meaning: 'Only a line item with the billing rule TriggerAsFulfillmentOccurs takes fulfillments.',
  },
  QUANTITY_EXCEEDED: {
    category: 30,
    meaning: 'More than is pending or can be returned, or more items than a fulfillment has quantity.',
  },
  RETURN_NOT_ALLOWED: { category: 30, meaning: 'The line item cannot be returned, or not by this order.' },
  LIMIT_EXCEEDED: {
    category: 30,
    meaning:
      'More objects than are allowed in one request or on one parent, more custom fields than one object may have, or an amount with more than 13 digits before the point.',
  },
  ITEMS_NOT_ALLOWED: {
    category: 30,
    meaning: 'Items need a fulfillment that is neither Executing nor Canceled.',
  },
  BILL_TARGET_DATE_REQUIRED: {
    category: 22,
    meaning: 'A fulfillment or line item needs a billTargetDate before it is sent to billing.',
  },
  NOT_BILLED_YET: { category: 30, meaning: 'It can be completed only after it stands on a posted document.' },
  ALREADY_BILLED: { category: 30, meaning: 'The fulfillment or line item stands on a billing document already.' },
  DOCUMENT_STATUS: {
    category: 30,
    meaning: 'The status of the billing document, payment or bill run does not allow this.',
  },
  DOCUMENT_IN_USE: {
    category: 30,
    meaning:
      'Something is applied to the billing document, or was, where its bill run is to be deleted; it was reversed or reverses another, returns of what it charges were credited, or its bill run is under way.',
  },
  SETTLEMENT_REQUIRED: {
    category: 30,
    meaning: 'Credit memos need invoice settlement: it is off, or cannot be turned off any more.',
  },
  CURRENCY_MISMATCH: { category: 30, meaning: 'What is put against an invoice is in another currency.' },
  BALANCE_EXCEEDED: {
    category: 30,
    meaning: 'More than is owed, or than is left to be applied or taken back; also where that is nothing.',
  },
  PAYMENT_METHOD_MISSING: { category: 30, meaning: 'The account has no payment method to collect a payment with.' },
  PAYMENT_DECLINED: { category: 30, meaning: 'The payment gateway declined the payment; nothing was charged.' },
  PAYMENT_FAILED: {
    category: 99,
    retryable: true,
    meaning: 'The payment gateway failed or did not answer in time; nothing was charged.',
  },
  PAYMENT_PENDING: {
    category: 61,
    retryable: true,
    meaning: 'The money of the payment has not been taken yet, which is a matter of moments; try again.',
  },
  VERSION_CONFLICT: { category: 30, meaning: 'The object has changed since the version that the request expects.' },
  PERMISSION_DENIED: {
    category: 10,
    meaning:
      'The client lacks the scope for this part of the operation, or sees only some of the orgs that it would change.',
  },
  UNEXPECTED: {
    category: 60,
    meaning: 'An unexpected failure parked this account of a bill run; the log tells more.',
  },
  LOCKED_RETRY: {
    category: 50,
    retryable: true,
    meaning: 'Other requests hold the same objects; nothing was changed, try again.',
  },
} as const satisfies Record<string, UserErrorMeaning>;

export type UserErrorCode = keyof typeof userErrorCodes;

export type UserErrorDetails =
  | { kind: 'FulfillmentTransitionNotAllowed'; from: string | null; to: string; allowed: readonly string[] }
  | { kind: 'OrderLineItemTransitionNotAllowed'; from: string | null; to: string; allowed: readonly string[] }
  | { kind: 'QuantityExceeded'; requested: string; available: string }
  | { kind: 'VersionConflict'; currentVersion: number; current: { id: string } };

/** Something the rules refuse. `path` leads into the arguments of the operation, outermost first. */
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

/** Thrown to roll a unit of work back; it carries what the reply tells the client. */
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
    meaning: 'No valid bearer token. Get one from POST /oauth/token and try again.',
  },
  FORBIDDEN: { status: 403, category: 10, meaning: 'The token does not cover this operation, entity or org.' },
  BAD_REQUEST: {
    status: 400,
    category: 90,
    meaning: 'The request is malformed: its headers, its JSON or the use of its arguments.',
  },
  NO_SUCH_PATH: { status: 404, category: 40, meaning: 'There is nothing at this path.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    category: 45,
    meaning: 'The path does not take this method, Allow names those it takes; or a mutation was sent by GET.',
  },
  NOT_ACCEPTABLE: { status: 406, category: 20, meaning: 'Accept admits none of the forms that the reply can have.' },
  REQUEST_TIMEOUT: {
    status: 408,
    category: 61,
    retryable: true,
    meaning: 'The request did not arrive in time; nothing was done.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    category: 20,
    meaning: 'The body is longer than the server takes: 2 MB, inflated, unless BODY_LIMIT says otherwise.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    category: 20,
    meaning: 'The body is neither application/json nor that compressed by gzip.',
  },
  HEADERS_TOO_LARGE: { status: 431, category: 20, meaning: 'The headers are longer than 16 KB.' },
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
    meaning: 'A request with an Idempotency-Key or with dryRun holds exactly one mutation field.',
  },
  QUERY_TOO_COMPLEX: {
    status: 400,
    category: 20,
    meaning:
      'The operation goes beyond a limit of this server; `extensions` say which, what is allowed, and what it has.',
  },
  RATE_LIMITED: {
    status: 429,
    category: 70,
    retryable: true,
    meaning:
      'The client has used up its requests or its cost of this minute, has too much under way or waiting at a time, or does not read its replies. Retry-After says when to try again.',
  },
  PAGE_SIZE: { status: 400, category: 20, meaning: 'first or last is outside of 0 to 100, or both are given.' },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 404,
    category: 40,
    meaning: 'The client has registered no document with this id, and none was sent along with it.',
  },
  PERSISTED_QUERY_REQUIRED: {
    status: 403,
    category: 10,
    meaning: 'The client may run registered documents only, by their ids or word for word, and this is none of them.',
  },
  BAD_CURSOR: {
    status: 400,
    category: 20,
    meaning: 'The cursor is not one of this list with this filter and order.',
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
      'The request took too long, or others held for too long what it needed, and it was ended; it has changed nothing.',
  },
  OUTCOME_UNKNOWN: {
    // Not 503, which asks to be tried again.
    status: 500,
    category: 60,
    meaning:
      'The database was lost, or the time was up, while a change was being committed or before its reply was there. Look whether it took place before asking again; with an Idempotency-Key the same request can simply be sent again.',
  },
  INTERNAL: {
    status: 500,
    category: 60,
    retryable: true,
    meaning: 'An unexpected failure; the request id finds it in the log.',
  },
} as const satisfies Record<string, RequestErrorMeaning>;

/** What GraphQL refuses before anything runs. REST has none of these. */
export const graphqlErrorCodes = {
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'The document is not GraphQL, or is too long.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, meaning: 'The document does not fit the schema.' },
  BAD_USER_INPUT: { status: 400, meaning: 'A variable or argument does not fit its type.' },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    meaning: 'operationName names no operation of the document, or is missing where it has several.',
  },
} as const satisfies Record<string, Omit<RequestErrorMeaning, 'category'>>;

export type RequestErrorCode = keyof typeof requestErrorCodes;

/** A request that is refused before, or apart from, the rules. */
export class RequestError extends Error {
  constructor(
    readonly code: RequestErrorCode,
    message: string = requestErrorCodes[code].meaning,
    /** What brought it about, for the log. */
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
