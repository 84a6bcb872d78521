import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';

/** An operation as it is opened in a tab. */
export interface Opened {
  query: string;
  /** As an object, or as the text of the editor. */
  variables?: Record<string, unknown> | string;
}

/** Variables as the editor shows them; the empty text where there are none. */
export function variablesText({ variables }: Opened): string {
  if (typeof variables === 'string') return variables;
  return variables ? JSON.stringify(variables, null, 2) : '';
}

/** A function that opens an operation in a tab of its own. It is not run. */
export function useOpen(): (operation: Opened) => void {
  const { queryEditor, variableEditor, visiblePlugin } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    visiblePlugin: state.visiblePlugin,
  }));
  const { addTab } = useGraphiQLActions();
  return (operation) => {
    addTab();
    variableEditor?.setValue(variablesText(operation));
    queryEditor?.setValue(operation.query);
    // On a narrow screen a panel lies over the operation, so it makes way.
    if (visiblePlugin && window.matchMedia('(max-width: 960px)').matches) {
      // Its own button, since GraphiQL keeps the size of a panel that is only told to go.
      document.querySelector<HTMLElement>(`button[aria-label="Hide ${visiblePlugin.title}"]`)?.click();
    }
  };
}
