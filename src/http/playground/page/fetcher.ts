import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-sse';
import { changesBetween } from '../reply-changes';
import { type Body, type Reply, replyOf, withoutFigures } from './reply';
import type { Session } from './session';

export type Outcome = 'signed-in' | 'signed-out' | 'refused';

type Typed = Record<string, unknown> | null | undefined;

const NOT_SIGNED_IN =
  'Not signed in, so there are no descriptions and no completion yet. See the note at the top of the page.';

const UNREACHABLE = 'The server cannot be reached. Run the operation again once it is back.';

/** What the fetcher needs of the page. */
export interface Surroundings {
  session?: Session;
  /** Headers of the page's own fields for such an operation. Headers of the headers editor override them. */
  headers(operation: 'query' | 'mutation' | 'subscription'): Record<string, string>;
  onOutcome(outcome: Outcome): void;
  onReply(reply: Reply | undefined): void;
  /** Ends what is still under way when somebody else signs in. */
  signal: AbortSignal;
}

/** The value of the Authorization header among these, whatever the case of its name; undefined if it is empty. */
export function ownAuthorization(headers: Typed): string | undefined {
  const name = Object.keys(headers ?? {}).find((key) => key.toLowerCase() === 'authorization');
  const value = name && headers?.[name];
  return typeof value === 'string' && value.trim() ? value : undefined;
}

/** Sends operations for GraphiQL: signed in, with the headers of the page's fields, and with a word on each reply. */
export function createFetcher(around: Surroundings): Fetcher {
  const { session, onOutcome: report, onReply } = around;
  return async (params: FetcherParams, options?: FetcherOpts) => {
    // An Authorization header in the headers editor overrides the page's own token.
    const own = ownAuthorization(options?.headers);
    const introspects = params.operationName === 'IntrospectionQuery';
    if (!own && !session && introspects) {
      // The server would refuse this request, and the result pane would show an error that the user did not cause.
      report('signed-out');
      return failed(NOT_SIGNED_IN);
    }

    const operation = operationOf(params);
    const headers = joined(introspects ? {} : around.headers(operation), options?.headers);
    if (!introspects) onReply(undefined);
    if (operation === 'subscription') return follow(params, headers, own, around);

    const started = performance.now();
    let response: Response;
    let text: string;
    try {
      response = await signed(session, own, (authorization) => send(params, headers, authorization));
      text = await response.text();
    } catch (error) {
      // The client of the page was revoked, say.
      if (!isUnreachable(error)) report('refused');
      return failed(isUnreachable(error) ? UNREACHABLE : String((error as Error).message));
    }
    report(response.status !== 401 ? 'signed-in' : own || session ? 'refused' : 'signed-out');

    let body: Body;
    try {
      body = JSON.parse(text);
    } catch {
      return failed(`POST /graphql answered ${response.status} with something that is not JSON: ${text.slice(0, 200)}`);
    }
    if (introspects) return body as never;
    onReply(replyOf(response, body, performance.now() - started));
    return (asksForFigures(options?.headers) ? body : withoutFigures(body)) as never;
  };
}

/** A failure without a reply, as GraphiQL shows it. Thrown, it would come with the stack of the page. */
const failed = (message: string) => ({ errors: [{ message }] }) as never;

/** Whether a request did not get through. Browsers have no code for that, and words of their own. */
const isUnreachable = (error: unknown): boolean => error instanceof TypeError;

/** Sends a request with `own` or the token of the session. A token that is refused, as after a restart, is replaced once. */
async function signed(
  session: Session | undefined,
  own: string | undefined,
  request: (authorization: string | undefined) => Promise<Response>,
): Promise<Response> {
  const authorization = own ?? (await session?.authorization());
  const response = await request(authorization);
  if (response.status !== 401 || !session || own) return response;
  return request(await session.authorization(authorization));
}

/** Headers of the page's fields, below those of the headers editor. Names have no case. */
function joined(page: Record<string, string>, typed: Typed): Record<string, string> {
  const all = new Headers(page);
  for (const [name, value] of Object.entries(typed ?? {})) all.set(name, String(value));
  return Object.fromEntries(all);
}

const asksForFigures = (typed: Typed): boolean =>
  Object.keys(typed ?? {}).some((name) => ['show-cost', 'show-statements'].includes(name.toLowerCase()));

function operationOf({ query, operationName }: FetcherParams): 'query' | 'mutation' | 'subscription' {
  try {
    return getOperationAST(parse(query), operationName)?.operation ?? 'query';
  } catch {
    // What does not parse is sent all the same, since the server says what is wrong.
    return 'query';
  }
}

/** The answers to a subscription, by server-sent events. The client of graphql-sse connects again if the stream breaks. */
function follow(
  params: FetcherParams,
  headers: Record<string, string>,
  own: string | undefined,
  { session, onOutcome: report, onReply, signal }: Surroundings,
) {
  let begun: Reply | undefined;
  const client = createClient({
    url: '/graphql',
    headers,
    // A refusal has the reason in its body, and is shown as the reply.
    fetchFn: async (url: string, init: RequestInit) => {
      const started = performance.now();
      const response = await signed(session, own, (authorization) => {
        const sent = new Headers(init.headers);
        if (authorization) sent.set('authorization', authorization);
        return fetch(url, { ...init, headers: sent });
      });
      report(response.status !== 401 ? 'signed-in' : own || session ? 'refused' : 'signed-out');
      begun = replyOf(response, {}, performance.now() - started);
      onReply(begun);
      if (response.ok) return response;
      const text = await response.text();
      return new Response(`event: next\ndata: ${text.replaceAll('\n', '')}\n\nevent: complete\ndata: \n\n`, {
        headers: { 'content-type': 'text/event-stream; charset=utf-8' },
      });
    },
  });
  signal.addEventListener('abort', () => client.dispose(), { once: true });
  const answers = client.iterate(params as never) as AsyncGenerator<{ data?: unknown; errors?: unknown }>;
  return told(answers, (next) => begun && onReply({ ...begun, ...next })) as never;
}

type Answer = Pick<Reply, 'data' | 'errors' | 'changes' | 'answer'>;

/** The same answers. Each is told with what differs from the one before. No generator, which could not be ended while it waits. */
function told<Given extends { data?: unknown; errors?: unknown }>(
  answers: AsyncGenerator<Given>,
  tell: (answer: Answer) => void,
): AsyncIterableIterator<Given> {
  let before: Given | undefined;
  let answer = 0;
  return {
    async next() {
      const given = await answers.next();
      if (given.done) return given;
      const now: Given = given.value;
      const changes = before && changesBetween(before.data, now.data);
      answer++;
      tell({ data: now.data, errors: now.errors, changes, answer });
      before = now;
      return given;
    },
    return: () => answers.return(undefined),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function send(params: FetcherParams, headers: Record<string, string>, authorization: string | undefined) {
  const sent = new Headers({ accept: 'application/graphql-response+json, application/json;q=0.9', ...headers });
  if (authorization) sent.set('authorization', authorization);
  sent.set('content-type', 'application/json');
  return fetch('/graphql', { method: 'POST', headers: sent, body: JSON.stringify(params) });
}

/** Sends a query of the page itself, which leaves no trace beside the reply. */
export async function ask(session: Session | undefined, typed: string | undefined, query: string, headers: object) {
  if (!typed && !session) return {};
  return (await signed(session, typed, (authorization) => send({ query }, { ...headers }, authorization))).json();
}
