import { RequestError, type RequestErrorCode } from './errors';

/**
 * Every limit of a request in one place: the configuration reads them, refusals name them, and docs/limits.md prints
 * them. `standard` leaves room for every screen and bulk request that the gateway is made for. A request far above that
 * is refused before it costs anything.
 */
interface LimitMeaning {
  /** The environment variable that sets the limit. */
  variable: string;
  standard: number;
  /** The range that the variable may have. */
  least: number;
  most: number;
  code: RequestErrorCode;
  meaning: string;
}

export const limits = {
  body: {
    variable: 'BODY_LIMIT',
    standard: 2_097_152,
    least: 1_024,
    most: 104_857_600,
    code: 'PAYLOAD_TOO_LARGE',
    meaning: 'bytes of a request body, inflated; HTTP 413',
  },
  values: {
    variable: 'MAX_VALUES',
    // A create of 1,000 fulfillments with all their fields and 100 items each, with custom fields, has 540,000.
    standard: 600_000,
    least: 1_000,
    most: 10_000_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'values of a request body: objects, lists and all that is in them',
  },
  tokens: {
    variable: 'MAX_TOKENS',
    // A create of 1,000 entries written out has 30,000.
    standard: 50_000,
    least: 100,
    most: 1_000_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'tokens of a document: names, values and punctuation',
  },
  nameLength: {
    variable: 'MAX_NAME_LENGTH',
    // A reply repeats the name of a field for each row.
    standard: 255,
    least: 64,
    most: 10_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'characters of a name in a document, be it of an alias, an operation, a fragment or a variable',
  },
  nesting: {
    variable: 'MAX_NESTING',
    // Two brackets for each level of selections, and some for the values in the innermost level.
    standard: 60,
    least: 10,
    // The code that reads documents is recursive.
    most: 200,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'brackets within brackets in a document, be they of selections, arguments, lists or objects',
  },
  definitions: {
    variable: 'MAX_DEFINITIONS',
    standard: 200,
    least: 1,
    most: 1_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'operations and fragments of a document together',
  },
  directives: {
    variable: 'MAX_DIRECTIVES',
    standard: 200,
    least: 0,
    most: 10_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'directives of a document',
  },
  aliases: {
    variable: 'MAX_ALIASES',
    standard: 500,
    least: 0,
    most: 100_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'aliases of an operation, those of a fragment once for each time that it is spread',
  },
  fields: {
    variable: 'MAX_FIELDS',
    standard: 2_000,
    least: 10,
    most: 100_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'fields of an operation, those of a fragment once for each time that it is spread',
  },
  depth: {
    variable: 'MAX_DEPTH',
    // The full introspection query of graphql-js has 15.
    standard: 20,
    least: 1,
    most: 100,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'fields within fields, through fragments',
  },
  rootFields: {
    variable: 'MAX_ROOT_FIELDS',
    standard: 50,
    least: 1,
    most: 10_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'root fields of a query',
  },
  mutations: {
    variable: 'MAX_MUTATIONS',
    standard: 10,
    least: 1,
    most: 1_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'mutations of one request; each takes lists, for what belongs together',
  },
  pageSize: {
    variable: 'MAX_PAGE_SIZE',
    standard: 100,
    least: 1,
    most: 1_000,
    code: 'PAGE_SIZE',
    meaning: 'rows of one page: `first`, `last`, the ids of `nodes`, and the representations of `_entities`',
  },
  cost: {
    variable: 'MAX_COST',
    // A create of 1,000 fulfillments costs 58 million if it selects 100 items of each, and an invoice and a credit memo
    // with 100 items.
    standard: 64_000_000,
    least: 1_000,
    most: 10_000_000_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'what the reply to an operation may cost: about the bytes of memory that it takes to build',
  },
  costInFlight: {
    variable: 'COST_IN_FLIGHT',
    // Two of the most expensive operations. Measured: each has some 400 MB alive while its reply is built.
    standard: 128_000_000,
    least: 1_000,
    most: 10_000_000_000,
    code: 'RATE_LIMITED',
    meaning: 'cost of the operations that a process runs at a time; others wait for their turn, by client',
  },
  waiting: {
    variable: 'MAX_WAITING',
    // As published, a Zuora tenant has 40 concurrent requests, or 80 of high volume.
    standard: 200,
    least: 1,
    most: 100_000,
    code: 'RATE_LIMITED',
    meaning:
      'requests of a client that wait for their turn, be it for a connection of one pool or for what others cost, for each process',
  },
  reply: {
    variable: 'MAX_REPLY',
    standard: 33_554_432,
    least: 10_000,
    most: 268_435_456,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'bytes of a reply to an operation; it is cut off while it is built',
  },
  keptReply: {
    variable: 'MAX_KEPT_REPLY',
    // A REST create of 1,000 fulfillments with a body of the greatest length, full of items, has 4,000,000.
    standard: 8_388_608,
    least: 10_000,
    most: 104_857_600,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'characters of the reply to a request with an Idempotency-Key, which is kept for a day',
  },
  time: {
    variable: 'REQUEST_TIMEOUT_MS',
    standard: 30_000,
    least: 100,
    most: 600_000,
    code: 'TIMEOUT',
    meaning: 'milliseconds of a request, from when its body is there; what it runs in the database is then canceled',
  },
  requests: {
    variable: 'REQUESTS_PER_MINUTE',
    // As published for production.
    standard: 50_000,
    least: 1,
    most: 100_000_000,
    code: 'RATE_LIMITED',
    meaning: 'requests of a client in a minute, through all processes',
  },
  costPerMinute: {
    variable: 'COST_PER_MINUTE',
    standard: 6_400_000_000,
    // A chunk of an import, which is paid for as a whole. With less it would wait for ever.
    least: 562_000,
    most: 1_000_000_000_000,
    code: 'RATE_LIMITED',
    meaning: 'cost of the GraphQL operations of a client in a minute, through all processes',
  },
  exports: {
    variable: 'MAX_EXPORTS',
    // Each holds a connection, and keeps PostgreSQL from removing old row versions.
    standard: 4,
    least: 1,
    most: 100,
    code: 'RATE_LIMITED',
    meaning: 'exports at a time, for each process; a client may have as many as stay free beside them',
  },
  exportTime: {
    variable: 'EXPORT_TIMEOUT_MS',
    // A million fulfillments with 15 values each take a minute.
    standard: 1_800_000,
    least: 1_000,
    most: 86_400_000,
    code: 'TIMEOUT',
    meaning: 'milliseconds of an export, which ends then with the cursor to go on from',
  },
  subscriptions: {
    variable: 'MAX_SUBSCRIPTIONS',
    standard: 1_000,
    least: 1,
    most: 1_000_000,
    code: 'RATE_LIMITED',
    meaning: 'subscriptions that a client has at a time, through all processes; a WebSocket without any counts as one',
  },
  allSubscriptions: {
    variable: 'MAX_SUBSCRIPTIONS_TOTAL',
    // Each takes some kilobytes, and a connection where it has one of its own.
    standard: 20_000,
    least: 1,
    most: 1_000_000,
    code: 'RATE_LIMITED',
    meaning: 'the same of all clients together, for each process',
  },
  importLines: {
    variable: 'MAX_IMPORT_LINES',
    standard: 1_000_000,
    least: 1,
    most: 100_000_000,
    code: 'QUERY_TOO_COMPLEX',
    meaning: 'lines of an import; the lines before are carried out, and its reply says where to go on',
  },
  imports: {
    variable: 'MAX_IMPORTS',
    // Each takes one connection of the database at a time, so that four leave some for other requests of the client.
    standard: 4,
    least: 1,
    most: 1_000,
    code: 'RATE_LIMITED',
    meaning: 'imports of a client at a time, for each process',
  },
  unsent: {
    variable: 'MAX_UNSENT',
    // Two of the longest replies to an operation (MAX_REPLY).
    standard: 67_108_864,
    least: 10_000,
    most: 10_000_000_000,
    code: 'RATE_LIMITED',
    meaning:
      'bytes of replies, before they are compressed, that a client has not read yet, for each process; beyond it the next request is refused',
  },
} as const satisfies Record<string, LimitMeaning>;

