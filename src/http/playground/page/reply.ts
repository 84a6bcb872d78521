import type { ReplyChange } from '../reply-changes';

/** The reply to an operation, beside what GraphiQL shows of it. */
export interface Reply {
  /** HTTP status. Undefined for an event of a subscription. */
  status?: number;
  /** From the request to the last byte of its reply. */
  milliseconds: number;
  data?: unknown;
  errors?: unknown;
  /** What differs from the answer before, for a subscription; undefined for its first answer. */
  changes?: ReplyChange[];
  /** Which answer of a subscription this is, from 1. */
  answer?: number;
  /** The cost that counts against the client's minute, and how much one request may cost. */
  cost?: { requested: number; actual: number; allowed: number };
  /** SQL statements. */
  statements?: number;
  /** What is left of the client's minute, of requests or of cost, whichever is closer to its end. */
  rate?: { left: number; limit: number; seconds: number };
  /** Whether this is an earlier reply again, by its Idempotency-Key. */
  replayed: boolean;
  /** All headers that the browser shows to a page, in their order. */
  headers: [name: string, value: string][];
}

export type Body = { data?: unknown; errors?: unknown; extensions?: { cost?: Reply['cost']; statements?: number } };

/** What a response tells beside its data. */
export function replyOf(response: Response, body: Body, milliseconds: number): Reply {
  const { headers, status } = response;
  const number = (name: string) => Number(headers.get(name));
  return {
    status,
    milliseconds,
    data: body.data,
    errors: body.errors,
    cost: body.extensions?.cost,
    statements: body.extensions?.statements,
    ...(headers.has('ratelimit-remaining') && {
      rate: {
        left: number('ratelimit-remaining'),
        limit: number('ratelimit-limit'),
        seconds: number('ratelimit-reset'),
      },
    }),
    replayed: headers.get('idempotency-replayed') === 'true',
    headers: [...headers],
  };
}

/** The body without the cost and the statements that the page asked for, which stand beside the reply. */
export function withoutFigures<Given extends Body>(body: Given): Given {
  const { cost: _, statements: __, ...kept } = body.extensions ?? {};
  const { extensions: ___, ...rest } = body;
  return (Object.keys(kept).length ? { ...rest, extensions: kept } : rest) as Given;
}
