import { ApolloProvider, useApolloClient, useQuery, useReactiveVar } from '@apollo/client/react';
import { setNonce } from 'get-nonce';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BillRuns } from './bill-runs';
import { Board } from './board';
import { connected, createClient } from './client';
import { Drawer } from './drawer';
import { ViewerDocument } from './generated/graphql';
import { type IssuerConfig, issuerSession } from './issuer-session';
import { Order } from './order';
import { Orders } from './orders';
import { Boundary, isUnreachable, Problem } from './problem';
import { linkTo, useRoute } from './route';
import { type Credentials, demoSession, type Session, SignInNeeded } from './session';
import { Webhooks } from './webhooks';

interface Config {
  demo?: Credentials;
  issuer?: IssuerConfig;
}

// Radix adds a style element while a dialog is open. The policy of the page asks for the nonce.
setNonce(document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '');

const screens = [
  { path: [], label: 'Board', screen: Board },
  { path: ['orders'], label: 'Orders', screen: Orders },
  { path: ['bill-runs'], label: 'Bill runs', screen: BillRuns },
  { path: ['webhooks'], label: 'Webhooks', screen: Webhooks },
];

function Screen() {
  const { path, params } = useRoute();
  const [section, key] = path;
  const { screen: Shown } = screens.find((each) => each.path[0] === section) ?? screens[0];
  return (
    <>
      <Boundary key={path.join('/')}>{section === 'orders' && key ? <Order orderKey={key} /> : <Shown />}</Boundary>
      {params.open ? <Drawer key={params.open} fulfillmentKey={params.open} /> : null}
    </>
  );
}

function Header({ session }: { session: Session }) {
  const { path } = useRoute();
  const { data } = useQuery(ViewerDocument);
  return (
    <header className="top">
      <nav aria-label="Screens">
        {screens.map(({ path: target, label }) => (
          <a key={label} href={linkTo(target)} aria-current={target[0] === path[0] ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <p className="who">
        {data?.viewer?.name ?? session.who}
        {data?.viewer ? <span> at {data.viewer.entity.name}</span> : null}
      </p>
      {session.signOut ? (
        <button type="button" onClick={session.signOut}>
          Sign out
        </button>
      ) : null}
    </header>
  );
}

/** Tells of what concerns all screens: no session, no rights, or no connection. */
function Notices({ session }: { session: Session }) {
  const client = useApolloClient();
  const { error } = useQuery(ViewerDocument);
  const live = useReactiveVar(connected);
  // All that is on the screen has failed, so all of it is asked for again.
  const again = () => void client.refetchQueries({ include: 'active' }).catch(() => {});
  if (error instanceof SignInNeeded)
    return <Problem error={error} onRetry={session.signIn ?? again} retry="Sign in again" />;
  if (error && !isUnreachable(error)) return <Problem error={error} onRetry={again} />;
  if (live && !error) return null;
  return (
    <p className="notice" role="status">
      The server cannot be reached, so what you see may be old. Trying again&hellip;{' '}
      <button type="button" onClick={again}>
        Try now
      </button>
    </p>
  );
}

function App({ session, registered }: { session: Session; registered: boolean }) {
  const [client] = useState(() => createClient(session, registered));
  return (
    <ApolloProvider client={client}>
      <Header session={session} />
      <main>
        <Notices session={session} />
        <Screen />
      </main>
    </ApolloProvider>
  );
}

async function start(): Promise<void> {
  const root = createRoot(document.getElementById('root') as HTMLElement);
  try {
    const config: Config = JSON.parse(document.getElementById('board-config')?.textContent ?? '{}');
    const session = config.issuer ? await issuerSession(config.issuer) : config.demo && demoSession(config.demo);
    if (!session) throw new Error('This server names neither a demo nor an issuer to sign in at.');
    root.render(
      <StrictMode>
        <Boundary>
          {/* The demo registers the documents of the board for its client. */}
          <App session={session} registered={config.demo !== undefined} />
        </Boundary>
      </StrictMode>,
    );
  } catch (error) {
    const { retry, retryLabel } = error as { retry?: () => void; retryLabel?: string };
    root.render(
      <main className="door">
        <h1>Fulfillment board</h1>
        <Problem error={error} onRetry={retry ?? (() => location.reload())} retry={retryLabel} />
      </main>,
    );
  }
}

start();