export type LimitName = keyof typeof limits;
export type Limits = Readonly<Record<LimitName, number>>;

export const standardLimits = Object.fromEntries(
  Object.entries(limits).map(([name, { standard }]) => [name, standard]),
) as Record<LimitName, number>;

/** Details of a refusal: the limit and the numbers. */
export interface LimitDetails {
  limit: LimitName;
  allowed: number;
  /** The number in the request. If counting stopped early, the first number above the limit. */
  requested?: number;
}

/** A request beyond a limit. */
export class LimitError extends RequestError {
  constructor(
    readonly details: LimitDetails,
    message: string,
    /** Seconds to wait before a retry. */
    readonly retryAfter?: number,
  ) {
    super(limits[details.limit].code, message);
  }
}

/** A reply that was cut off. Committed changes stand, and the client must learn so. */
export class ReplyTooLong extends LimitError {
  constructor(allowed: number, committed = false) {
    const outcome = committed
      ? 'Mutations of this request were carried out. Check what took place before you send the request again, and request fewer fields.'
      : 'Nothing was changed. Request shorter pages or fewer fields.';
    super({ limit: 'reply', allowed }, `The reply has more than ${allowed} bytes and was cut off. ${outcome}`);
  }
}

/** What each token of a document costs that a process reads for the first time. */
export const tokenCost = 500;

/** Rows of a page if neither `first` nor `last` is given. */
export const defaultPageSize = 20;
