import {
  ApolloClient,
  ApolloLink,
  type DocumentNode,
  HttpLink,
  InMemoryCache,
  makeVar,
  Observable,
} from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { print } from '@apollo/client/utilities';
import { type Client, createClient as createSocket } from 'graphql-ws';
import { possibleTypes } from './possible-types';
import type { Session } from './session';

/** Whether live updates arrive. */
export const connected = makeVar(true);

const mostWaitMs = 20_000;

/**
 * The Apollo client of the page: queries and mutations by HTTP, subscriptions by one WebSocket. With `registered` it
 * sends the hashes of its documents in place of their texts.
 */
export function createClient(session: Session, registered: boolean): ApolloClient {
  const client = new ApolloClient({
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        // One client is signed in. Without keyFields, a Viewer would be stored inside each query.
        Viewer: { keyFields: [] },
      },
    }),
    link: ApolloLink.split(
      ({ operationType }) => operationType === 'subscription',
      overSocket(
        socketOf(session, () => client.refetchQueries({ include: 'active' })),
        registered,
      ),
      ApolloLink.from([
        new RetryLink({ delay: { initial: 500 }, attempts: { max: 4, retryIf: (error) => isTransient(error) } }),
        ...(registered ? [byHash] : []),
        new HttpLink({ uri: '/graphql', fetch: signedFetch(session) }),
      ]),
    ),
    defaultOptions: { watchQuery: { fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' } },
  });
  return client;
}

/** The Code Generator puts the hash beside each document. */
const hashOf = (document: DocumentNode): string =>
  (document as unknown as { __meta__: { hash: string } }).__meta__.hash.replace('sha256:', '');

const byHash = new PersistedQueryLink({
  generateHash: async (document) => hashOf(document),
  // A document that is not registered yet is refused once. From then on the page sends texts.
  disable: ({ meta }) => meta.persistedQueryNotFound,
});

/** Subscriptions by their hashes too. GraphQLWsLink of Apollo sends texts alone, and is shorter where those will do. */
const overSocket = (socket: Client, registered: boolean): ApolloLink =>
  new ApolloLink(({ query, variables, operationName }) => {
    const asked = registered
      ? { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(query) } } }
      : { query: print(query) };
    return new Observable((observer) =>
      socket.subscribe<ApolloLink.Result['data']>(
        { ...asked, variables, operationName },
        {
          next: (result) => observer.next(result as ApolloLink.Result),
          complete: () => observer.complete(),
          error: (error) =>
            observer.error(Array.isArray(error) ? new CombinedGraphQLErrors({ errors: error }) : Object(error)),
        },
      ),
    );
  });

/**
 * The server could not be reached, or asks to try again. Not a server that did not answer in time: the person has waited
 * long enough, and decides.
 */
function isTransient(error: unknown): boolean {
  const { name, statusCode } = error as { name?: string; statusCode?: number };
  return name === 'TypeError' || [409, 502, 503, 504].includes(statusCode ?? 0);
}

/** Sends with the token of the session, once more with a new token after 401, and never waits for ever. */
function signedFetch(session: Session): typeof fetch {
  return async (url, init) => {
    const send = (token: string) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${token}`);
      const signals = [AbortSignal.timeout(mostWaitMs), ...(init?.signal ? [init.signal] : [])];
      return fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
    };
    const token = await session.token();
    const response = await send(token);
    return response.status === 401 ? send(await session.token(token)) : response;
  };
}

/** The socket connects again for as long as it takes. `onReturn` is called when it is back. */
function socketOf(session: Session, onReturn: () => void): Client {
  let token: string | undefined;
  let refused = false;
  let lost = false;
  let silent: ReturnType<typeof setTimeout>;
  let away: ReturnType<typeof setTimeout>;
  const client = createSocket({
    url: new URL('/graphql', location.href).href.replace(/^http/, 'ws'),
    connectionParams: async () => {
      token = await session.token(refused ? token : undefined);
      refused = false;
      return { authorization: `Bearer ${token}` };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (retries) => wait(Math.min(500 * 2 ** retries, 10_000) * (0.5 + Math.random() / 2)),
    keepAlive: 10_000,
    on: {
      connected: () => {
        clearTimeout(away);
        connected(true);
        if (lost) onReturn();
        lost = false;
      },
      closed: (event) => {
        clearTimeout(silent);
        const { code } = event as CloseEvent;
        refused = code === 4403;
        // 1000: no screen has a subscription any more.
        if (code === 1000 || lost) return;
        lost = true;
        // With another token it is back at once, and nobody need know.
        away = setTimeout(() => connected(false), 2_000);
      },
      ping: (received) => {
        // A server that does not answer a ping within five seconds is gone, although no connection was closed. Closing
        // the socket would wait for that server too.
        if (!received) silent = setTimeout(() => client.terminate(), 5_000);
      },
      pong: () => clearTimeout(silent),
    },
  });
  return client;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
