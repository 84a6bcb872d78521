import { useGraphiQL } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { operationIn } from '../operation-link';
import { useOpen } from './open';

/** Opens the operation that the address carries, in a tab of its own, and does not run it. Draws nothing. */
export function Linked() {
  const ready = useGraphiQL((state) => Boolean(state.queryEditor && state.variableEditor));
  const open = useRef<ReturnType<typeof useOpen>>(undefined);
  open.current = useOpen();

  useEffect(() => {
    if (!ready) return;
    const look = () => {
      const operation = operationIn(window.location.hash);
      if (!operation) return;
      open.current?.(operation);
      // Otherwise each reload would open another tab.
      window.history.replaceState(null, '', window.location.pathname);
    };
    look();
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, [ready]);

  return null;
}
