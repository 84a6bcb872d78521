import { explorerPlugin } from '@graphiql/plugin-explorer';
import type { GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { watchExplorer } from './accessible';

const { icon, content: Content } = explorerPlugin();

/** GraphiQL's explorer, for the keyboard too. */
function Explorer() {
  const here = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const panel = here.current;
    if (!panel) return;
    // Each of its inputs takes the focus as it is drawn, so the panel would open at the last one.
    const timer = window.setTimeout(() => {
      if (document.activeElement instanceof HTMLElement && panel.contains(document.activeElement)) {
        document.activeElement.blur();
      }
      panel.parentElement?.scrollTo(0, 0);
    }, 100);
    const end = watchExplorer(panel);
    return () => {
      window.clearTimeout(timer);
      end();
    };
  }, []);

  return (
    <div ref={here}>
      <Content />
    </div>
  );
}

export const explorer: GraphiQLPlugin = { title: 'Explorer', icon, content: Explorer };
