// Tokens are held in this closure only: not in the page, in localStorage or in a cookie.

export interface Credentials {
  clientId: string;
  clientSecret: string;
}

export interface Session {
  clientId: string;
  /** The value of an Authorization header. `stale` is the value that the server has just refused. */
  authorization(stale?: string): Promise<string>;
}

export function createSession({ clientId, clientSecret }: Credentials): Session {
  let current: Promise<string> | undefined;
  let value: string | undefined;

  async function ask(): Promise<string> {
    const response = await fetch('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
      }).toString(),
    });
    const reply = await response.json().catch(() => ({}));
    if (!response.ok || typeof reply.access_token !== 'string') {
      const reason = reply.error_description ?? reply.message ?? reply.reasons?.[0]?.message ?? reply.error;
      throw new Error(`Could not sign in: POST /oauth/token answered ${response.status}${reason ? `, ${reason}` : ''}`);
    }
    return `Bearer ${reply.access_token}`;
  }

  return {
    clientId,
    authorization(stale) {
      // Requests that are refused together share one new token. A request that finds a newer token uses it.
      if (!current || (stale !== undefined && stale === value)) {
        value = undefined;
        const asked = ask();
        current = asked;
        asked.then(
          (token) => {
            value = token;
          },
          () => {
            // A failure is not cached: the next request asks again.
            if (current === asked) current = undefined;
          },
        );
      }
      return current;
    },
  };
}
