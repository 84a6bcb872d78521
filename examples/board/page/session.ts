/** Who uses the board. Tokens stay in memory: no page, script or disk of the browser keeps them. */
export interface Session {
  /** Name of the person or client, for the header of the page. */
  who: string;
  /**
   * An access token. `refused` is a token that the server has just refused: it is renewed.
   * @throws SignInNeeded if only the person can renew it
   */
  token(refused?: string): Promise<string>;
  /** Signs out; absent where nobody can. */
  signOut?(): void;
  /** Signs in again, and returns to the same screen; absent where nobody needs to. */
  signIn?(): void;
}

/** The person has to sign in. The message says why, in words for that person. */
export class SignInNeeded extends Error {}

/** The credentials that a demo puts into its page. */
export interface Credentials {
  clientId: string;
  clientSecret: string;
}

/** The session of a demo: everybody is its client. Never give a page the credentials of anything but a demo. */
export function demoSession({ clientId, clientSecret }: Credentials): Session {
  let current: Promise<string> | undefined;
  let known: string | undefined;

  async function ask(): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId });
    body.set('client_secret', clientSecret);
    const response = await fetch('/oauth/token', { method: 'POST', body, signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error(`The server gave no token: it answered ${response.status}.`);
    known = (await response.json()).access_token as string;
    return known;
  }

  return {
    who: 'Demo',
    token(refused) {
      // Requests that are refused together share one new token. A failure is not kept: the next request asks again.
      if (!current || (refused && refused === known)) {
        const asked = ask();
        current = asked;
        asked.catch(() => {
          if (current === asked) current = undefined;
        });
      }
      return current;
    },
  };
}
