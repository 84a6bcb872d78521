import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { sampleOperations } from '../operations';
import type { SampleOperation } from '../sample';

// The browser keeps its tabs. This panel restores samples that were closed or edited, and shows the samples of a newer
// version.

export function variablesText(sample: SampleOperation): string {
  return sample.variables ? JSON.stringify(sample.variables, null, 2) : '';
}

function SamplesIcon() {
  return (
    <svg viewBox="0 0 14 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M1 1h8l4 4v10H1z M9 1v4h4 M4 8h6 M4 11h6" />
    </svg>
  );
}

function Samples() {
  const { queryEditor, variableEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  const { addTab } = useGraphiQLActions();

  function open(sample: SampleOperation) {
    addTab();
    variableEditor?.setValue(variablesText(sample));
    queryEditor?.setValue(sample.query);
  }

  return (
    <section className="page-samples" aria-label="Samples">
      <h2>Samples</h2>
      <ul>
        {sampleOperations.map((sample) => (
          <li key={sample.title}>
            <button type="button" onClick={() => open(sample)}>
              {sample.title}
              <span>{sample.summary}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export const samplesPlugin: GraphiQLPlugin = { title: 'Samples', icon: SamplesIcon, content: Samples };
