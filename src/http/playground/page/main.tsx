import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect, useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { sampleOperations } from '../operations';
import { Editors } from './editors';
import { createFetcher, type Outcome, ownAuthorization } from './fetcher';
import { samplesPlugin, variablesText } from './samples';
import { type Credentials, createSession } from './session';
import { SignIn } from './sign-in';
import { storage } from './storage';

interface Config {
  demo?: Credentials;
  workers: Record<string, string>;
}

const config: Config = JSON.parse(document.getElementById('playground-config')?.textContent ?? '');

// Workers are loaded from files, not from blob: URLs, so that worker-src can be 'self'.
window.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(config.workers[label] ?? config.workers.editor),
};

// A telephone has no room for the variables beside the operation. A tap opens them.
const narrow = window.matchMedia('(max-width: 720px)').matches;
const plugins = [samplesPlugin, HISTORY_PLUGIN];
// More tabs would not fit the window. The Samples panel has the other operations.
const defaultTabs = sampleOperations
  .slice(0, 5)
  .map((sample) => ({ query: sample.query, variables: variablesText(sample) }));

function App() {
  const [session, setSession] = useState(() => (config.demo ? createSession(config.demo) : undefined));
  const [typed, setTyped] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>('signed-in');
  const typing = useRef<number>(undefined);

  // A new fetcher makes GraphiQL fetch the schema again, so that signing in is enough to get descriptions and completion.
  // For that reason `typed` is a dependency.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const fetcher = useMemo(() => createFetcher(session, setOutcome), [session, typed]);

  useEffect(() => () => window.clearTimeout(typing.current), []);

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

  const signedInAs = typed ? 'Signed in by the Authorization header' : session && `Signed in as ${session.clientId}`;

  return (
    <>
      <header className="graphiql-container page-header">
        <h1>Playground</h1>
        <span className="page-signed-in">{signedInAs}</span>
      </header>
      <SignIn outcome={outcome} onSession={setSession} />
      <main className="page-graphiql">
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
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
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
