import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { sampleOperations } from '../operations';
import { createdIn } from '../tour';
import { SharedContext } from './context';
import { docsPlugin } from './docs';
import { Editors } from './editors';
import { explorer } from './explorer';
import { ask, createFetcher, type Outcome, ownAuthorization } from './fetcher';
import { type Fields, headersOf, PageHeader } from './header';
import { useIdentity } from './identity';
import { Linked } from './linked';
import { variablesText } from './open';
import { picturePlugin } from './picture';
import type { Reply } from './reply';
import { ReplyBar } from './reply-bar';
import { samplesPlugin } from './samples';
import { type Credentials, createSession, type Session } from './session';
import { SignIn } from './sign-in';
import { storage } from './storage';
import { tourPlugin } from './tour';

interface Config {
  demo?: Credentials;
  workers: Record<string, string>;
}

const config: Config = JSON.parse(document.getElementById('playground-config')?.textContent ?? '');

// Workers are loaded from files, not from blob: URLs, so that worker-src can be 'self'.
window.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(config.workers[label] ?? config.workers.editor),
};

// A narrow screen has no room for the variables beside the operation. A tap opens them.
const narrow = window.matchMedia('(max-width: 960px)').matches;
const plugins = [samplesPlugin, tourPlugin, explorer, picturePlugin, HISTORY_PLUGIN];
// More tabs would not fit the window. The Samples panel has the other operations.
const defaultTabs = sampleOperations
  .slice(0, 5)
  .map((sample) => ({ query: sample.query, variables: variablesText(sample) }));

function App() {
  const [session, setSession] = useState(() => (config.demo ? createSession(config.demo) : undefined));
  const [typed, setTyped] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>('signed-in');
  const [fields, setFields] = useState<Fields>({ orgs: [], idempotencyKey: '' });
  const [reply, setReply] = useState<Reply>();
  const [created, setCreated] = useState<string[]>([]);
  const typing = useRef<number>(undefined);

  const askAs = useCallback(
    (query: string, headers: Record<string, string>) => ask(session, typed, query, headers),
    [session, typed],
  );
  const identity = useIdentity(askAs, fields.entity);
  // The fetcher reads these as they are when it sends. A fetcher for each change would fetch the schema each time.
  const now = useRef({ fields, identity });
  now.current = { fields, identity };

  // A new fetcher makes GraphiQL fetch the schema again, so that signing in is enough to get descriptions and completion.
  // For that reason `typed` is a dependency.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const { fetcher, ended } = useMemo(() => {
    const ended = new AbortController();
    const onReply = (next: Reply | undefined) => {
      setReply(next);
      const numbers = createdIn(next?.data);
      if (numbers.length) setCreated(numbers);
    };
    const headers = (operation: string) => headersOf(now.current.fields, now.current.identity, operation);
    return {
      fetcher: createFetcher({ session, headers, onOutcome: setOutcome, onReply, signal: ended.signal }),
      ended,
    };
  }, [session, typed]);

  useEffect(() => () => ended.abort(), [ended]);
  useEffect(() => () => window.clearTimeout(typing.current), []);

  const shared = useMemo(() => ({ identity, reply, created }), [identity, reply, created]);

  function signIn(next: Session | undefined) {
    setFields({ orgs: [], idempotencyKey: '' });
    setReply(undefined);
    setSession(next);
    if (!next) setOutcome('signed-out');
  }

  function onEditHeaders(text: string) {
    window.clearTimeout(typing.current);
    typing.current = window.setTimeout(() => {
      try {
        setTyped(ownAuthorization(text.trim() ? JSON.parse(text) : {}));
      } catch {
        // Half-typed JSON: wait for more input.
      }
    }, 600);
  }

  return (
    <SharedContext value={shared}>
      <PageHeader
        identity={identity}
        fallback={typed ? 'Signed in by the Authorization header' : session?.clientId}
        fields={fields}
        onFields={setFields}
        onSignOut={session && !typed ? () => signIn(undefined) : undefined}
      />
      <SignIn outcome={outcome} onSession={signIn} />
      <main className="page-graphiql">
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          referencePlugin={docsPlugin}
          storage={storage}
          defaultTabs={defaultTabs}
          defaultEditorToolsVisibility={narrow ? false : 'variables'}
          // The setting to keep headers is not offered: a token in the headers must not get into localStorage.
          showPersistHeadersSettings={false}
          inputValueDeprecation
          schemaDescription
          onEditHeaders={onEditHeaders}
        >
          <GraphiQL.Logo>
            <Editors />
            <Linked />
          </GraphiQL.Logo>
          <GraphiQL.Footer>
            <ReplyBar />
          </GraphiQL.Footer>
        </GraphiQL>
      </main>
    </SharedContext>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
