import { type FormEvent, useState } from 'react';
import type { Outcome } from './fetcher';
import { type Credentials, createSession, type Session } from './session';

interface SignInProps {
  outcome: Outcome;
  onSession(session: Session): void;
}

/** The bar above GraphiQL. Shown only while requests have no token that the server accepts. */
export function SignIn({ outcome, onSession }: SignInProps) {
  const [problem, setProblem] = useState('');
  if (outcome === 'signed-in') return null;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const credentials: Credentials = {
      clientId: String(fields.get('clientId')).trim(),
      clientSecret: String(fields.get('clientSecret')),
    };
    const next = createSession(credentials);
    try {
      await next.authorization();
      setProblem('');
      onSession(next);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <div className="page-bar" role="status">
      <p>
        <strong>{outcome === 'signed-out' ? 'You are not signed in.' : 'The server refused the token (401).'}</strong>{' '}
        Sign in with an OAuth client, or open Headers (bottom left) and put in{' '}
        <code>{'{"Authorization": "Bearer <token>"}'}</code>, which goes first where there are both.
      </p>
      <form onSubmit={submit}>
        <input name="clientId" placeholder="Client id" aria-label="Client id" autoComplete="off" required />
        <input
          name="clientSecret"
          type="password"
          placeholder="Client secret"
          aria-label="Client secret"
          autoComplete="off"
          required
        />
        <button type="submit">Sign in</button>
      </form>
      {problem && <span role="alert">{problem}</span>}
    </div>
  );
}
