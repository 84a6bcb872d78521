import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-sse';
import type { Session } from './session';

export type Outcome = 'signed-in' | 'signed-out' | 'refused';

const NOT_SIGNED_IN =
  'Not signed in, so there are no descriptions and no completion yet. See the note at the top of the page.';

export function ownAuthorization(headers: Record<string, unknown> | null | undefined): string | undefined {
  const name = Object.keys(headers ?? {}).find((key) => key.toLowerCase() === 'authorization');
  const value = name && headers?.[name];
  return typeof value === 'string' && value.trim() ? value : undefined;
}

export function createFetcher(session: Session | undefined, report: (outcome: Outcome) => void): Fetcher {
  return async (params: FetcherParams, options?: FetcherOpts) => {
    // An Authorization header in the headers editor overrides the page's own token.
    const own = ownAuthorization(options?.headers);
    let authorization = own ?? (await session?.authorization());

    if (!authorization && params.operationName === 'IntrospectionQuery') {
      // The server would refuse this request, and the result pane would show an error that the user did not cause.
      report('signed-out');
      return { errors: [{ message: NOT_SIGNED_IN }] } as never;
    }

    if (isSubscription(params, options)) return follow(params, options?.headers, authorization, session, own, report);

    let response = await send(params, options?.headers, authorization);
    if (response.status === 401 && session && !own) {
      authorization = await session.authorization(authorization);
      response = await send(params, options?.headers, authorization);
    }
    report(response.status !== 401 ? 'signed-in' : authorization ? 'refused' : 'signed-out');

    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(
        `POST /graphql answered ${response.status} with something that is not JSON: ${text.slice(0, 200)}`,
      );
    }
  };
}

const isSubscription = ({ operationName }: FetcherParams, options: FetcherOpts | undefined): boolean =>
  !!options?.documentAST && getOperationAST(options.documentAST, operationName)?.operation === 'subscription';

/** The answers to a subscription, by server-sent events. The client of graphql-sse connects again if the stream breaks. */
function follow(
  params: FetcherParams,
  headers: Record<string, unknown> | undefined,
  authorization: string | undefined,
  session: Session | undefined,
  own: string | undefined,
  report: (outcome: Outcome) => void,
) {
  const client = createClient({
    url: '/graphql',
    headers: async () => {
      const current = own ?? (await session?.authorization()) ?? authorization;
      const given = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
      return { ...Object.fromEntries(given), ...(current && { authorization: current }) };
    },
    // A refusal has the reason in its body, and is shown as the reply.
    fetchFn: async (url: string, init: RequestInit) => {
      const response = await fetch(url, init);
      report(response.status !== 401 ? 'signed-in' : authorization ? 'refused' : 'signed-out');
      if (response.ok) return response;
      const text = await response.text();
      return new Response(`event: next\ndata: ${text.replaceAll('\n', '')}\n\nevent: complete\ndata: \n\n`, {
        headers: { 'content-type': 'text/event-stream; charset=utf-8' },
      });
    },
  });
  return client.iterate(params as never) as never;
}

function send(params: FetcherParams, headers: Record<string, unknown> | undefined, authorization: string | undefined) {
  const sent = new Headers({ accept: 'application/graphql-response+json, application/json;q=0.9' });
  for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, String(value));
  if (authorization) sent.set('authorization', authorization);
  sent.set('content-type', 'application/json');
  return fetch('/graphql', { method: 'POST', headers: sent, body: JSON.stringify(params) });
}
