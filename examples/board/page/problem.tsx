import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';
import { Component, type ReactNode } from 'react';
import { SignInNeeded } from './session';

/** Why something failed, in words for the person at the screen. */
export function reasonOf(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0].message;
  if (ServerError.is(error)) return `The server answered ${error.statusCode}.`;
  if (error instanceof SignInNeeded) return error.message;
  if (isUnreachable(error)) return 'The server cannot be reached.';
  const { name, message } = error as Error;
  return name === 'TimeoutError' ? 'The server did not answer in time.' : message;
}

/** Whether a request did not get through. Browsers have no code for it, each has words of its own. */
export const isUnreachable = (error: unknown): boolean =>
  (error as Error).name === 'TypeError' && /fetch|network|load failed/i.test((error as Error).message);

/** What went wrong, and a button to try again. */
export function Problem({ error, onRetry, retry = 'Try again' }: ProblemProps) {
  return (
    <div className="problem" role="alert">
      <p>{reasonOf(error)}</p>
      <button type="button" onClick={onRetry}>
        {retry}
      </button>
    </div>
  );
}

interface ProblemProps {
  error: unknown;
  onRetry: () => void;
  retry?: string;
}

/** The content once it is there; before that, that it is awaited, or why it did not come. Never blank. */
export function Loaded<Data>({ data, error, refetch, children }: LoadedProps<Data>) {
  if (error && !data) return <Problem error={error} onRetry={() => refetch().catch(() => {})} />;
  if (!data) return <p className="waiting">Loading&hellip;</p>;
  return (
    <>
      {error ? <Problem error={error} onRetry={() => refetch().catch(() => {})} /> : null}
      {children(data)}
    </>
  );
}

interface LoadedProps<Data> {
  data: Data | undefined;
  error?: unknown;
  refetch: () => Promise<unknown>;
  children: (data: NonNullable<Data>) => ReactNode;
}

/** Shows a failure of the page itself in place of the part that failed. */
export class Boundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <Problem error={error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
