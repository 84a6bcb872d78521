import type * as Monaco from 'monaco-editor';
import { explained } from '../error-texts';

/** Says what a code means where the pointer rests on it in a reply. Returns what ends that. */
export function explainCodes(monaco: typeof Monaco): () => void {
  const provider = monaco.languages.registerHoverProvider('json', {
    provideHover(model, position) {
      if (!model.uri.path.endsWith('response.json')) return null;
      const word = model.getWordAtPosition(position)?.word.replaceAll('"', '');
      const code = word && explained(word);
      return code
        ? { contents: [{ value: `**${code.code}**` }, { value: code.meaning }, { value: code.advice }] }
        : null;
    },
  });
  return () => provider.dispose();
}
