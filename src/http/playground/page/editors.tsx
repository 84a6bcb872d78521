import { useGraphiQL, useMonaco } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { watchTabs } from './accessible';
import { explainCodes } from './code-hover';
import { completeHeaders } from './header-names';
import { defineThemes } from './themes';

/** Sets what GraphiQL has no property for: lines wrap in every editor, header names complete, codes
 * explain themselves, and its tabs are a list. Draws nothing. */
export function Editors() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    headerEditor: state.headerEditor,
    responseEditor: state.responseEditor,
  }));
  const monaco = useMonaco((state) => state.monaco);
  const here = useRef<HTMLSpanElement>(null);

  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, headerEditor, responseEditor]) {
      // With 14 px a sample's longest line, 52 letters, fits beside an open panel at 1440 px. GraphiQL's 15 do not.
      editor?.updateOptions({
        wordWrap: 'on',
        wrappingIndent: editor === responseEditor ? 'same' : 'indent',
        fontSize: 14,
      });
    }
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);

  useEffect(() => {
    if (!monaco) return;
    defineThemes(monaco);
    const ends = [completeHeaders(monaco), explainCodes(monaco)];
    return () => {
      for (const end of ends) end();
    };
  }, [monaco]);

  useEffect(() => {
    const root = here.current?.closest<HTMLElement>('main');
    return root ? watchTabs(root) : undefined;
  }, []);

  return <span ref={here} hidden />;
}
