import type * as Monaco from 'monaco-editor';

/** The request headers that the gateway reads of a client in a browser, each with its rule in short. */
const names: Record<string, string> = {
  Authorization: 'Bearer and a token. Overrides the page’s own token.',
  'Idempotency-Key': '1 to 255 printable ASCII characters. The same mutation with the same key has its effect once.',
  'Zuora-Entity-Ids': 'Id of one entity. Needed only by a client of several.',
  'Zuora-Org-Ids': 'Ids of the orgs to see, separated by commas. All where absent.',
  'Zuora-Track-Id': 'Up to 64 ASCII characters. In the reply, the log and the history of what changes.',
  'Zuora-Version': 'A number or a date. Logged, changes nothing.',
  'Show-Cost': 'true: the cost is in extensions of the reply.',
  'Show-Statements': 'true: the number of SQL statements is in extensions of the reply.',
  'apollographql-client-name': 'The application, counted in the metrics.',
  'apollographql-client-version': 'The version of the application, counted in the metrics.',
  traceparent: 'Continues the trace of the client, where traces are sent.',
};

/** Completes header names in the headers editor, with what each is for. Returns what ends that. */
export function completeHeaders(monaco: typeof Monaco): () => void {
  const provider = monaco.languages.registerCompletionItemProvider('json', {
    triggerCharacters: ['"'],
    provideCompletionItems(model, position) {
      if (!model.uri.path.endsWith('request-headers.json')) return { suggestions: [] };
      const before = model.getLineContent(position.lineNumber).slice(0, position.column - 1);
      // A name follows a brace, a comma or the start of the line. Behind a colon is a value.
      const typed = /(?:^|[{,])\s*("?[\w-]*)$/.exec(before)?.[1];
      if (typed === undefined) return { suggestions: [] };
      const closed = typed.startsWith('"') && model.getLineContent(position.lineNumber)[position.column - 1] === '"';
      const range = {
        startLineNumber: position.lineNumber,
        endLineNumber: position.lineNumber,
        startColumn: position.column - typed.length,
        endColumn: position.column + (closed ? 1 : 0),
      };
      const suggestions = Object.entries(names).map(([name, documentation]) => ({
        label: name,
        kind: monaco.languages.CompletionItemKind.Property,
        documentation,
        filterText: `"${name}"`,
        insertText: `"${name}": "$1"`,
        insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet,
        range,
      }));
      return { suggestions };
    },
  });
  return () => provider.dispose();
}
