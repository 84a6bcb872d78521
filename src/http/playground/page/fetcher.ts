import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
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

function send(params: FetcherParams, headers: Record<string, unknown> | undefined, authorization: string | undefined) {
  const sent = new Headers({ accept: 'application/graphql-response+json, application/json;q=0.9' });
  for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, String(value));
  if (authorization) sent.set('authorization', authorization);
  sent.set('content-type', 'application/json');
  return fetch('/graphql', { method: 'POST', headers: sent, body: JSON.stringify(params) });
}
